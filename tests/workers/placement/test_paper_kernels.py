# SPDX-License-Identifier: AGPL-3.0-or-later
"""The compiled overlaps against plain shapely; the cost made of them is tested with the paper's mode."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

from tests.workers.placement.scenes import polygons
from workers.placement import Slot
from workers.placement.geometry import polygon_edges
from workers.placement.paper_kernels import box_overlap, rectangle_overlap

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
    expected = Slot(*a).polygon(LENGTH, WIDTH).intersection(Slot(*b).polygon(LENGTH, WIDTH)).area
    found = rectangle_overlap(np.array(a), np.array(b), LENGTH / 2, WIDTH / 2)
    assert found == pytest.approx(expected, abs=2e-5)
