# SPDX-License-Identifier: AGPL-3.0-or-later
"""The production mode: what the kernels need, one call, and the answer in the problem's frame."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from workers.placement.bound import Bound, bound_empty, knows_empty, upper_bound
from workers.placement.packed import Floats, Frame, PackedGround, pack
from workers.placement.problem import Clearance, Placement, PlacementError, PlacementProblem, Slot, SlotSize
from workers.placement.production_check import BEES, MULTISTART, NO_SEARCH
from workers.placement.production_search import look_again, solve

# By mode: whether a car may drive in sideways; 1 for slots along the kerb, 2 for all.
_SIDEWAYS = {"parallel": 2, "free": 1}
_SEARCHES = {"bees": BEES, "multistart": MULTISTART, "none": NO_SEARCH}
# More slots than this are not laid out in one zone.
_MOST_SLOTS = 20_000


@dataclass(frozen=True)
class ProductionParameters:
    """How hard to look.

    Args:
        search: what looks for more where the first layouts stay below the bound.
        evaluations: layouts of a gap that this search may decode, over all gaps of a zone.
        bound: prove how many slots there can be; without it the area is the bound.
        richness: how many angles and offsets are tried, 0 to 3, in gaps that may hold more, before the search.
    """

    search: Literal["bees", "multistart", "none"] = "bees"
    evaluations: int = 6
    richness: int = 1
    bound: bool = True

    def __post_init__(self) -> None:
        if self.search not in ("bees", "multistart", "none"):
            raise PlacementError(f"search is {self.search!r}; it must be 'bees', 'multistart' or 'none'")
        if not 0 <= self.richness <= 3:
            raise PlacementError(f"richness is {self.richness}; it must be 0 to 3")
        if self.evaluations < 0:
            raise PlacementError(f"evaluations is {self.evaluations}; it must be zero or more")


# Longer stretches are not looked at again: the plain plans leave little there, and a layout takes long to decode.
_MOST_SEARCHED = 5


_DEFAULT = ProductionParameters()
_PLAIN = ProductionParameters(search="none", richness=0, bound=False)


def lay_production(
    problem: PlacementProblem, parameters: ProductionParameters | None = None, seed: int = 0
) -> Placement:
    """Lay out one zone; slots are feasible by the kernels' exact check, in order along the kerb."""
    started = time.thread_time()
    packed = pack(problem)
    return _lay(problem, packed, parameters or _DEFAULT, seed, started)


def prepare(problem: PlacementProblem) -> float:
    """Work out what belongs to a zone alone and is kept from frame to frame; returns the processor time, ms.

    These are its arrays, the bound's tables, and a bound for the zone without cars, which takes longest and holds for
    every frame. ``place`` does without the last when it meets a zone by itself. Asked again it takes next to none.
    """
    started = time.thread_time()
    empty = replace(problem, blocked=Polygon(), standing=())
    packed = pack(empty)
    if not knows_empty(packed):
        placement = lay_production(empty, _PLAIN)
        found = np.array([(slot.x, slot.y) for slot in placement.slots]).reshape(-1, 2)
        bound_empty(empty, packed, found - packed.origin)
    return (time.thread_time() - started) * 1000


def _lay(
    problem: PlacementProblem,
    packed: PackedGround,
    parameters: ProductionParameters,
    seed: int,
    started: float,
) -> Placement:
    # First what the plain plans find; the bound says whether looking for more makes sense.
    room = int(packed.zone_area_m2 / problem.slot_area_m2 + 1e-6)
    standing = np.empty((len(problem.standing), 3))
    for i, slot in enumerate(problem.standing):
        standing[i] = slot.x - packed.origin[0], slot.y - packed.origin[1], slot.theta_rad
    found = _solve(problem, packed, parameters, room, standing, _NO_GAPS, seed, False)
    bound = Bound(room, None)
    if parameters.bound and room > 0:
        bound = upper_bound(problem, packed, found.poses[:, :2])
    most = min(room, bound.most)
    evaluations = found.evaluations
    costs = [float(most - len(found.poses))]
    looking = parameters.richness > 0 or (parameters.search != "none" and parameters.evaluations > 0)
    if len(found.poses) < most and looking:
        if len(standing):
            # Standing slots may give way to a better search, so it begins from them and not from what was filled in.
            more = _solve(problem, packed, parameters, most, standing, found.gaps, seed, True)
        elif bound.places is None or problem.reachable_only:
            # What may be reached depends on all that stands, so the whole zone is looked at.
            more = _solve(problem, packed, parameters, most, found.poses, found.gaps, seed, True)
        else:
            places = bound.places[bound.places[:, 4] <= _MOST_SEARCHED]
            more = (
                _look_again(problem, packed, parameters, most, found, places, seed)
                if len(places)
                else _NOTHING
            )
        evaluations += more.evaluations
        if len(more.poses) > len(found.poses):
            found = more
            costs.append(float(most - len(found.poses)))
    east, north = packed.origin
    return Placement(
        tuple([Slot(x + east, y + north, theta) for x, y, theta in found.poses.tolist()]),
        costs[-1],
        tuple(costs),
        evaluations,
        (time.thread_time() - started) * 1000,
        most,
        tuple(found.flags.tolist()),
        tuple([Clearance(length, width) for length, width in found.rooms.tolist()]),
    )


@dataclass(frozen=True, eq=False)
class _Found:
    poses: Floats
    flags: NDArray[np.bool_]
    rooms: Floats
    evaluations: int
    # Stretches of the kerb that the zone was laid out by; the same for each look at it.
    gaps: Floats


def _solve(
    problem: PlacementProblem,
    packed: PackedGround,
    parameters: ProductionParameters,
    most: int,
    standing: Floats,
    gaps: Floats,
    seed: int,
    searching: bool,
) -> _Found:
    """One call of the kernels; at most ``most`` slots."""
    if most <= 0:
        return _NOTHING
    arguments = _arguments(problem, packed, parameters, most, searching)
    return _Found(*solve(*arguments, standing, gaps, seed % 2**62))


def _look_again(
    problem: PlacementProblem,
    packed: PackedGround,
    parameters: ProductionParameters,
    most: int,
    found: _Found,
    places: Floats,
    seed: int,
) -> _Found:
    """Richer plans and the search where the bound leaves room for more."""
    arguments = _arguments(problem, packed, parameters, most, True)
    poses, flags, rooms, evaluations = look_again(*arguments, found.poses, places, seed % 2**62)
    return _Found(poses, flags, rooms, evaluations, found.gaps)


def warm_second_look(problem: PlacementProblem) -> None:
    """Compile or load the second look, which only zones whose bound is not met come to."""
    packed = pack(problem)
    found = _solve(problem, packed, _PLAIN, 1, np.empty((0, 3)), _NO_GAPS, 0, False)
    _look_again(problem, packed, _DEFAULT, 1, found, np.empty((0, 5)), 0)


def _arguments(
    problem: PlacementProblem,
    packed: PackedGround,
    parameters: ProductionParameters,
    most: int,
    searching: bool,
) -> _Arguments:
    """What both kernels take."""
    options = np.array(
        [
            problem.reachable_only,
            _SIDEWAYS.get(problem.mode, 0),
            parameters.richness if searching else 0,
            min(most, _MOST_SLOTS),
            _SEARCHES[parameters.search] if searching else NO_SEARCH,
            parameters.evaluations,
            1 if searching and not problem.standing else 0,
        ],
        dtype=np.int64,
    )
    return (
        packed.frame(),
        (packed.cars_xy, packed.car_starts),
        np.array([packed.length_m, packed.width_m, packed.spacing_m]),
        options,
    )


# Zone, cars, slot size, options.
_Arguments = tuple[Frame, tuple[Floats, NDArray[np.int64]], Floats, NDArray[np.int64]]

_NO_GAPS = np.empty((0, 2))
_NOTHING = _Found(np.empty((0, 3)), np.empty(0, dtype=np.bool_), np.empty((0, 2)), 0, _NO_GAPS)


def lay_classes(
    problem: PlacementProblem,
    sizes: Sequence[SlotSize],
    seed: int,
    standing: Mapping[SlotSize, tuple[Slot, ...]],
) -> tuple[Placement, ...]:
    """See ``place_classes``. Only the first size, the zone's own, is searched and bounded with care."""
    return tuple(
        lay_production(
            replace(
                problem,
                slot_length_m=size.length_m,
                slot_width_m=size.width_m,
                standing=standing.get(size, ()),
            ),
            None if index == 0 else _PLAIN,
            seed,
        )
        for index, size in enumerate(sizes)
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
