# SPDX-License-Identifier: AGPL-3.0-or-later
"""Adjustment of a calibration: the eight parameters, and the lens's one, by weighted least squares on ground residuals.

A click that is a pixel off is centimetres off near the camera and metres off towards the horizon. Each ground residual
is therefore weighted by what a pixel and the map are worth at its place (Ghilani, Adjustment Computations, ch. 10),
and the same propagation of errors (ch. 6) gives the covariance of the parameters, and with it the error that must be
expected at any pixel. Unweighted, the farthest points alone would decide.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from camera_registry.homography import apply_homography, fit_homography, normalisation
from camera_registry.lens import RadialLens

__all__ = ["Adjustment", "LeaveOneOut", "adjust", "leave_one_out"]

Float = NDArray[np.float64]

#: What a careful click is worth, pixels, and what a place read from a good map or receiver is worth, true metres; one
#: standard deviation along each axis.
CLICK_SIGMA_PX = 1.0
MAP_SIGMA_M = 0.05
#: The residuals correct these two by one factor. With few points they can say little, so that what is expected
#: beforehand counts as this many residuals.
PRIOR_WEIGHT = 4.0
#: Gauss-Newton steps; weights follow the fit in the first ones and then stand still.
STEPS = 12
REWEIGHTED_STEPS = 4
#: Steps for a fit that begins beside its end.
WARM_STEPS = 3
#: A change of the residuals' sum of squares by less than this share is none.
CONVERGED = 1e-12
#: Singular values below this share of the largest are the matrix's free scale, or nothing that the points determine.
RANK = 1e-9
#: A point is suspected when leaving it out makes the others' mean square this many times smaller than chance would.
SUSPICIOUS = 10.0
#: A wrong lens term bends pixels out of the plane; the fit stops before.
LENS_LIMITS = (-0.9, 0.5)


@dataclass(frozen=True)
class Adjustment:
    """A fitted camera with what is known of its certainty.

    matrix: 3 × 3, undistorted pixels to true metres of the local frame. k: of `RadialLens.for_image`. covariance:
    10 × 10, of the normalised matrix's nine entries and of k. variance_factor: how much larger the residuals' squares
    are than CLICK_SIGMA_PX and MAP_SIGMA_M promise. weighted_cost: sum of squares of the weighted residuals.
    """

    image_size: tuple[int, int]
    matrix: Float
    k: float
    fits_lens: bool
    covariance: Float
    variance_factor: float
    weighted_cost: float
    to_source: Float
    to_target: Float

    @property
    def parameters(self) -> Float:
        """(10,): the normalised matrix's entries and k, in the covariance's order."""
        normal = self.to_target @ self.matrix @ np.linalg.inv(self.to_source)
        return np.append((normal / np.linalg.norm(normal)).ravel(), self.k)

    def with_parameters(self, parameters: Float) -> tuple[Float, float]:
        """The matrix and k of other parameters than the fitted ones."""
        normal = parameters[:9].reshape(3, 3)
        return np.linalg.inv(self.to_target) @ normal @ self.to_source, float(parameters[9])

    def ground_m(self, px: ArrayLike) -> Float:
        """Pixels as seen (N, 2) to metres of the local frame (N, 2), whichever side of the horizon they lie on."""
        return apply_homography(self.matrix, _lens(self.k, self.image_size).undistort(px))[0]

    def ground_covariance(self, px: ArrayLike) -> Float:
        """(N, 2, 2), square metres: of the ground that pixels as seen (N, 2) are believed to show.

        Of the calibration alone: where the camera's mean ground lies, not what a further click would add.
        """
        state = _State(self.parameters[:9].reshape(3, 3), self.k)
        linear = _linearise(state, np.asarray(px, dtype=np.float64), self.image_size, self.to_source)
        scale = self.to_target[0, 0]
        jacobian = linear.jacobian / scale
        return np.asarray(jacobian @ self.covariance @ np.swapaxes(jacobian, 1, 2))

    def ground_sigma_m(self, px: ArrayLike) -> Float:
        """(N,): root mean square distance by which the ground behind pixels (N, 2) must be expected to be wrong."""
        return np.asarray(np.sqrt(np.trace(self.ground_covariance(px), axis1=1, axis2=2)))


@dataclass(frozen=True)
class _State:
    """Normalised matrix (3 × 3, norm 1) and lens parameter."""

    matrix: Float
    k: float

    def moved(self, step: Float) -> _State:
        matrix = self.matrix + step[:9].reshape(3, 3)
        return _State(matrix / np.linalg.norm(matrix), float(np.clip(self.k + step[9], *LENS_LIMITS)))


@dataclass(frozen=True)
class _Linear:
    """The model around a state: what it says (N, 2), its derivatives by parameters (N, 2, 10) and pixels (N, 2, 2)."""

    said: Float
    jacobian: Float
    by_pixel: Float


@dataclass(frozen=True)
class _Points:
    """Pixels as seen, their places in normalised ground coordinates, and the scale of these per metre."""

    image_size: tuple[int, int]
    px: Float
    target: Float
    to_source: Float
    per_m: float

    def without(self, index: int) -> _Points:
        kept = np.arange(len(self.px)) != index
        return _Points(self.image_size, self.px[kept], self.target[kept], self.to_source, self.per_m)


def _lens(k: float, image_size: tuple[int, int]) -> RadialLens:
    return RadialLens.for_image(k, image_size)


def _linearise(state: _State, px: Float, image_size: tuple[int, int], to_source: Float) -> _Linear:
    lens = _lens(state.k, image_size)
    offset = px - np.asarray(lens.centre_px)
    r2 = np.sum(offset**2, axis=1, keepdims=True) / lens.radius_px**2
    divisor = 1.0 + state.k * r2
    source, _ = apply_homography(to_source, lens.centre_px + offset / divisor)
    scale = to_source[0, 0]
    by_k = -scale * offset * r2 / divisor**2
    outer = offset[:, :, None] * offset[:, None, :]
    undistorted_by_px = scale * (
        np.eye(2) / divisor[:, :, None] - 2 * state.k * outer / (lens.radius_px * divisor[:, :, None]) ** 2
    )
    said, w = apply_homography(state.matrix, source)
    homogeneous = np.column_stack([source, np.ones(len(source))]) / w[:, None]
    by_source = (state.matrix[:2, :2] - said[:, :, None] * state.matrix[2, :2]) / w[:, None, None]
    jacobian = np.zeros((len(px), 2, 10))
    jacobian[:, 0, 0:3] = homogeneous
    jacobian[:, 1, 3:6] = homogeneous
    jacobian[:, :, 6:9] = -said[:, :, None] * homogeneous[:, None, :]
    jacobian[:, :, 9] = np.einsum("nij,nj->ni", by_source, by_k)
    return _Linear(said, jacobian, by_source @ undistorted_by_px)


def _weights(by_pixel: Float, per_m: float) -> Float:
    """(N, 2, 2): what makes a residual's expected covariance the identity."""
    expected = CLICK_SIGMA_PX**2 * by_pixel @ np.swapaxes(by_pixel, 1, 2)
    expected = expected + (MAP_SIGMA_M * per_m) ** 2 * np.eye(2)
    return np.asarray(np.linalg.inv(np.linalg.cholesky(expected)))


def _whitened(state: _State, points: _Points, weights: Float | None) -> tuple[Float, Float, Float]:
    """Weighted residuals (N, 2), their jacobian (N, 2, 10), and the weights."""
    linear = _linearise(state, points.px, points.image_size, points.to_source)
    if weights is None:
        weights = _weights(linear.by_pixel, points.per_m)
    residual = np.einsum("nij,nj->ni", weights, points.target - linear.said)
    return residual, weights @ linear.jacobian, weights


def _fit(
    state: _State, points: _Points, fits_lens: bool, weights: Float | None = None, steps: int = STEPS
) -> tuple[_State, Float]:
    """Gauss-Newton from `state`; weights follow the fit unless they are given. Returns the best state and weights."""
    columns = 10 if fits_lens else 9
    follows = REWEIGHTED_STEPS if weights is None else 0
    best, best_cost = state, np.inf
    for step in range(steps + 1):
        with np.errstate(all="ignore"):
            if step < follows:
                try:
                    residual, jacobian, weights = _whitened(state, points, None)
                except np.linalg.LinAlgError:
                    break
                best_cost = np.inf
            else:
                residual, jacobian, weights = _whitened(state, points, weights)
            cost = float(np.sum(residual**2))
        if not np.isfinite(cost) or cost >= best_cost * (1 - CONVERGED) or step == steps:
            best = state if cost < best_cost else best
            break
        best, best_cost = state, cost
        change = np.zeros(10)
        change[:columns] = np.linalg.lstsq(
            jacobian[:, :, :columns].reshape(-1, columns), residual.ravel(), rcond=RANK
        )[0]
        state = state.moved(change)
    if weights is None:
        raise np.linalg.LinAlgError("these points cannot be weighted")
    return best, weights


def _points_of(px: Float, ground: Float, image_size: tuple[int, int], k: float) -> tuple[_Points, Float]:
    undistorted = _lens(k, image_size).undistort(px)
    to_source, to_target = normalisation(undistorted), normalisation(ground)
    target, _ = apply_homography(to_target, ground)
    return _Points(image_size, px, target, to_source, float(to_target[0, 0])), to_target


def _start(px: Float, ground: Float, points: _Points, to_target: Float, k: float) -> _State:
    matrix, _ = fit_homography(_lens(k, points.image_size).undistort(px), ground)
    normal = to_target @ matrix @ np.linalg.inv(points.to_source)
    return _State(normal / np.linalg.norm(normal), k)


def adjust(
    px: ArrayLike,
    ground_m: ArrayLike,
    image_size: tuple[int, int],
    *,
    k: float = 0.0,
    fits_lens: bool = False,
) -> Adjustment:
    """Fit N ≥ 4 control points: px (N, 2) as seen, ground_m (N, 2) true metres of a local frame.

    k is the lens term, or where its search begins when `fits_lens`. Raises ValueError and LinAlgError for points
    that determine nothing; `control_points.calibrate` names them before.
    """
    px, ground = np.asarray(px, dtype=np.float64), np.asarray(ground_m, dtype=np.float64)
    points, to_target = _points_of(px, ground, image_size, k)
    state, _ = _fit(_start(px, ground, points, to_target, k), points, fits_lens)
    residual, jacobian, _ = _whitened(state, points, None)
    columns = 10 if fits_lens else 9
    flat = jacobian[:, :, :columns].reshape(-1, columns)
    cost = float(np.sum(residual**2))
    spare = max(0, 2 * len(px) - columns + 1)
    factor = (PRIOR_WEIGHT + cost) / (PRIOR_WEIGHT + spare)
    covariance = np.zeros((10, 10))
    inverse = np.linalg.pinv(flat, rcond=RANK)
    covariance[:columns, :columns] = factor * inverse @ inverse.T
    matrix = np.linalg.inv(to_target) @ state.matrix @ points.to_source
    return Adjustment(
        image_size, matrix, state.k, fits_lens, covariance, factor, cost, points.to_source, to_target
    )


@dataclass(frozen=True)
class LeaveOneOut:
    """What the others say of each point; (N,) each, NaN where the others determine nothing.

    error_m: how far the point lands from its place when the others alone calibrate, true metres. error: the same in
    standard deviations of what was expected of the point. test: how much better the others agree without the point,
    as a ratio of mean squares (Baarda's data snooping, as an F test with 2 degrees of freedom).
    """

    error_m: Float
    error: Float
    test: Float

    @property
    def disagreement(self) -> Float:
        """How strongly the others speak against each point (N,): 1 where it becomes suspect."""
        return np.asarray(np.sqrt(self.test / SUSPICIOUS))

    @property
    def suspect(self) -> int | None:
        """The one point that the others speak against, if there is one."""
        if np.isnan(self.test).all():
            return None
        worst = int(np.nanargmax(self.test))
        return worst if self.test[worst] > SUSPICIOUS else None


def leave_one_out(fitted: Adjustment, px: ArrayLike, ground_m: ArrayLike) -> LeaveOneOut:
    """Fit each point's place by the others, lens term included.

    NaN with four points in all, whose fit is exact and proves nothing, and where what remains lies in a line.
    """
    px, ground = np.asarray(px, dtype=np.float64), np.asarray(ground_m, dtype=np.float64)
    columns = 10 if fitted.fits_lens else 9
    found = LeaveOneOut(*(np.full(len(px), np.nan) for _ in range(3)))
    spare = 2 * (len(px) - 1) - (columns - 1)
    if spare < 0 or len(px) <= 4:
        return found
    target, _ = apply_homography(fitted.to_target, ground)
    points = _Points(fitted.image_size, px, target, fitted.to_source, float(fitted.to_target[0, 0]))
    whole = _State(fitted.parameters[:9].reshape(3, 3), fitted.k)
    _, jacobian, weights = _whitened(whole, points, None)
    for i in range(len(px)):
        kept = np.arange(len(px)) != i
        singular = np.linalg.svd(jacobian[kept][:, :, :columns].reshape(-1, columns), compute_uv=False)
        if singular[columns - 2] < RANK * singular[0]:
            continue
        others = points.without(i)
        state, _ = _fit(whole, others, fitted.fits_lens, weights[kept], WARM_STEPS)
        linear = _linearise(state, px[i : i + 1], fitted.image_size, fitted.to_source)
        miss = target[i] - linear.said[0]
        found.error_m[i] = np.linalg.norm(miss) / points.per_m
        found.error[i] = np.linalg.norm(weights[i] @ miss)
        rest = float(np.sum(_whitened(state, others, weights[kept])[0] ** 2))
        gain = max(0.0, fitted.weighted_cost - rest) / 2
        found.test[i] = gain / ((PRIOR_WEIGHT + rest) / (PRIOR_WEIGHT + spare))
    return found
