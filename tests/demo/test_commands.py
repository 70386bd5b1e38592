# SPDX-License-Identifier: AGPL-3.0-or-later
"""The demo in the database and through a real SFTP door."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import stat
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.utils import timezone
from shapely import affinity

from apps.demo.demo_truth import UploadLog, kerbside_of, moment_at, score_street
from apps.demo.layout import build_layout
from apps.demo.scoring import true_spaces
from apps.demo.selectors import published_against_truth
from apps.demo.services import key_path, set_up_street
from apps.demo.timeline import Street
from apps.demo.truth import calibration_of, free_ground, street_frame
from apps.demo.views import demo_cameras
from apps.parking.models import ParkingZone
from apps.parking.published import PublishedLayout, PublishedSpace
from apps.parking.services import publish_layout
from camera_registry.calibrate import main as calibrate
from camera_registry.models import Camera
from camera_registry.upload_folder import UploadLimits
from tests.camera_registry.doors import RunningDoor

NORTH = "bahar-north"

pytestmark = pytest.mark.django_db(transaction=True)


def test_setup_registers_zones_cameras_keys_and_blind_ground():
    report = set_up_street()
    assert len(report.zones) == ParkingZone.objects.count() == 5
    assert set(ParkingZone.objects.values_list("access", flat=True)) == {"public", "private"}
    for view in demo_cameras():
        camera = Camera.objects.get(name=view.name)
        assert camera.image_size == (1920, 1080)
        assert camera.calibration.data["parameters"] == list(calibration_of(view).homography.parameters)
        assert camera.blind_ground.valid and camera.blind_ground.area > 100
        assert camera.keys.count() == 1
        assert stat.S_IMODE(key_path(view.name).stat().st_mode) == 0o600


def test_setup_may_be_repeated():
    set_up_street()
    keys = {v.name: key_path(v.name).read_bytes() for v in demo_cameras()}
    before = list(ParkingZone.objects.order_by("slug").values_list("slug", "version"))
    set_up_street()
    assert list(ParkingZone.objects.order_by("slug").values_list("slug", "version")) == before
    assert {v.name: key_path(v.name).read_bytes() for v in demo_cameras()} == keys
    assert all(c.calibrations.count() == 1 and c.keys.count() == 1 for c in Camera.objects.all())


def test_control_points_calibrate_to_the_exact_calibration(tmp_path):
    set_up_street()
    for view in demo_cameras():
        points = Path(django_settings.SPARK_VAR) / "demo" / "control_points" / f"{view.name}.csv"
        assert len(list(csv.DictReader(points.open()))) >= 8
        out = tmp_path / "calibration.json"
        assert calibrate([str(points), "-o", str(out), "--image-size", "1920x1080"]) == 0
        fitted = json.loads(out.read_text())
        assert fitted["rmse_m"] < 0.25
        assert fitted["lens"]["k"] == pytest.approx(view.k, abs=0.04)


class ClosesTheDoor(io.StringIO):
    """Output of the cameras' command; shuts the door when it reads of the second upload."""

    def __init__(self, door) -> None:
        super().__init__()
        self.door = door

    def write(self, text: str) -> int:
        written = super().write(text)
        if self.getvalue().count(" KiB ") == 2 and self.door is not None:
            self.door.close()
            self.door = None
        return written


def test_cameras_upload_through_the_door_and_outlast_one_that_went_away(settings):
    set_up_street()
    door = RunningDoor(UploadLimits(16 << 20, 120))
    door.open()
    said = ClosesTheDoor(door)
    inbox = door.inbox / NORTH
    call_command("demo_cameras", every=0.2, speed=60.0, limit=3, camera=NORTH, port=door.port, stdout=said)
    lines = said.getvalue().splitlines()
    assert ["KiB" in line for line in lines] == [True, True, False]
    assert "not sent" in lines[2]
    frames = [cv2.imread(str(path)) for path in sorted(inbox.iterdir())]
    assert [frame.shape for frame in frames] == [(1080, 1920, 3)] * 2
    assert not np.array_equal(*frames)
    log = json.loads((Path(settings.SPARK_VAR) / "demo" / "uploads.json").read_text())
    assert [u[0] for u in log["uploads"]] == [NORTH, NORTH]
    assert moment_at(log, log["uploads"][0][2]) == log["start_t_s"]
    assert moment_at(log, log["uploads"][1][2]) == pytest.approx(log["start_t_s"] + 12.0)
    assert moment_at(log, 0.0) is None


def test_cameras_without_setup_say_what_to_run():
    with pytest.raises(CommandError, match="demo_street_setup"):
        call_command("demo_cameras", limit=1)


def test_the_true_layout_scores_full_marks_against_itself():
    layout = build_layout(0)
    street = Street(layout, 0, 9 * 3600.0)
    free = free_ground(layout, street.state_at(10 * 3600.0))
    found = {z.slug: true_spaces(kerbside_of(z), free[z.slug]) for z in layout.zones}
    scores = score_street(street, 10 * 3600.0, found)
    assert sum(len(s) for s in found.values()) >= 5
    assert all(s.precision == s.recall == 1.0 and s.worst_false_free < 0.01 for s in scores.values())
    assert all(s.true_negatives > 0 for s in scores.values())
    assert street_frame().origin_3857[0] == pytest.approx(35.49 * 20037508.34 / 180, abs=1)


def test_the_map_is_held_against_the_truth_of_the_frame_it_shows(settings):
    """A layout published from the truth is right; the same one moved by half a slot is wrong."""
    set_up_street()
    with pytest.raises(CommandError, match="demo_cameras"):
        call_command("demo_truth")
    layout, t_s = build_layout(0), 10 * 3600.0 + 60
    now = timezone.now()
    log = UploadLog(Path(settings.SPARK_VAR) / "demo" / "uploads.json", seed=0, start_t_s=10 * 3600.0)
    log.add(NORTH, t_s, now.timestamp() - 1.0)
    street = Street(layout, 0, 10 * 3600.0)
    free = free_ground(layout, street.state_at(t_s))
    zone = next(z for z in layout.zones if z.slug == "bahar-west")
    slots = true_spaces(kerbside_of(zone), free[zone.slug])
    assert len(slots) >= 2
    along = np.array([np.cos(zone.along_rad), np.sin(zone.along_rad)])
    for moved_m, right in ((0.0, len(slots)), (1.6, 0)):
        spaces = tuple(
            PublishedSpace(
                polygon_3857=street_frame().geometry_to_3857(affinity.translate(slot, *(along * moved_m))),
                length_m=5.0, width_m=2.5, bearing_deg=102.0, confidence=1.0, hidden_share=0.0,
            )
            for slot in slots
        )  # fmt: skip
        for _ in range(2):
            now += dt.timedelta(milliseconds=10)
            publish_layout(zone.slug, PublishedLayout(now, spaces, 40.0, 100.0, 0.0))
        (check,) = published_against_truth(now)
        assert (check.zone, check.t_s, check.score.true_positives) == (zone.slug, t_s, right)
    said = io.StringIO()
    call_command("demo_truth", stdout=said)
    assert "bahar-west" in said.getvalue() and "together" in said.getvalue()
