# SPDX-License-Identifier: AGPL-3.0-or-later
"""Cars against their outlines, image by image: one to one, mask IoU ≥ 0.5 (DESIGN §4), at any score; and whether a score
means what it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from apps.parking.space_matching import assign
from workers.segmentation.protocol import Segmenter
from workers.training.counts import Counts
from workers.training.dataset import LabelledImage
from workers.training.evaluate import LEAST_TRUTH_PX2, MATCH_IOU, MATCH_RASTER, area_px2, fill

__all__ = ["CarImage", "ReliabilityBin", "best_threshold", "car_splits", "look_at_cars", "reliability"]

Float = NDArray[np.float64]

#: Bins of a car's size, root of its area in pixels of an image 1280 pixels long: a stand-in for distance.
SIZE_BINS_PX = ((0, 20), (20, 40), (40, 80), (80, 2000))
#: The eye of the network is this long.
SIZE_REFERENCE_PX = 1280.0
#: Outlines this near to each other, pixels of the comparison raster, touch: one of the cars hides part of the other.
TOUCH_PX = 2
#: An image darker than this on average (0 to 255) counts as night.
NIGHT_BRIGHTNESS = 70.0
RELIABILITY_BINS = 10


@dataclass(frozen=True)
class CarImage:
    """scores: (N,) of what was found, best first; iou: (N, M) with the true cars; sizes_px: (M,), see SIZE_BINS_PX;
    touching: (M,) bool."""

    path: Path
    scores: Float
    iou: Float
    sizes_px: Float
    touching: NDArray[np.bool_]
    night: bool

    def pairs(self, threshold: float) -> list[tuple[int, int]]:
        """(found, true) that count."""
        shown = int(np.sum(self.scores >= threshold))
        table = np.where(self.iou[:shown] >= MATCH_IOU, self.iou[:shown], 0.0)
        return [(i, j) for i, j in assign(table) if table[i, j] > 0]

    def counts(self, threshold: float) -> Counts:
        """Of this image; cars have no true negatives."""
        good, shown = len(self.pairs(threshold)), int(np.sum(self.scores >= threshold))
        return Counts(good, shown - good, self.iou.shape[1] - good)


@dataclass(frozen=True)
class ReliabilityBin:
    """Cars found with a score from `low` to `high`: how many, their mean score, and the share that are cars."""

    low: float
    high: float
    count: int
    mean_score: float
    right: float


def look_at_cars(segmenter: Segmenter, images: Sequence[LabelledImage]) -> list[CarImage]:
    """Run the network on each image and compare what it finds with the outlines."""
    return [_look(segmenter, image) for image in images]


def _look(segmenter: Segmenter, labelled: LabelledImage) -> CarImage:
    image, rings = labelled.read()
    scale = MATCH_RASTER / max(image.shape[:2])
    shape = round(image.shape[0] * scale), round(image.shape[1] * scale)
    rings = [ring for ring in rings if area_px2([ring]) * scale**2 >= LEAST_TRUTH_PX2]
    truth = [fill([ring * scale], shape) for ring in rings]
    cars = sorted(segmenter.segment([image])[0], key=lambda car: -car.score)
    masks = [(car.score, fill([ring * scale for ring in car.polygons], shape)) for car in cars]
    masks = [(score, mask) for score, mask in masks if mask.sum() >= LEAST_TRUTH_PX2]
    iou = np.zeros((len(masks), len(truth)))
    for i, (_, mask) in enumerate(masks):
        for j, true in enumerate(truth):
            common = np.count_nonzero(mask & true)
            iou[i, j] = common / np.count_nonzero(mask | true) if common else 0.0
    sizes = np.sqrt([area_px2([ring]) for ring in rings]) * SIZE_REFERENCE_PX / max(image.shape[:2])
    return CarImage(
        labelled.image,
        np.array([score for score, _ in masks]),
        iou,
        sizes,
        _touching(rings, scale),
        bool(image.mean() < NIGHT_BRIGHTNESS),
    )


def _touching(rings: Sequence[Float], scale: float) -> NDArray[np.bool_]:
    """Whose bounding boxes come within `TOUCH_PX` of another's."""
    boxes = np.array([[*(r.min(0) * scale), *(r.max(0) * scale)] for r in rings]).reshape(-1, 4)
    low, high = boxes[:, None, :2] - TOUCH_PX, boxes[:, None, 2:] + TOUCH_PX
    overlap = ((low < boxes[None, :, 2:]) & (boxes[None, :, :2] < high)).all(axis=2)
    return np.asarray(overlap.sum(axis=1) > 1)


def best_threshold(images: Sequence[CarImage], thresholds: Sequence[float]) -> float:
    """The one with the highest F1 over all cars."""

    def f1(threshold: float) -> float:
        total = sum((image.counts(threshold) for image in images), Counts())
        return 2 * total.true_positives / max(2 * total.true_positives + total.wrong, 1)

    return max(thresholds, key=f1)


def car_splits(images: Sequence[CarImage], threshold: float) -> list[dict[str, str | int | float]]:
    """Recall by size (distance), by whether cars touch (occlusion), by day and night."""
    found = [{j for _, j in image.pairs(threshold)} for image in images]
    rows: list[dict[str, str | int | float]] = []

    def add(name: str, belongs: Callable[[CarImage, int], bool]) -> None:
        hits = [
            j in found[i]
            for i, image in enumerate(images)
            for j in range(image.iou.shape[1])
            if belongs(image, j)
        ]
        if hits:
            rows.append({"cars": name, "true": len(hits), "recall": float(np.mean(hits))})

    def sized(low: float, high: float) -> Callable[[CarImage, int], bool]:
        return lambda image, j: bool(low <= image.sizes_px[j] < high)

    for low, high in SIZE_BINS_PX:
        add(f"{low}-{high} px", sized(low, high))
    add("apart", lambda image, j: not bool(image.touching[j]))
    add("touching another", lambda image, j: bool(image.touching[j]))
    add("by day", lambda image, j: not image.night)
    add("by night", lambda image, j: image.night)
    return rows


def reliability(images: Sequence[CarImage]) -> list[ReliabilityBin]:
    """Scores against the share of right ones, bins of equal width, empty ones left out."""
    scores, right = [], []
    for image in images:
        matched = {i for i, _ in image.pairs(0.0)}
        scores += image.scores.tolist()
        right += [i in matched for i in range(len(image.scores))]
    score, good = np.array(scores), np.array(right, bool)
    edges = np.linspace(0, 1, RELIABILITY_BINS + 1)
    bins = []
    for low, high in pairwise(edges):
        inside = (score >= low) & ((score < high) | (high == 1.0))
        if inside.any():
            bins.append(
                ReliabilityBin(
                    float(low),
                    float(high),
                    int(inside.sum()),
                    float(score[inside].mean()),
                    float(good[inside].mean()),
                )
            )
    return bins
