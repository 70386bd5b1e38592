# SPDX-License-Identifier: AGPL-3.0-or-later
"""`manage.py demo_street_setup`: the simulated street's zones and cameras, registered; harmless when repeated."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from apps.demo.services import set_up_street


class Command(BaseCommand):
    help = "Register the simulated street: zones, cameras with keys and calibrations, ground that they cannot see."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        report = set_up_street()
        self.stdout.write(f"Street: zones {', '.join(report.zones)}; cameras {', '.join(report.cameras)}.")
