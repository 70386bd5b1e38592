# SPDX-License-Identifier: AGPL-3.0-or-later
"""Do the bees earn their place? The colony against plain restarts of the same decoder, at equal evaluations.

Paired by zone and seed. The interval is for the mean difference per zone (over seeds), over zones: a bootstrap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.placement_methods import production
from workers.placement import PlacementProblem, ProductionParameters

_RESAMPLES = 4000


def colony_or_restarts(
    problems: Sequence[PlacementProblem], seeds: range, budgets: Sequence[int]
) -> list[dict[str, Any]]:
    """A row for each number of evaluations: spaces placed by each, and their difference."""
    rows = []
    for evaluations in budgets:
        placed = {
            search: np.array(
                [
                    [
                        len(
                            production(
                                False,
                                ProductionParameters(search=search, evaluations=evaluations),  # type: ignore[arg-type]
                                seed,
                                zone_known=False,
                            )(problem).slots
                        )
                        for seed in seeds
                    ]
                    for problem in problems
                ]
            )
            for search in ("bees", "multistart")
        }
        difference = (placed["bees"] - placed["multistart"]).mean(axis=1)
        chance = np.random.default_rng(0)
        means = [
            difference[chance.integers(0, len(problems), len(problems))].mean() for _ in range(_RESAMPLES)
        ]
        low, high = np.quantile(means, [0.025, 0.975])
        paired = placed["bees"] - placed["multistart"]
        rows.append(
            {
                "evaluations": evaluations,
                "zones": len(problems),
                "seeds": len(seeds),
                "bees placed, mean": round(float(placed["bees"].sum(axis=0).mean()), 1),
                "restarts placed, mean": round(float(placed["multistart"].sum(axis=0).mean()), 1),
                "bees better": int((paired > 0).sum()),
                "equal": int((paired == 0).sum()),
                "worse": int((paired < 0).sum()),
                "difference per zone": round(float(difference.mean()), 3),
                "95 % interval": f"{low:+.3f} to {high:+.3f}",
            }
        )
    return rows
