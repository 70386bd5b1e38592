# SPDX-License-Identifier: AGPL-3.0-or-later
"""The knobs of the paper's search, and its two settings that have names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workers.placement.problem import PlacementError

# The paper's penalties (§3.3.4): a slot outside the zone; each percent of a slot on occupied ground; each percent of
# a slot on another new slot.
OUTSIDE_PENALTY = 5000.0
OCCUPIED_PENALTY = 300.0
NEW_PENALTY = 300.0


@dataclass(frozen=True)
class PaperParameters:
    """How the paper's bees search; the defaults are the published search, where the paper says.

    Args:
        search: ``x``: positions along the longest edge only (the paper's Figure 6); ``full``: x, y and angle (its
            text).
        food_sources: half of the colony; one employed and one onlooker bee each.
        abandonment_limit: visits without improvement after which a source is given up to a scout.
        iterations: at most so many cycles of the colony; it stops before at cost zero. The paper shows 500.
        accept_equal: not as published: a bee also takes a neighbour of equal cost. Karaboga's takes only better.
    """

    search: Literal["x", "full"] = "x"
    food_sources: int = 20
    abandonment_limit: int = 100
    iterations: int = 500
    accept_equal: bool = False
    outside_penalty: float = OUTSIDE_PENALTY
    occupied_penalty: float = OCCUPIED_PENALTY
    new_penalty: float = NEW_PENALTY

    def __post_init__(self) -> None:
        if self.search not in ("x", "full"):
            raise PlacementError(f"search is {self.search!r}; it must be 'x' or 'full'")
        if self.food_sources < 2:
            raise PlacementError(
                f"food_sources is {self.food_sources}; a bee needs a second source to compare with"
            )
        for name in ("abandonment_limit", "iterations"):
            if getattr(self, name) < 1:
                raise PlacementError(f"{name} is {getattr(self, name)}; it must be at least 1")
        for name in ("outside_penalty", "occupied_penalty", "new_penalty"):
            if not 0.0 <= getattr(self, name) < float("inf"):
                raise PlacementError(f"{name} is {getattr(self, name)}; it must be zero or more")


AS_PUBLISHED_X = PaperParameters()
"""The paper's Figure 6: the baseline of every benchmark."""

AS_PUBLISHED_FULL = PaperParameters(search="full")
"""The paper's text: N × 3 variables."""
