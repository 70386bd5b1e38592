# SPDX-License-Identifier: AGPL-3.0-or-later
"""The rows of a zone's spaces, all its layouts at once: read, matched with what was found, written back.

A zone with twenty spaces has some 150 rows, eight layouts of them, and all change with every frame. Three statements
write them, each from one JSON text; model instances would take several times as long. Only `apps.parking.services` calls this, within
its transaction and holding the zone's row.
"""

from __future__ import annotations

import datetime as dt
import json
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
SELECT id, public_id, vehicle_class, ST_AsBinary(geometry), observed_at, frames_seen
FROM parking_parkingspace WHERE zone_id = %s ORDER BY id
"""
_DELETE = "DELETE FROM parking_parkingspace WHERE zone_id = %s AND id <> ALL(%s)"

#: Columns that a publication writes, and their types. A geometry is WKB as hexadecimal text.
_WRITTEN = {
    "geometry": "text",
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
        f"ST_SetSRID(given.{name}::geometry, {SRID})" if name == "geometry" else f"given.{name}"
        for name in columns
    )


def _given(columns: Mapping[str, str]) -> str:
    return f"json_to_recordset(%(rows)s) AS given ({', '.join(f'{name} {kind}' for name, kind in columns.items())})"


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
    frames_seen: int


@dataclass(frozen=True)
class _Stored:
    id: int
    public_id: uuid.UUID
    vehicle_class: str
    geometry: shapely.Polygon
    observed_at: dt.datetime
    frames_seen: int


def replace_spaces(
    zone_id: int, layout: PublishedLayout, validity: dt.timedelta, ends: dt.datetime | None = None
) -> dict[str, list[SpaceRow]]:
    """Put a layout's spaces in place of the zone's current ones, keeping those that stayed where they were.

    No space is believed after `ends`, where the zone's hours end. Returns the rows by vehicle class, the zone's own under `OWN_LAYOUT`. Spaces are matched within their class.
    """
    stored: dict[str, list[_Stored]] = defaultdict(list)
    for row in _read(zone_id):
        stored[row.vehicle_class].append(row)
    rows = {
        key: _matched(key, stored[key], found, layout.observed_at, validity, ends)
        for key, found in ({OWN_LAYOUT: layout.spaces} | dict(layout.classes)).items()
    }
    everything = [row for of_class in rows.values() for row in of_class]
    kept = [row for row in everything if row.id is not None]
    new = [row for row in everything if row.id is None]
    with connection.cursor() as cursor:
        if len(kept) < sum(map(len, stored.values())):
            cursor.execute(_DELETE, [zone_id, [row.id for row in kept]])
        if kept:
            cursor.execute(_UPDATE, {"rows": _json(kept)})
        if new:
            cursor.execute(_INSERT, {"zone_id": zone_id, "rows": _json(new)})
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
    ends: dt.datetime | None,
) -> list[SpaceRow]:
    pairs = matching.same_places([row.geometry for row in before], [space.polygon_3857 for space in found])
    stayed = {new: before[old] for old, new in pairs}
    return [
        _row(vehicle_class, space, layout_time, validity, ends, stayed.get(index))
        for index, space in enumerate(found)
    ]


def _row(
    vehicle_class: str,
    found: PublishedSpace,
    layout_time: dt.datetime,
    validity: dt.timedelta,
    ends: dt.datetime | None,
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
        valid_until=min(observed_at + validity, ends) if ends else observed_at + validity,
        frames_seen=before.frames_seen + seen_again if before else 1,
    )


def _json(rows: Sequence[SpaceRow]) -> str:
    """All columns of the rows, new or kept."""
    wkb = shapely.to_wkb([row.found.polygon_3857 for row in rows], hex=True, output_dimension=2)
    return json.dumps(
        [
            {
                "id": row.id,
                "public_id": str(row.public_id),
                "vehicle_class": row.vehicle_class,
                "geometry": geometry,
                "length_m": row.found.length_m,
                "width_m": row.found.width_m,
                "room_length_m": row.found.room_length_m,
                "room_width_m": row.found.room_width_m,
                "bearing_deg": row.found.bearing_deg % 180.0,
                "confidence": row.found.confidence,
                "hidden_share": row.found.hidden_share,
                "observed_at": row.observed_at.isoformat(),
                "first_seen_at": row.observed_at.isoformat(),
                "valid_until": row.valid_until.isoformat(),
                "frames_seen": row.frames_seen,
            }
            for row, geometry in zip(rows, wkb, strict=True)
        ]
    )
