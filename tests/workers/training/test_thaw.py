# SPDX-License-Identifier: AGPL-3.0-or-later
"""Going on from the file that ships: what comes out of it is the same network, and one that can be trained."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.workers.models import FULL, needs_torch, write_red_cars
from workers.segmentation import WeightsError
from workers.segmentation.quiet import import_openvino
from workers.training.fit import DataSet, fit, prepare
from workers.training.recipe import Recipe
from workers.training.thaw import thaw
from workers.training.tiles import Tiling

pytestmark = needs_torch
SIDE = 128


@pytest.fixture
def pictures(tmp_path) -> list[Path]:
    random = np.random.default_rng(5)
    folder = tmp_path / "pictures"
    folder.mkdir()
    paths = []
    for i in range(6):
        image = cv2.resize(random.integers(0, 255, (9, 9, 3)).astype(np.uint8), (SIDE, SIDE))
        paths.append(folder / f"{i}.jpg")
        cv2.imwrite(str(paths[-1]), image)
    return paths


def test_it_says_what_the_file_says(pictures, tmp_path):
    import torch

    network = torch.load(thaw(FULL, pictures, tmp_path / "start.pt"), weights_only=False)["model"].eval()
    openvino = import_openvino()
    core = openvino.Core()
    told = core.compile_model(core.read_model(FULL), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    image = np.random.default_rng(0).random((1, 3, SIDE, SIDE), np.float32)
    with torch.no_grad():
        found = network(torch.from_numpy(image))[0]
    found = (found[0] if isinstance(found, list | tuple) else found).numpy()
    expected = told(image)[0]
    assert np.abs(found[:, 4] - expected[:, 4]).max() < 1e-4  # scores
    assert np.abs(found[:, :4] - expected[:, :4]).max() < 0.05  # boxes, pixels


def test_its_normalisations_stand_in_the_middle_of_what_they_see(pictures, tmp_path):
    """In training a normalisation goes by its batch: on such pictures that must change next to nothing."""
    import torch

    network = torch.load(thaw(FULL, pictures, tmp_path / "start.pt"), weights_only=False)["model"]
    batch = torch.cat(
        [torch.from_numpy(cv2.imread(str(p))[:, :, ::-1].transpose(2, 0, 1).copy())[None] for p in pictures]
    )
    first = network.model[0].eval()
    with torch.no_grad():
        resting = first(batch.float() / 255)
        training = first.train()(batch.float() / 255)
    assert torch.allclose(resting, training, atol=0.02 * float(resting.abs().max()))


def test_training_goes_on_from_the_shipped_file_in_sixteen_bits(tmp_path):
    from workers.segmentation import load_segmenter
    from workers.training.export import export_onnx

    write_red_cars(tmp_path / "cars", [f"photo{i}" for i in range(12)], (300, 200), (60, 80, 200, 140))
    output = tmp_path / "run"
    output.mkdir()
    yaml = prepare([DataSet(tmp_path / "cars", tiles=1)], output, Tiling(side=SIDE, long_side=256))
    best = fit(FULL, yaml, output, Recipe(epochs=1, batch=4, threads=2, freeze=10, bfloat16=True))
    engine = load_segmenter(export_onnx(best, tmp_path / "model.onnx"), 0.5, long_side=SIDE)
    assert engine.classes == (0,)


@pytest.mark.parametrize(
    ("architecture", "told"),
    [("yolov8s-seg.yaml", r"no yolov8s-seg of one class: model\.0\.conv\.weight should have shape"),
     ("yolo11n-seg.yaml", "no yolo11n-seg")],
)  # fmt: skip
def test_another_network_is_refused(architecture, told, pictures, tmp_path):
    with pytest.raises(WeightsError, match=told):
        thaw(FULL, pictures, tmp_path / "start.pt", architecture)
    assert not (tmp_path / "start.pt").exists()


def test_what_is_no_onnx_file_is_refused(pictures, tmp_path):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(FULL.read_bytes()[:5000])
    with pytest.raises(WeightsError, match=r"broken\.onnx"):
        thaw(broken, pictures, tmp_path / "start.pt")
