# SPDX-License-Identifier: AGPL-3.0-or-later
"""Publishing a layout per vehicle class: each has its own identities, sightings, expiry and count; nothing mixes."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from apps.parking import selectors, services
from apps.parking.models import ParkingSpace, ParkingZone, ZoneSnapshot
from tests.apps.street import box, layout, make_zone, publish, space, zone_spec

pytestmark = pytest.mark.django_db

VAN = "6x2.1"
SMALL = "3.6x1.7"


@pytest.fixture
def now() -> dt.datetime:
    return timezone.now()


def seconds(number: float) -> dt.timedelta:
    return dt.timedelta(seconds=number)


def ids(key: str) -> list[str]:
    return [str(row.public_id) for row in ParkingSpace.objects.filter(vehicle_class=key).order_by("pk")]


def van(x: float):
    return space(x, length_m=6.0, width_m=2.4)


def test_a_class_keeps_its_own_ids_though_layouts_overlap(now):
    make_zone()
    publish("main-street", [space(3), space(9)], now - seconds(9), classes={VAN: [van(4)], SMALL: [space(3)]})
    before = {key: ids(key) for key in ("", VAN, SMALL)}
    assert [len(found) for found in before.values()] == [2, 1, 1]
    publish("main-street", [space(9)], now, classes={VAN: [van(4.2), van(20)], SMALL: []})
    assert ids("") == before[""][1:]
    assert ids(VAN)[:1] == before[VAN]
    assert ids(SMALL) == []
    assert len({*before[""], *before[VAN], *before[SMALL], *ids(VAN)}) == 5


def test_a_class_that_is_no_longer_laid_out_is_gone_and_unknown(now):
    make_zone()
    publish("main-street", [space(3)], now - seconds(9), times=2, classes={VAN: [van(4)]})
    publish("main-street", [space(3)], now, classes={SMALL: [space(3)]})
    assert not ParkingSpace.objects.filter(vehicle_class=VAN).exists()
    assert VAN not in ParkingZone.objects.get().class_counts


@pytest.mark.parametrize(
    ("spaces", "frames", "unknown_m2", "count"),
    [
        ([], 1, 0.0, 0),  # all seen, no room for a van: full, for vans
        ([], 1, 76.0, None),  # most of it unseen: who knows
        ([van(4)], 1, 0.0, None),  # may be free, one more frame will tell
        ([van(4)], 2, 0.0, 1),
        ([van(4), van(14)], 2, 100.0, 2),
    ],
)
def test_a_class_s_count_is_as_honest_as_the_zone_s(now, spaces, frames, unknown_m2, count):
    make_zone()
    publish("main-street", [space(3)], now, times=frames, unknown_m2=unknown_m2, classes={VAN: spaces})
    assert ParkingZone.objects.get().class_counts == {VAN: count}


def test_a_class_waits_for_its_second_sighting_by_itself(now):
    make_zone()
    publish("main-street", [space(3)], now - seconds(5), times=2, classes={VAN: []})
    publish("main-street", [space(3)], now, classes={VAN: [van(4)]})
    zone = ParkingZone.objects.get()
    assert (zone.free_count, zone.class_counts) == (1, {VAN: None})
    assert ParkingSpace.objects.get(vehicle_class=VAN).frames_seen == 1
    assert ParkingSpace.objects.get(vehicle_class="").frames_seen == 3


def test_what_stands_is_told_by_class(now):
    zone = make_zone()
    publish("main-street", [space(3), space(9)], now, classes={VAN: [van(4)]})
    standing = selectors.standing_spaces(zone)
    assert {key: len(found) for key, found in standing.items()} == {"": 2, VAN: 1}
    assert standing[VAN][0].equals_exact(van(4).polygon_3857, 1e-9)


def test_new_ground_withdraws_every_class(now):
    make_zone()
    publish("main-street", [space(3)], now, times=2, bound=4, classes={VAN: [van(4)]})
    zone = services.update_zone(zone_spec(geometry_3857=box(0, 10, 60, 12.5)))
    assert not ParkingSpace.objects.exists()
    assert (zone.class_counts, zone.bound, zone.found_count) == ({}, None, None)


def test_files_hold_the_own_layout_or_a_class(now, tmp_path, capsys):
    make_zone()
    publish("main-street", [space(3), space(9)], now, times=2, classes={VAN: [van(4)]})
    call_command("export_spaces", str(tmp_path / "own.geojson"))
    call_command("export_spaces", str(tmp_path / "van.geojson"), vehicle_length=5.9)
    out = capsys.readouterr().out
    assert "2 spaces written" in out
    assert "1 spaces for vehicles up to 6 × 2.1 m written" in out


def test_count_bound_and_rooms_are_kept(now):
    make_zone()
    wide = space(3)
    publish("main-street", [wide], now, bound=3)
    assert ZoneSnapshot.objects.get().bound == 3
    zone = ParkingZone.objects.get()
    assert (zone.found_count, zone.bound) == (1, 3)


def test_the_history_has_an_end(now, settings):
    settings.SPARK_SNAPSHOTS_KEPT = 3
    make_zone()
    make_zone("yard")
    publish("yard", [], now)
    for turn in range(6):
        publish("main-street", [space(3)], now + seconds(turn / 10))
    kept = ZoneSnapshot.objects.filter(zone__slug="main-street").values_list("version", flat=True)
    assert list(kept) == [7, 6, 5]
    assert ZoneSnapshot.objects.filter(zone__slug="yard").count() == 1


@pytest.mark.django_db(transaction=True)
def test_spaces_that_stay_are_updated_in_place(now):
    """No index is touched when nothing moved: what keeps eight layouts per publication cheap."""
    make_zone()
    spaces = [space(3 + 5.5 * n) for n in range(10)]
    for turn in range(20):
        services.publish_layout("main-street", layout(spaces, now - seconds(20 - turn)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'parking_parkingspace'"
        )
        updates, in_place = cursor.fetchone()
    assert updates >= 190
    assert in_place / updates > 0.9
