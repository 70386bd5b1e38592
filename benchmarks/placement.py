# SPDX-License-Identifier: AGPL-3.0-or-later
"""The bees side by side: SPARK's settings of the paper's search, and mealpy's OriginalABC as a peer, in one run.

The instances are the public ones where `SPARK_SHARED` (default: the folder `shared` beside the checkout) has them, else
seeded kerb strips made here. Every layout is judged by the scorer's plain shapely, not by the solver's own check.

    python -m benchmarks placement [--quick]      or      python -m benchmarks.placement [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

try:
    from mealpy import ABC, FloatVar
except ModuleNotFoundError:  # the peer is there for Python 3.11 only (requirements-dev.in says why)
    ABC = None

from workers.placement import (
    AS_PUBLISHED_FULL,
    AS_PUBLISHED_X,
    PACKED,
    STREET,
    PaperParameters,
    place,
    warm_up,
)
from workers.placement.feasible import feasible_slots
from workers.placement.instances import Instance, parse_instances
from workers.placement.paper import paper_task
from workers.placement.problem import Slot
from workers.placement.score import score_instance

ROOT = Path(__file__).resolve().parents[1]
BENCH = Path(os.environ.get("SPARK_SHARED", ROOT.parent / "shared")) / "bench"

# What each addition to the published search is worth: switched on one after another.
STAGES: tuple[tuple[str, PaperParameters], ...] = (
    ("published, x, y, angle", AS_PUBLISHED_FULL),
    ("published, x only", AS_PUBLISHED_X),
    ("+ N lowered", replace(AS_PUBLISHED_X, lower_n=True)),
    (
        "+ by free stretch",
        replace(AS_PUBLISHED_X, lower_n=True, by_stretch=True, iterations=STREET.iterations),
    ),
    ("+ spread start", replace(STREET, several_rows=False, other_lines=False)),
    ("+ several rows", replace(STREET, other_lines=False)),
    ("+ other lines = street", STREET),
    ("packed (no lanes, two rows)", PACKED),
)
# mealpy needs a second or more for a zone, so it gets a few: one of each family with room in it.
PEER_ZONES, PEER_ZONES_QUICK = 8, 2

Row = dict[str, Any]
Layout = tuple[Sequence[Slot], float, float, int]  # slots, processor milliseconds, cost, evaluations


def run(quick: bool = False) -> dict[str, list[Row]]:
    """Tables by title. Quick: every fifth instance, fewer zones for the peer."""
    items, known = _instances()
    started = time.perf_counter()
    warm_up()
    warmed = time.perf_counter() - started
    chosen = items[::5] if quick else items
    problems = {item["id"]: instance for item, instance in zip(items, parse_instances(items), strict=True)}
    settings = [
        _row(name, chosen, known, lambda item, p=p: _ours(problems[item["id"]], p, 0)) for name, p in STAGES
    ]
    roomy = [item for item in items if 2 <= known.get(item["id"], 3) <= 25]
    families = {item["family"]: item for item in reversed(roomy)}
    few = list(families.values())[: PEER_ZONES_QUICK if quick else PEER_ZONES]
    peers = []
    for search, p in (("x only", AS_PUBLISHED_X), ("x, y, angle", AS_PUBLISHED_FULL)):
        for name, solve in (("SPARK published", _ours), *PEERS):
            peers.append(
                _row(
                    f"{name}, {search}",
                    few,
                    known,
                    lambda i, p=p, solve=solve: solve(problems[i["id"]], p, 0),
                )
            )
    return {
        f"{len(chosen)} zones, seed 0": settings,
        f"{len(few)} zones, same cost function, same N, same evaluations": peers,
        "warm-up": [{"kernels ready after s": round(warmed, 2)}],
    }


def _ours(instance: Instance, parameters: PaperParameters, seed: int) -> Layout:
    placement = place(instance.problem, parameters=parameters, seed=seed)
    return placement.slots, placement.cpu_ms, placement.cost, placement.evaluations


def _mealpy(instance: Instance, parameters: PaperParameters, seed: int) -> Layout:
    """mealpy on the very same task: its bees get our compiled cost, so only the colony differs."""
    began = time.process_time()
    task = paper_task(instance.problem, parameters)
    if task.n == 0:
        return (), (time.process_time() - began) * 1e3, 0.0, 0
    moving = slice(0, task.moving)

    def layout(solution: np.ndarray) -> np.ndarray:
        poses = np.tile(task.low, (task.n, 1))
        poses[:, moving] = solution.reshape(task.n, task.moving)
        return poses

    calls = 0

    def cost(solution: np.ndarray) -> float:
        nonlocal calls
        calls += 1
        return task.cost(layout(solution))

    # mealpy counts an onlooker for every employed bee, as we do: the evaluations are the same.
    bees = ABC.OriginalABC(parameters.iterations, parameters.food_sources, parameters.abandonment_limit)
    bounds = FloatVar(lb=[*task.low[moving]] * task.n, ub=[*task.high[moving]] * task.n, name="slots")
    best = bees.solve({"bounds": bounds, "minmax": "min", "obj_func": cost, "log_to": None}, seed=seed)
    poses = layout(best.solution).tolist()
    slots = feasible_slots(instance.problem, [task.frame.slot(pose) for pose in poses])
    return slots, (time.process_time() - began) * 1e3, float(best.target.fitness), calls


#: Nothing to compare with where mealpy is not installed.
PEERS = (("mealpy OriginalABC", _mealpy),) if ABC is not None else ()


def _row(
    name: str, items: Sequence[dict[str, Any]], known: dict[str, int], solve: Callable[..., Layout]
) -> Row:
    placed = infeasible = best = 0
    cpu, costs, evaluations = [], [], 0
    for item in items:
        slots, cpu_ms, cost, count = solve(item)
        score = score_instance(item, [[slot.x, slot.y, slot.theta_rad] for slot in slots])
        placed, infeasible, best = (
            placed + score.counted,
            infeasible + score.infeasible,
            best + known.get(item["id"], 0),
        )
        evaluations += count
        cpu.append(cpu_ms)
        costs.append(cost)
    return {
        "method": name,
        "placed": placed,
        "best known": best or None,
        "ratio": round(placed / best, 3) if best else None,
        "infeasible": infeasible,
        "cpu ms median": round(statistics.median(cpu), 1),
        "cpu ms p95": round(float(np.quantile(cpu, 0.95)), 1),
        "cpu ms worst": round(max(cpu), 1),
        "zones at cost 0": sum(cost <= 0 for cost in costs),
        "layouts costed": evaluations,
    }


def _instances() -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The public instances with the best counts known, or strips of our own without."""
    path = BENCH / "placement_public.json"
    if not path.exists():
        return [_strip(seed) for seed in range(20)], {}
    reference = json.loads((BENCH / "placement_public_reference.json").read_text(encoding="utf-8"))
    items = json.loads(path.read_text(encoding="utf-8"))
    return items, {name: int(entry["best_known"]) for name, entry in reference.items()}


def _strip(seed: int) -> dict[str, Any]:
    """A kerb strip with crooked cars at random gaps."""
    chance = np.random.default_rng(seed)
    along = bool(seed % 2)
    length, slot = float(chance.uniform(20, 80)), [5.0, 2.3]
    depth, pitch = (2.6, 5.0) if along else (5.4, 2.3)
    cars, x = [], float(chance.uniform(0, 2 * pitch))
    while x + pitch < length:
        u, v = (2.2, 0.9) if along else (0.9, 2.2)
        turn, middle = chance.normal(0, 0.04), np.array([x + pitch / 2, depth / 2 + chance.normal(0, 0.1)])
        spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        cars.append((np.array([[-u, -v], [u, -v], [u, v], [-u, v]]) @ spin + middle).tolist())
        x += pitch + float(chance.exponential(pitch))
    return {
        "id": f"strip-{seed}",
        "family": f"strip-{seed}",
        "zone": [[0, 0], [length, 0], [length, depth], [0, depth]],
        "occupied": cars,
        "slot": slot,
        "mode": "parallel" if along else "perpendicular",
        "angle_ranges_deg": [[-12, 12] if along else [78, 102]],
        "kerb": [[0, 0], [length, 0]],
    }


def main() -> None:
    """Print the tables and write them as JSON, as the runner does."""
    from benchmarks.__main__ import run_one

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.placement", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--quick", action="store_true")
    run_one("placement", parser.parse_args().quick)


if __name__ == "__main__":
    main()
