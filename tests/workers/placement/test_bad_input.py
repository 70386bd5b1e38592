# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever comes in: an answer that an independent judge finds sound, or a PlacementError, and soon."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import LineString, Polygon, box
from shapely.affinity import rotate, translate

from tests.workers.placement.judge import complaints
from tests.workers.placement.scenes import problems
from workers.placement import (
    AS_PUBLISHED_FULL,
    AS_PUBLISHED_X,
    Mode,
    Placement,
    PlacementError,
    PlacementProblem,
    place,
)
from workers.placement.instances import parse_instances

SOLVERS: dict[str, Callable[[PlacementProblem], Placement]] = {
    "production": place,
    "production-any": lambda p: place(replace(p, reachable_only=False)),
    # Few iterations: what is tested is that any layout ends as a sound one.
    "paper-x": lambda p: place(p, mode="paper", parameters=replace(AS_PUBLISHED_X, iterations=25)),
    "paper-full": lambda p: place(p, mode="paper", parameters=replace(AS_PUBLISHED_FULL, iterations=25)),
}
EVERY_SOLVER = pytest.mark.parametrize("solve", SOLVERS.values(), ids=SOLVERS)
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numpy about NaN
QUICK = settings(
    max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
# Processor time that no input may exceed, seconds; the kernels are ready by then.
PATIENCE_S = 10.0


@pytest.fixture(scope="module", autouse=True)
def kernels_ready() -> None:
    for solve in SOLVERS.values():
        solve(
            PlacementProblem(box(0, 0, 20, 3), box(8, 0, 9, 3), 5.0, 2.3, kerb=LineString([(0, 0), (20, 0)]))
        )


def sound(problem: PlacementProblem, solve: Callable[[PlacementProblem], Placement]) -> Placement:
    """The layout, judged; in time."""
    began = time.thread_time()
    placement = solve(problem)
    assert time.thread_time() - began < PATIENCE_S
    assert complaints(problem, placement) == []
    return placement


def comb(teeth: int) -> Polygon:
    """A zone with many narrow bays."""
    points = [(0.0, 0.0)]
    for k in range(teeth):
        points += [(2 * k, 6.0), (2 * k + 1, 6.0), (2 * k + 1, 3.0), (2 * k + 2, 3.0)]
    return Polygon([*points, (2.0 * teeth, 0.0)])


STRIP = Polygon([(0, 0), (40, 0), (40, 6), (0, 6)])
CROSSED = Polygon([(5, 0), (9, 5), (9, 0), (5, 5)])
CASES: dict[str, dict[str, Any]] = {
    "an empty zone": {"zone": Polygon()},
    "a zone of a millimetre": {"zone": box(0, 0, 0.001, 0.001)},
    "a zone as large as a hand": {"zone": box(0, 0, 0.2, 0.1)},
    "a zone thinner than a slot": {"zone": box(0, 0, 200, 1.0)},
    "a zone as thin as a hair": {"zone": box(0, 0, 200, 1e-7)},
    "a zone that is just a slot": {"zone": box(0, 0, 5.0, 2.3)},
    "a sliver": {"zone": Polygon([(0, 0), (80, 0), (80, 6)])},
    "a spike": {"zone": Polygon([(0, 0), (20, 0), (20, 6), (10, 6), (10, 60), (9.99, 6), (0, 6)])},
    "a comb": {"zone": comb(40)},
    "duplicate vertices": {"zone": Polygon([(0, 0), (0, 0), (40, 0), (40, 0), (40, 6), (0, 6), (0, 6)])},
    "vertices on a line": {
        "zone": Polygon([(0, 0), *[(0.01 * k, 0) for k in range(1, 4000)], (40, 6), (0, 6)])
    },
    "vertices a nanometre apart": {
        "zone": Polygon([(0, 0), (1e-9, 0), (40, 0), (40, 6), (40, 6 + 1e-9), (0, 6)])
    },
    "a hole": {"zone": Polygon(STRIP.exterior, [box(10, 1, 20, 5).exterior])},
    "many holes": {
        "zone": Polygon(STRIP.exterior, [box(4 * k + 1, 2, 4 * k + 2, 3).exterior for k in range(9)])
    },
    "a hole that leaves a rim": {"zone": Polygon(STRIP.exterior, [box(1, 1, 39, 5).exterior])},
    "cars on everything": {"blocked": box(-5, -5, 50, 50)},
    "cars on everything, many times": {
        "blocked": shapely.MultiPolygon([box(-k, -k, 50 + k, 50) for k in range(9)])
    },
    "cars with crossing outlines": {"blocked": shapely.MultiPolygon([CROSSED, translate(CROSSED, 2, 1)])},
    "cars that are lines and points": {
        "blocked": shapely.GeometryCollection([LineString([(0, 0), (9, 6)]), shapely.Point(3, 3), CROSSED])
    },
    "cars as thin as a hair": {"blocked": shapely.union_all([box(k, 0, k + 1e-9, 6) for k in range(40)])},
    "cars touching the edges": {"blocked": shapely.union_all([box(0, 0, 5, 6), box(35, 0, 40, 6)])},
    "cars with holes": {"blocked": Polygon(box(-9, -9, 60, 30).exterior, [box(10, 0, 22, 6).exterior])},
    "nothing at all": {"blocked": shapely.GeometryCollection()},
    "a kerb outside the zone": {"kerb": LineString([(500, 500), (540, 500)])},
    "a kerb of no length": {"kerb": LineString([(3, 3), (3, 3)])},
    "a kerb that turns back": {"kerb": LineString([(0, 0), (40, 0), (0, 0)])},
    "a kerb across the zone": {"kerb": LineString([(20, -3), (20, 9)])},
    "a kerb with doubled points": {"kerb": LineString([(0, 0), (0, 0), (20, 0), (20, 0), (40, 0)])},
    "a kerb around the zone": {"kerb": LineString(STRIP.exterior.coords)},
    "a zigzag of a kerb": {"kerb": LineString([(k, k % 2) for k in range(41)])},
    "no way in": {"access": LineString([(500, 500), (540, 500)])},
    "a way in of no length": {"access": LineString([(3, 0), (3, 0)])},
    "angles many times around": {"angle_ranges_deg": ((-720.0, 720.0),)},
    "a single angle": {"angle_ranges_deg": ((33.0, 33.0),)},
    "many angles": {"angle_ranges_deg": tuple((float(k), k + 0.5) for k in range(0, 180, 5))},
    "a slot larger than the world": {"slot_length_m": 1e6},
    "a slot longer than wide by far": {"slot_length_m": 30.0, "slot_width_m": 0.5},
    "a slot wider than long": {"slot_length_m": 2.0, "slot_width_m": 5.0},
    "a spacing larger than the zone": {"spacing_m": 50.0},
}


@EVERY_SOLVER
@pytest.mark.parametrize("mode", ["parallel", "perpendicular", "diagonal", "free"])
@pytest.mark.parametrize("change", CASES.values(), ids=CASES)
def test_an_odd_problem_has_a_sound_answer(
    change: dict[str, Any], mode: Mode, solve: Callable[[PlacementProblem], Placement]
) -> None:
    plain: dict[str, Any] = {
        "zone": STRIP, "blocked": box(12, 1, 16, 4), "slot_length_m": 5.0, "slot_width_m": 2.3,
        "spacing_m": 0.5, "mode": mode, "angle_deg": 60.0, "kerb": LineString([(0, 0), (40, 0)]),
    }  # fmt: skip
    if "zone" in change and "kerb" not in change:
        plain["kerb"] = None
    sound(PlacementProblem(**plain | change), solve)


@EVERY_SOLVER
@pytest.mark.parametrize("offset", [(1e7, 1e7), (-1e7, 1e7), (9.9e7, -9.9e7)])
def test_far_from_the_origin(
    offset: tuple[float, float], solve: Callable[[PlacementProblem], Placement]
) -> None:
    zone = translate(rotate(STRIP, 33, origin=(0, 0)), *offset)
    car = translate(rotate(box(12, 0, 16, 6), 33, origin=(0, 0)), *offset)
    assert sound(PlacementProblem(zone, car, 5.0, 2.3, 0.0, "free"), solve).slots


@EVERY_SOLVER
def test_a_thousand_cars(solve: Callable[[PlacementProblem], Placement]) -> None:
    chance = np.random.default_rng(1)
    cars = [
        translate(
            rotate(box(-2.2, -0.9, 2.2, 0.9), chance.uniform(0, 180)), *chance.uniform((0, 0), (900, 12))
        )
        for _ in range(1000)
    ]
    zone = Polygon([(0, 0), (900, 0), (900, 12), (0, 12)])
    sound(PlacementProblem(zone, shapely.MultiPolygon(cars), 5.0, 2.3, 0.0, "free"), solve)


@EVERY_SOLVER
@pytest.mark.parametrize("size", [1e-9, 0.01])
def test_slots_that_are_no_spaces_for_cars_are_refused(
    size: float, solve: Callable[[PlacementProblem], Placement]
) -> None:
    began = time.thread_time()
    with pytest.raises(PlacementError, match="slot"):
        solve(PlacementProblem(STRIP, Polygon(), size, size))
    assert time.thread_time() - began < PATIENCE_S


@EVERY_SOLVER
@QUICK
@given(problem=problems())
def test_any_zone_with_any_cars(
    problem: PlacementProblem, solve: Callable[[PlacementProblem], Placement]
) -> None:
    sound(problem, solve)


AWKWARD = st.sampled_from([0.0, -0.0, 1e-9, 2.3, 5.0, 5.0 + 1e-12, 7.0, 1e7, math.nan, math.inf, 1e300])
COORDINATES = st.one_of(st.floats(-30, 30), st.floats(-30, 30), st.integers(-9, 9), AWKWARD)
RINGS = st.lists(st.tuples(COORDINATES, COORDINATES), min_size=4, max_size=9)


@EVERY_SOLVER
@QUICK
@given(
    zone=RINGS,
    cars=st.lists(RINGS, max_size=3),
    kerb=st.none() | st.lists(st.tuples(COORDINATES, COORDINATES), min_size=2, max_size=5),
    slot=st.tuples(st.sampled_from([5.0, 0.0, 3.0]), st.sampled_from([2.3, -1.0, math.nan, 1.5])),
    mode=st.sampled_from(["parallel", "perpendicular", "diagonal", "free", "upright", None]),
)
def test_any_scribble_in_a_file(
    zone: Any, cars: Any, kerb: Any, slot: Any, mode: Any, solve: Callable[[PlacementProblem], Placement]
) -> None:
    item = {"id": "x", "zone": zone, "occupied": cars, "slot": slot, "mode": mode, "kerb": kerb}
    try:
        (instance,) = parse_instances([{**item, "angle_deg": 60.0}])
    except PlacementError:
        return
    sound(instance.problem, solve)


@EVERY_SOLVER
@QUICK
@given(
    zone=st.lists(st.tuples(st.floats(-30, 30), st.floats(-30, 30)), min_size=4, max_size=9),
    cars=st.lists(st.tuples(st.floats(-30, 30), st.integers(-9, 9)), min_size=4, max_size=9),
)
def test_any_scribble_that_was_repaired(
    zone: Any, cars: Any, solve: Callable[[PlacementProblem], Placement]
) -> None:
    for part in shapely.get_parts(shapely.make_valid(Polygon(zone))):
        if part.geom_type == "Polygon":
            try:
                problem = PlacementProblem(part, Polygon(cars), 5.0, 2.3, 0.0, "free")
            except PlacementError:
                return
            sound(problem, solve)


@pytest.mark.parametrize(
    "item",
    [
        None,
        [],
        "zone",
        {},
        {"zone": None, "occupied": [], "slot": [5, 2], "mode": "free"},
        {"zone": "abc", "occupied": [], "slot": [5, 2], "mode": "free"},
        {"zone": [[0, 0], [1, "x"], [1, 1]], "occupied": [], "slot": [5, 2], "mode": "free"},
        {"zone": [[0, 0], [9, 0], [9, 9]], "occupied": [[[0, 0], [1, 1]]], "slot": [5, 2], "mode": "free"},
        {"zone": [[0, 0], [9, 0], [9, 9]], "occupied": None, "slot": [5, 2], "mode": "free"},
        {"zone": [[0, 0], [9, 0], [9, 9]], "occupied": [], "slot": 5, "mode": "free"},
        {"zone": [[0, 0], [9, 0], [9, 9]], "occupied": [], "slot": ["a", "b"], "mode": "free"},
        {"zone": [[0, 0], [9, 0], [9, 9]], "occupied": [], "slot": [5, 2], "mode": ["free"]},
        {"zone": [[0, 0], [9, 0], [9, 9]], "occupied": [], "slot": [5, 2], "mode": "free", "kerb": [[0, 0]]},
        {"zone": [[0, 0], [9, 0], [9, 9]], "occupied": [], "slot": [5, 2], "mode": "free", "kerb": 7},
        {
            "zone": [[0, 0], [9, 0], [9, 9]],
            "occupied": [],
            "slot": [5, 2],
            "mode": "free",
            "angle_ranges_deg": 7,
        },
        {
            "zone": [[0, 0], [9, 0], [9, 9]],
            "occupied": [],
            "slot": [5, 2],
            "mode": "free",
            "holes": [[[1, 1]]],
        },
        {"zone": [[0, 0], [9, 0], [9, 9]], "occupied": [], "slot": [5, 2], "mode": "free", "spacing": "wide"},
        {
            "zone": [[0, 0], [9, 0], [9, 9]],
            "occupied": [],
            "slot": [5, 2],
            "mode": "diagonal",
            "angle_deg": "x",
        },
    ],
)
def test_an_instance_that_is_none_is_refused_by_name(item: Any) -> None:
    with pytest.raises(PlacementError, match="instance number 0"):
        parse_instances([item])
