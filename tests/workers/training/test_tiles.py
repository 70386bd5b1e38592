# SPDX-License-Identifier: AGPL-3.0-or-later
"""Training tiles: outlines stay on their cars, whatever the scale and place of the tile."""

from __future__ import annotations

import random

import cv2
import numpy as np
import pytest

from workers.training.tiles import Tiling, clip_to_rectangle, cut_tiles

SQUARE = [[0, 0], [10, 0], [10, 10], [0, 10]]


@pytest.mark.parametrize(
    ("ring", "area"),
    [
        pytest.param([[2, 2], [8, 2], [8, 8], [2, 8]], 36, id="inside"),
        pytest.param([[-5, 2], [5, 2], [5, 8], [-5, 8]], 30, id="half out to the left"),
        pytest.param([[-5, -5], [15, -5], [15, 15], [-5, 15]], 100, id="all around"),
        pytest.param([[5, -5], [15, 5], [5, 15], [-5, 5]], 100, id="corners out, area of the square left"),
        pytest.param([[20, 20], [30, 20], [30, 30]], 0, id="outside"),
    ],
)
def test_clipping(ring, area):
    clipped = clip_to_rectangle(np.array(ring, float), (10, 10))
    found = cv2.contourArea(clipped.astype(np.float32)) if len(clipped) else 0
    assert found == pytest.approx(area)
    if len(clipped):
        assert clipped.min() >= 0 and clipped.max() <= 10


@pytest.mark.parametrize("size", [(1600, 1200), (854, 480), (300, 300)])
def test_outlines_lie_on_the_pixels_they_describe(size):
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    x1, y1, x2, y2 = int(0.3 * width), int(0.4 * height), int(0.6 * width), int(0.7 * height)
    image[y1:y2, x1:x2] = 255
    ring = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]], float)
    seen = 0
    for tile, rings in cut_tiles(image, [ring], Tiling(640, 1280, 0.3, 12), random.Random(3)):
        assert tile.shape == (640, 640, 3)
        canvas = np.zeros((640, 640), np.uint8)
        for r in rings:
            cv2.fillPoly(canvas, [np.round(r - 0.5).astype(np.int32)], 1)
        white = tile[:, :, 0] > 128
        if rings:
            seen += 1
            assert (canvas.astype(bool) & white).sum() / (canvas.astype(bool) | white).sum() > 0.97
    assert seen >= 3


def test_a_sliver_of_a_car_is_not_labelled():
    ring = np.array([[0, 0], [1280, 0], [1280, 720], [0, 720]], float)  # a "car" as large as the frame
    tiling = Tiling(128, 1280, 0.0, 5)
    tiles = list(cut_tiles(np.zeros((720, 1280, 3), np.uint8), [ring], tiling, random.Random(1)))
    assert all(rings == [] for _, rings in tiles)
