# SPDX-License-Identifier: AGPL-3.0-or-later
"""A camera that is turned, covered and put back, through the worker with a real Redis and database."""

from __future__ import annotations

import dataclasses
import datetime as dt

import cv2
import numpy as np
import pytest
import shapely
from django.utils import timezone

from apps.parking import services as parking
from apps.parking.models import ParkingSpace, ZoneObservationRecord
from apps.parking.zones import ZoneSpec
from camera_registry import heartbeat, selectors, services
from camera_registry.choices import CameraState, ViewStatus
from camera_registry.models import Camera
from camera_registry.tally import Tally
from tests.camera_registry.views import SIZE, a_view, picture, the_square
from workers.analysis import Analyst
from workers.intake.doorbell import Doorbell
from workers.intake.frame_store import FrameStore

pytestmark = pytest.mark.django_db(transaction=True)

HOME = a_view()
PIXEL_DEG = float(np.degrees(1 / 520.0))


class NoCars:
    """An empty street."""

    name = "none@test"

    def segment(self, images):
        return [[] for _ in images]


class Street:
    """A camera over the painted square, a zone in its view, and a worker."""

    def __init__(self, client) -> None:
        self.square = the_square()
        self.camera = services.register_camera("pole-north")
        services.add_calibration(self.camera, HOME)
        outline = HOME.frame.geometry_to_3857(shapely.box(-10, 26, 10, 28.6))
        self.zone = parking.create_zone(ZoneSpec(slug="kerb", name="Kerb", geometry_3857=outline))
        self.store = FrameStore(client, ttl_s=30, lease_s=30)
        self.tally = Tally()
        bell = Doorbell(client, ttl_s=30, job_timeout_s=30)
        self.analyst = Analyst(self.store, bell, NoCars(), self.tally, name="w1", batch=1)
        heartbeat.beat(client, "worker", "w1", {})
        self.sent = 0

    def sees(self, image: np.ndarray) -> Camera:
        """The camera sends this picture, the worker takes it; the camera as it then is."""
        self.sent += 1
        data = bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1])
        services.record_received(self.camera, timezone.now())
        self.store.put(self.camera.pk, self.camera.name, data, timezone.now())
        self.analyst.answer(self.camera.pk)
        self.zone.refresh_from_db()
        return selectors.cameras_by_id([self.camera.pk])[self.camera.pk]

    def looks(self, view, seed: int = 0) -> Camera:
        return self.sees(picture(self.square, view, seed=seed or self.sent))

    def refused(self) -> int:
        self.tally.flush()
        return selectors.rejection_counts("pole-north").get("view_changed", 0)


@pytest.fixture
def street(redis_client) -> Street:
    return Street(redis_client)


def test_the_first_frame_is_what_the_view_looks_like(street):
    camera = street.looks(HOME)
    assert camera.view_check.status == ViewStatus.STEADY
    assert street.zone.free_count is None or street.zone.valid_until
    assert len(bytes(camera.view_check.reference)) < 30_000
    assert street.looks(HOME).view_check.shift_px < 0.5


def test_a_small_shift_is_taken_out(street):
    street.looks(HOME)
    view = a_view(yaw_deg=8 * PIXEL_DEG)
    for _ in range(3):
        camera = street.looks(view)
    assert camera.view_check.status == ViewStatus.CORRECTED
    # What the camera sees of the zone is where the zone is, not eight pixels (half a metre) beside it.
    seen = shapely.from_wkb(bytes(ZoneObservationRecord.objects.get().seen.wkb))
    truth = view.view_3857(camera.max_range_m)
    zone = shapely.from_wkb(bytes(street.zone.geometry.wkb))
    assert shapely.symmetric_difference(seen, truth.intersection(zone)).area < 0.02 * zone.area
    assert street.refused() == 0


def test_a_knock_silences_the_camera_and_its_zone_is_unknown_at_once(street):
    for _ in range(3):
        street.looks(HOME)
    assert ParkingSpace.objects.exists()
    knocked = a_view(yaw_deg=7.0, pitch_deg=37.0)
    street.looks(knocked)
    camera = street.looks(knocked)
    assert camera.view_check.status == ViewStatus.MOVED
    assert camera.state(timezone.now()) == CameraState.SUSPENDED
    assert not ZoneObservationRecord.objects.exists()
    assert not ParkingSpace.objects.exists()
    assert street.zone.valid_until is None
    assert street.zone.free_count is None
    assert street.refused() == 2
    assert "moved" in camera.view_check.detail


def test_the_repaired_calibration_is_accepted_and_the_camera_speaks_again(street):
    street.looks(HOME)
    knocked = a_view(yaw_deg=7.0, pitch_deg=37.0)
    street.looks(knocked)
    camera = street.looks(knocked)
    row = services.accept_moved_view(camera)
    assert row.version == 2
    assert "moved" in row.note
    camera = street.looks(knocked)
    assert camera.view_check.status == ViewStatus.STEADY
    assert street.zone.valid_until is not None
    repaired = services.calibration_of(camera)
    places = HOME.frame.to_3857(np.array([[-10.0, 26.0], [10.0, 26.0], [0.0, 40.0]]))
    assert np.abs(repaired.xy_3857_to_px(places) - knocked.xy_3857_to_px(places)).max() < 0.7


def test_a_covered_lens_silences_and_uncovering_it_ends_that(street):
    street.looks(HOME)
    covered = np.full((SIZE[1], SIZE[0], 3), 60, np.uint8)
    for _ in range(3):
        camera = street.sees(covered)
    assert camera.view_check.status == ViewStatus.UNRECOGNISED
    assert "covered" in camera.view_check.detail
    assert street.zone.valid_until is None
    street.looks(HOME)
    camera = street.looks(HOME)
    assert camera.view_check.status == ViewStatus.STEADY
    assert street.zone.valid_until is not None


def test_one_torn_picture_withdraws_nothing(street):
    street.looks(HOME)
    before = ZoneObservationRecord.objects.get().observed_at
    camera = street.looks(a_view(yaw_deg=180))
    assert camera.view_check.status == ViewStatus.STEADY
    assert ZoneObservationRecord.objects.get().observed_at == before
    assert street.refused() == 1


def test_another_camera_s_word_stays(street):
    street.looks(HOME)
    other = services.register_camera("pole-south")
    services.add_calibration(other, HOME)
    record = ZoneObservationRecord.objects.get()
    record.pk, record.camera, record.observed_at = None, other, timezone.now() - dt.timedelta(seconds=5)
    record.save()
    knocked = a_view(yaw_deg=7.0)
    street.looks(knocked)
    street.looks(knocked)
    assert ZoneObservationRecord.objects.get().camera == other
    assert street.zone.valid_until is not None
    assert street.zone.observed_at == record.observed_at


def test_a_new_calibration_begins_a_new_reference(street):
    street.looks(HOME)
    services.add_calibration(street.camera, dataclasses.replace(HOME))
    camera = selectors.cameras_by_id([street.camera.pk])[street.camera.pk]
    assert camera.current_view_check is None
    camera = street.looks(a_view(yaw_deg=3.0))
    assert camera.view_check.status == ViewStatus.STEADY
    assert camera.view_check.shift_px == 0


def test_nobody_knows_where_a_lost_camera_looks(street):
    street.looks(HOME)
    camera = street.looks(a_view(yaw_deg=180))
    with pytest.raises(Exception, match="not known where"):
        services.accept_moved_view(camera)
