# SPDX-License-Identifier: AGPL-3.0-or-later
"""The rows of a zone's spaces, all its layouts at once: read, matched with what was found, written back.

A zone with twenty spaces has some 150 rows, eight layouts of them, and all change with every frame. Three statements
over arrays write them; model instances would take ten times as long. Only `apps.parking.services` calls this, within
its transaction and holding the zone's row.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import shapely
from django.db import connection

from apps.parking import matching
from apps.parking.published import PublishedLayout, PublishedSpace
from apps.parking.shapes import SRID

__all__ = ["OWN_LAYOUT", "SpaceRow", "replace_spaces"]

#: The vehicle class of a zone's own layout: none.
OWN_LAYOUT = ""

_READ = """
SELECT id, public_id, vehicle_class, ST_AsBinary(geometry), observed_at, first_seen_at, frames_seen
FROM parking_parkingspace WHERE zone_id = %s ORDER BY id
"""
_DELETE = "DELETE FROM parking_parkingspace WHERE zone_id = %s AND id <> ALL(%s)"

#: Columns that a publication writes, and their types in the arrays.
_WRITTEN = {
    "geometry": "bytea",
    "length_m": "float8",
    "width_m": "float8",
    "room_length_m": "float8",
    "room_width_m": "float8",
    "bearing_deg": "float8",
    "confidence": "float8",
    "hidden_share": "float8",
    "observed_at": "timestamptz",
    "valid_until": "timestamptz",
    "frames_seen": "int",
}
_FIXED = {"public_id": "uuid", "vehicle_class": "text", "first_seen_at": "timestamptz"}


def _values(columns: Mapping[str, str]) -> str:
    return ", ".join(
        f"ST_GeomFromWKB(given.{name}, {SRID})" if name == "geometry" else f"given.{name}" for name in columns
    )


def _given(columns: Mapping[str, str]) -> str:
    arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in columns.items())
    return f"unnest({arrays}) AS given ({', '.join(columns)})"


_UPDATE = f"""
UPDATE parking_parkingspace AS space SET ({", ".join(_WRITTEN)}) = ROW({_values(_WRITTEN)})
FROM {_given({"id": "bigint"} | _WRITTEN)}
WHERE space.id = given.id
"""
_INSERT = f"""
INSERT INTO parking_parkingspace (zone_id, {", ".join(_FIXED | _WRITTEN)})
SELECT %(zone_id)s, {_values(_FIXED | _WRITTEN)} FROM {_given(_FIXED | _WRITTEN)}
"""


@dataclass(frozen=True)
class SpaceRow:
    """A space as it is stored; `id` is None for one that was not there before."""

    id: int | None
    public_id: uuid.UUID
    vehicle_class: str
    found: PublishedSpace
    observed_at: dt.datetime
    valid_until: dt.datetime
    first_seen_at: dt.datetime
    frames_seen: int


@dataclass(frozen=True)
class _Stored:
    id: int
    public_id: uuid.UUID
    vehicle_class: str
    geometry: shapely.Polygon
    observed_at: dt.datetime
    first_seen_at: dt.datetime
    frames_seen: int


def replace_spaces(
    zone_id: int, layout: PublishedLayout, validity: dt.timedelta
) -> dict[str, list[SpaceRow]]:
    """Put a layout's spaces in place of the zone's current ones, keeping those that stayed where they were.

    Returns the rows by vehicle class, the zone's own under `OWN_LAYOUT`. Spaces are matched within their class.
    """
    stored: dict[str, list[_Stored]] = defaultdict(list)
    for row in _read(zone_id):
        stored[row.vehicle_class].append(row)
    rows = {
        key: _matched(key, stored[key], found, layout.observed_at, validity)
        for key, found in ({OWN_LAYOUT: layout.spaces} | dict(layout.classes)).items()
    }
    everything = [row for of_class in rows.values() for row in of_class]
    kept = [row for row in everything if row.id is not None]
    new = [row for row in everything if row.id is None]
    with connection.cursor() as cursor:
        if len(kept) < sum(map(len, stored.values())):
            cursor.execute(_DELETE, [zone_id, [row.id for row in kept]])
        if kept:
            cursor.execute(_UPDATE, {"id": [row.id for row in kept]} | _arrays(kept))
        if new:
            fixed = {name: [getattr(row, name) for row in new] for name in _FIXED}
            cursor.execute(_INSERT, {"zone_id": zone_id} | fixed | _arrays(new))
    return rows


def _read(zone_id: int) -> list[_Stored]:
    with connection.cursor() as cursor:
        cursor.execute(_READ, [zone_id])
        rows = cursor.fetchall()
    geometries = shapely.from_wkb([bytes(row[3]) for row in rows])
    return [_Stored(*row[:3], geometry, *row[4:]) for row, geometry in zip(rows, geometries, strict=True)]


def _matched(
    vehicle_class: str,
    before: Sequence[_Stored],
    found: Sequence[PublishedSpace],
    layout_time: dt.datetime,
    validity: dt.timedelta,
) -> list[SpaceRow]:
    pairs = matching.same_places([row.geometry for row in before], [space.polygon_3857 for space in found])
    stayed = {new: before[old] for old, new in pairs}
    return [
        _row(vehicle_class, space, layout_time, validity, stayed.get(index))
        for index, space in enumerate(found)
    ]


def _row(
    vehicle_class: str,
    found: PublishedSpace,
    layout_time: dt.datetime,
    validity: dt.timedelta,
    before: _Stored | None,
) -> SpaceRow:
    observed_at = found.observed_at or layout_time
    # The same frame analysed twice, or another camera's frame that shows nothing of this space, is no new evidence.
    seen_again = before is not None and observed_at > before.observed_at
    return SpaceRow(
        id=before.id if before else None,
        public_id=before.public_id if before else uuid.uuid4(),
        vehicle_class=vehicle_class,
        found=found,
        observed_at=observed_at,
        valid_until=observed_at + validity,
        first_seen_at=before.first_seen_at if before else observed_at,
        frames_seen=before.frames_seen + seen_again if before else 1,
    )


def _arrays(rows: Sequence[SpaceRow]) -> dict[str, list[object]]:
    """Each written column as a list."""
    found = [row.found for row in rows]
    wkb = shapely.to_wkb([space.polygon_3857 for space in found], output_dimension=2)
    return {
        "geometry": list(wkb),
        "length_m": [space.length_m for space in found],
        "width_m": [space.width_m for space in found],
        "room_length_m": [space.room_length_m for space in found],
        "room_width_m": [space.room_width_m for space in found],
        "bearing_deg": [space.bearing_deg % 180.0 for space in found],
        "confidence": [space.confidence for space in found],
        "hidden_share": [space.hidden_share for space in found],
        "observed_at": [row.observed_at for row in rows],
        "valid_until": [row.valid_until for row in rows],
        "frames_seen": [row.frames_seen for row in rows],
    }
