# SPDX-License-Identifier: AGPL-3.0-or-later
"""What others may read of zones and spaces. The map's answers are written as GeoJSON by PostGIS itself.

A zone or space past its validity is unknown and never offered; `now` is always handed in, so that an answer and its
ETag speak of the same moment. Private zones are in no public answer.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import shapely
from django.conf import settings
from django.contrib.gis.db.models.functions import AsWKB
from django.db import connection
from django.db.models import QuerySet

from apps.parking import sql
from apps.parking.bbox import BBox
from apps.parking.choices import Access, ZoneState
from apps.parking.models import ParkingSpace, ParkingZone, ZoneObservationRecord
from apps.parking.published import ObservedGround
from apps.parking.shapes import to_geos, to_shapely
from apps.parking.space_files import OfferedSpace
from apps.parking.space_rows import OWN_LAYOUT
from apps.parking.vehicles import VehicleClass, parse_classes
from apps.parking.zones import ZoneSpec

__all__ = [
    "MapAnswer",
    "ZoneNow",
    "fresh_observations",
    "last_observations",
    "map_version",
    "offered_spaces",
    "public_extent",
    "spaces_geojson",
    "standing_spaces",
    "vehicle_classes",
    "zone_specs",
    "zone_state",
    "zones_geojson",
    "zones_now",
    "zones_seen_by",
]


@dataclass(frozen=True)
class MapAnswer:
    """A FeatureCollection as UTF-8 text, and the version of the map that it shows."""

    version: str
    geojson: str


# --- for the workers -------------------------------------------------------------------------------------------------


def zones_seen_by(view_polygon_3857: shapely.Geometry) -> list[ParkingZone]:
    """Enabled zones that a camera's view (EPSG:3857) touches, by slug."""
    if view_polygon_3857.is_empty:
        return []
    return list(
        ParkingZone.objects.filter(enabled=True, geometry__intersects=to_geos(view_polygon_3857)).order_by(
            "slug"
        )
    )


def fresh_observations(zone: ParkingZone, now: dt.datetime) -> list[ObservedGround]:
    """What each camera saw of the zone, where it is still believed at `now` (aware), newest first."""
    oldest = now - dt.timedelta(seconds=zone.validity_s)
    records = ZoneObservationRecord.objects.filter(
        zone=zone, observed_at__gt=oldest, camera__enabled=True
    ).order_by("-observed_at")
    return [
        ObservedGround(
            camera_id=record.camera_id,
            calibration_id=record.calibration_id,
            observed_at=record.observed_at,
            seen_3857=to_shapely(record.seen),
            occupied_3857=to_shapely(record.occupied),
            hidden_3857=to_shapely(record.hidden),
        )
        for record in records
    ]


def zone_specs() -> list[ZoneSpec]:
    """The rules of every zone, by slug."""
    return [zone.to_spec() for zone in ParkingZone.objects.order_by("slug")]


# --- for the public --------------------------------------------------------------------------------------------------


def vehicle_classes() -> tuple[VehicleClass, ...]:
    """The vehicle sizes that zones are laid out for, from small to large; none when the site wants none."""
    return parse_classes(tuple(settings.SPARK_VEHICLE_CLASSES))


def map_version(bbox: BBox, now: dt.datetime, vehicle: VehicleClass | None = None) -> str:
    """A short word that changes whenever an answer for this box changes: a publication, an edit, an expiry.

    vehicle: the class whose layout is asked for; None: each zone's own. One query over the zones in the box; the spaces are only counted.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.MAP_VERSION, _parameters(bbox, now, vehicle))
        return str(cursor.fetchone()[0])


def zones_geojson(bbox: BBox, now: dt.datetime, vehicle: VehicleClass | None = None) -> MapAnswer:
    """Public zones that meet the box, with their counts; unknown is null. One query."""
    return _answer(sql.ZONES, bbox, now, vehicle)


def spaces_geojson(bbox: BBox, now: dt.datetime, vehicle: VehicleClass | None = None) -> MapAnswer:
    """Spaces offered now that meet the box. One query."""
    return _answer(sql.SPACES, bbox, now, vehicle)


def _answer(statement: str, bbox: BBox, now: dt.datetime, vehicle: VehicleClass | None) -> MapAnswer:
    with connection.cursor() as cursor:
        cursor.execute(statement, _parameters(bbox, now, vehicle))
        version, geojson = cursor.fetchone()
    return MapAnswer(version=version, geojson=geojson)


def _parameters(bbox: BBox, now: dt.datetime, vehicle: VehicleClass | None) -> dict[str, object]:
    return {
        "west": bbox.west,
        "south": bbox.south,
        "east": bbox.east,
        "north": bbox.north,
        "now": now,
        "free_after": settings.SPARK_FREE_AFTER,
        "vehicle_class": vehicle.key if vehicle else OWN_LAYOUT,
        "vehicle_length_m": vehicle.length_m if vehicle else None,
        "vehicle_width_m": vehicle.width_m if vehicle else None,
    }


def public_extent() -> BBox | None:
    """The box around all public zones, WGS 84; None while there are none."""
    with connection.cursor() as cursor:
        cursor.execute(sql.PUBLIC_EXTENT)
        west, south, east, north = cursor.fetchone()
    return None if west is None else BBox(west=west, south=south, east=east, north=north)


def standing_spaces(zone: ParkingZone) -> dict[str, list[shapely.Polygon]]:
    """The spaces of the zone's last layouts (EPSG:3857), by vehicle class; its own under the empty key."""
    standing: dict[str, list[shapely.Polygon]] = {}
    for key, geometry in zone.spaces.order_by("pk").values_list("vehicle_class", AsWKB("geometry")):
        standing.setdefault(key, []).append(shapely.from_wkb(bytes(geometry)))
    return standing


def offered_spaces(
    now: dt.datetime, *, private: bool = False, vehicle: VehicleClass | None = None
) -> list[OfferedSpace]:
    """Every space offered at `now`, by zone; those of private zones only when asked for."""
    rows = ParkingSpace.objects.filter(
        vehicle_class=vehicle.key if vehicle else OWN_LAYOUT,
        zone__enabled=True,
        zone__valid_until__gt=now,
        valid_until__gt=now,
        frames_seen__gte=settings.SPARK_FREE_AFTER,
    ).select_related("zone")
    if not private:
        rows = rows.exclude(zone__access=Access.PRIVATE)
    return [
        OfferedSpace(
            id=str(row.public_id),
            zone=row.zone.slug,
            polygon_3857=to_shapely(row.geometry),
            length_m=round(row.length_m, 2),
            width_m=round(row.width_m, 2),
            bearing_deg=round(row.bearing_deg, 1),
            orientation=row.zone.mode,
            confidence=round(row.confidence, 3),
            access=row.zone.access,
            observed_at=_rfc3339(row.observed_at),
            valid_until=_rfc3339(row.valid_until),
        )
        for row in rows.order_by("zone__slug", "pk")
    ]


def _rfc3339(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- for the admin ---------------------------------------------------------------------------------------------------


def zone_state(zone: ParkingZone, now: dt.datetime) -> ZoneState:
    """What can be said of a zone at `now`."""
    if not zone.is_live(now) or zone.free_count is None:
        return ZoneState.UNKNOWN
    return ZoneState.FREE if zone.free_count else ZoneState.FULL


@dataclass(frozen=True)
class ZoneNow:
    """A zone in a list for those who run the site. free_count: spaces on offer, None while unknown."""

    slug: str
    name: str
    state: ZoneState
    free_count: int | None


def zones_now(now: dt.datetime) -> list[ZoneNow]:
    """What can be said of every zone that is switched on, by slug; one query, and no geometry."""
    fields = ("slug", "name", "enabled", "valid_until", "free_count")
    states = (
        (zone, zone_state(zone, now)) for zone in ParkingZone.objects.filter(enabled=True).only(*fields)
    )
    return [
        ZoneNow(zone.slug, zone.name, state, None if state == ZoneState.UNKNOWN else zone.free_count)
        for zone, state in states
    ]


def last_observations(zone: ParkingZone) -> QuerySet[ZoneObservationRecord]:
    """The last word of each camera that has seen the zone, with the camera."""
    return zone.observations.select_related("camera").order_by("-observed_at")
