# SPDX-License-Identifier: AGPL-3.0-or-later
"""Is this a real JPEG of the expected size? The gate that every uploaded file passes before anything decodes it.

The picture is decoded whole, but as a grey one of an eighth of its size: all of its data is read, so a cut or
damaged file is found, at a fraction of the cost of the picture itself.
"""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from camera_registry.choices import RejectReason
from camera_registry.clock import EXIF_DIRECTORY, ClockMark, mark_of_exif

START = b"\xff\xd8\xff"
END = b"\xff\xd9"
#: Firmware pads files; the end marker must come within this many bytes of the end.
MAX_PADDING_BYTES = 4096
#: A camera that ends a cut picture properly leaves the rest of it in one flat colour, exact to the last block. This
#: share of the height, from the bottom, may be flat (caption bars), and black may fill any share (borders, nights).
MAX_FLAT_SHARE = 0.1
BLACK = 24
#: EXIF data come first in a file, if at all.
EXIF_START = b"Exif\x00\x00"
EXIF_WITHIN_BYTES = 4096
#: Decode at an eighth: the coarsest scale that JPEG's transform offers for free.
DRAFT_SCALE = 8

ImageFile.LOAD_TRUNCATED_IMAGES = False


@dataclass(frozen=True)
class Size:
    """Of a picture, pixels."""

    width: int
    height: int


class Refused(Exception):
    """A file that is no frame of this camera; `reason` is counted, `detail` is for people."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail


def has_end(tail: bytes) -> bool:
    """Whether the last bytes of a file hold a JPEG's end marker."""
    return END in tail[-MAX_PADDING_BYTES:]


def check_jpeg(data: bytes, *, max_pixels: int, expected: tuple[int, int] | None = None) -> Size:
    """Raise Refused unless `data` is a whole JPEG of at most `max_pixels` and of the `expected` (width, height)."""
    if not data:
        raise Refused(RejectReason.EMPTY, "0 bytes")
    if not data.startswith(START):
        raise Refused(RejectReason.NOT_JPEG, f"begins with {data[:8].hex(' ')}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        picture = _header(data)
        size = Size(*picture.size)
        if size.width * size.height > max_pixels:
            raise Refused(RejectReason.TOO_MANY_PIXELS, f"{size.width} × {size.height} pixels")
        if expected is not None and (size.width, size.height) != expected:
            raise Refused(
                RejectReason.WRONG_SIZE,
                f"{size.width} × {size.height} pixels instead of {expected[0]} × {expected[1]}",
            )
        if not has_end(data):
            raise Refused(RejectReason.TRUNCATED, f"no end marker in {len(data)} bytes")
        _decode(picture)
    return size


def _header(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=["JPEG"])
    except Image.DecompressionBombError as error:
        raise Refused(RejectReason.TOO_MANY_PIXELS, str(error)) from error
    except (OSError, SyntaxError, ValueError, IndexError, struct.error, EOFError) as error:
        # A header that is cut off cannot be told from one that is damaged.
        reason = RejectReason.NOT_JPEG if has_end(data) else RejectReason.TRUNCATED
        raise Refused(reason, f"unreadable header: {type(error).__name__}") from error


def exif_mark(data: bytes) -> ClockMark | None:
    """The time of taking that the picture's EXIF data give; None where there is none that can be read."""
    if EXIF_START not in data[:EXIF_WITHIN_BYTES]:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exif = Image.open(io.BytesIO(data), formats=["JPEG"]).getexif()
            return mark_of_exif(dict(exif.get_ifd(EXIF_DIRECTORY)))
    except Exception:  # whatever a camera writes there, its frame is good without it
        return None


def _decode(picture: Image.Image) -> None:
    try:
        width, height = picture.size
        picture.draft("L", (max(1, width // DRAFT_SCALE), max(1, height // DRAFT_SCALE)))
        blocks = np.asarray(picture)
    except (OSError, SyntaxError, ValueError, IndexError, struct.error, EOFError) as error:
        raise Refused(RejectReason.TRUNCATED, f"damaged: {error}") from error
    flat_share = _flat_share(blocks)
    if MAX_FLAT_SHARE < flat_share < 1.0 and blocks[-1, -1] > BLACK:
        raise Refused(RejectReason.TRUNCATED, f"the lower {flat_share:.0%} is one flat colour")


def _flat_share(blocks: NDArray[np.uint8]) -> float:
    """Share of the height, from the bottom, that has the very same value as the last block. blocks: (H, W) uint8."""
    varied = np.flatnonzero((blocks != blocks[-1, -1]).any(axis=1))
    return 1.0 - (varied[-1] + 1) / len(blocks) if len(varied) else 1.0
