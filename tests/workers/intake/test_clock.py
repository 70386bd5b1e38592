# SPDX-License-Identifier: AGPL-3.0-or-later
"""A camera's clock is told of, and never believed: real files with wrong times go through the watcher."""

from __future__ import annotations

import datetime as dt
import os
import time

import pytest
from PIL import Image

from camera_registry.models import Camera
from tests.camera_registry.factories import a_camera
from tests.workers.intake.pictures import jpeg
from tests.workers.intake.test_watcher import SIZE, Intake, land

pytestmark = pytest.mark.django_db(transaction=True)

DAY_S = 86_400


def named(ahead_s: float) -> str:
    """A file name of a camera whose clock is so far ahead, in UTC."""
    return dt.datetime.fromtimestamp(time.time() + ahead_s, dt.UTC).strftime("%Y%m%dT%H%M%SZ.jpg")


def with_exif(ahead_s: float) -> bytes:
    """A frame whose camera wrote the time into it, with its zone."""
    moment = dt.datetime.fromtimestamp(time.time() + ahead_s + 3 * 3600, dt.UTC)
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({0x9003: moment.strftime("%Y:%m:%d %H:%M:%S"), 0x9011: "+03:00"})
    return jpeg(exif=exif.tobytes())


@pytest.mark.parametrize(
    ("how", "ahead_s"),
    [("name", 7200), ("name", -400 * DAY_S), ("exif", 7200), ("mtime", 7200), ("mtime", -3600), ("nothing", None)],
)  # fmt: skip
def test_the_skew_is_measured_and_the_frame_is_of_its_arrival(redis_client, settings, how, ahead_s):
    camera = a_camera("pole-north", image_size=SIZE)
    intake = Intake(settings.SPARK_INBOX, redis_client)
    before = time.time()
    data = with_exif(ahead_s) if how == "exif" else jpeg()
    path = land(settings.SPARK_INBOX, data, named(ahead_s) if how == "name" else "x.jpg")
    if how == "mtime":
        os.utime(path, (int(before + ahead_s), int(before + ahead_s)))
    intake.scan(0.2)
    (frame,) = intake.store.claim(1, "w").frames
    assert before - 1 <= frame.received_at.timestamp() <= time.time()
    intake.registry.tally.flush()
    ((arrived, skew_s, _zone),) = Camera.objects.get(pk=camera.pk).activity.arrivals
    assert arrived == pytest.approx(frame.received_at.timestamp(), abs=1e-3)
    assert skew_s == (None if ahead_s is None else pytest.approx(ahead_s, abs=120))


def test_of_two_frames_the_one_that_came_last_is_the_newest(redis_client, settings):
    """The first claims to be of tomorrow, the second of last year."""
    a_camera("pole-north", image_size=SIZE)
    intake = Intake(settings.SPARK_INBOX, redis_client)
    for seed, ahead_s in enumerate((DAY_S, -365 * DAY_S)):
        path = land(settings.SPARK_INBOX, jpeg(seed=seed), named(ahead_s))
        os.utime(path, (int(time.time() + ahead_s),) * 2)
        intake.scan(0.2)
    (frame,) = intake.store.claim(1, "w").frames
    assert frame.image == jpeg(seed=1)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_costs_the_clock_and_not_the_frame(redis_client, settings):
    a_camera("pole-north", image_size=SIZE)
    intake = Intake(settings.SPARK_INBOX, redis_client)
    land(settings.SPARK_INBOX, jpeg(exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff"))
    intake.scan(0.2)
    assert len(intake.store.claim(1, "w").frames) == 1
