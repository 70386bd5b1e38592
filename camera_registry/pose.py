# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where the camera stands and how high: from its homography, or a homography from where it stands.

A homography of the ground holds the pose of the camera up to the focal length; the two conditions that the
columns of a rotation are orthogonal and of equal length give that too (Zhang, PAMI 2000, §2.4; Hartley & Zisserman,
§8.6), with the principal point in the image's centre and square pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camera_registry.homography import Homography
from camera_registry.mercator import LocalFrame
from camera_registry.saying import say

__all__ = ["CameraPose", "focal_from_fov", "homography_from_pose", "pose_from_homography"]

Float = NDArray[np.float64]

#: A focal length outside these multiples of the image width (field of view 3° to 143°) is a failed estimate.
FOCAL_RANGE_WIDTHS = (1 / 6, 20.0)


@dataclass(frozen=True)
class CameraPose:
    """The camera's nadir on the ground in EPSG:3857, its height in true metres, its focal length in pixels."""

    ground_3857: tuple[float, float]
    height_m: float
    focal_px: float


def focal_from_fov(fov_deg: float, width_px: int) -> float:
    """Focal length in pixels of a pinhole with this horizontal field of view."""
    if not 5 <= fov_deg <= 150:
        raise ValueError(
            say(
                "a horizontal field of view lies between 5° and 150°, not at {degrees}°",
                degrees=f"{fov_deg:g}",
            )
        )
    return width_px / 2 / float(np.tan(np.radians(fov_deg) / 2))


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Float:
    """World (east, north, up) to camera (right, down, forward), 3 × 3.

    Yaw is clockwise from north, pitch is positive looking down, roll turns the camera clockwise seen from behind.
    """
    yaw, pitch, roll = np.radians([yaw_deg, pitch_deg, roll_deg])
    forward = np.array([np.sin(yaw) * np.cos(pitch), np.cos(yaw) * np.cos(pitch), -np.sin(pitch)])
    level_right = np.array([np.cos(yaw), -np.sin(yaw), 0.0])
    level_down = np.cross(forward, level_right)
    right = np.cos(roll) * level_right + np.sin(roll) * level_down
    return np.stack([right, np.cross(forward, right), forward])


def homography_from_pose(
    image_size: tuple[int, int],
    pose: CameraPose,
    *,
    yaw_deg: float,
    pitch_deg: float,
    roll_deg: float = 0.0,
) -> Homography:
    """The exact homography of an ideal pinhole camera, undistorted pixels to EPSG:3857."""
    width, height = image_size
    intrinsics = np.array([[pose.focal_px, 0, width / 2], [0, pose.focal_px, height / 2], [0, 0, 1.0]])
    turn = rotation(yaw_deg, pitch_deg, roll_deg)
    to_image = intrinsics @ np.column_stack([turn[:, 0], turn[:, 1], -turn[:, 2] * pose.height_m])
    return homography_to_3857(np.linalg.inv(to_image), LocalFrame(pose.ground_3857))


def homography_to_3857(px_to_metres: Float, frame: LocalFrame) -> Homography:
    """A 3 × 3 matrix from pixels to a local frame's metres, as a homography to EPSG:3857."""
    east, north = 1.0 / frame.scales
    x0, y0 = frame.origin_3857
    return Homography.from_matrix(np.array([[east, 0, x0], [0, north, y0], [0, 0, 1.0]]) @ px_to_metres)


def pose_from_homography(
    px_to_metres: Float,
    frame: LocalFrame,
    image_size: tuple[int, int],
    focal_px: float | None = None,
) -> CameraPose | None:
    """The pose that a homography implies, or None when it implies none.

    px_to_metres: 3 × 3, undistorted pixels to true metres in `frame`. Without `focal_px` the focal length is
    estimated too; a view straight down leaves it undetermined and gives None, as does noise that makes f² negative.
    """
    width, height = image_size
    centred = np.linalg.inv(px_to_metres)
    centred = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1.0]]) @ centred
    if focal_px is None:
        focal_px = _focal_from_columns(centred)
        if focal_px is None or not FOCAL_RANGE_WIDTHS[0] <= focal_px / width <= FOCAL_RANGE_WIDTHS[1]:
            return None
    columns = np.diag([1 / focal_px, 1 / focal_px, 1.0]) @ centred
    columns /= (np.linalg.norm(columns[:, 0]) + np.linalg.norm(columns[:, 1])) / 2
    # Of the two signs of the scale, one puts the camera under the ground.
    centre = max((_camera_centre(columns), _camera_centre(-columns)), key=lambda c: float(c[2]))
    if centre[2] <= 0:
        return None
    ground = frame.to_3857(centre[None, :2])[0]
    return CameraPose((float(ground[0]), float(ground[1])), float(centre[2]), float(focal_px))


def _camera_centre(columns: Float) -> Float:
    """From [r₁ r₂ t], 3 × 3, the camera's centre -Rᵀt with R made orthonormal (the polar factor); (3,)."""
    turn_u, _, turn_v = np.linalg.svd(
        np.column_stack([columns[:, :2], np.cross(columns[:, 0], columns[:, 1])])
    )
    return np.asarray(-(turn_u @ turn_v).T @ columns[:, 2])


def _focal_from_columns(centred: Float) -> float | None:
    """Least squares over Zhang's two constraints; None when they do not determine a positive f²."""
    g = centred / np.linalg.norm(centred[:, :2])
    slope = np.array([g[0, 0] * g[0, 1] + g[1, 0] * g[1, 1], _square(g[:2, 0]) - _square(g[:2, 1])])
    right = -np.array([g[2, 0] * g[2, 1], g[2, 0] ** 2 - g[2, 1] ** 2])
    # Scale-free size of the perspective terms: a view straight down has none, and nothing follows from it.
    if slope @ slope < 1e-18 or right @ slope <= 0:
        return None
    return float(np.sqrt((slope @ slope) / (right @ slope)))


def _square(v: Float) -> float:
    return float(v @ v)
