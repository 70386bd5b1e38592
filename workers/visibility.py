# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether a picture shows anything at all: where no car could be seen, no ground is free.

A black frame, a snowed-in or fogged lens, a white-out: a network finds no car there, and a street without cars would be called
free from end to end. Every real street has edges somewhere: kerbs, lines, poles, roofs. So the steepest hundredth of a
small, smoothed copy's slopes is looked at; sensor grain and JPEG blocks are smoothed away before. Over photos by day, at
dusk and at night in the rain, of car parks without any car, and renders, it is 19 grey levels a pixel and more; under 95 %
fog, behind a lens blurred by a fortieth of the picture, or at a twentieth of the light it is below 5 (decision 024).
What is exactly black, as a privacy mask, is left out with its edges.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["why_nothing_can_be_said"]

#: The picture is looked at in this width, pixels, smoothed by one of them.
WIDTH_PX = 480
SMOOTHING_PX = 1.0
#: The share of the picture that has to have edges, in percent, and how steep, grey levels a pixel.
EDGES_PERCENT = 1.0
LEAST_SLOPE = 5.0
#: Pixels this near to exact black are left out; of the rest at least this share of the picture must be left.
VOID_MARGIN_PX = 4
LEAST_LEFT_SHARE = 0.02
#: Mean grey value under which such a picture is called black.
DARK_BELOW = 18.0
#: Sobel's kernel weighs the difference over two pixels by four.
SOBEL_SCALE = 1 / 8


def why_nothing_can_be_said(image: NDArray[np.uint8]) -> str:
    """A sentence that says why this image (H, W, 3) BGR shows nothing; empty when it shows something."""
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    height, width = grey.shape
    if width > WIDTH_PX:
        size = (WIDTH_PX, max(1, round(height * WIDTH_PX / width)))
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA))
    smooth = cv2.GaussianBlur(grey, (0, 0), SMOOTHING_PX)
    slope = cv2.magnitude(
        cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=SOBEL_SCALE),
        cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=SOBEL_SCALE),
    )
    void = cv2.dilate((grey == 0).astype(np.uint8), np.ones((2 * VOID_MARGIN_PX + 1,) * 2, np.uint8))
    left = slope[void == 0]
    enough = left.size >= LEAST_LEFT_SHARE * slope.size
    if enough and float(np.percentile(left, 100 - EDGES_PERCENT)) >= LEAST_SLOPE:
        return ""
    if not enough or float(grey[void == 0].mean()) < DARK_BELOW:
        return "The picture is nearly black."
    return "The picture shows next to nothing: the lens is covered, fogged, blinded or out of focus."
