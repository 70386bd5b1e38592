# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pixels to ground and back, the horizon, the view, the pose, and the JSON form."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_registry.calibration import Calibration
from camera_registry.homography import Homography, fit_homography
from camera_registry.lens import RadialLens
from camera_registry.pose import pose_from_homography
from tests.camera_registry.cameras import SIZE, camera

cameras = st.builds(
    camera,
    latitude=st.floats(-65, 65),
    height_m=st.floats(6, 80),
    yaw_deg=st.floats(0, 360),
    pitch_deg=st.floats(10, 75),
    roll_deg=st.floats(-5, 5),
    focal_px=st.floats(700, 2500),
    k=st.floats(-0.3, 0.05),
)


@settings(max_examples=60, deadline=None)
@given(calibration=cameras, seed=st.integers(0, 10_000))
def test_pixel_to_ground_and_back(calibration, seed):
    px = np.random.default_rng(seed).uniform((0, 540), SIZE, (50, 2))
    xy = calibration.px_to_3857(px)
    below = ~np.isnan(xy).any(axis=1)
    near = below & (np.linalg.norm(calibration.frame.to_metres(xy), axis=1) < 2000)
    assert below.sum() > 10
    np.testing.assert_allclose(calibration.xy_3857_to_px(xy[near]), px[near], atol=1e-3)


@settings(max_examples=60, deadline=None)
@given(calibration=cameras)
def test_ground_pixels_follow_the_pinhole(calibration):
    """An independent projection by OpenCV of the same pose gives the same pixels."""
    frame, pose = calibration.frame, calibration.pose
    px = np.random.default_rng(1).uniform((300, 560), (1620, 1080), (20, 2))
    ground = frame.to_metres(calibration.px_to_3857(px))
    ground = ground[~np.isnan(ground).any(axis=1) & (np.linalg.norm(ground, axis=1) < 500)]
    undistorted = calibration.undistort(calibration.xy_3857_to_px(frame.to_3857(ground)))
    intrinsics = np.array([[pose.focal_px, 0, SIZE[0] / 2], [0, pose.focal_px, SIZE[1] / 2], [0, 0, 1.0]])
    world = np.column_stack([ground, np.zeros(len(ground))])
    solved, turn, shift = cv2.solvePnP(world, undistorted, intrinsics, None, flags=cv2.SOLVEPNP_IPPE)
    assert solved
    centre = -cv2.Rodrigues(turn)[0].T @ shift.ravel()
    np.testing.assert_allclose(centre, [0, 0, pose.height_m], atol=0.02 * pose.height_m)


@settings(max_examples=40, deadline=None)
@given(calibration=cameras)
def test_the_homography_holds_the_pose(calibration):
    frame = calibration.frame
    px = np.random.default_rng(2).uniform((200, 580), (1720, 1080), (30, 2))
    undistorted = calibration.undistort(px)
    ground = frame.to_metres(calibration.px_to_3857(px))
    good = ~np.isnan(ground).any(axis=1) & (np.linalg.norm(ground, axis=1) < 500)
    matrix, _ = fit_homography(undistorted[good], ground[good])
    pose = pose_from_homography(matrix, frame, SIZE)
    assert pose is not None
    assert pose.height_m == pytest.approx(calibration.pose.height_m, rel=1e-3)
    assert pose.focal_px == pytest.approx(calibration.pose.focal_px, rel=1e-3)
    np.testing.assert_allclose(frame.to_metres([pose.ground_3857])[0], [0, 0], atol=0.05)


def test_fit_agrees_with_opencv():
    rng = np.random.default_rng(3)
    px = rng.uniform((100, 500), (1800, 1080), (12, 2))
    calibration = camera(k=0.0)
    ground = calibration.frame.to_metres(calibration.px_to_3857(px)) + rng.normal(0, 0.1, (12, 2))
    ours, _ = fit_homography(px, ground)
    theirs, _ = cv2.findHomography(px, ground, 0)

    def rmse(matrix):
        return np.sqrt(np.mean((cv2.perspectiveTransform(px[None], matrix)[0] - ground) ** 2))

    assert rmse(ours) <= rmse(theirs) * 1.0001
    np.testing.assert_allclose(ours / ours[2, 2], theirs, rtol=0.02, atol=1e-3)


def test_sky_has_no_ground():
    calibration = camera(pitch_deg=12.0)
    assert np.isnan(calibration.px_to_3857([[960.0, 5.0]])).all()
    behind = calibration.frame.to_3857([[-60.0, -20.0]])  # the camera looks east-north-east
    assert np.isnan(calibration.xy_3857_to_px(behind)).all()


def test_a_polygon_across_the_horizon_is_cut():
    calibration = camera(pitch_deg=12.0)
    ground = calibration.ring_to_ground_m([[900, 10], [1000, 10], [1000, 900], [900, 900]], calibration.frame)
    assert ground.is_valid and ground.area > 0
    near = calibration.frame.to_metres(calibration.px_to_3857([[950, 890]]))[0]
    assert ground.contains(shapely.Point(near))
    all_sky = calibration.ring_to_ground_m([[900, 10], [1000, 10], [950, 40]], calibration.frame)
    assert all_sky.is_empty


@pytest.mark.parametrize("k", [-0.35, -0.1, 0.0, 0.08])
def test_lens_comes_back(k):
    lens = RadialLens.for_image(k, SIZE)
    px = np.random.default_rng(0).uniform((0, 0), SIZE, (200, 2))
    np.testing.assert_allclose(lens.distort(lens.undistort(px)), px, atol=1e-8)


def test_barrel_pulls_corners_in():
    lens = RadialLens.for_image(-0.2, SIZE)
    ideal = lens.undistort([[0.0, 0.0]])[0]
    assert ideal[0] < 0 and ideal[1] < 0


def test_view_is_below_the_horizon_within_range_and_inside_the_image():
    calibration = camera(pitch_deg=12.0)
    view = calibration.frame.geometry_to_metres(calibration.view_3857(90.0))
    assert view.is_valid and view.geom_type == "Polygon"
    assert np.max(np.linalg.norm(shapely.get_coordinates(view), axis=1)) <= 90.0 + 2e-3
    inside = calibration.xy_3857_to_px(calibration.frame.to_3857([view.representative_point().coords[0]]))[0]
    assert 0 < inside[0] < SIZE[0] and 0 < inside[1] < SIZE[1]


def test_json_keeps_every_bit():
    calibration = camera()
    assert Calibration.from_json(json.loads(json.dumps(calibration.to_json()))) == calibration


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parameters": [1, 2, 3]}, "eight"),
        ({"parameters": None}, "not a calibration"),
        ({"image_size": [1920]}, "not enough values|unpack"),
        ({"srid": 4326}, "srid 4326"),
        ({"lens": {"model": "brown", "k": 1}}, "brown"),
        ({"parameters": [0] * 8}, "degenerate"),
    ],
)
def test_bad_json_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Calibration.from_json(camera().to_json() | change)


def test_a_horizon_through_the_corner_cannot_be_said_in_eight_parameters():
    with pytest.raises(ValueError, match="horizon"):
        Homography.from_matrix(np.array([[1.0, 0, 0], [0, -1.0, 0], [0.1, 0.2, 0.0]]))
