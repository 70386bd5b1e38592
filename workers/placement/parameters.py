# SPDX-License-Identifier: AGPL-3.0-or-later
"""The knobs of the paper's search, and the three settings that have names."""

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
    """How the bees search.

    Args:
        search: ``x``: positions along the base line only (the paper's Figure 6); ``full``: x, y and angle (its text).
        food_sources: half of the colony; one employed and one onlooker bee each.
        abandonment_limit: visits without improvement after which a source is given up to a scout.
        iterations: at most so many cycles of the colony; it stops before at cost zero. The paper shows 500.
        by_stretch: an addition: search each free stretch of a row by itself, with its own N.
        several_rows: an addition: try a few distances from the kerb and angles, keep the best for each stretch.
        other_lines: an addition: after the base line, use what is left along the zone's other edges (free mode) or
            the kerb's other legs.
        deep_rows: an addition: so many rows behind one another; cars in a back row may be boxed in, hence 1.
        lane_m: an addition: ground in front of a new slot that slots along another line leave free, so that
            opposite rows do not shut each other in.
        spread: an addition: random layouts keep neighbours apart where they can, and one is spread evenly. Without
            it every position is uniform, as published.
        accept_equal: without an addition: a bee also takes a neighbour of equal cost. Karaboga's takes only better.
        lower_n: take one slot away and search again while no layout without cost is found.
    """

    search: Literal["x", "full"] = "x"
    food_sources: int = 20
    abandonment_limit: int = 100
    iterations: int = 120
    by_stretch: bool = True
    several_rows: bool = True
    other_lines: bool = True
    deep_rows: int = 1
    lane_m: float = 3.0
    spread: bool = True
    lower_n: bool = True
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
        for name in ("abandonment_limit", "iterations", "deep_rows"):
            if getattr(self, name) < 1:
                raise PlacementError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if self.lane_m < 0.0:
            raise PlacementError(f"lane_m is {self.lane_m}; it must be zero or more metres")
        if self.search == "full" and self.by_stretch:
            raise PlacementError("search 'full' works on the whole zone; set by_stretch=False with it")


STREET = PaperParameters()
"""What the worker uses: the paper's search along x, with the additions that make it useful to drivers."""

PACKED = PaperParameters(deep_rows=2, lane_m=0.0)
"""As many as fit, boxed in or not: the benchmark's plain score."""

AS_PUBLISHED_X = PaperParameters(
    iterations=500,
    by_stretch=False,
    several_rows=False,
    other_lines=False,
    spread=False,
    lower_n=False,
)
"""The paper's Figure 6 and nothing else: the baseline of every benchmark."""

AS_PUBLISHED_FULL = PaperParameters(
    search="full",
    iterations=500,
    by_stretch=False,
    several_rows=False,
    other_lines=False,
    spread=False,
    lower_n=False,
)
"""The paper's text: N × 3 variables."""
