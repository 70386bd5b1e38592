# SPDX-License-Identifier: AGPL-3.0-or-later
"""The production mode: what the kernels need, one call, and the answer in the problem's frame."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import shapely

from workers.placement.packed import Floats, PackedGround, pack
from workers.placement.problem import Clearance, Placement, PlacementError, PlacementProblem, Slot, SlotSize
from workers.placement.production_kernels import build_ground, clearances, reach
from workers.placement.production_plans import lay_out

_SIDEWAYS = {"parallel": 2, "free": 1}
# More slots than this are not laid out in one zone.
_MOST_SLOTS = 20_000


@dataclass(frozen=True)
class ProductionParameters:
    """How hard to look.

    Args:
        richness: how many angles and offsets are tried, 0 to 3, before the search.
    """

    search: Literal["bees", "multistart", "none"] = "none"
    evaluations: int = 0
    richness: int = 1

    def __post_init__(self) -> None:
        if self.search not in ("bees", "multistart", "none"):
            raise PlacementError(f"search is {self.search!r}; it must be 'bees', 'multistart' or 'none'")
        if not 0 <= self.richness <= 3:
            raise PlacementError(f"richness is {self.richness}; it must be 0 to 3")
        if self.evaluations < 0:
            raise PlacementError(f"evaluations is {self.evaluations}; it must be zero or more")


def lay_production(
    problem: PlacementProblem, parameters: ProductionParameters | None = None, seed: int = 0
) -> Placement:
    """Lay out one zone; slots are feasible by the kernels' exact check, in order along the kerb."""
    started = time.thread_time()
    parameters = parameters or ProductionParameters()
    packed = pack(problem)
    bound = _area_bound(packed)
    slots = np.empty((0, 8))
    flags: list[bool] = []
    room = np.empty((0, 2))
    decoded = 0
    if bound > 0:
        slots, flags, room, decoded = _solve(problem, packed, parameters, bound)
    found = tuple(Slot(x, y, theta) for x, y, theta in slots.tolist())
    return Placement(
        found,
        0.0,
        (),
        decoded,
        (time.thread_time() - started) * 1000,
        None,
        tuple(flags),
        tuple(Clearance(length, width) for length, width in room.tolist()),
    )


def _solve(
    problem: PlacementProblem, packed: PackedGround, parameters: ProductionParameters, bound: int
) -> tuple[Floats, list[bool], Floats, int]:
    size = np.array([packed.length_m, packed.width_m, packed.spacing_m])
    ground, cos, sin = build_ground(
        packed.zone_xy,
        packed.zone_starts,
        packed.cars_xy,
        packed.car_starts,
        packed.kerb_xy,
        packed.ranges_rad,
        size,
    )
    turned = np.array([[cos, -sin], [sin, cos]])
    cars = (packed.cars_xy @ turned, packed.car_starts)
    if len(packed.access_xy):
        way_in = (np.hstack([packed.access_xy[:, :2] @ turned, packed.access_xy[:, 2:] @ turned]), True)
    elif packed.kerb_given:
        way_in = (np.hstack([ground[5][:-1], ground[5][1:]]), False)
    else:
        way_in = (np.empty((0, 4)), False)
    sideways = _SIDEWAYS.get(problem.mode, 0)
    options = np.array([int(problem.reachable_only), sideways, parameters.richness, bound])
    out = np.empty((min(bound, _MOST_SLOTS), 8))
    n, _, decoded = lay_out(ground, cars, way_in, size, options, out)
    flags = np.zeros(n, dtype=np.bool_)
    reach(ground, way_in, size, sideways, out, n, flags)
    room = np.empty((n, 2))
    clearances(ground, out, n, room)
    xy = out[:n, :2] @ turned.T + packed.origin
    theta = np.arctan2(out[:n, 3], out[:n, 2]) + math.atan2(sin, cos)
    theta = np.remainder(theta + math.pi, math.tau) - math.pi
    return np.column_stack([xy, theta]), flags.tolist(), room, decoded


def _area_bound(packed: PackedGround) -> int:
    xy = packed.zone_xy
    area = 0.0
    for first, last in zip(packed.zone_starts[:-1], packed.zone_starts[1:], strict=True):
        x, y = xy[first:last, 0], xy[first:last, 1]
        area += 0.5 * float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())
    return math.floor(area / (packed.length_m * packed.width_m) + 1e-6)


def lay_classes(
    problem: PlacementProblem,
    sizes: Sequence[SlotSize],
    seed: int,
    standing: Mapping[SlotSize, tuple[Slot, ...]],
) -> tuple[Placement, ...]:
    """See ``place_classes``."""
    return tuple(
        lay_production(
            replace(
                problem,
                slot_length_m=size.length_m,
                slot_width_m=size.width_m,
                standing=standing.get(size, ()),
            ),
            None,
            seed,
        )
        for size in sizes
    )


def lay_mixed(problem: PlacementProblem, sizes: Sequence[SlotSize], seed: int) -> tuple[Placement, ...]:
    """See ``place_mixed``."""
    placements = []
    taken = [problem.blocked]
    for size in sizes:
        sized = replace(
            problem,
            slot_length_m=size.length_m,
            slot_width_m=size.width_m,
            blocked=shapely.union_all(taken),
        )
        placement = lay_production(sized, None, seed)
        placements.append(placement)
        taken += [slot.polygon(size.length_m, size.width_m) for slot in placement.slots]
    return tuple(placements)
