# SPDX-License-Identifier: AGPL-3.0-or-later
"""Publishing: one transaction, kept identities, nothing from the past, unknown never 0."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading

import pytest
import shapely
from django.db import connections
from django.utils import timezone

from apps.parking import selectors, services
from apps.parking.models import ParkingSpace, ParkingZone, ZoneObservationRecord, ZoneSnapshot
from apps.parking.published import FrameMeta, ObservedGround, PublishedSpace
from camera_registry.models import Camera
from tests.apps.street import box, layout, make_zone, publish, space, zone_spec

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> dt.datetime:
    return timezone.now()


def seconds(number: float) -> dt.timedelta:
    return dt.timedelta(seconds=number)


class TestIdentity:
    def test_a_space_that_stays_keeps_its_id_and_counts_frames(self, now):
        make_zone()
        publish("main-street", [space(3), space(12)], now - seconds(10))
        ids = {s.public_id: s for s in ParkingSpace.objects.all()}
        publish("main-street", [space(3.4), space(30)], now)
        stayed = ParkingSpace.objects.get(frames_seen=2)
        assert stayed.public_id in ids
        assert stayed.first_seen_at == now - seconds(10)
        assert stayed.observed_at == now
        fresh = ParkingSpace.objects.get(frames_seen=1)
        assert fresh.public_id not in ids
        assert ParkingSpace.objects.count() == 2

    @pytest.mark.parametrize(
        ("shift_m", "kept"),
        [
            (0.0, True),
            (1.6, True),  # IoU (5 - 1.6) / (5 + 1.6) = 0.515
            (1.7, False),  # IoU 0.493
            (4.9, False),
        ],
    )
    def test_half_overlap_in_true_metres_is_the_limit(self, now, shift_m, kept):
        make_zone()
        publish("main-street", [space(10)], now - seconds(5))
        before = ParkingSpace.objects.get().public_id
        publish("main-street", [space(10 + shift_m)], now)
        assert (ParkingSpace.objects.get().public_id == before) is kept

    def test_one_to_one_and_the_better_overlap_wins(self, now):
        make_zone()
        publish("main-street", [space(10)], now - seconds(5))
        before = ParkingSpace.objects.get().public_id
        publish("main-street", [space(8.6), space(10.2)], now)
        assert ParkingSpace.objects.filter(public_id=before).count() == 1
        winner = ParkingSpace.objects.get(public_id=before)
        assert winner.geometry.centroid.x == pytest.approx(space(10.2).polygon_3857.centroid.x)

    def test_the_same_frame_twice_is_no_second_sighting(self, now):
        make_zone()
        publish("main-street", [space(10)], now)
        publish("main-street", [space(10)], now)
        assert ParkingSpace.objects.get().frames_seen == 1

    def test_anothers_frame_that_shows_nothing_of_a_space_is_no_sighting_of_it(self, now):
        make_zone()
        seen_at = now - seconds(20)
        publish("main-street", [space(10, observed_at=seen_at)], now - seconds(10))
        publish("main-street", [space(10, observed_at=seen_at)], now)
        found = ParkingSpace.objects.get()
        assert (found.frames_seen, found.observed_at) == (1, seen_at)
        assert found.valid_until == seen_at + seconds(120)


class TestPublishing:
    def test_appends_a_snapshot_and_raises_the_version(self, now):
        zone = make_zone()
        camera = Camera.objects.create(name="cam-a")
        meta = FrameMeta(camera_id=camera.pk, received_at=now - seconds(1))
        snapshot = services.publish_layout("main-street", layout([space(3)], now), meta)
        zone.refresh_from_db()
        assert (zone.version, snapshot.version) == (2, 2)  # 1 was its creation
        assert zone.observed_at == now
        assert zone.valid_until == now + seconds(120)
        assert snapshot.camera == camera
        assert snapshot.free_count == 1
        assert snapshot.timings == {"segment": 40.0}
        assert snapshot.spaces[0]["id"] == str(ParkingSpace.objects.get().public_id)
        lon, lat = snapshot.spaces[0]["geometry"]["coordinates"][0][0]
        assert (lon, lat) == (pytest.approx(35.4872, abs=0.001), pytest.approx(38.7223, abs=0.001))
        publish("main-street", [], now)
        assert list(ZoneSnapshot.objects.values_list("version", flat=True)) == [3, 2]
        assert not ParkingSpace.objects.exists()

    def test_a_layout_from_the_past_is_refused_and_changes_nothing(self, now):
        make_zone()
        publish("main-street", [space(3)], now)
        with pytest.raises(services.LayoutTooOld, match="main-street"):
            publish("main-street", [], now - seconds(1))
        assert ParkingSpace.objects.count() == 1
        assert ZoneSnapshot.objects.count() == 1

    def test_a_layout_from_the_future_is_refused(self, now):
        make_zone()
        with pytest.raises(services.LayoutFromTheFuture, match="check the clocks"):
            publish("main-street", [], now + seconds(60))

    def test_an_unknown_zone_is_said_so(self, now):
        with pytest.raises(ParkingZone.DoesNotExist):
            publish("nowhere", [], now)

    def test_an_invalid_space_never_reaches_the_database(self):
        bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
        with pytest.raises(ValueError, match="Self-intersection"):
            PublishedSpace(bow_tie, 5, 2, 0, 0.9)


class TestUnknownIsNotZero:
    @pytest.mark.parametrize(
        ("spaces", "frames", "unknown_m2", "count"),
        [
            ([], 1, 0.0, 0),  # all seen, nothing free: full
            ([], 1, 74.0, 0),  # most of it seen
            ([], 1, 76.0, None),  # most of it unseen: who knows
            ([], 1, 150.0, None),  # nothing seen
            ([space(3)], 1, 0.0, None),  # may be free, one more frame will tell
            ([space(3)], 2, 0.0, 1),
            ([space(3)], 2, 100.0, 1),  # free ground that was seen is free
        ],
    )
    def test_the_count(self, now, spaces, frames, unknown_m2, count):
        make_zone()
        publish("main-street", spaces, now, unknown_m2=unknown_m2, times=frames)
        assert ParkingZone.objects.get().free_count == count

    def test_before_the_first_frame_nothing_is_known(self):
        zone = make_zone()
        assert zone.free_count is None
        assert selectors.zone_state(zone, timezone.now()) == "unknown"

    def test_after_the_validity_nothing_is_known(self, now):
        make_zone(validity_s=60)
        publish("main-street", [], now)
        zone = ParkingZone.objects.get()
        assert selectors.zone_state(zone, now + seconds(59)) == "full"
        assert selectors.zone_state(zone, now + seconds(61)) == "unknown"


class TestEditingAZone:
    def test_new_ground_withdraws_the_spaces(self, now):
        make_zone()
        publish("main-street", [space(3)], now, times=2)
        zone = services.update_zone(zone_spec(geometry_3857=box(0, 10, 60, 12.5)))
        assert zone.free_count is None
        assert not zone.is_live(now)
        assert not ParkingSpace.objects.exists()

    def test_a_new_name_keeps_them_and_changes_the_version(self, now):
        make_zone()
        publish("main-street", [space(3)], now, times=2)
        version = ParkingZone.objects.get().version
        zone = services.update_zone(zone_spec(name="High Street"))
        assert (zone.name, zone.version) == ("High Street", version + 1)
        assert ParkingSpace.objects.count() == 1

    @pytest.mark.parametrize(
        "same",
        [
            box(0, 0, 60, 2.5),
            shapely.set_precision(box(0, 0, 60, 2.5), 0.001),  # rounded on its way through a map
            box(0, 0, 60, 2.5).reverse(),  # as Shapefiles do
        ],
    )
    def test_nothing_new_changes_nothing(self, now, same):
        before = make_zone()
        assert services.update_zone(zone_spec(geometry_3857=same)).version == before.version

    @pytest.mark.parametrize(
        ("mode", "slot"),
        [
            ("parallel", (5.0, 2.3, 0.5)),
            ("perpendicular", (5.0, 2.5, 0.0)),
        ],
    )
    def test_slots_have_their_modes_size(self, mode, slot):
        zone = make_zone(mode=mode)
        assert (zone.slot_length_m, zone.slot_width_m, zone.spacing_m) == slot

    def test_two_zones_cannot_share_a_slug(self):
        make_zone()
        with pytest.raises(services.ZoneRefused, match="already a zone"):
            make_zone()


class TestObservations:
    @pytest.fixture
    def camera(self) -> Camera:
        return Camera.objects.create(name="cam-a")

    def ground(self, camera, at, seen=None):
        seen = box(0, 0, 30, 2.5) if seen is None else seen
        return ObservedGround(camera.pk, None, at, seen, box(0, 0, 5, 2), shapely.MultiPolygon())

    def test_one_row_for_a_camera_and_zone_the_newest(self, now, camera):
        zone = make_zone()
        assert services.record_observation("main-street", self.ground(camera, now - seconds(30)))
        assert services.record_observation("main-street", self.ground(camera, now))
        assert not services.record_observation("main-street", self.ground(camera, now - seconds(10)))
        assert ZoneObservationRecord.objects.get().observed_at == now
        (seen,) = selectors.fresh_observations(zone, now)
        assert (seen.camera_id, seen.observed_at) == (camera.pk, now)
        assert seen.seen_3857.equals(box(0, 0, 30, 2.5))
        assert seen.hidden_3857.is_empty

    def test_lines_left_by_cutting_are_dropped(self, now, camera):
        make_zone()
        mixed = shapely.GeometryCollection([box(0, 0, 30, 2.5), shapely.LineString([(0, 0), (1, 1)])])
        services.record_observation("main-street", self.ground(camera, now, mixed))
        assert len(ZoneObservationRecord.objects.get().seen) == 1

    def test_what_is_no_longer_believed_is_not_fresh(self, now, camera):
        zone = make_zone(validity_s=60)
        services.record_observation("main-street", self.ground(camera, now - seconds(50)))
        assert len(selectors.fresh_observations(zone, now)) == 1
        assert selectors.fresh_observations(zone, now + seconds(11)) == []

    def test_a_camera_that_is_switched_off_is_not_believed(self, now, camera):
        zone = make_zone()
        services.record_observation("main-street", self.ground(camera, now))
        Camera.objects.update(enabled=False)
        assert selectors.fresh_observations(zone, now) == []

    def test_zones_seen_by_a_view(self):
        make_zone()
        make_zone("far-street", geometry_3857=box(500, 0, 560, 2.5))
        make_zone("closed-street", enabled=False)
        assert [z.slug for z in selectors.zones_seen_by(box(50, -20, 100, 20))] == ["main-street"]


@pytest.mark.django_db(transaction=True)
class TestTwoWorkersAtOnce:
    def test_publications_queue_up_and_none_is_half_written(self, now):
        zone = make_zone()
        barrier = threading.Barrier(4)
        errors: list[Exception] = []

        def work(offset: int) -> None:
            try:
                barrier.wait(timeout=10)
                for turn in range(5):
                    with contextlib.suppress(services.LayoutTooOld):
                        publish("main-street", [space(3 + offset), space(30)], now + seconds(turn * 0.5))
            except Exception as error:  # shown by the test's own thread
                errors.append(error)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=work, args=(offset,)) for offset in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        assert not errors
        zone.refresh_from_db()
        versions = list(ZoneSnapshot.objects.order_by("version").values_list("version", flat=True))
        assert versions == list(range(2, zone.version + 1))
        assert zone.spaces.count() == 2
        last = ZoneSnapshot.objects.get(version=zone.version)
        assert {feature["id"] for feature in last.spaces} == {str(s.public_id) for s in zone.spaces.all()}

    def test_a_failure_in_the_middle_rolls_everything_back(self, now):
        make_zone()
        publish("main-street", [space(3)], now - seconds(5))
        before = ParkingSpace.objects.get()
        with pytest.raises(Exception, match="foreign key"):
            services.publish_layout("main-street", layout([space(30)], now), FrameMeta(camera_id=987654))
        after = ParkingSpace.objects.get()
        assert after.public_id == before.public_id
        assert after.geometry.equals_exact(before.geometry)
        assert ParkingZone.objects.get().version == 2
