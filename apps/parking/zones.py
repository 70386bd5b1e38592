# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a parking zone must be like, said in words that name the place. Pure: no Django.

The admin form, the import and the model all ask `zone_problems`, so a zone that crosses itself is refused with the
same sentence everywhere.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

import shapely

from apps.parking.hours import hours_problems
from camera_registry.mercator import LocalFrame, xy_3857_to_lonlat

__all__ = [
    "ACCESS_VALUES",
    "MODES",
    "MODE_DEFAULTS",
    "SLOT_SIZES",
    "STANDINGS",
    "ModeDefaults",
    "ZoneSpec",
    "filled_in",
    "geometry_problems",
    "place_words",
    "zone_problems",
]

ACCESS_VALUES = ("public", "residents", "private")
#: Only an accepted zone can be switched on; the others are kept for their history or for a person to judge.
STANDINGS = ("accepted", "proposed", "declined", "retired")
SLUG_PATTERN = re.compile(r"^[a-z0-9][a-z0-9_-]{0,59}$")

#: Where EPSG:3857 ends, in its own units.
WORLD_3857 = 20_037_508.35
#: A zone smaller than the smallest car's slot (a Smart: 2.5 × 1.66 m) can hold nothing.
MIN_ZONE_M2 = 4.0
#: 0.5 km²: the car parks of the largest airports. Beyond it the coordinates are probably in another CRS.
MAX_ZONE_M2 = 500_000.0
SLOT_LENGTH_RANGE_M = (2.0, 20.0)
SLOT_WIDTH_RANGE_M = (1.4, 5.0)
SPACING_RANGE_M = (0.0, 5.0)
#: As for the site's own SPARK_VALIDITY_S.
VALIDITY_RANGE_S = (1, 86_400)
#: A kerb farther from its zone than this belongs to another one.
MAX_KERB_DISTANCE_M = 10.0
#: A line drawn by hand runs along an outline when it stays this close to it.
ACCESS_REACH_M = 1.0


@dataclass(frozen=True)
class ModeDefaults:
    """Slot size and the gap between neighbours along the kerb, true metres."""

    slot_length_m: float
    slot_width_m: float
    spacing_m: float


#: The paper leaves the size open. 5.0 × 2.3 m with 0.5 m between bumpers is a common kerbside bay; across the kerb
#: the width already holds the room for the doors.
MODE_DEFAULTS = {
    "parallel": ModeDefaults(5.0, 2.3, 0.5),
    "perpendicular": ModeDefaults(5.0, 2.5, 0.0),
    "diagonal": ModeDefaults(5.0, 2.5, 0.0),
    "free": ModeDefaults(5.0, 2.5, 0.5),
}
MODES = tuple(MODE_DEFAULTS)
#: What a zone takes from its mode where nobody chose.
SLOT_SIZES = ("slot_length_m", "slot_width_m", "spacing_m")


@dataclass(frozen=True)
class ZoneSpec:
    """A parking zone as people describe it; geometries in EPSG:3857, sizes in true metres.

    `angle_deg` is the angle of the slots to the kerb, for diagonal zones. `kerb_3857` is the line that cars line up
    along; without it the zone's longest edge serves. `access_edges_3857` are the parts of the outline across which cars
    drive in; without them every edge that is not kerb. `mixed_sizes`: smaller spaces may fill what is left. `hours` is an
    `opening_hours` expression, empty for always. `validity_s` None means the site's default. `source` says what the zone was
    made from, `licence` under which terms.
    """

    slug: str
    name: str
    geometry_3857: shapely.Geometry
    mode: str = "parallel"
    angle_deg: float | None = None
    slot_length_m: float | None = None
    slot_width_m: float | None = None
    spacing_m: float | None = None
    kerb_3857: shapely.LineString | None = None
    access_edges_3857: shapely.MultiLineString | None = None
    mixed_sizes: bool = False
    access: str = "public"
    hours: str = ""
    validity_s: int | None = None
    enabled: bool = True
    standing: str = "accepted"
    source: str = ""
    licence: str = ""


def filled_in(spec: ZoneSpec) -> ZoneSpec:
    """The zone with its mode's slot size where none was chosen; as it is where the mode is none."""
    defaults = MODE_DEFAULTS.get(spec.mode)
    if defaults is None:
        return spec
    return replace(
        spec, **{name: getattr(defaults, name) for name in SLOT_SIZES if getattr(spec, name) is None}
    )


def zone_problems(spec: ZoneSpec) -> dict[str, list[str]]:
    """What is wrong with a zone: field name -> sentences, each with the cure. Empty when all is well."""
    found: dict[str, list[str]] = {}

    def complain(field: str, sentences: list[str]) -> None:
        if sentences:
            found.setdefault(field, []).extend(sentences)

    if not SLUG_PATTERN.match(spec.slug):
        complain("slug", ["Use 1 to 60 small letters, digits, hyphens or underscores; begin with no hyphen."])
    if not spec.name.strip():
        complain("name", ["Give the zone a name that people on the street know it by."])
    if spec.mode not in MODES:
        complain("mode", [f"“{spec.mode}” is no parking mode; use one of {', '.join(MODES)}."])
    if spec.access not in ACCESS_VALUES:
        complain("access", [f"“{spec.access}” is no access rule; use one of {', '.join(ACCESS_VALUES)}."])
    complain("hours", hours_problems(spec.hours))
    complain("enabled", _standing_problems(spec))
    complain("geometry", geometry_problems(spec.geometry_3857))
    complain("angle_deg", _angle_problems(spec))
    complain("slot_length_m", _range_problems(spec.slot_length_m, SLOT_LENGTH_RANGE_M, "m"))
    complain("slot_width_m", _range_problems(spec.slot_width_m, SLOT_WIDTH_RANGE_M, "m"))
    complain("spacing_m", _range_problems(spec.spacing_m, SPACING_RANGE_M, "m"))
    complain("validity_s", _range_problems(spec.validity_s, VALIDITY_RANGE_S, "s"))
    if spec.slot_length_m and spec.slot_width_m and spec.slot_width_m > spec.slot_length_m:
        complain("slot_width_m", ["The width is larger than the length; the length is the car's direction."])
    if spec.kerb_3857 is not None and "geometry" not in found:
        complain("kerb", _kerb_problems(spec.kerb_3857, spec.geometry_3857))
    if spec.access_edges_3857 is not None and "geometry" not in found:
        complain("access_edges", _access_problems(spec.access_edges_3857, spec.geometry_3857))
    return found


def geometry_problems(geometry_3857: shapely.Geometry) -> list[str]:
    """What is wrong with a zone's outline (EPSG:3857); each sentence names the place in longitude and latitude."""
    if geometry_3857 is None or geometry_3857.is_empty:
        return ["The zone has no outline; draw one polygon."]
    if geometry_3857.geom_type != "Polygon":
        return [_wrong_type_sentence(geometry_3857)]
    bounds = geometry_3857.bounds
    if not all(math.isfinite(value) and abs(value) <= WORLD_3857 for value in bounds):
        return ["The outline leaves the world; check its coordinate system and that longitude comes first."]
    if not geometry_3857.is_valid:
        return [_validity_sentence(shapely.is_valid_reason(geometry_3857))]
    area_m2 = LocalFrame.around(geometry_3857).geometry_to_metres(geometry_3857).area
    if area_m2 < MIN_ZONE_M2:
        return [
            f"The zone at {place_words(*_centre(geometry_3857))} is {area_m2:.1f} m²: too small for any car."
        ]
    if area_m2 > MAX_ZONE_M2:
        sentence = (
            f"The zone at {place_words(*_centre(geometry_3857))} is {area_m2 / 1e6:.1f} km², larger than the"
            f" {MAX_ZONE_M2 / 1e6:.1f} km² allowed; check its coordinate system, or split it."
        )
        return [sentence]
    return []


def _wrong_type_sentence(geometry_3857: shapely.Geometry) -> str:
    kind = geometry_3857.geom_type
    if kind == "MultiPolygon":
        count = len(geometry_3857.geoms)
        return f"The zone has {count} separate parts; make each part a zone of its own."
    return f"A zone is a polygon, this is a {kind}; draw its outline."


def _validity_sentence(reason: str) -> str:
    """GEOS's reason ("Self-intersection[x y]", EPSG:3857) as a sentence with the place and the cure."""
    match = re.match(r"(?P<what>[^\[]+)(?:\[(?P<x>\S+) (?P<y>\S+)\])?", reason)
    what = match["what"].strip() if match else reason
    where = ""
    if match and match["x"]:
        where = f" at {place_words(float(match['x']), float(match['y']))}"
    sentences = {
        "Self-intersection": f"The zone crosses itself{where}; move its corners until no two edges cross.",
        "Ring Self-intersection": f"The zone touches itself{where}; move the corner away from the other edge.",
        "Hole lies outside shell": f"A hole lies outside the zone{where}; remove it.",
        "Holes are nested": f"One hole lies in another{where}; remove the inner one.",
        "Interior is disconnected": f"Holes cut the zone in two{where}; make two zones.",
        "Too few points in geometry component": f"An edge ring has fewer than three corners{where}; add corners.",
    }
    return sentences.get(what, f"The outline is not valid{where}: {what}; redraw it there.")


def _standing_problems(spec: ZoneSpec) -> list[str]:
    if spec.standing not in STANDINGS:
        return [f"“{spec.standing}” is no standing of a zone; use one of {', '.join(STANDINGS)}."]
    if spec.enabled and spec.standing != "accepted":
        return [f"The zone is {spec.standing}; accept it before it is switched on."]
    return []


def _angle_problems(spec: ZoneSpec) -> list[str]:
    if spec.mode == "diagonal":
        if spec.angle_deg is None:
            return ["A diagonal zone needs the angle between slots and kerb, e.g. 45."]
        if not 0 < spec.angle_deg < 180:
            return [f"The angle must lie between 0 and 180 degrees, got {spec.angle_deg:g}."]
    elif spec.angle_deg is not None:
        return [f"Only diagonal zones have an angle; leave it empty for {spec.mode}."]
    return []


def _range_problems(value: float | None, limits: tuple[float, float], unit: str) -> list[str]:
    low, high = limits
    if value is None or low <= value <= high:
        return []
    return [f"Must lie within {low:g} and {high:g} {unit}, got {value:g}."]


def _kerb_problems(kerb_3857: shapely.Geometry, zone_3857: shapely.Geometry) -> list[str]:
    if kerb_3857.geom_type != "LineString" or kerb_3857.is_empty or not kerb_3857.length > 0:
        return ["The kerb is a line with two or more points."]
    frame = LocalFrame.around(zone_3857)
    gap_m = frame.geometry_to_metres(kerb_3857).distance(frame.geometry_to_metres(zone_3857))
    if not gap_m <= MAX_KERB_DISTANCE_M:
        start = kerb_3857.coords[0]
        sentence = (
            f"The kerb that begins at {place_words(start[0], start[1])} is {gap_m:.0f} m away from the zone;"
            f" at most {MAX_KERB_DISTANCE_M:g} m."
        )
        return [sentence]
    return []


def _access_problems(edges_3857: shapely.Geometry, zone_3857: shapely.Geometry) -> list[str]:
    if edges_3857.geom_type != "MultiLineString" or edges_3857.is_empty:
        return [
            "Access edges are lines along the zone's outline; draw one for each side where cars drive in."
        ]
    frame = LocalFrame.around(zone_3857)
    outline = frame.geometry_to_metres(zone_3857).boundary
    return [
        sentence
        for line in edges_3857.geoms
        for sentence in _access_line_problems(line, frame.geometry_to_metres(line), outline)
    ]


def _access_line_problems(
    line_3857: shapely.LineString, line_m: shapely.LineString, outline_m: shapely.Geometry
) -> list[str]:
    cure = f"draw it along the outline, at most {ACCESS_REACH_M:g} m off, or leave it out"
    along_m = line_m.intersection(outline_m.buffer(ACCESS_REACH_M)).length
    if along_m >= line_m.length / 2 > 0:
        return []
    corners = zip(line_3857.coords, shapely.get_coordinates(line_m), strict=True)
    gaps = [(outline_m.distance(shapely.Point(metres)), place) for place, metres in corners]
    gap_m, place = max(gaps, key=lambda gap: gap[0])
    where = place_words(place[0], place[1])
    if not line_m.length > 0:
        return [f"The access edge at {where} has no length; {cure}."]
    return [f"The access edge is {gap_m:.1f} m away from the zone's outline at {where}; {cure}."]


def _centre(geometry_3857: shapely.Geometry) -> tuple[float, float]:
    west, south, east, north = geometry_3857.bounds
    return (west + east) / 2, (south + north) / 2


def place_words(x_3857: float, y_3857: float) -> str:
    """A place in EPSG:3857 as every sentence of the project names it."""
    lon, lat = xy_3857_to_lonlat([x_3857, y_3857])
    return f"longitude {lon:.6f}, latitude {lat:.6f}"
