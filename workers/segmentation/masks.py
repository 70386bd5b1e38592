# SPDX-License-Identifier: AGPL-3.0-or-later
"""From the raw output of a YOLO segmentation head to cars as polygons in pixels of the original image.

The head (Ultralytics' YOLOv8-seg, YOLOv9-seg, YOLO11-seg) gives per anchor a box, a score per class and 32 mask
coefficients, and per image 32 prototype masks at a quarter of the input size. A car's mask is where the sum of the
prototypes, weighted with its coefficients, is high, inside its box (YOLACT, Bolya et al. 2019, section 3).

Masks are never built for the whole image: 300 cars at 12 megapixels would be gigabytes. Each car's values are
upsampled inside its own box, traced there, and the trace is moved onto the zero line between the pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.segmentation.letterbox import Letterbox
from workers.segmentation.protocol import CarMask
from workers.segmentation.weights import DEFAULT_THRESHOLD, PAPER_THRESHOLD

MASK_STRIDE = 4  # input pixels per prototype pixel
MAX_CARS = 300  # per image, the models' own limit
NMS_IOU = 0.7  # the models' own default
MIN_PIECE_PX2 = 16.0  # input pixels: pieces below one prototype pixel are noise, unless they are all there is
SIMPLIFY_PX = 0.35  # input pixels: how far a simplified ring may leave the traced one
# Where a mask ends. Training puts the edge at 0, but these networks' masks are then 17 to 20 % larger than the cars
# (measured on the simulated street, the COCO weights and ours alike); at this value areas are right and IoU is best.
MASK_LOGIT = 1.25
# An outline that the picture's edge cuts off is taken for a car only from the paper's threshold, where others are from
# the usual one: what is left of a car there is also what a kerb's corner or a bush looks like. Below, it may be one.
CUT_OFF_SHARE = DEFAULT_THRESHOLD / PAPER_THRESHOLD
CUT_OFF_PX = 2.0  # input pixels: a box that ends nearer to the edge than this goes on beyond it
BOX_EDGE_SLOPE = 2.0  # logits per input pixel with which a mask is cut off at its box


@dataclass(frozen=True)
class Candidates:
    """Detections of one image after suppression, best first, in input pixels.

    boxes: (N, 4) x1, y1, x2, y2; scores: (N,); coefficients: (N, 32); all float32.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    coefficients: NDArray[np.float32]


def select_candidates(
    prediction: NDArray[np.float32],
    classes: Sequence[int],
    class_count: int,
    threshold: float,
    content_box: tuple[float, float, float, float],
    nms_iou: float = NMS_IOU,
    limit: int = MAX_CARS,
) -> Candidates:
    """Anchors that show one of `classes` with a score of at least `threshold`, overlapping ones suppressed.

    `prediction`: (4 + class_count + 32, anchors): centre x, centre y, width, height, scores, coefficients.
    `content_box`: where the image lies in the input, x1, y1, x2, y2; scores of what its edges cut off are lowered
    (`CUT_OFF_SHARE`). Suppression ignores the class: a van that is half car, half truck is one vehicle.
    """
    scores = prediction[[4 + c for c in classes]].max(axis=0)
    scores = np.where(_cut_off(prediction[:4], content_box), np.float32(CUT_OFF_SHARE) * scores, scores)
    keep = np.flatnonzero(scores >= threshold)
    keep = keep[np.argsort(-scores[keep], kind="stable")]
    chosen = prediction[:, keep].T
    centre, half = chosen[:, :2], chosen[:, 2:4] / 2
    boxes = np.concatenate([centre - half, centre + half], axis=1)
    kept = suppress(boxes, nms_iou)[:limit]
    return Candidates(boxes[kept], scores[keep][kept], chosen[kept, 4 + class_count :])


def _cut_off(boxes: NDArray[np.float32], content_box: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    """Which of the boxes (4, N), centre x, centre y, width, height, end at the edge of the image: (N,)."""
    x, y, half_width, half_height = boxes[0], boxes[1], boxes[2] / 2, boxes[3] / 2
    left, top, right, bottom = content_box
    return (
        (x - half_width < left + CUT_OFF_PX)
        | (y - half_height < top + CUT_OFF_PX)
        | (x + half_width > right - CUT_OFF_PX)
        | (y + half_height > bottom - CUT_OFF_PX)
    )


def suppress(boxes: NDArray[np.float32], iou: float) -> NDArray[np.intp]:
    """Greedy non-maximum suppression: indices of the boxes (N, 4), best first, that no better one covers by `iou`."""
    areas = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    alive = np.ones(len(boxes), bool)
    kept = []
    for i in range(len(boxes)):
        if not alive[i]:
            continue
        kept.append(i)
        rest = i + 1 + np.flatnonzero(alive[i + 1 :])
        overlap = np.minimum(boxes[i, 2:], boxes[rest, 2:]) - np.maximum(boxes[i, :2], boxes[rest, :2])
        inter = np.prod(np.maximum(overlap, 0), axis=1)
        union = areas[i] + areas[rest] - inter
        alive[rest[inter > iou * union]] = False
    return np.array(kept, np.intp)


def decode_cars(
    candidates: Candidates, prototypes: NDArray[np.float32], letterbox: Letterbox
) -> list[CarMask]:
    """Cars with their rings in pixels of the original image, best score first.

    `prototypes`: (32, input height / 4, input width / 4). Detections whose mask is empty are left out.
    """
    cars = []
    for box, score, weights in zip(candidates.boxes, candidates.scores, candidates.coefficients, strict=True):
        rings = trace_mask(weights, prototypes, box, letterbox.content_box)
        if rings:
            cars.append(CarMask(float(score), tuple(letterbox.to_source(ring) for ring in rings)))
    return cars


def trace_mask(
    weights: NDArray[np.float32],
    prototypes: NDArray[np.float32],
    box: NDArray[np.float32],
    content_box: tuple[float, float, float, float],
) -> list[NDArray[np.float64]]:
    """Rings (N, 2), input pixels, largest first, of the mask with these `weights` (32,) inside `box` and the image."""
    x1, y1 = max(float(box[0]), content_box[0]), max(float(box[1]), content_box[1])
    x2, y2 = min(float(box[2]), content_box[2]), min(float(box[3]), content_box[3])
    if x2 - x1 < 1 or y2 - y1 < 1:
        return []
    _, rows, columns = prototypes.shape
    # One prototype pixel more on each side: bilinear values at the box's edge need their neighbours.
    left, top = max(int(x1 // MASK_STRIDE) - 1, 0), max(int(y1 // MASK_STRIDE) - 1, 0)
    right, bottom = min(int(x2 // MASK_STRIDE) + 2, columns), min(int(y2 // MASK_STRIDE) + 2, rows)
    window = prototypes[:, top:bottom, left:right]
    logits = np.tensordot(weights, window, axes=1) - MASK_LOGIT
    field = cv2.resize(logits, None, fx=MASK_STRIDE, fy=MASK_STRIDE, interpolation=cv2.INTER_LINEAR)
    origin = np.array([left * MASK_STRIDE, top * MASK_STRIDE], np.float64)
    x = np.arange(field.shape[1], dtype=np.float32) + np.float32(origin[0] + 0.5)
    y = np.arange(field.shape[0], dtype=np.float32) + np.float32(origin[1] + 0.5)
    inside_x = np.minimum(x - x1, x2 - x) * BOX_EDGE_SLOPE
    inside_y = np.minimum(y - y1, y2 - y) * BOX_EDGE_SLOPE
    field = np.minimum(field, np.minimum(inside_x[None, :], inside_y[:, None]))
    # At a corner of the box the Newton step overshoots a little.
    return [np.clip(ring + origin, (x1, y1), (x2, y2)) for ring in trace_zero_line(field)]


def trace_zero_line(field: NDArray[np.float32]) -> list[NDArray[np.float64]]:
    """Rings (N, 2) around where `field` (H, W) is above zero, in pixels of the field, largest first.

    OpenCV's contours run through the centres of the outermost pixels inside, half a pixel too far in. Each point is
    moved down the field's slope to where the field is zero (one Newton step, at most one pixel).
    """
    contours, _ = cv2.findContours((field > 0).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    padded = np.pad(field, 1, mode="reflect", reflect_type="odd")  # continued in a straight line
    pieces = []
    for contour in contours:
        column, row = contour[:, 0, 0], contour[:, 0, 1]
        value = field[row, column]
        slope_x = (padded[row + 1, column + 2] - padded[row + 1, column]) / 2
        slope_y = (padded[row + 2, column + 1] - padded[row, column + 1]) / 2
        steepness = np.maximum(np.hypot(slope_x, slope_y), 1e-6)
        step = np.minimum(value / steepness, 1.0) / steepness
        ring = np.stack([column + 0.5 - step * slope_x, row + 0.5 - step * slope_y], axis=1).astype(
            np.float32
        )
        ring = cv2.approxPolyDP(ring[:, None], SIMPLIFY_PX, True)[:, 0]
        if len(ring) >= 3:
            pieces.append((float(cv2.contourArea(ring)), ring.astype(np.float64)))
    pieces.sort(key=lambda piece: -piece[0])
    return [ring for i, (area, ring) in enumerate(pieces) if area >= MIN_PIECE_PX2 or (i == 0 and area > 1.0)]
