# SPDX-License-Identifier: AGPL-3.0-or-later
"""Zones and spaces as GeoJSON (RFC 7946) for the pipeline without a database: WGS 84, longitude first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import mapping, shape

from camera_registry.mercator import lonlat_to_3857, xy_3857_to_lonlat
from workers.occupancy import MODES, SLOT_DEFAULTS, Zone
from workers.pipeline import SpaceFound, ZoneLayout

__all__ = ["ZoneFileError", "read_zones", "spaces_collection"]

#: Seven decimals of a degree are 1 cm.
DECIMALS = 7


class ZoneFileError(ValueError):
    """The zone file cannot be used; the message names the feature and the cure."""


def read_zones(path: Path) -> tuple[Zone, ...]:
    """Read a FeatureCollection of polygons. Properties, all optional: slug (or the feature's id), mode, angle_deg,
    slot_length_m, slot_width_m, spacing_m, and kerb, a list of [lon, lat]. Raises ZoneFileError."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        features = data["features"] if data.get("type") == "FeatureCollection" else [data]
    except (ValueError, KeyError, AttributeError) as error:
        raise ZoneFileError(f"{path} is not a GeoJSON FeatureCollection: {error}") from None
    zones = tuple(_zone(feature, number) for number, feature in enumerate(features, start=1))
    slugs = [zone.slug for zone in zones]
    doubled = {slug for slug in slugs if slugs.count(slug) > 1}
    if doubled:
        raise ZoneFileError(f"{path}: slug {', '.join(sorted(doubled))} occurs more than once")
    return zones


def _zone(feature: Mapping[str, Any], number: int) -> Zone:
    properties = feature.get("properties") or {}
    slug = str(properties.get("slug") or feature.get("id") or f"zone-{number}")
    mode = properties.get("mode") or "parallel"
    if mode not in MODES:
        raise ZoneFileError(f"zone {slug}: mode {mode!r} is none of {', '.join(MODES)}")
    length, width, spacing = SLOT_DEFAULTS[mode]
    try:
        polygon = shape(feature["geometry"])
        if polygon.geom_type != "Polygon":
            raise ZoneFileError(f"zone {slug}: geometry is a {polygon.geom_type}; a zone is one Polygon")
        if not polygon.is_valid:
            raise ZoneFileError(
                f"zone {slug}: {shapely.is_valid_reason(polygon)} (longitude latitude); redraw it there"
            )
        kerb = properties.get("kerb")
        return Zone(
            slug=slug,
            polygon_3857=shapely.transform(polygon, lonlat_to_3857),
            mode=mode,
            slot_length_m=float(properties.get("slot_length_m") or length),
            slot_width_m=float(properties.get("slot_width_m") or width),
            spacing_m=float(spacing if properties.get("spacing_m") is None else properties["spacing_m"]),
            angle_deg=None if properties.get("angle_deg") is None else float(properties["angle_deg"]),
            kerb_3857=shapely.LineString(lonlat_to_3857(kerb)) if kerb else None,
        )
    except ZoneFileError:
        raise
    except (KeyError, TypeError, ValueError, shapely.errors.ShapelyError) as error:
        raise ZoneFileError(f"zone {slug}: {error}") from None


def spaces_collection(layouts: Sequence[ZoneLayout], unseen: Sequence[str] = ()) -> dict[str, Any]:
    """Free spaces as a FeatureCollection; the member `zones` says what is known of each zone.

    unseen: slugs of zones outside the camera's view; their `free_count` is null, for unknown is not 0.
    """
    features = [
        _feature(layout.zone_slug, number, space)
        for layout in layouts
        for number, space in enumerate(layout.spaces, start=1)
    ]
    known = [
        {
            "slug": layout.zone_slug,
            "status": "known",
            "free_count": len(layout.spaces),
            "clear_m2": round(layout.free_m2, 2),
            "hidden_m2": round(layout.hidden_m2, 2),
            "occupied_m2": round(layout.occupied_m2, 2),
            "unknown_m2": round(layout.unknown_m2, 2),
        }
        for layout in layouts
    ]
    unknown = [{"slug": slug, "status": "unknown", "free_count": None} for slug in unseen]
    return {"type": "FeatureCollection", "features": features, "zones": known + unknown}


def _feature(slug: str, number: int, space: SpaceFound) -> dict[str, Any]:
    polygon = shapely.orient_polygons(shapely.transform(space.polygon_3857, xy_3857_to_lonlat))
    geometry = mapping(polygon)
    rings = [[[round(c, DECIMALS) for c in point] for point in ring] for ring in geometry["coordinates"]]
    return {
        "type": "Feature",
        "id": f"{slug}/{number}",
        "geometry": {"type": "Polygon", "coordinates": rings},
        "properties": {
            "zone": slug,
            "status": "free",
            "length_m": space.length_m,
            "width_m": space.width_m,
            "bearing_deg": round(space.bearing_deg, 1),
            "confidence": round(space.confidence, 3),
            "hidden_share": round(space.hidden_share, 3),
        },
    }
