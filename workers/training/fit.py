# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fine-tuning a YOLO segmentation model to the single class car, from YOLO-polygon data sets."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from workers.segmentation.protocol import SegmentationError, WeightsError
from workers.segmentation.quiet import import_ultralytics
from workers.training.dataset import LabelledImage, find_images, split_by_source
from workers.training.one_class import keep_only_cars
from workers.training.tiles import Tiling, write_tiles

log = logging.getLogger(__name__)

PARTS = ("train", "valid", "test")


@dataclass(frozen=True)
class DataSet:
    """A folder of images; labels: name of the label folders beside the image folders; tiles: per image."""

    folder: Path
    labels: str = "labels"
    tiles: int = 4


@dataclass(frozen=True)
class Recipe:
    """How to train. freeze: this many of the network's first layers stay as they are. minutes: a limit, or None."""

    epochs: int = 10
    minutes: float | None = None
    freeze: int = 0
    batch: int = 8
    learning_rate: float = 5e-4
    patience: int = 5
    threads: int = 2
    seed: int = 0
    augment: dict[str, float] = field(
        default_factory=lambda: {
            "mosaic": 0.3,
            "fliplr": 0.5,
            "flipud": 0.0,
            "degrees": 8.0,
            "scale": 0.25,
            "translate": 0.1,
            "hsv_h": 0.015,
            "hsv_s": 0.6,
            "hsv_v": 0.4,
        }
    )


def prepare(sets: Sequence[DataSet], output: Path, tiling: Tiling, seed: int = 0) -> Path:
    """Split each set by source, cut its training and validation parts into tiles, and write the Ultralytics data file.

    `split.json` in `output` lists the images of every part; those of "test" are used by nothing here.
    Returns the path of `data.yaml`.
    """
    split: dict[str, list[str]] = {part: [] for part in PARTS}
    for number, data in enumerate(sets):
        parts: dict[str, list[LabelledImage]] = dict(
            zip(PARTS, split_by_source(find_images(data.folder, data.labels), seed=seed), strict=True)
        )
        shape = Tiling(tiling.side, tiling.long_side, tiling.jitter, data.tiles)
        for part, images in parts.items():
            split[part] += [str(image.image) for image in images]
            if part != "test":
                each = shape if part == "train" else replace(shape, per_image=1)
                count = write_tiles(images, output / part / f"{number}", each, seed)
                log.info("%s, %s: %d images, %d tiles", data.folder, part, len(images), count)
    (output / "split.json").write_text(json.dumps(split, indent=1), encoding="utf-8")
    yaml = output / "data.yaml"
    folders = {
        part: [str((output / part / f"{i}" / "images").resolve()) for i in range(len(sets))]
        for part in PARTS[:2]
    }
    lines = [
        "names: {0: car}",
        f"train: {json.dumps(folders['train'])}",
        f"val: {json.dumps(folders['valid'])}",
    ]
    yaml.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return yaml


def fit(weights: Path, data_yaml: Path, output: Path, recipe: Recipe) -> Path:
    """Train and return the path of the best weights, `output`/best.pt (best on the validation part).

    Raises WeightsError for a missing file, SegmentationError when torch or Ultralytics is missing.
    """
    if not Path(weights).is_file():
        raise WeightsError(f"no weights at {weights}")
    try:
        import torch

        import_ultralytics()
    except ImportError as error:
        raise SegmentationError(
            f"training needs torch and ultralytics ({error}): pip install -r requirements.txt"
        ) from error
    torch.set_num_threads(recipe.threads)
    trainer = _trainer_class()(
        overrides={
            "model": str(weights),
            "data": str(data_yaml),
            "epochs": recipe.epochs,
            "time": recipe.minutes / 60 if recipe.minutes else None,
            "imgsz": Tiling().side,
            "batch": recipe.batch,
            "optimizer": "AdamW",
            "lr0": recipe.learning_rate,
            "lrf": 0.05,
            "cos_lr": True,
            "nbs": 16,  # weights change every 16 tiles: little data, so many small steps
            "warmup_epochs": 0.3,
            "warmup_bias_lr": 0.0,  # the default of 0.1 is for SGD and would wipe out what the head knows
            "patience": recipe.patience,
            "freeze": recipe.freeze or None,
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
    )
    trainer.train()
    best = Path(trainer.best if Path(trainer.best).is_file() else trainer.last)
    return Path(shutil.copy(best, output / "best.pt"))


def _trainer_class() -> Any:
    from ultralytics.models.yolo.segment import SegmentationTrainer

    class CarTrainer(SegmentationTrainer):
        """Ultralytics' trainer, its network cut down to one class instead of built anew."""

        def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> Any:
            if weights is None:
                return super().get_model(cfg, weights, verbose)
            network = keep_only_cars(weights.float())
            for parameter in network.parameters():
                parameter.requires_grad_(True)
            return network

    return CarTrainer
