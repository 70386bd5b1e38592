# SPDX-License-Identifier: AGPL-3.0-or-later
"""The Artificial Bee Colony as one call: where it searches, how many bees, what it found.

The bees themselves are in ``kernels.run_colony``: Karaboga 2005 (employed, onlooker and scout bees on numerical
problems) and Karaboga and Basturk 2007 (abandonment limit, roulette by 1 / (1 + cost)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.placement.geometry import LineTable
from workers.placement.kernels import free_stretches, layout_cost, run_colony
from workers.placement.parameters import PaperParameters
from workers.placement.scene import SceneArrays

Floats = NDArray[np.float64]

# The kernels call what is below this no overlap: a fifth of what the exact check lets pass.
SEARCH_TOLERANCE_M2 = 2e-5
# Along a row: stride over free ground, least stride over taken ground, precision of a stretch's ends.
_STRIDES_M = (0.25, 0.01, 1e-6)


@dataclass(frozen=True)
class Ground:
    """What the bees fly over: the scene's arrays, slot sizes with and without spacing, the penalties."""

    scene: SceneArrays
    size: Floats
    rules: Floats

    def cost(self, poses: Floats) -> float:
        """The paper's cost C of a layout, (N, 3) poses."""
        return float(layout_cost(poses, *self.scene, self.size, self.rules))

    def free_stretches(self, d: float, beta: float, line: LineTable) -> list[tuple[float, float]]:
        """From where to where along a row the centre of a single slot costs nothing, arc lengths in metres."""
        found = free_stretches(d, beta, line, *self.scene, self.size, self.rules, _STRIDES_M)
        return [(float(low), float(high)) for low, high in found]


def ground(
    scene: SceneArrays, slot: tuple[float, float], spaced: tuple[float, float], p: PaperParameters
) -> Ground:
    """Ground for slots of a size, both sizes as (length, width) in metres."""
    return Ground(
        scene,
        np.array([slot[0], slot[1], spaced[0], spaced[1]]) / 2,
        np.array(
            [p.outside_penalty, p.occupied_penalty, p.new_penalty, SEARCH_TOLERANCE_M2, SEARCH_TOLERANCE_M2]
        ),
    )


@dataclass(frozen=True)
class Search:
    """What one colony is to find: ``n`` slots on a line, the bounds of their variables.

    ``low`` and ``high`` hold (s,) for a search along the line at ``row`` = (d, beta), or (s, d, beta) for a full one.
    ``pitch_m`` is the distance that neighbours of a random layout keep along the line.
    """

    n: int
    line: LineTable
    row: tuple[float, float]
    low: tuple[float, ...]
    high: tuple[float, ...]
    pitch_m: float


@dataclass(frozen=True)
class Found:
    """The best layout of a colony: poses (n, 3), its cost, the best cost per iteration, layouts costed."""

    poses: Floats
    cost: float
    history: tuple[float, ...]
    evaluations: int


def search(task: Search, over: Ground, parameters: PaperParameters, seed: int) -> Found:
    """Let a colony loose. The same seed gives the same layout."""
    poses, cost, history, evaluations = run_colony(
        task.n,
        np.array(task.low),
        np.array(task.high),
        float(task.pitch_m),
        parameters.spread,
        task.line,
        task.row,
        over.scene,
        over.size,
        over.rules,
        (parameters.food_sources, parameters.abandonment_limit, parameters.iterations),
        np.uint64(seed % 2**64),
    )
    return Found(poses, float(cost), tuple(history.tolist()), int(evaluations))
