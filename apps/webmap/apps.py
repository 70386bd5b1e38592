# SPDX-License-Identifier: AGPL-3.0-or-later
"""The room as a Django app. It has no models."""

from __future__ import annotations

from django.apps import AppConfig


class WebmapConfig(AppConfig):
    """Driver's map."""

    name = "apps.webmap"
    label = "webmap"
    verbose_name = "Driver's map"

    def ready(self) -> None:
        """Register the system checks."""
        from apps.webmap import checks  # noqa: F401
