# SPDX-License-Identifier: AGPL-3.0-or-later
"""From a claimed batch to published spaces, with a real Redis and database; and every way in which it can fail."""

from __future__ import annotations

import datetime as dt
import time

import cv2
import numpy as np
import pytest
from django.db import connections
from django.utils import timezone

from apps.parking.models import ParkingSpace, ParkingZone, ZoneObservationRecord, ZoneSnapshot
from camera_registry import heartbeat, selectors, services
from camera_registry.models import Camera
from camera_registry.tally import Tally
from tests.workers.intake.pictures import jpeg
from tests.workers.scene import PaintSegmenter, a_street_camera, a_zone, photograph
from workers import publishing
from workers.analysis import Analyst
from workers.intake.doorbell import Doorbell
from workers.intake.frame_store import FrameStore

pytestmark = pytest.mark.django_db(transaction=True)


class Site:
    """One worker's analyst and the cameras it works for."""

    def __init__(self, client, segmenter: PaintSegmenter, batch: int = 4) -> None:
        self.client = client
        self.store = FrameStore(client, ttl_s=30, lease_s=30)
        self.bell = Doorbell(client, ttl_s=30, job_timeout_s=30)
        self.segmenter = segmenter
        self.tally = Tally()
        self.analyst = Analyst(self.store, self.bell, segmenter, self.tally, name="w1", batch=batch)
        heartbeat.beat(client, "worker", "w1", {})

    def send(self, camera: Camera, image: bytes, *, ago_s: float = 0.0) -> dt.datetime:
        received = timezone.now() - dt.timedelta(seconds=ago_s)
        self.store.put(camera.pk, camera.name, image, received)
        self.bell.ring(camera.pk)
        return received

    def counts(self, account: str = "pole-north") -> dict[str, int]:
        self.tally.flush()
        return selectors.rejection_counts(account)

    def left(self) -> list[str]:
        """Keys of frames, leases and busy marks that are still in Redis."""
        kept = {b"spark:frames:accounts"}
        return [key.decode() for key in self.client.scan_iter("spark:frames:*") if key not in kept]


@pytest.fixture
def segmenter() -> PaintSegmenter:
    return PaintSegmenter()


@pytest.fixture
def site(redis_client, segmenter) -> Site:
    return Site(redis_client, segmenter)


@pytest.fixture
def camera() -> Camera:
    return a_street_camera()


@pytest.fixture
def zone() -> ParkingZone:
    return a_zone()


class TestPublishing:
    def test_a_frame_becomes_free_spaces(self, site, camera, zone):
        before = zone.version
        received = site.send(camera, photograph([-10, 0, 10]))
        assert site.analyst.answer(camera.pk) == 1
        zone.refresh_from_db()
        assert (zone.version, zone.observed_at) == (before + 1, received)
        snapshot = ZoneSnapshot.objects.get()
        assert snapshot.camera_id == camera.pk
        assert snapshot.calibration_id == camera.calibration_id
        assert snapshot.model == "paint@test"
        assert 1 <= len(snapshot.spaces) <= 3, "30 m of kerb with three cars in it"
        stages = {"intake", "wait", "decode", "view", "segment", "ground", "record", "placement"}
        assert set(snapshot.timings) == stages
        assert all(ms >= 0 for ms in snapshot.timings.values())
        camera.refresh_from_db()
        assert (camera.last_analysed_at, camera.last_cars) == (received, 3)
        assert site.counts() == {}
        assert site.left() == []

    def test_the_paper_s_order_cars_in_spaces_out(self, site, camera, zone):
        found = []
        for cars in ([], [-12, -6, 0, 6, 12]):
            site.send(camera, photograph(cars))
            site.analyst.answer(camera.pk)
            found.append(len(ZoneSnapshot.objects.latest("version").spaces))
        assert found[0] >= 4
        assert found[1] == 0

    def test_doubtful_cars_are_not_counted_and_nothing_is_offered_below_them(self, site, camera, zone):
        site.analyst.certain = 0.95  # painted cars score 0.9
        site.send(camera, photograph([-12, -6, 0, 6, 12]))
        site.analyst.answer(camera.pk)
        camera.refresh_from_db()
        assert camera.last_cars == 0
        snapshot = ZoneSnapshot.objects.get()
        assert snapshot.spaces == []
        assert snapshot.unknown_m2 > 5 * 1.5 * 3.5

    def test_one_batch_lays_a_shared_zone_out_once(self, site, camera, zone, segmenter):
        other = a_street_camera("pole-south")
        site.send(camera, photograph([0]), ago_s=0.2)
        received = site.send(other, photograph([0]))
        assert site.analyst.answer(camera.pk) == 2
        assert segmenter.batches == [2]
        assert ZoneObservationRecord.objects.count() == 2
        snapshot = ZoneSnapshot.objects.get()
        assert (snapshot.camera_id, snapshot.observed_at) == (other.pk, received)

    def test_a_space_is_as_old_as_the_oldest_frame_it_rests_on(self, site, camera, zone):
        """The newest frame shows all of the zone: nothing rests on the older one."""
        other = a_street_camera("pole-south")
        site.send(camera, photograph(), ago_s=50)
        received = site.send(other, photograph(), ago_s=1)
        site.analyst.answer(camera.pk)
        assert {space.observed_at for space in ParkingSpace.objects.all()} == {received}

    def test_the_view_is_worked_out_once_and_anew_when_something_changes(self, camera):
        first = publishing.camera_view(camera)
        assert publishing.camera_view(Camera.objects.get()) is first
        services.register_camera("pole-north", max_range_m=60.0)
        closer = publishing.camera_view(Camera.objects.get())
        assert closer.ground_3857.area < first.ground_3857.area

    def test_the_batch_has_a_limit_and_the_rest_is_rung_for(self, redis_client, camera, zone):
        site = Site(redis_client, PaintSegmenter(), batch=2)
        cameras = [camera, a_street_camera("pole-b"), a_street_camera("pole-c")]
        for one in cameras:
            site.send(one, photograph())
        site.bell.queue.empty()
        for one in cameras:
            site.bell.take_down(one.pk)
        assert site.analyst.answer(camera.pk) == 2
        assert [job.args for job in site.bell.queue.jobs] == [(cameras[2].pk,)]

    def test_a_bell_without_a_frame_is_no_trouble(self, site, camera):
        assert site.analyst.answer(camera.pk) == 0
        assert site.counts() == {}

    def test_a_camera_that_sees_no_zone_is_still_analysed(self, site, camera):
        site.send(camera, photograph([0]))
        site.analyst.answer(camera.pk)
        camera.refresh_from_db()
        assert camera.last_cars == 1
        assert site.counts() == {}

    def test_the_image_is_gone_before_the_ground_is_looked_at(self, site, camera, zone, monkeypatch):
        seen = []

        def look(*args, **kwargs):
            images = [
                k for k in site.client.scan_iter("spark:frames:lease:*") if site.client.hexists(k, "image")
            ]
            seen.append(images)
            raise ValueError("far enough")

        monkeypatch.setattr("workers.analysis.observe_frame", look)
        site.send(camera, photograph())
        site.analyst.answer(camera.pk)
        assert seen == [[]]


class TestFailures:
    def test_an_error_ends_counted_and_short(self, redis_client, camera, zone):
        site = Site(redis_client, PaintSegmenter(fails_at=frozenset({1})))
        site.send(camera, photograph())
        site.analyst.answer(camera.pk)
        assert site.counts() == {"analysis_error": 1}
        detail = camera.rejections.get().last_detail
        assert detail == "segment: RuntimeError: the engine broke"
        assert site.left() == []

    def test_one_bad_batch_does_not_cost_every_frame(self, redis_client, camera, zone):
        site = Site(redis_client, PaintSegmenter(fails_at=frozenset({2})))
        other = a_street_camera("pole-south")
        site.send(camera, photograph())
        site.send(other, photograph())
        site.analyst.answer(camera.pk)
        assert site.segmenter.batches == [2, 1, 1]
        assert (site.counts(), site.counts("pole-south")) == ({}, {})
        assert ZoneSnapshot.objects.count() == 1

    @pytest.mark.parametrize(
        ("image", "reason"), [(b"\xff\xd8 rubbish", "truncated"), (jpeg(320, 180), "wrong_size")]
    )
    def test_what_passed_the_gate_and_cannot_be_used_now(self, site, camera, zone, image, reason):
        site.send(camera, image)
        site.analyst.answer(camera.pk)
        assert site.counts() == {reason: 1}
        assert site.left() == []

    @pytest.mark.parametrize(("grey", "told"), [(0, "nearly black"), (230, "next to nothing")])
    def test_a_picture_that_shows_nothing_frees_nothing(self, site, camera, zone, grey, told):
        """Also of a camera whose view is not known yet: this is its first frame."""
        flat = cv2.imencode(".jpg", np.full((540, 960, 3), grey, np.uint8))[1]
        site.send(camera, bytes(flat))
        site.analyst.answer(camera.pk)
        assert site.counts() == {"view_changed": 1}
        assert told in camera.rejections.get().last_detail
        assert site.segmenter.batches == []
        zone.refresh_from_db()
        assert zone.valid_until is None and ZoneSnapshot.objects.count() == 0
        site.send(camera, photograph())
        site.analyst.answer(camera.pk)
        zone.refresh_from_db()
        assert zone.valid_until is not None and zone.spaces.exists()

    @pytest.mark.parametrize("change", ["disabled", "unknown_camera", "no_calibration"])
    def test_what_changed_while_the_frame_waited(self, site, camera, zone, change):
        site.send(camera, photograph())
        if change == "disabled":
            services.set_enabled(camera, False)
        elif change == "no_calibration":
            Camera.objects.update(calibration=None)
        else:
            Camera.objects.all().delete()
        site.analyst.answer(camera.pk)
        assert site.counts() == {change: 1}
        assert ZoneSnapshot.objects.count() == 0
        assert site.left() == []

    def test_a_zone_that_fails_is_counted_on_the_cameras_that_show_it(self, site, camera, zone, monkeypatch):
        def broken(*args, **kwargs):
            raise ValueError("no bees today")

        monkeypatch.setattr("workers.publishing.lay_out", broken)
        site.send(camera, photograph())
        site.analyst.answer(camera.pk)
        assert site.counts() == {"analysis_error": 1}
        assert site.left() == []

    @pytest.mark.parametrize("when", ["before", "in the middle"])
    def test_postgresql_away_is_counted_later_and_leaves_nothing(self, site, camera, zone, monkeypatch, when):
        site.send(camera, photograph())
        connection = connections["default"]

        def leave() -> None:
            connection.close()
            monkeypatch.setitem(connection.settings_dict, "PORT", "1")

        if when == "before":
            leave()
        else:
            segment = site.segmenter.segment
            monkeypatch.setattr(site.segmenter, "segment", lambda images: (leave(), segment(images))[1])
        site.analyst.answer(camera.pk)
        assert site.left() == []
        assert site.tally.waiting() == 1
        monkeypatch.undo()
        connection.close()
        assert site.counts() == {"database_away": 1}
        assert ZoneSnapshot.objects.count() == 0
        site.send(camera, photograph())
        site.analyst.answer(camera.pk)
        assert ZoneSnapshot.objects.count() == 1

    def test_redis_away_is_no_disaster(self, site, camera, settings):
        from workers.intake import wiring

        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        client = wiring.redis_client()
        site.analyst.store, site.analyst.bell = wiring.frame_store(client), wiring.doorbell(client)
        assert site.analyst.answer(camera.pk) == 0

    def test_a_frame_nobody_took_in_time_is_counted(self, redis_client, camera):
        site = Site(redis_client, PaintSegmenter())
        site.store.ttl_ms = 30
        site.send(camera, photograph())
        time.sleep(0.06)
        assert site.analyst.answer(camera.pk) == 0
        assert site.counts() == {"expired": 1}
