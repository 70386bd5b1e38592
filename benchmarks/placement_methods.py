# SPDX-License-Identifier: AGPL-3.0-or-later
"""The ways of placing that are compared: ours, the paper's, a library's bees, and an exact solver on a grid.

Each takes an instance and gives slots and the processor time they cost. Judging them is the caller's affair.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

try:
    from mealpy import ABC, FloatVar
except ModuleNotFoundError:  # the peer is there for Python 3.11 only (requirements-dev.in says why)
    ABC = None

from workers.placement import PaperParameters, PlacementProblem, ProductionParameters, Slot, place, prepare
from workers.placement.feasible import feasible_slots
from workers.placement.packed import forget_zones
from workers.placement.paper import paper_task


@dataclass(frozen=True)
class Layout:
    """What a method found; ``cost`` is the paper's (0 where it does not apply), ``note`` a word on how it ended."""

    slots: Sequence[Slot]
    cpu_ms: float
    bound: int | None = None
    cost: float = 0.0
    evaluations: int = 0
    note: str = ""


Method = Callable[[PlacementProblem], Layout]


def production(
    reachable: bool,
    parameters: ProductionParameters | None = None,
    seed: int = 0,
    repeats: int = 1,
    zone_known: bool = True,
) -> Method:
    """SPARK's production mode; the median time of a few calls.

    ``zone_known``: what depends on the zone alone is kept from an untimed call before, as from frame to frame.
    """

    def solve(problem: PlacementProblem) -> Layout:
        times = []
        if zone_known:
            prepare(problem)
        for _ in range(repeats):
            if not zone_known:
                forget_zones()
            placement = place(
                replace(problem, reachable_only=reachable),
                mode="production",
                seed=seed,
                parameters=parameters,
            )
            times.append(placement.cpu_ms)
        return Layout(
            placement.slots, float(np.median(times)), placement.bound, evaluations=placement.evaluations
        )

    return solve


def paper(parameters: PaperParameters, seed: int = 0) -> Method:
    """The paper's algorithm; what of its layout is not feasible is dropped in its favour."""

    def solve(problem: PlacementProblem) -> Layout:
        found = place(problem, mode="paper", parameters=parameters, seed=seed)
        return Layout(found.slots, found.cpu_ms, None, found.cost, found.evaluations)

    return solve


def mealpy(parameters: PaperParameters, seed: int = 0) -> Method:
    """mealpy's OriginalABC on the very same task: its bees get our compiled cost, so only the colony differs."""

    def solve(problem: PlacementProblem) -> Layout:
        began = time.process_time()
        task = paper_task(problem, parameters)
        if task.n == 0:
            return Layout((), (time.process_time() - began) * 1e3)
        moving = slice(0, task.moving)
        calls = 0

        def layout(solution: np.ndarray) -> np.ndarray:
            poses = np.tile(task.low, (task.n, 1))
            poses[:, moving] = solution.reshape(task.n, task.moving)
            return poses

        def cost(solution: np.ndarray) -> float:
            nonlocal calls
            calls += 1
            return task.cost(layout(solution))

        # mealpy counts an onlooker for every employed bee, as we do: the evaluations are the same.
        bees = ABC.OriginalABC(parameters.iterations, parameters.food_sources, parameters.abandonment_limit)
        bounds = FloatVar(lb=[*task.low[moving]] * task.n, ub=[*task.high[moving]] * task.n, name="slots")
        best = bees.solve({"bounds": bounds, "minmax": "min", "obj_func": cost, "log_to": None}, seed=seed)
        poses = layout(best.solution).tolist()
        slots = feasible_slots(problem, [task.frame.slot(pose) for pose in poses])
        return Layout(slots, (time.process_time() - began) * 1e3, None, float(best.target.fitness), calls)

    return solve


HAS_MEALPY = ABC is not None
