# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every segmentation engine takes and gives, so that the rest of SPARK need not know which one runs.

Pixel coordinates, everywhere in this room: x to the right, y down, continuous, origin at the *outer corner* of the
top left pixel. Pixel (column i, row j) covers [i, i+1) x [j, j+1), its centre is (i + 0.5, j + 0.5), and an image of
W x H pixels spans [0, W] x [0, H].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class SegmentationError(RuntimeError):
    """Something an operator can mend; the message names the thing and the cure."""


class WeightsError(SegmentationError):
    """A model file that is missing, broken, or of another kind than a YOLO segmentation model."""


class ImageError(SegmentationError, ValueError):
    """An image that cannot be read, or an array that is no colour image."""


@dataclass(frozen=True)
class CarMask:
    """One car as seen in an image.

    score: the model's confidence, 0 to 1; lowered for what the picture's edge cuts off (`masks.CUT_OFF_SHARE`).
    polygons: exterior rings of the visible pieces of this one car, largest first; each of shape (N, 2), float64,
        N >= 3, pixels of the original image as described above, open (the first point is not repeated). Rings come
        from contours and may touch themselves: make them valid once, where pixels become ground.
    """

    score: float
    polygons: tuple[NDArray[np.float64], ...]


class Segmenter(Protocol):
    """Finds cars in images. One instance belongs to one thread."""

    @property
    def name(self) -> str:
        """Weights and the beginning of their SHA-256, as kept with every published result."""

    def segment(self, images: Sequence[NDArray[np.uint8]]) -> list[list[CarMask]]:
        """Cars of each image, best score first. Images: (H, W, 3) uint8, BGR, sizes may differ.

        Raises ImageError when an array is something else.
        """


def check_image(image: NDArray[np.uint8], position: int = 0) -> None:
    """Refuse, by its position in the batch, what is not a (H, W, 3) uint8 array."""
    if not isinstance(image, np.ndarray):
        raise ImageError(
            f"image {position}: expected a numpy array (H, W, 3) of uint8, got {type(image).__name__}"
        )
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ImageError(
            f"image {position}: expected an array (H, W, 3) of uint8 in BGR order, got shape {image.shape} of {image.dtype}"
        )
