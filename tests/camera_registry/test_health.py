# SPDX-License-Identifier: AGPL-3.0-or-later
"""A camera's health: what is measured, which state it is in, and the sentence that says what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest

from camera_registry import services
from camera_registry.choices import CameraState, RejectReason
from camera_registry.health import CameraHealth, camera_health, health_queryset, health_rank
from camera_registry.health_words import CURES, duration
from camera_registry.models import Camera
from camera_registry.services import Arrival
from camera_registry.view_reference import Look, ViewReference
from camera_registry.view_status import ViewStatus
from camera_registry.view_watch import ViewMemory, ViewRecord
from tests.camera_registry.factories import a_camera

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


def ago(seconds: float) -> dt.datetime:
    return NOW - dt.timedelta(seconds=seconds)


def arrive(camera: Camera, *seconds_ago: float, skew_s: float | None = None) -> None:
    """Good frames came that long ago, and the last of them was analysed."""
    services.record_arrivals(camera, [Arrival(ago(seconds), skew_s) for seconds in seconds_ago])
    services.record_analysed(camera, ago(min(seconds_ago)), 7, ["bahar-1", "bahar-2"])


def look_at_view(
    camera: Camera, status: ViewStatus = ViewStatus.STEADY, *, at: dt.datetime | None = None, **values
) -> None:
    """The camera's view was compared, five seconds before NOW or at `at`."""
    camera.refresh_from_db()
    memory = ViewMemory(status, np.eye(3), 1, values.pop("shift_px", 0.4), 0.1, look=0)
    record = ViewRecord(memory, values.pop("brightness", 110.0), values.pop("sharpness", 21.0), **values)
    keypoints = Look(np.zeros((30, 2)), np.zeros((30, 32), np.uint8))
    reference = ViewReference((1920, 1080), (keypoints,))
    services.record_view(camera.pk, camera.calibration_id, at or ago(5), record, reference)


def refuse(reason: RejectReason, seconds_ago: float = 5.0, detail: str = "") -> None:
    services.record_rejection("pole-north", reason, detail, at=ago(seconds_ago))


def health_now() -> CameraHealth:
    return camera_health(health_queryset().get(name="pole-north"), NOW)


def test_what_is_measured_of_a_camera_that_is_well() -> None:
    camera = a_camera()
    arrive(camera, 95, 65, 34, 5, skew_s=-2.0)
    look_at_view(camera)
    refuse(RejectReason.REPLACED)
    health = health_now()
    assert (health.state, health.headline, health.well) == (CameraState.LIVE, "Live", True)
    assert health.last_frame_at == ago(5)
    assert (health.interval_s, health.expected_interval_s, health.clock_skew_s) == (30.0, 30, -2.0)
    assert (health.brightness, health.sharpness, health.shift_px) == (110.0, 21.0, 0.4)
    assert (health.cars, health.image_size, health.zones) == (7, (1920, 1080), ("bahar-1", "bahar-2"))
    (line,) = health.rejections
    assert (line.reason, line.count, line.last_at) == ("replaced", 1, ago(5))
    assert "newer frame" in line.words and "Nothing to do" in line.cure


def test_of_a_camera_that_has_done_nothing_nothing_is_made_up() -> None:
    a_camera(image_size=None)
    health = health_now()
    assert health.state == CameraState.NEVER
    measured = (
        health.last_frame_at, health.interval_s, health.clock_skew_s, health.brightness, health.sharpness,
        health.shift_px, health.cars, health.image_size,
    )  # fmt: skip
    assert measured == (None,) * 8
    assert (health.rejections, health.zones) == ((), ())
    assert "Enter the account in the camera; an admin then calibrates it." in health.headline


def off(camera: Camera) -> None:
    services.set_enabled(camera, False)


def off_by_its_owner(camera: Camera) -> None:
    services.set_enabled(camera, False, as_owner=True)


def moved(camera: Camera) -> None:
    arrive(camera, 35, 5)
    look_at_view(camera, ViewStatus.MOVED, shift_px=70.0)


def lost(camera: Camera) -> None:
    arrive(camera, 35, 5)
    look_at_view(camera, ViewStatus.UNRECOGNISED, detail="The picture is nearly black.")


def refused_for_its_size(camera: Camera) -> None:
    arrive(camera, 300)
    refuse(RejectReason.WRONG_SIZE, detail="640 × 360 pixels instead of 1920 × 1080")


def refused_long_ago(camera: Camera) -> None:
    refuse(RejectReason.WRONG_SIZE, 4000)
    arrive(camera, 3600)


def locked_out(camera: Camera) -> None:
    arrive(camera, 300)
    refuse(RejectReason.BAD_LOGIN)


def nobody_analyses(camera: Camera) -> None:
    arrive(camera, 600)
    services.record_received(camera, ago(5))


def slow(camera: Camera) -> None:
    arrive(camera, 245, 185, 125, 65, 5)


def clock_ahead(camera: Camera) -> None:
    arrive(camera, 35, 5, skew_s=3700.0)


def blurred(camera: Camera) -> None:
    arrive(camera, 35, 5)
    look_at_view(camera, sharpness=4.0)


@pytest.mark.parametrize(
    ("happened", "state", "said"),
    [
        (off, "off", ["Switched off by an admin."]),
        (off_by_its_owner, "off", ["Switched off."]),
        (moved, "suspended", ["moved", "70 pixels", "repaired calibration"]),
        (lost, "suspended", ["nearly black", "Clean the lens"]),
        (lambda camera: arrive(camera, 720), "late", ["No frame for 12 minutes", "30 seconds", "power and network"]),
        (refused_for_its_size, "late", ["640 × 360 pixels instead of", "calibrated picture size"]),
        (refused_long_ago, "late", ["No frame for 60 minutes"]),
        (locked_out, "late", ["wrong key or password", "make a new one"]),
        (nobody_analyses, "live", ["have not been analysed", "the site's workers"]),
        (slow, "live", ["60 seconds instead of every 30 seconds"]),
        (clock_ahead, "live", ["clock is 61 minutes ahead", "NTP"]),
        (blurred, "live", ["blurred", "Clean the lens"]),
    ],
)  # fmt: skip
def test_each_trouble_is_said_with_its_cure(
    happened: Callable[[Camera], None], state: str, said: list[str]
) -> None:
    happened(a_camera())
    health = health_now()
    assert health.state == state
    for words in said:
        assert words in health.headline


def test_frames_without_a_calibration_are_no_silence() -> None:
    a_camera(image_size=None)
    refuse(RejectReason.NO_CALIBRATION)
    assert "arrive, but it is not calibrated yet" in health_now().headline


def test_night_is_no_trouble() -> None:
    camera = a_camera()
    arrive(camera, 35, 5)
    look_at_view(camera, brightness=22.0, sharpness=3.2)
    assert health_now().well


def test_the_worst_come_first() -> None:
    for number, happened in enumerate(
        [off, slow, moved, lambda c: arrive(c, 35, 5), lambda c: arrive(c, 999)]
    ):
        happened(a_camera(f"camera-{number}"))
    a_camera("camera-9")
    healths = [(camera_health(camera, NOW), camera.name) for camera in health_queryset()]
    names = [name for health, name in sorted(healths, key=lambda pair: health_rank(pair[0]))]
    assert names == ["camera-4", "camera-2", "camera-9", "camera-1", "camera-3", "camera-0"]


def test_five_hundred_cameras_cost_as_many_queries_as_one(django_assert_num_queries) -> None:
    for number in range(5):
        arrive(a_camera(f"camera-{number}"), 35, 5)
    with django_assert_num_queries(2):
        assert len([camera_health(camera, NOW) for camera in health_queryset()]) == 5


def test_only_the_last_arrivals_are_kept_and_all_are_counted() -> None:
    camera = a_camera()
    for second in range(60, 0, -1):
        services.record_received(camera, ago(second))
    camera.refresh_from_db()
    assert camera.activity.received == 60
    assert len(camera.activity.arrivals) == 21
    assert camera.activity.arrivals[-1][0] == ago(1).timestamp()
    assert health_now().interval_s == 1.0


@pytest.mark.parametrize("reason", list(RejectReason))
def test_every_reason_has_a_cure(reason: RejectReason) -> None:
    assert str(CURES[reason]).endswith(".")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (119, "119 seconds"), (120, "2 minutes"), (7199, "119 minutes"), (7200, "2 hours"), (-259200, "3 days")],
)  # fmt: skip
def test_lengths_of_time(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("zones_s", "said"),
    [
        ((10_800.0, 10_800.0), "looks like a time zone: UTC+3"),
        ((-12_600.0, -12_600.0), "looks like a time zone: UTC-3:30"),
        ((0.0, 0.0), ""),  # nothing was taken away
        ((None, None), ""),  # it says its zone
        ((10_800.0, None), ""),  # they do not agree
    ],
)
def test_a_difference_that_a_time_zone_explains_is_no_trouble_but_told(zones_s, said):
    camera = a_camera("pole-north")
    services.record_arrivals(camera, [Arrival(ago(35 - k), 1.0, zone) for k, zone in enumerate(zones_s)])
    services.record_analysed(camera, ago(5), 3)
    health = health_now()
    assert (health.looks_like_zone, health.well) == (said, True)


@pytest.mark.parametrize(
    ("skew_s", "zone"),
    [(3605.0, True), (-7190.0, True), (3700.0, False), (120.0, False), (40 * 3600.0, False)],
)
def test_a_clock_off_by_whole_hours_looks_like_a_zone(skew_s, zone):
    camera = a_camera("pole-north")
    arrive(camera, 35, 5, skew_s=skew_s)
    services.record_analysed(camera, ago(5), 3)
    assert ("looks like a time zone" in health_now().headline) is zone
