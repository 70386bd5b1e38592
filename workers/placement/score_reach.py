# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which slots a car can drive into, judged in plain shapely and independent of the solver's geometry.

A slot is reachable when it, swept straight along its axis, leaves the zone over an access edge with its whole width and
touches no car and no other slot on the way. A slot that stands parallel to its kerb may also be swept sideways.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

# A swept slot is this much narrower on either side, and begins this far inside the slot: the rules let a slot lie a
# centimetre outside its zone, and a neighbour that is only grazed is not in the way.
_GRAZE_M = 0.01
_INSET_M = 0.02
# What the swept ground may share with a car, a slot or an edge that is no access: as much as a slot may.
_OVERLAP_M2 = 0.002
_EDGE_M = 0.02
# A line runs along an edge of the zone where it is this near to it for a metre, or for most of a shorter edge.
_NEAR_M = 0.3
_NEAR_LENGTH_M = 1.0
# A slot of free mode stands parallel within this of its kerb: the same that mode parallel allows.
_PARALLEL_DEG = 12.0


def access_edges(zone: Polygon, kerb: LineString | None, access: BaseGeometry | None = None) -> BaseGeometry:
    """The part of a zone's outline by which cars drive in: as given, or every outer edge that is not kerb."""
    if access is not None:
        return _edges_along(zone, access)
    if kerb is None or kerb.length == 0:
        return zone.exterior
    return shapely.difference(zone.exterior, _edges_along(zone, kerb))


def _edges_along(zone: Polygon, line: BaseGeometry) -> BaseGeometry:
    """Whole edges that a line runs along, and the part it runs along of longer ones; not those it only ends at."""
    near = line.buffer(_NEAR_M, cap_style="flat")
    found = []
    for pair in pairwise(zone.exterior.coords):
        edge = LineString(pair)
        beside = edge.intersection(near)
        if edge.length - beside.length <= min(2 * _NEAR_M, edge.length / 2):
            found.append(edge)
        elif beside.length >= _NEAR_LENGTH_M:
            found.append(beside)
    return shapely.union_all(found)


def reachable(
    outlines: Sequence[Polygon],
    cars: Sequence[BaseGeometry],
    zone: Polygon,
    kerb: LineString | None,
    access: BaseGeometry,
    mode: str,
) -> list[bool]:
    """For each outline, (length axis along its first side), whether a car can drive into it past all the others."""
    things = [*cars, *outlines]
    tree = shapely.STRtree(things)
    first_slot = len(cars)
    west, south, east, north = zone.bounds
    far = math.hypot(east - west, north - south) + 1.0
    found = []
    for index, outline in enumerate(outlines):
        lanes = _lanes(outline, far, mode == "parallel" or (mode == "free" and _along(outline, kerb)))
        found.append(
            any(
                _passable(lane, inside, zone, access)
                and not any(
                    k != first_slot + index and things[k].intersection(inside).area > _OVERLAP_M2
                    for k in tree.query(inside)
                )
                for lane, inside in ((lane, _first_part(lane, zone, outline)) for lane in lanes)
            )
        )
    return found


def _lanes(outline: Polygon, far: float, sideways: bool) -> list[Polygon]:
    """The ground swept from a slot's faces outwards: front and back, and both sides when asked."""
    corners = np.array(outline.exterior.coords)[:4]
    lanes = []
    # Corner 0 to 1 is the slot's length: the sides that begin at corners 1 and 3 are its front and back.
    for start in (1, 3, 0, 2) if sideways else (1, 3):
        a, b = corners[start], corners[(start + 1) % 4]
        along = (b - a) / np.hypot(*(b - a))
        out = np.array([along[1], -along[0]])  # corners run counter-clockwise
        a, b = a + along * _GRAZE_M - out * _INSET_M, b - along * _GRAZE_M - out * _INSET_M
        lanes.append(Polygon([a, b, b + out * far, a + out * far]))
    return lanes


def _first_part(lane: Polygon, zone: Polygon, outline: Polygon) -> BaseGeometry:
    """What a car crosses before it is out of the zone: the part of a lane that begins at the slot."""
    parts = [p for p in shapely.get_parts(shapely.intersection(lane, zone)) if p.geom_type == "Polygon"]
    return shapely.union_all([part for part in parts if part.intersection(outline).area > 0])


def _passable(lane: Polygon, inside: BaseGeometry, zone: Polygon, access: BaseGeometry) -> bool:
    """Whether a lane leaves the zone over access edges alone."""
    if inside.is_empty:
        return False
    left_over = shapely.intersection(zone.boundary, lane).intersection(inside.buffer(1e-6))
    shut = shapely.difference(left_over, access.buffer(_EDGE_M))
    return bool(shut.length <= _EDGE_M)


def _along(outline: Polygon, kerb: LineString | None) -> bool:
    if kerb is None or kerb.length == 0:
        return False
    (ax, ay), (bx, by) = list(outline.exterior.coords)[:2]
    theta = math.atan2(by - ay, bx - ax)
    segments = [LineString(pair) for pair in pairwise(kerb.coords)]
    nearest = min(segments, key=outline.centroid.distance)
    (cx, cy), (dx, dy) = nearest.coords
    off = math.degrees(theta - math.atan2(dy - cy, dx - cx)) % 180.0
    return min(off, 180.0 - off) <= _PARALLEL_DEG
