# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which of the training set's packages are here, the model that ships in full, and small pictures of one red car."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from workers.segmentation import DEFAULT_WEIGHTS
from workers.training.dataset import write_labelled

HAVE_TORCH = all(importlib.util.find_spec(name) is not None for name in ("torch", "ultralytics"))
HAVE_NNCF = importlib.util.find_spec("nncf") is not None
needs_torch = pytest.mark.skipif(
    not HAVE_TORCH, reason="torch and ultralytics are not installed (requirements.txt)"
)
needs_nncf = pytest.mark.skipif(not HAVE_NNCF, reason="nncf is not installed (requirements.txt)")
#: The shipped network before its weights were made eight bits wide: what training goes on from.
FULL = DEFAULT_WEIGHTS.with_name("spark-yolov8n-seg.onnx")


def write_red_cars(
    folder: Path, names: list[str], size: tuple[int, int], box: tuple[int, int, int, int], seed: int = 1
) -> None:
    """Noisy pictures of (width, height) with a rectangle x1, y1, x2, y2 on each, labelled."""
    random = np.random.default_rng(seed)
    x1, y1, x2, y2 = box
    ring = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]], float)
    for name in names:
        image = random.integers(60, 120, (size[1], size[0], 3)).astype(np.uint8)
        image[y1:y2, x1:x2] = (200, 60, 60)
        write_labelled(folder, name, image, [ring])
