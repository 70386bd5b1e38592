# SPDX-License-Identifier: AGPL-3.0-or-later
"""`python -m workers.training fit|export|quantize|pseudo_label|evaluate`; each with --help.

pseudo_label --acpds ../shared/data/acpds --weights base.onnx -o var/training/acpds
fit --data var/training/acpds --data ../shared/data/kurss:labels_car_only:2 --weights base.pt -o var/training/run
export var/training/run/best.pt -o workers/segmentation/weights/spark-yolov8n-seg.onnx
quantize workers/segmentation/weights/spark-yolov8n-seg.onnx --images var/training -o spark-yolov8n-seg-int8.xml
evaluate --acpds ../shared/data/acpds --cars DIR --empty DIR [--weights W] [-o var/evaluation/report.json]
"""

from __future__ import annotations

import argparse
import logging
import sys
from dataclasses import fields, replace
from pathlib import Path

from workers.segmentation import SegmentationError, load_segmenter
from workers.segmentation.weights import weight_files
from workers.training.acpds import read_acpds
from workers.training.dataset import find_images
from workers.training.evaluation import add_evaluate_command
from workers.training.export import MAX_SHIPPED_BYTES, export_onnx
from workers.training.fit import DataSet, fit, prepare
from workers.training.hard import MINING_THRESHOLD
from workers.training.pseudo_label import pseudo_label
from workers.training.quantize import quantize
from workers.training.recipe import RECIPES, SPARK, Recipe
from workers.training.report import write_report
from workers.training.tiles import Tiling


def main(arguments: list[str] | None = None) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (SegmentationError, FileNotFoundError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def run_fit(options: argparse.Namespace) -> None:
    output = Path(options.output)
    output.mkdir(parents=True, exist_ok=True)
    recipe = chosen_recipe(options)
    tiling = Tiling(recipe.side, options.long_side, weather=options.weather)
    miner = load_segmenter(options.mine, MINING_THRESHOLD, threads=recipe.threads) if options.mine else None
    sets = [parse_data(text) for text in options.data]
    yaml = prepare(sets, output, tiling, recipe.seed, options.split, miner, recipe.copies)
    best = fit(options.weights, yaml, output, recipe)
    print(best)
    print(write_report(output, best, recipe))


def chosen_recipe(options: argparse.Namespace) -> Recipe:
    """The recipe of --recipe with what the command line says otherwise."""
    recipe = RECIPES[options.recipe]
    said = {f.name: getattr(options, f.name, None) for f in fields(Recipe) if f.name != "name"}
    return replace(recipe, **{name: value for name, value in said.items() if value is not None})


def parse_data(text: str) -> DataSet:
    """FOLDER[:LABELS[:TILES]] of --data."""
    folder, _, rest = text.partition(":")
    labels, _, tiles = rest.partition(":")
    return DataSet(Path(folder), labels or "labels", int(tiles or DataSet.tiles))


def run_export(options: argparse.Namespace) -> None:
    path = export_onnx(options.weights, options.output, options.average, options.masks_end_at)
    size = path.stat().st_size
    print(f"{path}: {size / 1e6:.1f} MB" + (" (too large to ship)" if size > MAX_SHIPPED_BYTES else ""))


def run_quantize(options: argparse.Namespace) -> None:
    pictures = [image.image for folder in options.images for image in find_images(folder)]
    path = quantize(options.weights, pictures, options.output, options.long_side)
    print(f"{path}: {sum(part.stat().st_size for part in weight_files(path)) / 1e6:.1f} MB")


def run_pseudo_label(options: argparse.Namespace) -> None:
    # Only ever the training split: the other one is what models are judged by.
    pseudo_label(
        read_acpds(options.acpds, "train"), options.weights, options.output, options.threads, options.own
    )


def _freeze(text: str) -> int | str:
    return text if text == "backbone" else int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m workers.training", description=(__doc__ or "").split("\n")[0]
    )
    commands = parser.add_subparsers(required=True)

    command = commands.add_parser("fit", help="fine-tune to the single class car")
    command.add_argument("--recipe", choices=sorted(RECIPES), default=SPARK.name, help="spark unless said")
    command.add_argument(
        "--data", action="append", required=True, metavar="FOLDER[:LABELS[:TILES]]", help="or a COCO .json"
    )
    command.add_argument(
        "--weights",
        type=Path,
        required=True,
        help="start: a .pt, an exported .onnx, or an architecture's .yaml",
    )
    command.add_argument("-o", "--output", type=Path, required=True)
    command.add_argument("--epochs", type=int)
    command.add_argument("--minutes", type=float, help="stop after this long")
    command.add_argument("--freeze", type=_freeze, help="first layers that stay as they are, or: backbone")
    command.add_argument("--batch", type=int)
    command.add_argument("--learning-rate", type=float)
    command.add_argument(
        "--long-side", type=int, default=Tiling.long_side, help="image scale the tiles are cut at"
    )
    command.add_argument("--side", type=int, help="side of the tiles, or of whole images, pixels")
    command.add_argument("--mine", type=Path, metavar="ONNX", help="cut tiles where this model goes wrong")
    command.add_argument(
        "--weather", action="store_true", help="throw shadows, patches and haze over the tiles"
    )
    command.add_argument("--split", type=Path, help="split.json of an earlier run: sources keep their part")
    command.add_argument("--threads", type=int)
    command.add_argument(
        "--bfloat16",
        action="store_true",
        default=None,
        help="sixteen bits: half the time where the CPU has them",
    )
    command.add_argument("--seed", type=int)
    command.set_defaults(run=run_fit)

    command = commands.add_parser("export", help="write the ONNX file for the openvino engine")
    command.add_argument("weights", type=Path)
    command.add_argument("-o", "--output", type=Path, required=True)
    command.add_argument(
        "--average", type=Path, metavar="OLDER.pt", help="the mean of both weights is exported"
    )
    command.add_argument(
        "--masks-end-at", type=float, metavar="LOGIT", help="where this model's areas are right; measure it"
    )
    command.set_defaults(run=run_export)

    command = commands.add_parser("quantize", help="eight-bit weights for the openvino engine")
    command.add_argument("weights", type=Path, help="an exported ONNX file")
    command.add_argument(
        "--images",
        type=Path,
        action="append",
        required=True,
        metavar="FOLDER",
        help="what the model will see",
    )
    command.add_argument("-o", "--output", type=Path, required=True, metavar="MODEL.xml")
    command.add_argument("--long-side", type=int, help="where the model will not run at the usual input size")
    command.set_defaults(run=run_quantize)

    command = commands.add_parser("pseudo_label", help="outlines for photos whose stalls' occupancy is known")
    command.add_argument("--acpds", type=Path, required=True)
    command.add_argument("--weights", type=Path, required=True, help="ONNX file of the labelling model")
    command.add_argument("-o", "--output", type=Path, required=True)
    command.add_argument(
        "--own", action="store_true", help="a model of this project labels: fewer looks, more trust"
    )
    command.add_argument("--threads", type=int)
    command.set_defaults(run=run_pseudo_label)

    add_evaluate_command(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
