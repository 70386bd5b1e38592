# SPDX-License-Identifier: AGPL-3.0-or-later
"""The Ultralytics engine: says what is missing without torch; agrees with OpenVINO on the same weights with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.workers.models import HAVE_TORCH, needs_torch
from workers.segmentation import SegmentationError, WeightsError, load_segmenter

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.mark.skipif(HAVE_TORCH, reason="torch is installed here")
def test_without_torch_it_says_how_to_get_it():
    with pytest.raises(SegmentationError, match=r"requirements\.txt.*openvino engine"):
        load_segmenter(engine="ultralytics")


def test_importing_the_room_brings_no_torch():
    program = "import sys, workers.segmentation.ultralytics, workers.segmentation.openvino; assert 'torch' not in sys.modules"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def base_weights() -> Path:
    shared = Path(os.environ.get("SPARK_SHARED") or REPOSITORY.parent / "shared")
    path = shared / "data" / "weights" / "yolov8n-seg-coco.pt"
    if not path.is_file():
        pytest.skip(f"no base weights at {path}")
    return path


@needs_torch
def test_both_engines_give_the_same_outlines(base_weights, tmp_path):
    from workers.training.export import export_onnx

    photo = sorted((base_weights.parents[1] / "acpds" / "images").glob("*.JPG"))[-1]
    image = cv2.imread(str(photo))
    exported = export_onnx(base_weights, tmp_path / "base.onnx")
    torch_cars = load_segmenter(base_weights, 0.3, "ultralytics").segment([image, image[:700]])
    openvino = load_segmenter(exported, 0.3, "openvino", warm_up=False)
    # Where the CPU has sixteen-bit arithmetic OpenVINO uses it unasked, and rounds more than these engines differ by.
    openvino._properties["INFERENCE_PRECISION_HINT"] = "f32"
    onnx_cars = openvino.segment([image, image[:700]])
    assert [len(cars) for cars in torch_cars] == [len(cars) for cars in onnx_cars] and len(torch_cars[0]) > 5
    for ours, theirs in zip(torch_cars[0] + torch_cars[1], onnx_cars[0] + onnx_cars[1], strict=True):
        assert ours.score == pytest.approx(theirs.score, abs=1e-3)
        assert iou(ours.polygons, theirs.polygons, image.shape[:2]) > 0.99


def iou(a, b, shape) -> float:
    masks = []
    for polygons in (a, b):
        canvas = np.zeros(shape, np.uint8)
        cv2.fillPoly(canvas, [np.round(ring).astype(np.int32) for ring in polygons], 1)
        masks.append(canvas.astype(bool))
    return (masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum()


@needs_torch
def test_broken_and_missing_weights(tmp_path):
    with pytest.raises(WeightsError, match=r"none\.pt"):
        load_segmenter(tmp_path / "none.pt", engine="ultralytics")
    broken = tmp_path / "broken.pt"
    broken.write_bytes(b"not a checkpoint")
    with pytest.raises(WeightsError, match=r"broken\.pt"):
        load_segmenter(broken, engine="ultralytics")


@needs_torch
def test_ultralytics_analytics_are_off(base_weights):
    load_segmenter(base_weights, 0.3, "ultralytics", warm_up=False)
    from ultralytics.utils import events

    assert events.events.enabled is False


@needs_torch
def test_the_papers_model_runs_through_the_export_and_both_engines(tmp_path):
    """YOLOv9e-seg from its architecture with random weights: they find nothing sensible, but the same."""
    from workers.segmentation.quiet import import_ultralytics
    from workers.training.export import export_onnx

    built = tmp_path / "yolov9e-seg.pt"
    import_ultralytics().YOLO("yolov9e-seg.yaml").save(str(built))
    exported = export_onnx(built, tmp_path / "yolov9e-seg.onnx")
    engines = [
        load_segmenter(weights, 1e-6, engine, classes=[2, 5, 7], long_side=160, warm_up=False)
        for weights, engine in ((built, "ultralytics"), (exported, "openvino"))
    ]
    image = np.random.default_rng(6).integers(0, 255, (96, 160, 3)).astype(np.uint8)
    (ours, our_masks), (theirs, their_masks) = (
        [part.copy() for part in e._infer(image[None])] for e in engines
    )
    assert ours.shape == theirs.shape == (1, 4 + 80 + 32, 20 * 12 + 10 * 6 + 5 * 3)
    assert np.allclose(ours, theirs, rtol=1e-2, atol=1e-2 * np.abs(ours).mean())
    assert np.allclose(our_masks, their_masks, rtol=1e-2, atol=1e-2 * np.abs(our_masks).mean() + 1e-4)
    assert [engine.classes for engine in engines] == [(2, 5, 7)] * 2
    found = [engine.segment([image])[0] for engine in engines]
    assert len(found[0]) == len(found[1])
