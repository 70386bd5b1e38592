# SPDX-License-Identifier: AGPL-3.0-or-later
"""Radial lens distortion with one parameter: the division model.

A wide lens bends straight kerbs, and a homography knows straight lines only. The paper's camera has a 102° lens.
The division model (Fitzgibbon, "Simultaneous linear estimation of multiple view geometry and lens distortion",
CVPR 2001) takes most of it out with one number and is inverted in closed form, so that the way from pixel to
ground and back costs nothing and loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["RadialLens"]

Float = NDArray[np.float64]


@dataclass(frozen=True)
class RadialLens:
    """undistorted = centre + (p - centre) / (1 + k r²), with r = |p - centre| / radius_px.

    Pixels are continuous: x to the right, y down, the top-left corner of the image at (0, 0), so that the centre
    of the first pixel is (0.5, 0.5). Barrel distortion, the usual kind, has k < 0.
    """

    k: float
    centre_px: tuple[float, float]
    radius_px: float

    @classmethod
    def for_image(cls, k: float, image_size: tuple[int, int]) -> RadialLens:
        """The lens of an image (width, height): centred, r = 1 in the corners."""
        width, height = image_size
        return cls(k, (width / 2, height / 2), float(np.hypot(width, height) / 2))

    def undistort(self, px: ArrayLike) -> Float:
        """Pixels (N, 2) as the camera saw them to pixels (N, 2) of an ideal pinhole; NaN where 1 + k r² ≤ 0."""
        offset = np.asarray(px, dtype=np.float64) - self.centre_px
        r2 = np.sum(offset**2, axis=-1, keepdims=True) / self.radius_px**2
        divisor = 1.0 + self.k * r2
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(divisor > 0, self.centre_px + offset / divisor, np.nan)

    def distort(self, px: ArrayLike) -> Float:
        """Pixels (N, 2) of an ideal pinhole to pixels (N, 2) as the camera sees them; NaN where k > 0 forbids."""
        offset = np.asarray(px, dtype=np.float64) - self.centre_px
        r2 = np.sum(offset**2, axis=-1, keepdims=True) / self.radius_px**2
        with np.errstate(invalid="ignore"):
            # Of the two roots of k r_u r_d² - r_d + r_u = 0 the one that tends to r_u as k → 0.
            return np.asarray(self.centre_px + offset * 2.0 / (1.0 + np.sqrt(1.0 - 4.0 * self.k * r2)))
