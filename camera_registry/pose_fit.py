# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a camera stands and how surely: from an adjusted homography, with or without its field of view, from its
measured place, or from things of known height in the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camera_registry.adjustment import Adjustment
from camera_registry.mercator import LocalFrame
from camera_registry.pose import FOCAL_RANGE_WIDTHS, CameraPose, focal_from_fov, pose_from_homography

__all__ = ["HeightMark", "PoseEstimate", "estimate_pose", "pose_from_heights", "pose_of_place"]

Float = NDArray[np.float64]

#: A field of view from a data sheet is good to about this, degrees; one standard deviation.
FOV_SIGMA_DEG = 1.0
#: Share of a parameter's standard deviation by which it is moved to see what the pose does.
STEP_SIGMAS = 0.1
#: How finely the focal length of a measured place is searched: steps over the whole range, then halvings.
FOCAL_STEPS = 60
FOCAL_REFINEMENTS = 40
#: Upright things that are seen one behind the other say nothing of the place.
RANK_OF_HEIGHTS = 1e-6


@dataclass(frozen=True)
class PoseEstimate:
    """A pose with one standard deviation of each part: place (root of both axes' squares, true metres), height, focal."""

    pose: CameraPose
    place_sigma_m: float
    height_sigma_m: float
    focal_sigma_px: float

    def sigma_json(self) -> dict[str, float]:
        """The standard deviations by name."""
        return {
            "place_m": self.place_sigma_m,
            "height_m": self.height_sigma_m,
            "focal_px": self.focal_sigma_px,
        }


def estimate_pose(
    fitted: Adjustment, frame: LocalFrame, focal_px: float | None = None
) -> PoseEstimate | None:
    """The pose that an adjustment implies, its uncertainty propagated from the parameters'; None when it implies none."""
    pose = pose_from_homography(fitted.matrix, frame, fitted.image_size, focal_px)
    if pose is None:
        return None
    values, vectors = np.linalg.eigh(fitted.covariance)
    parameters = fitted.parameters
    centre = _numbers(pose, frame)
    covariance = np.zeros((4, 4))
    for value, vector in zip(values, vectors.T, strict=True):
        if value <= 0:
            continue
        step = STEP_SIGMAS * np.sqrt(value)
        matrix, _ = fitted.with_parameters(parameters + step * vector)
        moved = pose_from_homography(matrix, frame, fitted.image_size, focal_px)
        if moved is None:  # a noise of a tenth of a sigma ends it: it is not known at all
            return None
        change = (_numbers(moved, frame) - centre) / STEP_SIGMAS
        covariance += np.outer(change, change)
    if focal_px is not None:
        covariance += _from_field_of_view(fitted, frame, focal_px, centre)
    sigma = np.sqrt(np.diag(covariance))
    return PoseEstimate(pose, float(np.hypot(sigma[0], sigma[1])), float(sigma[2]), float(sigma[3]))


def _numbers(pose: CameraPose, frame: LocalFrame) -> Float:
    return np.append(frame.to_metres(np.array([pose.ground_3857]))[0], [pose.height_m, pose.focal_px])


def _from_field_of_view(fitted: Adjustment, frame: LocalFrame, focal_px: float, centre: Float) -> Float:
    """What a degree more of field of view does to the pose, squared; (4, 4)."""
    width = fitted.image_size[0]
    fov_deg = float(np.degrees(2 * np.arctan(width / 2 / focal_px)))
    other = focal_from_fov(float(np.clip(fov_deg + FOV_SIGMA_DEG, 5, 150)), width)
    moved = pose_from_homography(fitted.matrix, frame, fitted.image_size, other)
    change = _numbers(moved, frame) - centre if moved else np.zeros(4)
    return np.outer(change, change)


def pose_of_place(
    matrix: Float,
    frame: LocalFrame,
    image_size: tuple[int, int],
    *,
    ground_3857: tuple[float, float],
    height_m: float,
) -> CameraPose:
    """The pose of a camera whose place and height were measured, with the focal length that agrees best.

    matrix: 3 × 3, undistorted pixels to metres of `frame`. Raises ValueError for a height that is none.
    """
    if not 0 < height_m < 1000:
        raise ValueError(f"a camera hangs above the ground and below 1000 m, got {height_m:g} m")
    place = np.append(frame.to_metres(np.array([ground_3857]))[0], height_m)

    def miss(log_focal: float) -> float:
        found = pose_from_homography(matrix, frame, image_size, float(np.exp(log_focal)))
        return float(np.linalg.norm(_numbers(found, frame)[:3] - place)) if found else float("inf")

    shortest, longest = np.log(image_size[0] * np.array(FOCAL_RANGE_WIDTHS))
    logs = np.linspace(shortest, longest, FOCAL_STEPS)
    best = int(np.argmin([miss(float(value)) for value in logs]))
    low, high = float(logs[max(0, best - 1)]), float(logs[min(FOCAL_STEPS - 1, best + 1)])
    for _ in range(FOCAL_REFINEMENTS):
        a, b = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, b) if miss(a) < miss(b) else (a, high)
    return CameraPose(ground_3857, height_m, float(np.exp((low + high) / 2)))


@dataclass(frozen=True)
class HeightMark:
    """Something upright of known height: a lamp post, a corner of a house. Pixels as seen; height in true metres."""

    name: str
    foot_px: tuple[float, float]
    top_px: tuple[float, float]
    height_m: float


def pose_from_heights(
    fitted: Adjustment, frame: LocalFrame, marks: Sequence[HeightMark], focal_px: float | None = None
) -> CameraPose:
    """The camera's place and height from two or more upright things whose height is known.

    A top at height h above its foot F is seen where the ground is at T = C + (F - C) H / (H - h), with the camera's
    nadir C and height H: H (T - F) + h (C - T) = 0 for each of them, linear in H and H-free in C, solved by least
    squares over all of them. Raises ValueError when they do not determine it.
    """
    if len(marks) < 2:
        raise ValueError("two upright things of known height are needed at least, well apart")
    feet = fitted.ground_m([mark.foot_px for mark in marks])
    tops = fitted.ground_m([mark.top_px for mark in marks])
    heights = np.array([mark.height_m for mark in marks])
    design = np.zeros((2 * len(marks), 3))
    design[0::2, 0] = design[1::2, 1] = 1.0
    design[:, 2] = ((tops - feet) / heights[:, None]).ravel()
    solution, _, rank, _ = np.linalg.lstsq(design, tops.ravel(), rcond=RANK_OF_HEIGHTS)
    east, north, height_m = (float(value) for value in solution)
    if rank < 3 or height_m <= heights.max():
        raise ValueError("these heights do not determine where the camera hangs; take things farther apart")
    x, y = frame.to_3857(np.array([[east, north]]))[0]
    if focal_px is not None:
        return CameraPose((float(x), float(y)), height_m, focal_px)
    return pose_of_place(
        fitted.matrix, frame, fitted.image_size, ground_3857=(float(x), float(y)), height_m=height_m
    )
