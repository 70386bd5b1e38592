# SPDX-License-Identifier: AGPL-3.0-or-later
"""The OpenVINO engine on a miniature model with the layout of a real export."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.workers.segmentation.tiny_network import write_tiny_network
from workers.segmentation import ImageError, SegmentationError, WeightsError, load_segmenter
from workers.segmentation.masks import CUT_OFF_SHARE
from workers.segmentation.openvino import MAX_COMPILED_SHAPES, OpenVinoSegmenter

REPOSITORY = Path(__file__).resolve().parents[3]
WHITE, RED_BGR, GREEN_BGR, BLUE_BGR = (255, 255, 255), (0, 0, 255), (0, 255, 0), (255, 0, 0)


def scene(size: tuple[int, int], box: tuple[int, int, int, int], colour=WHITE) -> np.ndarray:
    """Black (H, W, 3) with a rectangle x1, y1, x2, y2; bright in all channels enough for the mask when white."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    image[box[1] : box[3], box[0] : box[2]] = colour
    return image


def extent(car) -> list[float]:
    ring = car.polygons[0]
    return [*ring.min(0), *ring.max(0)]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    return write_tiny_network(tmp_path_factory.mktemp("weights") / "tiny.onnx")


@pytest.fixture(scope="module")
def segmenter(tiny):
    return load_segmenter(tiny, 0.5, long_side=320)


@pytest.mark.parametrize(
    ("size", "box"),
    [
        pytest.param((640, 360), (160, 80, 400, 240), id="16:9, halved"),
        pytest.param((320, 320), (80, 40, 240, 200), id="square, as it is"),
        pytest.param((90, 160), (30, 40, 60, 120), id="upright, doubled"),
        pytest.param((641, 357), (100, 100, 541, 300), id="odd numbers"),
    ],
)
def test_a_rectangle_is_found_where_it_is(segmenter, size, box):
    (cars,) = segmenter.segment([scene(size, box)])
    assert len(cars) == 1 and cars[0].score == pytest.approx(CUT_OFF_SHARE, abs=0.01)
    # the mask has a quarter of the input's resolution: within one of its pixels
    assert extent(cars[0]) == pytest.approx(list(box), abs=4 * max(size) / 320)


def test_a_batch_of_mixed_shapes_keeps_its_order(segmenter):
    boxes = [
        ((640, 360), (160, 80, 400, 240)),
        ((320, 320), (80, 40, 240, 200)),
        ((640, 360), (40, 40, 120, 120)),
    ]
    found = segmenter.segment([scene(size, box) for size, box in boxes])
    assert [len(cars) for cars in found] == [1, 1, 1]
    for (size, box), (car,) in zip(boxes, found, strict=True):
        assert extent(car) == pytest.approx(list(box), abs=4 * max(size) / 320)


def test_an_image_without_cars_and_no_images_at_all(segmenter):
    assert segmenter.segment([np.zeros((360, 640, 3), np.uint8)]) == [[]]
    assert segmenter.segment([]) == []


def test_results_outlive_the_next_call(segmenter):
    (first,) = segmenter.segment([scene((320, 320), (80, 40, 240, 200))])
    before = first[0].polygons[0].copy()
    segmenter.segment([scene((320, 320), (0, 0, 320, 320))])
    assert np.array_equal(first[0].polygons[0], before)


@pytest.mark.parametrize(
    ("colour", "classes", "found"),
    [
        # half-bright in the other channels, so that the mask (mean brightness above one half) is there for all
        pytest.param((140, 140, 255), None, 0, id="red is class 0, no car"),
        pytest.param((140, 255, 140), None, 1, id="green is class 1, car"),
        pytest.param((255, 140, 140), None, 1, id="blue is class 2, truck"),
        pytest.param((255, 140, 140), ["car"], 0, id="trucks not wanted"),
        pytest.param((140, 140, 255), [0], 1, id="class 0 wanted"),
    ],
)
def test_classes_and_colour_order(tmp_path, colour, classes, found):
    weights = write_tiny_network(tmp_path / "three.onnx", ("person", "car", "truck"))
    engine = load_segmenter(weights, 0.9 * CUT_OFF_SHARE, classes=classes, long_side=64, warm_up=False)
    assert len(engine.segment([scene((64, 64), (8, 8, 56, 56), colour)])[0]) == found


def test_threshold_is_respected(tiny):
    image = scene((64, 64), (0, 0, 64, 64), (200, 200, 200))  # 200 / 255 = 0.78 of what such a box may score
    for threshold, found in ((0.7 * CUT_OFF_SHARE, 1), (0.8 * CUT_OFF_SHARE, 0)):
        assert len(load_segmenter(tiny, threshold, long_side=64).segment([image])[0]) == found


@pytest.mark.parametrize("threshold", [0.0, 1.0, -1, 72])
def test_a_threshold_out_of_range_is_refused(tiny, threshold):
    with pytest.raises(SegmentationError, match="threshold"):
        load_segmenter(tiny, threshold)


def test_a_model_with_fixed_input_takes_any_image(tmp_path):
    weights = write_tiny_network(tmp_path / "fixed.onnx", size=(128, 96))
    engine = load_segmenter(weights, 0.5)
    found = engine.segment([scene((1280, 720), (320, 160, 960, 560)), scene((100, 300), (20, 60, 80, 240))])
    assert extent(found[0][0]) == pytest.approx([320, 160, 960, 560], abs=40)
    assert extent(found[1][0]) == pytest.approx([20, 60, 80, 240], abs=13)


def test_shapes_are_compiled_once_and_the_oldest_forgotten(tiny):
    engine = OpenVinoSegmenter(tiny, threshold=0.5, long_side=64)
    for height in range(1, 2 * MAX_COMPILED_SHAPES):
        engine.segment([np.zeros((height * 32, 640, 3), np.uint8)])
        kept = dict(engine._compiled)
        engine.segment([np.zeros((height * 32, 640, 3), np.uint8)])
        assert dict(engine._compiled) == kept
        assert len(kept) <= MAX_COMPILED_SHAPES


def test_threads_reach_openvino(tiny):
    engine = OpenVinoSegmenter(tiny, threads=1, long_side=64)
    engine.warm_up((64, 64))
    (request,) = engine._compiled.values()
    assert request.get_compiled_model().get_property("INFERENCE_NUM_THREADS") == 1


def test_the_name_tells_file_and_content(segmenter, tiny):
    stem, digest = segmenter.name.split("@")
    assert stem == "tiny" and len(digest) == 12


@pytest.mark.parametrize(
    ("image", "told"),
    [
        (np.zeros((10, 10), np.uint8), "image 1: .*shape \\(10, 10\\)"),
        (np.zeros((10, 10, 4), np.uint8), "image 1: .*\\(10, 10, 4\\)"),
        (np.zeros((10, 10, 3), np.float32), "image 1: .*float32"),
        (np.zeros((0, 10, 3), np.uint8), "image 1: .*\\(0, 10, 3\\)"),
        ([[1, 2], [3, 4]], "image 1: .*list"),
    ],
)
def test_what_is_no_image_is_refused_by_position(segmenter, image, told):
    with pytest.raises(ImageError, match=told):
        segmenter.segment([np.zeros((10, 10, 3), np.uint8), image])


def test_missing_weights_name_path_and_cure(tmp_path):
    with pytest.raises(WeightsError, match=r"nowhere\.onnx.*workers\.training export"):
        load_segmenter(tmp_path / "nowhere.onnx")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("text.onnx", b"not a network", "cannot be read as a network"),
        ("empty.onnx", b"", "cannot be read as a network"),
        ("weights.pt", b"PK", r"does not end in \.onnx or \.xml"),
    ],
)
def test_files_that_are_no_onnx_model(tmp_path, name, content, told):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=told) as caught:
        load_segmenter(path)
    assert str(path) in str(caught.value)


def test_a_truncated_model_file(tmp_path, tiny):
    path = tmp_path / "short.onnx"
    path.write_bytes(tiny.read_bytes()[:-200])
    with pytest.raises(WeightsError, match="truncated"):
        load_segmenter(path)


def test_a_model_of_another_task(tmp_path):
    with pytest.raises(WeightsError, match="no YOLO segmentation model"):
        load_segmenter(write_tiny_network(tmp_path / "detect.onnx", segmentation=False))


def test_an_unknown_engine(tiny):
    with pytest.raises(SegmentationError, match=r"tensorflow.*openvino and ultralytics"):
        load_segmenter(tiny, engine="tensorflow")


def test_openvino_tells_nobody(tmp_path, tiny):
    """A fresh process whose every outward connection is recorded, with a home in which nobody has opted out."""
    program = f"""
import socket, sys, urllib.request
calls = []
urllib.request.urlopen = lambda *a, **k: calls.append(a)
socket.getaddrinfo = lambda *a, **k: calls.append(a)
from workers.segmentation import load_segmenter
load_segmenter({str(tiny)!r}, 0.5, long_side=64)
import openvino.tools.ovc.telemetry_utils as used
assert used.tm.__name__.endswith("telemetry_stub"), used.tm
assert not [m for m in sys.modules if m.startswith("openvino_telemetry.")]
assert not calls, calls
print("quiet")
"""
    home = tmp_path / "home"
    home.mkdir()
    environment = {k: v for k, v in os.environ.items() if k not in ("CI", "TF_BUILD", "JENKINS_URL")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        env={**environment, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == "quiet", done.stderr
    assert list(home.iterdir()) == []  # no consent file, no client id
