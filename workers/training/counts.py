# SPDX-License-Identifier: AGPL-3.0-or-later
"""Counts of right and wrong answers, and the summary over images of the SPARK paper's Table 1, made exact (DESIGN §4).

The paper gives range, mean and standard deviation over images and does not say what a match is or whether true negatives count.
Here accuracy is given with and without them, an image in which there is nothing to find and nothing was found scores 1, and
each mean comes with a bootstrap interval over images (Efron 1979, percentiles), since images of one place are few.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from apps.parking.space_matching import Rates, share

__all__ = ["BOOTSTRAPS", "Counts", "Summary", "summarise", "table_one"]

BOOTSTRAPS = 2000
INTERVAL = (2.5, 97.5)  # percentiles


@dataclass(frozen=True)
class Counts(Rates):
    """Of one image or of many. true_negatives: None where there is no such thing, as with cars."""

    true_positives: int = 0
    false_positives: int = 0
    false_negatives: int = 0
    true_negatives: int | None = None

    @property
    def accuracy(self) -> float | None:
        """(TP + TN) ÷ all; None without true negatives."""
        if self.true_negatives is None:
            return None
        good = self.true_positives + self.true_negatives
        return share(good, good + self.false_positives + self.false_negatives)

    @property
    def wrong(self) -> int:
        return self.false_positives + self.false_negatives

    def __add__(self, other: Counts) -> Counts:
        negatives = [n for n in (self.true_negatives, other.true_negatives) if n is not None]
        return Counts(
            self.true_positives + other.true_positives,
            self.false_positives + other.false_positives,
            self.false_negatives + other.false_negatives,
            sum(negatives) if negatives else None,
        )


@dataclass(frozen=True)
class Summary:
    """Of one measure over images: its range, mean, standard deviation (of the sample) and 95 % interval of the mean."""

    measure: str
    images: int
    least: float
    most: float
    mean: float
    deviation: float
    low: float
    high: float


def summarise(measure: str, values: Sequence[float], seed: int = 0) -> Summary:
    """Range, mean, deviation and bootstrap interval. Raises ValueError without values."""
    if not values:
        raise ValueError(f"{measure}: there is no image to summarise")
    array = np.asarray(values, float)
    drawn = np.random.default_rng(seed).integers(0, len(array), (BOOTSTRAPS, len(array)))
    low, high = np.percentile(array[drawn].mean(axis=1), INTERVAL)
    deviation = float(array.std(ddof=1)) if len(array) > 1 else 0.0
    return Summary(
        measure, len(array), float(array.min()), float(array.max()), float(array.mean()), deviation,
        float(low), float(high),
    )  # fmt: skip


def table_one(per_image: Sequence[Counts]) -> list[Summary]:
    """The measures of Table 1 over images; accuracy with true negatives only where there are any."""
    rows = [
        summarise("precision", [c.precision for c in per_image]),
        summarise("recall", [c.recall for c in per_image]),
    ]
    with_tn = [c.accuracy for c in per_image if c.accuracy is not None]
    if with_tn:
        rows.append(summarise("accuracy", with_tn))
    rows.append(summarise("accuracy without TN", [c.accuracy_without_tn for c in per_image]))
    return rows
