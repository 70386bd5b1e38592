# SPDX-License-Identifier: AGPL-3.0-or-later
"""The wiring as a Django app, so that its system checks are registered."""

from __future__ import annotations

from django.apps import AppConfig


class SparkConfig(AppConfig):
    name = "spark"

    def ready(self) -> None:
        from spark import checks  # noqa: F401  (registers the checks)
