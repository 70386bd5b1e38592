# SPDX-License-Identifier: AGPL-3.0-or-later
"""The zones as the calibrating page of a camera shows them: names and outlines, private ones too, for admins only."""

from __future__ import annotations

from apps.parking.models import ParkingZone
from apps.parking.shapes import to_shapely
from camera_registry.ground_outlines import Outline

__all__ = ["zone_outlines"]


def zone_outlines() -> list[Outline]:
    """Every zone that is switched on, EPSG:3857."""
    rows = ParkingZone.objects.filter(enabled=True).values_list("name", "geometry")
    return [Outline(name, to_shapely(geometry)) for name, geometry in rows]
