# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a model errs: missed cars and false ones weigh most."""

from __future__ import annotations

import numpy as np
import pytest

from tests.workers.segmentation.tiny_network import write_tiny_network
from workers.segmentation import load_segmenter
from workers.segmentation.masks import CUT_OFF_SHARE
from workers.training.dataset import find_images, write_labelled
from workers.training.hard import LEAST_WEIGHT, find_spots

BRIGHT = np.array([[40, 100], [140, 100], [140, 160], [40, 160]], float)
SURE = 0.9 * CUT_OFF_SHARE  # the tiny network's boxes are larger than the picture
DARK = np.array([[200, 40], [280, 40], [280, 80], [200, 80]], float)


@pytest.mark.parametrize(
    ("rings", "expected"),
    [
        pytest.param([BRIGHT], [(90, 130, 1 - SURE)], id="found, rather surely"),
        pytest.param([BRIGHT, DARK], [(90, 130, 1 - SURE), (240, 60, 1.0)], id="and one missed"),
        pytest.param([DARK], [(240, 60, 1.0), (90, 130, SURE)], id="one missed, one false"),
        pytest.param([], [(90, 130, SURE)], id="false"),
    ],
)
def test_spots(rings, expected, tmp_path):
    image = np.zeros((240, 320, 3), np.uint8)
    image[100:160, 40:140] = 230
    write_labelled(tmp_path / "set", "photo", image, rings)
    segmenter = load_segmenter(write_tiny_network(tmp_path / "tiny.onnx"), 0.3, long_side=320)
    spots = find_spots(find_images(tmp_path / "set")[0], segmenter)
    for spot, (x, y, weight) in zip(spots, expected, strict=True):
        assert (spot.x, spot.y) == pytest.approx((x, y), abs=4)
        assert spot.weight == pytest.approx(weight, abs=0.03) and spot.weight >= LEAST_WEIGHT
