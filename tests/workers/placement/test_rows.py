# SPDX-License-Identifier: AGPL-3.0-or-later
"""The paper's N: the zone's length along x less the length of the occupied regions, in slots."""

from __future__ import annotations

import pytest
import shapely
from shapely import Polygon, box
from shapely.affinity import rotate, translate

from workers.placement import AS_PUBLISHED_X, PlacementProblem, place
from workers.placement.rows import free_length, slots_from_free_length
from workers.placement.scene import build_scene


@pytest.mark.parametrize(
    ("cars", "free"),
    [
        ([], 30.0),
        ([box(5, 0, 9, 2)], 26.0),
        ([box(5, 0, 9, 2), box(7, 0, 12, 2)], 23.0),  # overlapping cars are not counted twice
        ([box(5, 0, 9, 1), box(6, 1.5, 8, 2.5)], 26.0),  # nor one beside another
        ([box(-3, 0, 2, 2)], 28.0),  # only what stands in the zone
        ([box(5, 5, 9, 7)], 30.0),  # beside the zone
        ([box(-1, -1, 31, 4)], 0.0),
    ],
)
def test_free_length_along_the_base_line(cars: list[Polygon], free: float) -> None:
    zone, blocked = box(0, 0, 30, 2.6), shapely.union_all(cars)
    for turn in (0.0, 30.0, 200.0):
        moved = [translate(rotate(g, turn, origin=(0, 0)), 7e5, 4e6) for g in (zone, blocked)]
        scene = build_scene(PlacementProblem(moved[0], moved[1], 5.0, 2.3))
        assert free_length(scene.lines[0], scene.zone, scene.blocked) == pytest.approx(free, abs=1e-6)


@pytest.mark.parametrize(
    ("free", "pitch", "spacing", "n"),
    [
        (30.0, 5.0, 0.0, 6),
        (29.99, 5.0, 0.0, 5),
        (30.0, 5.5, 0.5, 5),
        (27.0, 5.5, 0.5, 5),  # 5 × 5 + 4 × 0.5
        (26.9, 5.5, 0.5, 4),
        (4.9, 5.0, 0.0, 0),
        (-3.0, 5.0, 0.0, 0),
    ],
)
def test_slots_from_free_length(free: float, pitch: float, spacing: float, n: int) -> None:
    assert slots_from_free_length(free, pitch, spacing) == n


def test_as_published_two_short_gaps_count_as_one_slot_that_fits_nowhere() -> None:
    cars = shapely.union_all([box(3, 0, 8, 2.6), box(11, 0, 16, 2.6)])
    placement = place(PlacementProblem(box(0, 0, 16, 2.6), cars, 5.0, 2.3), parameters=AS_PUBLISHED_X)
    assert placement.slots == ()
    assert placement.cost > 0
    assert len(placement.cost_history) == AS_PUBLISHED_X.iterations + 1
