# SPDX-License-Identifier: AGPL-3.0-or-later
"""The map's statements. PostGIS writes the GeoJSON: thousands of polygons serialised in Python are slow.

Parameters: west, south, east, north (WGS 84 degrees), now (timestamptz), free_after (frames).
"""

from __future__ import annotations

__all__ = ["MAP_VERSION", "PUBLIC_EXTENT", "SPACES", "ZONES"]

#: Raise it when the answers' form changes, so that no client keeps the old form by a matching ETag.
FORM = 1

#: The zones in the box, each with what makes its answer change: its version, whether it is still believed, and how
#: many of its spaces are. Within one version spaces only run out, in the order of their expiry, so the number of
#: them says which.
_ZONES_IN_BOX = """
WITH box AS (
    SELECT ST_Transform(ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326), 3857) AS geometry
), zone AS (
    SELECT z.*,
        COALESCE(z.valid_until > %(now)s, FALSE) AS live,
        (SELECT count(*) FROM parking_parkingspace s
         WHERE s.zone_id = z.id AND s.valid_until > %(now)s AND s.frames_seen >= %(free_after)s
        ) AS offered
    FROM parking_parkingzone z, box
    WHERE z.enabled AND z.access <> 'private' AND z.geometry && box.geometry
), version AS (
    SELECT md5(COALESCE(string_agg(
        concat_ws(':', zone.id, zone.version, zone.live, zone.offered), ',' ORDER BY zone.id
    ), '') || '/{form}') AS word
    FROM zone
)
""".replace("{form}", str(FORM))

MAP_VERSION = _ZONES_IN_BOX + "SELECT word FROM version"

_RING = "ST_AsGeoJSON(ST_ForcePolygonCCW(ST_Transform({column}, 4326)), 7)::json"
_TIME = """to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""


def _collection(features: str) -> str:
    """A statement for (version, FeatureCollection text) from one that yields `feature` rows in a stable order."""
    return f"""{_ZONES_IN_BOX}, feature AS ({features})
SELECT
    (SELECT word FROM version),
    '{{"type":"FeatureCollection","features":[' || COALESCE(
        (SELECT string_agg(feature.json::text, ',' ORDER BY feature.place) FROM feature), ''
    ) || ']}}'
"""


#: What is offered can shrink below the count that was published, as single spaces run out before their zone does.
#: When the last one has run out nothing is known any more: null, not 0.
_COUNT_NOW = """
CASE
    WHEN NOT zone.live OR zone.free_count IS NULL THEN NULL
    WHEN zone.free_count = 0 THEN 0
    ELSE NULLIF(LEAST(zone.free_count, zone.offered), 0)
END
"""

ZONES = _collection(
    f"""
    SELECT zone.slug AS place, json_build_object(
        'type', 'Feature',
        'id', zone.slug,
        'geometry', {_RING.format(column="zone.geometry")},
        'properties', json_build_object(
            'zone', zone.slug,
            'name', zone.name,
            'status', CASE WHEN zone.count_now IS NULL THEN 'unknown' WHEN zone.count_now = 0 THEN 'full'
                      ELSE 'free' END,
            'free_count', zone.count_now,
            'seen_share', CASE WHEN zone.live THEN round(zone.seen_share::numeric, 3) END,
            'observed_at', {_TIME.format(column="zone.observed_at")},
            'valid_until', {_TIME.format(column="zone.valid_until")},
            'orientation', zone.mode,
            'angle_deg', zone.angle_deg,
            'slot_length_m', zone.slot_length_m,
            'slot_width_m', zone.slot_width_m,
            'access', zone.access
        )
    ) AS json
    FROM (SELECT zone.*, {_COUNT_NOW} AS count_now FROM zone) AS zone, box
    WHERE ST_Intersects(zone.geometry, box.geometry)
    """
)

SPACES = _collection(
    f"""
    SELECT zone.slug || lpad(space.id::text, 20, '0') AS place, json_build_object(
        'type', 'Feature',
        'id', space.public_id,
        'geometry', {_RING.format(column="space.geometry")},
        'properties', json_build_object(
            'zone', zone.slug,
            'status', 'free',
            'length_m', round(space.length_m::numeric, 2),
            'width_m', round(space.width_m::numeric, 2),
            'bearing_deg', round(space.bearing_deg::numeric, 1),
            'orientation', zone.mode,
            'confidence', round(space.confidence::numeric, 3),
            'hidden_share', round(space.hidden_share::numeric, 3),
            'observed_at', {_TIME.format(column="space.observed_at")},
            'valid_until', {_TIME.format(column="space.valid_until")},
            'access', zone.access
        )
    ) AS json
    FROM zone
    JOIN parking_parkingspace space ON space.zone_id = zone.id, box
    WHERE zone.live
        AND space.valid_until > %(now)s
        AND space.frames_seen >= %(free_after)s
        AND ST_Intersects(space.geometry, box.geometry)
    """
)

PUBLIC_EXTENT = """
SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)
FROM (
    SELECT ST_Extent(ST_Transform(geometry, 4326)) AS box
    FROM parking_parkingzone
    WHERE enabled AND access <> 'private'
) AS extent
"""
