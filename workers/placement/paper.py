# SPDX-License-Identifier: AGPL-3.0-or-later
"""The SPARK paper's placement as published (§3.3.4, Figures 6 and 8), zone by zone.

Take off the mean coordinates, turn the longest edge onto the x axis, take the length of the occupied regions off the
total length to get N, and let an Artificial Bee Colony move N slots until their cost is zero or the iterations are
over. Nothing is added; docs/decisions/006 says what had to be decided where the paper is silent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from workers.placement.feasible import spaced_size
from workers.placement.geometry import AlignedFrame, Floats, polygon_edges, polygonal
from workers.placement.paper_kernels import layout_cost, run_colony
from workers.placement.parameters import PaperParameters
from workers.placement.problem import PlacementProblem

# Zone edges, occupied edges, where each occupied piece starts, and its bounds: what the kernels read.
SceneArrays = tuple[Floats, Floats, NDArray[np.int64], Floats]

# A search along x stands its row this far from the edge, or in the middle of a shallow zone; the paper does not say.
_EDGE_GAP_M = 0.3
# An edge that was drawn in pieces is one edge as long as its pieces depart from it by no more than this.
_ONE_EDGE_M = 0.5
# Areas below this are rounding: a fifth of what the exact check lets pass.
_NO_AREA_M2 = 2e-5
# Occupied pieces of more vertices than this are cut into tiles about as large as a slot, so that a slot meets only the
# edges near it: the outline of what no camera sees may have thousands.
_DETAILED = 64
_TILE_M = 6.0
# Four slots of 5 m do fit 20 m.
_LENGTH_NOISE_M = 4e-6


@dataclass(frozen=True)
class PaperTask:
    """What the paper gives its colony.

    ``n`` slots; ``low`` and ``high`` (3,) bound x, y and angle in ``frame``, of which the first ``moving`` move.
    ``size`` is half a slot's length and width, and both with the spacing; ``rules`` the penalties and the tolerance.
    """

    frame: AlignedFrame
    n: int
    low: Floats
    high: Floats
    moving: int
    scene: SceneArrays
    size: Floats
    rules: Floats

    def cost(self, poses: Floats) -> float:
        """The paper's cost C of a layout, (N, 3) poses in the aligned frame."""
        return float(layout_cost(poses, self.scene, self.size, self.rules))


@dataclass(frozen=True)
class Proposal:
    """What the bees propose: poses (N, 3) in the problem's frame, unchecked, ordered along the x axis.

    ``cost`` is the paper's, ``history`` its best value at the start and after each iteration, ``evaluations`` how many
    layouts were costed.
    """

    poses: Floats
    cost: float
    history: tuple[float, ...]
    evaluations: int


NOTHING = Proposal(np.empty((0, 3)), 0.0, (), 0)


def lay_as_published(problem: PlacementProblem, parameters: PaperParameters, seed: int) -> Proposal:
    """One colony for the whole zone."""
    task = paper_task(problem, parameters)
    if task.n == 0:
        return NOTHING
    poses, cost, history, evaluations = run_colony(
        task.n,
        task.low,
        task.high,
        task.moving,
        parameters.accept_equal,
        task.scene,
        task.size,
        task.rules,
        (parameters.food_sources, parameters.abandonment_limit, parameters.iterations),
        np.uint64(seed % 2**64),
    )
    slots = [task.frame.slot(pose) for pose in sorted(poses.tolist())]
    back = np.array([(slot.x, slot.y, slot.theta_rad) for slot in slots])
    return Proposal(back, float(cost), tuple(history.tolist()), int(evaluations))


def paper_task(problem: PlacementProblem, parameters: PaperParameters) -> PaperTask:
    """N from the free length, and bounds for x, or for x, y and angle."""
    frame = align_longest_edge(problem.zone)
    zone = frame.into(problem.zone)
    assert isinstance(zone, Polygon)
    # Slots' centres keep to the zone's bounds, so what lies farther off than their corners never costs anything.
    within = zone.envelope.buffer(
        math.hypot(problem.slot_length_m, problem.slot_width_m) / 2, join_style="mitre"
    )
    blocked = polygonal(shapely.intersection(frame.into(polygonal(problem.blocked)), within))
    west, south, east, north = zone.bounds
    theta, first, last = _angles(problem, frame, north)
    along, across = _extents(problem, theta)
    n = slots_from_free_length(free_length(zone, blocked), along + problem.spacing_m, problem.spacing_m)
    y = across / 2 + min(max(0.0, north - across) / 2, _EDGE_GAP_M)
    full = parameters.search == "full"
    spaced = spaced_size(problem, theta)
    return PaperTask(
        frame,
        n,
        np.array([west, south, first] if full else [west, y, theta]),
        np.array([east, north, last] if full else [east, y, theta]),
        3 if full else 1,
        _arrays(zone, cut_in_pieces(blocked)),
        np.array([problem.slot_length_m, problem.slot_width_m, *spaced]) / 2,
        np.array(
            [
                parameters.outside_penalty,
                parameters.occupied_penalty,
                parameters.new_penalty,
                _NO_AREA_M2,
            ]
        ),
    )


def align_longest_edge(zone: Polygon) -> AlignedFrame:
    """Mean coordinates off, the longest edge on the x axis with the zone to its left.

    y = 0 is the edge's line, not the mean's, so that a row's distance from its edge can be said.
    """
    ring = shapely.get_coordinates(shapely.orient_polygons(zone).exterior)
    origin = ring[:-1].mean(axis=0)
    point, ahead = _longest_edge(ring - origin)
    start = origin + point - (point @ ahead) * ahead
    return AlignedFrame((float(start[0]), float(start[1])), math.atan2(ahead[1], ahead[0]))


def _longest_edge(line: Floats) -> tuple[Floats, Floats]:
    """Its first point and its unit direction."""
    points = shapely.get_coordinates(shapely.simplify(LineString(line), _ONE_EDGE_M))
    steps = np.diff(points, axis=0)
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    longest = int(np.argmax(lengths))
    return points[longest], steps[longest] / lengths[longest]


def free_length(zone: Polygon, blocked: BaseGeometry) -> float:
    """The zone's length along the x axis less the length of the occupied regions, metres."""
    west, _, east, _ = zone.bounds
    parts = shapely.get_parts(shapely.intersection(blocked, zone))
    taken, reached = 0.0, west
    for start, _, stop, _ in sorted(part.bounds for part in parts if part.area > 0):
        taken += max(0.0, stop - max(start, reached))
        reached = max(reached, stop)
    return float(east - west - taken)


def slots_from_free_length(free_m: float, pitch_m: float, spacing_m: float) -> int:
    """The paper's N: how many slots the free length holds; the last one needs no spacing behind it."""
    return max(0, math.floor((free_m + spacing_m + _LENGTH_NOISE_M) / pitch_m))


def _angles(problem: PlacementProblem, frame: AlignedFrame, depth_m: float) -> tuple[float, float, float]:
    """(angle of a row, lowest, highest) against the x axis, radians: the zone's angles, which count from its kerb."""
    low, high = max(problem.ranges_deg, key=lambda r: r[1] - r[0])
    if high - low >= 90.0:
        # Any angle: across the edge where there is room for it, along it elsewhere.
        usual = 90.0 if depth_m >= problem.slot_length_m else 0.0
    else:
        usual = (low + high) / 2
    base = 0.0
    if problem.kerb is not None and problem.kerb.length > 1e-3:
        kerb = shapely.get_coordinates(problem.kerb)
        _, ahead = _longest_edge(kerb - kerb[0])
        base = math.remainder(math.atan2(ahead[1], ahead[0]) - frame.angle_rad, math.pi)
    return base + math.radians(usual), base + math.radians(low), base + math.radians(high)


def _extents(problem: PlacementProblem, theta: float) -> tuple[float, float]:
    """How much of the x axis one slot takes beside a like one, and how much it measures across it, metres."""
    cos, sin = abs(math.cos(theta)), abs(math.sin(theta))
    length, width = problem.slot_length_m, problem.slot_width_m
    along = length / cos if length * sin <= width * cos else width / sin
    return along, length * sin + width * cos


def _arrays(zone: Polygon, pieces: list[Polygon]) -> SceneArrays:
    edges = [polygon_edges(piece) for piece in pieces]
    starts = np.concatenate([[0], np.cumsum([len(e) for e in edges])]).astype(np.int64)
    occupied = np.concatenate(edges) if edges else np.empty((0, 4))
    boxes = shapely.bounds(np.array(pieces, dtype=object)) if pieces else np.empty((0, 4))
    return polygon_edges(zone), occupied, starts, np.ascontiguousarray(boxes, dtype=np.float64)


def cut_in_pieces(blocked: BaseGeometry) -> list[Polygon]:
    """Polygons that do not overlap and are small enough for a slot to meet only few edges."""
    pieces: list[Polygon] = []
    for part in shapely.get_parts(blocked):
        if part.is_empty:
            continue
        if shapely.get_num_coordinates(part) <= _DETAILED:
            pieces.append(part)
        else:
            pieces += _tiles(part)
    return pieces


def _tiles(polygon: Polygon) -> list[Polygon]:
    west, south, east, north = polygon.bounds
    xs = np.linspace(west, east, max(1, math.ceil((east - west) / _TILE_M)) + 1)
    ys = np.linspace(south, north, max(1, math.ceil((north - south) / _TILE_M)) + 1)
    tiles = []
    for left, right in pairwise(xs.tolist()):
        column = shapely.intersection(polygon, shapely.box(left, south, right, north))
        cut = shapely.intersection(column, shapely.box(left, ys[:-1], right, ys[1:]))
        parts = shapely.get_parts(shapely.get_parts(cut))
        tiles += [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
    return tiles
