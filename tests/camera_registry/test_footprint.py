# SPDX-License-Identifier: AGPL-3.0-or-later
"""Footprints: a box on the street, seen by a camera, put back on the ground."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from camera_registry.calibration import Calibration, calibration_from_pose
from camera_registry.footprint import car_on_ground, cars_on_ground
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


# -- cars_on_ground: the body that fits ------------------------------------------------------------------------------


def body_px(
    calibration: Calibration, x: float, y: float, turned_deg: float
) -> tuple[shapely.Polygon, np.ndarray]:
    """A car of 4.4 × 1.8 m at (x, y) metres of the camera's frame: its footprint and its outline in pixels."""
    base = shapely.box(-2.2, -0.9, 2.2, 0.9)
    slices = [(0.0, 0.68), (0.25, 0.96), (0.66, 1.0), (0.93, 0.94), (1.45, 0.55)]
    place = lambda g: shapely.affinity.translate(shapely.affinity.rotate(g, turned_deg, origin=(0, 0)), x, y)  # noqa: E731
    shadow = []
    for z, share in slices:
        part = place(shapely.affinity.scale(base, share, 0.8 if z > 1 else 1.0))
        grow = calibration.pose.height_m / (calibration.pose.height_m - z)
        shadow.append(shapely.affinity.scale(part, grow, grow, origin=(0, 0)))
    ring = shapely.get_coordinates(shapely.segmentize(shapely.union_all(shadow).convex_hull.exterior, 0.2))[
        :-1
    ]
    return place(base), calibration.xy_3857_to_px(calibration.frame.to_3857(ring))


def looking_from(height_m: float) -> Calibration:
    return calibration_from_pose(SIZE, pitch_deg=35.0, **(POSE | {"height_m": height_m, "yaw_deg": 0.0}))


@pytest.mark.parametrize("turned_deg", [0, 35, 90, 130])
@pytest.mark.parametrize(("height_m", "distance_m"), [(8.0, 12.0), (8.0, 22.0), (35.0, 60.0)])
def test_a_body_is_fitted_where_the_intersection_is_a_loose_bound(height_m, distance_m, turned_deg):
    calibration = looking_from(height_m)
    truth, outline = body_px(calibration, 2.0, distance_m, turned_deg)
    (car,) = cars_on_ground([[outline]], calibration, calibration.frame, [0.8])
    alone = car_on_ground([outline], calibration, calibration.frame)
    assert car.fitted and car.corrected and car.score == 0.8
    assert iou(car.footprint_m, truth) > 0.8
    if turned_deg != 90:  # end-on, a car hides nothing but itself, and the bound is tight
        assert iou(car.footprint_m, truth) > iou(alone.footprint_m, truth) - 0.02
    assert car.silhouette_m.equals(alone.silhouette_m)


def test_a_car_half_hidden_by_the_one_in_front_keeps_its_ground():
    calibration = looking_from(8.0)
    front_truth, front = body_px(calibration, 0.0, 12.0, 0)
    truth, whole = body_px(calibration, 0.3, 14.8, 0)
    visible = shapely.Polygon(whole) - shapely.Polygon(front)
    ring = shapely.get_coordinates(visible.exterior)[:-1]
    car, other = cars_on_ground([[ring], [front]], calibration, calibration.frame)
    alone = car_on_ground([ring], calibration, calibration.frame)
    assert visible.area < 0.8 * shapely.Polygon(whole).area
    assert iou(alone.footprint_m, truth) < 0.7 < iou(car.footprint_m, truth)
    assert iou(other.footprint_m, front_truth) > 0.85


def test_the_bite_a_mask_takes_of_its_neighbour_is_not_its_own():
    calibration = looking_from(8.0)
    truth, outline = body_px(calibration, 0.0, 12.0, 90)
    _, neighbour = body_px(calibration, 3.0, 12.0, 90)
    bite = shapely.get_coordinates(shapely.Polygon(neighbour).buffer(-25).exterior)[:-1]
    car, _ = cars_on_ground([[outline, bite], [neighbour]], calibration, calibration.frame)
    assert car.fitted and iou(car.footprint_m, truth) > 0.85


def test_what_is_no_car_keeps_the_intersection():
    calibration = looking_from(20.0)
    bus = shapely.box(-6.0, 24.0, 6.0, 31.0)
    outline = calibration.xy_3857_to_px(calibration.frame.to_3857(shapely.get_coordinates(bus)[:-1]))
    (found,) = cars_on_ground([[outline]], calibration, calibration.frame)
    alone = car_on_ground([outline], calibration, calibration.frame)
    assert not found.fitted and found.footprint_m.equals(alone.footprint_m)


def test_several_masks_keep_their_order_and_none_stays_none():
    calibration = calibration_from_pose(SIZE, pitch_deg=5.0, **POSE)
    sky = np.array([[10.0, 5], [60, 5], [30, 30]])
    ground = silhouette_px(car_at(60.0), 1.4)
    unknown = Calibration(calibration.image_size, calibration.homography)
    for camera in (calibration, unknown):
        first, second = cars_on_ground([[sky], [ground]], camera, calibration.frame)
        assert first is None and (second is None) == (
            car_on_ground([ground], camera, calibration.frame) is None
        )
    assert cars_on_ground([], calibration, calibration.frame) == []
