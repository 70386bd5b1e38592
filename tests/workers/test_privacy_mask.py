# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an owner covers, through intake and worker with a real Redis and database: nothing looks at it, and the ground
behind it is never free."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import shapely
from django.utils import timezone

from apps.parking.models import ParkingSpace, ZoneObservationRecord
from camera_registry import heartbeat, onboarding, selectors
from camera_registry.models import CameraViewCheck
from camera_registry.privacy_mask import PrivacyMask
from camera_registry.tally import Tally
from camera_registry.view_reference import ViewReference
from tests.camera_registry.factories import a_calibration
from tests.workers.intake.test_watcher import Intake, land
from tests.workers.scene import SIZE, ZONE_M, PaintSegmenter, a_street_camera, a_zone, photograph, the_frame
from workers.analysis import Analyst
from workers.intake.doorbell import Doorbell
from workers.intake.frame_store import FrameStore

pytestmark = pytest.mark.django_db(transaction=True)

#: The western half of the zone with some ground around it, true metres.
WEST_M = (-18.0, 36.0, 0.0, 48.0)


class Watching(PaintSegmenter):
    """Remembers what it was given to look at."""

    def segment(self, images):
        self.seen = [image.copy() for image in images]
        return super().segment(images)


def ring_of(box_m: tuple[float, float, float, float]) -> list[list[float]]:
    """The pixels in front of a box on the ground."""
    corners = shapely.get_coordinates(the_frame().geometry_to_3857(shapely.box(*box_m)))[:-1]
    return a_calibration(SIZE).xy_3857_to_px(corners).tolist()


class Site:
    def __init__(self, client) -> None:
        self.camera = a_street_camera()
        self.zone = a_zone()
        self.store = FrameStore(client, ttl_s=30, lease_s=30)
        self.segmenter = Watching()
        self.tally = Tally()
        bell = Doorbell(client, ttl_s=30, job_timeout_s=30)
        self.analyst = Analyst(self.store, bell, self.segmenter, self.tally, name="w1", batch=1)
        heartbeat.beat(client, "worker", "w1", {})

    def see(self, image: bytes) -> None:
        self.store.put(self.camera.pk, self.camera.name, image, timezone.now())
        assert self.analyst.answer(self.camera.pk) == 1

    def cover(self, ring, size=SIZE) -> None:
        onboarding.set_privacy_mask(self.camera, PrivacyMask.read([ring], size))

    def seen_m(self) -> shapely.Geometry:
        row = ZoneObservationRecord.objects.get(camera=self.camera)
        return the_frame().geometry_to_metres(shapely.from_wkb(bytes(row.seen.wkb)))


@pytest.fixture
def site(redis_client, settings) -> Site:
    settings.SPARK_FREE_AFTER = 1
    return Site(redis_client)


def test_nobody_is_shown_what_is_covered_and_its_ground_is_unknown(site):
    site.see(photograph())
    whole = site.seen_m().area
    site.cover(ring_of(WEST_M))
    site.see(photograph())
    west, east = shapely.box(*WEST_M), shapely.box(0.6, ZONE_M[1], ZONE_M[2], ZONE_M[3])
    seen = site.seen_m()
    assert seen.intersection(west).area < 0.05
    assert seen.intersection(east).area > 0.99 * east.area
    assert seen.area < 0.55 * whole
    (image,) = site.segmenter.seen
    inside = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.rint(np.array(ring_of(WEST_M)) - 0.5).astype(np.int32)], 255)
    assert image[inside > 0].max() == 0
    assert image[inside == 0].mean() > 80


def test_no_space_is_offered_there_and_one_beside_it_is(site):
    site.cover(ring_of(WEST_M))
    for _ in range(2):
        site.see(photograph())
    west = the_frame().geometry_to_3857(shapely.box(*WEST_M))
    spaces = [
        shapely.from_wkb(bytes(space.geometry.wkb)) for space in ParkingSpace.objects.filter(zone=site.zone)
    ]
    assert spaces, "the eastern half is empty"
    assert all(space.intersection(west).area < 1e-3 for space in spaces)


def test_a_car_behind_it_is_never_reported(site):
    site.see(photograph([-10.0]))
    site.camera.refresh_from_db()
    assert site.camera.last_cars == 1
    site.cover(ring_of(WEST_M))
    site.see(photograph([-10.0]))
    site.camera.refresh_from_db()
    assert site.camera.last_cars == 0
    site.see(photograph([-10.0, 8.0]))
    site.camera.refresh_from_db()
    assert site.camera.last_cars == 1


def test_a_mask_drawn_on_a_larger_picture_of_the_same_shape_fits(site):
    site.cover([[2 * x, 2 * y] for x, y in ring_of(WEST_M)], size=(2 * SIZE[0], 2 * SIZE[1]))
    site.see(photograph([-10.0]))
    assert site.seen_m().intersection(shapely.box(*WEST_M)).area < 0.05


def test_with_a_mask_of_another_shape_no_frame_is_looked_at(site):
    site.cover([[10, 10], [400, 10], [400, 300]], size=(1280, 960))
    site.see(photograph())
    site.tally.flush()
    assert selectors.rejection_counts(site.camera.name) == {"wrong_size": 1}
    assert not hasattr(site.segmenter, "seen")
    assert "privacy mask" in site.camera.rejections.get().last_detail


def test_what_cannot_be_read_as_a_mask_covers_everything(site):
    type(site.camera).objects.update(privacy_mask=[["broken"]], privacy_mask_size=list(SIZE))
    site.see(photograph())
    assert not hasattr(site.segmenter, "seen")


def test_the_view_is_known_by_what_is_not_covered(site):
    rng = np.random.default_rng(3)
    street = cv2.resize(
        rng.integers(0, 255, (54, 96, 3), dtype=np.uint8), SIZE, interpolation=cv2.INTER_NEAREST
    )
    data = bytes(cv2.imencode(".jpg", street)[1])
    site.see(data)
    ring = [[100, 100], [500, 100], [500, 400], [100, 400]]

    def inside() -> int:
        reference = ViewReference.from_bytes(bytes(CameraViewCheck.objects.get().reference))
        px = np.concatenate([look.px for look in reference.looks])
        return int(shapely.contains_xy(shapely.Polygon(ring), *px.T).sum())

    assert inside() > 0
    site.cover(ring)
    assert inside() == 0
    site.see(data)
    assert inside() == 0
    assert CameraViewCheck.objects.get().status == "steady"


def test_a_frame_to_calibrate_or_draw_on_is_black_there(settings, redis_client):
    camera = a_street_camera()
    intake = Intake(settings.SPARK_INBOX, redis_client)
    intake.watcher._prepare()
    ring = [[100, 100], [500, 100], [500, 400], [100, 400]]
    onboarding.set_privacy_mask(camera, PrivacyMask.read([ring], SIZE))
    intake.watcher.references.ask(camera.pk)
    land(settings.SPARK_INBOX, photograph())
    intake.scan(0.2)
    held = intake.watcher.references.get(camera.pk)
    image = cv2.imdecode(np.frombuffer(held.image, np.uint8), cv2.IMREAD_COLOR)
    assert image[105:395, 105:495].max() < 8
    assert image[410:, 510:].mean() > 80


def test_a_frame_held_without_the_mask_goes_when_it_is_drawn(redis_client):
    from camera_registry.reference_frames import reference_frames

    camera = a_street_camera()
    reference_frames().keep(camera.pk, photograph(), timezone.now())
    reference_frames().ask(camera.pk)
    onboarding.set_privacy_mask(camera, PrivacyMask.read([[[100, 100], [500, 100], [500, 400]]], SIZE))
    assert reference_frames().get(camera.pk) is None
    assert not reference_frames().asked(camera.pk)
