# SPDX-License-Identifier: AGPL-3.0-or-later
"""Shares of an interval never add up to more than one, and weights on them bound what a row holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.placement.bound_measure import _share, most_by_measure


@given(st.lists(st.floats(0.01, 9.0), min_size=1, max_size=12), st.floats(0.0, 5.0), st.integers(0, 9))
def test_the_shares_of_chords_that_fit_an_interval_are_at_most_one(
    chords: list[float], spare: float, parts: int
):
    length = sum(chords) + spare
    assert sum(_share(chord, length, parts) for chord in chords) <= 1.0 + 1e-9


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
    bound, _ = most_by_measure(np.array([[chord]]), np.array([length]), 2.1, 0)
    assert int(bound + 1e-6) == count


def test_two_rows_of_two_are_four_and_not_what_their_area_says():
    """Two lines of 11 m; slots cover one line or the other, 4.6 m of it: by area 4.8, by rounding 4."""
    bound, gains = most_by_measure(np.array([[4.6, 0.0], [0.0, 4.6]]), np.array([11.0, 11.0]), 2.1, 0)
    assert bound == pytest.approx(4.0)
    assert gains == pytest.approx([1.0, 1.0])


def test_slots_that_cover_nothing_for_certain_have_no_bound():
    bound, _ = most_by_measure(np.array([[4.6, 0.0]]), np.array([11.0]), 2.1, 0)
    assert bound == np.inf


@given(st.integers(0, 10_000))
def test_the_weights_prove_the_bound(seed: int):
    """Whatever the programme ends with: no box weighs less than one, and chords drawn within the lengths weigh less."""
    chance = np.random.default_rng(seed)
    chords = chance.uniform(0.5, 5.0, (4, 9)) * (chance.uniform(size=(4, 9)) < 0.7)
    length = chance.uniform(3.0, 20.0, 4)
    bound, gains = most_by_measure(chords, length, 2.1, 0)
    if np.isfinite(bound):
        assert gains.min() >= 1.0 - 1e-9
        left = length.copy()
        count = 0
        for n in chance.permutation(np.repeat(np.arange(9), 8)):
            if (chords[:, n] <= left).all():
                left -= chords[:, n]
                count += 1
        assert count <= bound + 1e-9
