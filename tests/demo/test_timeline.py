# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import itertools

import pytest
import shapely
from shapely import Polygon

from apps.demo.layout import build_layout
from apps.demo.timeline import Street
from tests.demo.scenes import EVENING_S, street

MOMENTS = [EVENING_S + 97.0 * k for k in range(12)]


def footprints(cars, *, parked: bool) -> list[Polygon]:
    return [Polygon(c.footprint()) for c in cars if c.parked == parked]


def test_the_same_seed_gives_the_same_street_whatever_was_asked_before():
    asked_forward, asked_at_random = Street(build_layout(0), 5), Street(build_layout(0), 5)
    first = [asked_forward.state_at(t) for t in (0.0, 400.0, 4000.0, 9000.0)]
    second = {t: asked_at_random.state_at(t) for t in (9000.0, 400.0, 4000.0, 0.0)}
    assert first == [second[t] for t in (0.0, 400.0, 4000.0, 9000.0)]


def test_another_seed_gives_another_street():
    assert Street(build_layout(0), 1).state_at(0.0) != Street(build_layout(0), 2).state_at(0.0)


@pytest.mark.parametrize("t_s", MOMENTS)
def test_parked_cars_never_overlap(t_s):
    parked = footprints(street().state_at(t_s), parked=True)
    assert len(parked) > 20
    tree = shapely.STRtree(parked)
    pairs = [(i, j) for i, j in tree.query(parked, predicate="intersects").T if i < j]
    assert pairs == []


def test_moving_cars_keep_off_each_other():
    busy = Street(build_layout(0), 3, start_s=EVENING_S)
    for k in range(240):
        moving = footprints(busy.state_at(EVENING_S + 900 + 2.0 * k), parked=False)
        for a, b in itertools.combinations(moving, 2):
            assert a.intersection(b).area < 0.05, f"two moving cars meet at +{2 * k} s"


def test_cars_arrive_park_and_leave():
    busy = street()
    ids = [{(c.id, c.parked) for c in busy.state_at(EVENING_S + 30.0 * k)} for k in range(120)]
    parked = [{i for i, p in now if p} for now in ids]
    moving = [{i for i, p in now if not p} for now in ids]
    came = {i for before, after in itertools.pairwise(range(120)) for i in parked[after] - parked[before]}
    went = {i for before, after in itertools.pairwise(range(120)) for i in parked[before] - parked[after]}
    assert came and went
    seen_driving_first = [i for i in came if any(i in m for m in moving)]
    assert len(seen_driving_first) >= len(came) / 2


def test_somebody_double_parks_on_some_day():
    for seed in range(4):
        busy = Street(build_layout(0), seed, start_s=15 * 3600.0)
        for k in range(90):
            if any(
                s.zone == "road" and s.is_parked(15 * 3600.0 + 40 * k)
                for s in busy.stays_at(15 * 3600.0 + 40 * k)
            ):
                return
    pytest.fail("nobody double-parked in four afternoons")


def test_cars_stand_crookedly_and_mostly_inside_their_zone():
    layout = build_layout(0)
    zones = {z.slug: z.polygon for z in layout.zones}
    busy = street()
    headings = set()
    for stay, car in zip(busy.stays_at(EVENING_S), busy.state_at(EVENING_S), strict=True):
        if stay.zone in zones and car.parked:
            footprint = Polygon(car.footprint())
            assert footprint.intersection(zones[stay.zone]).area > 0.8 * footprint.area
            headings.add(round(stay.pose[2] % 1.5707963, 3))
    assert len(headings) > 15


def test_a_moment_before_the_street_begins_is_refused():
    with pytest.raises(ValueError, match="begins at"):
        street().state_at(0.0)
