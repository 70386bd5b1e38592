# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fits car-sized spaces into free ground: ``place`` is the one way in.

Pure: numpy, numba and shapely, no Django. Lengths are true metres, x east, y north.
"""

from __future__ import annotations

import time

import shapely
from shapely import LineString, Polygon

from workers.placement.feasible import feasible_slots
from workers.placement.geometry import polygonal
from workers.placement.paper import lay_as_published
from workers.placement.parameters import (
    AS_PUBLISHED_FULL,
    AS_PUBLISHED_X,
    PACKED,
    STREET,
    PaperParameters,
)
from workers.placement.problem import Mode, Placement, PlacementError, PlacementProblem, Slot
from workers.placement.proposal import NOTHING
from workers.placement.scene import build_scene
from workers.placement.stretches import lay_by_stretch

__all__ = [
    "AS_PUBLISHED_FULL",
    "AS_PUBLISHED_X",
    "PACKED",
    "STREET",
    "Mode",
    "PaperParameters",
    "Placement",
    "PlacementError",
    "PlacementProblem",
    "Slot",
    "place",
    "warm_up",
]


def place(
    problem: PlacementProblem,
    *,
    mode: str = "paper",
    seed: int = 0,
    parameters: PaperParameters | None = None,
) -> Placement:
    """Lay out one zone at one moment.

    Args:
        problem: the zone, what stands on it, and what a space is.
        mode: ``paper``, the Artificial Bee Colony of the SPARK paper.
        seed: the same seed gives the same slots.
        parameters: default ``STREET``.

    Returns:
        Slots that are feasible by exact geometry, in order along the base line.

    Raises:
        PlacementError: for a mode that does not exist.
    """
    if mode != "paper":
        raise PlacementError(f"there is no placement mode {mode!r}; use mode='paper'")
    parameters = parameters or STREET
    started = time.thread_time()
    proposal = NOTHING
    slots: tuple[Slot, ...] = ()
    if _may_hold_a_slot(problem):
        if parameters.by_stretch:
            scene = build_scene(problem)
            proposal = lay_by_stretch(problem, scene, parameters, seed)
            proposed = [scene.frame.slot(pose) for pose in sorted(proposal.poses.tolist())]
        else:
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
    for parameters in (STREET, AS_PUBLISHED_FULL):
        place(PlacementProblem(zone, car, 5.0, 2.3, 0.5, "parallel", kerb=bent), parameters=parameters)


def _may_hold_a_slot(problem: PlacementProblem) -> bool:
    """Whether there is as much free ground as a slot takes: a cheap no for tiny and full zones."""
    blocked = polygonal(problem.blocked)
    return bool(shapely.area(shapely.difference(problem.zone, blocked)) >= problem.slot_area_m2)
