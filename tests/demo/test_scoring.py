# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from shapely import LineString, box

from apps.demo.scoring import NOTHING, Kerbside, assign, matches, score_spaces, true_spaces

PARALLEL = Kerbside(box(0, 0, 30, 2.4), LineString([(0, 0), (30, 0)]), True, 5.0, 2.3, 0.5)
ACROSS = Kerbside(box(0, 0, 30, 5.2), LineString([(30, 0), (0, 0)]), False, 5.0, 2.5, 0.0)


@pytest.mark.parametrize(
    ("zone", "cars", "count"),
    [
        (PARALLEL, [], 5),  # 5 · 5 + 4 · 0.5 = 27; a sixth would need 32.5
        (PARALLEL, [box(0, 0, 24.9, 2)], 1),  # 5.1 m left
        (PARALLEL, [box(0, 0, 25.1, 2)], 0),  # 4.9 m left
        (PARALLEL, [box(12, 0.3, 16.5, 2.1)], 4),  # 12 m hold two, 13.5 m hold two
        (PARALLEL, [box(12, 0.3, 16.5, 2.1), box(16.6, 0.3, 21, 2.1)], 3),
        (PARALLEL, [box(5, 2.31, 10, 5)], 5),  # a car that only reaches over the road-side edge of the zone
        (ACROSS, [], 12),
        (ACROSS, [box(2.4, 0.2, 4.2, 4.6)], 10),  # 2.4 m are too narrow, 25.8 m hold ten
    ],
)
def test_true_spaces_are_as_many_as_fit(zone, cars, count):
    free = zone.polygon.difference(shapely.union_all(cars))
    spaces = true_spaces(zone, free)
    assert len(spaces) == count
    for space in spaces:
        assert space.difference(zone.polygon).area < 1e-6
        assert space.difference(free).area < 1e-6
    for a, b in itertools.combinations(spaces, 2):
        assert a.distance(b) >= zone.spacing_m - 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_the_assignment_is_the_best_one(seed):
    gain = np.random.default_rng(seed).random((5, 4) if seed % 2 else (3, 6))
    pairs = assign(gain)
    best = max(
        sum(gain[r, c] for r, c in zip(rows, columns, strict=True))
        for rows in itertools.permutations(range(gain.shape[0]), min(gain.shape))
        for columns in itertools.combinations(range(gain.shape[1]), min(gain.shape))
    )
    assert sum(gain[r, c] for r, c in pairs) == pytest.approx(best)
    assert len({r for r, _ in pairs}) == len({c for _, c in pairs}) == len(pairs) == min(gain.shape)


def test_nothing_to_assign():
    assert assign(np.zeros((0, 3))) == []


def test_a_pair_counts_from_an_iou_of_one_half():
    true = [box(0, 0, 5, 2)]
    assert len(matches([box(1.6, 0, 6.6, 2)], true)) == 1  # 3.4 / 6.6
    assert len(matches([box(1.7, 0, 6.7, 2)], true)) == 0  # 3.3 / 6.7


def test_score_counts_what_was_found_missed_invented_and_left_alone():
    true = [box(0, 0, 5, 2.3), box(10, 0, 15, 2.3)]
    found = [box(0.3, 0, 5.3, 2.3), box(20, 0, 25, 2.3)]
    cars = [box(21, 0.2, 25.5, 2), box(30, 0.2, 34, 2)]
    score = score_spaces(found, true, cars)
    assert (score.true_positives, score.false_positives, score.false_negatives, score.true_negatives) == (
        1,
        1,
        1,
        1,
    )
    assert (score.precision, score.recall, score.accuracy) == (0.5, 0.5, 0.5)
    assert score.accuracy_without_tn == pytest.approx(1 / 3)
    assert score.worst_false_free == pytest.approx(4 * 1.8 / (5 * 2.3))
    assert score.count_error == 0


def test_scores_add_up():
    one = score_spaces([box(0, 0, 5, 2)], [box(0, 0, 5, 2)], [])
    other = score_spaces([], [box(0, 0, 5, 2)], [])
    both = one + other + NOTHING
    assert (both.true_positives, both.false_negatives, both.recall) == (1, 1, 0.5)


def test_nothing_found_where_nothing_is_counts_as_right():
    assert score_spaces([], [], []).precision == score_spaces([], [], []).recall == 1.0
