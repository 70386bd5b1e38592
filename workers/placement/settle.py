# SPDX-License-Identifier: AGPL-3.0-or-later
"""A layout that lies still: what stood before stays where it was unless moving it wins a space, and where something
new is laid out, the room to spare within each gap is shared out evenly.

The search packs spaces to the end of their gaps and begins anew with each frame. A map made of that would jump with
every breath of an outline.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from workers.placement.packed import PackedGround, pack
from workers.placement.problem import Clearance, Placement, PlacementProblem, Slot
from workers.placement.production import lay_production
from workers.placement.production_ground import build_ground
from workers.placement.production_worth import clearances, reach
from workers.placement.settle_kernels import better_parts, row_axis, share_out, still_standing

__all__ = ["settle", "warm_up"]

_SIDEWAYS = {"parallel": 2, "free": 1}

Rows = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Frame:
    """A problem in the kernels' terms; see `production`."""

    packed: PackedGround
    ground: tuple
    way_in: tuple[Rows, bool]
    size: NDArray[np.float64]
    sideways: int
    turned: NDArray[np.float64]
    turn_rad: float

    @classmethod
    def of(cls, problem: PlacementProblem) -> _Frame:
        packed = pack(problem)
        size = np.array([packed.length_m, packed.width_m, packed.spacing_m])
        frame = packed.frame()
        cos, sin = frame[0]
        turned = np.array([[cos, -sin], [sin, cos]])
        return cls(
            packed,
            build_ground(frame, packed.cars_xy, packed.car_starts, size),
            frame[6],
            size,
            _SIDEWAYS.get(problem.mode, 0),
            turned,
            math.atan2(sin, cos),
        )

    def rows(self, slots: tuple[Slot, ...]) -> Rows:
        rows = np.empty((len(slots), 8))
        xy = np.array([(slot.x, slot.y) for slot in slots]).reshape(-1, 2)
        rows[:, :2] = (xy - self.packed.origin) @ self.turned
        theta = np.array([slot.theta_rad for slot in slots]) - self.turn_rad
        rows[:, 2], rows[:, 3] = np.cos(theta), np.sin(theta)
        length, width, spacing = self.size
        rows[:, 4], rows[:, 5] = rows[:, 6], rows[:, 7] = length / 2, width / 2
        for row in rows:  # the spacing is held along the kerb
            axis = row_axis(row, self.size)
            row[4 + axis] += 0.5 * spacing * abs(row[2 + axis])
        return rows

    def slots(self, rows: Rows) -> tuple[Slot, ...]:
        xy = rows[:, :2] @ self.turned.T + self.packed.origin
        theta = np.arctan2(rows[:, 3], rows[:, 2]) + self.turn_rad
        theta = np.remainder(theta + math.pi, math.tau) - math.pi
        return tuple(Slot(x, y, t) for x, y, t in np.column_stack([xy, theta]).tolist())

    def reached(self, rows: Rows) -> NDArray[np.bool_]:
        flags = np.zeros(len(rows), dtype=np.bool_)
        if len(rows):
            reach(self.ground, self.way_in, self.size, self.sideways, rows, len(rows), flags)
        return flags


def settle(
    problem: PlacementProblem, placement: Placement, standing: tuple[Slot, ...] = (), seed: int = 0
) -> Placement:
    """A production placement made still: never fewer spaces, exact and reachable as before, in order along the kerb.

    standing: the last layout's slots, of this problem's size. Those whose ground a car's outline has touched by a few
    centimetres are nudged.
    """
    if not placement.slots and not standing:
        return placement
    frame = _Frame.of(problem)
    fresh = frame.rows(placement.slots)
    rows, fixed = fresh, np.zeros(len(fresh), dtype=np.bool_)
    if standing:
        rows, fixed = _steady(problem, frame, fresh, standing, seed)
        if problem.reachable_only and not frame.reached(rows).all():
            rows, fixed = fresh, np.zeros(len(fresh), dtype=np.bool_)
    even = rows.copy()
    share_out(frame.ground, even, len(even), fixed, frame.size)
    if frame.reached(even).sum() >= frame.reached(rows).sum():
        rows = even
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    room = np.empty((len(rows), 2))
    clearances(frame.ground, rows, len(rows), room)
    return replace(
        placement,
        slots=frame.slots(rows),
        reachable=tuple(frame.reached(rows).tolist()),
        clearances=tuple(Clearance(length, width) for length, width in room.tolist()),
    )


def _steady(
    problem: PlacementProblem, frame: _Frame, fresh: Rows, standing: tuple[Slot, ...], seed: int
) -> tuple[Rows, NDArray[np.bool_]]:
    """The slots that still stand and as many more as fit beside them; fresh ones only where those are more."""
    stood = frame.rows(standing)
    count, _ = still_standing(frame.ground, stood, frame.size)
    stood = stood[:count]
    if count >= len(fresh):
        return stood, np.ones(count, dtype=np.bool_)
    taken = [_with_spacing(frame, row) for row in stood]
    rest = lay_production(
        replace(problem, blocked=shapely.union_all([problem.blocked, *taken]), standing=()), None, seed
    )
    steady = np.vstack([stood, frame.rows(rest.slots)])
    fixed = np.arange(len(steady)) < count
    if len(steady) >= len(fresh):
        return steady, fixed
    out, out_fixed = (
        np.empty((len(fresh) + len(steady), 8)),
        np.zeros(len(fresh) + len(steady), dtype=np.bool_),
    )
    n = better_parts(fresh, steady, fixed, out, out_fixed)
    return out[:n], out_fixed[:n]


def _with_spacing(frame: _Frame, row: Rows) -> shapely.Polygon:
    """A standing slot's rectangle with the whole spacing on either side along the kerb, in the problem's frame."""
    (slot,) = frame.slots(row[None])
    return slot.polygon(2.0 * (2.0 * row[4] - row[6]), 2.0 * (2.0 * row[5] - row[7]))


def warm_up() -> None:
    """Compile the kernels, or load them from numba's cache, so that the first frame need not wait for it."""
    cars = shapely.union_all([shapely.box(0, 0.3, 4.4, 2.1), shapely.box(16.4, 0.3, 20.8, 2.1)])
    problem = PlacementProblem(shapely.box(0, 0, 20.8, 2.4), cars, 5.0, 2.3, 0.5, "parallel")
    # One that stands in the middle of room for two: every path is taken.
    settle(problem, lay_production(problem), (Slot(10.4, 1.2, 0.0),))
