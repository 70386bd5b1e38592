# SPDX-License-Identifier: AGPL-3.0-or-later
"""`manage.py demo_truth`: how right the demo's map is at this moment, zone by zone."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.demo.scoring import NOTHING, Score
from apps.demo.selectors import published_against_truth


class Command(BaseCommand):
    help = "Compare the spaces on the demo's map with what is truly free in the simulated street."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            checks = published_against_truth(timezone.now())
        except FileNotFoundError as error:
            raise CommandError(
                "The demo's cameras have sent nothing yet: run `manage.py demo_cameras`."
            ) from error
        self.stdout.write(f"{'zone':<20} {'hour':>5} right wrong missed precision recall worst-under-a-car")
        for check in checks:
            hour = f"{int(check.t_s // 3600) % 24:02d}:{int(check.t_s // 60) % 60:02d}"
            self.stdout.write(f"{check.zone:<20} {hour:>5} {self._line(check.score)}")
        total = sum((check.score for check in checks), NOTHING)
        self.stdout.write(f"{'together':<20} {'':>5} {self._line(total)}")

    def _line(self, score: Score) -> str:
        counts = f"{score.true_positives:>5} {score.false_positives:>5} {score.false_negatives:>6}"
        return f"{counts} {score.precision:>9.2f} {score.recall:>6.2f} {score.worst_false_free:>17.0%}"
