# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a camera stands and how surely: from an adjusted homography, with or without its field of view, or from its
measured place. `height_marks` adds things of known height.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camera_registry.adjustment import Adjustment
from camera_registry.mercator import LocalFrame
from camera_registry.pose import FOCAL_RANGE_WIDTHS, CameraPose, focal_from_fov, pose_from_homography
from camera_registry.saying import say

__all__ = [
    "STEP_SIGMAS",
    "PoseEstimate",
    "PoseSpread",
    "estimate_pose",
    "pose_of_place",
    "pose_spread",
    "steps_of",
]

Float = NDArray[np.float64]

#: A field of view from a data sheet is good to about this, degrees; one standard deviation.
FOV_SIGMA_DEG = 1.0
#: Share of a parameter's standard deviation by which it is moved to see what the pose does.
STEP_SIGMAS = 0.1
#: How finely the focal length of a measured place is searched: steps over the whole range, then down to this share of
#: it; and how far from one that is nearly right, as a share.
FOCAL_STEPS = 60
FOCAL_SHARE = 1e-6
NEAR = 0.05


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


@dataclass(frozen=True)
class PoseSpread:
    """A pose and how it moves with the homography's parameters: east, north, height, metres, and focal length, pixels.

    changes: (R, 4), by one standard deviation along each of R independent directions of the parameters' errors, in
    the order of `steps_of`; from_focal: (4, 4), covariance that an entered field of view adds.
    """

    pose: CameraPose
    centre: Float
    changes: Float
    from_focal: Float

    @property
    def estimate(self) -> PoseEstimate:
        """The pose with its standard deviations."""
        sigma = np.sqrt(np.diag(self.changes.T @ self.changes + self.from_focal))
        return PoseEstimate(self.pose, float(np.hypot(sigma[0], sigma[1])), float(sigma[2]), float(sigma[3]))


def steps_of(fitted: Adjustment) -> Float:
    """(R, 10): a small step of the parameters, STEP_SIGMAS standard deviations, along each direction of their errors.

    Which of its two ways a direction points is LAPACK's choice, another on another processor: take both and halve.
    """
    values, vectors = np.linalg.eigh(fitted.covariance)
    known = values > 0
    return np.asarray(STEP_SIGMAS * np.sqrt(values[known])[:, None] * vectors.T[known])


def pose_spread(fitted: Adjustment, frame: LocalFrame, focal_px: float | None = None) -> PoseSpread | None:
    """The pose that an adjustment implies and what its errors do to it; None when it implies none."""
    pose = pose_from_homography(fitted.matrix, frame, fitted.image_size, focal_px)
    if pose is None:
        return None
    centre = _numbers(pose, frame)
    changes = []
    for step in steps_of(fitted):
        both = [fitted.with_parameters(fitted.parameters + way * step)[0] for way in (1, -1)]
        there, back = (pose_from_homography(each, frame, fitted.image_size, focal_px) for each in both)
        if there is None or back is None:  # a noise of a tenth of a sigma ends it: it is not known at all
            return None
        changes.append((_numbers(there, frame) - _numbers(back, frame)) / (2 * STEP_SIGMAS))
    from_focal = np.zeros((4, 4))
    if focal_px is not None:
        from_focal = _from_field_of_view(fitted, frame, focal_px, centre)
    return PoseSpread(pose, centre, np.array(changes).reshape(-1, 4), from_focal)


def estimate_pose(
    fitted: Adjustment, frame: LocalFrame, focal_px: float | None = None
) -> PoseEstimate | None:
    """The pose that an adjustment implies, its uncertainty propagated from the parameters'; None when it implies none."""
    spread = pose_spread(fitted, frame, focal_px)
    return spread.estimate if spread else None


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
    near_px: float | None = None,
) -> CameraPose:
    """The pose of a camera whose place and height were measured, with the focal length that agrees best.

    matrix: 3 × 3, undistorted pixels to metres of `frame`. near_px: a focal length that is nearly right; then it is
    sought around there only. Raises ValueError for a height that is none.
    """
    if not 0 < height_m < 1000:
        raise ValueError(
            say("a camera hangs above the ground and below 1000 m, not at {height} m", height=f"{height_m:g}")
        )
    place = np.append(frame.to_metres(np.array([ground_3857]))[0], height_m)

    def miss(log_focal: float) -> float:
        found = pose_from_homography(matrix, frame, image_size, float(np.exp(log_focal)))
        return float(np.linalg.norm(_numbers(found, frame)[:3] - place)) if found else float("inf")

    if near_px is None:
        shortest, longest = np.log(image_size[0] * np.array(FOCAL_RANGE_WIDTHS))
        logs = np.linspace(shortest, longest, FOCAL_STEPS)
        best = int(np.argmin([miss(float(value)) for value in logs]))
        low, high = float(logs[max(0, best - 1)]), float(logs[min(FOCAL_STEPS - 1, best + 1)])
    else:
        low, high = np.log(near_px) - NEAR, np.log(near_px) + NEAR
    while high - low > FOCAL_SHARE:
        a, b = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, b) if miss(a) < miss(b) else (a, high)
    return CameraPose(ground_3857, height_m, float(np.exp((low + high) / 2)))
