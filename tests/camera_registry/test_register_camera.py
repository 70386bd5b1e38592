# SPDX-License-Identifier: AGPL-3.0-or-later
"""Registering a camera from the command line."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from camera_registry.models import Camera
from tests.camera_registry.factories import a_calibration

pytestmark = pytest.mark.django_db


def test_one_line_makes_a_camera_that_can_upload(tmp_path, settings):
    calibration = tmp_path / "cal.json"
    calibration.write_text(json.dumps(a_calibration((854, 480)).to_json()))
    for _ in range(2):  # again changes nothing but the calibration's version
        call_command(
            "register_camera", "kerb-cam", calibration=calibration, new_key=True, every=10, verbosity=0
        )
    camera = Camera.objects.get()
    assert (camera.expected_interval_s, camera.image_size, camera.keys.count()) == (10, (854, 480), 1)
    private = Path(settings.SPARK_VAR) / "keys" / "kerb-cam"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert b"PRIVATE KEY" in private.read_bytes()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("Bad Name", "{}", "small letters"),
        ("kerb-cam", "{}", "not a calibration"),
        ("kerb-cam", "no json", "Expecting value"),
        ("kerb-cam", None, "No such file"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_registered(tmp_path, name, content, said):
    path = tmp_path / "cal.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CommandError, match=said):
        call_command("register_camera", name, calibration=path)
    assert not Camera.objects.exists()
