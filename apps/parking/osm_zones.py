# SPDX-License-Identifier: AGPL-3.0-or-later
"""Proposed zones from an OpenStreetMap extract: strips beside the streets' centre lines, cut back where nobody may stop.

Pure: no Django. A centre line, a tag and a rule of thumb are no survey: what comes out is a proposal for somebody who knows
the street, or looks at a camera's picture, to move into place and accept.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import ops

from apps.parking.osm_files import OsmExtract, OsmWay
from apps.parking.osm_tags import NotProposed, SideParking, area_parking, metres, side_parking
from apps.parking.zones import MODE_DEFAULTS, ZoneSpec, zone_problems
from camera_registry.mercator import LocalFrame, lonlat_to_3857

__all__ = ["LICENCE", "Skipped", "propose"]

LICENCE = "© OpenStreetMap contributors, ODbL 1.0, https://www.openstreetmap.org/copyright"

#: Width of the carriageway, true metres, where neither width nor lanes are mapped.
CARRIAGEWAY_M = {
    "motorway": 0.0, "trunk": 0.0, "primary": 8.0, "secondary": 7.5, "tertiary": 7.0, "unclassified": 6.0,
    "residential": 6.0, "living_street": 5.0, "pedestrian": 5.0, "service": 3.5,
}  # fmt: skip
DEFAULT_CARRIAGEWAY_M = 6.0
LANE_M = 3.0
#: Nobody parks nearer to a junction's edge, nor to a crossing: 5 m in the Highway Codes of Türkiye and Germany.
CLEAR_OF_JUNCTION_M = 5.0
CLEAR_OF_DRIVEWAY_M = 1.0
#: Around the node itself: half of a zebra, or of a bus, and the clearance.
CLEAR_OF_NODE_M = {"crossing": 2.0 + CLEAR_OF_JUNCTION_M, "bus_stop": 15.0}
#: A node stands for a place on its own street, not on the next one.
NODE_REACH_M = 12.0
#: How far along the other street a junction is looked at.
JUNCTION_REACH_M = 40.0
#: Two ways that meet end to end and bend by less than this are one street.
STRAIGHT_ON_DEG = 50.0
#: Ways on which cars drive.
_NO_STREETS = {
    "footway",
    "cycleway",
    "path",
    "steps",
    "bridleway",
    "corridor",
    "proposed",
    "construction",
    "platform",
}
#: A strip is so much deeper than its slots, and a slot so much narrower than a mapped strip: a zone of exactly its slot's
#: width holds none, by the last millimetre.
DEPTH_SLACK_M = 0.2
#: A narrower slot is none: the least that a zone may have.
NARROWEST_SLOT_M = 1.4
#: Rounding of the strips' corners.
SIMPLIFY_M = 0.05


@dataclass(frozen=True)
class Skipped:
    """Mapped parking of which nothing is proposed, and why."""

    way: int
    reason: str


def propose(extract: OsmExtract) -> tuple[list[ZoneSpec], list[Skipped]]:
    """Zones for all street parking of an extract, and what was left out with the reasons."""
    proposals: list[ZoneSpec] = []
    skipped: list[Skipped] = []
    streets = _Streets(extract)
    for way in extract.ways:
        for side in ("left", "right"):
            try:
                parking = side_parking(way.tags, side)
                if parking is not None:
                    proposals += _strip_zones(way, side, parking, streets)
            except NotProposed as reason:
                skipped.append(Skipped(way.id, f"{side}: {reason}"))
        try:
            parking = area_parking(way.tags)
            if parking is not None:
                proposals.append(_area_zone(way, parking))
        except NotProposed as reason:
            skipped.append(Skipped(way.id, str(reason)))
    return proposals, skipped


class _Streets:
    """Streets by their nodes, to find where they meet."""

    def __init__(self, extract: OsmExtract) -> None:
        self.nodes = extract.nodes
        self.by_node: dict[int, list[OsmWay]] = defaultdict(list)
        for way in extract.ways:
            if "highway" in way.tags and way.tags["highway"] not in _NO_STREETS:
                for node in set(way.nodes):
                    self.by_node[node].append(way)

    def meeting(self, way: OsmWay) -> Iterator[tuple[int, OsmWay]]:
        """Index of the node, and each other street that meets this one there, without its own continuation."""
        for index, node in enumerate(way.nodes):
            others = [other for other in self.by_node[node] if other.id != way.id]
            if len(others) == 1 and _goes_on(way, others[0], node):
                continue
            yield from ((index, other) for other in others)


def _goes_on(way: OsmWay, other: OsmWay, node: int) -> bool:
    """Whether the other way is the same street: end to end, and nearly straight on."""
    if node not in (way.nodes[0], way.nodes[-1]) or node not in (other.nodes[0], other.nodes[-1]):
        return False
    first = _away(way, node)
    second = _away(other, node)
    cosine = float(first @ second) / float(np.hypot(*first) * np.hypot(*second))
    return cosine < -math.cos(math.radians(STRAIGHT_ON_DEG))


def _away(way: OsmWay, node: int) -> np.ndarray:
    """The direction in which a way leaves one of its ends, EPSG:3857."""
    ends = way.lonlat[:2] if way.nodes[0] == node else way.lonlat[-1:-3:-1]
    xy = lonlat_to_3857(ends)
    return xy[1] - xy[0]


def _carriageway(way: OsmWay) -> tuple[float, bool]:
    """Width of a way's carriageway in true metres, and whether it is from kerb to kerb, parked cars included."""
    for key in ("width:carriageway", "width"):
        width = metres(way.tags.get(key))
        if width is not None:
            return width, True
    lanes = metres(way.tags.get("lanes"))
    if lanes is not None:
        return lanes * LANE_M, False
    return CARRIAGEWAY_M.get(way.tags.get("highway", "").removesuffix("_link"), DEFAULT_CARRIAGEWAY_M), False


def _line(way: OsmWay, frame: LocalFrame) -> shapely.LineString:
    return shapely.LineString(frame.to_metres(lonlat_to_3857(way.lonlat)))


def _depth_m(parking: SideParking) -> float:
    """How far cars reach from the kerb into the street."""
    if parking.width_m is not None:
        return parking.width_m
    sizes = MODE_DEFAULTS[parking.mode]
    if parking.mode == "parallel":
        return sizes.slot_width_m + DEPTH_SLACK_M
    turn = math.radians(parking.angle_deg or 90.0)
    return sizes.slot_length_m * math.sin(turn) + sizes.slot_width_m * math.cos(turn) + DEPTH_SLACK_M


def _span(way: OsmWay, parking: SideParking) -> tuple[float, float]:
    """From where to where the strip reaches, true metres from the centre line; the kerb is at the far end."""
    width, kerb_to_kerb = _carriageway(way)
    half, depth = width / 2, _depth_m(parking)
    if parking.position == "half_on_kerb":
        near = half - depth / 2 if kerb_to_kerb else half
    elif parking.position == "lane" and kerb_to_kerb:
        near = half - depth
    else:
        near = half
    return max(0.2, near), max(0.2, near) + depth


def _strip_zones(way: OsmWay, side: str, parking: SideParking, streets: _Streets) -> list[ZoneSpec]:
    frame = LocalFrame.around(shapely.LineString(lonlat_to_3857(way.lonlat)))
    line = _line(way, frame)
    if not line.length > 0:
        raise NotProposed(f"{side}: the way has no length")
    near, far = _span(way, parking)
    sign = 1.0 if side == "left" else -1.0
    strip = shapely.difference(_beside(line, sign * far), _beside(line, sign * near))
    strip = shapely.difference(strip, _no_parking(way, line, frame, streets))
    length_m = MODE_DEFAULTS[parking.mode].slot_length_m
    width_m = MODE_DEFAULTS[parking.mode].slot_width_m
    least = length_m if parking.mode == "parallel" else width_m
    kerb, road = (shapely.offset_curve(line, sign * at, join_style="mitre") for at in (far, near))
    parts = [
        shapely.simplify(part, SIMPLIFY_M)
        for part in shapely.get_parts(strip)
        if part.geom_type == "Polygon" and part.area >= least * (far - near) * 0.99
    ]
    parts.sort(key=lambda part: line.project(part.centroid))
    street = way.tags.get("name") or f"Way {way.id}"
    proposals = []
    for number, part in enumerate(parts, start=1):
        ending = f" {number}" if len(parts) > 1 else ""
        proposals.append(
            _proposal(
                way, parking, frame, part,
                slug=f"osm-{way.id}-{side}-{number}",
                name=f"{street}, {side}{ending}",
                part_words=f", {side} side",
                kerb=_along(kerb, part),
                access=_along(road, part),
            )
        )  # fmt: skip
    return [found for found in proposals if found is not None]


def _beside(line: shapely.LineString, distance_m: float) -> shapely.Geometry:
    """The ground between a line and a parallel to it; to its left for a positive distance."""
    return shapely.buffer(
        line, distance_m, single_sided=True, cap_style="flat", join_style="mitre", mitre_limit=2.0
    )


def _no_parking(
    way: OsmWay, line: shapely.LineString, frame: LocalFrame, streets: _Streets
) -> shapely.Geometry:
    """Ground near junctions, driveways, crossings and stops."""
    grounds = []
    for index, other in streets.meeting(way):
        driveway = other.tags.get("highway") == "service"
        clear = CLEAR_OF_DRIVEWAY_M if driveway else CLEAR_OF_JUNCTION_M
        at = shapely.Point(frame.to_metres(lonlat_to_3857([way.lonlat[index]]))[0])
        arm = shapely.intersection(_line(other, frame), at.buffer(JUNCTION_REACH_M))
        grounds.append(arm.buffer(_carriageway(other)[0] / 2 + clear, cap_style="flat"))
        if not driveway:
            grounds.append(at.buffer(_carriageway(other)[0] / 2 + clear))
    for node in streets.nodes:
        at = shapely.Point(frame.to_metres(lonlat_to_3857([node.lonlat]))[0])
        if at.distance(line) <= NODE_REACH_M:
            # Across the whole street: a circle around the node would leave the strip's far edge.
            on_line = line.project(at)
            clear = CLEAR_OF_NODE_M[node.tags["highway"]]
            piece = ops.substring(line, max(0.0, on_line - clear), min(line.length, on_line + clear))
            grounds.append(piece.buffer(NODE_REACH_M, cap_style="flat"))
    return shapely.union_all(grounds)


def _along(curve: shapely.Geometry, part: shapely.Polygon) -> shapely.LineString | None:
    """The piece of a curve that runs along a part's outline."""
    found = shapely.intersection(curve, part.buffer(2 * SIMPLIFY_M))
    joined = shapely.line_merge(found) if found.geom_type == "MultiLineString" else found
    lines = [one for one in shapely.get_parts(joined) if one.geom_type == "LineString"]
    return shapely.simplify(max(lines, key=lambda one: one.length), SIMPLIFY_M) if lines else None


def _area_zone(way: OsmWay, parking: SideParking) -> ZoneSpec:
    if way.lonlat[0] != way.lonlat[-1] or len(way.lonlat) < 4:
        raise NotProposed("the area's outline is not closed")
    outline_3857 = shapely.Polygon(lonlat_to_3857(way.lonlat))
    frame = LocalFrame.around(outline_3857)
    found = _proposal(
        way, parking, frame, frame.geometry_to_metres(outline_3857),
        slug=f"osm-{way.id}", name=way.tags.get("name") or f"Way {way.id}", part_words="", kerb=None, access=None,
    )  # fmt: skip
    if found is None:
        raise NotProposed("the area's outline makes no zone")
    return found


def _proposal(
    way: OsmWay,
    parking: SideParking,
    frame: LocalFrame,
    part: shapely.Polygon,
    *,
    slug: str,
    name: str,
    part_words: str,
    kerb: shapely.LineString | None,
    access: shapely.LineString | None,
) -> ZoneSpec | None:
    """A zone of a piece of ground in `frame`'s metres; None when it could not be one."""
    sizes = MODE_DEFAULTS[parking.mode]
    width_m = sizes.slot_width_m
    if parking.mode == "parallel" and parking.width_m is not None:
        width_m = min(width_m, max(NARROWEST_SLOT_M, parking.width_m - DEPTH_SLACK_M))
    fee = f"; fee: {parking.fee[:40]}" if parking.fee else ""
    spec = ZoneSpec(
        slug=slug,
        name=name[:120],
        geometry_3857=frame.geometry_to_3857(shapely.orient_polygons(part)),
        mode=parking.mode,
        angle_deg=parking.angle_deg,
        slot_length_m=sizes.slot_length_m,
        slot_width_m=width_m,
        spacing_m=sizes.spacing_m,
        kerb_3857=None if kerb is None else frame.geometry_to_3857(kerb),
        access_edges_3857=None
        if access is None
        else frame.geometry_to_3857(shapely.MultiLineString([access])),
        access=parking.access,
        hours=parking.hours,
        enabled=False,
        standing="proposed",
        source=f"OpenStreetMap way {way.id}{part_words}{fee}",
        licence=LICENCE,
    )
    return None if zone_problems(spec) else spec
