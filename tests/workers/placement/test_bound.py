# SPDX-License-Identifier: AGPL-3.0-or-later
"""The bound is never below a layout that exists, and is exact where the optimum is known by construction."""

from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely import LineString, Polygon, box
from shapely.affinity import rotate, translate

from workers.placement import place, prepare
from workers.placement.bound import upper_bound
from workers.placement.instances import read_instances
from workers.placement.packed import pack
from workers.placement.problem import PlacementProblem

SHARED = Path(os.environ.get("SPARK_SHARED", Path(__file__).parents[3].parent / "shared"))
NOTHING = Polygon()


def bound(problem: PlacementProblem) -> int:
    return upper_bound(problem, pack(problem)).most


@pytest.mark.parametrize("count", [1, 2, 7, 20])
@pytest.mark.parametrize(
    ("mode", "across", "deep"), [("parallel", 5.0, 2.6), ("perpendicular", 2.3, 5.6), ("free", 2.3, 5.6)]
)
def test_an_empty_strip_of_whole_slots_has_their_number(mode: str, across: float, deep: float, count: int):
    zone = box(0, 0, count * across, deep)
    kerb = LineString([(0, 0), (count * across, 0)])
    problem = PlacementProblem(zone, NOTHING, 5.0, 2.3, 0.0, mode, kerb=kerb)  # type: ignore[arg-type]
    expected = 2 if (mode, count) == ("free", 1) else count
    assert count <= bound(problem) <= max(expected, count + (1 if mode == "free" else 0))
    if mode != "free":
        assert bound(problem) == count
        short = PlacementProblem(
            box(0, 0, count * across - 0.5, deep), NOTHING, 5.0, 2.3, 0.0, mode, kerb=kerb
        )  # type: ignore[arg-type]
        assert bound(short) == count - 1


def test_spacing_counts_between_slots_only():
    zone, kerb = box(0, 0, 10.5, 2.6), LineString([(0, 0), (10.5, 0)])
    assert bound(PlacementProblem(zone, NOTHING, 5.0, 2.3, 0.5, "parallel", kerb=kerb)) == 2
    assert bound(PlacementProblem(box(0, 0, 10.3, 2.6), NOTHING, 5.0, 2.3, 0.5, "parallel", kerb=kerb)) == 1


@pytest.mark.parametrize(
    ("zone", "blocked"),
    [
        (box(0, 0, 30, 2.0), NOTHING),  # thinner than a slot
        (box(0, 0, 1, 1), NOTHING),
        (box(0, 0, 30, 6), box(-1, -1, 31, 7)),  # wholly covered
        (box(0, 0, 30, 6), box(0, 2, 30, 4)),  # two strips too thin
        (box(0, 0, 4.9, 2.2), NOTHING),
    ],
)
def test_ground_without_room_has_bound_zero(zone: Polygon, blocked: Polygon):
    assert bound(PlacementProblem(zone, blocked, 5.0, 2.3, 0.0, "free")) == 0


def test_a_hole_is_not_free_ground():
    zone = Polygon(box(0, 0, 15, 2.6).exterior, [box(5.2, 0.3, 9.8, 2.3).exterior])
    assert (
        bound(PlacementProblem(zone, NOTHING, 5.0, 2.3, 0.0, "parallel", kerb=LineString([(0, 0), (15, 0)])))
        == 2
    )


def test_turning_and_moving_a_zone_changes_nothing():
    zone, kerb = box(0, 0, 40, 6), LineString([(0, 0), (40, 0)])
    cars = shapely.union_all([rotate(box(x, 1, x + 1.8, 5.4), x) for x in (3, 11, 17.5, 30)])
    bounds = set()
    for angle, offset in ((0, 0), (37, 0), (211, 1e7), (90, -3e6)):
        moved = [translate(rotate(g, angle, origin=(0, 0)), offset, offset / 2) for g in (zone, cars, kerb)]
        bounds.add(bound(PlacementProblem(moved[0], moved[1], 4.8, 2.2, 0.0, "perpendicular", kerb=moved[2])))
    assert len(bounds) == 1


def _random_layout(seed: int) -> tuple[PlacementProblem, list[Polygon]]:
    """A zone and the slots that stand in it. Slots thrown at random and kept when apart; the zone is cut close around them, so that they just fit."""
    chance = np.random.default_rng(seed)
    length, width = 5.0, 2.3
    kept: list[Polygon] = []
    for _ in range(60):
        slot = rotate(box(-length / 2, -width / 2, length / 2, width / 2), chance.uniform(0, 180))
        slot = translate(slot, chance.uniform(0, 25), chance.uniform(0, 7))
        if all(not slot.intersects(other) for other in kept):
            kept.append(slot)
    zone = max(
        shapely.get_parts(shapely.union_all([s.buffer(0.4, join_style="mitre") for s in kept])),
        key=lambda p: p.area,
    )
    inside = [s for s in kept if zone.covers(s)]
    angle, offset = chance.uniform(0, 360), chance.choice([0.0, 4e6])
    zone, *inside = (translate(rotate(g, angle, origin=(0, 0)), offset, offset) for g in (zone, *inside))
    return PlacementProblem(zone, NOTHING, length, width, 0.0, "free"), inside


def _tight_between_cars(seed: int) -> tuple[PlacementProblem, list[Polygon]]:
    """Slots along a kerb, straight or bent, each at an angle of its own, and cars wherever none of them stands."""
    chance = np.random.default_rng(seed)
    length, width, spacing = 5.0, 2.3, float(chance.choice([0.0, 0.4]))
    mode = ("parallel", "perpendicular", "free")[seed % 3]
    radius = float(chance.choice([0.0, 22.0, -28.0]))
    along, across = (length, width) if mode == "parallel" else (width, length)
    s, slots = 0.5, []
    while s < 32.0:
        slot = box(-along / 2, -across / 2, along / 2, across / 2)
        tilt = chance.uniform(-4, 4) if mode != "free" else chance.uniform(-30, 30)
        slot = translate(rotate(slot, tilt), s + along / 2 + 0.6, across / 2 + chance.uniform(0.4, 0.8))
        if all(slot.distance(other) > spacing * 1.1 for other in slots):
            slots.append(slot)
        s += along * chance.choice([1.06, 1.3, 2.1]) + spacing

    def bent(x: float, y: float) -> tuple[float, float]:
        if radius == 0.0:
            return x, y
        return (radius - y) * math.sin(x / radius), radius - (radius - y) * math.cos(x / radius)

    if radius != 0.0:
        turned = []
        for slot in slots:
            centre = slot.centroid
            there = bent(centre.x, centre.y)
            moved = translate(slot, there[0] - centre.x, there[1] - centre.y)
            turned.append(rotate(moved, centre.x / radius, origin=there, use_radians=True))
        slots = [a for i, a in enumerate(turned) if all(a.distance(b) > spacing * 1.1 for b in turned[:i])]
    edge = np.linspace(0, 36, 73)
    kerb = LineString([bent(x, 0.0) for x in edge])
    zone = Polygon([bent(x, -0.2) for x in edge] + [bent(x, across + 1.6) for x in edge[::-1]])
    inside = [slot for slot in slots if zone.covers(slot)]
    free = shapely.union_all([slot.buffer(chance.uniform(0.01, 0.3), join_style="mitre") for slot in inside])
    strips = [shapely.box(x, -40, x + 1.7, 40) for x in np.arange(-40, 40, 1.9)]
    cars = shapely.union_all([strip.intersection(zone).difference(free) for strip in strips])
    ranges = {"parallel": [(-6.0, 6.0)], "perpendicular": [(84.0, 96.0)], "free": [(0.0, 180.0)]}[mode]
    problem = PlacementProblem(
        zone,
        cars,
        length,
        width,
        spacing,
        mode,
        kerb=kerb,
        angle_ranges_deg=tuple(ranges),  # type: ignore[arg-type]
    )
    return problem, inside


@pytest.mark.parametrize("seed", range(36))
def test_no_row_between_cars_is_above_the_bound(seed: int):
    problem, standing = _tight_between_cars(seed)
    assert standing
    ground = pack(problem)
    centres = shapely.get_coordinates(shapely.centroid(np.array(standing))) - ground.origin
    for known in (None, centres[::2], centres):
        assert upper_bound(problem, ground, known).most >= len(standing)


@pytest.mark.parametrize("deep", [2.35, 2.42, 2.46, 2.6])
def test_a_post_between_two_slots_parts_only_the_line_it_stands_on(deep: float):
    """Not every line is looked at; on one that is not, slots of one box may stand in two intervals."""
    kerb = LineString([(0, 0), (10.8, 0)])
    for height in np.arange(0.35, 2.2, 0.03):
        post = box(5.3, height, 5.5, height + 0.05)
        problem = PlacementProblem(box(0, 0, 10.8, deep), post, 5.0, 2.3, 0.0, "parallel", kerb=kerb)
        assert bound(problem) == 2, height


@pytest.mark.parametrize("seed", range(25))
def test_no_layout_that_stands_is_above_the_bound(seed: int):
    problem, standing = _random_layout(seed)
    ground = pack(problem)
    centres = shapely.get_coordinates(shapely.centroid(np.array(standing))) - ground.origin
    for known in (None, centres[:1], centres):
        assert upper_bound(problem, ground, known).most >= len(standing)


def test_what_is_missing_is_said_with_its_place():
    kerb = LineString([(0, 0), (40, 0)])
    problem = PlacementProblem(box(0, 0, 40, 2.6), box(20, 0, 24, 2.6), 5.0, 2.3, 0.0, "parallel", kerb=kerb)
    ground = pack(problem)
    all_found = np.array([(2.5 + 5.0 * k, 1.3) for k in range(4)] + [(26.5 + 5.0 * k, 1.3) for k in range(3)])
    assert upper_bound(problem, ground, all_found - ground.origin).places.shape == (0, 5)
    ((x1, _, x2, _, most),) = upper_bound(problem, ground, all_found[:4] - ground.origin).places
    east = (min(x1, x2) + ground.origin[0], max(x1, x2) + ground.origin[0])
    assert east == pytest.approx((26.5, 37.5), abs=0.1)
    assert most == 3


@pytest.mark.parametrize("radius", [12.0, 30.0, -25.0])
def test_slots_along_an_arc_are_within_the_bound(radius: float):
    """As many slots as stand side by side across an arc, by construction."""
    size = abs(radius)
    inner, depth = (size - 6.0, 6.0) if radius > 0 else (size, 6.0)
    step = 2 * math.atan2(2.3 / 2, inner + 0.3) + 1e-6
    count = 6
    turns = np.linspace(0, count * step, 40)
    near = np.column_stack([np.cos(turns), np.sin(turns)])
    zone = Polygon(np.vstack([near * (inner + depth + 0.2), (near * inner)[::-1]]))
    kerb = LineString(near * (inner + depth + 0.2) if radius > 0 else near * inner)
    problem = PlacementProblem(zone, NOTHING, 5.0, 2.3, 0.0, "perpendicular", kerb=kerb)
    assert count <= bound(problem) <= count + 1


def test_a_zone_is_prepared_once_and_cars_make_no_room(monkeypatch: pytest.MonkeyPatch):
    kerb = LineString([(0, 0), (19, 0)])
    empty = PlacementProblem(box(0, 0, 19, 6.4), NOTHING, 5.0, 2.3, 0.0, "free", kerb=kerb)
    prepare(empty)
    most = bound(empty)
    assert most >= len(place(empty).slots)

    def asked_again(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("workers.placement.production.bound_empty", asked_again)
    for x in np.arange(0.0, 19.0, 4.0):
        parked = replace(empty, blocked=box(x, 1.0, x + 0.4, 1.4))
        prepare(parked)
        assert bound(parked) <= most


def test_a_long_street_is_bounded_as_closely_as_a_short_one():
    """With the work of a short one the bound would be twice what stands there."""
    kerb = LineString([(0, 0), (700, 0)])
    cars = shapely.union_all([rotate(box(x, 1, x + 1.8, 5.4), x) for x in np.arange(3.0, 690.0, 6.0)])
    street = PlacementProblem(box(0, 0, 700, 6), cars, 4.8, 2.2, 0.0, "free", kerb=kerb)
    assert bound(street) < 1.3 * len(place(replace(street, reachable_only=False)).slots)


def test_public_instances_hold_what_is_known_to_fit_and_the_gap_is_small():
    bench = SHARED / "bench" / "placement_public.json"
    if not bench.exists():
        pytest.skip("the shared bench instances are not here")
    known = json.loads((bench.parent / "placement_public_reference.json").read_text())
    placed, total = 0, 0
    for instance in read_instances(bench):
        problem = replace(instance.problem, reachable_only=False)
        prepare(problem)
        placement = place(problem)
        assert placement.bound >= known[instance.id]["best_known"], instance.id
        placed += len(placement.slots)
        total += placement.bound
    assert total - placed <= 0.08 * total
