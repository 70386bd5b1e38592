# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ground is occupied, hidden, clear or unknown; and unknown is not free."""

from __future__ import annotations

import dataclasses

import pytest
import shapely

from apps.parking.zones import MODE_DEFAULTS
from camera_registry.footprint import CarOnGround
from tests.workers.scenes import FRAME, zone
from workers.occupancy import SLOT_DEFAULTS, Zone, ZoneObservation, fuse, observe_zones

ZONE = zone()
ZONE_M = FRAME.geometry_to_metres(ZONE.polygon_3857)
EVERYTHING = FRAME.geometry_to_3857(shapely.box(-500, -500, 500, 500))


def on_ground(footprint, silhouette=None):
    return CarOnGround(footprint, footprint if silhouette is None else silhouette, 0.9, corrected=True)


def observe(cars=(), view=EVERYTHING):
    return observe_zones([ZONE], cars, FRAME, view)


def areas(ground):
    return [round(g.area, 2) for g in (ground.occupied_m, ground.hidden_m, ground.clear_m, ground.unknown_m)]


def test_an_empty_zone_in_full_view_is_clear():
    ground = fuse(ZONE, observe())
    assert areas(ground) == [0, 0, pytest.approx(96.0, abs=0.1), 0]


def test_states_share_out_the_zone():
    car = on_ground(shapely.box(-2, 40.5, 2.4, 42.3), shapely.box(-2, 40.5, 2.4, 44.0))
    half = FRAME.geometry_to_3857(shapely.box(-500, -500, 10, 500))
    ground = fuse(ZONE, observe([car], view=half))
    assert sum(areas(ground)) == pytest.approx(ZONE_M.area, abs=0.1)
    assert ground.unknown_m.area == pytest.approx(24.0, abs=0.1)
    assert ground.occupied_m.area == pytest.approx(4.4 * 1.8, abs=0.1)


def test_ground_behind_a_car_is_hidden_not_clear():
    car = on_ground(shapely.box(-2, 37.0, 2.4, 38.8), shapely.box(-2, 37.0, 2.4, 41.0))
    ground = fuse(ZONE, observe([car]))
    assert ground.occupied_m.is_empty
    assert ground.hidden_m.area == pytest.approx(4.4, abs=0.1)


def test_blind_ground_is_unknown():
    tree = FRAME.geometry_to_3857(shapely.box(0, 39, 3, 43))
    ground = fuse(ZONE, observe(view=EVERYTHING - tree))
    assert ground.unknown_m.area == pytest.approx(7.2, abs=0.1)


def test_a_zone_out_of_view_is_not_observed():
    assert observe(view=FRAME.geometry_to_3857(shapely.box(-5, -5, 5, 5))) == ()


def test_a_second_camera_clears_what_the_first_could_not_see():
    hiding = on_ground(shapely.box(-2, 37.0, 2.4, 38.8), shapely.box(-2, 37.0, 2.4, 41.0))
    west = observe([hiding], view=FRAME.geometry_to_3857(shapely.box(-500, 0, 5, 100)))
    east = observe([], view=FRAME.geometry_to_3857(shapely.box(-5, 0, 500, 100)))
    ground = fuse(ZONE, [*west, *east])
    assert areas(ground)[1] == 0 and areas(ground)[3] == 0


def test_occupied_for_one_camera_is_occupied():
    car = on_ground(shapely.box(-2, 40.5, 2.4, 42.3))
    ground = fuse(ZONE, [*observe([car]), *observe([])])
    assert ground.occupied_m.area == pytest.approx(7.92, abs=0.05)


def test_no_observation_means_all_unknown():
    ground = fuse(ZONE, [])
    assert ground.unknown_m.area == pytest.approx(ZONE_M.area, abs=0.1)
    assert ground.clear_m.is_empty


def test_observations_of_nothing_keep_the_zone_whole():
    empty = shapely.Polygon()
    ground = fuse(ZONE, [ZoneObservation("strip", empty, empty, empty)])
    assert ground.unknown_m.area == pytest.approx(ZONE_M.area, abs=0.1)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"mode": "sideways"}, "none of parallel"),
        ({"slot_length_m": 0.0}, "must be positive"),
        ({"polygon_3857": shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])}, "Self-intersection"),
    ],
)
def test_zones_that_cannot_be(attributes, message):
    with pytest.raises(ValueError, match=message):
        Zone(**{"slug": "bad", "polygon_3857": shapely.box(0, 0, 9, 9)} | attributes)


def test_slot_defaults_are_the_same_for_database_and_pipeline():
    ours = {mode: dataclasses.astuple(defaults)[:3] for mode, defaults in MODE_DEFAULTS.items()}
    assert ours == SLOT_DEFAULTS
