# SPDX-License-Identifier: AGPL-3.0-or-later
"""Nothing infeasible is ever published; and of what is proposed, as much as can stand together is kept."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, box

from tests.workers.placement.scenes import problems
from workers.placement import (
    AS_PUBLISHED_FULL,
    AS_PUBLISHED_X,
    PaperParameters,
    PlacementProblem,
    Slot,
    place,
)
from workers.placement.feasible import angle_allowed, feasible_slots, largest_compatible, spaced_size
from workers.placement.geometry import reference_line

ONE_SQUARE_CENTIMETRE = 1e-4


def tangents(kerb: LineString, point: Point) -> list[float]:
    """Directions of the kerb just before and just behind the place nearest to a point: two at a vertex."""
    at = kerb.project(point)
    found = []
    for start, stop in ((at - 1e-3, at - 1e-4), (at + 1e-4, at + 1e-3)):
        a, b = kerb.interpolate(max(0.0, start)), kerb.interpolate(max(0.0, stop))
        if a != b:
            found.append(math.atan2(b.y - a.y, b.x - a.x))
    return found


def assert_feasible(problem: PlacementProblem, slots: tuple[Slot, ...]) -> None:
    """The rules, in plain shapely and in the problem's own coordinates."""
    length, width = problem.slot_length_m, problem.slot_width_m
    west, south = problem.zone.bounds[:2]
    zone = shapely.affinity.translate(problem.zone, -west, -south)
    blocked = shapely.affinity.translate(shapely.make_valid(problem.blocked), -west, -south)
    kerb = shapely.affinity.translate(reference_line(problem), -west, -south)
    outlines = [Slot(s.x - west, s.y - south, s.theta_rad).polygon(length, width) for s in slots]
    for slot, outline in zip(slots, outlines, strict=True):
        assert outline.difference(zone).area <= ONE_SQUARE_CENTIMETRE + 1e-7
        assert outline.intersection(blocked).area <= ONE_SQUARE_CENTIMETRE + 1e-7
        assert any(
            (math.degrees(slot.theta_rad - tangent) - low + 0.1) % 180 <= high - low + 0.2
            for tangent in tangents(kerb, Point(slot.x - west, slot.y - south))
            for low, high in problem.ranges_deg
        )
    for one, other in itertools.combinations(outlines, 2):
        # On a grid of a micrometre, as the scorer does and says why.
        assert shapely.intersection(one, other, grid_size=1e-6).area <= ONE_SQUARE_CENTIMETRE + 1e-6


@given(problems(), st.integers(0, 3))
@settings(max_examples=120, deadline=None)
def test_what_production_publishes_is_feasible(problem: PlacementProblem, seed: int) -> None:
    assert_feasible(problem, place(problem, seed=seed).slots)


@pytest.mark.parametrize("parameters", [AS_PUBLISHED_X, AS_PUBLISHED_FULL], ids=["x", "full"])
@given(problem=problems())
@settings(max_examples=25, deadline=None)
def test_what_the_paper_s_mode_publishes_is_feasible(
    parameters: PaperParameters, problem: PlacementProblem
) -> None:
    assert_feasible(problem, place(problem, mode="paper", parameters=parameters).slots)


@pytest.mark.parametrize("mode", ["parallel", "perpendicular"])
def test_neighbours_keep_the_spacing_along_the_kerb(mode: str) -> None:
    zone = box(0, 0, 60, 6)
    problem = PlacementProblem(zone, Polygon(), 5.0, 2.3, 0.5, mode, kerb=LineString([(0, 0), (60, 0)]))  # type: ignore[arg-type]
    slots = place(problem).slots
    assert len(slots) > 8
    outlines = [slot.polygon(5.0, 2.3) for slot in slots]
    for one, other in itertools.combinations(outlines, 2):
        if min(one.bounds[3], other.bounds[3]) - max(one.bounds[1], other.bounds[1]) < 0.01:
            continue  # behind one another, not beside
        # How far one may be pushed along the kerb before it reaches the other.
        gap = max(other.bounds[0] - one.bounds[2], one.bounds[0] - other.bounds[2])
        assert gap >= 0.5 - 1e-4


ZONE = box(0, 0, 30, 3)
KERB = LineString([(0, 0), (30, 0)])
PROBLEM = PlacementProblem(ZONE, box(20, 0, 22, 3), 5.0, 2.3, 0.5, "parallel", kerb=KERB)


@pytest.mark.parametrize(
    ("slots", "kept"),
    [
        ([Slot(2.5, 1.15, 0.0)], 1),  # in the corner, touching two edges
        ([Slot(2.49, 1.15, 0.0)], 0),  # 230 cm² outside
        ([Slot(2.49999, 1.15, 0.0)], 1),  # 0.23 cm² outside
        ([Slot(17.5, 1.5, 0.0)], 1),  # touching the car
        ([Slot(17.51, 1.5, 0.0)], 0),  # on the car
        ([Slot(5.0, 1.5, math.radians(5.0))], 1),
        ([Slot(5.0, 1.5, math.radians(185.0))], 1),  # the same slot, driven the other way
        ([Slot(5.0, 1.5, math.radians(90.0))], 0),  # across
        ([Slot(2.5, 1.5, 0.0), Slot(8.0, 1.5, 0.0)], 2),  # 0.5 m apart
        ([Slot(2.5, 1.5, 0.0), Slot(7.9, 1.5, 0.0)], 1),  # 0.4 m apart
        ([Slot(2.5, 1.5, 0.0), Slot(5.5, 1.5, 0.0), Slot(8.5, 1.5, 0.0)], 2),  # the middle one must go
        ([], 0),
    ],
)
def test_the_exact_check(slots: list[Slot], kept: int) -> None:
    assert len(feasible_slots(PROBLEM, slots)) == kept


def test_spacing_goes_to_the_side_that_faces_the_neighbour() -> None:
    assert spaced_size(PROBLEM, 0.0) == pytest.approx((5.5, 2.3))
    assert spaced_size(PROBLEM, math.pi / 2) == pytest.approx((5.0, 2.8))
    assert spaced_size(PROBLEM, math.radians(60)) == pytest.approx(
        (5.0, 2.3 + 0.5 * math.sin(math.radians(60)))
    )


@pytest.mark.parametrize(
    ("angle", "allowed"),
    [(45.0, True), (60.0, True), (44.9, False), (60.1, False), (225.0, True), (-135.0, True), (135.0, False)],
)
def test_angles_are_taken_modulo_half_a_turn(angle: float, allowed: bool) -> None:
    assert angle_allowed([(45.0, 60.0)], math.radians(angle), 0.01) is allowed


@given(st.integers(0, 11), st.data())
@settings(max_examples=150, deadline=None)
def test_a_small_group_s_largest_subset_is_found(n: int, data: st.DataObject) -> None:
    clash = np.zeros((n, n), dtype=bool)
    for i, j in itertools.combinations(range(n), 2):
        clash[i, j] = clash[j, i] = data.draw(st.booleans())
    best = max(
        bin(subset).count("1")
        for subset in range(2**n)
        if not any(
            clash[i, j] for i, j in itertools.combinations([k for k in range(n) if subset >> k & 1], 2)
        )
    )
    found = largest_compatible(clash)
    assert len(found) == best
    assert not clash[np.ix_(found, found)].any()
