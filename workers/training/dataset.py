# SPDX-License-Identifier: AGPL-3.0-or-later
"""Images with car outlines as YOLO-polygon data sets, and the split by source.

Layout: `images/NAME.jpg` beside `labels/NAME.txt` (or another folder of labels), one line per car: class index, then
x y pairs as fractions of width and height.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.segmentation.images import read_image

IMAGE_ENDINGS = frozenset({".jpg", ".jpeg", ".png"})
CAR_CLASS = 0


@dataclass(frozen=True)
class LabelledImage:
    """An image file and its label file. `source` names the photo or scene that it was made from."""

    image: Path
    labels: Path
    source: str

    def read(self) -> tuple[NDArray[np.uint8], list[NDArray[np.float64]]]:
        """The image (H, W, 3) uint8 BGR and its cars' rings, each (N, 2) in pixels."""
        image = read_image(self.image)
        height, width = image.shape[:2]
        return image, [ring * (width, height) for ring in read_polygons(self.labels)]


def source_of(name: str) -> str:
    """The photo or scene a file was made from.

    That is what stands before `.rf.` (augmented copies of one photo share it), before `__`, or before a final frame
    number of five digits (`-00017`: frames rendered of one scene).
    """
    return re.split(r"\.rf\.|__|-\d{5}$", Path(name).stem, maxsplit=1)[0]


def read_polygons(path: Path) -> list[NDArray[np.float64]]:
    """Rings (N, 2) as fractions of width and height; a missing file is an image without cars.

    Raises ValueError naming file and line when a line is no polygon.
    """
    if not path.is_file():
        return []
    rings = []
    for number, line in enumerate(path.read_text(encoding="ascii").splitlines(), 1):
        if not line.strip():
            continue
        try:
            values = [float(v) for v in line.split()[1:]]
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from error
        if len(values) < 6 or len(values) % 2:
            raise ValueError(
                f"{path}, line {number}: a polygon needs three or more x y pairs, found {len(values)} numbers"
            )
        rings.append(np.array(values).reshape(-1, 2))
    return rings


def find_images(folder: Path, labels: str = "labels") -> list[LabelledImage]:
    """All images below `folder` (any depth), each with its label file in the sister folder named `labels`.

    Raises FileNotFoundError when there are none.
    """
    found = [
        LabelledImage(path, path.parent.parent / labels / f"{path.stem}.txt", source_of(path.name))
        for path in sorted(Path(folder).rglob("images/*"))
        if path.suffix.lower() in IMAGE_ENDINGS
    ]
    if not found:
        raise FileNotFoundError(f"no images in {folder}/images or a folder of that name further down")
    return found


def split_by_source(
    images: Sequence[LabelledImage],
    shares: Sequence[float] = (0.70, 0.15, 0.15),
    seed: int = 0,
    part_of: Mapping[str, int] | None = None,
) -> list[list[LabelledImage]]:
    """Parts with these shares of the *sources*: copies of one photo never fall into two parts.

    part_of: the part of each source that an earlier split knew; sources it does not name go to the first part.
    """
    sources = sorted({image.source for image in images})
    random.Random(seed).shuffle(sources)
    edges = np.round(np.cumsum(shares) / sum(shares) * len(sources)).astype(int)
    if part_of is None:
        part_of = {source: int(np.searchsorted(edges, i, side="right")) for i, source in enumerate(sources)}
    parts: list[list[LabelledImage]] = [[] for _ in shares]
    for image in images:
        parts[part_of.get(image.source, 0)].append(image)
    return parts


def read_split(path: Path) -> dict[str, int]:
    """Source -> number of its part, from the `split.json` of an earlier run."""
    parts = json.loads(Path(path).read_text(encoding="utf-8"))
    return {source_of(Path(name).name): number for number, part in enumerate(parts.values()) for name in part}


def write_labelled(
    folder: Path, name: str, image: NDArray[np.uint8], rings_px: Iterable[NDArray[np.float64]]
) -> None:
    """Write `images/NAME.jpg` and `labels/NAME.txt`; rings (N, 2) in pixels are cut to the image's bounds."""
    height, width = image.shape[:2]
    lines = []
    for ring in rings_px:
        fractions = np.clip(ring / (width, height), 0.0, 1.0)
        lines.append(f"{CAR_CLASS} " + " ".join(f"{v:.5f}" for v in fractions.ravel()))
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / "images" / f"{name}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 92])
    (folder / "labels" / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
