# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fine-tuning: what is prepared for it, and (where torch is installed) that it learns and can be exported."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from workers.segmentation import SegmentationError
from workers.training.dataset import find_images, write_labelled
from workers.training.fit import DataSet, Recipe, fit, prepare
from workers.training.tiles import Tiling

HAVE_TORCH = (
    importlib.util.find_spec("torch") is not None and importlib.util.find_spec("ultralytics") is not None
)
needs_torch = pytest.mark.skipif(
    not HAVE_TORCH, reason="torch and ultralytics are not installed (requirements.txt)"
)


@pytest.fixture
def cars(tmp_path) -> Path:
    random = np.random.default_rng(1)
    folder = tmp_path / "cars"
    for i in range(20):
        image = random.integers(60, 120, (200, 300, 3)).astype(np.uint8)
        image[80:140, 60:200] = (200, 60, 60)
        ring = np.array([[60, 80], [200, 80], [200, 140], [60, 140]], float)
        for copy in "ab":
            write_labelled(folder, f"photo{i}.rf.{copy}", image, [ring])
    return folder


def test_prepare_splits_by_source_and_keeps_the_test_part_out(cars, tmp_path):
    output = tmp_path / "run"
    output.mkdir()
    yaml = prepare([DataSet(cars, tiles=2)], output, Tiling(side=128, long_side=256))
    split = json.loads((output / "split.json").read_text())
    sources = {part: {Path(p).name.split(".rf.")[0] for p in paths} for part, paths in split.items()}
    assert [len(sources[part]) for part in ("train", "valid", "test")] == [14, 3, 3]
    assert sum(map(len, split.values())) == 40
    written = {image.source for image in find_images(output)}
    assert written <= sources["train"] | sources["valid"] and len(written) > 10
    text = yaml.read_text()
    assert "names: {0: car}" in text and str(output / "train" / "0" / "images") in text


@pytest.mark.skipif(HAVE_TORCH, reason="torch is installed here")
def test_without_torch_it_says_how_to_get_it(tmp_path):
    with pytest.raises(SegmentationError, match=r"requirements\.txt"):
        (tmp_path / "w.pt").write_bytes(b"")
        fit(tmp_path / "w.pt", tmp_path / "data.yaml", tmp_path, Recipe())


@needs_torch
def test_cutting_to_one_class_keeps_what_the_car_row_says():
    import torch
    from ultralytics.nn.tasks import SegmentationModel

    from workers.training.one_class import CAR_ROW, keep_only_cars

    network = SegmentationModel("yolov8n-seg.yaml", nc=80, verbose=False).eval()
    image = torch.rand(1, 3, 64, 64)
    before = network(image)[0]
    after = keep_only_cars(network)(image)[0]
    before, after = (t[0] if isinstance(t, (list, tuple)) else t for t in (before, after))
    assert after.shape[1] == before.shape[1] - 79
    assert torch.allclose(after[:, 4], before[:, 4 + CAR_ROW], atol=1e-6)
    assert torch.allclose(after[:, 5:], before[:, 84:], atol=1e-6)


@needs_torch
def test_it_trains_and_exports_a_model_that_the_cpu_engine_runs(cars, tmp_path):
    from ultralytics import YOLO

    from workers.segmentation import load_segmenter
    from workers.training.export import export_onnx

    base = tmp_path / "base.pt"
    YOLO("yolov8n-seg.yaml", task="segment").save(str(base))
    output = tmp_path / "run"
    output.mkdir()
    yaml = prepare([DataSet(cars, tiles=1)], output, Tiling(side=128, long_side=256))
    best = fit(base, yaml, output, Recipe(epochs=1, batch=4, threads=2, freeze=10))
    exported = export_onnx(best, tmp_path / "model.onnx")
    assert str(tmp_path).encode() not in exported.read_bytes()  # no folder of this machine is shipped
    engine = load_segmenter(exported, 0.5, long_side=128)
    assert engine.classes == (0,)
    assert engine.segment([np.zeros((100, 128, 3), np.uint8)]) == [[]]
