# SPDX-License-Identifier: AGPL-3.0-or-later
"""Blocked ground as rings: what crosses itself is left to shapely, all else is taken as it is."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from workers.placement.packed import _rings, pack
from workers.placement.problem import PlacementProblem

#: Few values, so that corners coincide and sides run along one another.
CORNERS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=9)
ZONE = box(-1, -1, 21, 21)


@given(CORNERS)
def test_a_ring_that_is_called_simple_is_valid(corners: list[tuple[int, int]]):
    closed = np.array([*corners, corners[0]], dtype=float)
    count, simple = _rings(closed)
    if simple:
        assert count == 1
        assert Polygon(closed).is_valid


@pytest.mark.parametrize(
    "corners",
    [
        [(0, 0), (4, 4), (4, 0), (0, 4)],  # crosses itself
        [(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)],  # touches its own side
        [(0, 0), (4, 0), (4, 4), (4, 2), (4, 6), (0, 6)],  # runs back along itself
        [(np.cos(k * 0.8 * np.pi), np.sin(k * 0.8 * np.pi)) for k in range(5)],  # a star, turning left only
        [(0, 0), (4, 0), (4, 4), (0, 0), (-4, -4), (-4, 0)],  # comes by its first corner
    ],
)
def test_a_ring_that_meets_itself_is_not(corners: list[tuple[float, float]]):
    closed = np.array([*corners, corners[0]], dtype=float)
    assert not _rings(closed)[1]


@pytest.mark.parametrize("turn", [1, -1])
def test_cars_are_simple_whichever_way_their_corners_run(turn: int):
    cars = [[(0, 0), (4, 0), (4.2, 1), (4, 2), (0, 2)], [(8, 0), (12, 0), (10, 0.5), (12, 2), (8, 2)]]
    blocked = MultiPolygon([Polygon(car[::turn]) for car in cars])
    assert _rings(shapely.get_coordinates(blocked)) == (2, True)
    packed = pack(PlacementProblem(ZONE, blocked, 5.0, 2.3))
    assert packed.car_starts.tolist() == [0, 5, 10]
    rings = [packed.cars_xy[:5], packed.cars_xy[5:]]
    assert all(Polygon(ring).exterior.is_ccw for ring in rings)
    assert sum(Polygon(ring).area for ring in rings) == pytest.approx(blocked.area)


def test_a_bow_tie_and_a_hole_block_what_shapely_says():
    bow_tie = Polygon([(0, 0), (4, 4), (4, 0), (0, 4)])
    packed = pack(PlacementProblem(ZONE, bow_tie, 5.0, 2.3))
    assert len(packed.car_starts) == 3
    ring = box(5, 5, 15, 15).difference(box(7, 7, 13, 13))
    packed = pack(PlacementProblem(ZONE, ring, 5.0, 2.3))
    outlines = np.split(packed.cars_xy, packed.car_starts[1:-1])
    assert [Polygon(outline).exterior.is_ccw for outline in outlines] == [True, False]


def test_nothing_blocked_has_no_rings():
    packed = pack(PlacementProblem(ZONE, Polygon(), 5.0, 2.3))
    assert packed.cars_xy.shape == (0, 2)
    assert packed.car_starts.tolist() == [0]
