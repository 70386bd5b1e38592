# SPDX-License-Identifier: AGPL-3.0-or-later
"""``place``: known counts on plain zones, seeds, and what must end at once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import shapely
from shapely import LineString, Polygon, box

from workers.placement import (
    AS_PUBLISHED_FULL,
    AS_PUBLISHED_X,
    PlacementError,
    PlacementProblem,
    place,
)

NOTHING = Polygon()


def strip(length: float, depth: float, cars: list[tuple[float, float]] = (), **more: Any) -> PlacementProblem:  # type: ignore[assignment]
    """A straight zone along the x axis with its kerb at y = 0; ``cars`` are intervals of x, as deep as the zone."""
    blocked = shapely.union_all([box(a, 0, b, depth) for a, b in cars]) if cars else NOTHING
    settings: dict[str, Any] = {"slot_length_m": 5.0, "slot_width_m": 2.3, "mode": "parallel"} | more
    return PlacementProblem(
        box(0, 0, length, depth), blocked, kerb=LineString([(0, 0), (length, 0)]), **settings
    )


@pytest.mark.parametrize(
    ("problem", "count"),
    [
        (strip(5.02, 2.32), 1),  # the zone is the slot and a centimetre around it
        (strip(4.99, 2.5), 0),
        (strip(20.0, 2.5), 4),
        (strip(20.0, 2.5, spacing_m=0.5), 3),  # 3 × 5 + 2 × 0.5 = 16, a fourth would need 21.5
        (strip(21.5, 2.5, spacing_m=0.5), 4),  # no spacing behind the last one
        (strip(30.0, 2.6, [(5.1, 9.8), (14.9, 20.0)]), 4),  # gaps 5.1, 5.1 and 10 hold 1 + 1 + 2
        (strip(30.0, 2.6, [(4.0, 9.0), (13.0, 18.0), (22.0, 27.0)]), 0),  # 15 m free, in gaps too short
        (strip(10.0, 5.2, mode="perpendicular", slot_width_m=2.5), 4),
        (strip(10.0, 5.2, [(2.6, 4.9)], mode="perpendicular", slot_width_m=2.5), 3),
        (strip(20.0, 6.0, mode="diagonal", angle_deg=45.0, slot_width_m=2.5), 5),  # 5.30 + 4 × 3.54 = 19.4
        (strip(100.0, 5.3, mode="perpendicular", slot_width_m=2.5), 40),
    ],
)
def test_a_straight_strip_holds_the_known_count(problem: PlacementProblem, count: int) -> None:
    assert len(place(problem).slots) == count


def test_slots_stand_as_the_mode_says() -> None:
    for mode, angle, expected in (
        ("parallel", None, 0.0),
        ("perpendicular", None, 90.0),
        ("diagonal", 60.0, 60.0),
    ):
        slots = place(strip(30.0, 6.0, mode=mode, angle_deg=angle)).slots
        assert slots
        for slot in slots:
            off = (math.degrees(slot.theta_rad) - expected + 90.0) % 180.0 - 90.0
            assert abs(off) <= 12.0, mode


def test_the_same_seed_gives_the_same_layout() -> None:
    problem = strip(60.0, 6.0, [(11.0, 13.0), (30.0, 33.0)], mode="free")
    for mode, parameters in (("production", None), ("paper", AS_PUBLISHED_X), ("paper", AS_PUBLISHED_FULL)):
        first, again = (place(problem, mode=mode, seed=7, parameters=parameters) for _ in range(2))
        assert first.slots == again.slots
        assert first.cost_history == again.cost_history
    one, two = (place(problem, mode="paper", seed=seed, parameters=AS_PUBLISHED_FULL) for seed in (1, 2))
    assert one.slots != two.slots


@pytest.mark.parametrize(
    ("zone", "blocked"),
    [
        (box(0, 0, 1, 1), NOTHING),  # smaller than a slot
        (box(0, 0, 200, 0.4), NOTHING),  # large enough, but thinner than a slot
        (box(0, 0, 30, 3), box(-1, -1, 31, 4)),  # cars cover everything
        (box(0, 0, 30, 3), shapely.union_all([box(x, 0, x + 3, 3) for x in range(0, 30, 5)])),  # gaps of 2 m
        (
            Polygon(box(0, 0, 12, 6).exterior, [box(1, 1, 11, 5).exterior]),
            NOTHING,
        ),  # a hole leaves a rim of 1 m
        (Polygon([(0, 0), (30, 0.5), (0, 1)]), NOTHING),  # a sliver
    ],
)
def test_nothing_fits_and_that_is_an_answer(zone: Polygon, blocked: shapely.Geometry) -> None:
    for stand in ("parallel", "perpendicular", "free"):
        problem = PlacementProblem(zone, blocked, 5.0, 2.3, 0.5, stand)  # type: ignore[arg-type]
        for mode, parameters in (
            ("production", None),
            ("paper", AS_PUBLISHED_X),
            ("paper", AS_PUBLISHED_FULL),
        ):
            assert place(problem, mode=mode, parameters=parameters).slots == ()


def test_a_tiny_zone_costs_no_search() -> None:
    for mode in ("production", "paper"):
        placement = place(PlacementProblem(box(0, 0, 3, 3), NOTHING, 5.0, 2.3), mode=mode)
        assert placement.evaluations == 0
        assert placement.slots == ()


@pytest.mark.parametrize("offset", [(0.0, 0.0), (712_345.678, 4_289_123.456), (3_900_000.0, 4_700_000.0)])
def test_an_offset_changes_nothing_but_the_coordinates(offset: tuple[float, float]) -> None:
    def count(east: float, north: float) -> int:
        zone = shapely.affinity.translate(
            shapely.affinity.rotate(box(0, 0, 47, 5.4), 33, origin=(0, 0)), east, north
        )
        car = shapely.affinity.translate(
            shapely.affinity.rotate(box(20, 0, 22, 5), 33, origin=(0, 0)), east, north
        )
        return len(place(PlacementProblem(zone, car, 5.0, 2.5, 0.0, "perpendicular")).slots)

    assert count(*offset) == count(0.0, 0.0) == 18


@pytest.mark.parametrize("radius", [15.0, 40.0, -40.0])
def test_a_bent_kerb_is_filled(radius: float) -> None:
    # Zones 5.4 m deep along 30 m of kerb on either side of a bend; 2.5 m a slot, more where inner ends converge.
    turns = [30.0 / abs(radius) * k / 30 for k in range(31)]
    rings = [
        [(r * math.cos(t), r * math.sin(t)) for t in turns]
        for r in (abs(radius), abs(radius) - math.copysign(5.4, radius))
    ]
    zone = Polygon([*rings[0], *reversed(rings[1])])
    problem = PlacementProblem(zone, NOTHING, 5.0, 2.5, 0.0, "perpendicular", kerb=LineString(rings[0]))
    inner = min(abs(radius), abs(radius) - math.copysign(5.0, radius))
    fit = math.floor(30.0 * inner / abs(radius) / 2.5)
    assert fit - 1 <= len(place(problem).slots) <= fit


def test_angles_count_from_the_outline_and_not_from_a_hole() -> None:
    yard = Polygon([(0, 0), (40, 0), (40, 30), (0, 30)], [[(19, 14), (21, 14), (21, 16), (19, 16)]])
    slots = place(PlacementProblem(yard, NOTHING, 5.0, 2.3, 0.0, "parallel")).slots
    assert slots
    assert all(abs(math.sin(slot.theta_rad)) <= math.sin(math.radians(12.1)) for slot in slots)


def test_what_parks_elsewhere_leaves_a_stretch_as_it_was() -> None:
    before = place(strip(60.0, 2.6, [(20.0, 24.0)])).slots
    after = place(strip(60.0, 2.6, [(20.0, 24.0), (45.0, 49.0)])).slots
    kept = [(round(s.x, 6), round(s.y, 6)) for s in before if s.x < 20]
    assert len(kept) == 4
    assert kept == [(round(s.x, 6), round(s.y, 6)) for s in after if s.x < 20]


with np.errstate(invalid="ignore"):
    NAN_ZONE = Polygon([(0, 0), (10, 0), (10, float("nan")), (0, 5)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"zone": Polygon([(0, 0), (10, 5), (10, 0), (0, 5)])}, "zone is not a valid polygon"),
        ({"zone": NAN_ZONE}, "zone has coordinates that are not numbers"),
        ({"zone": box(0, 0, 1e9, 5)}, "zone has coordinates beyond"),
        ({"zone": Polygon([(0, 0), (1e7, 10), (1e7, 20)])}, "zone is 10000 km across"),
        ({"zone": box(0, 0, 2000, 2000)}, "zone is 3 km across and has 4.0 km²"),
        ({"zone": shapely.MultiPolygon([box(0, 0, 9, 9)])}, "zone is a MultiPolygon"),
        (
            {"blocked": LineString([(0, 0), (1, float("inf"))])},
            "blocked has coordinates that are not numbers",
        ),
        ({"slot_length_m": 0.0}, "slot_length_m is 0.0"),
        ({"slot_width_m": float("nan")}, "slot_width_m is nan"),
        ({"spacing_m": -0.1}, "spacing_m is -0.1"),
        ({"spacing_m": 1e5}, "spacing_m is 100000.0"),
        ({"mode": "sideways"}, "mode is 'sideways'"),
        ({"mode": "diagonal"}, "diagonal needs angle_deg"),
        ({"mode": "diagonal", "angle_deg": float("inf")}, "angle_deg is inf"),
        ({"angle_ranges_deg": ((60.0, 45.0),)}, "angle_ranges_deg has"),
        ({"angle_ranges_deg": ()}, "angle_ranges_deg is empty"),
    ],
)
def test_a_problem_that_makes_no_sense_is_refused(change: dict[str, Any], message: str) -> None:
    plain: dict[str, Any] = {
        "zone": box(0, 0, 20, 3), "blocked": NOTHING, "slot_length_m": 5.0, "slot_width_m": 2.3
    }  # fmt: skip
    with pytest.raises(PlacementError, match=message):
        PlacementProblem(**plain | change)


def test_a_mode_that_does_not_exist_is_named_with_the_cure() -> None:
    with pytest.raises(PlacementError, match=r"use mode=.production. or mode=.paper."):
        place(strip(20.0, 3.0), mode="fast")


def test_blocked_ground_may_be_untidy() -> None:
    # Overlapping cars, a crossing ring, a stray line and a point, as a collection.
    untidy = shapely.GeometryCollection(
        [
            box(5.2, 0, 9, 2),
            box(7, 0, 12, 2),
            Polygon([(15, 0), (17, 2), (17, 0), (15, 2)]),
            LineString([(0, 0), (20, 3)]),
            shapely.Point(1, 1),
        ]
    )
    placement = place(PlacementProblem(box(0, 0, 30, 3), untidy, 5.0, 2.3))
    assert len(placement.slots) == 1 + 2  # 0–5.2 and 17–30


@pytest.mark.parametrize("kerb", [LineString([(0, 0), (0, 0)]), LineString([(500, 500), (540, 500)]), None])
def test_a_kerb_that_is_no_help(kerb: LineString | None) -> None:
    placement = place(PlacementProblem(box(0, 0, 20, 3), NOTHING, 5.0, 2.3, kerb=kerb))
    assert len(placement.slots) in (0, 4)


def test_a_thousand_cars_and_a_kilometre_are_laid_out() -> None:
    cars = shapely.union_all([box(2.4 * k, 0, 2.4 * k + 1.8, 4.5) for k in range(1000) if k % 7])
    problem = strip(2400.0, 5.3, mode="perpendicular", slot_width_m=2.3)
    placement = place(PlacementProblem(problem.zone, cars, 5.0, 2.3, 0.0, "perpendicular", kerb=problem.kerb))
    # Each seventh car is missing: 0.6 + 1.8 + 0.6 = 3 m.
    assert len(placement.slots) == 143
    assert placement.cpu_ms < 20_000
