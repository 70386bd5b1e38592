# SPDX-License-Identifier: AGPL-3.0-or-later
"""An exact reference for small zones: the most slots whose poses lie on a grid, by CP-SAT.

Exact for the grid only: slots between its points may do better. A slot may take each point of a lattice alone; pairs
that overlap all the same are forbidden as they turn up.
"""

from __future__ import annotations

import math
import time

import numpy as np
import shapely

from benchmarks.placement_methods import Layout
from workers.placement.feasible import feasible_slots
from workers.placement.geometry import polygonal
from workers.placement.paper import align_longest_edge
from workers.placement.problem import PlacementProblem, Slot

try:
    from ortools.sat.python import cp_model
except ModuleNotFoundError:
    cp_model = None

HAS_CP_SAT = cp_model is not None
# Poses a grid may have, and how fine it is at best: metres along and across the longest edge.
_MOST_POSES = 6000
_FINEST_M = 0.1
_LATTICE_M = 0.5
_ROUNDS = 20
# As the check that has the last word.
_OVERLAP_M2 = 1e-4


def exact_on_a_grid(problem: PlacementProblem, seconds: float = 20.0) -> Layout:
    """The best layout on the finest grid that ``_MOST_POSES`` allow; ``note`` says its step and how the solver ended."""
    began = time.process_time()
    poses, step = _feasible_poses(problem)
    if not len(poses):
        return Layout((), (time.process_time() - began) * 1e3, note=f"optimal, {step:.2f} m")
    model = cp_model.CpModel()
    chosen = [model.new_bool_var(str(k)) for k in range(len(poses))]
    for members in _cliques(poses, problem):
        model.add_at_most_one(chosen[k] for k in members)
    model.maximize(sum(chosen))
    outlines = np.array(
        [Slot(*pose).polygon(problem.slot_length_m, problem.slot_width_m) for pose in poses.tolist()]
    )
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    picked: list[int] = []
    status = cp_model.UNKNOWN
    left = seconds
    for _ in range(_ROUNDS):
        solver.parameters.max_time_in_seconds = max(left, 0.1)
        status = solver.solve(model)
        left -= solver.wall_time
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            break
        picked = [k for k, variable in enumerate(chosen) if solver.value(variable)]
        over = _overlapping(outlines, picked)
        for a, b in over:
            model.add_at_most_one(chosen[a], chosen[b])
        if not over or left <= 0:
            break
    slots = feasible_slots(problem, [Slot(*poses[k].tolist()) for k in picked])
    proved = status == cp_model.OPTIMAL and len(slots) == len(picked)
    note = f"{'optimal' if proved else 'time out'}, {step:.2f} m"
    return Layout(slots, (time.process_time() - began) * 1e3, note=note)


def _feasible_poses(problem: PlacementProblem) -> tuple[np.ndarray, float]:
    """(N, 3) poses of single slots that may stand, on the finest grid that is not too large; and its step."""
    frame = align_longest_edge(problem.zone)
    zone, blocked = frame.into(problem.zone), frame.into(polygonal(problem.blocked))
    west, south, east, north = zone.bounds
    half = problem.slot_length_m / 2, problem.slot_width_m / 2
    shapely.prepare(zone)
    shapely.prepare(blocked)
    # A centimetre of grace inwards would cost slots in tight strips: the outline is shrunk by a millimetre instead.
    shrunk = np.array(half) - 0.001
    step = _FINEST_M
    while True:
        found = []
        for theta in _angles(problem, frame.angle_rad):
            cos, sin = abs(math.cos(theta)), abs(math.sin(theta))
            reach_x, reach_y = half[0] * cos + half[1] * sin, half[0] * sin + half[1] * cos
            xs = np.arange(west + reach_x, east - reach_x + 1e-6, step)
            slack = (north - reach_y) - (south + reach_y)
            if not len(xs) or slack < 0:
                continue
            ys = south + reach_y + np.linspace(0, slack, max(3, math.ceil(slack / step) + 1))
            x, y = (axis.ravel() for axis in np.meshgrid(xs, ys))
            turn = np.array([[math.cos(theta), math.sin(theta)], [-math.sin(theta), math.cos(theta)]])
            corners = (np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * shrunk) @ turn
            outlines = shapely.polygons(np.stack([x, y], axis=1)[:, None, :] + corners)
            may = shapely.covers(zone, outlines) & ~shapely.intersects(blocked, outlines)
            found.append(np.column_stack([x[may], y[may], np.full(may.sum(), theta)]))
        poses = np.concatenate(found) if found else np.empty((0, 3))
        if len(poses) <= _MOST_POSES:
            break
        step *= 1.25
    slots = [frame.slot(pose) for pose in poses.tolist()]
    return np.array([(s.x, s.y, s.theta_rad) for s in slots]).reshape(-1, 3), step


def _angles(problem: PlacementProblem, aligned_rad: float) -> list[float]:
    """Angles to try in the frame of the longest edge, radians: the kerb's first segment gives the direction."""
    base = 0.0
    if problem.kerb is not None:
        (ax, ay), (bx, by) = shapely.get_coordinates(problem.kerb)[:2]
        base = math.atan2(by - ay, bx - ax) - aligned_rad
    degrees: list[float] = []
    for low, high in problem.ranges_deg:
        count = 12 if high - low >= 90 else 5
        degrees += np.linspace(low, high, count, endpoint=high - low < 180).tolist()
        degrees.append((low + high) / 2)
    return [base + math.radians(angle) for angle in sorted(set(degrees))]


def _cliques(poses: np.ndarray, problem: PlacementProblem) -> list[list[int]]:
    """For each point of a lattice, the poses that cover it: of those at most one may stand."""
    points = np.stack(
        np.meshgrid(
            np.arange(poses[:, 0].min() - 3, poses[:, 0].max() + 3, _LATTICE_M),
            np.arange(poses[:, 1].min() - 3, poses[:, 1].max() + 3, _LATTICE_M),
        ),
        axis=-1,
    ).reshape(-1, 2)
    cos, sin = np.cos(poses[:, 2]), np.sin(poses[:, 2])
    found = []
    for x, y in points:
        dx, dy = x - poses[:, 0], y - poses[:, 1]
        inside = (np.abs(dx * cos + dy * sin) < problem.slot_length_m / 2 - 0.001) & (
            np.abs(dy * cos - dx * sin) < problem.slot_width_m / 2 - 0.001
        )
        members = np.flatnonzero(inside).tolist()
        if len(members) > 1:
            found.append(members)
    return found


def _overlapping(outlines: np.ndarray, picked: list[int]) -> list[tuple[int, int]]:
    pairs = [(a, b) for k, a in enumerate(picked) for b in picked[:k]]
    if not pairs:
        return []
    first, second = (outlines[list(side)] for side in zip(*pairs, strict=True))
    over = shapely.area(shapely.intersection(first, second)) > _OVERLAP_M2
    return [pair for pair, clash in zip(pairs, over.tolist(), strict=True) if clash]
