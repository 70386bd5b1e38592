# SPDX-License-Identifier: AGPL-3.0-or-later
"""COCO annotations (one JSON file, polygons or run lengths) read as labelled images."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.segmentation.weights import CAR_NAMES
from workers.training.dataset import CAR_CLASS, LabelledImage, source_of

log = logging.getLogger(__name__)

Ring = NDArray[np.float64]


def read_coco(annotations: Path, output: Path) -> list[LabelledImage]:
    """The images of a COCO file with their cars, whose outlines are written as label files into `output`.

    Images lie beside the file, or in a folder `images` there. Categories named like a vehicle count as cars; a file with
    one category only is taken to mean cars. Crowds (`iscrowd`) are left out: they are no single car.
    Raises ValueError naming the file for what is no COCO file, FileNotFoundError for an image that is not there.
    """
    annotations = Path(annotations)
    try:
        data = json.loads(annotations.read_text(encoding="utf-8"))
        images = {image["id"]: image for image in data["images"]}
        categories = {c["id"]: str(c["name"]) for c in data["categories"]}
        shapes = data["annotations"]
    except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{annotations} is no COCO file: {error!r}") from error
    cars = _car_categories(categories, annotations)
    lines: dict[Any, list[str]] = {key: [] for key in images}
    crowds = 0
    for shape in shapes:
        if shape.get("category_id") not in cars or shape.get("image_id") not in images:
            continue
        if shape.get("iscrowd"):
            crowds += 1
            continue
        image = images[shape["image_id"]]
        size = np.array([image["width"], image["height"]], float)
        try:
            ring = join_rings(read_shape(shape["segmentation"], (image["height"], image["width"])))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{annotations}, annotation {shape.get('id')}: {error}") from error
        if len(ring) >= 3:
            values = " ".join(f"{v:.5f}" for v in np.clip(ring / size, 0, 1).ravel())
            lines[shape["image_id"]].append(f"{CAR_CLASS} {values}\n")
    if crowds:
        log.info("%s: %d crowds left out", annotations, crowds)
    output.mkdir(parents=True, exist_ok=True)
    found = []
    for key, image in images.items():
        path = _image_path(annotations, image["file_name"])
        label = output / f"{path.stem}.txt"
        label.write_text("".join(lines[key]), encoding="ascii")
        found.append(LabelledImage(path, label, source_of(path.name)))
    return found


def _car_categories(categories: dict[Any, str], path: Path) -> set[Any]:
    if len(categories) == 1:
        return set(categories)
    cars = {key for key, name in categories.items() if name.lower() in CAR_NAMES}
    if not cars:
        raise ValueError(f"{path}: no category is named like a car ({', '.join(categories.values())})")
    return cars


def _image_path(annotations: Path, name: str) -> Path:
    folder = annotations.parent.resolve()
    for path in (folder / name, folder / "images" / name):
        if path.is_file() and folder in path.resolve().parents:
            return path
    raise FileNotFoundError(f"{annotations} lists {name}, which is neither beside it nor in images/ there")


def read_shape(segmentation: Any, shape: tuple[int, int]) -> list[Ring]:
    """Rings (N, 2) in pixels of one annotation: polygons as they are, run lengths traced; shape: (height, width)."""
    if isinstance(segmentation, list):
        return [np.array(ring, float).reshape(-1, 2) for ring in segmentation]
    counts = segmentation["counts"]
    if isinstance(counts, str):
        counts = unpack_counts(counts)
    runs = np.array(counts, int)
    if (runs < 0).any() or runs.sum() != shape[0] * shape[1]:
        raise ValueError(f"run lengths cover {runs.sum()} pixels of an image of {shape[0] * shape[1]}")
    values = np.repeat(np.arange(len(runs)) % 2, runs).astype(np.uint8)
    mask = np.ascontiguousarray(values.reshape(shape, order="F"))
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return [contour[:, 0].astype(float) + 0.5 for contour in contours if len(contour) >= 3]


def unpack_counts(text: str) -> list[int]:
    """Run lengths from COCO's compressed text: 5 bits a character from "0" on, bit 5 says that more follow, and from the
    fourth run on the difference from the run before the last is kept.
    """
    runs: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    return runs


def join_rings(rings: list[Ring]) -> Ring:
    """The pieces of one car as a single ring (N, 2), bridged there and back between their nearest points."""
    rings = [ring for ring in rings if len(ring) >= 3]
    if not rings:
        return np.zeros((0, 2))
    joined = rings[0]
    for piece in rings[1:]:
        gaps = np.sum((joined[:, None] - piece[None]) ** 2, axis=-1)
        i, j = np.unravel_index(int(np.argmin(gaps)), gaps.shape)
        joined = np.concatenate([joined[: i + 1], piece[j:], piece[: j + 1], joined[i:]])
    return joined
