# SPDX-License-Identifier: AGPL-3.0-or-later
"""Placement side by side in one run: production, the paper as published, mealpy's bees, an exact solver on a grid.

The instances are the public ones where `SPARK_SHARED` (default: the folder `shared` beside the checkout) has them, else
seeded ones made here. Every layout is judged by the scorer's plain shapely, not by the solver's own check. A page of
pictures goes to var/bench/placement.html.

    python -m benchmarks placement [--quick]      or      python -m benchmarks.placement [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.placement_colony import colony_or_restarts
from benchmarks.placement_exact import HAS_CP_SAT, exact_on_a_grid
from benchmarks.placement_families import families
from benchmarks.placement_growth import crowding, growth
from benchmarks.placement_methods import HAS_MEALPY, Layout, Method, mealpy, paper, production
from benchmarks.placement_page import write_page
from workers.placement import AS_PUBLISHED_FULL, AS_PUBLISHED_X, warm_up
from workers.placement.instances import parse_instances
from workers.placement.score import Score, score_instance

ROOT = Path(__file__).resolve().parents[1]
BENCH = Path(os.environ.get("SPARK_SHARED", ROOT.parent / "shared")) / "bench"
PAGE = ROOT / "var" / "bench" / "placement.html"

#: The peers need seconds for a zone, so they get small ones: up to this area and this many spaces known.
PEER_AREA_M2, PEER_MOST_SPACES = 320.0, 20
PEER_ZONES, PEER_ZONES_QUICK = 10, 2
#: What a peer may spend to reach production's count: the paper's iterations, and its own limit for the exact solver.
BUDGETS, BUDGETS_QUICK = (500, 2000, 8000, 32_000), (500, 2000)
SLOW_BUDGETS = (500, 2000)
EXACT_SECONDS, EXACT_SECONDS_QUICK = 30.0, 5.0
COLONY_BUDGETS, COLONY_BUDGETS_QUICK = (50, 200, 1000), (50,)

Row = dict[str, Any]
Item = dict[str, Any]


class Bench:
    """Instances, what is known of them, and the judge."""

    def __init__(self, quick: bool) -> None:
        items, self.known = _instances()
        self.items = items[::4] if quick else items
        self.instances = parse_instances(self.items)
        self.layouts: dict[str, dict[str, Layout]] = {}
        self.scores: dict[str, dict[str, Score]] = {}

    def row(self, name: str, method: Method, chosen: Sequence[int] | None = None, rounds: int = 0) -> Row:
        """Lay out and judge; a row of a table. Layouts and scores are kept under the method's name.

        ``rounds``: zones are laid out in turn so many times more, and only these count for time. Frames come like that,
        each of another zone than the one before; the same zone again and again would be quicker, by heart.
        """
        chosen = range(len(self.items)) if chosen is None else chosen
        layouts, scores = {}, {}
        for k in chosen:
            instance = self.instances[k]
            layouts[instance.id] = found = method(instance.problem)
            slots = [[slot.x, slot.y, slot.theta_rad] for slot in found.slots]
            scores[instance.id] = score_instance(self.items[k], slots, reach=True)
        cpu = [layout.cpu_ms for layout in layouts.values()]
        if rounds > 0:
            turns = [[method(self.instances[k].problem).cpu_ms for k in chosen] for _ in range(rounds)]
            cpu = np.median(turns, axis=0).tolist()
        self.layouts[name], self.scores[name] = layouts, scores
        placed = sum(score.counted for score in scores.values())
        best = sum(self.known.get(name, 0) for name in scores)
        bounds = [layout.bound for layout in layouts.values()]
        bound = None if None in bounds else sum(b or 0 for b in bounds)
        behind = [self.known.get(name, 0) - score.counted for name, score in scores.items()]
        return {
            "method": name,
            "zones": len(scores),
            "placed": placed,
            "best known": best or None,
            "ratio": round(placed / best, 3) if best else None,
            "most behind": max(behind) if best else None,
            "bound": bound,
            "gap %": round(100 * (bound - placed) / bound, 1) if bound else None,
            "infeasible": sum(score.infeasible for score in scores.values()),
            "reachable": sum(sum(score.reachable) for score in scores.values()),
            "cpu ms median": round(float(np.median(cpu)), 3),
            "p95": round(float(np.quantile(cpu, 0.95)), 3),
            "worst": round(max(cpu), 3),
        }

    def few(self, count: int) -> list[int]:
        """Small zones that hold something, of as many families as there are."""
        small = [
            k
            for k, instance in enumerate(self.instances)
            if instance.problem.zone.area <= PEER_AREA_M2
            and 1 <= self.known.get(instance.id, 5) <= PEER_MOST_SPACES
        ]
        first = {self.instances[k].family: k for k in reversed(small)}
        return sorted(first.values())[:count]


def run(quick: bool = False) -> dict[str, list[Row]]:
    """Tables by title. Quick: every fourth instance, two zones for the peers, one budget for the colony."""
    bench = Bench(quick)
    began = time.process_time()
    warm_up()
    warmed = time.process_time() - began
    rounds = 3 if quick else 7
    everywhere = [
        bench.row("production, first frame", production(False, zone_known=False)),
        bench.row("production", production(False), rounds=rounds),
        bench.row("production, reachable only", production(True), rounds=rounds),
        bench.row("paper, x only", paper(AS_PUBLISHED_X)),
        bench.row("paper, x, y, angle", paper(AS_PUBLISHED_FULL)),
    ]
    pictured = {
        name: {k: v.slots for k, v in found.items()}
        for name, found in bench.layouts.items()
        if name != "production, first frame"
    }
    write_page(PAGE, bench.instances, pictured, bench.known, bench.scores)
    few = bench.few(PEER_ZONES_QUICK if quick else PEER_ZONES)
    peers, equal = _peers(bench, few, quick)
    modes = ("perpendicular", "free") if quick else ("parallel", "perpendicular", "free")
    seeds = range(2 if quick else 5)
    ways = production(True, repeats=3)
    roomy = [i.problem for i in bench.instances if i.problem.zone.area < 700][:: 4 if quick else 1]
    return {
        "every zone": everywhere,
        f"{len(few)} small zones: the peers": peers,
        "the same zones: processor time until a method reaches production's count": equal,
        "production, reachable only: cpu ms as zones grow": growth(ways, modes, seeds),
        "the same as cars fill 1.3 km": crowding(ways, ("perpendicular", "free"), seeds),
        "the colony against restarts of its decoder": colony_or_restarts(
            roomy, range(2 if quick else 5), COLONY_BUDGETS_QUICK if quick else COLONY_BUDGETS
        ),
        "start": [{"kernels ready after cpu s": round(warmed, 2), "pictures": str(PAGE.relative_to(ROOT))}],
    }


def _peers(bench: Bench, few: list[int], quick: bool) -> tuple[list[Row], list[Row]]:
    """One table of what each method finds, and one of what it takes them to find as much as production."""
    budgets = BUDGETS_QUICK if quick else BUDGETS
    rows = [bench.row("production, few", production(False, repeats=3), few)]
    target = {name: score.counted for name, score in bench.scores["production, few"].items()}
    ours = {name: layout.cpu_ms for name, layout in bench.layouts["production, few"].items()}
    equal = []
    searches = (("x only", AS_PUBLISHED_X), ("x, y, angle", AS_PUBLISHED_FULL))
    for title, parameters in searches:
        ladder = [paper(replace(parameters, iterations=n)) for n in budgets]
        rows.append(bench.row(f"paper, {title}, few", ladder[0], few))
        equal.append(_time_to_equal(bench, few, f"paper, {title}", ladder, target, ours))
    for title, parameters in searches if HAS_MEALPY else ():
        ladder = [mealpy(replace(parameters, iterations=n)) for n in SLOW_BUDGETS[: 1 if quick else 2]]
        rows.append(bench.row(f"mealpy OriginalABC, {title}", ladder[0], few))
        equal.append(_time_to_equal(bench, few, f"mealpy OriginalABC, {title}", ladder, target, ours))
    if HAS_CP_SAT:
        seconds = EXACT_SECONDS_QUICK if quick else EXACT_SECONDS
        name = "CP-SAT, exact on a grid of poses"
        rows.append(bench.row(name, lambda problem: exact_on_a_grid(problem, seconds), few))
        solved = bench.layouts[name]
        rows[-1]["note"] = (
            f"{sum(f.note.startswith('optimal') for f in solved.values())} proved for their grid"
        )
        equal.append(_time_to_equal(bench, few, name, [lambda p: exact_on_a_grid(p, seconds)], target, ours))
    return rows, equal


def _time_to_equal(
    bench: Bench,
    few: list[int],
    name: str,
    ladder: list[Method],
    target: dict[str, int],
    ours: dict[str, float],
) -> Row:
    """The first budget with which a method places as many as production, counting that attempt alone."""
    reached, slower, wasted = [], [], []
    for k in few:
        instance = bench.instances[k]
        spent = 0.0
        for method in ladder:
            found = method(instance.problem)
            spent = found.cpu_ms
            slots = [[slot.x, slot.y, slot.theta_rad] for slot in found.slots]
            if score_instance(bench.items[k], slots).counted >= target[instance.id]:
                reached.append(spent)
                slower.append(spent / ours[instance.id])
                break
        else:
            wasted.append(spent)
    return {
        "method": name,
        "zones": len(few),
        "reached": len(reached),
        "cpu ms median where reached": round(float(np.median(reached)), 1) if reached else None,
        "times production's": round(float(np.median(slower))) if slower else None,
        "never": len(wasted),
        "within cpu ms (median)": round(float(np.median(wasted))) if wasted else None,
    }


def _instances() -> tuple[list[Item], dict[str, int]]:
    """The public instances with the best counts known, or seeded ones of our own without."""
    path = BENCH / "placement_public.json"
    if not path.exists():
        return families(range(4)), {}
    reference = json.loads((BENCH / "placement_public_reference.json").read_text(encoding="utf-8"))
    items = json.loads(path.read_text(encoding="utf-8"))
    return items, {name: int(entry["best_known"]) for name, entry in reference.items()}


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
