# SPDX-License-Identifier: AGPL-3.0-or-later
"""What came out of a training: curves and examples as PNG, and one HTML page that shows them with the figures."""

from __future__ import annotations

import base64
import csv
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.segmentation.protocol import Segmenter
from workers.training.dataset import LabelledImage, find_images
from workers.training.recipe import Recipe

LOSSES = ("box_loss", "seg_loss", "cls_loss", "dfl_loss")
MASK_MAP = "metrics/mAP50-95(M)"
EXAMPLES = 6
EXAMPLE_SIDE = 480  # pixels
EXAMPLE_THRESHOLD = 0.45
TRUE_BGR, FOUND_BGR = (80, 200, 80), (60, 60, 255)

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c; background: #fff }
table { border-collapse: collapse; margin: 1rem 0 } td, th { padding: .25rem .75rem; text-align: left; border-bottom: 1px solid #ccc }
img { max-width: 100%; height: auto } figcaption { color: #555 }
@media (prefers-color-scheme: dark) { body { color: #e6e6e6; background: #181818 } figcaption { color: #aaa } td, th { border-color: #444 } }
"""


def write_report(output: Path, best: Path, recipe: Recipe) -> Path:
    """Write curves.png, examples.png and report.html into `output`, the folder of a finished training; the page's path.

    Pictures of the validation part show the true outlines green and those of the `best` weights red.
    """
    from workers.segmentation import load_segmenter

    epochs = read_curves(output / "run" / "results.csv")
    draw_curves(epochs, output / "curves.png")
    segmenter = load_segmenter(best, EXAMPLE_THRESHOLD, "ultralytics", long_side=recipe.side, warm_up=False)
    images = find_images(output / "valid")
    draw_examples(segmenter, images[:: max(len(images) // EXAMPLES, 1)][:EXAMPLES], output / "examples.png")
    split = json.loads((output / "split.json").read_text(encoding="utf-8"))
    page = output / "report.html"
    page.write_text(_page(output, recipe, epochs, split), encoding="utf-8")
    return page


def read_curves(path: Path) -> list[dict[str, float]]:
    """Ultralytics' results.csv, one dictionary per epoch."""
    with path.open(encoding="utf-8", newline="") as file:
        return [{name.strip(): float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def best_epoch(epochs: Sequence[dict[str, float]], recipe: Recipe) -> dict[str, float]:
    """The epoch whose weights were kept."""
    if recipe.best_by == "loss":
        return min(epochs, key=lambda e: sum(v for name, v in e.items() if name.startswith("val/")))
    return max(epochs, key=lambda e: e[MASK_MAP])


def draw_curves(epochs: Sequence[dict[str, float]], path: Path) -> None:
    """Losses, accuracy of masks and the learning rate over the epochs, as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6.5), layout="constrained")
    number = [e["epoch"] for e in epochs]
    axes = figure.subplots(2, 3).ravel()
    for axis, loss in zip(axes, LOSSES, strict=False):
        for part in ("train", "val"):
            axis.plot(number, [e[f"{part}/{loss}"] for e in epochs], marker=".", label=part)
        axis.set_title(loss.replace("_", " "))
        axis.legend()
    for name in ("precision", "recall", "mAP50", "mAP50-95"):
        axes[4].plot(number, [e[f"metrics/{name}(M)"] for e in epochs], marker=".", label=name)
    axes[4].set_title("masks, validation part")
    axes[4].legend()
    axes[5].plot(number, [e["lr/pg0"] for e in epochs], marker=".")
    axes[5].set_yscale("log")
    axes[5].set_title("learning rate")
    for axis in axes:
        axis.set_xlabel("epoch")
        axis.grid(alpha=0.3)
    FigureCanvasAgg(figure).print_png(str(path))


def draw_examples(segmenter: Segmenter, images: Sequence[LabelledImage], path: Path) -> None:
    """Pictures side by side, true outlines green, found ones red, as PNG."""
    tiles = []
    for labelled in images:
        image, rings = labelled.read()
        _outline(image, rings, TRUE_BGR)
        _outline(image, [ring for car in segmenter.segment([image])[0] for ring in car.polygons], FOUND_BGR)
        scale = EXAMPLE_SIDE / max(image.shape[:2])
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        tile = np.full((EXAMPLE_SIDE, EXAMPLE_SIDE, 3), 255, np.uint8)
        tile[: small.shape[0], : small.shape[1]] = small
        tiles.append(tile)
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % 3)
    rows = [np.hstack(tiles[i : i + 3]) for i in range(0, len(tiles), 3)]
    cv2.imwrite(str(path), np.vstack(rows))


def _outline(
    image: NDArray[np.uint8], rings: Sequence[NDArray[np.float64]], colour: tuple[int, int, int]
) -> None:
    thickness = max(round(max(image.shape[:2]) / 400), 1)
    cv2.polylines(image, [np.round(ring).astype(np.int32) for ring in rings], True, colour, thickness)


def _page(
    output: Path, recipe: Recipe, epochs: Sequence[dict[str, float]], split: dict[str, list[str]]
) -> str:
    best = best_epoch(epochs, recipe)
    told = {f.name: getattr(recipe, f.name) for f in fields(recipe) if f.name != "augment"}
    told |= {f"{name} while training": value for name, value in recipe.augment.items() if value}
    parts = {part: f"{len(names)} images" for part, names in split.items()}
    figures = {
        "epoch": f"{best['epoch']:.0f} of {len(epochs)}",
        "precision (masks)": f"{best['metrics/precision(M)']:.3f}",
        "recall (masks)": f"{best['metrics/recall(M)']:.3f}",
        "mAP50 (masks)": f"{best['metrics/mAP50(M)']:.3f}",
        "mAP50-95 (masks)": f"{best[MASK_MAP]:.3f}",
        "minutes": f"{epochs[-1]['time'] / 60:.1f}",
    }
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Training, recipe {html.escape(recipe.name)}</title><style>{STYLE}</style>"
        f"<h1>Training, recipe {html.escape(recipe.name)}</h1>"
        f"<h2>Best epoch, on the validation part</h2>{_table(figures)}"
        f"<h2>Curves</h2>{_picture(output / 'curves.png', 'Losses and accuracy over the epochs')}"
        f"<h2>Examples</h2>{_picture(output / 'examples.png', 'Validation part: true outlines green, found ones red')}"
        f"<h2>Data, split by source before any augmentation</h2>{_table(parts)}"
        f"<h2>Recipe</h2>{_table(told)}</html>\n"
    )


def _table(rows: Mapping[str, object]) -> str:
    body = "".join(
        f"<tr><th scope=row>{html.escape(str(name).replace('_', ' '))}<td>{html.escape(str(value))}"
        for name, value in rows.items()
    )
    return f"<table>{body}</table>"


def _picture(path: Path, words: str) -> str:
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f'<figure><img alt="{html.escape(words)}" src="data:image/png;base64,{data}"><figcaption>{html.escape(words)}</figcaption></figure>'
