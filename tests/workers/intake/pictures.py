# SPDX-License-Identifier: AGPL-3.0-or-later
"""JPEGs for tests, good and bad."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
from PIL import Image


@cache
def jpeg(
    width: int = 320, height: int = 180, *, seed: int = 0, mode: str = "RGB", **options: object
) -> bytes:
    """A JPEG with something in it."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (max(1, height // 20), max(1, width // 20), 3), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize((width, height)).convert(mode)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85, **options)
    return file.getvalue()


@cache
def black() -> bytes:
    """What a camera sees in the dark."""
    file = io.BytesIO()
    Image.new("RGB", (320, 180)).save(file, "JPEG")
    return file.getvalue()


@cache
def bomb() -> bytes:
    """60 megapixels in a few hundred kilobytes."""
    file = io.BytesIO()
    Image.new("L", (10_000, 6_000)).save(file, "JPEG", quality=1)
    return file.getvalue()


def claiming(width: int, height: int) -> bytes:
    """A small JPEG whose header claims another size."""
    data = bytearray(jpeg(64, 64))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(data)
