# SPDX-License-Identifier: AGPL-3.0-or-later
"""Spaces as GeoJSON Features for the history; the API has PostGIS write its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import shapely

from apps.parking.space_rows import SpaceRow
from camera_registry.mercator import xy_3857_to_lonlat

__all__ = ["space_features"]

#: RFC 7946 §11.2: more than seven decimals (1 cm) say nothing.
DECIMALS = 7


def space_features(rows: Sequence[SpaceRow]) -> list[dict[str, Any]]:
    """RFC 7946 Features, WGS 84 lon/lat, exterior rings counter-clockwise."""
    if not rows:
        return []
    polygons = shapely.orient_polygons([row.found.polygon_3857 for row in rows])
    corners, owner = shapely.get_coordinates(polygons, return_index=True)
    lonlat = xy_3857_to_lonlat(corners).round(DECIMALS)
    return [_feature(row, lonlat[owner == index].tolist()) for index, row in enumerate(rows)]


def _feature(row: SpaceRow, ring: list[list[float]]) -> dict[str, Any]:
    space = row.found
    return {
        "type": "Feature",
        "id": str(row.public_id),
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "length_m": round(space.length_m, 2),
            "width_m": round(space.width_m, 2),
            "bearing_deg": round(space.bearing_deg % 180.0, 1),
            "confidence": round(space.confidence, 3),
            "hidden_share": round(space.hidden_share, 3),
            "frames_seen": row.frames_seen,
            "observed_at": row.observed_at.isoformat().replace("+00:00", "Z"),
        },
    }
