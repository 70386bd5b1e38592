# SPDX-License-Identifier: AGPL-3.0-or-later
"""A real car park over two days: its camera creeps by pixels, its light changes, and one picture is torn."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import pytest

from camera_registry.calibration import calibration_from_pose
from camera_registry.shift import compare, learned
from camera_registry.view_features import find_features, look_from
from camera_registry.view_reference import ViewReference
from camera_registry.view_watch import ViewMemory, judge, usable

PHOTOS = (
    Path(os.environ.get("SPARK_SHARED", Path(__file__).resolve().parents[3] / "shared"))
    / "data"
    / "ufpr05_empty"
)
TORN = "2013-02-24_14_00_08.jpg"
#: Every so many photos; each costs as much as a frame.
EACH = 6


@pytest.mark.skipif(not PHOTOS.is_dir(), reason=f"needs the car park's photos at {PHOTOS} (SPARK_SHARED)")
def test_a_creeping_camera_is_followed_and_only_the_torn_picture_is_not_known():
    names = sorted(path.name for path in PHOTOS.glob("*.jpg"))
    chosen = sorted({*names[::EACH], TORN})
    first = find_features(cv2.imread(str(PHOTOS / chosen[0])))
    calibration = calibration_from_pose(
        first.image_size,
        ground_3857=(3_950_000.0, 4_683_000.0),
        height_m=20.0,
        focal_px=0.9 * first.image_size[0],
        yaw_deg=0.0,
        pitch_deg=30.0,
    )
    reference, memory, unknown, shifts = (
        ViewReference(first.image_size, (look_from(first),)),
        ViewMemory(),
        [],
        [],
    )
    for name in chosen[1:]:
        features = find_features(cv2.imread(str(PHOTOS / name)))
        shift = compare(reference, features, calibration, first=memory.look)
        memory = judge(memory, shift, calibration)
        assert not memory.status.suspended, name
        if shift.recognised:
            shifts.append(shift.shift_px)
        else:
            unknown.append(name)
        if usable(memory):
            reference = learned(reference, features, shift, calibration, []) or reference
    assert unknown == [TORN]
    assert 3 < max(shifts) < 10
