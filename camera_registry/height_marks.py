# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a camera hangs, from upright things of known height in its picture: lamp posts, doors, road signs.

Control points on the ground hold the camera's height only by their perspective, mostly to metres. A post whose foot
and top are marked says more: its top at height h above its foot F is seen where the ground is at
T = C + (F - C) H / (H - h), with the camera's nadir C and height H. In homogeneous coordinates T ~ (F H - C h, H - h),
which also holds for things higher than the camera. Both sources are joined by generalised least squares: they share
the errors of the ground's homography, so that their covariance is taken whole (Ghilani, Adjustment Computations,
ch. 6 and 10).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camera_registry.adjustment import CLICK_SIGMA_PX, PRIOR_WEIGHT, Adjustment
from camera_registry.degenerate import CalibrationError
from camera_registry.homography import apply_homography
from camera_registry.lens import RadialLens
from camera_registry.mercator import LocalFrame
from camera_registry.pose import CameraPose
from camera_registry.pose_fit import (
    STEP_SIGMAS,
    PoseEstimate,
    PoseSpread,
    pose_of_place,
    pose_spread,
    steps_of,
)
from camera_registry.saying import say

__all__ = ["MAX_HEIGHT_M", "HeightFit", "HeightMark", "HeightsError", "fit_heights"]

Float = NDArray[np.float64]

#: Nothing upright in a street is higher, metres.
MAX_HEIGHT_M = 100.0
#: One standard deviation of a height as people measure or read it, metres, and of a post's lean, per metre of height.
HEIGHT_SIGMA_M = 0.05
LEAN = 0.01
#: Two upright things that are seen one behind the other say nothing of the place.
RANK = 1e-6
#: A mark is suspected when its top is missed by this many times what chance would, as half of a sum of two squares: a
#: good one is in one of a thousand cases.
SUSPICIOUS = 7.0
STEPS = 10
CONVERGED_M = 1e-6
#: A camera lower than this hangs nowhere, metres.
LOWEST_M = 0.5
_STEP_PX, _STEP_M = 1e-3, 1e-4


class HeightsError(CalibrationError):
    """These heights cannot be; the ground's calibration is none the worse for it."""


@dataclass(frozen=True)
class HeightMark:
    """Something upright of known height. Pixels as seen; height in true metres from foot to top."""

    name: str
    foot_px: tuple[float, float]
    top_px: tuple[float, float]
    height_m: float


@dataclass(frozen=True)
class HeightFit:
    """The pose that marks and ground points agree on, and what each mark says of it.

    before: what the ground points alone say; None when they say nothing. top_px (N, 2): where the fitted camera sees
    each top, given its foot. disagreement (N,): how strongly everything else speaks against a mark, 1 where it
    becomes suspect; NaN where nothing else determines the place.
    """

    marks: tuple[HeightMark, ...]
    estimate: PoseEstimate
    before: PoseEstimate | None
    top_px: Float
    disagreement: Float

    @property
    def off_px(self) -> Float:
        """How far each top was clicked from where it is seen (N,)."""
        return np.asarray(np.linalg.norm(self.top_px - [mark.top_px for mark in self.marks], axis=1))

    @property
    def suspect(self) -> int | None:
        """The one mark that does not agree with the rest, if there is one."""
        if np.isnan(self.disagreement).all():
            return None
        worst = int(np.nanargmax(self.disagreement))
        return worst if self.disagreement[worst] > 1 else None


@dataclass(frozen=True)
class _Marks:
    """Pixels as seen (N, 2) and heights (N,)."""

    foot: Float
    top: Float
    height: Float


@dataclass(frozen=True)
class _Linear:
    """Residuals (M,), their derivatives by the camera's centre with the sign turned (M, 3), their covariance (M, M)."""

    residual: Float
    design: Float
    covariance: Float

    def only(self, rows: NDArray[np.intp]) -> _Linear:
        return _Linear(self.residual[rows], self.design[rows], self.covariance[np.ix_(rows, rows)])

    def solve(self) -> tuple[Float, Float]:
        """The step of the centre (3,) and the gain (3, M) that makes it."""
        weighted = np.linalg.solve(self.covariance, self.design)
        gain = np.linalg.solve(self.design.T @ weighted, weighted.T)
        return gain @ self.residual, gain


def fit_heights(
    fitted: Adjustment, frame: LocalFrame, marks: Sequence[HeightMark], focal_px: float | None = None
) -> HeightFit:
    """The camera's place and height from marks and from what the ground's homography says of them.

    One mark helps where the ground points hold the pose; two or more, apart from each other, do without. focal_px:
    when the field of view is known. Raises HeightsError that names the marks.
    """
    _refuse(fitted, marks)
    seen = _Marks(
        np.array([mark.foot_px for mark in marks], dtype=np.float64),
        np.array([mark.top_px for mark in marks], dtype=np.float64),
        np.array([mark.height_m for mark in marks], dtype=np.float64),
    )
    prior = pose_spread(fitted, frame, focal_px)
    centre = _start(fitted, seen)
    if centre is None:
        if prior is None:
            raise _undetermined(marks)
        centre = prior.centre[:3]
    for _ in range(STEPS):
        try:
            step, _gain = _linearise(fitted, seen, centre, prior).solve()
        except np.linalg.LinAlgError:
            raise _undetermined(marks) from None
        centre = centre + step
        if not np.isfinite(centre).all() or centre[2] < LOWEST_M:
            raise _contradicting(marks)
        if np.abs(step).max() < CONVERGED_M:
            break
    linear = _linearise(fitted, seen, centre, prior)
    return HeightFit(
        marks=tuple(marks),
        estimate=_estimate(fitted, frame, linear, centre, focal_px),
        before=prior.estimate if prior else None,
        top_px=_seen_tops(fitted.matrix, fitted.k, fitted.image_size, seen, centre),
        disagreement=_disagreement(linear, len(marks)),
    )


def _refuse(fitted: Adjustment, marks: Sequence[HeightMark]) -> None:
    """Marks that cannot be, by name."""
    for mark in marks:
        if not 0 < mark.height_m <= MAX_HEIGHT_M:
            raise HeightsError(
                say(
                    "{name} cannot be {height} m high: give the metres from its foot to its top",
                    name=mark.name,
                    height=f"{mark.height_m:g}",
                ),
                [mark.name],
            )
        if np.linalg.norm(np.subtract(mark.foot_px, mark.top_px)) < 3 * CLICK_SIGMA_PX:
            raise HeightsError(say("foot and top of {name} are the same pixel", name=mark.name), [mark.name])
    feet = RadialLens.for_image(fitted.k, fitted.image_size).undistort([mark.foot_px for mark in marks])
    middle = np.linalg.inv(fitted.to_source)[:2, 2][None]  # of the control points, which lie on the ground
    w = apply_homography(fitted.matrix, np.vstack([middle, feet]))[1]
    for mark, side in zip(marks, w[1:] * np.sign(w[0]), strict=True):
        if not side > 0:
            raise HeightsError(
                say(
                    "the foot of {name} lies above the horizon: mark where it stands on the ground",
                    name=mark.name,
                ),
                [mark.name],
            )


def _undetermined(marks: Sequence[HeightMark]) -> HeightsError:
    names = [mark.name for mark in marks]
    return HeightsError(
        say(
            "{names} alone do not determine where the camera hangs; mark another thing of known height, well apart",
            names=", ".join(names),
        ),
        names,
    )


def _contradicting(marks: Sequence[HeightMark]) -> HeightsError:
    names = [mark.name for mark in marks]
    return HeightsError(
        say(
            "the heights of {names} contradict the points on the ground; look at foot, top and metres again",
            names=", ".join(names),
        ),
        names,
    )


def _ground(matrix: Float, k: float, size: tuple[int, int], px: Float) -> Float:
    """(N, 3): pixels as seen, homogeneous on the ground of the local frame."""
    undistorted = RadialLens.for_image(k, size).undistort(px)
    return np.column_stack([undistorted, np.ones(len(px))]) @ matrix.T


def _seen_tops(
    matrix: Float, k: float, size: tuple[int, int], seen: _Marks, centre: Float, lean: Float | None = None
) -> Float:
    """(N, 2): where a camera at `centre` sees the tops above the feet; lean: (2,) metres by which tops are aside."""
    foot = _ground(matrix, k, size, seen.foot)
    foot_xy = foot[:, :2] / foot[:, 2:] + (0.0 if lean is None else lean)
    height, camera_m = seen.height[:, None], centre[2]
    aimed = np.column_stack([foot_xy * camera_m - centre[:2] * height, camera_m - height])
    px = aimed @ np.linalg.inv(matrix).T
    return RadialLens.for_image(k, size).distort(px[:, :2] / px[:, 2:])


def _start(fitted: Adjustment, seen: _Marks) -> Float | None:
    """The centre by plain linear least squares over two marks or more; None when they do not determine it."""
    foot = _ground(fitted.matrix, fitted.k, fitted.image_size, seen.foot)
    top = _ground(fitted.matrix, fitted.k, fitted.image_size, seen.top)
    foot_xy = foot[:, :2] / foot[:, 2:]
    top = top / np.linalg.norm(top, axis=1, keepdims=True)
    design = np.zeros((2 * len(foot), 3))
    design[0::2, 0] = design[1::2, 1] = seen.height * top[:, 2]
    design[:, 2] = (top[:, :2] - foot_xy * top[:, 2:]).ravel()
    right = (top[:, :2] * seen.height[:, None]).ravel()
    solution, _, rank, _ = np.linalg.lstsq(design, right, rcond=RANK)
    good = rank == 3 and np.isfinite(solution).all() and solution[2] > LOWEST_M
    return solution if good else None


def _linearise(fitted: Adjustment, seen: _Marks, centre: Float, prior: PoseSpread | None) -> _Linear:
    """Everything around a centre: two rows for each mark, then three of what the ground points say of it."""
    size = fitted.image_size

    def tops(matrix: Float = fitted.matrix, k: float = fitted.k, at: Float = centre, what: _Marks = seen,
             lean: Float | None = None) -> Float:  # fmt: skip
        return _seen_tops(matrix, k, size, what, at, lean).ravel()

    there = tops()
    design = np.column_stack([(tops(at=centre + _STEP_M * axis) - there) / _STEP_M for axis in np.eye(3)])
    noise = CLICK_SIGMA_PX**2 * np.eye(len(there))
    # What is a mark's own, its foot, its height and its lean, reaches its own two rows only.
    for axis in np.eye(2):
        moved = _Marks(seen.foot + _STEP_PX * axis, seen.top, seen.height)
        noise += _own(CLICK_SIGMA_PX * (tops(what=moved) - there) / _STEP_PX)
        noise += _own(np.repeat(LEAN * seen.height, 2) * (tops(lean=_STEP_M * axis) - there) / _STEP_M)
    taller = _Marks(seen.foot, seen.top, seen.height + _STEP_M)
    noise += _own(HEIGHT_SIGMA_M * (tops(what=taller) - there) / _STEP_M)
    # The homography's errors are everybody's: they move the tops one way and its own opinion of the centre another.
    shared = np.array(
        [
            tops(*fitted.with_parameters(fitted.parameters - step))
            - tops(*fitted.with_parameters(fitted.parameters + step))
            for step in steps_of(fitted)
        ]
    )
    shared = shared.reshape(-1, len(there)).T / (2 * STEP_SIGMAS)
    residual = seen.top.ravel() - there
    if prior is None:
        return _Linear(residual, design, noise + shared @ shared.T)
    both = np.vstack([shared, prior.changes[:, :3].T])
    covariance = both @ both.T
    covariance[: len(there), : len(there)] += noise
    covariance[len(there) :, len(there) :] += prior.from_focal[:3, :3]
    return _Linear(np.append(residual, prior.centre[:3] - centre), np.vstack([design, np.eye(3)]), covariance)


def _own(column: Float) -> Float:
    """The covariance (2N, 2N) of what moves each mark's two rows independently of the other marks'."""
    found = np.zeros((len(column), len(column)))
    for i in range(0, len(column), 2):
        found[i : i + 2, i : i + 2] = np.outer(column[i : i + 2], column[i : i + 2])
    return found


def _estimate(
    fitted: Adjustment, frame: LocalFrame, linear: _Linear, centre: Float, focal_px: float | None
) -> PoseEstimate:
    """The pose with its uncertainty, which the residuals scale as `adjust` does."""
    cost = float(linear.residual @ np.linalg.solve(linear.covariance, linear.residual))
    factor = (PRIOR_WEIGHT + cost) / (PRIOR_WEIGHT + len(linear.residual) - 3)
    normal = linear.design.T @ np.linalg.solve(linear.covariance, linear.design)
    covariance = factor * np.linalg.inv(normal)
    sigma = np.sqrt(np.diag(covariance))

    def pose_at(place: Float, near_px: float | None = None) -> CameraPose:
        x, y = frame.to_3857(place[None, :2])[0].tolist()
        if focal_px is not None:
            return CameraPose((x, y), float(place[2]), focal_px)
        return pose_of_place(
            fitted.matrix,
            frame,
            fitted.image_size,
            ground_3857=(x, y),
            height_m=float(place[2]),
            near_px=near_px,
        )

    pose = pose_at(centre)
    # Along the axes of the error, since what is asked is a length of the focal length's gradient.
    values, vectors = np.linalg.eigh(covariance)
    steps = STEP_SIGMAS * np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
    moved = [pose_at(centre + step, pose.focal_px).focal_px - pose.focal_px for step in steps]
    focal_sigma = float(np.linalg.norm(moved) / STEP_SIGMAS)
    return PoseEstimate(pose, float(np.hypot(sigma[0], sigma[1])), float(sigma[2]), focal_sigma)


def _disagreement(linear: _Linear, count: int) -> Float:
    """(N,): each mark against what all the others, and the ground points, expect of it."""
    found = np.full(count, np.nan)
    everything = np.arange(len(linear.residual))
    for i in range(count):
        own = np.arange(2 * i, 2 * i + 2)
        rest = np.setdiff1d(everything, own)
        design = linear.design[rest]
        if len(rest) < 3 or np.linalg.matrix_rank(design, tol=RANK * np.abs(design).max()) < 3:
            continue
        others = linear.only(rest)
        step, gain = others.solve()
        # What the others expect of it, less what it says, and the covariance of that; their errors are shared.
        miss = linear.residual[own] - linear.design[own] @ step
        carried = linear.design[own] @ gain
        cross = carried @ linear.covariance[np.ix_(rest, own)]
        spread = (
            linear.covariance[np.ix_(own, own)] - cross - cross.T + carried @ others.covariance @ carried.T
        )
        found[i] = np.sqrt(float(miss @ np.linalg.solve(spread, miss)) / 2 / SUSPICIOUS)
    return found
