# SPDX-License-Identifier: AGPL-3.0-or-later
"""The adjustment: recovery at any latitude, errors that are as large as is said, and OpenCV as a second opinion."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.demo.views import demo_cameras
from benchmarks import calibration
from camera_registry.adjustment import adjust, leave_one_out
from camera_registry.calibration import Calibration, calibration_from_pose
from camera_registry.control_points import ControlPoint, calibrate
from camera_registry.mercator import LocalFrame, lonlat_to_3857, xy_3857_to_lonlat
from camera_registry.pose import CameraPose
from camera_registry.pose_fit import estimate_pose, pose_of_place
from tests.camera_registry.cameras import SIZE, camera

#: Nine places of the picture's lower part, as a careful person spreads them.
SPREAD = np.array(
    [(180, 620), (650, 560), (1200, 570), (1760, 640), (140, 990), (700, 1010), (1250, 1000), (1790, 1000), (960, 780)],
    float,
)  # fmt: skip


def ground_of(truth: Calibration, px) -> np.ndarray:
    return truth.frame.to_metres(truth.px_to_3857(px))


@settings(max_examples=40, deadline=None)
@given(
    latitude=st.one_of(st.floats(-65, 65), st.just(0.0), st.just(65.0)),
    height_m=st.floats(8, 60),
    yaw_deg=st.floats(0, 360),
    pitch_deg=st.floats(25, 60),
    k=st.one_of(st.just(0.0), st.floats(-0.3, -0.02)),
)
def test_exact_points_give_the_camera_back_anywhere(latitude, height_m, yaw_deg, pitch_deg, k):
    """At EPSG:3857's magnitudes too: in and out go longitude, latitude and the eight parameters."""
    truth = camera(latitude=latitude, height_m=height_m, yaw_deg=yaw_deg, pitch_deg=pitch_deg, k=k)
    lonlat = xy_3857_to_lonlat(truth.px_to_3857(SPREAD))
    points = [
        ControlPoint(f"P{i}", (u, v), (lon, lat))
        for i, ((u, v), (lon, lat)) in enumerate(
            zip(SPREAD.tolist(), np.asarray(lonlat).tolist(), strict=True)
        )
    ]
    report = calibrate(points, SIZE)
    assert report.rmse_m < 1e-4
    assert (report.calibration.lens.k if report.calibration.lens else 0.0) == pytest.approx(k, abs=1e-4)
    assert report.calibration.pose.height_m == pytest.approx(height_m, rel=1e-3)
    px = np.random.default_rng(0).uniform((100, 560), (1820, 1060), (30, 2))
    miss = truth.frame.to_metres(report.calibration.px_to_3857(px)) - ground_of(truth, px)
    assert np.abs(miss).max() < 0.01 * (1 + height_m / 10)


@pytest.mark.parametrize(("k", "fits_lens"), [(0.0, False), (-0.2, True)])
def test_errors_are_as_large_as_predicted(k, fits_lens):
    """Clicks of one pixel: over 150 calibrations the ground's error and the predicted one agree to a fifth."""
    truth, rng = camera(k=k), np.random.default_rng(4)
    ground = ground_of(truth, SPREAD)
    probe = rng.uniform((200, 620), (1720, 1000), (60, 2))
    place = ground_of(truth, probe)
    seen, said = [], []
    for _ in range(150):
        fitted = adjust(SPREAD + rng.normal(0, 1, SPREAD.shape), ground, SIZE, k=k, fits_lens=fits_lens)
        seen.append(np.sum((fitted.ground_m(probe) - place) ** 2, axis=1))
        said.append(fitted.ground_sigma_m(probe) ** 2)
    ratio = np.sqrt(np.mean(said) / np.mean(seen))
    assert 0.8 < ratio < 1.25


def test_predicted_error_grows_with_distance_and_with_worse_clicks():
    truth, rng = camera(k=0.0), np.random.default_rng(1)
    ground, noise = ground_of(truth, SPREAD), rng.normal(0, 1, SPREAD.shape)
    careful, careless = (adjust(SPREAD + s * noise, ground, SIZE) for s in (0.5, 6.0))
    near, middle, far = careful.ground_sigma_m([(960, 950), (960, 700), (960, 430)])
    assert near < middle < far
    assert careless.ground_sigma_m([(960, 700)]) > 3 * middle


def test_homography_agrees_with_opencv():
    """With one weight for all, as OpenCV has it, the least squares are the same."""
    truth, rng = camera(k=0.0, pitch_deg=75.0), np.random.default_rng(2)
    ground = ground_of(truth, SPREAD) + rng.normal(0, 0.05, SPREAD.shape)
    ours = adjust(SPREAD, ground, SIZE)
    theirs, _ = cv2.findHomography(SPREAD, ground, 0)
    probe = rng.uniform((200, 620), (1720, 1000), (50, 2))
    miss = ours.ground_m(probe) - cv2.perspectiveTransform(probe[None], theirs)[0]
    assert np.linalg.norm(miss, axis=1).max() < 2 * ours.ground_sigma_m(probe).max()
    assert np.sqrt(np.mean(miss**2)) < 0.05


def test_lens_and_pose_agree_with_opencv():
    """OpenCV's calibrateCamera on the same points, with its own lens model: the same ground, focal length and place."""
    truth = camera(k=-0.12, pitch_deg=40.0)
    columns, rows = np.meshgrid(np.linspace(80, 1840, 9), np.linspace(420, 1060, 6))
    px = np.column_stack([columns.ravel(), rows.ravel()])
    ground = ground_of(truth, px)
    ours = adjust(px, ground, SIZE, k=-0.05, fits_lens=True)
    start = np.array([[900.0, 0, SIZE[0] / 2], [0, 900.0, SIZE[1] / 2], [0, 0, 1]])
    flags = (
        cv2.CALIB_USE_INTRINSIC_GUESS
        | cv2.CALIB_FIX_PRINCIPAL_POINT
        | cv2.CALIB_FIX_ASPECT_RATIO
        | cv2.CALIB_ZERO_TANGENT_DIST
    )
    world = [np.column_stack([ground, np.zeros(len(ground))]).astype(np.float32)]
    _, matrix, bent, turns, shifts = cv2.calibrateCamera(
        world, [px.astype(np.float32)], SIZE, start, None, flags=flags
    )
    there = cv2.projectPoints(world[0], turns[0], shifts[0], matrix, bent)[0].reshape(-1, 2)
    assert np.abs(there - px).max() < 0.5  # they can say it in their way
    estimate = estimate_pose(ours, truth.frame)
    assert estimate.pose.focal_px == pytest.approx(matrix[0, 0], rel=0.02)
    centre = -cv2.Rodrigues(turns[0])[0].T @ shifts[0].ravel()
    assert estimate.pose.height_m == pytest.approx(abs(centre[2]), rel=0.02)


@pytest.mark.parametrize("which", range(9))
def test_the_bad_click_is_named_and_good_ones_are_not(which):
    truth, rng = camera(k=-0.2), np.random.default_rng(which)
    ground, clicks = ground_of(truth, SPREAD), SPREAD + rng.normal(0, 1, SPREAD.shape)
    good = adjust(clicks, ground, SIZE, k=-0.1, fits_lens=True)
    assert leave_one_out(good, clicks, ground).suspect is None
    clicks[which] += (20, -15)
    bad = adjust(clicks, ground, SIZE, k=-0.1, fits_lens=True)
    assert leave_one_out(bad, clicks, ground).suspect == which


def test_a_point_that_holds_the_plane_alone_cannot_be_checked():
    """Without it the others lie in a line: no error is made up for it."""
    truth = camera(k=0.0)
    px = np.array([(200, 900), (700, 900), (1200, 900), (1700, 900), (960, 600), (400, 650)], float)
    ground = ground_of(truth, px)
    fitted = adjust(px[:5], ground[:5], SIZE)
    found = leave_one_out(fitted, px[:5], ground[:5])
    assert np.isnan(found.error_m[4])
    assert found.suspect is None


class TestTheSimulatedStreet:
    """Its cameras' 102° barrel lens, eight points, clicks of one pixel, the lens term fitted with the rest."""

    @staticmethod
    def errors():
        rng = np.random.default_rng(0)
        left_out, true, predicted = [], [], []
        for view in demo_cameras():
            size = (view.width, view.image_height)
            for _ in range(60):
                px = np.array(
                    [
                        (x + rng.uniform(0, 330), y + rng.uniform(-60, 120))
                        for x in range(100, 1700, 430)
                        for y in (400, 800)
                    ]
                )
                ground = view.ground_at(px)
                clicks = px + rng.normal(0, 1, px.shape)
                fitted = adjust(clicks, ground, size, k=-0.1, fits_lens=True)
                distance = np.linalg.norm(ground - view.position[:2], axis=1)
                found = leave_one_out(fitted, clicks, ground)
                left_out.append(found.error_m[np.abs(distance - 40) < 6])
                probe = rng.uniform((100, 300), (1820, 1000), (200, 2))
                place = view.ground_at(probe)
                near = np.abs(np.linalg.norm(place - view.position[:2], axis=1) - 40) < 4
                true.append(np.linalg.norm(fitted.ground_m(probe[near]) - place[near], axis=1))
                predicted.append(fitted.ground_sigma_m(probe[near]))
        return tuple(np.concatenate(values) for values in (left_out, true, predicted))

    def test_ground_at_40_m_is_right_to_15_cm(self):
        left_out, true, predicted = self.errors()
        assert np.median(left_out) < 0.15
        assert np.sqrt(np.mean(true**2)) < 0.15
        assert np.sqrt(np.mean(predicted**2)) == pytest.approx(np.sqrt(np.mean(true**2)), rel=0.35)

    def test_no_fit_of_the_same_parameters_could_do_much_better(self):
        """Cramér and Rao's floor, from the street's own camera model: what is left is the clicks', not the fit's."""
        errors = calibration.measure(20)
        floor = errors.floors["eight parameters and the lens"]
        assert len(errors.found) > 60
        assert 0.85 < np.sqrt(np.mean(errors.found) / np.mean(floor)) < 1.15


class TestPose:
    truth = camera(k=-0.2)

    def fitted(self, noise_px: float = 0.0, seed: int = 0):
        clicks = SPREAD + np.random.default_rng(seed).normal(0, noise_px or 1e-9, SPREAD.shape)
        return adjust(clicks, ground_of(self.truth, SPREAD), SIZE, k=-0.1, fits_lens=True)

    def test_uncertainty_is_what_repeated_clicking_shows(self):
        heights, said = [], []
        for seed in range(60):
            estimate = estimate_pose(self.fitted(1.0, seed), self.truth.frame)
            heights.append(estimate.pose.height_m)
            said.append(estimate.height_sigma_m)
        assert 0.6 < np.mean(said) / np.std(heights) < 1.6

    def test_looking_almost_straight_down_a_field_of_view_makes_it_surer(self):
        """There the picture hardly says whether the camera hangs high or has a long lens."""
        truth, rng = camera(k=0.0, pitch_deg=84.0), np.random.default_rng(0)
        fitted = adjust(SPREAD + rng.normal(0, 1, SPREAD.shape), ground_of(truth, SPREAD), SIZE)
        without = estimate_pose(fitted, truth.frame)
        with_it = estimate_pose(fitted, truth.frame, truth.pose.focal_px)
        assert with_it.height_sigma_m < 2
        assert with_it.pose.height_m == pytest.approx(35.0, abs=4 * with_it.height_sigma_m)
        assert without is None or without.height_sigma_m > 2 * with_it.height_sigma_m

    def test_a_measured_place_is_kept_and_gets_its_focal_length(self):
        pose = pose_of_place(
            self.fitted().matrix, self.truth.frame, SIZE, ground_3857=self.truth.pose.ground_3857, height_m=35.0
        )  # fmt: skip
        assert pose == CameraPose(self.truth.pose.ground_3857, 35.0, pose.focal_px)
        assert pose.focal_px == pytest.approx(self.truth.pose.focal_px, rel=0.01)
        with pytest.raises(ValueError, match="above the ground"):
            pose_of_place(self.fitted().matrix, self.truth.frame, SIZE, ground_3857=(0, 0), height_m=-2)


def test_a_frame_far_from_the_origin_changes_nothing():
    """The same camera computed around another anchor, a kilometre off, lands within a millimetre or two of itself."""
    x, y = lonlat_to_3857([(35.49, 38.73)])[0]
    truth = calibration_from_pose(
        SIZE, ground_3857=(float(x), float(y)), height_m=20, focal_px=1000, yaw_deg=10, pitch_deg=35
    )
    xy = truth.px_to_3857(SPREAD)
    near, far = LocalFrame((float(x), float(y))), LocalFrame((float(x), float(y) + 1000))
    a, b = (adjust(SPREAD, frame.to_metres(xy), SIZE) for frame in (near, far))
    there = near.to_metres(far.to_3857(b.ground_m(SPREAD)))
    np.testing.assert_allclose(a.ground_m(SPREAD), there, atol=1e-3)
