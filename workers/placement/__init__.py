# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fits car-sized spaces into free ground: ``place`` is the one way in.

Pure: numpy, numba and shapely, no Django. Lengths are true metres, x east, y north.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence

import shapely
from shapely import LineString, Polygon

from workers.placement.feasible import feasible_slots
from workers.placement.geometry import polygonal
from workers.placement.paper import NOTHING, lay_as_published
from workers.placement.parameters import (
    AS_PUBLISHED_FULL,
    AS_PUBLISHED_X,
    PaperParameters,
)
from workers.placement.problem import (
    Clearance,
    Mode,
    Placement,
    PlacementError,
    PlacementProblem,
    Slot,
    SlotSize,
)
from workers.placement.production import (
    ProductionParameters,
    lay_classes,
    lay_mixed,
    lay_production,
    prepare,
    warm_second_look,
)

__all__ = [
    "AS_PUBLISHED_FULL",
    "AS_PUBLISHED_X",
    "Clearance",
    "Mode",
    "PaperParameters",
    "Placement",
    "PlacementError",
    "PlacementProblem",
    "ProductionParameters",
    "Slot",
    "SlotSize",
    "place",
    "place_classes",
    "place_mixed",
    "prepare",
    "warm_up",
]


def place(
    problem: PlacementProblem,
    *,
    mode: str = "production",
    seed: int = 0,
    parameters: PaperParameters | ProductionParameters | None = None,
) -> Placement:
    """Lay out one zone at one moment.

    Args:
        problem: the zone, what stands on it, and what a space is.
        mode: ``production``, rows packed on exact free intervals and bees on top; or ``paper``, the Artificial Bee
            Colony of the SPARK paper.
        seed: the same seed gives the same slots.
        parameters: of the mode; default ``ProductionParameters()`` or ``AS_PUBLISHED_X``.

    Returns:
        Slots that are feasible by exact geometry, in order along the base line.

    Raises:
        PlacementError: for a mode that does not exist, or another mode's parameters.
    """
    if mode == "production":
        if not (parameters is None or isinstance(parameters, ProductionParameters)):
            raise PlacementError("mode production takes ProductionParameters; use mode='paper' with these")
        return lay_production(problem, parameters, seed)
    if mode != "paper":
        raise PlacementError(f"there is no placement mode {mode!r}; use mode='production' or mode='paper'")
    if not (parameters is None or isinstance(parameters, PaperParameters)):
        raise PlacementError("mode paper takes PaperParameters; use mode='production' with these")
    return _as_in_the_paper(problem, seed, parameters or AS_PUBLISHED_X)


def place_classes(
    problem: PlacementProblem,
    sizes: Sequence[SlotSize],
    *,
    seed: int = 0,
    standing: Mapping[SlotSize, tuple[Slot, ...]] | None = None,
) -> tuple[Placement, ...]:
    """One layout of the whole zone for each size, as if all its spaces had that size.

    The first size, the zone's own, is laid out as ``place`` does; the others by the plain plans, with the area for a
    bound, so that all of them together take little longer.

    Args:
        problem: its own slot size and ``standing`` are not used.
        sizes: of a space of each class, metres.
        seed: the same seed gives the same slots.
        standing: each size's last layout.
    """
    return lay_classes(problem, sizes, seed, standing or {})


def place_mixed(
    problem: PlacementProblem, sizes: Sequence[SlotSize], *, seed: int = 0
) -> tuple[Placement, ...]:
    """One layout of several sizes together, one placement per size.

    Sizes come in order of preference: later ones take the ground that earlier ones leave, and shut nobody in.
    """
    return lay_mixed(problem, sizes, seed)


def _as_in_the_paper(problem: PlacementProblem, seed: int, parameters: PaperParameters) -> Placement:
    started = time.thread_time()
    proposal = NOTHING
    slots: tuple[Slot, ...] = ()
    if _may_hold_a_slot(problem):
        proposal = lay_as_published(problem, parameters, seed)
        proposed = [Slot(*pose) for pose in proposal.poses.tolist()]
        slots = feasible_slots(problem, proposed)
    cpu_ms = (time.thread_time() - started) * 1000
    return Placement(slots, proposal.cost, proposal.history, proposal.evaluations, cpu_ms, None)


def warm_up() -> None:
    """Compile the kernels, or load them from numba's cache, so that the first frame need not wait for it."""
    car = Polygon([(12, 0), (15, 0), (15, 2), (12, 2)])
    zone = Polygon([(0, 0), (25, 0), (25, 3), (0, 3)])
    bent = LineString([(0, 0), (12, 0.05), (25, 0)])
    problem = PlacementProblem(zone, car, 5.0, 2.3, 0.5, "parallel", kerb=bent)
    for mode in ("production", "paper"):
        place(problem, mode=mode)
    warm_second_look(problem)
    # Along a bend the bound is taken piece by piece.
    bend = LineString([(20 * math.cos(a / 10), 20 * math.sin(a / 10)) for a in range(13)])
    inside = bend.buffer(3.0, single_sided=True)
    prepare(PlacementProblem(inside, car, 5.0, 2.3, 0.5, "parallel", kerb=bend))


def _may_hold_a_slot(problem: PlacementProblem) -> bool:
    """Whether there is as much free ground as a slot takes: a cheap no for tiny and full zones."""
    blocked = polygonal(problem.blocked)
    return bool(shapely.area(shapely.difference(problem.zone, blocked)) >= problem.slot_area_m2)
