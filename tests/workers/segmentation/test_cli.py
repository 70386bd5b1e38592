# SPDX-License-Identifier: AGPL-3.0-or-later
"""`python -m workers.segmentation`: its JSON, and what it says of files it cannot use."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from tests.workers.segmentation.tiny_network import write_tiny_network
from workers.segmentation.__main__ import main

NOISE = np.random.default_rng(1).integers(0, 255, (200, 200, 3)).astype(np.uint8)
JPEG = cv2.imencode(".jpg", NOISE)[1].tobytes()
HALF_A_JPEG = JPEG[: len(JPEG) // 2]


@pytest.fixture
def tiny(tmp_path):
    return write_tiny_network(tmp_path / "tiny.onnx")


@pytest.fixture
def photo(tmp_path):
    image = np.zeros((120, 200, 3), np.uint8)
    image[40:80, 60:140] = 255
    path = tmp_path / "photo é.png"
    path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return path


def test_the_json_is_the_documented_one(tmp_path, tiny, photo):
    out = tmp_path / "out.json"
    assert main([str(photo), str(photo), "-o", str(out), "--weights", str(tiny), "--threshold", "0.5"]) == 0
    document = json.loads(out.read_text(encoding="utf-8"))
    assert list(document) == ["images"] and len(document["images"]) == 2
    entry = document["images"][0]
    assert list(entry) == ["path", "width", "height", "cars"]
    assert (entry["path"], entry["width"], entry["height"]) == (str(photo), 200, 120)
    (car,) = entry["cars"]
    assert list(car) == ["score", "polygons"] and 0.5 <= car["score"] <= 1
    (ring,) = car["polygons"]
    assert all(len(point) == 2 for point in ring) and len(ring) >= 4 and ring[0] != ring[-1]
    xs, ys = zip(*ring, strict=True)
    assert (min(xs), min(ys), max(xs), max(ys)) == pytest.approx((60, 40, 140, 80), abs=1)


def test_without_output_file_it_prints(tiny, photo, capsys):
    assert main([str(photo), "--weights", str(tiny), "--threshold", "0.5"]) == 0
    assert len(json.loads(capsys.readouterr().out)["images"]) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(None, "No such file", id="missing"),
        pytest.param(b"", "empty", id="0 bytes"),
        pytest.param(b"dear diary", "no image", id="text named .jpg"),
        pytest.param(HALF_A_JPEG, "truncated", id="half a JPEG"),
    ],
)
def test_an_unreadable_image_is_named_and_the_others_are_done(tmp_path, tiny, photo, capsys, content, told):
    bad = tmp_path / "bad.jpg"
    if content is not None:
        bad.write_bytes(content)
    out = tmp_path / "out.json"
    assert main([str(bad), str(photo), "-o", str(out), "--weights", str(tiny), "--threshold", "0.5"]) == 1
    said = capsys.readouterr().err
    assert str(bad) in said and told in said and "Traceback" not in said
    assert [entry["path"] for entry in json.loads(out.read_text(encoding="utf-8"))["images"]] == [str(photo)]


def test_weights_that_are_not_there_end_with_the_reason_and_no_output(tmp_path, photo, capsys):
    out = tmp_path / "out.json"
    assert main([str(photo), "-o", str(out), "--weights", str(tmp_path / "none.onnx")]) == 2
    assert "none.onnx" in capsys.readouterr().err and not out.exists()
