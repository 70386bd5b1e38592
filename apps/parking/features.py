# SPDX-License-Identifier: AGPL-3.0-or-later
"""Spaces as GeoJSON Features for the history; the API has PostGIS write its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import shapely

from apps.parking.models import ParkingSpace
from apps.parking.shapes import to_shapely
from camera_registry.mercator import xy_3857_to_lonlat

__all__ = ["space_features"]

#: RFC 7946 §11.2: more than seven decimals (1 cm) say nothing.
DECIMALS = 7


def space_features(spaces: Iterable[ParkingSpace]) -> list[dict[str, Any]]:
    """RFC 7946 Features, WGS 84 lon/lat, exterior rings counter-clockwise."""
    return [_feature(space) for space in spaces]


def _feature(space: ParkingSpace) -> dict[str, Any]:
    lonlat = shapely.transform(to_shapely(space.geometry), xy_3857_to_lonlat)
    ring = shapely.geometry.polygon.orient(lonlat).exterior.coords
    return {
        "type": "Feature",
        "id": str(space.public_id),
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[round(lon, DECIMALS), round(lat, DECIMALS)] for lon, lat in ring]],
        },
        "properties": {
            "length_m": round(space.length_m, 2),
            "width_m": round(space.width_m, 2),
            "bearing_deg": round(space.bearing_deg, 1),
            "confidence": round(space.confidence, 3),
            "hidden_share": round(space.hidden_share, 3),
            "frames_seen": space.frames_seen,
            "observed_at": space.observed_at.isoformat().replace("+00:00", "Z"),
        },
    }
