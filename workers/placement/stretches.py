# SPDX-License-Identifier: AGPL-3.0-or-later
"""SPARK's additions to the paper's search along x: free stretches, several rows, more than one base line.

The paper's N comes from the free length of the whole zone, so five gaps of half a car count as two and a half slots
that fit nowhere, and the colony never reaches cost zero. Here each free stretch of a row gets its own N and its own
colony; a few rows (distances from the kerb, angles) are tried and for each group of stretches the best is kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely import Polygon
from shapely.affinity import translate

from workers.placement.colony import SEARCH_TOLERANCE_M2, Found, Ground, Search, ground, search
from workers.placement.feasible import largest_compatible, spaced_size
from workers.placement.geometry import BaseLine, Floats, LineTable, base_lines
from workers.placement.kernels import conflicts, tight_pitch
from workers.placement.parameters import PaperParameters
from workers.placement.problem import PlacementProblem, Slot
from workers.placement.proposal import NOTHING, Proposal
from workers.placement.rows import (
    Row,
    angles_rad,
    extent_m,
    fitting_angle_rad,
    gaps_m,
    half_depth_m,
    pitch_m,
    slot_size,
    slots_from_free_length,
)
from workers.placement.scene import Scene, SceneArrays

# A zone this much shallower than the slot may still hold one where it widens; below, no row is tried.
_DEPTH_FORGIVEN_M = 0.3


@dataclass
class _Layouts:
    """What the colonies along one base line have found so far."""

    found: list[Found] = field(default_factory=list)
    sizes: list[Floats] = field(default_factory=list)
    rows: list[list[tuple[float, float, int]]] = field(default_factory=list)
    evaluations: int = 0

    def settled(self, low: float, high: float) -> int:
        """The most slots an earlier row holds between two arc lengths."""
        return max((sum(n for a, b, n in row if a >= low and b <= high) for row in self.rows), default=0)


def lay_by_stretch(
    problem: PlacementProblem, scene: Scene, parameters: PaperParameters, seed: int
) -> Proposal:
    """Line after line: what one leaves free is the next one's ground."""
    proposals: list[Proposal] = []
    placed: list[Polygon] = []
    for line, depth in _stages(problem, scene, parameters):
        proposal, sizes = _lay_line(problem, scene, scene.arrays(placed), line, depth, parameters, seed)
        proposals.append(proposal)
        placed += [_taken(*both, parameters.lane_m) for both in zip(proposal.poses, sizes, strict=True)]
    if not proposals:
        return NOTHING
    return Proposal(
        np.concatenate([p.poses for p in proposals]),
        sum(p.cost for p in proposals),
        _summed([p.history for p in proposals if p.history]),
        sum(p.evaluations for p in proposals),
    )


def _stages(
    problem: PlacementProblem, scene: Scene, parameters: PaperParameters
) -> Iterator[tuple[BaseLine, int]]:
    """Base lines in the order they are filled, each with how many rows lie before it."""
    lines = list(scene.lines)
    if not parameters.other_lines:
        lines = lines[:1]
    elif problem.kerb is not None and problem.mode == "free":
        # Without rules about angles any edge of a yard is as good as its kerb.
        lines += [
            edge for edge in base_lines(scene.zone, None, 1.0) if not any(map(edge.beside, scene.lines))
        ]
    for depth in range(parameters.deep_rows):
        for line in lines:
            if line.length >= problem.slot_width_m:
                yield line, depth


def _lay_line(
    problem: PlacementProblem,
    scene: Scene,
    arrays: SceneArrays,
    line: BaseLine,
    depth: int,
    parameters: PaperParameters,
    seed: int,
) -> tuple[Proposal, Floats]:
    """The best layout along one line; and (N, 3): half length and width with spacing, angle against the line."""
    near, far = line.depths(scene.zone)
    layouts = _Layouts()
    angles = angles_rad(problem) if parameters.several_rows else [fitting_angle_rad(problem, far - near)]
    for beta in angles:
        half_depth = half_depth_m(problem, beta)
        slack = far - near - 2 * half_depth * (depth + 1)
        if slack < -_DEPTH_FORGIVEN_M:
            continue
        spaced = spaced_size(problem, beta)
        over = ground(arrays, slot_size(problem), spaced, parameters)
        reach = extent_m(problem, beta)
        table = line.table(reach, reach, reach)
        for gap in gaps_m(slack, parameters.several_rows):
            row = Row(near + half_depth * (2 * depth + 1) + gap, beta)
            first = len(layouts.found)
            _lay_row(pitch_m(problem, beta), over, table, row, layouts, parameters, seed)
            for found in layouts.found[first:]:
                layouts.sizes.append(np.tile([spaced[0] / 2, spaced[1] / 2, beta], (len(found.poses), 1)))
    return _best(layouts)


def _best(layouts: _Layouts) -> tuple[Proposal, Floats]:
    """Where rows exclude each other, the one that holds most; elsewhere whatever fits."""
    if not layouts.found:
        return Proposal(np.empty((0, 3)), 0.0, (), layouts.evaluations), np.empty((0, 3))
    poses, sizes = np.concatenate([f.poses for f in layouts.found]), np.concatenate(layouts.sizes)
    owner = np.repeat(np.arange(len(layouts.found)), [len(f.poses) for f in layouts.found])
    offers = [np.flatnonzero(owner == k).tolist() for k in range(len(layouts.found))]
    clash = conflicts(np.ascontiguousarray(poses), np.ascontiguousarray(sizes[:, :2]), SEARCH_TOLERANCE_M2)
    chosen = largest_compatible(clash, offers)
    taken = [layouts.found[k] for k in sorted(set(owner[chosen].tolist()))]
    cost = sum(f.cost for f in taken)
    proposal = Proposal(poses[chosen], cost, _summed([f.history for f in taken]), layouts.evaluations)
    return proposal, sizes[chosen]


def _lay_row(
    pitch: float,
    over: Ground,
    table: LineTable,
    row: Row,
    layouts: _Layouts,
    parameters: PaperParameters,
    seed: int,
) -> None:
    """A colony for each free stretch of a row, with N lowered until a layout costs nothing.

    A stretch is left alone where an earlier row already holds as many.
    """
    held: list[tuple[float, float, int]] = []
    for low, high in over.free_stretches(row.d, row.beta, table):
        apart = _least_pitch(pitch, over, table, row, low, high)
        n = slots_from_free_length(high - low + apart, apart, 0.0)
        enough = layouts.settled(low - pitch, high + pitch)
        # The seed depends on nothing but N, so a car that parks elsewhere leaves this stretch as it was.
        while n > enough:
            task = Search(n, table, (row.d, row.beta), (low,), (high,), apart if parameters.spread else 0.0)
            found = search(task, over, parameters, seed + n)
            layouts.evaluations += found.evaluations
            if found.cost <= 0.0 or not parameters.lower_n:
                layouts.found.append(found)
                held.append((low, high, n))
                break
            n -= 1
    layouts.rows.append(held)


def _least_pitch(pitch: float, over: Ground, table: LineTable, row: Row, low: float, high: float) -> float:
    """Distance from slot to slot: ``pitch`` on a straight line; at a bend what the inner corners need."""
    if len(table[0]) == 2 or high - low < 0.5 * pitch:
        return pitch
    places = (low + t * (high - low) for t in (0.1, 0.5, 0.9))
    return float(
        min(tight_pitch(s, row.d, row.beta, table, over.size, 0.7 * pitch, 2.0 * pitch) for s in places)
    )


def _taken(pose: Floats, size: Floats, lane_m: float) -> Polygon:
    """The ground of a new slot, its spacing, and the lane before it (left of its line)."""
    x, y, theta = pose.tolist()
    outline = Slot(x, y, theta).polygon(2 * float(size[0]), 2 * float(size[1]))
    out = theta - float(size[2]) + math.pi / 2
    lane = translate(outline, lane_m * math.cos(out), lane_m * math.sin(out))
    return shapely.convex_hull(shapely.union(outline, lane)) if lane_m else outline


def _summed(histories: list[tuple[float, ...]]) -> tuple[float, ...]:
    """Cost curves of several colonies as one: each keeps its last value once it has stopped."""
    if not histories:
        return ()
    longest = max(map(len, histories))
    return tuple(sum(h[min(i, len(h) - 1)] for h in histories) for i in range(longest))
