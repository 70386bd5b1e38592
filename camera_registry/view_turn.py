# SPDX-License-Identifier: AGPL-3.0-or-later
"""How one view of a camera lies to another: a 3 × 3 matrix between their undistorted pixels, and what follows from it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camera_registry.calibration import Calibration
from camera_registry.homography import Homography, apply_homography
from camera_registry.view_reference import ViewReference

__all__ = ["ViewShift", "corrected", "displacement_px", "moved_reference", "pixel_grid", "seen_through"]

Float = NDArray[np.float64]


@dataclass(frozen=True)
class ViewShift:
    """How a frame's view lies to its reference.

    to_reference: 3 × 3, undistorted pixels of the frame to undistorted pixels of the reference; None when the view
    was not recognised. shift_px: the largest displacement of a pixel as seen, anywhere in the picture; sigma_px: its
    standard deviation. inliers: static keypoints that agree, of `kept` in the look; look: the one it was known by.
    """

    to_reference: Float | None
    shift_px: float
    sigma_px: float
    inliers: int
    kept: int
    look: int

    @property
    def recognised(self) -> bool:
        """Whether the view is the reference's, from wherever in it the camera looks."""
        return self.to_reference is not None


def corrected(calibration: Calibration, to_reference: Float) -> Calibration:
    """The calibration of a view that has moved: `to_reference` leads its undistorted pixels to the calibrated ones."""
    matrix = calibration.homography.matrix @ to_reference
    return dataclasses.replace(calibration, homography=Homography.from_matrix(matrix))


def moved_reference(reference: ViewReference, to_reference: Float, calibration: Calibration) -> ViewReference:
    """The reference for a calibration made by `corrected`: the same looks, where they are in the new view."""
    back = np.linalg.inv(to_reference)
    looks = tuple(
        dataclasses.replace(look, px=seen_through(back, look.px, calibration)) for look in reference.looks
    )
    return ViewReference(reference.image_size, looks)


def seen_through(matrix: Float, px: Float, calibration: Calibration) -> Float:
    """Pixels as seen, (N, 2), through a 3 × 3 matrix between undistorted pixels."""
    moved, _ = apply_homography(matrix, calibration.undistort(px))
    return calibration.lens.distort(moved) if calibration.lens else moved


def displacement_px(matrix: Float, calibration: Calibration) -> float:
    """How far a 3 × 3 matrix between undistorted pixels moves a pixel as seen at most, anywhere in the picture."""
    grid = pixel_grid(calibration.image_size)
    return float(np.nanmax(np.linalg.norm(seen_through(matrix, grid, calibration) - grid, axis=1)))


def pixel_grid(image_size: tuple[int, int]) -> Float:
    """Pixels spread over a picture of (width, height), its corners among them, (63, 2)."""
    width, height = image_size
    x, y = np.meshgrid(np.linspace(0, width, 9), np.linspace(0, height, 7))
    return np.column_stack([x.ravel(), y.ravel()])
