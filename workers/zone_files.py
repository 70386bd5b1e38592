# SPDX-License-Identifier: AGPL-3.0-or-later
"""Zones and spaces as GeoJSON (RFC 7946) for the pipeline without a database: WGS 84, longitude first."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import mapping, shape

from apps.parking.vehicles import VehicleClass
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
    slot_length_m, slot_width_m, spacing_m, mixed_sizes, kerb, a list of [lon, lat], and access_edges, a list of such
    lists; these two may be GeoJSON geometries instead. Raises ZoneFileError."""
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
        kerb = _lines(properties.get("kerb"), shapely.LineString)
        access = _lines(properties.get("access_edges"), shapely.MultiLineString)
        return Zone(
            slug=slug,
            polygon_3857=shapely.transform(polygon, lonlat_to_3857),
            mode=mode,
            slot_length_m=float(properties.get("slot_length_m") or length),
            slot_width_m=float(properties.get("slot_width_m") or width),
            spacing_m=float(spacing if properties.get("spacing_m") is None else properties["spacing_m"]),
            angle_deg=None if properties.get("angle_deg") is None else float(properties["angle_deg"]),
            kerb_3857=kerb,
            access_3857=shapely.MultiLineString([access])
            if isinstance(access, shapely.LineString)
            else access,
            mixed_sizes=bool(properties.get("mixed_sizes")),
        )
    except ZoneFileError:
        raise
    except (KeyError, TypeError, ValueError, shapely.errors.ShapelyError) as error:
        raise ZoneFileError(f"zone {slug}: {error}") from None


def _lines(value: Any, kind: Callable[[Any], Any]) -> Any:
    """A line or lines from bare coordinates, or from a GeoJSON geometry, in EPSG:3857; None for nothing."""
    if not value:
        return None
    return shapely.transform(shape(value) if isinstance(value, Mapping) else kind(value), lonlat_to_3857)


def spaces_collection(layouts: Sequence[ZoneLayout], unseen: Sequence[str] = ()) -> dict[str, Any]:
    """Free spaces as a FeatureCollection; the member `zones` says what is known of each zone.

    unseen: slugs of zones outside the camera's view; their `free_count` is null, for unknown is not 0. Spaces of a
    layout for vehicles say for which; the zone's own have null there, and `free_for` counts them.
    """
    features = []
    for layout in layouts:
        own: list[tuple[VehicleClass | None, tuple[SpaceFound, ...]]] = [(None, layout.spaces)]
        for vehicle, spaces in own + [(of_class.vehicle, of_class.spaces) for of_class in layout.classes]:
            features += [
                _feature(layout.zone_slug, number, space, vehicle)
                for number, space in enumerate(spaces, start=1)
            ]
    known = [
        {
            "slug": layout.zone_slug,
            "status": "known",
            "free_count": len(layout.spaces),
            "at_most": layout.bound,
            "free_for": {of_class.vehicle.key: len(of_class.spaces) for of_class in layout.classes},
            "clear_m2": round(layout.free_m2, 2),
            "hidden_m2": round(layout.hidden_m2, 2),
            "occupied_m2": round(layout.occupied_m2, 2),
            "unknown_m2": round(layout.unknown_m2, 2),
        }
        for layout in layouts
    ]
    unknown = [{"slug": slug, "status": "unknown", "free_count": None} for slug in unseen]
    return {"type": "FeatureCollection", "features": features, "zones": known + unknown}


def _feature(slug: str, number: int, space: SpaceFound, vehicle: VehicleClass | None) -> dict[str, Any]:
    polygon = shapely.orient_polygons(shapely.transform(space.polygon_3857, xy_3857_to_lonlat))
    geometry = mapping(polygon)
    rings = [[[round(c, DECIMALS) for c in point] for point in ring] for ring in geometry["coordinates"]]
    return {
        "type": "Feature",
        "id": f"{slug}/{vehicle.key}/{number}" if vehicle else f"{slug}/{number}",
        "geometry": {"type": "Polygon", "coordinates": rings},
        "properties": {
            "zone": slug,
            "status": "free",
            "length_m": space.length_m,
            "width_m": space.width_m,
            "room_length_m": None if space.room_length_m is None else round(space.room_length_m, 2),
            "room_width_m": None if space.room_width_m is None else round(space.room_width_m, 2),
            "vehicle_length_m": vehicle.length_m if vehicle else None,
            "vehicle_width_m": vehicle.width_m if vehicle else None,
            "bearing_deg": round(space.bearing_deg, 1),
            "confidence": round(space.confidence, 3),
            "hidden_share": round(space.hidden_share, 3),
        },
    }
