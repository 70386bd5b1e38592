# SPDX-License-Identifier: AGPL-3.0-or-later
"""YOLO-polygon data sets: reading, writing, and a split that never parts copies of one photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workers.training.acpds import source_of_photo
from workers.training.dataset import (
    LabelledImage,
    find_images,
    read_polygons,
    source_of,
    split_by_source,
    write_labelled,
)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("parking_lot_1_mp4-107_jpg.rf.2c1405d9.jpg", "parking_lot_1_mp4-107_jpg"),
        ("parking_lot_1_mp4-107_jpg.rf.4e85aca1.jpg", "parking_lot_1_mp4-107_jpg"),
        ("acpds0654__GOPR6545.jpg", "acpds0654"),
        ("v5-0001-00004.jpg", "v5-0001"),
        ("GOPR6545.JPG", "GOPR6545"),
    ],
)
def test_the_source_of_a_file(name, source):
    assert source_of(name) == source


def test_neighbouring_acpds_photos_are_one_source():
    assert source_of_photo(Path("GOPR6590.JPG")) == source_of_photo(Path("GOPR6599.JPG")) == "acpds0659"
    assert source_of_photo(Path("GOPR6600.JPG")) == "acpds0660"


def test_copies_of_one_photo_never_fall_into_two_parts():
    images = [
        LabelledImage(Path(f"{s}.rf.{c}.jpg"), Path("x"), f"photo{s}")
        for s in range(40)
        for c in range(1 + s % 3)
    ]
    parts = split_by_source(images)
    sources = [{image.source for image in part} for part in parts]
    assert not (sources[0] & sources[1] or sources[0] & sources[2] or sources[1] & sources[2])
    assert [len(s) for s in sources] == [28, 6, 6]
    assert sum(map(len, parts)) == len(images)
    assert split_by_source(list(reversed(images)))[0] != [] and sources[0] == {
        image.source for image in split_by_source(images)[0]
    }  # the same split each time


def test_what_is_written_is_read(tmp_path):
    ring = np.array([[10.0, 10.0], [50.0, 12.0], [30.0, 40.0]])
    beyond = np.array([[-5.0, 20.0], [20.0, 20.0], [20.0, 90.0]])
    write_labelled(tmp_path, "a-00001", np.full((60, 80, 3), 90, np.uint8), [ring, beyond])
    (labelled,) = find_images(tmp_path)
    image, rings = labelled.read()
    assert labelled.source == "a" and image.shape == (60, 80, 3)
    assert np.allclose(rings[0], ring, atol=0.01)
    assert rings[1].min() >= 0 and rings[1][:, 1].max() <= 60


def test_other_label_folders_and_images_without_labels(tmp_path):
    write_labelled(tmp_path, "a", np.zeros((8, 8, 3), np.uint8), [])
    (tmp_path / "labels" / "a.txt").unlink()
    assert find_images(tmp_path)[0].read()[1] == []
    assert find_images(tmp_path, "labels_car_only")[0].labels == tmp_path / "labels_car_only" / "a.txt"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("0 0.1 0.1 0.2 0.2", "three or more"),
        ("0 0.1 0.1 0.2 0.2 0.3 0.3 0.4", "three or more"),
        ("0 a b c d e f", "line 2: could not convert"),
    ],
)
def test_a_line_that_is_no_polygon_is_named(tmp_path, line, told):
    path = tmp_path / "labels.txt"
    path.write_text(f"0 0.1 0.1 0.2 0.1 0.2 0.2\n{line}\n")
    with pytest.raises(ValueError, match=told) as caught:
        read_polygons(path)
    assert f"{path}, line 2" in str(caught.value)


def test_a_folder_without_images(tmp_path):
    with pytest.raises(FileNotFoundError, match="no images"):
        find_images(tmp_path)
