# SPDX-License-Identifier: AGPL-3.0-or-later
"""The projective transformation with eight parameters, from image pixels to the ground in EPSG:3857.

    x = (a₁u + a₂v + a₃) / (a₇u + a₈v + 1)        y = (a₄u + a₅v + a₆) / (a₇u + a₈v + 1)

as in the SPARK paper (§3.3.2; Ghilani, Adjustment Computations). Two things the formula does not say are settled
here. Ground is seen from above, so the map from the image (y down) to the ground (y north) turns orientation over;
that tells on which side of the horizon, the line where the denominator is zero, the ground lies. And coordinates of
about 4·10⁶ would eat the digits of every inverse, so the arithmetic runs around an anchor on the ground.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Homography", "apply_homography", "fit_homography", "normalisation"]

Float = NDArray[np.float64]

#: Gauss-Newton steps after the linear solution; it has converged to 1e-12 after three or four.
REFINEMENT_STEPS = 12


def apply_homography(matrix: Float, points: ArrayLike) -> tuple[Float, Float]:
    """Points (N, 2) through a 3 × 3 matrix: the result (N, 2) and the denominators w (N,)."""
    points = np.asarray(points, dtype=np.float64)
    homogeneous = points @ matrix[:, :2].T + matrix[:, 2]
    w = homogeneous[..., 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        return homogeneous[..., :2] / w[..., None], w


@dataclass(frozen=True)
class Homography:
    """Eight parameters a₁…a₈ from undistorted pixels to EPSG:3857."""

    parameters: tuple[float, float, float, float, float, float, float, float]

    def __post_init__(self) -> None:
        if len(self.parameters) != 8 or not np.all(np.isfinite(self.parameters)):
            raise ValueError(f"a homography has eight finite parameters, got {self.parameters!r}")
        if abs(np.linalg.det(self._local)) < 1e-300:
            raise ValueError("these eight parameters are degenerate: they map the image onto a line")

    @classmethod
    def from_matrix(cls, matrix: Float) -> Homography:
        """From a 3 × 3 matrix of any scale. Raises ValueError when the horizon passes through pixel (0, 0)."""
        matrix = np.asarray(matrix, dtype=np.float64)
        if abs(matrix[2, 2]) < 1e-12 * np.abs(matrix[2]).max():
            raise ValueError(
                "the horizon passes through the image's top-left corner: eight parameters cannot say that"
            )
        a = (matrix / matrix[2, 2]).ravel()[:8]
        return cls((a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]))

    @property
    def matrix(self) -> Float:
        """The 3 × 3 matrix, pixels to EPSG:3857, its last entry 1."""
        return np.append(np.array(self.parameters), 1.0).reshape(3, 3)

    @cached_property
    def anchor_3857(self) -> Float:
        """A point of the visible ground, well below the horizon, (2,)."""
        gradient = np.array(self.parameters[6:8])
        steepness = float(gradient @ gradient)
        candidates = np.zeros((2, 2))
        if steepness > 0:
            candidates = np.array([gradient * (2 * side - 1) / steepness for side in (1.0, -1.0)])
        matrix = self.matrix
        side = 0 if np.linalg.det(matrix[:2, :2] - np.outer(matrix[:2, 2], matrix[2, :2])) < 0 else 1
        xy, _ = apply_homography(matrix, candidates[side][None])
        return np.asarray(xy[0])

    @cached_property
    def _local(self) -> Float:
        """Pixels to EPSG:3857 minus the anchor: small numbers, safe to invert."""
        local = self.matrix
        local[:2] -= np.outer(self.anchor_3857, local[2])
        return local

    @cached_property
    def _local_inverse(self) -> Float:
        return np.asarray(np.linalg.inv(self._local))

    @cached_property
    def visible_sign(self) -> float:
        """The sign of the denominator below the horizon: the Jacobian det(H)/w³ must be negative there."""
        return -float(np.sign(np.linalg.det(self._local)))

    def denominator(self, px: ArrayLike) -> Float:
        """w at undistorted pixels (N, 2), made positive on the visible ground and falling to 0 at the horizon."""
        return np.asarray(np.asarray(px, dtype=np.float64) @ self.matrix[2, :2] + 1.0) * self.visible_sign

    def to_3857(self, px: ArrayLike) -> Float:
        """Undistorted pixels (N, 2) to EPSG:3857 (N, 2); NaN on and above the horizon."""
        xy, w = apply_homography(self._local, px)
        return np.where((w * self.visible_sign > 0)[..., None], xy + self.anchor_3857, np.nan)

    def to_px(self, xy_3857: ArrayLike) -> Float:
        """EPSG:3857 (N, 2) to undistorted pixels (N, 2); NaN for ground behind the camera."""
        local = np.asarray(xy_3857, dtype=np.float64) - self.anchor_3857
        px, w = apply_homography(self._local_inverse, local)
        return np.where((w * self.visible_sign > 0)[..., None], px, np.nan)


def normalisation(points: Float) -> Float:
    """Hartley's similarity (PAMI 1997): centroid to the origin, mean distance √2; 3 × 3."""
    centre = points.mean(axis=0)
    spread = float(np.mean(np.linalg.norm(points - centre, axis=1)))
    if spread == 0:
        raise ValueError("all control points coincide")
    scale = np.sqrt(2) / spread
    return np.array([[scale, 0, -scale * centre[0]], [0, scale, -scale * centre[1]], [0, 0, 1]])


def _design_matrix(px: Float, xy: Float) -> Float:
    """The 2N × 9 matrix of the direct linear transformation."""
    ones, zeros = np.ones(len(px)), np.zeros((len(px), 3))
    source = np.column_stack([px, ones])
    top = np.hstack([source, zeros, -xy[:, :1] * source])
    bottom = np.hstack([zeros, source, -xy[:, 1:] * source])
    return np.vstack([top, bottom])


def fit_homography(px: ArrayLike, xy_m: ArrayLike) -> tuple[Float, float]:
    """Least squares on ground residuals: a 3 × 3 matrix from pixels to metres, and the condition number.

    px: (N, 2) undistorted pixels; xy_m: (N, 2) true metres in a local frame; N ≥ 4. The direct linear
    transformation on normalised coordinates (Hartley & Zisserman, Multiple View Geometry, alg. 4.2) starts a
    Gauss-Newton descent on the residuals that count, those on the ground. The condition number is that of the
    normalised design matrix, largest over smallest singular value of the eight that should not vanish; it is
    infinite for degenerate points.
    """
    px, xy_m = np.asarray(px, dtype=np.float64), np.asarray(xy_m, dtype=np.float64)
    if len(px) < 4:
        raise ValueError(f"a homography needs at least 4 control points, got {len(px)}")
    to_n, ground_n = normalisation(px), normalisation(xy_m)
    source, _ = apply_homography(to_n, px)
    target, _ = apply_homography(ground_n, xy_m)
    _, singular, vt = np.linalg.svd(_design_matrix(source, target))
    condition = float(singular[0] / singular[7]) if singular[7] > 0 else float("inf")
    matrix = _refine(vt[-1].reshape(3, 3), source, target)
    return np.linalg.inv(ground_n) @ matrix @ to_n, condition


def _refine(matrix: Float, source: Float, target: Float) -> Float:
    """Gauss-Newton on |target - H(source)|² with eight degrees of freedom; keeps the best seen."""
    matrix = matrix / np.linalg.norm(matrix)
    best, best_cost = matrix, np.inf
    for _ in range(REFINEMENT_STEPS):
        projected, w = apply_homography(matrix, source)
        residual = (target - projected).ravel()
        cost = float(residual @ residual)
        if not np.isfinite(cost) or cost >= best_cost * (1 - 1e-12):
            break
        best, best_cost = matrix, cost
        homogeneous = np.column_stack([source, np.ones(len(source))]) / w[:, None]
        jacobian = np.zeros((len(source), 2, 9))
        jacobian[:, 0, 0:3] = homogeneous
        jacobian[:, 1, 3:6] = homogeneous
        jacobian[:, :, 6:9] = -projected[:, :, None] * homogeneous[:, None, :]
        # The scale of the matrix is free: the minimum-norm solution leaves it alone.
        step = np.linalg.lstsq(jacobian.reshape(-1, 9), residual, rcond=1e-12)[0]
        matrix = matrix + step.reshape(3, 3)
        matrix = matrix / np.linalg.norm(matrix)
    return best
