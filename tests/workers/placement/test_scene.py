# SPDX-License-Identifier: AGPL-3.0-or-later
"""Normalising and aligning, base lines, and what becomes of occupied ground."""

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
from workers.placement.geometry import AlignedFrame, BaseLine, base_lines, polygonal
from workers.placement.scene import build_scene

NOTHING = Polygon()


@pytest.mark.parametrize("turn", [0.0, 17.0, 90.0, 200.0, 359.0])
def test_the_longest_edge_lies_along_x_and_the_mean_at_the_origin(turn: float) -> None:
    zone = translate(rotate(Polygon([(0, 0), (40, 0), (35, 6), (2, 6)]), turn, origin=(0, 0)), 7e5, 4e6)
    scene = build_scene(PlacementProblem(zone, NOTHING, 5.0, 2.3))
    points = shapely.get_coordinates(scene.zone)[:-1]
    assert points.mean(axis=0) == pytest.approx([0.0, 0.0], abs=1e-6)
    line = scene.lines[0]
    assert line.length == pytest.approx(40.0)
    assert line.points[0, 1] == pytest.approx(line.points[1, 1], abs=1e-6)
    assert line.points[0, 0] < line.points[1, 0]


def test_a_pose_goes_back_to_where_it_came_from() -> None:
    frame = AlignedFrame((700_000.0, 4_000_000.0), math.radians(30))
    slot = frame.slot([10.0, 0.0, math.radians(60)])
    assert (slot.x, slot.y) == pytest.approx((700_000 + 10 * math.cos(math.pi / 6), 4_000_005.0))
    assert slot.theta_rad == pytest.approx(math.pi / 2)
    back = frame.into(Point(slot.x, slot.y))
    assert (back.x, back.y) == pytest.approx((10.0, 0.0), abs=1e-6)


@pytest.mark.parametrize("kerb", [[(0, 0), (40, 0)], [(40, 0), (0, 0)], [(0, 0), (10, 0), (10, 0), (40, 0)]])
def test_the_zone_lies_to_the_left_of_its_kerb_however_it_was_drawn(kerb: list[tuple[float, float]]) -> None:
    (line,) = base_lines(box(0, 0, 40, 6), LineString(kerb), 1.0)
    assert line.straight
    near, far = line.depths(box(0, 0, 40, 6))
    assert (near, far) == pytest.approx((0.0, 6.0))


def test_a_kerb_is_cut_at_its_corners_and_not_at_its_bends() -> None:
    angles = np.linspace(0, math.pi / 2, 30)
    bend = np.column_stack([20 * np.cos(angles), 20 * np.sin(angles)]).tolist()
    lines = base_lines(box(-50, -50, 50, 50), LineString([*bend, (-10, 20), (-10, 5)]), 1.0)
    assert [round(line.length) for line in lines] == [
        41,
        15,
    ]  # 31.4 of bend and 10 on, then the leg round the corner
    assert [line.straight for line in lines] == [False, True]


@pytest.mark.parametrize("side", [1, -1])
def test_a_slot_on_a_bent_line_clears_the_kerb(side: int) -> None:
    angles = np.linspace(0.0, 1.0, 60)[::side]
    kerb = np.column_stack([12 * np.cos(angles), 12 * np.sin(angles)])
    table, _, _ = BaseLine(kerb).table(5.0, 0.0, 0.0)
    disc = Point(0, 0).buffer(12.0, quad_segs=2000)
    for x, y, tangent in table[40:80]:
        # A slot 2 m wide standing at the line, to its left.
        middle = (x - math.sin(tangent), y + math.cos(tangent))
        slot = translate(rotate(box(-2.5, -1, 2.5, 1), tangent, origin=(0, 0), use_radians=True), *middle)
        left_of_kerb = slot.intersection(disc).area if side == 1 else slot.difference(disc).area
        assert left_of_kerb == pytest.approx(slot.area, abs=0.03)


@given(problems())
@settings(max_examples=60, deadline=None)
def test_occupied_ground_is_cut_up_without_gain_or_loss(problem: PlacementProblem) -> None:
    detailed = problem.blocked.buffer(0.3, quad_segs=40)
    scene = build_scene(PlacementProblem(problem.zone, detailed, 5.0, 2.3, kerb=problem.kerb))
    assert sum(piece.area for piece in scene.pieces) == pytest.approx(scene.blocked.area, abs=1e-6)
    assert scene.blocked.intersection(scene.zone).area == pytest.approx(
        detailed.intersection(problem.zone).area, abs=1e-3
    )
    edges, occupied, starts, boxes = scene.arrays([box(0, 0, 1, 1)])
    assert len(boxes) == len(starts) - 1 == len(scene.pieces) + 1
    assert starts[-1] == len(occupied)
    # Shoelace over the directed edges: exteriors add, holes take away.
    signed = 0.5 * (occupied[:, 0] * occupied[:, 3] - occupied[:, 2] * occupied[:, 1]).sum()
    assert signed == pytest.approx(scene.blocked.area + 1.0, abs=1e-6)
    signed = 0.5 * (edges[:, 0] * edges[:, 3] - edges[:, 2] * edges[:, 1]).sum()
    assert signed == pytest.approx(scene.zone.area, abs=1e-6)


def test_only_the_polygons_of_untidy_ground_count() -> None:
    untidy = shapely.GeometryCollection(
        [box(0, 0, 2, 2), box(1, 0, 3, 2), LineString([(5, 5), (9, 9)]), Point(7, 7)]
    )
    assert polygonal(untidy).area == pytest.approx(6.0)
    assert polygonal(LineString([(0, 0), (1, 1)])).is_empty
    assert polygonal(Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])).area == pytest.approx(2.0)
