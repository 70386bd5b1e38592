# SPDX-License-Identifier: AGPL-3.0-or-later
"""The paper's mode is the paper's: alignment, N, the cost in its own figures, and bees that keep Karaboga's rules."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Polygon, box
from shapely.affinity import rotate, translate

from tests.workers.placement.scenes import problems
from workers.placement import (
    AS_PUBLISHED_FULL,
    AS_PUBLISHED_X,
    PaperParameters,
    PlacementError,
    PlacementProblem,
    place,
)
from workers.placement.paper import (
    Proposal,
    align_longest_edge,
    free_length,
    lay_as_published,
    paper_task,
    slots_from_free_length,
)

SETTINGS = pytest.mark.parametrize("parameters", [AS_PUBLISHED_X, AS_PUBLISHED_FULL], ids=["x", "full"])


def street(*cars: Polygon, length: float = 40.0, depth: float = 3.0, **more: object) -> PlacementProblem:
    """A strip whose first edge, the x axis, is its longest."""
    zone = Polygon([(0, 0), (length, 0), (length, depth), (0, depth)])
    return PlacementProblem(zone, shapely.union_all(list(cars)), 5.0, 2.0, **more)  # type: ignore[arg-type]


# --- normalising, aligning, N -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", [0.0, 33.0, 170.0, 260.0])
@pytest.mark.parametrize(
    ("zone", "longest"),
    [
        (Polygon([(0, 0), (40, 0), (40, 6), (0, 6)]), 40.0),
        (Polygon([(0, 0), (9, -3), (14, 25), (0, 12)]), math.hypot(5, 28)),
        # Digitised in steps of a metre: one edge all the same.
        (Polygon([*[(x, 0.02 * (x % 2)) for x in range(31)], (30, 5), (0, 5)]), 30.0),
    ],
)
def test_the_longest_edge_lies_on_the_x_axis(zone: Polygon, longest: float, turn: float) -> None:
    moved = translate(rotate(zone, turn, origin=(0, 0)), 712_345.0, 4_289_123.0)
    frame = align_longest_edge(moved)
    aligned = frame.into(moved)
    below = shapely.intersection(aligned, box(-100, -0.1, 100, 0.1))
    assert below.bounds[2] - below.bounds[0] == pytest.approx(longest, abs=0.2)
    assert aligned.bounds[3] > 2.0  # the zone lies to its left
    ring = shapely.get_coordinates(aligned.exterior)[:-1]
    assert ring[:, 0].mean() == pytest.approx(0.0, abs=1e-6)


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
def test_the_free_length(cars: list[Polygon], free: float) -> None:
    assert free_length(box(0, 0, 30, 2.6), shapely.union_all(cars)) == pytest.approx(free, abs=1e-6)


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
def test_n_from_the_free_length(free: float, pitch: float, spacing: float, n: int) -> None:
    assert slots_from_free_length(free, pitch, spacing) == n


def test_two_short_gaps_count_as_one_slot_that_fits_nowhere() -> None:
    cars = shapely.union_all([box(3, 0, 8, 2.6), box(11, 0, 16, 2.6)])
    placement = place(
        PlacementProblem(box(0, 0, 16, 2.6), cars, 5.0, 2.3), mode="paper", parameters=AS_PUBLISHED_X
    )
    assert placement.slots == ()
    assert placement.cost > 0
    assert len(placement.cost_history) == AS_PUBLISHED_X.iterations + 1


# --- the cost ---------------------------------------------------------------------------------------------------------

# Slots of 5 × 2 m in a zone of 40 × 3 m: y = 1.5 is the middle, x counts from the zone's middle.
CAR = box(30, 0, 34, 3)  # -> x from 10 to 14 in the aligned frame


@pytest.mark.parametrize(
    ("poses", "cost"),
    [
        ([(0, 1.5, 0)], 0.0),
        ([(-18, 1.5, 0)], 5000.0),  # half a metre beyond the end
        ([(-100, 50, 1)], 5000.0),  # wholly outside costs no more
        ([(8, 1.5, 0)], 300.0 * 10),  # half a metre of five on the car: 10 %
        ([(12, 1.5, 0)], 300.0 * 80),  # the car's four metres of five
        ([(0, 1.5, 0), (4.5, 1.5, 0)], 300.0 * 10),  # each pair once
        ([(0, 1.5, 0), (0, 1.5, math.pi)], 300.0 * 100),
        ([(-10, 1.5, 0), (-10, 1.5, 0), (-10, 1.5, 0)], 300.0 * 300),  # three pairs
        ([(-18, 1.5, 0), (7.75, 1.5, 0), (3.25, 1.5, 0)], 5000.0 + 300.0 * 5 + 300.0 * 10),
    ],
)
def test_the_cost_in_the_paper_s_figures(poses: list[tuple[float, float, float]], cost: float) -> None:
    task = paper_task(street(CAR), AS_PUBLISHED_X)
    assert task.cost(np.array(poses, dtype=float)) == pytest.approx(cost, abs=1e-6)


def test_the_penalties_are_parameters() -> None:
    dearer = PaperParameters(outside_penalty=7.0, occupied_penalty=2.0, new_penalty=3.0)
    task = paper_task(street(CAR), dearer)
    assert task.cost(np.array([(-18.0, 1.5, 0.0)])) == pytest.approx(7.0)
    assert task.cost(np.array([(8.0, 1.5, 0.0)])) == pytest.approx(20.0)
    assert task.cost(np.array([(0.0, 1.5, 0.0), (4.5, 1.5, 0.0)])) == pytest.approx(30.0)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(problem=problems(), turns=st.lists(st.tuples(*[st.floats(0, 1)] * 3), min_size=1, max_size=4))
def test_the_compiled_cost_is_the_cost_by_shapely(
    problem: PlacementProblem, turns: list[tuple[float, float, float]]
) -> None:
    task = paper_task(problem, AS_PUBLISHED_FULL)
    poses = task.low + np.array(turns) * (task.high - task.low)
    outlines, spaced = [], []
    for pose in poses.tolist():
        slot = task.frame.slot(pose)
        outlines.append(slot.polygon(problem.slot_length_m, problem.slot_width_m))
        spaced.append(slot.polygon(*(2 * task.size[2:])))
    cost = 0.0
    for k, outline in enumerate(outlines):
        outside = outline.difference(problem.zone).area
        if 1e-5 < outside < 4e-5:
            return  # at the threshold either is right
        cost += 5000.0 * (outside > 2e-5)
        cost += 300.0 * 100.0 * outline.intersection(problem.blocked).area / outline.area
        cost += sum(300.0 * 100.0 * spaced[k].intersection(s).area / s.area for s in spaced[:k])
    assert task.cost(poses) == pytest.approx(cost, rel=1e-4, abs=1.0)


# --- the bees ---------------------------------------------------------------------------------------------------------


def fly(parameters: PaperParameters, seed: int = 1, *cars: Polygon) -> Proposal:
    return lay_as_published(street(*cars), parameters, seed)


@SETTINGS
@pytest.mark.parametrize("seed", range(4))
def test_the_bees_lay_out_what_is_easy(parameters: PaperParameters, seed: int) -> None:
    found = lay_as_published(street(length=19.5), parameters, seed)
    assert found.poses.shape == (3, 3)
    assert found.cost == 0.0


@SETTINGS
def test_the_best_layout_is_never_lost(parameters: PaperParameters) -> None:
    # A limit of one visit sends a scout away in every iteration, the best source's own bee among them.
    found = fly(replace(parameters, abandonment_limit=1, iterations=200))
    assert list(found.history) == sorted(found.history, reverse=True)
    assert found.cost == found.history[-1]
    task = paper_task(street(), parameters)
    turned = [[x - 20.0, y, theta] for x, y, theta in found.poses.tolist()]
    assert task.cost(np.array(turned)) == pytest.approx(found.cost)


@SETTINGS
def test_fewer_iterations_are_the_beginning_of_more(parameters: PaperParameters) -> None:
    short, long = fly(replace(parameters, iterations=5)), fly(replace(parameters, iterations=60))
    assert short.history == long.history[:6]


def test_evaluations_are_counted() -> None:
    parameters = replace(AS_PUBLISHED_X, food_sources=10, iterations=30, abandonment_limit=10_000)
    found = fly(parameters, 1)
    assert found.evaluations == 10 + 30 * 20
    assert len(found.history) == 31
    scouts = fly(replace(parameters, abandonment_limit=5)).evaluations - found.evaluations
    assert 0 < scouts <= 30


def test_it_stops_at_cost_zero() -> None:
    found = lay_as_published(street(length=9.0), AS_PUBLISHED_X, 0)
    assert found.cost == 0.0
    assert len(found.history) < AS_PUBLISHED_X.iterations


def test_in_a_search_along_x_only_x_moves() -> None:
    poses = fly(AS_PUBLISHED_X).poses
    assert np.unique(poses[:, 1]).tolist() == pytest.approx([1.3])  # 0.3 m from the edge
    assert np.unique(poses[:, 2]).tolist() == [0.0]
    moved = fly(AS_PUBLISHED_FULL).poses
    assert len(np.unique(moved[:, 1])) == len(np.unique(moved[:, 2])) == len(moved)


@SETTINGS
def test_the_same_seed_gives_the_same_layout_and_another_another(parameters: PaperParameters) -> None:
    first, again, other = (fly(parameters, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.poses, again.poses)
    assert not np.array_equal(first.poses, other.poses)


def test_angles_count_from_the_kerb_not_from_the_longest_edge() -> None:
    # A yard whose kerb is its short side: across the kerb is along the longest edge.
    yard = PlacementProblem(
        box(0, 0, 8, 20), Polygon(), 5.0, 2.3, 0.0, "perpendicular", kerb=LineString([(0, 0), (8, 0)])
    )
    placement = place(yard, mode="paper", parameters=AS_PUBLISHED_X, seed=2)
    assert placement.slots
    assert all(abs(math.cos(slot.theta_rad)) < 0.3 for slot in placement.slots)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"food_sources": 1}, "food_sources is 1"),
        ({"iterations": 0}, "iterations is 0"),
        ({"abandonment_limit": 0}, "abandonment_limit is 0"),
        ({"search": "y"}, "must be 'x' or 'full'"),
        ({"new_penalty": -1.0}, "new_penalty is -1.0"),
        ({"outside_penalty": math.nan}, "outside_penalty is nan"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(PlacementError, match=message):
        PaperParameters(**wrong)  # type: ignore[arg-type]
