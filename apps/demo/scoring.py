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
from shapely import LineString, Polygon

MATCH_IOU = 0.5
TOUCH_SHARE = 0.05
"""A found space touches a car when the car covers more than this share of it: less is a matter of outlines."""


@dataclass(frozen=True)
class Kerbside:
    """What the packing of true spaces needs to know of a zone: a straight kerb and the slot along it."""

    polygon: Polygon
    kerb: LineString
    parallel: bool
    slot_length_m: float
    slot_width_m: float
    spacing_m: float


@dataclass(frozen=True)
class Score:
    """Counts and what follows from them; `true_negatives` are true cars in the zone that no found space touches."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int
    worst_false_free: float
    """Greatest share of any found space that truly lies under a car."""
    mean_false_free: float

    @property
    def precision(self) -> float:
        """1 when nothing was found, as in the paper's Table 1."""
        return _share(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        return _share(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def accuracy(self) -> float:
        """(TP + TN) ÷ all."""
        good = self.true_positives + self.true_negatives
        return _share(good, good + self.false_positives + self.false_negatives)

    @property
    def accuracy_without_tn(self) -> float:
        """TP ÷ (TP + FP + FN)."""
        return _share(self.true_positives, self.true_positives + self.false_positives + self.false_negatives)

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


def _share(part: int, whole: int) -> float:
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


def true_spaces(zone: Kerbside, free: shapely.Geometry) -> list[Polygon]:
    """Slots that truly fit into free ground along a straight kerb, packed from the kerb's start to its end.

    A slot stands at right angles to the kerb or along it, against the kerb, `spacing_m` from the next slot. Stretches of
    kerb where anything blocks the slots' depth are out; each stretch left holds as many slots as its length allows, and
    its spare length is shared out evenly, since nothing says where in a gap a driver will stand.
    """
    start, end = (np.array(p) for p in (zone.kerb.coords[0], zone.kerb.coords[-1]))
    run = float(np.linalg.norm(end - start))
    along = (end - start) / run
    inward = np.array([-along[1], along[0]])
    if np.dot(np.array(zone.polygon.centroid.coords[0]) - start, inward) < 0:
        inward = -inward
    depth, length = zone.slot_width_m, zone.slot_length_m
    if not zone.parallel:
        depth, length = length, depth
    axes = np.stack([along, inward])
    local_free = shapely.transform(free, lambda xy: (xy - start) @ axes.T)
    band = shapely.box(0.0, 0.0, run, depth)
    # Less than a centimetre of difference is rounding, not a car.
    taken = band.difference(local_free).buffer(-0.005)
    blocked = sorted(
        (g.bounds[0] - 0.005, g.bounds[2] + 0.005) for g in shapely.get_parts(taken) if not g.is_empty
    )
    spaces = []
    for low, high in _gaps(blocked, run):
        count = int((high - low + zone.spacing_m + 1e-9) / (length + zone.spacing_m))
        spare = (high - low) - count * length - max(0, count - 1) * zone.spacing_m
        for k in range(count):
            at = low + spare * (k + 1) / (count + 1) + k * (length + zone.spacing_m)
            corners = np.array([[at, 0], [at + length, 0], [at + length, depth], [at, depth]])
            spaces.append(Polygon(corners @ axes + start))
    return spaces


def _gaps(blocked: list[tuple[float, float]], run: float) -> list[tuple[float, float]]:
    gaps, reached = [], 0.0
    for low, high in blocked:
        if low > reached:
            gaps.append((reached, low))
        reached = max(reached, high)
    if run > reached:
        gaps.append((reached, run))
    return gaps
