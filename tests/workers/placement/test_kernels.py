# SPDX-License-Identifier: AGPL-3.0-or-later
"""The compiled geometry and cost against plain shapely."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Polygon, box

from tests.workers.placement.scenes import cars, polygons
from workers.placement import STREET, PlacementProblem, Slot
from workers.placement.colony import SEARCH_TOLERANCE_M2, ground
from workers.placement.geometry import polygon_edges
from workers.placement.kernels import box_overlap, free_stretches, rectangle_overlap, tight_pitch
from workers.placement.scene import build_scene

LENGTH, WIDTH = 5.0, 2.3
poses = st.tuples(st.floats(-15, 15), st.floats(-10, 10), st.floats(-7, 7))


def overlap(polygon: Polygon, pose: tuple[float, float, float]) -> float:
    x, y, theta = pose
    edges = polygon_edges(polygon)
    return float(
        box_overlap(edges, 0, len(edges), x, y, math.cos(theta), math.sin(theta), LENGTH / 2, WIDTH / 2)
    )


@pytest.mark.parametrize(
    ("polygon", "area"),
    [
        (box(-10, -10, 10, 10), 11.5),  # all of it
        (box(0, -10, 10, 10), 5.75),  # half
        (box(2.5, -10, 10, 10), 0.0),  # touching from outside
        (box(-2.5, -1.15, 2.5, 1.15), 11.5),  # equal
        (box(-1, -0.5, 1, 0.5), 2.0),  # inside the slot
        (Polygon(box(-10, -10, 10, 10).exterior, [box(-1, -0.5, 1, 0.5).exterior]), 9.5),  # a hole
        (Polygon([(-9, 0), (9, 0), (9, 9), (0, 9), (0, 0.5), (-9, 0.5)]), 2.5 * 0.5 + 2.5 * 1.15),  # concave
        (
            Polygon([(-9, 1e-9), (9, -1e-9), (9, 9), (-9, 9)]),
            5.75,
        ),  # an edge that all but lies along the slot
    ],
)
def test_overlap_of_a_slot_with_a_polygon(polygon: Polygon, area: float) -> None:
    assert overlap(polygon, (0.0, 0.0, 0.0)) == pytest.approx(area, abs=1e-6)


@given(polygons(), poses)
@settings(max_examples=300, deadline=None)
def test_overlap_is_shapely_s(polygon: Polygon, pose: tuple[float, float, float]) -> None:
    expected = polygon.intersection(Slot(*pose).polygon(LENGTH, WIDTH)).area
    assert overlap(polygon, pose) == pytest.approx(expected, abs=2e-5)


@given(poses, poses)
@settings(max_examples=300, deadline=None)
def test_overlap_of_two_slots_is_shapely_s(
    a: tuple[float, float, float], b: tuple[float, float, float]
) -> None:
    expected = Slot(*a).polygon(LENGTH, WIDTH).intersection(Slot(*b).polygon(4.0, 2.0)).area
    found = rectangle_overlap(np.array(a), LENGTH / 2, WIDTH / 2, np.array(b), 2.0, 1.0)
    assert found == pytest.approx(expected, abs=2e-5)


def plain_cost(
    zone: Polygon, blocked: shapely.Geometry, slots: list[Polygon], spaced: list[Polygon]
) -> float:
    """The paper's C (§3.3.4), word for word: 5000 outside, 300 per percent on occupied ground, 300 between slots."""
    cost = 0.0
    for i, slot in enumerate(slots):
        if slot.difference(zone).area > SEARCH_TOLERANCE_M2:
            cost += 5000.0
        cost += 300.0 * 100.0 * slot.intersection(blocked).area / slot.area
        for j in range(i):
            cost += 300.0 * 100.0 * spaced[i].intersection(spaced[j]).area / spaced[i].area
    return cost


@given(polygons(), cars(), st.lists(poses, min_size=1, max_size=6))
@settings(max_examples=200, deadline=None)
def test_cost_is_the_papers(
    zone: Polygon, blocked: shapely.Geometry, layout: list[tuple[float, ...]]
) -> None:
    problem = PlacementProblem(zone, blocked.intersection(zone), LENGTH, WIDTH, mode="free")
    scene = build_scene(problem)
    spaced = (LENGTH, WIDTH + 0.4)
    aligned = np.array(layout)
    slots = [Slot(*pose).polygon(LENGTH, WIDTH) for pose in layout]
    wide = [Slot(*pose).polygon(*spaced) for pose in layout]
    found = ground(scene.arrays(), (LENGTH, WIDTH), spaced, STREET).cost(aligned)
    # Each overlap below the tolerance is let pass; that is at most this much cost apiece.
    slack = 30_000.0 * SEARCH_TOLERANCE_M2 / (LENGTH * WIDTH) * 40 + 1e-3
    expected = plain_cost(scene.zone, scene.blocked, slots, wide)
    outside_in_doubt = any(abs(s.difference(scene.zone).area - SEARCH_TOLERANCE_M2) < 2e-5 for s in slots)
    assert outside_in_doubt or found == pytest.approx(expected, abs=slack)


def test_cost_of_known_layouts() -> None:
    zone = box(-10, -5, 10, 5)
    problem = PlacementProblem(zone, box(-10, -5, -5, 5), 5.0, 2.0, kerb=LineString([(-10, -5), (10, -5)]))
    over = ground(build_scene(problem).arrays(), (5.0, 2.0), (5.0, 2.0), STREET)
    inside = [0.0, 0.0, 0.0]
    assert over.cost(np.array([inside])) == 0.0
    assert over.cost(np.array([[20.0, 0.0, 0.0]])) == 5000.0
    assert over.cost(np.array([[-7.5, 0.0, 0.0]])) == pytest.approx(30_000.0)  # wholly on a car
    assert over.cost(np.array([inside, [2.5, 0.0, 0.0]])) == pytest.approx(15_000.0)  # half on the other
    assert over.cost(np.array([inside, inside, inside])) == pytest.approx(90_000.0)  # three pairs
    assert over.cost(np.array([[8.0, 0.0, 0.0]])) == 5000.0  # partly outside is outside, whatever the share


def test_free_stretches_of_a_row_between_cars() -> None:
    problem = PlacementProblem(
        box(0, 0, 40, 3),
        shapely.union_all([box(8, 0, 12, 3), box(30, 1, 31, 2)]),
        5.0,
        2.3,
        kerb=LineString([(0, 0), (40, 0)]),
    )
    scene = build_scene(problem)
    over = ground(scene.arrays(), (5.0, 2.3), (5.0, 2.3), STREET)
    line = scene.lines[0]
    table = line.table(5.0, 5.0, 5.0)
    found = free_stretches(1.5, 0.0, table, *over.scene, over.size, over.rules, (0.25, 0.01, 1e-6))
    # The car's ends and half a slot before and after; arc length runs from the zone's own end.
    assert found == pytest.approx(np.array([[2.5, 5.5], [14.5, 27.5], [33.5, 37.5]]), abs=0.002)


def test_tight_pitch_on_a_bend_is_what_the_inner_corners_need() -> None:
    angles = np.linspace(0.0, math.pi / 2, 400)
    radius, step = 20.0, 20.0 * (angles[1] - angles[0])
    table = np.column_stack([radius * np.cos(angles), radius * np.sin(angles), angles + math.pi / 2])
    size = np.array([2.5, 1.25, 2.5, 1.25])
    # Perpendicular slots, 5 m deep, on the inside of the bend: the inner ends stand 2.5 m apart at radius 15 m.
    pitch = tight_pitch(15.0, 2.5, math.pi / 2, (table, 0.0, step), size, 2.0, 5.0)
    assert pitch == pytest.approx(2 * radius * math.atan(1.25 / 15.0), abs=0.01)
