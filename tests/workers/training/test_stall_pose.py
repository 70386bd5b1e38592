# SPDX-License-Identifier: AGPL-3.0-or-later
"""The pose of a photo from its stalls: a car park laid out on the ground, photographed, and found again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from camera_registry.calibration import calibration_from_pose
from workers.training.acpds import StallPhoto
from workers.training.stall_pose import FOCAL_WIDTHS, LENS_K, calibrate_photo, fit_pose, stall_sizes_m

SIZE = (1600, 1200)


def car_park(turned_deg: float = 25.0, slanted: bool = False) -> np.ndarray:
    """Two rows of stalls 2.5 × 5 m, (N, 4, 2) in metres before the camera."""
    stalls = []
    for row in (0.0, 11.0):
        for i in range(8):
            lean = 1.5 if slanted else 0.0
            x = -9 + 2.5 * i
            stalls.append([[x, row], [x + 2.5, row], [x + 2.5 + lean, row + 5], [x + lean, row + 5]])
    turn = np.radians(turned_deg)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.array(stalls) @ matrix.T + (0.0, 8.0)


def photographed(
    ground: np.ndarray, height_m: float, pitch_deg: float, roll_deg: float, noise_px: float = 0.0
):
    camera = calibration_from_pose(
        SIZE,
        ground_3857=(0.0, 0.0),
        height_m=height_m,
        focal_px=FOCAL_WIDTHS * SIZE[0],
        yaw_deg=0.0,
        pitch_deg=pitch_deg,
        roll_deg=roll_deg,
        k=LENS_K,
    )
    px = camera.xy_3857_to_px(ground.reshape(-1, 2)).reshape(ground.shape)
    return px + np.random.default_rng(3).normal(0, noise_px, px.shape)


@pytest.mark.parametrize(
    ("height_m", "pitch_deg", "roll_deg", "slanted", "noise_px"),
    [
        pytest.param(8.5, 45.0, 0.0, False, 0.0, id="exact"),
        pytest.param(10.0, 35.0, -4.0, False, 2.0, id="clicked by hand, rolled"),
        pytest.param(7.0, 55.0, 8.0, False, 2.0, id="steep"),
        pytest.param(8.5, 42.0, 2.0, True, 1.0, id="diagonal stalls"),
    ],
)
def test_the_pose_is_found(height_m, pitch_deg, roll_deg, slanted, noise_px):
    pose = fit_pose(photographed(car_park(slanted=slanted), height_m, pitch_deg, roll_deg, noise_px), SIZE)
    assert pose.believed
    # Where angles are not right ones, they pull a little: what is lost is centimetres on the ground.
    loose = 3.0 if slanted else 2.0 if noise_px else 1.0
    assert pose.height_m == pytest.approx(height_m, rel=0.03 * loose)
    assert (pose.pitch_deg, pose.roll_deg) == pytest.approx((pitch_deg, roll_deg), abs=1.0 * loose)


def test_a_photo_gets_a_calibration_in_true_metres():
    quads = photographed(car_park(), 8.5, 45.0, 1.0, 1.0)
    photo = StallPhoto(Path("p.jpg"), quads / SIZE, np.zeros(len(quads), bool))
    pose, calibration = calibrate_photo(photo, SIZE)
    ground = calibration.px_to_3857(quads.reshape(-1, 2)).reshape(-1, 4, 2)
    short, long = stall_sizes_m(ground)
    assert np.median(short) == pytest.approx(2.5, abs=0.08) and np.median(long) == pytest.approx(
        5.0, abs=0.15
    )
    assert pose.gap < 0.05 and pose.spread < 1.2


def test_shapes_that_are_no_stalls_are_not_believed():
    random = np.random.default_rng(5).uniform(0, 1, (12, 4, 2)) * SIZE
    assert not fit_pose(random, SIZE).believed
    photo = StallPhoto(Path("p.jpg"), random / SIZE, np.zeros(12, bool))
    assert calibrate_photo(photo, SIZE)[1] is None


def test_too_few_stalls_are_not_believed():
    assert not fit_pose(photographed(car_park(), 8.5, 45.0, 0.0)[:3], SIZE).believed
