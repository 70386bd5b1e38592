# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fine-tuning: what is prepared for it, and (where torch is installed) that it learns and can be exported."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.workers.models import HAVE_TORCH, needs_torch, write_red_cars
from workers.segmentation import SegmentationError
from workers.training.__main__ import chosen_recipe, main
from workers.training.dataset import find_images, write_labelled
from workers.training.fit import DataSet, fit, prepare
from workers.training.hard import Spot
from workers.training.recipe import PAPER, Recipe
from workers.training.report import best_epoch, draw_curves, read_curves
from workers.training.tiles import Tiling, write_tiles


@pytest.fixture
def cars(tmp_path) -> Path:
    folder = tmp_path / "cars"
    for i in range(20):
        write_red_cars(folder, [f"photo{i}.rf.a", f"photo{i}.rf.b"], (300, 200), (60, 80, 200, 140), seed=i)
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


def test_an_earlier_split_is_kept_and_new_sources_are_trained_on(cars, tmp_path):
    earlier = tmp_path / "split.json"
    names = {"train": [], "valid": ["x/photo1.rf.a.jpg"], "test": ["x/photo2.rf.a.jpg", "x/photo3.rf.b.jpg"]}
    earlier.write_text(json.dumps(names))
    output = tmp_path / "run"
    output.mkdir()
    prepare([DataSet(cars, tiles=1)], output, Tiling(side=128, long_side=256), earlier_split=earlier)
    split = json.loads((output / "split.json").read_text())
    sources = {part: {Path(p).name.split(".rf.")[0] for p in paths} for part, paths in split.items()}
    assert sources["valid"] == {"photo1"} and sources["test"] == {"photo2", "photo3"}
    assert len(sources["train"]) == 17


def test_the_paper_augments_after_the_split(cars, tmp_path):
    output = tmp_path / "run"
    output.mkdir()
    prepare([DataSet(cars)], output, Tiling(), copies=PAPER.copies)
    assert len(find_images(output / "train")) == 4 * 28 and len(find_images(output / "valid")) == 6
    assert not {i.source for i in find_images(output / "train")} & {
        i.source for i in find_images(output / "valid")
    }


def test_too_few_sources_are_refused(tmp_path):
    write_labelled(tmp_path / "one", "photo", np.zeros((50, 50, 3), np.uint8), [])
    with pytest.raises(ValueError, match="too few sources"):
        prepare([DataSet(tmp_path / "one")], tmp_path, Tiling(), copies=1)


def test_tiles_are_cut_around_hard_spots(tmp_path):
    image = np.zeros((1000, 2000, 3), np.uint8)
    image[895:905, 95:105] = 255
    write_labelled(tmp_path / "in", "photo", image, [])
    spots = [Spot(100.0, 900.0, 1.0), Spot(1900.0, 100.0, 0.0)]
    count = write_tiles(
        find_images(tmp_path / "in"),
        tmp_path / "out",
        Tiling(128, 2000, 0.0, 30),
        find_spots=lambda labelled: spots,
    )
    seen = sum(tile.read()[0].max() > 128 for tile in find_images(tmp_path / "out"))
    assert seen >= 15 and seen >= 0.7 * count


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param([], Recipe(), id="spark unless said"),
        pytest.param(["--recipe", "paper"], PAPER, id="paper"),
        pytest.param(
            ["--recipe", "paper", "--epochs", "3", "--freeze", "5"],
            Recipe("paper", 3, None, 5, 16, 16, "AdamW", 1e-3, 20, "loss", copies=4, augment=PAPER.augment),
            id="paper, changed",
        ),
    ],
)
def test_recipes_on_the_command_line(words, expected):
    from workers.training.__main__ import _parser

    options = _parser().parse_args(["fit", "--data", "d", "--weights", "w.pt", "-o", "o", *words])
    assert chosen_recipe(options) == expected


def test_the_papers_numbers():
    assert (PAPER.epochs, PAPER.freeze, PAPER.copies) == (120, "backbone", 4)
    assert (PAPER.step_epochs, PAPER.patience, PAPER.best_by) == (20, 5, "loss")


def curves() -> list[dict[str, float]]:
    rows = []
    for epoch, (loss, score) in enumerate([(3.0, 0.2), (2.0, 0.5), (2.5, 0.6)], 1):
        row = {"epoch": epoch, "time": 60.0 * epoch, "lr/pg0": 1e-3}
        for part in ("train", "val"):
            row |= {f"{part}/{name}": loss for name in ("box_loss", "seg_loss", "cls_loss", "dfl_loss")}
        rows.append(row | {f"metrics/{n}(M)": score for n in ("precision", "recall", "mAP50", "mAP50-95")})
    return rows


def test_curves(tmp_path):
    rows = curves()
    path = tmp_path / "results.csv"
    path.write_text(",".join(rows[0]) + "\n" + "".join(",".join(map(str, r.values())) + "\n" for r in rows))
    assert read_curves(path) == rows
    assert best_epoch(rows, Recipe())["epoch"] == 3 and best_epoch(rows, PAPER)["epoch"] == 2
    pytest.importorskip("matplotlib")
    draw_curves(rows, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes()[:4] == b"\x89PNG"


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
def test_weights_are_averaged_and_masks_end_where_told():
    import torch
    from ultralytics.nn.tasks import SegmentationModel

    from workers.segmentation import WeightsError
    from workers.segmentation.masks import MASK_LOGIT
    from workers.training.blend import average, end_masks_at

    old, new = (SegmentationModel("yolov8n-seg.yaml", nc=1, verbose=False).eval() for _ in range(2))
    name = "model.9.cv1.conv.weight"
    expected = 0.75 * old.state_dict()[name] + 0.25 * new.state_dict()[name]
    mixed = average(old, new, 0.25)
    assert torch.allclose(mixed.state_dict()[name], expected)
    image = torch.rand(1, 3, 64, 64)
    before = mixed(image)[0]
    after = end_masks_at(mixed, MASK_LOGIT / 2)(image)[0]
    before, after = (t[0] if isinstance(t, (list, tuple)) else t for t in (before, after))
    assert torch.allclose(after[:, :5], before[:, :5]) and torch.allclose(
        after[:, 5:], 2 * before[:, 5:], atol=1e-4
    )
    with pytest.raises(WeightsError, match="different architectures"):
        average(SegmentationModel("yolov8n-seg.yaml", nc=2, verbose=False), new)
    with pytest.raises(WeightsError, match="above 0"):
        end_masks_at(new, 0.0)


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


@needs_torch
def test_yolov9e_takes_a_step_by_the_papers_recipe(tmp_path):
    """The paper's network, built from its architecture: its 30 backbone layers do not move, its head does."""
    import torch
    from ultralytics import YOLO

    base = tmp_path / "base.pt"
    YOLO("yolov9e-seg.yaml", task="segment").save(str(base))
    write_red_cars(tmp_path / "cars", [f"photo{i}" for i in range(8)], (64, 64), (10, 20, 50, 50), seed=3)
    output = tmp_path / "run"
    words = ["fit", "--recipe", "paper", "--data", str(tmp_path / "cars"), "--weights", str(base)]
    assert main([*words, "-o", str(output), "--epochs", "1", "--batch", "4", "--side", "64"]) == 0

    before, after = (
        torch.load(path, map_location="cpu", weights_only=False)["model"].half()
        for path in (base, output / "best.pt")
    )
    assert len(after.yaml["backbone"]) == 30 and after.yaml["nc"] == 1
    learnt = dict(after.named_parameters())
    moved = {
        int(name.split(".")[1])
        for name, old in before.named_parameters()
        if old.shape == learnt[name].shape and not torch.equal(old, learnt[name])
    }
    assert moved and min(moved) >= 30
    page = (output / "report.html").read_text()
    assert "recipe paper" in page and page.count("data:image/png;base64,") == 2
