# SPDX-License-Identifier: AGPL-3.0-or-later
"""The live test in words, for everything that can become of a first frame; from the file in the inbox to the answer."""

from __future__ import annotations

import datetime as dt
import time

import numpy as np
import pytest
from django.utils import timezone

from apps.owners.first_frame import Kind, first_frame
from camera_registry import onboarding
from camera_registry import services as registry
from camera_registry.models import Camera, CameraFrameCheck
from camera_registry.privacy_mask import PrivacyMask
from camera_registry.view_reference import Look, ViewReference
from camera_registry.view_status import ViewStatus
from camera_registry.view_watch import ViewMemory, ViewRecord
from tests.apps.owners.lending import a_lent_camera, a_person, logged_in, photograph
from tests.camera_registry.factories import a_calibration
from tests.workers.intake.pictures import black, bomb, jpeg
from tests.workers.intake.test_watcher import Intake, land

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def camera(redis_client) -> Camera:
    return a_lent_camera(a_person())


@pytest.fixture
def intake(settings, redis_client, camera) -> Intake:
    made = Intake(settings.SPARK_INBOX, redis_client)
    made.watcher._prepare()
    return made


def answer(camera: Camera, since: dt.datetime):
    return first_frame(Camera.objects.get(pk=camera.pk), since, timezone.now())


CASES = [
    ("good", photograph(), Kind.GOOD, "Your frame arrived: 1920×1080, sharp, in daylight.", "privacy mask"),
    ("dusk", photograph(light=0.45), Kind.GOOD, "1920×1080, sharp, in dim light", ""),
    ("night", photograph(light=0.25), Kind.ALMOST, "in the dark", "by day"),
    ("lens cap", black(), Kind.ALMOST, "nearly black", "take the cover off"),
    ("blurred", photograph(sharp=False), Kind.ALMOST, "1920×1080, blurred, in daylight", "Clean the lens"),
    ("glare", photograph(light=9.0), Kind.ALMOST, "far too bright", "shorter time"),
    ("small", jpeg(640, 360), Kind.ALMOST, "640×360", "1280 pixels"),
    ("cut short", photograph()[:-4000], Kind.BAD, "JPEG cut short or damaged", "network"),
    ("no picture", b"GIF89a" + bytes(200), Kind.BAD, "not a JPEG", "JPEG format"),
    ("empty", b"", Kind.BAD, "empty file", "storage"),
    ("too many pixels", bomb(), Kind.BAD, "more pixels than allowed", "smaller picture size"),
    ("too many bytes", jpeg() + bytes(1_000_000), Kind.BAD, "file larger", "less often"),
]  # fmt: skip


@pytest.mark.parametrize(("case", "data", "kind", "said", "advice"), CASES, ids=[row[0] for row in CASES])
def test_what_came_is_told_with_its_cure(intake, camera, settings, case, data, kind, said, advice):
    since = timezone.now() - dt.timedelta(seconds=1)
    land(settings.SPARK_INBOX, data, account=camera.name)
    deadline = time.monotonic() + 20
    while intake.files() and time.monotonic() < deadline:
        intake.scan(0.1)
    intake.registry.tally.flush()
    found = answer(camera, since)
    assert (found.kind, said in found.headline) == (kind, True), found
    assert advice in " ".join(found.advice)
    assert intake.files() == []
    kept = str(CameraFrameCheck.objects.values_list())
    assert len(kept) < 400, "numbers, and no picture"


def test_what_was_there_before_the_test_began_does_not_count(intake, camera, settings):
    land(settings.SPARK_INBOX, photograph(), account=camera.name)
    intake.scan(0.5)
    intake.registry.tally.flush()
    registry.record_rejection(camera.name, "bad_login", "login from 192.0.2.1")
    assert answer(camera, timezone.now()).kind is Kind.WAITING


@pytest.mark.parametrize(
    ("waited_s", "said", "advice"), [(1, "Waiting for the first frame", 1), (120, "Nothing has come yet", 4)]
)
def test_nothing_yet(camera, waited_s, said, advice):
    found = answer(camera, timezone.now() - dt.timedelta(seconds=waited_s))
    assert (found.kind, said in found.headline, len(found.advice)) == (Kind.WAITING, True, advice)


def test_a_refused_login_and_a_camera_that_is_off(camera):
    since = timezone.now()
    registry.record_rejection(camera.name, "bad_login", "login from 192.0.2.1")
    assert "the login was refused" in answer(camera, since).headline
    registry.set_enabled(camera, False)
    assert answer(camera, since).kind is Kind.OFF


def test_the_newest_wins_and_a_calibrated_camera_is_told_of_too(camera):
    row = registry.add_calibration(camera, a_calibration((1920, 1080)))
    now = timezone.now()
    since = now - dt.timedelta(seconds=60)
    registry.record_rejection(
        camera.name, "wrong_size", "640 × 360 pixels", at=now - dt.timedelta(seconds=50)
    )
    assert "not the image size" in answer(camera, since).headline
    registry.record_received(camera, now - dt.timedelta(seconds=40))
    assert answer(camera, since).headline == "Your frame arrived: 1920×1080."
    registry.record_received(camera, now)
    assert answer(camera, since).headline == "Your frame arrived and is being looked at …"
    reference = ViewReference((1920, 1080), (Look(np.zeros((60, 2)), np.zeros((60, 32), np.uint8)),))
    record = ViewRecord(ViewMemory(status=ViewStatus.STEADY), 120.0, 20.0)
    registry.record_view(camera.pk, row.pk, now, record, reference)
    assert answer(camera, since).headline == "Your frame arrived: 1920×1080, sharp, in daylight."


def test_brightness_is_measured_outside_the_mask(intake, camera, settings):
    """Half of the picture black would make a bright one dark."""
    half = [[0, 0], [1920, 0], [1920, 700], [0, 700]]
    onboarding.set_privacy_mask(camera, PrivacyMask.read([half], [1920, 1080]))
    land(settings.SPARK_INBOX, photograph(), account=camera.name)
    intake.scan(0.5)
    intake.registry.tally.flush()
    assert CameraFrameCheck.objects.get().brightness > 100


@pytest.mark.parametrize("since", ["", "nonsense", "1e999", "-1", "nan", "0", "99999999999999999999"])
def test_any_moment_can_be_asked_for(camera, since):
    response = logged_in(camera.owner).get(f"/my/camera/{camera.name}/first-frame/", {"since": since})
    assert response.json()["kind"] == "waiting"
    assert abs(response.json()["since"] - time.time()) < 60
