# SPDX-License-Identifier: AGPL-3.0-or-later
"""A settled layout: room shared out evenly, what stood stays, what must move moves little, and nothing is lost."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import shapely
from shapely import LineString, Polygon, box

from workers.placement import PlacementProblem, Slot, place
from workers.placement.score_reach import access_edges, reachable
from workers.placement.settle import settle

KERB = LineString([(0, 2.4), (60, 2.4)])


def strip(*cars: Polygon, length=60.0, depth=2.4, **changes) -> PlacementProblem:
    """A parallel zone along x whose kerb is its upper side."""
    values = {"slot_length_m": 5.0, "slot_width_m": 2.3, "spacing_m": 0.5, "mode": "parallel"} | changes
    kerb = LineString([(0, depth), (length, depth)])
    return PlacementProblem(box(0, 0, length, depth), shapely.union_all(cars), kerb=kerb, **values)


def car(x: float, length: float = 4.4) -> Polygon:
    return box(x, 0.3, x + length, 2.1)


def settled(problem: PlacementProblem, standing: tuple[Slot, ...] = ()):
    return settle(problem, place(problem, mode="production"), standing)


def xs(placement) -> list[float]:
    return sorted(round(slot.x, 3) for slot in placement.slots)


def check(problem: PlacementProblem, placement) -> None:
    """Everything that is published is inside, off the cars, apart and reachable, by plain shapely."""
    outlines = [slot.polygon(problem.slot_length_m, problem.slot_width_m) for slot in placement.slots]
    for i, outline in enumerate(outlines):
        assert outline.difference(problem.zone).area < 1e-4
        assert outline.intersection(problem.blocked).area < 1e-4
        assert all(outline.intersection(other).area < 1e-4 for other in outlines[:i])
        if (
            problem.mode != "free"
        ):  # the spacing is held along the kerb only, and there cars stand any way round
            assert all(outline.distance(other) > problem.spacing_m - 1e-3 for other in outlines[:i])
    access = access_edges(problem.zone, problem.kerb, problem.access)
    cars = [part for part in shapely.get_parts(problem.blocked) if not part.is_empty]
    assert all(reachable(outlines, cars, problem.zone, problem.kerb, access, problem.mode))


@pytest.mark.parametrize(
    ("cars", "expected"),
    [
        ((car(0), car(14.4)), [9.4]),  # one space in a gap of 10 m stands in its middle
        ((car(0), car(16.4)), [7.4, 13.4]),  # 12 m hold two, with 0.5 m left at each of three places
    ],
)
def test_room_to_spare_is_shared_out(cars, expected):
    problem = strip(*cars, length=cars[-1].bounds[2])
    found = settled(problem)
    check(problem, found)
    assert xs(found) == pytest.approx(expected, abs=0.01)


def test_across_the_kerb_too():
    cars = (box(0, 0.1, 1.8, 4.5), box(8.8, 0.1, 10.6, 4.5))
    problem = strip(*cars, length=10.6, depth=5.2, mode="perpendicular", slot_width_m=2.5, spacing_m=0.0)
    found = settled(problem)
    check(problem, found)
    assert xs(found) == pytest.approx([1.8 + 2 / 3 + 1.25, 1.8 + 4 / 3 + 3.75], abs=0.02)


def test_what_stands_stays_to_the_bit_when_a_car_comes_elsewhere():
    before = settled(strip(car(20), car(42)))
    problem = strip(car(20), car(42), car(54, 3.8))
    after = settled(problem, before.slots)
    check(problem, after)
    untouched = [slot for slot in before.slots if slot.x < 42]
    assert len(untouched) >= 5
    for slot in untouched:
        nearest = min(after.slots, key=lambda one: abs(one.x - slot.x))
        assert math.hypot(nearest.x - slot.x, nearest.y - slot.y) < 1e-6


def test_an_outline_that_comes_two_centimetres_nearer_nudges_one_space_by_as_much():
    first = strip(car(0), car(9.91, 10), length=25.0)
    before = settled(first)
    assert xs(before)[0] == pytest.approx(7.155, abs=0.01)
    problem = strip(car(0), box(9.6, 0.3, 19.9, 2.1), length=25.0)
    after = settled(problem, before.slots)
    check(problem, after)
    assert 0.02 <= xs(before)[0] - xs(after)[0] <= 0.13


def test_a_space_is_won_only_in_the_gap_that_changed():
    cars = [car(12), car(24), car(36)]
    before = settled(strip(*cars))
    problem = strip(cars[0], cars[1])
    after = settled(problem, before.slots)
    check(problem, after)
    assert len(after.slots) == len(settled(problem).slots)
    for slot in before.slots:
        if slot.x < 23:
            assert min(abs(one.x - slot.x) for one in after.slots) < 1e-6


def test_badly_placed_ones_move_when_that_wins_a_space():
    problem = strip(car(0), car(16.4), length=20.8)
    in_the_middle = (Slot(10.4, 1.2, 0.0),)
    after = settled(problem, in_the_middle)
    check(problem, after)
    assert len(after.slots) == 2


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "kind",
    [
        {"mode": "parallel"},
        {"mode": "perpendicular", "depth": 5.4, "slot_width_m": 2.5, "spacing_m": 0.0},
        {"mode": "diagonal", "angle_deg": 60.0, "depth": 5.8, "slot_width_m": 2.5, "spacing_m": 0.0},
        {"mode": "perpendicular", "depth": 11.0, "slot_width_m": 2.5, "spacing_m": 0.2},
        {"mode": "free", "depth": 7.0},
    ],
    ids=lambda kind: f"{kind['mode']}-{kind.get('depth', 2.4)}",
)
def test_frame_after_frame_of_random_cars_stays_sound_and_loses_nothing(kind, seed):
    rng = np.random.default_rng(seed)
    depth = kind.get("depth", 2.4)
    standing: tuple[Slot, ...] = ()
    cars = [box(x, 0.2, x + 2, depth - 0.4) for x in rng.uniform(0, 57, 6)]
    for _ in range(4):
        problem = strip(*cars, **kind)
        alone = place(problem, mode="production")
        after = settle(problem, alone, standing)
        check(problem, after)
        assert len(after.slots) >= len(alone.slots)
        assert all(after.reachable) and len(after.clearances) == len(after.slots)
        for room in after.clearances:
            assert room.length_m >= 5.0 - 1e-6
            assert room.width_m >= problem.slot_width_m - 1e-6
        standing = after.slots
        cars[int(rng.integers(6))] = box(x := float(rng.uniform(0, 57)), 0.2, x + 2, depth - 0.4)


def test_nothing_to_settle_is_nothing():
    full = strip(box(0, 0, 60, 2.4))
    assert settled(full).slots == ()
    assert settled(full, (Slot(10, 1.2, 0.0),)).slots == ()


def test_the_same_frame_twice_is_the_same_layout():
    problem = strip(car(12), car(31))
    first = settled(problem)
    again = settle(problem, replace(first, slots=place(problem, mode="production").slots), first.slots)
    assert xs(again) == xs(first)
