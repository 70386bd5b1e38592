# SPDX-License-Identifier: AGPL-3.0-or-later
"""Shares of an interval never add up to more than one, and weights on them bound what a row holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from workers.placement.bound_measure import share, shares_for, worth_weighing
from workers.placement.bound_weights import most_by_measure

Floats = NDArray[np.float64]
Shares = NDArray[np.int64]
NONE_FIRST = np.empty(0, dtype=np.int64)


class Weighed:
    """Boxes and intervals weighed: the bound, what each box collects, and which boxes stand in the way."""

    def __init__(
        self, chords: Floats, length: Floats, *, shares: Shares | None = None, most: int = 1 << 40
    ) -> None:
        boxes = chords.shape[1]
        self.shares = worth_weighing(chords, boxes, length, 2.1) if shares is None else shares
        self.gains, self.prices = np.zeros(boxes), np.zeros(boxes)
        self.gone = np.zeros(boxes, dtype=np.bool_)
        self.bound, _ = most_by_measure(
            (chords, length, self.shares), boxes, self.gone, NONE_FIRST, 0, most, self.gains, self.prices
        )


@given(st.lists(st.floats(0.01, 9.0), min_size=1, max_size=12), st.floats(0.0, 5.0), st.integers(0, 9))
def test_the_shares_of_chords_that_fit_an_interval_are_at_most_one(
    chords: list[float], spare: float, parts: int
):
    length = sum(chords) + spare
    assert sum(share(chord, length, parts) for chord in chords) <= 1.0 + 1e-9


@pytest.mark.parametrize(
    ("chord", "length", "count"),
    [
        (4.6, 11.0, 2),  # by length alone 2.4
        (4.6, 13.7, 2),
        (4.6, 13.9, 3),
        (2.1, 11.0, 5),
        (4.6, 4.5, 0),
    ],
)
def test_a_row_holds_whole_slots(chord: float, length: float, count: int):
    assert int(Weighed(np.array([[chord]]), np.array([length])).bound + 1e-6) == count


def test_two_rows_of_two_are_four_and_not_what_their_area_says():
    """Two lines of 11 m; slots cover one line or the other, 4.6 m of it: by area 4.8, by rounding 4."""
    weighed = Weighed(np.array([[4.6, 0.0], [0.0, 4.6]]), np.array([11.0, 11.0]))
    assert weighed.bound == pytest.approx(4.0)
    assert weighed.gains == pytest.approx([1.0, 1.0])


def test_slots_that_cover_nothing_for_certain_have_no_bound():
    assert Weighed(np.array([[4.6, 0.0]]), np.array([11.0])).bound == np.inf


@given(st.integers(0, 10_000))
def test_the_weights_prove_the_bound(seed: int):
    """Whatever the programme ends with: no box weighs less than one, and chords drawn within the lengths weigh less."""
    chance = np.random.default_rng(seed)
    chords = chance.uniform(0.5, 5.0, (4, 9)) * (chance.uniform(size=(4, 9)) < 0.7)
    length = chance.uniform(3.0, 20.0, 4)
    weighed = Weighed(chords, length)
    if np.isfinite(weighed.bound):
        assert weighed.gains.min() >= 1.0 - 1e-9
        left = length.copy()
        count = 0
        for n in chance.permutation(np.repeat(np.arange(9), 8)):
            if (chords[:, n] <= left).all():
                left -= chords[:, n]
                count += 1
        assert count <= weighed.bound + 1e-9


def test_the_boxes_in_the_way_are_few_and_bound_nothing_lower():
    """One box covers half of what the others do: it alone makes the bound, and a proof of less must do without it."""
    chords = np.array([[4.6, 4.6, 2.3, 4.6], [4.6, 4.6, 2.3, 4.6]])
    length = np.array([9.3, 9.3])
    weighed = Weighed(chords, length)
    assert weighed.bound == pytest.approx(4.0)
    assert np.flatnonzero(weighed.prices > 1e-9).tolist() == [2]
    assert Weighed(np.delete(chords, 2, axis=1), length).bound == pytest.approx(2.0)


@given(st.integers(0, 10_000))
def test_what_is_in_the_way_alone_has_the_same_bound(seed: int):
    chance = np.random.default_rng(seed)
    chords = chance.uniform(1.0, 5.0, (4, 12))
    length = chance.uniform(6.0, 20.0, 4)
    weighed = Weighed(chords, length)
    priced = weighed.prices > 1e-9
    assert 0 < priced.sum() <= 12
    # The programme may stop as soon as no better whole number can come out.
    alone = Weighed(np.ascontiguousarray(chords[:, priced]), length, shares=weighed.shares)
    assert int(alone.bound + 1e-6) == int(weighed.bound + 1e-6)


def test_nothing_is_proved_once_some_boxes_reach_what_is_known():
    chords, length = np.full((1, 40), 4.6), np.array([50.0])
    assert int(Weighed(chords, length).bound) == 10
    known = Weighed(chords, length, most=10)
    assert known.bound == np.inf
    assert known.prices.any()


def test_a_share_that_suits_the_boxes_in_the_way_is_added():
    """On 11 m rounding goes by the longest chord, 6 m, and the shortest, 2.6 m; one of 3.7 m is half of it as well."""
    chords, length = np.array([[2.6, 3.7, 6.0]]), np.array([11.0])
    shares = worth_weighing(chords, 3, length, 2.1)
    assert sorted(shares[:, 1].tolist()) == [0, 1, 4]
    more = shares_for(chords, length, shares, np.array([0.0, 2.9, 0.0]))
    assert more[len(shares) :].tolist() == [[0, 2]]
    assert len(shares_for(chords, length, shares, np.array([0.0, 1.9, 0.0]))) == len(shares)
