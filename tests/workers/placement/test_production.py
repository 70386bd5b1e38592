# SPDX-License-Identifier: AGPL-3.0-or-later
"""The production mode: as many as known, by exact geometry, reachable, steady, and with the room each space has."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from shapely import LineString, MultiLineString, Polygon, box
from shapely.affinity import rotate, translate

from tests.workers.placement.scenes import problems
from workers.placement import (
    PlacementError,
    PlacementProblem,
    ProductionParameters,
    Slot,
    SlotSize,
    place,
    place_classes,
    place_mixed,
)
from workers.placement.feasible import feasible_slots
from workers.placement.instances import parse_instances
from workers.placement.score import score_instance

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("SPARK_SHARED", ROOT.parent / "shared"))
BENCH = SHARED / "bench" / "placement_public.json"

NOTHING = Polygon()


def strip(length: float, depth: float, cars: list[tuple[float, float]] = (), **more: Any) -> PlacementProblem:  # type: ignore[assignment]
    blocked = shapely.union_all([box(a, 0, b, min(depth, 4.6)) for a, b in cars]) if cars else NOTHING
    chosen: dict[str, Any] = {"slot_length_m": 5.0, "slot_width_m": 2.3, "mode": "parallel"} | more
    return PlacementProblem(
        box(0, 0, length, depth), blocked, kerb=LineString([(0, 0), (length, 0)]), **chosen
    )


def lay(problem: PlacementProblem, **more: Any) -> Any:
    return place(problem, mode="production", **more)


@pytest.mark.parametrize(
    ("problem", "count"),
    [
        (strip(5.02, 2.32), 1),
        (strip(4.99, 2.5), 0),
        (strip(20.0, 2.5), 4),  # not a millimetre to spare
        (strip(20.0, 2.5, spacing_m=0.5), 3),
        (strip(21.5, 2.5, spacing_m=0.5), 4),
        (strip(30.0, 2.6, [(5.1, 9.8), (14.9, 20.0)]), 4),
        (strip(20.0, 6.0, mode="diagonal", angle_deg=45.0, slot_width_m=2.5), 5),
        (strip(9.2, 6.4, mode="free", slot_length_m=4.6, slot_width_m=2.1, reachable_only=False), 6),  # 2 × 3
        (strip(30.0, 10.2, mode="perpendicular", slot_width_m=2.5, reachable_only=False), 24),
        (strip(30.0, 10.2, mode="perpendicular", slot_width_m=2.5), 12),  # the row at the kerb is boxed in
    ],
)
def test_holds_the_known_count(problem: PlacementProblem, count: int) -> None:
    placement = lay(problem)
    assert len(placement.slots) == count
    assert placement.bound is not None and placement.bound >= count
    assert len(placement.reachable) == len(placement.clearances) == count
    if problem.reachable_only:
        assert all(placement.reachable)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems())
def test_everything_offered_passes_the_exact_check_in_shapely(problem: PlacementProblem) -> None:
    placement = lay(problem, parameters=ProductionParameters(evaluations=4, bound=False))
    assert feasible_slots(problem, placement.slots) == placement.slots


@pytest.mark.parametrize("search", ["bees", "multistart", "none"])
def test_the_same_seed_gives_the_same_layout(search: str) -> None:
    problem = strip(60.0, 6.0, [(11.0, 13.0), (30.0, 33.0)], mode="free")
    parameters = ProductionParameters(search=search, evaluations=10, bound=False)  # type: ignore[arg-type]
    assert (
        lay(problem, seed=5, parameters=parameters).slots == lay(problem, seed=5, parameters=parameters).slots
    )


def test_what_parks_elsewhere_leaves_a_gap_as_it_was() -> None:
    before = lay(strip(60.0, 2.6, [(20.0, 24.0)])).slots
    after = lay(strip(60.0, 2.6, [(20.0, 24.0), (45.0, 49.0)])).slots
    kept = [s for s in before if s.x < 20]
    assert len(kept) == 4
    assert kept == [s for s in after if s.x < 20]


def test_standing_spaces_stay_while_cars_come_and_go() -> None:
    chance = np.random.default_rng(3)
    stands = [(3.0 + 6.5 * k, 7.4 + 6.5 * k) for k in range(14)]
    here = set(chance.choice(14, 6, replace=False).tolist())
    standing: tuple[Slot, ...] = ()
    moved, kept, lost = [], 0, 0
    for _ in range(25):
        here ^= {int(chance.integers(14))}
        shake = chance.normal(0.0, 0.03, (14, 2))
        cars = [(stands[k][0] + shake[k, 0], stands[k][1] + shake[k, 1]) for k in sorted(here)]
        problem = replace(strip(95.0, 2.6, cars, slot_length_m=5.2), standing=standing)
        slots = lay(problem, parameters=ProductionParameters(bound=False)).slots
        # Ground that a car took apart, each space is where it was.
        for old in standing:
            if problem.blocked.intersection(old.polygon(5.2, 2.3)).area > 0.5:
                continue
            nearest = min((abs(new.x - old.x) + abs(new.y - old.y) for new in slots), default=9.0)
            kept, lost = kept + (nearest < 0.5), lost + (nearest >= 0.5)
            moved.append(min(nearest, 0.5))
        standing = slots
    assert kept > 60
    assert lost <= 0.05 * kept
    assert np.mean(moved) < 0.05


def test_a_standing_space_gives_way_only_for_one_more() -> None:
    problem = strip(15.0, 2.5)
    middle = (Slot(5.2, 1.25, 0.0),)
    assert len(lay(replace(problem, standing=middle)).slots) == 3
    loose = lay(replace(strip(14.0, 2.5), standing=middle)).slots
    assert any(abs(slot.x - 5.2) + abs(slot.y - 1.25) < 1e-9 for slot in loose)
    assert len(loose) == 2


def test_access_edges_say_where_a_car_drives_in() -> None:
    problem = strip(30.0, 5.6, mode="perpendicular", slot_width_m=2.5)
    assert len(lay(problem).slots) == 12
    walled = replace(problem, access=MultiLineString([[(0, 0), (0, 5.6)]]))
    assert len(lay(walled).slots) == 0
    half = replace(problem, access=MultiLineString([[(0, 5.6), (15, 5.6)]]))
    assert len(lay(half).slots) in (5, 6)


def test_a_clearance_is_the_room_there_is() -> None:
    (slot,) = lay(strip(9.0, 2.6)).slots
    (room,) = lay(strip(9.0, 2.6)).clearances
    assert room.length_m == pytest.approx(9.0, abs=1e-3)
    assert room.width_m == pytest.approx(2.6, abs=1e-3)
    assert slot.polygon(5.0, 2.3).within(box(-1e-4, -1e-4, 9.0001, 2.6001))


def test_classes_and_mixed_sizes() -> None:
    sizes = [SlotSize(4.0, 2.0), SlotSize(5.0, 2.2), SlotSize(7.0, 2.4)]
    problem = strip(36.0, 2.6, [(15.0, 19.0)])
    assert [len(p.slots) for p in place_classes(problem, sizes)] == [7, 6, 4]
    mixed = place_mixed(problem, [SlotSize(7.0, 2.4), SlotSize(4.0, 2.0)])
    outlines = [
        slot.polygon(size.length_m, size.width_m)
        for placement, size in zip(mixed, [SlotSize(7.0, 2.4), SlotSize(4.0, 2.0)], strict=True)
        for slot in placement.slots
    ]
    assert next(len(p.slots) for p in mixed) == 4
    assert shapely.union_all(outlines).area == pytest.approx(sum(o.area for o in outlines), abs=1e-3)


@pytest.mark.parametrize("offset", [(0.0, 0.0), (3_900_000.0, 4_700_000.0), (1e7, -1e7)])
def test_an_offset_changes_nothing(offset: tuple[float, float]) -> None:
    zone = translate(rotate(box(0, 0, 47, 5.4), 33, origin=(0, 0)), *offset)
    car = translate(rotate(box(20, 0, 22, 5), 33, origin=(0, 0)), *offset)
    assert len(lay(PlacementProblem(zone, car, 5.0, 2.5, 0.0, "perpendicular")).slots) == 18


@pytest.mark.parametrize("change", [{"search": "ants"}, {"richness": 9}, {"evaluations": -1}])
def test_parameters_that_make_no_sense_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(PlacementError, match=next(iter(change))):
        ProductionParameters(**change)


@pytest.mark.skipif(not BENCH.exists(), reason=f"needs the public instances at {BENCH} (SPARK_SHARED)")
def test_the_public_instances() -> None:
    items = json.loads(BENCH.read_text(encoding="utf-8"))
    known = json.loads(BENCH.with_name("placement_public_reference.json").read_text(encoding="utf-8"))
    total = 0
    for instance, item in zip(parse_instances(items), items, strict=True):
        problem = replace(instance.problem, reachable_only=False)
        slots = lay(problem, parameters=ProductionParameters(bound=False)).slots
        score = score_instance(item, [[s.x, s.y, s.theta_rad] for s in slots])
        assert score.infeasible == 0, (instance.id, score.reasons)
        assert score.counted >= known[instance.id]["best_known"] - 1, instance.id
        total += score.counted
    assert total >= 0.99 * 603
