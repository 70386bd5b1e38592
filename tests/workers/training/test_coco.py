# SPDX-License-Identifier: AGPL-3.0-or-later
"""COCO files become the same outlines as YOLO polygons, and broken ones are named."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from workers.training.coco import read_coco, unpack_counts

SQUARE = [10.0, 10.0, 30.0, 10.0, 30.0, 30.0, 10.0, 30.0]
SECOND = [50.0, 10.0, 60.0, 10.0, 60.0, 20.0, 50.0, 20.0]


def coco(tmp_path: Path, annotations: list[dict], names=("person", "car"), folder="images", **extra) -> Path:
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(tmp_path / folder / "a.jpg"), np.zeros((60, 80, 3), np.uint8))
    data = {
        "images": [{"id": 7, "file_name": "a.jpg", "width": 80, "height": 60}],
        "categories": [{"id": i, "name": n} for i, n in enumerate(names)],
        "annotations": [{"id": i, "image_id": 7, "category_id": 1} | a for i, a in enumerate(annotations)],
    }
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps(data | extra))
    return path


def areas(path: Path, tmp_path: Path) -> list[float]:
    (image,) = read_coco(path, tmp_path / "out")
    return [cv2.contourArea(ring.astype(np.float32)) for ring in image.read()[1]]


def test_polygons(tmp_path):
    path = coco(
        tmp_path,
        [
            {"segmentation": [SQUARE]},
            {"segmentation": [SQUARE, SECOND]},
            {"segmentation": [SQUARE], "category_id": 0},
            {"segmentation": [SQUARE], "iscrowd": 1},
        ],
    )
    assert areas(path, tmp_path) == pytest.approx([400, 500], abs=0.1)


def test_the_only_category_means_cars_whatever_its_name(tmp_path):
    path = coco(tmp_path, [{"segmentation": [SQUARE], "category_id": 0}], names=("0",), folder=".")
    assert areas(path, tmp_path) == pytest.approx([400], abs=0.1)


def test_run_lengths_are_traced(tmp_path):
    # Columns 10 to 29 of 80, rows 10 to 29 of 60, counted down the columns.
    counts = [10 * 60 + 10] + [20, 40] * 19 + [20, 30 + 50 * 60]
    path = coco(tmp_path, [{"segmentation": {"counts": counts, "size": [60, 80]}}])
    (area,) = areas(path, tmp_path)
    assert 19 * 19 <= area <= 400


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("05", [0, 5], id="one character each"),
        pytest.param("T1", [36], id="two characters"),
        pytest.param("O", [-1], id="negative"),
        pytest.param(
            "34501", [3, 4, 5, 4, 6], id="from the fourth run on, the difference from the run before the last"
        ),
    ],
)
def test_compressed_counts(text, counts):
    assert unpack_counts(text) == counts


@pytest.mark.parametrize(
    ("annotations", "extra", "names", "told"),
    [
        pytest.param([], {"images": 3}, ("car",), "is no COCO file", id="images are no list"),
        pytest.param([], {}, ("person", "dog"), "no category is named like a car", id="no cars"),
        pytest.param(
            [{"segmentation": {"counts": [5, 5]}}],
            {},
            ("person", "car"),
            "annotation 0: run lengths",
            id="short runs",
        ),
        pytest.param(
            [{"segmentation": [[1, 2, 3]]}], {}, ("person", "car"), "annotation 0", id="odd polygon"
        ),
    ],
)
def test_what_is_broken_is_named(annotations, extra, names, told, tmp_path):
    path = coco(tmp_path, annotations, names=names, **extra)
    with pytest.raises(ValueError, match=told) as caught:
        read_coco(path, tmp_path / "out")
    assert "annotations.json" in str(caught.value)


@pytest.mark.parametrize("name", ["gone.jpg", "../a.jpg"])
def test_an_image_that_is_not_there_or_lies_elsewhere(name, tmp_path):
    cv2.imwrite(str(tmp_path / "a.jpg"), np.zeros((60, 80, 3), np.uint8))
    images = [{"id": 7, "file_name": name, "width": 80, "height": 60}]
    path = coco(tmp_path / "set", [], images=images)
    with pytest.raises(FileNotFoundError, match=r"annotations\.json lists"):
        read_coco(path, tmp_path / "out")
