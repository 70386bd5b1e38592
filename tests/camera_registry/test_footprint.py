# SPDX-License-Identifier: AGPL-3.0-or-later
"""Footprints: a box on the street, seen by a camera, put back on the ground."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from camera_registry.calibration import Calibration, calibration_from_pose
from camera_registry.footprint import car_on_ground
from camera_registry.pose import rotation
from tests.camera_registry.cameras import SIZE

POSE = {"ground_3857": (3_950_728.0, 4_683_069.0), "height_m": 35.0, "focal_px": 960.0, "yaw_deg": 70.0}
PITCH = 28.0


def silhouette_px(footprint_m: shapely.Polygon, height_m: float, clearance_m: float = 0.25) -> np.ndarray:
    """The convex outline in pixels of a prism above the ground, projected point by point through the pinhole."""
    base = shapely.get_coordinates(footprint_m)[:-1]
    world = np.vstack([np.column_stack([base, np.full(len(base), z)]) for z in (clearance_m, height_m)])
    turn = rotation(POSE["yaw_deg"], PITCH, 0.0)
    camera = (world - [0, 0, POSE["height_m"]]) @ turn.T
    px = camera[:, :2] / camera[:, 2:] * POSE["focal_px"] + np.array(SIZE) / 2
    return shapely.get_coordinates(shapely.MultiPoint(px).convex_hull)[:-1]


def car_at(distance_m: float) -> shapely.Polygon:
    yaw = np.radians(POSE["yaw_deg"])
    x, y = distance_m * np.sin(yaw), distance_m * np.cos(yaw)
    return shapely.affinity.rotate(shapely.box(x - 2.2, y - 0.9, x + 2.2, y + 0.9), 30)


def iou(a, b):
    return (a & b).area / (a | b).area


@pytest.mark.parametrize("distance_m", [25.0, 45.0, 80.0])
def test_correction_brings_a_prism_home(distance_m):
    calibration = calibration_from_pose(SIZE, pitch_deg=PITCH, **POSE)
    truth = car_at(distance_m)
    car = car_on_ground([silhouette_px(truth, 0.95)], calibration, calibration.frame)
    assert car.corrected
    assert (truth - car.footprint_m.buffer(0.01)).area < 0.01, "the footprint must cover the car"
    assert iou(car.footprint_m, truth) > iou(car.silhouette_m, truth) + 0.1
    assert car.footprint_m.area < 1.25 * truth.area


def test_a_flat_prism_needs_no_correction():
    calibration = calibration_from_pose(SIZE, pitch_deg=PITCH, **POSE)
    truth = car_at(40.0)
    flat = silhouette_px(truth, 0.0, clearance_m=0.0)
    car = car_on_ground([flat], calibration, calibration.frame, body_height_m=0.0, clearance_m=0.0)
    assert iou(car.footprint_m, truth) > 0.999


def test_without_a_pose_the_silhouette_is_the_footprint_and_says_so():
    known = calibration_from_pose(SIZE, pitch_deg=PITCH, **POSE)
    unknown = Calibration(known.image_size, known.homography)
    car = car_on_ground([silhouette_px(car_at(40.0), 1.4)], unknown, known.frame)
    assert not car.corrected
    assert car.footprint_m.equals(car.silhouette_m)


def test_nothing_on_the_ground_is_none():
    calibration = calibration_from_pose(SIZE, pitch_deg=5.0, **POSE)
    assert car_on_ground([np.array([[10.0, 5], [60, 5], [30, 30]])], calibration, calibration.frame) is None
    assert car_on_ground([], calibration, calibration.frame) is None


def test_a_camera_lower_than_a_car_is_refused():
    low = calibration_from_pose(SIZE, pitch_deg=PITCH, **(POSE | {"height_m": 0.9}))
    with pytest.raises(ValueError, match="cannot look down"):
        car_on_ground([np.array([[400.0, 500], [1500, 500], [950, 1000]])], low, low.frame)
