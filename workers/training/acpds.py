# SPDX-License-Identifier: AGPL-3.0-or-later
"""The ACPDS photos (M. Marek 2021): parking stalls as quads on the ground, each empty or occupied; no car outlines."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class StallPhoto:
    """quads: (N, 4, 2) fractions of width and height; occupied: (N,) bool."""

    path: Path
    quads: NDArray[np.float64]
    occupied: NDArray[np.bool_]


PHOTOS_PER_BLOCK = 10


def source_of_photo(path: Path) -> str:
    """Photos with neighbouring numbers mostly show one place; blocks of ten numbers are split as one source."""
    digits = "".join(c for c in path.stem if c.isdigit())
    return f"acpds{int(digits or 0) // PHOTOS_PER_BLOCK:04d}"


def read_acpds(folder: Path, split: str) -> list[StallPhoto]:
    """Photos of one split ("train" or "valid"), in the order of the annotation file."""
    data = json.loads((Path(folder) / "annotations.json").read_text(encoding="utf-8"))[split]
    return [
        StallPhoto(
            Path(folder) / "images" / name, np.array(quads, float).reshape(-1, 4, 2), np.array(occupied, bool)
        )
        for name, quads, occupied in zip(
            data["file_names"], data["rois_list"], data["occupancy_list"], strict=True
        )
    ]
