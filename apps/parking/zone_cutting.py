# SPDX-License-Identifier: AGPL-3.0-or-later
"""Cutting a zone along a line and joining zones that touch, with their kerbs and access edges. Pure: no Django.

Works in true metres around the zone; takes and gives EPSG:3857.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import ops

from apps.parking.zones import MIN_ZONE_M2, ZoneSpec, place_words
from camera_registry.mercator import LocalFrame

__all__ = ["TOUCH_M", "CutRefused", "merged", "parts_of", "touches"]

#: A line that was drawn from edge to edge, and snapped there, may end a hair's breadth inside, true metres.
BLADE_REACH_M = 0.3
#: A kerb or an access edge lies beside the outline; the cut goes on that far to meet it.
BESIDE_REACH_M = 12.0
#: Zones with a gap up to this touch: half a kerbstone, or two people's drawing.
TOUCH_M = 0.3
#: Zones must share at least this length of an edge to become one.
MIN_SHARED_M = 1.0
#: Shorter pieces of kerb or access edge are left over from the cut.
MIN_LINE_M = 0.3


class CutRefused(ValueError):
    """Zones that cannot be cut or joined so; the text says where and what to do."""


@dataclass(frozen=True)
class _Metres:
    """A zone's lines in true metres."""

    frame: LocalFrame
    outline: shapely.Polygon
    kerb: shapely.LineString | None
    access: shapely.MultiLineString | None

    @classmethod
    def of(cls, spec: ZoneSpec, frame: LocalFrame) -> _Metres:
        def metres(geometry: shapely.Geometry | None) -> shapely.Geometry | None:
            return None if geometry is None else frame.geometry_to_metres(geometry)

        return cls(frame, metres(spec.geometry_3857), metres(spec.kerb_3857), metres(spec.access_edges_3857))


def parts_of(spec: ZoneSpec, blade_3857: shapely.LineString) -> list[ZoneSpec]:
    """The parts of a zone on both sides of a line, largest first, each with its piece of kerb and access edges.

    A zone without a kerb gives its longest edge, which served as one, to the parts that lie along it. All parts have the
    zone's slug and name. Raises CutRefused when the line does not cross the zone from side to side.
    """
    frame = LocalFrame.around(spec.geometry_3857)
    zone = _Metres.of(spec, frame)
    blade = frame.geometry_to_metres(blade_3857)
    if not blade.length > 0 or not blade.is_simple:
        raise CutRefused("The line to split along crosses itself or has no length; draw it anew.")
    parts = _pieces(zone.outline, _extended(blade, BLADE_REACH_M))
    if len(parts) < 2:
        where = place_words(*blade_3857.coords[0][:2])
        raise CutRefused(
            f"The line that begins at {where} does not cross the zone from one side to another; begin and end it"
            " outside."
        )
    parts.sort(key=lambda part: part.area, reverse=True)
    if parts[-1].area < MIN_ZONE_M2:
        x, y = frame.to_3857([parts[-1].centroid.coords[0]])[0]
        raise CutRefused(
            f"The part at {place_words(float(x), float(y))} would have {parts[-1].area:.1f} m²: too small for any car."
        )
    long_blade = _extended(blade, BESIDE_REACH_M)
    kerbs = _shared_out(zone.kerb or _longest_edge(zone.outline), long_blade, parts)
    access = [[] for _ in parts] if zone.access is None else _shared_out(zone.access, long_blade, parts)
    return [
        replace(
            spec,
            geometry_3857=frame.geometry_to_3857(part),
            kerb_3857=_to_3857(frame, _one_line(kerbs[index])),
            access_edges_3857=_to_3857(
                frame, shapely.MultiLineString(access[index]) if access[index] else None
            ),
        )
        for index, part in enumerate(parts)
    ]


def touches(spec: ZoneSpec, other: ZoneSpec) -> bool:
    """Whether two zones share enough of an edge, or overlap, to become one."""
    frame = LocalFrame.around(spec.geometry_3857)
    one, two = (frame.geometry_to_metres(each.geometry_3857) for each in (spec, other))
    return bool(_shared_m(one, two) >= MIN_SHARED_M)


def merged(spec: ZoneSpec, others: Sequence[ZoneSpec]) -> ZoneSpec:
    """The zone that these make together: the first one's name and rules, everybody's ground, kerbs and access edges.

    Raises CutRefused where they do not touch, or where different people may park, or at different hours.
    """
    frame = LocalFrame.around(spec.geometry_3857)
    for other in others:
        for field, what in (("access", "who may park there"), ("hours", "the hours")):
            if getattr(spec, field) != getattr(other, field):
                raise CutRefused(
                    f"{spec.name} and {other.name} differ in {what}; make them the same first, or keep two zones."
                )
    zones = [_Metres.of(each, frame) for each in (spec, *others)]
    outline = zones[0].outline
    waiting = list(zip(others, zones[1:], strict=True))
    while waiting:
        index = next(
            (i for i, (_, zone) in enumerate(waiting) if _shared_m(outline, zone.outline) >= MIN_SHARED_M),
            None,
        )
        if index is None:
            raise CutRefused(_gap_words(spec, waiting[0][0], frame, outline, waiting[0][1].outline))
        outline = _joined(outline, waiting.pop(index)[1].outline)
    return replace(
        spec,
        geometry_3857=frame.geometry_to_3857(outline),
        kerb_3857=_to_3857(frame, _merged_kerb(zones)),
        access_edges_3857=_to_3857(frame, _merged_access(zones, outline)),
    )


# --- in true metres --------------------------------------------------------------------------------------------------


def _extended(line: shapely.LineString, by_m: float) -> shapely.LineString:
    """A line, longer at both ends."""
    xy = shapely.get_coordinates(line)

    def beyond(end: np.ndarray, before: np.ndarray) -> np.ndarray:
        way = end - before
        return end + way / np.hypot(*way) * by_m

    return shapely.LineString([beyond(xy[0], xy[1]), *xy, beyond(xy[-1], xy[-2])])


def _pieces(outline: shapely.Polygon, blade: shapely.LineString) -> list[shapely.Polygon]:
    return [part for part in shapely.get_parts(ops.split(outline, blade)) if part.area > 0.01]


def _longest_edge(outline: shapely.Polygon) -> shapely.LineString:
    xy = shapely.get_coordinates(outline.exterior)
    longest = int(np.argmax(np.hypot(*np.diff(xy, axis=0).T)))
    return shapely.LineString(xy[longest : longest + 2])


def _shared_out(
    lines: shapely.Geometry, blade: shapely.LineString, parts: Sequence[shapely.Polygon]
) -> list[list[shapely.LineString]]:
    """Each piece of the lines, cut by the blade, goes to the part that it lies along; one that lies along none to none.

    A piece belongs to a part's outline when it is as near to it as to any, over its whole length.
    """
    shares: list[list[shapely.LineString]] = [[] for _ in parts]
    for line in shapely.get_parts(lines):
        for piece in shapely.get_parts(ops.split(line, blade)):
            if piece.length < MIN_LINE_M:
                continue
            middle = piece.interpolate(0.5, normalized=True)
            nearest = int(np.argmin([part.boundary.distance(middle) for part in parts]))
            shares[nearest].append(piece)
    return shares


def _one_line(pieces: Sequence[shapely.LineString]) -> shapely.LineString | None:
    """The pieces as one line where they meet, else the longest of them."""
    if not pieces:
        return None
    joined = shapely.line_merge(shapely.MultiLineString(list(pieces)))
    return max(shapely.get_parts(joined), key=lambda line: line.length)


def _shared_m(one: shapely.Polygon, two: shapely.Polygon) -> float:
    """How much of an edge two zones share, or run beside each other within the gap that still touches."""
    if one.distance(two) > TOUCH_M:
        return 0.0
    reach = one.buffer(TOUCH_M, join_style="mitre")
    return (
        float(two.boundary.intersection(reach).length) / 2
        if two.within(reach)
        else float(two.boundary.intersection(reach).length)
    )


def _joined(one: shapely.Polygon, two: shapely.Polygon) -> shapely.Polygon:
    """Their union, with a gap of up to TOUCH_M between them closed."""
    union = shapely.union(one, two)
    if union.geom_type != "Polygon":
        half = TOUCH_M / 2 + 0.01
        bridge = shapely.intersection(
            one.buffer(half, join_style="mitre"), two.buffer(half, join_style="mitre")
        ).buffer(half, join_style="mitre")
        hull = shapely.intersection(bridge, shapely.union(one, two).convex_hull)
        union = shapely.union_all([one, two, hull])
    polygon = max(shapely.get_parts(union), key=lambda part: part.area)
    return shapely.simplify(polygon, 0.005)


def _gap_words(
    spec: ZoneSpec, other: ZoneSpec, frame: LocalFrame, outline: shapely.Polygon, ground: shapely.Polygon
) -> str:
    line = shapely.shortest_line(outline, ground)
    x, y = frame.to_3857([line.coords[0]])[0]
    where = place_words(float(x), float(y))
    if line.length <= TOUCH_M:
        return f"{spec.name} and {other.name} touch in a corner only, at {where}; zones are joined along an edge."
    return (
        f"{spec.name} and {other.name} do not touch: {line.length:.1f} m lie between them at {where}; move an edge of"
        " one onto the other."
    )


def _merged_kerb(zones: Sequence[_Metres]) -> shapely.LineString | None:
    """The kerbs end to end where they meet (or nearly do), else the longest; None where nobody drew one."""
    drawn = [zone.kerb for zone in zones if zone.kerb is not None]
    if not drawn:
        return None
    line = drawn[0]
    rest = drawn[1:]
    while rest:
        ends = [
            (shapely.Point(a).distance(shapely.Point(b)), index, flip_line, flip_other)
            for index, other in enumerate(rest)
            for flip_line, a in ((True, line.coords[0]), (False, line.coords[-1]))
            for flip_other, b in ((False, other.coords[0]), (True, other.coords[-1]))
        ]
        gap, index, flip_line, flip_other = min(ends)
        other = rest.pop(index)
        if gap > 2 * TOUCH_M:
            line = max(line, other, key=lambda each: each.length)
            continue
        first = line.reverse() if flip_line else line
        second = other.reverse() if flip_other else other
        xy = [*first.coords, *(second.coords if gap > 0.01 else second.coords[1:])]
        line = shapely.simplify(shapely.LineString(xy), 0.005)
    return line


def _merged_access(zones: Sequence[_Metres], outline: shapely.Polygon) -> shapely.MultiLineString | None:
    """All access edges that still lie on the outline; None, so that the default serves, where a zone has none drawn."""
    if any(zone.access is None for zone in zones):
        return None
    lines = shapely.union_all([zone.access for zone in zones])
    kept = shapely.intersection(lines, outline.boundary.buffer(TOUCH_M))
    joined = shapely.line_merge(kept) if kept.geom_type == "MultiLineString" else kept
    long = [
        line
        for line in shapely.get_parts(joined)
        if line.geom_type == "LineString" and line.length > MIN_LINE_M
    ]
    return shapely.MultiLineString(long) if long else None


def _to_3857(frame: LocalFrame, geometry: shapely.Geometry | None) -> shapely.Geometry | None:
    return None if geometry is None else frame.geometry_to_3857(geometry)
