# SPDX-License-Identifier: AGPL-3.0-or-later
"""A zone as the editor's page holds it, to and from `ZoneSpec`. Pure: no Django.

The page speaks WGS 84 degrees, longitude first, and open rings; a draft may be half finished, and is read all the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from apps.parking.zones import MODE_DEFAULTS, ZoneSpec, filled_in
from camera_registry.mercator import lonlat_to_3857, xy_3857_to_lonlat

__all__ = ["DraftRefused", "draft_json", "points_lonlat", "read_draft", "read_line"]

#: 1 mm, so that opening and saving a zone does not move it.
DECIMALS = 8
#: Far more corners than a street has; keeps the server's work small.
MAX_POINTS = 2000
MAX_LINES = 100


class DraftRefused(ValueError):
    """What the page sent is no draft; the text says what is wrong."""


def points_lonlat(geometry_3857: shapely.Geometry, *, closed: bool = False) -> list[list[float]]:
    """The points of a line or ring; without the repeated first one where it is closed."""
    xy = shapely.get_coordinates(geometry_3857)
    return np.round(xy_3857_to_lonlat(xy[:-1] if closed else xy), DECIMALS).tolist()


def draft_json(spec: ZoneSpec | None, validity_s: int) -> dict[str, Any]:
    """What the page begins with; an empty draft for None. validity_s: the site's own."""
    if spec is None:
        spec = ZoneSpec("", "", shapely.Polygon(), validity_s=validity_s)
    spec = filled_in(spec)
    outline = spec.geometry_3857
    rings = [] if outline.is_empty else [outline.exterior, *outline.interiors]
    lines = [] if spec.access_edges_3857 is None else shapely.get_parts(spec.access_edges_3857)
    return {
        "rings": [points_lonlat(ring, closed=True) for ring in rings],
        "kerb": None if spec.kerb_3857 is None else points_lonlat(spec.kerb_3857),
        "access": [points_lonlat(line) for line in lines],
        "fields": {
            "name": spec.name,
            "slug": spec.slug,
            "mode": spec.mode,
            "angle_deg": spec.angle_deg,
            "slot_length_m": spec.slot_length_m,
            "slot_width_m": spec.slot_width_m,
            "spacing_m": spec.spacing_m,
            "mixed_sizes": spec.mixed_sizes,
            "access": spec.access,
            "hours": spec.hours,
            "validity_s": spec.validity_s,
            "enabled": spec.enabled,
        },
    }


def read_draft(data: Any, stored: ZoneSpec | None = None) -> ZoneSpec:
    """The zone that a draft describes, good or bad. stored: what is there, for what the page does not edit.

    Raises DraftRefused for what is no draft at all; whether the zone can be used, `zone_problems` says.
    """
    if not isinstance(data, dict) or not isinstance(data.get("fields"), dict):
        raise DraftRefused("Not a draft of a zone.")
    fields = data["fields"]
    mode = _text(fields, "mode")
    defaults = MODE_DEFAULTS.get(mode, MODE_DEFAULTS["parallel"])
    validity = _number(fields, "validity_s")
    return ZoneSpec(
        slug=stored.slug if stored else _text(fields, "slug"),
        name=_text(fields, "name"),
        geometry_3857=_outline(_lines(data.get("rings"), "rings")),
        mode=mode,
        angle_deg=_number(fields, "angle_deg"),
        slot_length_m=_or(_number(fields, "slot_length_m"), defaults.slot_length_m),
        slot_width_m=_or(_number(fields, "slot_width_m"), defaults.slot_width_m),
        spacing_m=_or(_number(fields, "spacing_m"), defaults.spacing_m),
        kerb_3857=_line(data.get("kerb")),
        access_edges_3857=_access(_lines(data.get("access"), "access")),
        mixed_sizes=bool(fields.get("mixed_sizes")),
        access=_text(fields, "access"),
        hours=_text(fields, "hours").strip(),
        validity_s=None if validity is None else round(validity),
        enabled=bool(fields.get("enabled")),
        standing=stored.standing if stored else "accepted",
        source=stored.source if stored else "",
        licence=stored.licence if stored else "",
    )


def read_line(data: Any) -> shapely.LineString | None:
    """A line that was drawn, in EPSG:3857; None without one. Raises DraftRefused."""
    return _line(data)


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > 400:
        raise DraftRefused(f"The draft's {name} is no text, or too long.")
    return value


def _number(fields: dict[str, Any], name: str) -> float | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise DraftRefused(f"The draft's {name} is no number.")
    return float(value)


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _lines(data: Any, name: str) -> list[np.ndarray[Any, Any]]:
    if data is None:
        return []
    if not isinstance(data, list) or len(data) > MAX_LINES:
        raise DraftRefused(f"The draft's {name} are no list of at most {MAX_LINES} lines.")
    return [_points(line) for line in data]


def _points(data: Any) -> np.ndarray[Any, Any]:
    """Points (N, 2) in EPSG:3857."""
    if not isinstance(data, list) or len(data) > MAX_POINTS:
        raise DraftRefused(f"A line of the draft is no list of at most {MAX_POINTS} points.")
    if not data:
        return np.empty((0, 2))
    try:
        lonlat = np.array(data, dtype=np.float64)
        if lonlat.shape != (len(data), 2):
            raise ValueError("a point is a pair of longitude and latitude")
        return np.asarray(lonlat_to_3857(lonlat))
    except (TypeError, ValueError) as error:
        raise DraftRefused(f"A line of the draft is not understood: {error}") from error


def _outline(rings: Sequence[np.ndarray[Any, Any]]) -> shapely.Polygon:
    if not rings or len(rings[0]) < 3:
        return shapely.Polygon()
    return shapely.Polygon(rings[0], [ring for ring in rings[1:] if len(ring) >= 3])


def _line(data: Any) -> shapely.LineString | None:
    points = _points(data) if data else ()
    return shapely.LineString(points) if len(points) >= 2 else None


def _access(lines: Sequence[np.ndarray[Any, Any]]) -> shapely.MultiLineString | None:
    found = [line for line in lines if len(line) >= 2]
    return shapely.MultiLineString(found) if found else None
