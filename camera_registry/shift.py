# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether a camera still looks where it was calibrated, and by how much it does not.

A camera on a pole turns by wind, heat and birds: it rotates, seldom travels. Between two pictures of a rotating camera
lies K R K′⁻¹ with three angles and a zoom, whatever the distances in the scene (Hartley & Zisserman, Multiple View
Geometry, §8.4), so those four numbers are fitted to matched keypoints, after MAGSAC (Barath et al., CVPR 2020) has told
the static ones from passing cars. Without a known focal length all eight of a homography are.

Everything here is pixels; `view_turn.corrected` carries what was found over to a calibration.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_registry.calibration import Calibration
from camera_registry.homography import apply_homography, fit_homography
from camera_registry.view_features import look_from
from camera_registry.view_reference import Features, Look, ViewReference
from camera_registry.view_turn import ViewShift, displacement_px, pixel_grid, seen_through

__all__ = ["compare", "learned"]

Float = NDArray[np.float64]

#: Descriptors that differ in more of their 256 bits than this are not of one thing.
BITS, MAX_BITS = 256, 64
#: Matched keypoints within this distance of the model are static, in pixels of a 960 px wide picture.
INLIER_PX = 2.0
#: A view is known again by this many static keypoints in this many of the 4 × 3 parts of the picture. Fewer could be
#: a clock that the camera writes into its pictures, which never moves.
LEAST_INLIERS = 20
LEAST_PARTS = 4
PARTS = (4, 3)
#: ... and this sure of where: one standard deviation of the worst displacement, as a share of the width.
MAX_SIGMA_WIDTHS = 1.0 / 960
#: With so many static keypoints the other looks need not be asked.
PLENTY = 60
#: A view that is known by fewer than this share of a look's keypoints has changed its looks: time to learn one.
LEARN_BELOW = 0.2
#: A look is learned only from a place known to this, pixels of a 960 px wide picture: errors must not add up.
LEARN_SIGMA_PX = 0.2
LAST_GENERATION = 3
#: Keypoints are never better than this, pixels: robust weights must not lock on to those that agree by rounding.
LEAST_SPREAD_PX = 0.1
#: The fit is repeated with those that agree with it: a turn bends what the similarity that found them takes for straight.
ROUNDS = 3
#: A pair this many standard deviations off counts half. Pairs far off are shadows' edges that crept, so their weight
#: must fall with their distance, as Huber's does not.
CAUCHY_SPREADS = 2.0
_STEPS = 15
#: Steps smaller than this change nothing that can be seen, pixels.
LEAST_STEP_PX = 1e-3


_UNKNOWN = ViewShift(None, float("nan"), float("nan"), 0, 0, -1)


def compare(
    reference: ViewReference, features: Features, calibration: Calibration, *, first: int | None = None
) -> ViewShift:
    """Where a frame looks, against the reference of its calibration.

    `first` is asked first, the look by which the view was last known, since the street seldom looks different from one
    frame to the next; then the first look of all, in which no error has added up, then the others, newest first. Raises ValueError when the picture is of another size than the reference.
    """
    if features.image_size != reference.image_size:
        raise ValueError(
            f"the frame is {features.image_size[0]} × {features.image_size[1]} pixels, its reference"
            f" {reference.image_size[0]} × {reference.image_size[1]}"
        )
    order = sorted(range(len(reference.looks)), key=lambda i: (i != first, i != 0, -i))
    best = _UNKNOWN
    for index in order:
        shift = _against(reference.looks[index], index, features, calibration)
        best = max(best, shift, key=lambda s: (s.recognised, s.inliers))
        if best.recognised and best.inliers >= PLENTY:
            break
    return best


def learned(
    reference: ViewReference,
    features: Features,
    shift: ViewShift,
    calibration: Calibration,
    cars_px: list[Float],
) -> ViewReference | None:
    """The reference with this frame's look added, where the view has come to look different; else None.

    The keypoints are moved to where they would be had the camera not crept. cars_px: outlines in pixels as seen.
    """
    width = reference.image_size[0]
    if shift.to_reference is None or shift.sigma_px > LEARN_SIGMA_PX * width / 960:
        return None
    generation = reference.looks[shift.look].generation + 1
    if shift.inliers >= LEARN_BELOW * shift.kept or generation > LAST_GENERATION:
        return None
    look = look_from(features, cars_px)
    if look is None:
        return None
    px = seen_through(shift.to_reference, look.px, calibration)
    return reference.with_look(Look(px, look.descriptors, generation=generation))


def _against(look: Look, index: int, features: Features, calibration: Calibration) -> ViewShift:
    width, height = features.image_size
    nothing = dataclasses.replace(_UNKNOWN, kept=len(look.px), look=index)
    if len(features) == 0 or len(look.px) == 0:
        return nothing
    pairs = _pairs(features.descriptors, look.descriptors)
    if len(pairs) < LEAST_INLIERS:
        return nothing
    seen, there = features.px[pairs[:, 0]], look.px[pairs[:, 1]]
    now = calibration.undistort(seen)
    tolerance = INLIER_PX * max(1.0, width / 960)
    inliers = _static(now, calibration.undistort(there), tolerance)
    if inliers.sum() < LEAST_INLIERS:
        return nothing
    model = _model(now[inliers], there[inliers], calibration)
    if model is None:
        return nothing
    parameters = np.zeros(model.count)
    for _ in range(ROUNDS):
        fit = _least_squares(model, parameters, now[inliers], there[inliers], calibration)
        if fit is None:
            return nothing
        parameters, worst = fit
        matrix = model.matrix(parameters)
        inliers = np.linalg.norm(_seen_at(matrix, now, calibration) - there, axis=1) <= tolerance
        if inliers.sum() < LEAST_INLIERS:
            return nothing
    part = np.floor(seen[inliers] / (width, height) * PARTS).astype(int)
    count = int(inliers.sum())
    found = dataclasses.replace(nothing, inliers=count)
    if (
        count < LEAST_INLIERS
        or len(np.unique(part, axis=0)) < LEAST_PARTS
        or worst > MAX_SIGMA_WIDTHS * width
    ):
        return found
    shift_px = displacement_px(matrix, calibration)
    return dataclasses.replace(found, to_reference=matrix, shift_px=shift_px, sigma_px=worst)


def _pairs(descriptors: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.intp]:
    """(N, 2): rows of both, (·, 32) uint8, that are each other's nearest, and near.

    Bits as ±1 make the number of equal ones less the others a scalar product, exactly, and a matrix product does in two
    milliseconds what counting bits pair by pair does in five.
    """
    agree = _signs(descriptors) @ _signs(others).T
    nearest, back = agree.argmax(axis=1), agree.argmax(axis=0)
    rows = np.arange(len(descriptors))
    both = (back[nearest] == rows) & (agree[rows, nearest] >= BITS - 2 * MAX_BITS)
    return np.column_stack([rows[both], nearest[both]])


def _signs(descriptors: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.unpackbits(descriptors, axis=1).astype(np.float32) * 2 - 1


def _static(now: Float, then: Float, tolerance: float) -> NDArray[np.bool_]:
    """Which pairs moved together, (N,): by a similarity, or by a homography where the camera turned far.

    A similarity needs two pairs for a guess instead of four, so it still finds a view that has few of them left.
    """
    _, similar = cv2.estimateAffinePartial2D(
        now, then, method=cv2.RANSAC, ransacReprojThreshold=2 * tolerance, maxIters=1000, confidence=0.999
    )
    together = np.zeros(len(now), dtype=bool) if similar is None else similar.ravel().astype(bool)
    if together.sum() >= max(LEAST_INLIERS, len(now) / 4):
        return together
    _, projective = cv2.findHomography(now, then, cv2.USAC_MAGSAC, tolerance, maxIters=2000, confidence=0.999)
    if projective is not None and projective.sum() > together.sum():
        return np.asarray(projective.ravel().astype(bool))
    return together


@dataclass(frozen=True)
class _Model:
    """matrix: `count` parameters, each worth about a pixel, to the 3 × 3 matrix from now's undistorted pixels to then's."""

    matrix: Callable[[Float], Float]
    count: int


def _model(now: Float, then_px: Float, calibration: Calibration) -> _Model | None:
    """What may lie between two views. now: undistorted pixels; then_px: pixels as seen."""
    width, height = calibration.image_size
    if calibration.pose is None:
        try:
            start, condition = fit_homography(now, calibration.undistort(then_px))
        except ValueError:
            return None
        if not np.isfinite(condition):
            return None
        start = start / start[2, 2]
        # One unit of each parameter moves a corner of the picture by about a pixel.
        scale = np.array([1 / width, 1 / width, 1, 1 / width, 1 / width, 1, 1 / width**2, 1 / width**2])

        def free(parameters: Float) -> Float:
            return np.append(start.ravel()[:8] + parameters * scale, 1.0).reshape(3, 3)

        return _Model(free, 8)
    focal = calibration.pose.focal_px
    inner = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]])

    def turn(parameters: Float) -> Float:
        rotation, _ = cv2.Rodrigues(parameters[:3] / focal)
        zoomed = inner @ np.diag([1.0, 1.0, 1.0 + parameters[3] / width])
        return np.asarray(inner @ rotation @ np.linalg.inv(zoomed))

    return _Model(turn, 4)


def _seen_at(matrix: Float, undistorted: Float, calibration: Calibration) -> Float:
    """Undistorted pixels (N, 2) through a matrix, as the lens shows them; NaN behind the camera."""
    moved, w = apply_homography(matrix, undistorted)
    shown = calibration.lens.distort(moved) if calibration.lens else moved
    return np.where((w > 0)[:, None], shown, np.nan)


def _least_squares(
    model: _Model, parameters: Float, now: Float, then_px: Float, calibration: Calibration
) -> tuple[Float, float] | None:
    """Parameters by Gauss-Newton with Cauchy's weights, and one standard deviation of the worst displacement.

    Residuals are pixels as seen: a corner is found as exactly at the picture's edge as in its middle, but a wide lens
    stretches the edge when it is undistorted, and there those that hold the fit in the corners would pass for outliers.
    """

    def at(values: Float, points: Float) -> Float:
        return _seen_at(model.matrix(values), points, calibration)

    def slopes(values: Float, points: Float, there: Float) -> Float:
        steps = 1e-3 * np.eye(model.count)
        return np.stack([(at(values + step, points) - there) / 1e-3 for step in steps], axis=-1)

    spread = 1.0
    normal = np.eye(model.count)
    for _ in range(_STEPS):
        there = at(parameters, now)
        residual = then_px - there
        distance = np.linalg.norm(residual, axis=1)
        spread = max(float(np.median(distance)) / 1.1774, LEAST_SPREAD_PX)
        weight = 1.0 / (1.0 + (distance / (CAUCHY_SPREADS * spread)) ** 2)
        jacobian = slopes(parameters, now, there)
        weighted = (jacobian * weight[:, None, None]).reshape(-1, model.count)
        normal = weighted.T @ jacobian.reshape(-1, model.count)
        right = weighted.T @ residual.ravel()
        if not (np.isfinite(normal).all() and np.isfinite(right).all()):
            return None
        step = np.linalg.lstsq(normal, right, rcond=None)[0]
        parameters = parameters + step
        if np.abs(step).max() < LEAST_STEP_PX:
            break
    grid = calibration.undistort(pixel_grid(calibration.image_size))
    reach = slopes(parameters, grid, at(parameters, grid))
    variance = np.einsum("nki,ij,nkj->n", reach, np.linalg.pinv(normal), reach) * spread**2
    worst = float(np.sqrt(np.nanmax(variance)))
    return (parameters, worst) if np.isfinite(worst) else None
