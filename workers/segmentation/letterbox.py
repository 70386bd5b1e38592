# SPDX-License-Identifier: AGPL-3.0-or-later
"""Scaling an image into a network's input and points back again, without losing part of a pixel.

The arithmetic is the one the weights were trained with (Ultralytics' letterbox): one scale for both axes, rounded
content size, grey padding shared between both sides. A rounding rule that differs moves every mask by a pixel, which
far from the camera is half a metre of ground, so a test pins these numbers. Coordinates as in `protocol`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

PADDING_GREY = 114  # the value YOLO models meet as padding in training
STRIDE = 32  # input sides are multiples of the network's coarsest stride
LEAST_LONG_SIDE = 1280  # the car sizes the shipped model was tuned at
MOST_LONG_SIDE = 1600  # from here on it finds more and costs more than it is worth on a CPU


@dataclass(frozen=True)
class Letterbox:
    """How an image of `source_size` lies in a network input of `input_size`; all sizes are (width, height)."""

    source_size: tuple[int, int]
    input_size: tuple[int, int]
    content_size: tuple[int, int]
    left: int
    top: int

    @property
    def scale(self) -> tuple[float, float]:
        """Input pixels per source pixel along x and y. They differ slightly, since the content size is rounded."""
        return self.content_size[0] / self.source_size[0], self.content_size[1] / self.source_size[1]

    @property
    def content_box(self) -> tuple[float, float, float, float]:
        """Where the image lies in the input: x1, y1, x2, y2 in input pixels."""
        width, height = self.content_size
        return self.left, self.top, self.left + width, self.top + height

    def apply(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The image (H, W, 3) scaled and padded to (input height, input width, 3)."""
        width, height = self.input_size
        if (image.shape[1], image.shape[0]) != self.content_size:
            image = cv2.resize(image, self.content_size, interpolation=cv2.INTER_LINEAR)
        right = width - self.content_size[0] - self.left
        bottom = height - self.content_size[1] - self.top
        if not (self.left or self.top or right or bottom):
            return np.ascontiguousarray(image)
        return cv2.copyMakeBorder(
            image, self.top, bottom, self.left, right, cv2.BORDER_CONSTANT, value=(PADDING_GREY,) * 3
        )

    def to_source(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Input pixels (N, 2) to pixels of the original image (N, 2)."""
        return (np.asarray(points_px, np.float64) - (self.left, self.top)) / self.scale

    def to_input(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pixels of the original image (N, 2) to input pixels (N, 2)."""
        return np.asarray(points_px, np.float64) * self.scale + (self.left, self.top)


def usual_long_side(source_size: tuple[int, int]) -> int:
    """Input pixels of the longer side of a picture (width, height), where nobody says otherwise.

    Its own size where the model knows cars of that size. Far small cars are worth the pixels that are there; a picture
    blown up shows nothing new, but more that looks like a car.
    """
    return min(max(*source_size, LEAST_LONG_SIDE), MOST_LONG_SIDE)


def fit_letterbox(
    source_size: tuple[int, int], long_side: int | None = None, stride: int = STRIDE
) -> Letterbox:
    """Scale (up or down) so that the longer side is `long_side`; pad the shorter to the next multiple of `stride`.

    `source_size` is (width, height); `long_side` is rounded up to a multiple of `stride`; None: `usual_long_side`.
    """
    if long_side is None:
        long_side = usual_long_side(source_size)
    long_side = -(-long_side // stride) * stride
    width, height = _content_size(source_size, (long_side, long_side))
    return _centre(
        source_size, (width, height), (-(-width // stride) * stride, -(-height // stride) * stride)
    )


def fit_letterbox_into(source_size: tuple[int, int], input_size: tuple[int, int]) -> Letterbox:
    """The same for a model whose input size (width, height) cannot change."""
    return _centre(source_size, _content_size(source_size, input_size), input_size)


def _content_size(source_size: tuple[int, int], input_size: tuple[int, int]) -> tuple[int, int]:
    ratio = min(input_size[0] / source_size[0], input_size[1] / source_size[1])
    return max(round(source_size[0] * ratio), 1), max(round(source_size[1] * ratio), 1)


def _centre(source_size: tuple[int, int], content: tuple[int, int], input_size: tuple[int, int]) -> Letterbox:
    # The 0.1 makes an odd pixel of padding fall to the right and below, as in training.
    left = round((input_size[0] - content[0]) / 2 - 0.1)
    top = round((input_size[1] - content[1]) / 2 - 0.1)
    return Letterbox(source_size, input_size, content, left, top)
