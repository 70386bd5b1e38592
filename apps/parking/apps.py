# SPDX-License-Identifier: AGPL-3.0-or-later
"""Parking as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class ParkingConfig(AppConfig):
    """Zones, current spaces and the append-only history of layouts."""

    name = "apps.parking"
    label = "parking"
    verbose_name = "Parking"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Whoever calibrates a camera sees the zones on its frame; the camera registry itself knows none."""
        from apps.parking.outlines import zone_outlines
        from camera_registry.ground_outlines import provide_outlines

        provide_outlines(zone_outlines)
