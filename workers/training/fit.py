# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fine-tuning a YOLO segmentation model to the single class car, from YOLO-polygon or COCO data sets."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from workers.segmentation.protocol import SegmentationError, Segmenter, WeightsError
from workers.segmentation.quiet import import_ultralytics
from workers.training.augment import write_copies
from workers.training.coco import read_coco
from workers.training.dataset import LabelledImage, find_images, read_split, split_by_source
from workers.training.hard import find_spots
from workers.training.one_class import keep_only_cars
from workers.training.recipe import STEP_FACTOR, Recipe
from workers.training.thaw import thaw
from workers.training.tiles import Tiling, write_tiles

log = logging.getLogger(__name__)

PARTS = ("train", "valid", "test")
AVERAGED_SHARE = 0.98  # of the averaged weights stays at each step: the mean of about the last fifty


@dataclass(frozen=True)
class DataSet:
    """A folder of images, or a COCO file. labels: name of the label folders beside the image folders; tiles: per image."""

    folder: Path
    labels: str = "labels"
    tiles: int = 4


def prepare(
    sets: Sequence[DataSet],
    output: Path,
    tiling: Tiling,
    seed: int = 0,
    earlier_split: Path | None = None,
    miner: Segmenter | None = None,
    copies: int = 0,
) -> Path:
    """Split each set by source, then cut its training and validation parts into tiles, or augment whole images.

    `split.json` in `output` lists the images of every part; those of "test" are used by nothing here.
    earlier_split: such a file of an earlier run: a source keeps its part, and new ones go to training.
    miner: a model around whose mistakes most training tiles are cut, instead of anywhere.
    copies: with 1 or more, so many augmented copies of each whole training image instead of tiles.
    Returns the path of `data.yaml`, the data file of Ultralytics. Raises ValueError when a part has no pictures.
    """
    part_of = read_split(earlier_split) if earlier_split else None
    split: dict[str, list[str]] = {part: [] for part in PARTS}
    counts = dict.fromkeys(PARTS[:2], 0)
    for number, data in enumerate(sets):
        parts: dict[str, list[LabelledImage]] = dict(
            zip(PARTS, split_by_source(_read(data, output, number), seed=seed, part_of=part_of), strict=True)
        )
        for part, images in parts.items():
            split[part] += [str(image.image) for image in images]
            if part == "test":
                continue
            training = part == "train"
            folder = output / part / f"{number}"
            (folder / "images").mkdir(parents=True, exist_ok=True)
            if copies:
                count = write_copies(images, folder, copies if training else 0, seed)
            else:
                each = replace(tiling, per_image=data.tiles)
                if not training:
                    each = replace(tiling, per_image=1, weather=False)
                spots = partial(find_spots, segmenter=miner) if training and miner else None
                count = write_tiles(images, folder, each, seed, spots)
            counts[part] += count
            log.info("%s, %s: %d images, %d pictures", data.folder, part, len(images), count)
    for part, count in counts.items():
        if not count:
            raise ValueError(f"there is nothing for {part}: too few sources to split 70:15:15")
    (output / "split.json").write_text(json.dumps(split, indent=1), encoding="utf-8")
    return _write_data_file(output, len(sets))


def _read(data: DataSet, output: Path, number: int) -> list[LabelledImage]:
    if data.folder.suffix.lower() == ".json":
        return read_coco(data.folder, output / "coco" / f"{number}")
    return find_images(data.folder, data.labels)


def _write_data_file(output: Path, sets: int) -> Path:
    folders = {
        part: [str((output / part / f"{i}" / "images").resolve()) for i in range(sets)] for part in PARTS[:2]
    }
    yaml = output / "data.yaml"
    yaml.write_text(
        f"names: {{0: car}}\ntrain: {json.dumps(folders['train'])}\nval: {json.dumps(folders['valid'])}\n",
        encoding="utf-8",
    )
    return yaml


def fit(weights: Path, data_yaml: Path, output: Path, recipe: Recipe) -> Path:
    """Train and return the path of the best weights, `output`/best.pt (best on the validation part).

    weights: a checkpoint (.pt), an exported file of one class (.onnx, `thaw`), or an architecture of Ultralytics (.yaml),
    which starts from random weights. The curves are in `output`/run/results.csv.
    Raises WeightsError for a missing file, SegmentationError when torch or Ultralytics is missing.
    """
    weights = Path(weights)
    if not weights.is_file() and weights.suffix != ".yaml":
        raise WeightsError(f"no weights at {weights}")
    try:
        import torch

        import_ultralytics()
    except ImportError as error:
        raise SegmentationError(
            f"training needs torch and ultralytics ({error}): pip install -r requirements.txt"
        ) from error
    torch.set_num_threads(recipe.threads)
    if weights.suffix == ".onnx":
        weights = thaw(weights, sorted((output / PARTS[0]).rglob("images/*.jpg")), output / "start.pt")
    trainer = _trainer_class(recipe)(overrides=_settings(weights, data_yaml, output, recipe))
    trainer.add_callback("on_pretrain_routine_end", _average_late_weights)
    if recipe.bfloat16:
        trainer.add_callback("on_train_start", _compute_in_sixteen_bits)
    trainer.train()
    best = Path(trainer.best if Path(trainer.best).is_file() else trainer.last)
    return Path(shutil.copy(best, output / "best.pt"))


def _settings(weights: Path, data_yaml: Path, output: Path, recipe: Recipe) -> dict[str, Any]:
    return {
        "model": str(weights),
        "data": str(data_yaml),
        "epochs": recipe.epochs,
        "time": recipe.minutes / 60 if recipe.minutes else None,
        "imgsz": recipe.side,
        "batch": recipe.batch,
        "nbs": recipe.nominal_batch,
        "optimizer": recipe.optimizer,
        "lr0": recipe.learning_rate,
        "lrf": 0.05,
        "cos_lr": True,
        "warmup_epochs": 0.3,
        "warmup_bias_lr": 0.0,  # the default of 0.1 is for SGD and would wipe out what the head knows
        "patience": recipe.patience,
        "freeze": recipe.freeze if isinstance(recipe.freeze, int) and recipe.freeze else None,
        "workers": 1,
        "seed": recipe.seed,
        "plots": False,
        "close_mosaic": 1,
        "project": str(output.resolve()),
        "name": "run",
        "exist_ok": True,
        "amp": False,
        **recipe.augment,
    }


def _average_late_weights(trainer: Any) -> None:
    """Ultralytics averages weights so slowly at first that a short training would be its last step alone."""
    trainer.ema.decay = lambda step: min(AVERAGED_SHARE, (1 + step) / (10 + step))


def _compute_in_sixteen_bits(trainer: Any) -> None:
    """Forward and backward passes in bfloat16, what comes out in float32; of the network in training, not of its average.

    Ultralytics' own way (`amp`) is for GPUs, and computes the loss in sixteen bits too.
    """
    import torch

    network = trainer.model
    whole = type(network).forward

    def forward(x: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(x, dict):  # a batch with its labels: comes back here for the pictures alone
            return whole(network, x, *args, **kwargs)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return _in_float32(whole(network, x, *args, **kwargs))

    network.forward = forward


def _in_float32(outputs: Any) -> Any:
    """Tensors in float32, within tuples, lists and dicts too."""
    if isinstance(outputs, dict):
        return {name: _in_float32(value) for name, value in outputs.items()}
    if isinstance(outputs, list | tuple):
        return type(outputs)(_in_float32(value) for value in outputs)
    return (
        outputs.float() if hasattr(outputs, "is_floating_point") and outputs.is_floating_point() else outputs
    )


def _trainer_class(recipe: Recipe) -> Any:
    from torch.optim.lr_scheduler import LambdaLR
    from ultralytics.models.yolo.segment import SegmentationTrainer

    class CarTrainer(SegmentationTrainer):
        """Ultralytics' trainer with its network cut down to one class instead of built anew, and the recipe's rules."""

        best_fitness: float | None

        def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> Any:
            if weights is None:
                network = super().get_model(cfg, weights, verbose)
            else:
                network = keep_only_cars(weights.float())
                for parameter in network.parameters():
                    parameter.requires_grad_(True)
            if recipe.freeze == "backbone":
                self.args.freeze = len(network.yaml["backbone"])
            return network

        def _setup_scheduler(self) -> None:
            if recipe.step_epochs is None:
                super()._setup_scheduler()
                return
            every = recipe.step_epochs
            self.lf = lambda epoch: STEP_FACTOR ** (epoch // every)
            self.scheduler = LambdaLR(self.optimizer, lr_lambda=self.lf)

        def validate(self) -> Any:
            if recipe.best_by == "map":
                return super().validate()
            before = self.best_fitness
            metrics, _ = super().validate()
            fitness = -sum(float(value) for name, value in metrics.items() if name.startswith("val/"))
            self.best_fitness = fitness if before is None else max(before, fitness)
            return metrics, fitness

    return CarTrainer
