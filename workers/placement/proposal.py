# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the bees propose, before exact geometry has its say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workers.placement.geometry import Floats


@dataclass(frozen=True)
class Proposal:
    """Poses (N, 3) in the aligned frame, the paper's cost, its best value per iteration, layouts costed."""

    poses: Floats
    cost: float
    history: tuple[float, ...]
    evaluations: int


NOTHING = Proposal(np.empty((0, 3)), 0.0, (), 0)
