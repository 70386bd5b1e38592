# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a file's record says of a zone, and what it leaves as it is. Pure: no Django.

A field that the record does not have says nothing: a zone that exists keeps its own, a new one takes the default. An
empty one means "none" where a zone can be without (`EMPTY`), and says nothing elsewhere: no zone is without access.
Slot sizes and the angle belong to the mode: where a file brings another mode and not these, they are that mode's own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

import shapely

from apps.parking.zones import SLOT_SIZES, ZoneSpec, filled_in
from camera_registry.mercator import lonlat_to_3857

__all__ = ["field_of", "left_to_defaults", "spec_of"]

#: A Shapefile's field names end here.
SHAPEFILE_NAME_LENGTH = 10
#: Attributes that a zone can be without, and how it is without them.
EMPTY: dict[str, Any] = {
    "kerb_3857": None,
    "access_edges_3857": None,
    "hours": "",
    "source": "",
    "licence": "",
}
#: Attributes that belong to the mode.
_OF_THE_MODE = ("angle_deg", *SLOT_SIZES)
#: What a new zone's admin should look at where the file left it to the defaults.
_TOLD = ("access", "mode", *SLOT_SIZES, "hours", "enabled")

_TRUE_WORDS = {"1", "true", "yes", "on", "t", "y"}
_FALSE_WORDS = {"0", "false", "no", "off", "f", "n"}


def field_of(attribute: str) -> str:
    """The name that an attribute of `ZoneSpec` has in files."""
    return attribute.removesuffix("_3857")


def spec_of(
    record: Mapping[str, Any], slug: str, geometry_3857: shapely.Geometry, before: ZoneSpec | None
) -> tuple[ZoneSpec, frozenset[str]]:
    """The zone that a record makes of what there was, and the attributes that the record gave.

    record: field name in small letters -> value, None for empty, without the fields that the file does not mention.
    Raises ValueError with a sentence for a value that is not understood.
    """
    given: dict[str, Any] = {}
    for attribute, read in _READERS.items():
        field = field_of(attribute)
        for name in (field, field[:SHAPEFILE_NAME_LENGTH]):
            if name in record:
                if record[name] is not None:
                    given[attribute] = read(field, record[name])
                elif attribute in EMPTY:
                    given[attribute] = EMPTY[attribute]
                break
    base = before or ZoneSpec(slug=slug, name=slug, geometry_3857=geometry_3857)
    if given.get("mode", base.mode) != base.mode:
        base = replace(base, **dict.fromkeys(_OF_THE_MODE))
    spec = replace(base, geometry_3857=geometry_3857, **given)
    return (filled_in(spec) if before else spec), frozenset(given)


def left_to_defaults(spec: ZoneSpec, given: frozenset[str]) -> str:
    """Of a new zone, what nobody said, in words: “access public, hours always”; empty when all was said."""
    whole = filled_in(spec)
    return ", ".join(
        f"{attribute.removesuffix('_m').replace('_', ' ')} {_shown(getattr(whole, attribute), attribute)}"
        for attribute in _TOLD
        if attribute not in given
    )


def _shown(value: Any, attribute: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value == "":
        return "always"
    return f"{value} m" if attribute.endswith("_m") else str(value)


# --- values ----------------------------------------------------------------------------------------------------------


def _text(field: str, value: Any) -> str:
    return str(value)


def _word(field: str, value: Any) -> str:
    return str(value).strip().lower()


def _number(field: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{field}: “{value}” is no number; write e.g. 5.0, in metres, without the unit.")
    return number


def _whole(field: str, value: Any) -> int:
    return round(_number(field, value))


def _flag(field: str, value: Any) -> bool:
    word = str(value).strip().lower().removesuffix(".0")
    if word in _TRUE_WORDS | _FALSE_WORDS:
        return word in _TRUE_WORDS
    raise ValueError(f"{field}: “{value}” is neither yes nor no; write true or false.")


def _kerb(field: str, value: Any) -> shapely.LineString:
    """A kerb given in longitude and latitude, in EPSG:3857."""
    try:
        return shapely.transform(_lonlat(value, shapely.LineString), lonlat_to_3857)
    except (ValueError, TypeError, KeyError, shapely.errors.ShapelyError) as error:
        raise ValueError(
            f"{field}: not understood ({error}); write LINESTRING(lon lat, lon lat, …) in WGS 84 degrees."
        ) from error


def _access_edges(field: str, value: Any) -> shapely.MultiLineString:
    """Access edges given in longitude and latitude, in EPSG:3857; a single line is taken as one edge."""
    try:
        edges = _lonlat(value, shapely.MultiLineString)
        if edges.geom_type == "LineString":
            edges = shapely.MultiLineString([edges])
        return shapely.transform(edges, lonlat_to_3857)
    except (ValueError, TypeError, KeyError, shapely.errors.ShapelyError) as error:
        raise ValueError(
            f"{field}: not understood ({error}); write MULTILINESTRING((lon lat, lon lat), …) in WGS 84 degrees."
        ) from error


def _lonlat(value: Any, kind: Callable[[Any], shapely.Geometry]) -> shapely.Geometry:
    """A geometry from WKT, GeoJSON (also as text), or bare coordinates, which are taken for a `kind`."""
    if isinstance(value, str) and not value.lstrip().startswith(("{", "[")):
        return shapely.from_wkt(value)
    parsed = json.loads(value) if isinstance(value, str) else value
    if isinstance(parsed, Mapping):
        return shapely.geometry.shape(parsed)
    return kind(parsed)


#: Every attribute but the slug and the outline, which each record must have.
_READERS: dict[str, Callable[[str, Any], Any]] = {
    "name": _text,
    "mode": _word,
    "angle_deg": _number,
    "slot_length_m": _number,
    "slot_width_m": _number,
    "spacing_m": _number,
    "kerb_3857": _kerb,
    "access_edges_3857": _access_edges,
    "mixed_sizes": _flag,
    "access": _word,
    "hours": _text,
    "validity_s": _whole,
    "enabled": _flag,
    "standing": _word,
    "source": _text,
    "licence": _text,
}
assert {field.name for field in fields(ZoneSpec)} == {"slug", "geometry_3857", *_READERS}
