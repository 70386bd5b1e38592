# SPDX-License-Identifier: AGPL-3.0-or-later
"""How bright and how sharp a frame is, in numbers that may be kept when the frame may not."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_registry.privacy_mask import PrivacyMask
from camera_registry.view_features import WORKING_WIDTH_PX

__all__ = ["FrameQuality", "frame_quality"]

#: JPEG can be decoded at a half, a quarter or an eighth at a fraction of the cost; the coarsest that is wide enough.
_REDUCED = (
    (8, cv2.IMREAD_REDUCED_GRAYSCALE_8),
    (4, cv2.IMREAD_REDUCED_GRAYSCALE_4),
    (2, cv2.IMREAD_REDUCED_GRAYSCALE_2),
)


@dataclass(frozen=True)
class FrameQuality:
    """image_size: (width, height), pixels. brightness: mean grey value outside the privacy mask, 0 to 255.
    sharpness: standard deviation of the Laplacian at the working width, grey values, as of `view_features`."""

    image_size: tuple[int, int]
    brightness: float
    sharpness: float


def frame_quality(jpeg: bytes, image_size: tuple[int, int], mask: PrivacyMask | None = None) -> FrameQuality:
    """Measure a whole JPEG of `image_size`. Raises ValueError when it cannot be decoded or its mask does not fit."""
    width = image_size[0]
    flag = next((flag for by, flag in _REDUCED if width >= by * WORKING_WIDTH_PX), cv2.IMREAD_GRAYSCALE)
    grey = cv2.imdecode(np.frombuffer(jpeg, np.uint8), flag | cv2.IMREAD_IGNORE_ORIENTATION)
    if grey is None:
        raise ValueError("the picture cannot be decoded")
    seen = np.full(grey.shape, 255, np.uint8)
    if mask:
        mask.blacken(grey)
        mask.blacken(seen)
    small, visible = _at_working_width(np.asarray(grey, np.uint8)), _at_working_width(seen)
    whole = cv2.erode(visible, np.ones((5, 5), np.uint8)) == 255  # the mask's own edge is no sharpness
    return FrameQuality(
        image_size,
        float(small[whole].mean()) if whole.any() else 0.0,
        float(cv2.Laplacian(small, cv2.CV_32F)[whole].std()) if whole.any() else 0.0,
    )


def _at_working_width(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = grey.shape
    if width <= WORKING_WIDTH_PX:
        return grey
    size = (WORKING_WIDTH_PX, max(1, round(height * WORKING_WIDTH_PX / width)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
