# SPDX-License-Identifier: AGPL-3.0-or-later
"""How good a model is: cars against outlines, stalls against their occupancy, and cars seen where there are none.

A model runs once with a low threshold; every measure is then taken at each threshold of a list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.segmentation.images import read_image
from workers.segmentation.protocol import CarMask, Segmenter
from workers.training.acpds import StallPhoto
from workers.training.dataset import LabelledImage

THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.72)
MATCH_IOU = 0.5
STALL_COVER = 0.30  # a stall is occupied when masks cover more than this of it
MATCH_RASTER = 640.0  # longer image side, pixels, on which masks are compared
LEAST_TRUTH_PX2 = 12.0  # cars smaller than this on that raster are left out of truth


@dataclass(frozen=True)
class CarScores:
    """Cars matched one to one by best IoU of at least 0.5; the means are over the matched ones.

    mean_area: outlined area by true area; above 1 cars are fattened, which eats free ground.
    """

    threshold: float
    precision: float
    recall: float
    mean_iou: float
    mean_area: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True)
class StallScores:
    """accuracy over all stalls; recall: occupied stalls seen so; false_occupied: empty stalls seen as occupied."""

    threshold: float
    accuracy: float
    recall: float
    false_occupied: float


def score_cars(
    segmenter: Segmenter, images: Sequence[LabelledImage], thresholds: Sequence[float] = THRESHOLDS
) -> list[CarScores]:
    """Precision, recall, mean IoU and mean area of outlines, per threshold, over all cars of all images."""
    hits, shown, ious, areas, truths = (np.zeros(len(thresholds)) for _ in range(5))
    for labelled in images:
        image, rings = labelled.read()
        scale = MATCH_RASTER / max(image.shape[:2])
        shape = round(image.shape[0] * scale), round(image.shape[1] * scale)
        true = [ring for ring in rings if area_px2([ring]) * scale**2 >= LEAST_TRUTH_PX2]
        truth = [fill([ring * scale], shape) for ring in true]
        cars = segmenter.segment([image])[0]
        masks = [fill([ring * scale for ring in car.polygons], shape) for car in cars]
        pairs = match_greedily(masks, truth)
        for t, threshold in enumerate(thresholds):
            counted = [
                i
                for i, car in enumerate(cars)
                if car.score >= threshold and masks[i].sum() >= LEAST_TRUTH_PX2
            ]
            matched = [pairs[i] for i in counted if i in pairs]
            hits[t] += len(matched)
            ious[t] += sum(iou for _, iou in matched)
            areas[t] += sum(
                area_px2(cars[i].polygons) / area_px2([true[pairs[i][0]]]) for i in counted if i in pairs
            )
            shown[t] += len(counted)
            truths[t] += len(truth)
    return [
        CarScores(t, _share(h, s), _share(h, n), _share(i, h), _share(a, h))
        for t, h, s, i, a, n in zip(thresholds, hits, shown, ious, areas, truths, strict=True)
    ]


def match_greedily(
    found: Sequence[NDArray[np.bool_]], truth: Sequence[NDArray[np.bool_]]
) -> dict[int, tuple[int, float]]:
    """Found index -> index of its true car and their IoU. Best scores come first and take the best true car still free.

    Since a found car never waits for a worse one, the pairs at a higher threshold are those of a lower one.
    """
    pairs: dict[int, tuple[int, float]] = {}
    free = set(range(len(truth)))
    for i, mask in enumerate(found):
        best, best_iou = -1, MATCH_IOU
        for j in free:
            inter = np.count_nonzero(mask & truth[j])
            iou = inter / max(np.count_nonzero(mask | truth[j]), 1) if inter else 0.0
            if iou >= best_iou:
                best, best_iou = j, iou
        if best >= 0:
            pairs[i] = best, best_iou
            free.discard(best)
    return pairs


def score_stalls(
    segmenter: Segmenter, photos: Sequence[StallPhoto], thresholds: Sequence[float] = THRESHOLDS
) -> list[StallScores]:
    """Stalls called occupied when raw masks cover more than 30 % of them, against their annotation, per threshold."""
    called: list[list[bool]] = [[] for _ in thresholds]
    truth: list[bool] = []
    for photo in photos:
        image = read_image(photo.path)
        height, width = image.shape[:2]
        cars = segmenter.segment([image])[0]
        quads = [fill([quad * (width, height)], (height, width)) for quad in photo.quads]
        truth += photo.occupied.tolist()
        for t, threshold in enumerate(thresholds):
            covered = union([car for car in cars if car.score >= threshold], (height, width))
            called[t] += [
                _share(np.count_nonzero(q & covered), np.count_nonzero(q)) > STALL_COVER for q in quads
            ]
    true = np.array(truth)
    scores = []
    for threshold, calls in zip(thresholds, called, strict=True):
        said = np.array(calls)
        scores.append(
            StallScores(
                threshold, float((said == true).mean()), float(said[true].mean()), float(said[~true].mean())
            )
        )
    return scores


def count_false_cars(
    segmenter: Segmenter, paths: Sequence[Path], thresholds: Sequence[float] = THRESHOLDS
) -> list[tuple[float, float]]:
    """(threshold, cars per 100 images) over images in which no car is."""
    scores = [car.score for path in paths for car in segmenter.segment([read_image(path)])[0]]
    return [(t, 100.0 * sum(s >= t for s in scores) / len(paths)) for t in thresholds]


def area_px2(rings: Sequence[NDArray[np.float64]]) -> float:
    """Area of rings (N, 2) that do not overlap."""
    return sum(cv2.contourArea(ring.astype(np.float32)) for ring in rings)


def fill(rings: Sequence[NDArray[np.float64]], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Rings (N, 2) in pixels as a mask (h, w)."""
    canvas = np.zeros(shape, np.uint8)
    cv2.fillPoly(canvas, [np.round(ring - 0.5).astype(np.int32) for ring in rings], 1)
    return canvas.astype(bool)


def union(cars: Sequence[CarMask], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels (h, w) that any of the cars covers."""
    canvas = np.zeros(shape, np.uint8)
    for car in cars:
        for ring in car.polygons:
            cv2.fillPoly(canvas, [np.round(ring - 0.5).astype(np.int32)], 1)
    return canvas.astype(bool)


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
