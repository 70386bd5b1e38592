# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where the camera of an ACPDS photo hung, from the shapes of its parking stalls; never from who stands in them.

The photos come without a pose. But a stall on the ground is a parallelogram, nearly always a rectangle, the stalls of a
photo are equally large, and they measure about 2.5 × 5 m. The action camera's focal length and lens term are the same in all
photos, so that a photo has three unknowns: pitch, roll (robust least squares over the first three facts) and height (the
fourth). Nothing else is used: not the occupancy, not the cars.

Focal length and lens term were found once, on the training photos: `lens_costs` over a grid, whose least is broad and lies at the
same place for both series of file names. The field of view that follows, 148° over the diagonal, is what the camera's
maker states for its wide setting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camera_registry.calibration import Calibration, calibration_from_pose
from camera_registry.lens import RadialLens
from workers.training.acpds import StallPhoto

__all__ = ["StallPose", "calibrate_photo", "fit_pose", "lens_costs", "stall_sizes_m"]

Float = NDArray[np.float64]

#: Focal length as a share of the image's width, and the lens term of `RadialLens`, of the action camera in wide setting.
FOCAL_WIDTHS = 730 / 1600
LENS_K = -0.58
#: Area of a stall in true m², which gives the height: 2.5 × 5.
STALL_M2 = 12.5
#: Annotators click corners to about this many pixels, and paint is laid to about this share of a stall's side.
CLICK_PX = 2.0
PAINT_SHARE = 0.04
#: Right angles and equal areas hold half as strictly as parallel sides: there are diagonal and disabled stalls.
LOOSE = 0.5
#: Residuals beyond this many standard deviations hardly pull (Cauchy).
CAUCHY = 2.0
#: Where the search starts from, degrees; the steps after it, radians.
PITCHES_DEG, ROLLS_DEG = np.arange(10, 87, 8), np.arange(-24, 25, 8)
STARTS, STEPS, STEP_RAD = 3, 25, 1e-5
#: A photo whose fit is worse than this is not believed: mean Cauchy cost of a stall, median gap of its sides, heights.
MOST_COST = 6.0
MOST_GAP = 0.15
HEIGHTS_M = (4.0, 16.0)
FEWEST_STALLS = 4
#: What stands for a stall above the horizon.
ABSURD = 20.0


@dataclass(frozen=True)
class StallPose:
    """pitch, roll in degrees, height in true metres; cost: mean robust cost of a stall; gap: by how much of its size a
    stall's outline misses being a parallelogram, median; spread: 80 % of the stalls' areas lie within this factor of each
    other. believed: whether all that is good enough to judge by."""

    pitch_deg: float
    roll_deg: float
    height_m: float
    cost: float
    gap: float
    spread: float
    believed: bool


def calibrate_photo(photo: StallPhoto, size: tuple[int, int]) -> tuple[StallPose, Calibration | None]:
    """The pose of a photo of (width, height) pixels, and its calibration at the equator of EPSG:3857, where a unit is a
    true metre and the camera's nadir the origin; None when the pose is not believed."""
    quads = photo.quads * size
    pose = fit_pose(quads, size)
    if not pose.believed:
        return pose, None
    return pose, calibration_from_pose(
        size,
        ground_3857=(0.0, 0.0),
        height_m=pose.height_m,
        focal_px=FOCAL_WIDTHS * size[0],
        yaw_deg=0.0,
        pitch_deg=pose.pitch_deg,
        roll_deg=pose.roll_deg,
        k=LENS_K,
        name=photo.path.stem,
    )


def fit_pose(
    quads_px: Float, size: tuple[int, int], focal_px: float | None = None, k: float = LENS_K
) -> StallPose:
    """Pitch, roll and height from stalls (N, 4, 2) in pixels, corners in order around each."""
    camera = _Camera(size, focal_px or FOCAL_WIDTHS * size[0], RadialLens.for_image(k, size))
    sigma = _sigma(quads_px)
    starts = [np.radians([p, r]) for p in PITCHES_DEG for r in ROLLS_DEG]
    starts.sort(key=lambda angles: _cost(_residuals(quads_px, sigma, camera, angles)))
    angles, cost = min(
        (_refine(quads_px, sigma, camera, start) for start in starts[:STARTS]), key=lambda found: found[1]
    )
    ground, _ = camera.ground(quads_px, angles)
    a, b, missing = _sides(ground)
    areas = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
    height = float(np.sqrt(STALL_M2 / _weighted_median(areas, sigma**-2.0)))
    gap = float(np.median(np.linalg.norm(missing, axis=1) / np.sqrt(areas)))
    low, high = np.percentile(areas, [10, 90])
    cost /= len(quads_px)
    believed = (
        len(quads_px) >= FEWEST_STALLS
        and cost <= MOST_COST
        and gap <= MOST_GAP
        and HEIGHTS_M[0] <= height <= HEIGHTS_M[1]
    )
    pitch, roll = np.degrees(angles)
    return StallPose(float(pitch), float(roll), height, cost, gap, float(high / low), bool(believed))


def lens_costs(photos: Sequence[tuple[Float, tuple[int, int]]], focals_px: Float, ks: Float) -> Float:
    """Mean robust cost of a stall for each focal length and lens term, (focals, ks); photos: quads in pixels, image size."""
    return np.array(
        [
            [np.mean([fit_pose(q, size, float(f), float(k)).cost for q, size in photos]) for k in ks]
            for f in focals_px
        ]
    )


def stall_sizes_m(ground_m: Float) -> tuple[Float, Float]:
    """Short and long side (N,) of stalls (N, 4, 2) on the ground."""
    a, b, _ = _sides(ground_m)
    lengths = np.stack([np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)])
    return lengths.min(axis=0), lengths.max(axis=0)


@dataclass(frozen=True)
class _Camera:
    size: tuple[int, int]
    focal_px: float
    lens: RadialLens

    def ground(self, px: Float, angles: Float) -> tuple[Float, Float]:
        """Pixels (..., 2) on a plane one unit below the camera, (..., 2), and how far below the horizon (...)."""
        pitch, roll = angles
        down = np.array([np.cos(pitch) * np.sin(roll), np.cos(pitch) * np.cos(roll), np.sin(pitch)])
        east = np.cross(down, [0.0, 0.0, 1.0])
        east /= np.linalg.norm(east)
        offset = (self.lens.undistort(px) - np.array(self.size) / 2) / self.focal_px
        ray = np.concatenate([offset, np.ones_like(offset[..., :1])], axis=-1)
        depth = ray @ down
        point = ray / np.maximum(depth, 1e-3)[..., None]
        return np.stack([point @ east, point @ np.cross(down, east)], axis=-1), depth


def _sigma(quads_px: Float) -> Float:
    """(N,) how uncertain a stall's shape is, as a share of its size: that of a sliver far away is."""
    sides = np.roll(quads_px, -1, axis=1) - quads_px
    x, y = quads_px[..., 0], quads_px[..., 1]
    area = np.abs((x * np.roll(y, -1, 1) - np.roll(x, -1, 1) * y).sum(axis=1)) / 2
    thin = area / np.linalg.norm(sides, axis=-1).max(axis=1)
    return np.hypot(PAINT_SHARE, CLICK_PX / np.maximum(thin, 1.0))


def _sides(ground: Float) -> tuple[Float, Float, Float]:
    """Mean vectors (N, 2) of both pairs of opposite sides, and what is missing for them to be parallel and equal."""
    s = np.roll(ground, -1, axis=1) - ground
    return (s[:, 0] - s[:, 2]) / 2, (s[:, 1] - s[:, 3]) / 2, s[:, 0] + s[:, 2]


def _residuals(quads: Float, sigma: Float, camera: _Camera, angles: Float) -> Float:
    ground, depth = camera.ground(quads, angles)
    a, b, missing = _sides(ground)
    area = np.maximum(np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]), 1e-9)
    length = np.maximum(np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1), 1e-9)
    size = np.log(area) - np.log(_weighted_median(area, sigma**-2.0))
    parts = np.column_stack(
        [missing / np.sqrt(area)[:, None], LOOSE * (a * b).sum(axis=1) / length, LOOSE * size]
    )
    parts /= sigma[:, None]
    parts[(depth <= 0.02).any(axis=1) | ~np.isfinite(parts).all(axis=1)] = ABSURD
    return parts.ravel()


def _weighted_median(values: Float, weights: Float) -> float:
    order = np.argsort(values)
    summed = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(summed, summed[-1] / 2)])


def _cost(residuals: Float) -> float:
    return float(CAUCHY**2 / 2 * np.log1p((residuals / CAUCHY) ** 2).sum())


def _refine(quads: Float, sigma: Float, camera: _Camera, start: Float) -> tuple[Float, float]:
    """Gauss and Newton on reweighted residuals, with damping."""
    angles, damping = start, 1e-3
    residuals = _residuals(quads, sigma, camera, angles)
    cost = _cost(residuals)
    for _ in range(STEPS):
        moved = [_residuals(quads, sigma, camera, angles + STEP_RAD * axis) for axis in np.eye(2)]
        jacobian = np.column_stack([(m - residuals) / STEP_RAD for m in moved])
        weight = 1 / (1 + (residuals / CAUCHY) ** 2)
        normal = jacobian.T @ (jacobian * weight[:, None])
        slope = jacobian.T @ (residuals * weight)
        step = -np.linalg.solve(normal + np.diag(damping * np.diag(normal) + 1e-9), slope)
        trial = angles + np.clip(step, -0.2, 0.2)
        found = _residuals(quads, sigma, camera, trial)
        if _cost(found) < cost:
            settled = cost - _cost(found) < 1e-6 * cost
            angles, residuals, cost, damping = trial, found, _cost(found), damping * 0.3
            if settled:
                break
        else:
            damping *= 10
    return angles, cost
