# SPDX-License-Identifier: AGPL-3.0-or-later
"""The map's statements. PostGIS writes the GeoJSON: thousands of polygons serialised in Python are slow.

Parameters: west, south, east, north (WGS 84 degrees), now (timestamptz), free_after (frames), vehicle_class (the key of
the class whose layout is asked for, empty for the zone's own), vehicle_length_m and vehicle_width_m (of the class, or null).
"""

from __future__ import annotations

__all__ = ["MAP_VERSION", "PUBLIC_EXTENT", "SPACES", "ZONES"]

#: Raise it when the answers' form changes, so that no client keeps the old form by a matching ETag.
FORM = 4

#: The zones in the box, each with what makes its answer change: its version, whether it is still believed, whether its
#: hours allow parking, and how many of its spaces are believed. Within one version spaces only run out, in the order of
#: their expiry, so the number of them says which.
_ZONES_IN_BOX = """
WITH box AS (
    SELECT ST_Transform(ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326), 3857) AS geometry
), zone AS (
    SELECT z.*,
        COALESCE(z.valid_until > %(now)s, FALSE) AS live,
        NOT COALESCE(z.closes_at <= %(now)s AND (z.opens_at IS NULL OR %(now)s < z.opens_at), FALSE) AS open,
        CASE WHEN %(vehicle_class)s = '' THEN z.free_count ELSE (z.class_counts ->> %(vehicle_class)s)::int END AS published_count,
        (SELECT count(*) FROM parking_parkingspace s
         WHERE s.zone_id = z.id AND s.vehicle_class = %(vehicle_class)s
             AND s.valid_until > %(now)s AND s.frames_seen >= %(free_after)s
        ) AS offered
    FROM parking_parkingzone z, box
    WHERE z.enabled AND z.access <> 'private' AND z.geometry && box.geometry
), version AS (
    SELECT md5(COALESCE(string_agg(
        concat_ws(':', zone.id, zone.version, zone.live, zone.open, zone.offered), ',' ORDER BY zone.id
    ), '') || '/{form}/' || %(vehicle_class)s) AS word
    FROM zone
)
""".replace("{form}", str(FORM))

MAP_VERSION = _ZONES_IN_BOX + "SELECT word FROM version"

_RING = "ST_AsGeoJSON(ST_ForcePolygonCCW(ST_Transform({column}, 4326)), 7)"
_TIME = """to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
_SECOND = """to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""


def _feature(identity: str, geometry: str, properties: str) -> str:
    """SQL for one Feature as text. Rows become compact JSON; the ring is text already, so it is not parsed again."""
    return f"""
    '{{"type":"Feature","id":' || to_json({identity}) || ',"geometry":' || {_RING.format(column=geometry)}
    || ',"properties":' || (SELECT row_to_json(properties) FROM (SELECT {properties}) AS properties) || '}}'
    """


def _collection(features: str) -> str:
    """A statement for (version, FeatureCollection text) from one that yields rows (place, text); sorted by place."""
    return f"""{_ZONES_IN_BOX}, feature AS ({features})
SELECT
    (SELECT word FROM version),
    '{{"type":"FeatureCollection","features":['
    || COALESCE((SELECT string_agg(feature.text, ',' ORDER BY feature.place) FROM feature), '')
    || ']}}'
"""


#: What is offered can shrink below the count that was published, as single spaces run out before their zone does.
#: When the last one has run out nothing is known any more: null, not 0.
_COUNT_NOW = """
CASE
    WHEN NOT zone.live OR zone.published_count IS NULL THEN NULL
    WHEN zone.published_count = 0 THEN 0
    ELSE NULLIF(LEAST(zone.published_count, zone.offered), 0)
END
"""

_VEHICLE = "%(vehicle_length_m)s::float8 AS vehicle_length_m, %(vehicle_width_m)s::float8 AS vehicle_width_m"

_ZONE_PROPERTIES = f"""
    zone.slug AS zone,
    zone.name AS name,
    CASE WHEN zone.count_now IS NULL THEN 'unknown' WHEN zone.count_now = 0 THEN 'full' ELSE 'free' END AS status,
    zone.count_now AS free_count,
    CASE WHEN zone.live THEN round(zone.seen_share::numeric, 3) END AS seen_share,
    {_TIME.format(column="zone.observed_at")} AS observed_at,
    {_TIME.format(column="zone.valid_until")} AS valid_until,
    zone.mode AS orientation,
    zone.angle_deg AS angle_deg,
    zone.slot_length_m AS slot_length_m,
    zone.slot_width_m AS slot_width_m,
    {_VEHICLE},
    zone.access AS access,
    NULLIF(zone.hours, '') AS hours,
    zone.open AS open,
    CASE WHEN zone.open AND zone.closes_at > %(now)s THEN {_SECOND.format(column="zone.closes_at")} END AS closes_at,
    CASE WHEN NOT zone.open THEN {_SECOND.format(column="zone.opens_at")} END AS opens_at
"""

ZONES = _collection(
    f"""
    SELECT zone.slug AS place, {_feature("zone.slug", "zone.geometry", _ZONE_PROPERTIES)} AS text
    FROM (SELECT zone.*, {_COUNT_NOW} AS count_now FROM zone) AS zone, box
    WHERE ST_Intersects(zone.geometry, box.geometry)
    """
)

_SPACE_PROPERTIES = f"""
    zone.slug AS zone,
    'free' AS status,
    round(space.length_m::numeric, 2) AS length_m,
    round(space.width_m::numeric, 2) AS width_m,
    round(space.room_length_m::numeric, 2) AS room_length_m,
    round(space.room_width_m::numeric, 2) AS room_width_m,
    {_VEHICLE},
    round(space.bearing_deg::numeric, 1) AS bearing_deg,
    zone.mode AS orientation,
    round(space.confidence::numeric, 3) AS confidence,
    round(space.hidden_share::numeric, 3) AS hidden_share,
    {_TIME.format(column="space.observed_at")} AS observed_at,
    {_TIME.format(column="space.valid_until")} AS valid_until,
    zone.access AS access
"""

#: OFFSET 0 keeps the planner from looking up all spaces of the box anew for each zone, which it takes for one row.
SPACES = _collection(
    f"""
    SELECT zone.slug || lpad(space.id::text, 20, '0') AS place,
        {_feature("space.public_id", "space.geometry", _SPACE_PROPERTIES)} AS text
    FROM zone
    CROSS JOIN box
    CROSS JOIN LATERAL (
        SELECT s.* FROM parking_parkingspace s
        WHERE s.zone_id = zone.id AND s.vehicle_class = %(vehicle_class)s
            AND s.valid_until > %(now)s AND s.frames_seen >= %(free_after)s
        OFFSET 0
    ) AS space
    WHERE zone.live AND ST_Intersects(space.geometry, box.geometry)
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
