# SPDX-License-Identifier: AGPL-3.0-or-later
"""How good found spaces are, against the truth. Pure: numpy and shapely only, all in one frame of true metres.

One-to-one assignment of found and true spaces by overlap; a pair counts when its IoU is at least 0.5. The assignment is
exact (shortest augmenting paths, Kuhn 1955 in the form of Jonker & Volgenant, Computing 38, 1987): small enough here to need no
optimisation library.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

__all__ = [
    "MATCH_IOU",
    "NOTHING",
    "TOUCH_SHARE",
    "Rates",
    "Score",
    "assign",
    "iou_table",
    "matches",
    "score_spaces",
    "share",
]

MATCH_IOU = 0.5
TOUCH_SHARE = 0.05
"""A found space touches a car when the car covers more than this share of it: less is a matter of outlines."""


class Rates:
    """What follows from counts of right and wrong answers."""

    true_positives: int
    false_positives: int
    false_negatives: int

    @property
    def precision(self) -> float:
        """1 when nothing was found, as in the paper's Table 1."""
        return share(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        """1 when there was nothing to find."""
        return share(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def accuracy_without_tn(self) -> float:
        """TP ÷ (TP + FP + FN)."""
        return share(self.true_positives, self.true_positives + self.false_positives + self.false_negatives)


@dataclass(frozen=True)
class Score(Rates):
    """Counts and what follows from them; `true_negatives` are true cars in the zone that no found space touches."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int
    worst_false_free: float
    """Greatest share of any found space that truly lies under a car."""
    mean_false_free: float

    @property
    def accuracy(self) -> float:
        """(TP + TN) ÷ all."""
        good = self.true_positives + self.true_negatives
        return share(good, good + self.false_positives + self.false_negatives)

    @property
    def count_error(self) -> int:
        """Found minus true."""
        return self.false_positives - self.false_negatives

    def __add__(self, other: Score) -> Score:
        mine, theirs = (
            self.true_positives + self.false_positives,
            other.true_positives + other.false_positives,
        )
        mean = (self.mean_false_free * mine + other.mean_false_free * theirs) / max(1, mine + theirs)
        return Score(
            self.true_positives + other.true_positives,
            self.false_positives + other.false_positives,
            self.false_negatives + other.false_negatives,
            self.true_negatives + other.true_negatives,
            max(self.worst_false_free, other.worst_false_free),
            mean,
        )


NOTHING = Score(0, 0, 0, 0, 0.0, 0.0)


def share(part: int, whole: int) -> float:
    """part ÷ whole; 1 where there is nothing to divide by."""
    return part / whole if whole else 1.0


def iou_table(first: Sequence[Polygon], second: Sequence[Polygon]) -> NDArray[np.float64]:
    """Intersection over union of every pair, (len(first), len(second))."""
    table = np.zeros((len(first), len(second)))
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            common = a.intersection(b).area
            if common > 0.0:
                table[i, j] = common / (a.area + b.area - common)
    return table


def assign(gain: NDArray[np.float64]) -> list[tuple[int, int]]:
    """One-to-one pairs (row, column) of greatest total gain; rows and columns may differ in number."""
    if gain.size == 0:
        return []
    turned = gain.shape[0] > gain.shape[1]
    cost = -(gain.T if turned else gain)
    rows, columns = cost.shape
    row_price, column_price = np.zeros(rows + 1), np.zeros(columns + 1)
    owner = np.zeros(columns + 1, int)
    for row in range(1, rows + 1):
        owner[0] = row
        at = 0
        least = np.full(columns + 1, math.inf)
        came_from = np.zeros(columns + 1, int)
        done = np.zeros(columns + 1, bool)
        while owner[at]:
            done[at] = True
            slack = cost[owner[at] - 1] - row_price[owner[at]] - column_price[1:]
            better = ~done[1:] & (slack < least[1:])
            least[1:][better] = slack[better]
            came_from[1:][better] = at
            nearest = int(np.argmin(np.where(done[1:], math.inf, least[1:]))) + 1
            step = least[nearest]
            row_price[owner[done]] += step
            column_price[done] -= step
            least[~done] -= step
            at = nearest
        while at:
            owner[at] = owner[came_from[at]]
            at = came_from[at]
    pairs = [(int(owner[c]) - 1, c - 1) for c in range(1, columns + 1) if owner[c]]
    return sorted((c, r) if turned else (r, c) for r, c in pairs)


def matches(
    found: Sequence[Polygon], true: Sequence[Polygon], least: float = MATCH_IOU
) -> list[tuple[int, int, float]]:
    """(found, true, IoU) of the pairs that count."""
    table = iou_table(found, true)
    # Only overlaps that count take part, so that two halves never displace one good pair.
    pairs = assign(np.where(table >= least, table, 0.0))
    return [(i, j, float(table[i, j])) for i, j in pairs if table[i, j] >= least]


def score_spaces(found: Sequence[Polygon], true: Sequence[Polygon], cars: Sequence[Polygon]) -> Score:
    """Found against true spaces of one zone; cars: the true footprints that stand in it."""
    good = len(matches(found, true))
    covered = shapely.union_all(list(cars)) if cars else Polygon()
    shares = [space.intersection(covered).area / space.area for space in found]
    untouched = sum(
        all(car.intersection(space).area <= TOUCH_SHARE * space.area for space in found) for car in cars
    )
    return Score(
        good, len(found) - good, len(true) - good, untouched, max(shares, default=0.0),
        float(np.mean(shares)) if shares else 0.0,
    )  # fmt: skip
