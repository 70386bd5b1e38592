# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reading image files for the command line and for training."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.segmentation.protocol import ImageError

JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
JPEG_TAIL = 1024  # some cameras append notes behind the end marker


def read_image(path: Path) -> NDArray[np.uint8]:
    """The image (H, W, 3) uint8 BGR, turned upright by its EXIF note. Raises ImageError naming the path and reason."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror or error}") from error
    if not data:
        raise ImageError(f"{path}: the file is empty")
    if data.startswith(JPEG_START) and JPEG_END not in data.rstrip(b"\0")[-JPEG_TAIL:]:
        raise ImageError(f"{path}: the JPEG is truncated; its lower part would be grey")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:  # more pixels than OpenCV's own limit
        raise ImageError(f"{path}: {error.err}") from error
    if image is None:
        raise ImageError(f"{path}: no image that can be decoded")
    return image
