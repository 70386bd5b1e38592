# SPDX-License-Identifier: AGPL-3.0-or-later
"""Normalising and aligning, the line that angles count from, and what becomes of occupied ground."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from shapely import LineString, Point, Polygon, box
from shapely.affinity import rotate, translate

from tests.workers.placement.scenes import problems
from workers.placement import PlacementProblem
from workers.placement.geometry import (
    AlignedFrame,
    longest_smooth_edge,
    polygon_edges,
    polygonal,
    reference_line,
)
from workers.placement.paper import cut_in_pieces


def test_a_pose_goes_back_to_where_it_came_from() -> None:
    frame = AlignedFrame((700_000.0, 4_000_000.0), math.radians(30))
    slot = frame.slot([10.0, 0.0, math.radians(60)])
    assert (slot.x, slot.y) == pytest.approx((700_000 + 10 * math.cos(math.pi / 6), 4_000_005.0))
    assert slot.theta_rad == pytest.approx(math.pi / 2)
    back = frame.into(Point(slot.x, slot.y))
    assert (back.x, back.y) == pytest.approx((10.0, 0.0), abs=1e-6)


@pytest.mark.parametrize("turn", [0.0, 17.0, 90.0, 200.0, 359.0])
def test_angles_count_from_the_longest_edge_of_a_zone_without_a_kerb(turn: float) -> None:
    zone = translate(rotate(Polygon([(0, 0), (40, 0), (35, 6), (2, 6)]), turn, origin=(0, 0)), 7e5, 4e6)
    line = reference_line(PlacementProblem(zone, Polygon(), 5.0, 2.3))
    (ax, ay), (bx, by) = line.coords
    assert line.length == pytest.approx(40.0)
    assert math.degrees(math.atan2(by - ay, bx - ax)) % 360 == pytest.approx(turn, abs=1e-4)


def test_the_outline_is_cut_at_its_corners_and_not_at_its_bends() -> None:
    angles = np.linspace(0, math.pi / 2, 30)
    bend = np.column_stack([20 * np.cos(angles), 20 * np.sin(angles)]).tolist()
    edge = longest_smooth_edge(Polygon([*bend, (-10, 20), (-10, 5)]))
    assert LineString(edge).length == pytest.approx(10 * math.pi + 10, abs=0.1)


def test_a_round_island_has_an_edge_too() -> None:
    assert LineString(longest_smooth_edge(Point(0, 0).buffer(10))).length == pytest.approx(62.8, abs=0.3)


@given(problems())
@settings(max_examples=60, deadline=None)
def test_occupied_ground_is_cut_up_without_gain_or_loss(problem: PlacementProblem) -> None:
    detailed = problem.blocked.buffer(0.3, quad_segs=40)
    pieces = cut_in_pieces(detailed)
    assert sum(piece.area for piece in pieces) == pytest.approx(detailed.area, abs=1e-6)
    assert shapely.union_all(pieces).symmetric_difference(detailed).area == pytest.approx(0.0, abs=1e-3)
    for piece in pieces:
        edges = polygon_edges(piece)
        # Shoelace over the directed edges: exteriors add, holes take away. Near the origin: areas cancel far off.
        edges -= np.tile(edges[0, :2], 2)
        signed = 0.5 * (edges[:, 0] * edges[:, 3] - edges[:, 2] * edges[:, 1]).sum()
        assert signed == pytest.approx(piece.area, abs=1e-6)


def test_tiles_that_detailed_ground_does_not_reach_are_left_out() -> None:
    bend = LineString([(0, 0), (30, 0), (30, 30)]).buffer(0.5, quad_segs=40)  # its bounds are mostly empty
    pieces = cut_in_pieces(bend)
    assert len(pieces) > 1 and not any(piece.is_empty for piece in pieces)
    assert sum(piece.area for piece in pieces) == pytest.approx(bend.area)


def test_only_the_polygons_of_untidy_ground_count() -> None:
    untidy = shapely.GeometryCollection(
        [box(0, 0, 2, 2), box(1, 0, 3, 2), LineString([(5, 5), (9, 9)]), Point(7, 7)]
    )
    assert polygonal(untidy).area == pytest.approx(6.0)
    assert polygonal(LineString([(0, 0), (1, 1)])).is_empty
    assert polygonal(Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])).area == pytest.approx(2.0)
