# SPDX-License-Identifier: AGPL-3.0-or-later
"""`python -m workers.training fit|export|pseudo_label|evaluate`; each with --help.

pseudo_label --acpds ../shared/data/acpds --weights base.onnx -o var/training/acpds
fit --data var/training/acpds --data ../shared/data/kurss:labels_car_only:2 --weights base.pt -o var/training/run
export var/training/run/best.pt -o workers/segmentation/weights/spark-yolov8n-seg.onnx
evaluate --acpds ../shared/data/acpds --cars DIR --empty DIR [--weights W]
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from workers.segmentation import SegmentationError, load_segmenter
from workers.training.acpds import read_acpds
from workers.training.dataset import IMAGE_ENDINGS, LabelledImage, find_images
from workers.training.evaluate import THRESHOLDS, count_false_cars, score_cars, score_stalls
from workers.training.export import MAX_SHIPPED_BYTES, export_onnx
from workers.training.fit import DataSet, fit, prepare
from workers.training.hard import MINING_THRESHOLD
from workers.training.pseudo_label import pseudo_label
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
    path = export_onnx(options.weights, options.output)
    size = path.stat().st_size
    print(f"{path}: {size / 1e6:.1f} MB" + (" (too large to ship)" if size > MAX_SHIPPED_BYTES else ""))


def run_pseudo_label(options: argparse.Namespace) -> None:
    # Only ever the training split: the other one is what models are judged by.
    pseudo_label(
        read_acpds(options.acpds, "train"), options.weights, options.output, options.threads, options.own
    )


def run_evaluate(options: argparse.Namespace) -> None:
    segmenter = load_segmenter(
        options.weights, min(THRESHOLDS), options.engine, long_side=options.long_side, threads=options.threads
    )
    print(f"model {segmenter.name}, long side {options.long_side or 'default'}")
    report: dict[str, Any] = {"model": segmenter.name}
    for text in options.cars or ():
        data = parse_data(text)
        images = chosen_part(find_images(data.folder, data.labels), options.split)
        report[f"cars {text}"] = [asdict(s) | {"f1": s.f1} for s in score_cars(segmenter, images)]
        print_table(f"cars, {len(images)} images of {data.folder.name}", report[f"cars {text}"])
    if options.acpds:
        photos = read_acpds(options.acpds, options.acpds_split)
        report["stalls"] = [asdict(s) for s in score_stalls(segmenter, photos)]
        print_table(f"stalls, ACPDS {options.acpds_split}, {len(photos)} photos", report["stalls"])
    if options.empty:
        paths = sorted(p for p in options.empty.iterdir() if p.suffix.lower() in IMAGE_ENDINGS)
        rows = [
            {"threshold": t, "false cars per 100 images": n} for t, n in count_false_cars(segmenter, paths)
        ]
        report["empty"] = rows
        print_table(f"no cars, {len(paths)} images of {options.empty.name}", rows)
    if options.output:
        options.output.write_text(json.dumps(report, indent=1), encoding="utf-8")


def chosen_part(images: list[LabelledImage], split: str | None) -> list[LabelledImage]:
    """Only the images that `split` (SPLIT.json:PART) lists, when it is given."""
    if not split:
        return images
    path, _, part = split.rpartition(":")
    listed = {Path(p).name for p in json.loads(Path(path).read_text(encoding="utf-8"))[part]}
    return [image for image in images if image.image.name in listed]


def print_table(title: str, rows: list[dict[str, float]]) -> None:
    print(f"\n{title}\n" + "  ".join(f"{name:>12}" for name in rows[0]))
    for row in rows:
        print("  ".join(f"{value:12.3f}" for value in row.values()))


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
        "--weights", type=Path, required=True, help="start: a .pt, or an architecture's .yaml"
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
    command.add_argument("--seed", type=int)
    command.set_defaults(run=run_fit)

    command = commands.add_parser("export", help="write the ONNX file for the openvino engine")
    command.add_argument("weights", type=Path)
    command.add_argument("-o", "--output", type=Path, required=True)
    command.set_defaults(run=run_export)

    command = commands.add_parser("pseudo_label", help="outlines for photos whose stalls' occupancy is known")
    command.add_argument("--acpds", type=Path, required=True)
    command.add_argument("--weights", type=Path, required=True, help="ONNX file of the labelling model")
    command.add_argument("-o", "--output", type=Path, required=True)
    command.add_argument(
        "--own", action="store_true", help="a model of this project labels: fewer looks, more trust"
    )
    command.add_argument("--threads", type=int)
    command.set_defaults(run=run_pseudo_label)

    command = commands.add_parser("evaluate", help="measure a model at many thresholds")
    command.add_argument("--cars", action="append", metavar="FOLDER[:LABELS]", help="YOLO-polygon data set")
    command.add_argument("--split", metavar="SPLIT.json:PART", help="only this part of the --cars sets")
    command.add_argument("--acpds", type=Path)
    command.add_argument("--acpds-split", choices=("train", "valid"), default="valid")
    command.add_argument("--empty", type=Path, help="folder of images without cars")
    command.add_argument("--weights", type=Path, help="default: the shipped model")
    command.add_argument("--engine", choices=("openvino", "ultralytics"), default="openvino")
    command.add_argument("--long-side", type=int)
    command.add_argument("--threads", type=int)
    command.add_argument("-o", "--output", type=Path, help="also write the figures as JSON")
    command.set_defaults(run=run_evaluate)
    return parser


if __name__ == "__main__":
    sys.exit(main())
