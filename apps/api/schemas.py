# SPDX-License-Identifier: AGPL-3.0-or-later
"""The API's answers as JSON Schema, for the OpenAPI description.

Written by hand because PostGIS writes the answers; a test holds real answers against them.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from apps.api.vehicle import LENGTH, WIDTH

__all__ = [
    "IF_NONE_MATCH", "INDEX", "PROBLEM", "SPACES", "SPACES_TEXT", "VEHICLE", "VEHICLE_CLASSES", "VEHICLE_CLASSES_TEXT",
    "ZONES", "ZONES_TEXT", "bbox_parameter", "map_responses",
]  # fmt: skip

ZONES_TEXT = """\
Each Feature is a parking zone. `status` is `free`, `full` or `unknown`; an unknown zone has `free_count` null, never 0.
Private zones are not in the answer. Poll with `If-None-Match`: 304 means that nothing changed.

With `vehicle_length` the counts are those of the layout for the smallest vehicle class that holds such a vehicle."""

SPACES_TEXT = """\
Each Feature is a rectangle of ground in which a car fits now. Its id stays the same for as long as the space stays where
it is. Do not offer a space after its `valid_until`; its age is the time since `observed_at`.

With `vehicle_length` the spaces are those of the layout for the smallest vehicle class that holds such a vehicle; layouts
of different classes overlap, and ids of one are not in another."""

VEHICLE_CLASSES_TEXT = """\
Every zone is laid out once for each of these vehicle sizes (without mirrors), besides its own slot size. Asking for a size
in between gets the next larger class."""

_TIME = {"type": "string", "format": "date-time", "description": "RFC 3339, UTC"}
_NULLABLE_TIME = {**_TIME, "nullable": True}
_ORIENTATION = {
    "type": "string",
    "enum": ["parallel", "perpendicular", "diagonal", "free"],
    "description": "How cars stand to the kerb; free means any way round.",
}
_VEHICLE_SIZE = {
    "type": "number",
    "nullable": True,
    "description": "True metres, of the vehicle class that answers; null without vehicle_length.",
}
_ROOM = {"type": "number", "nullable": True}
_ACCESS = {"type": "string", "enum": ["public", "residents"]}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


_POLYGON = _object(
    {
        "type": {"type": "string", "enum": ["Polygon"]},
        "coordinates": {
            "type": "array",
            "description": "Rings of [longitude, latitude], WGS 84; the exterior one counter-clockwise (RFC 7946).",
            "items": {
                "type": "array",
                "minItems": 4,
                "items": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}},
            },
        },
    }
)


def _collection(identity: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    feature = _object(
        {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": identity,
            "geometry": _POLYGON,
            "properties": _object(properties),
        }
    )
    return _object(
        {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": feature},
        }
    )


ZONES = _collection(
    {"type": "string", "description": "The zone's slug"},
    {
        "zone": {"type": "string"},
        "name": {"type": "string"},
        "status": {"type": "string", "enum": ["free", "full", "unknown"]},
        "free_count": {
            "type": "integer",
            "minimum": 0,
            "nullable": True,
            "description": "Null when unknown.",
        },
        "seen_share": {**_SHARE, "nullable": True, "description": "The part of the zone that cameras see."},
        "observed_at": _NULLABLE_TIME,
        "valid_until": _NULLABLE_TIME,
        "orientation": _ORIENTATION,
        "angle_deg": {
            "type": "number",
            "nullable": True,
            "description": "Between slots and kerb; diagonal only.",
        },
        "slot_length_m": {"type": "number", "description": "True metres"},
        "slot_width_m": {"type": "number", "description": "True metres"},
        "vehicle_length_m": _VEHICLE_SIZE,
        "vehicle_width_m": _VEHICLE_SIZE,
        "access": _ACCESS,
        "hours": {
            "type": "string",
            "nullable": True,
            "description": "When parking is allowed, in OpenStreetMap's opening_hours language; null: always.",
        },
        "open": {
            "type": "boolean",
            "description": "False while the hours forbid parking; the status is unknown then.",
        },
        "closes_at": {**_NULLABLE_TIME, "description": "Until when parking is allowed, while open is true."},
        "opens_at": {**_NULLABLE_TIME, "description": "When parking is allowed again, while open is false."},
    },
)

SPACES = _collection(
    {"type": "string", "format": "uuid"},
    {
        "zone": {"type": "string", "description": "The zone's slug"},
        "status": {"type": "string", "enum": ["free"]},
        "length_m": {"type": "number", "description": "True metres"},
        "width_m": {"type": "number", "description": "True metres"},
        "room_length_m": {
            **_ROOM,
            "description": "How long it could be where it is, at its width; null when not measured.",
        },
        "room_width_m": {**_ROOM, "description": "How wide it could be where it is, at its length."},
        "vehicle_length_m": _VEHICLE_SIZE,
        "vehicle_width_m": _VEHICLE_SIZE,
        "bearing_deg": {
            "type": "number",
            "minimum": 0,
            "maximum": 180,
            "description": "Of the length axis, degrees clockwise from north.",
        },
        "orientation": _ORIENTATION,
        "confidence": {**_SHARE, "description": "How sure the space is."},
        "hidden_share": {**_SHARE, "description": "The part of it that stands behind a parked car."},
        "observed_at": _TIME,
        "valid_until": _TIME,
        "access": _ACCESS,
    },
)

VEHICLE_CLASSES = _object(
    {
        "classes": {
            "type": "array",
            "items": _object({name: {"type": "number", "minimum": 0} for name in ("length_m", "width_m")}),
        }
    }
)

INDEX = _object(
    {
        "title": {"type": "string"},
        "description": {"type": "string"},
        "links": {
            "type": "array",
            "items": _object({name: {"type": "string"} for name in ("rel", "href", "type", "title")}),
        },
    }
)

PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong and what to do."},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": _object({"parameter": {"type": "string"}, "detail": {"type": "string"}}),
        },
    },
    "required": ["type", "title", "status", "detail", "instance"],
}

IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, description="The ETag of the last answer."
)

VEHICLE = [
    OpenApiParameter(
        LENGTH,
        {"type": "number", "exclusiveMinimum": True, "minimum": 0},
        description="Length of the reader's vehicle, true metres.",
    ),
    OpenApiParameter(
        WIDTH,
        {"type": "number", "exclusiveMinimum": True, "minimum": 0},
        description="Its width without mirrors, true metres; without it the class's own. Only with vehicle_length.",
    ),
]


def bbox_parameter(max_span_deg: float) -> OpenApiParameter:
    """The box, with its limit in words."""
    return OpenApiParameter(
        "bbox",
        OpenApiTypes.STR,
        required=True,
        description=(
            f"west,south,east,north in WGS 84 degrees, at most {max_span_deg:g}° on each side. A box across the 180th"
            " meridian is asked for as two."
        ),
    )


def map_responses(collection: dict[str, Any]) -> dict[Any, Any]:
    """The answers of an endpoint of the map."""
    return {
        (200, "application/geo+json"): OpenApiResponse(
            collection, "The map as it is now; `ETag` names its version."
        ),
        304: OpenApiResponse(description="Nothing has changed since the version in If-None-Match."),
        (400, "application/problem+json"): OpenApiResponse(PROBLEM, "A parameter cannot be used."),
        (406, "application/problem+json"): OpenApiResponse(PROBLEM, "No such format."),
        (503, "application/problem+json"): OpenApiResponse(PROBLEM, "The database is away; see Retry-After."),
    }
