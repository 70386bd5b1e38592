# SPDX-License-Identifier: AGPL-3.0-or-later
"""Car outlines for photos of which only the stalls' occupancy is known.

A model looks at each photo several times: at several sizes, mirrored, turned. Outlines that agree are merged, those
that the stalls' occupancy contradicts are thrown away, and everything that stays in doubt (an occupied stall without an
outline, an outline seen only once) is painted grey, so that training learns nothing from it in either direction.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.segmentation.images import read_image
from workers.segmentation.letterbox import PADDING_GREY
from workers.segmentation.openvino import OpenVinoSegmenter
from workers.training.acpds import StallPhoto, source_of_photo
from workers.training.dataset import write_labelled

log = logging.getLogger(__name__)

RASTER = 0.5  # masks are compared at half the photo's resolution
SAME_CAR_IOU = 0.55
LOOK_THRESHOLD = 0.10  # a look may be unsure: agreement between looks decides
COVERED_BY_BETTER = 0.45  # share of an outline that better ones may cover
GROUND_SHARE = 0.4  # the lowest part of an outline is taken for what touches the ground
STANDS_ON_EMPTY = 0.5  # share of the ground part on empty stalls that contradicts the annotation
STANDS_IN_STALL = 0.35  # share of an occupied stall's lower half covered by one outline's ground part
OCCUPIED_COVER = 0.35  # an occupied stall less covered than this has a car that nobody found


@dataclass(frozen=True)
class Look:
    """One way of looking at a photo: input size, mirrored or not, turned by degrees."""

    long_side: int
    mirrored: bool = False
    turned_deg: float = 0.0


LOOKS = (
    Look(640),
    Look(640, mirrored=True),
    Look(960),
    Look(960, mirrored=True),
    Look(1280),
    Look(1280, mirrored=True),
    Look(1920),
    Look(960, turned_deg=25),
    Look(960, turned_deg=-25),
)


OWN_LOOKS = (Look(960), Look(1280), Look(1280, mirrored=True), Look(1920))


@dataclass(frozen=True)
class Trust:
    """What it takes to believe an outline.

    sure_votes looks of which one gives at least sure_score make a car anywhere; parked_votes make one in a stall known
    to be occupied. Of what is left, one look's outline below noise_score counts as ground; the rest stays in doubt. An
    outline that stands on stalls known to be empty counts as ground below empty_score: a mistake to learn from.
    """

    sure_votes: int = 3
    sure_score: float = 0.40
    parked_votes: int = 2
    noise_score: float = 0.0
    empty_score: float = 0.0


COCO_TRUST = Trust()  # the COCO weights miss and mistake a lot: nothing they say alone is taken for ground
# A model tuned on such photos: where it is unsure and stands alone it is wrong. Off the stalls nothing checks it, so
# it has to be surer there not to be confirmed in its own mistakes.
OWN_TRUST = Trust(sure_votes=3, sure_score=0.60, parked_votes=1, noise_score=0.20, empty_score=0.70)


@dataclass
class Outline:
    """A mask on the comparison raster: `pixels` (h, w) float 0..1 with its top left corner at (x, y)."""

    x: int
    y: int
    pixels: NDArray[np.float32]
    score: float
    looks: set[int]
    weight: float

    @property
    def area(self) -> float:
        return float((self.pixels >= 0.5).sum())

    def paint(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        canvas = np.zeros(shape, bool)
        height, width = self.pixels.shape
        canvas[self.y : self.y + height, self.x : self.x + width] = self.pixels >= 0.5
        return canvas


@dataclass(frozen=True)
class PseudoLabels:
    """rings: accepted cars, (N, 2) photo pixels; doubtful: (h, w) bool on the raster, where nothing can be said."""

    rings: list[NDArray[np.float64]]
    doubtful: NDArray[np.bool_]


class PseudoLabeller:
    """Holds one engine per input size; see the module's description."""

    def __init__(
        self,
        weights: Path,
        looks: Sequence[Look] = LOOKS,
        threads: int | None = None,
        trust: Trust = COCO_TRUST,
    ) -> None:
        self._looks = tuple(looks)
        self._trust = trust
        sizes = {look.long_side for look in looks}
        self._engines = {
            size: OpenVinoSegmenter(weights, threshold=LOOK_THRESHOLD, long_side=size, threads=threads)
            for size in sizes
        }

    def label(
        self, image: NDArray[np.uint8], quads_px: NDArray[np.float64], occupied: NDArray[np.bool_]
    ) -> PseudoLabels:
        """Labels of one photo; quads_px (N, 4, 2) in its pixels, occupied (N,)."""
        shape = (round(image.shape[0] * RASTER), round(image.shape[1] * RASTER))
        outlines = merge_outlines(
            [o for i, look in enumerate(self._looks) for o in self._look(image, look, i, shape)]
        )
        return judge(outlines, quads_px * RASTER, occupied, shape, self._trust)

    def _look(
        self, image: NDArray[np.uint8], look: Look, number: int, shape: tuple[int, int]
    ) -> list[Outline]:
        height, width = image.shape[:2]
        seen, back = turn(image, look.turned_deg)
        if look.mirrored:
            seen = np.ascontiguousarray(seen[:, ::-1])
        outlines = []
        for car in self._engines[look.long_side].segment([seen])[0]:
            rings = []
            for polygon in car.polygons:
                ring = polygon.copy()
                if look.mirrored:
                    ring[:, 0] = seen.shape[1] - ring[:, 0]
                ring = ring @ back[:, :2].T + back[:, 2]
                rings.append(np.clip(ring, 0, (width, height)) * RASTER)
            outline = rasterise(rings, shape, car.score, number)
            if outline is not None:
                outlines.append(outline)
        return outlines


def turn(image: NDArray[np.uint8], degrees: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The image turned about its centre on a canvas that holds all of it, and the (2, 3) map of its pixels back."""
    if degrees == 0:
        return image, np.array([[1.0, 0, 0], [0, 1, 0]])
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = int(height * sin + width * cos), int(height * cos + width * sin)
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    turned = cv2.warpAffine(image, matrix, size, borderValue=(PADDING_GREY,) * 3)
    return turned, cv2.invertAffineTransform(matrix)


def rasterise(
    rings: Sequence[NDArray[np.float64]], shape: tuple[int, int], score: float, look: int
) -> Outline | None:
    """Rings in raster pixels as an Outline; None when nothing is left of it."""
    points = np.concatenate(rings)
    x1, y1 = np.maximum(np.floor(points.min(0)).astype(int), 0)
    x2, y2 = np.minimum(np.ceil(points.max(0)).astype(int) + 1, (shape[1], shape[0]))
    if x2 - x1 < 2 or y2 - y1 < 2:
        return None
    pixels = np.zeros((y2 - y1, x2 - x1), np.uint8)
    cv2.fillPoly(pixels, [np.round(ring - (x1, y1) - 0.5).astype(np.int32) for ring in rings], 1)
    if not pixels.any():
        return None
    return Outline(int(x1), int(y1), pixels.astype(np.float32), score, {look}, score)


def merge_outlines(outlines: list[Outline]) -> list[Outline]:
    """Outlines of the same car averaged, weighted with their scores; most agreed first."""
    merged: list[Outline] = []
    for outline in sorted(outlines, key=lambda o: -o.score):
        best = max(merged, key=lambda m: overlap_iou(m, outline), default=None)
        if best is None or overlap_iou(best, outline) < SAME_CAR_IOU:
            merged.append(outline)
        else:
            _absorb(best, outline)
    return sorted((m for m in merged if m.area >= 8), key=lambda m: -m.weight)


def overlap_iou(a: Outline, b: Outline) -> float:
    """Intersection over union of two outlines."""
    x1, y1 = max(a.x, b.x), max(a.y, b.y)
    x2 = min(a.x + a.pixels.shape[1], b.x + b.pixels.shape[1])
    y2 = min(a.y + a.pixels.shape[0], b.y + b.pixels.shape[0])
    if x2 <= x1 or y2 <= y1:
        return 0.0
    both = (a.pixels[y1 - a.y : y2 - a.y, x1 - a.x : x2 - a.x] >= 0.5) & (
        b.pixels[y1 - b.y : y2 - b.y, x1 - b.x : x2 - b.x] >= 0.5
    )
    inter = float(both.sum())
    return inter / max(a.area + b.area - inter, 1.0)


def _absorb(into: Outline, other: Outline) -> None:
    x1, y1 = min(into.x, other.x), min(into.y, other.y)
    x2 = max(into.x + into.pixels.shape[1], other.x + other.pixels.shape[1])
    y2 = max(into.y + into.pixels.shape[0], other.y + other.pixels.shape[0])
    total = np.zeros((y2 - y1, x2 - x1), np.float32)
    for outline, weight in ((into, into.weight), (other, other.score)):
        rows, columns = outline.pixels.shape
        total[outline.y - y1 : outline.y - y1 + rows, outline.x - x1 : outline.x - x1 + columns] += (
            outline.pixels * weight
        )
    into.x, into.y, into.pixels = x1, y1, total / (into.weight + other.score)
    into.weight += other.score
    into.looks |= other.looks


def judge(
    outlines: Sequence[Outline],
    quads: NDArray[np.float64],
    occupied: NDArray[np.bool_],
    shape: tuple[int, int],
    trust: Trust = COCO_TRUST,
) -> PseudoLabels:
    """Accept, reject or doubt each outline by agreement and by the stalls (quads (N, 4, 2) in raster pixels)."""
    empty = _fill(quads[~occupied], shape)
    stalls = [_fill(quad[None], shape) for quad in quads[occupied]]
    near_side = [_lower_half(stall) for stall in stalls]
    taken, doubtful = np.zeros(shape, bool), np.zeros(shape, bool)
    accepted: list[NDArray[np.bool_]] = []
    for outline in outlines:
        mask = outline.paint(shape)
        area = mask.sum()
        if area == 0 or (mask & taken).sum() > COVERED_BY_BETTER * area:
            continue
        ground = _ground_part(mask)
        if (ground & empty).sum() > STANDS_ON_EMPTY * ground.sum():
            if outline.score >= trust.empty_score:
                doubtful |= mask  # something is there that the stalls do not know, or the outline is wrong
            continue
        parked = any((ground & half).sum() > STANDS_IN_STALL * half.sum() for half in near_side)
        sure = len(outline.looks) >= trust.sure_votes and outline.score >= trust.sure_score
        if sure or (parked and len(outline.looks) >= trust.parked_votes):
            accepted.append(mask & ~taken)
            taken |= mask
        elif len(outline.looks) > 1 or outline.score >= trust.noise_score:
            doubtful |= mask
    for stall in stalls:
        if (stall & taken).sum() < OCCUPIED_COVER * stall.sum():
            doubtful |= _with_body(stall)
    rings = [ring for mask in accepted for ring in _largest_ring(mask)]
    return PseudoLabels(rings, doubtful & ~taken)


def _fill(quads: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.bool_]:
    canvas = np.zeros(shape, np.uint8)
    for quad in quads:
        cv2.fillPoly(canvas, [np.round(quad - 0.5).astype(np.int32)], 1)
    return canvas.astype(bool)


def _ground_part(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    rows = np.flatnonzero(mask.any(axis=1))
    part = mask.copy()
    part[: int(rows[-1] - GROUND_SHARE * (rows[-1] - rows[0]))] = False
    return part


def _lower_half(stall: NDArray[np.bool_]) -> NDArray[np.bool_]:
    rows = np.flatnonzero(stall.any(axis=1))
    part = stall.copy()
    if len(rows):
        part[: (rows[0] + rows[-1]) // 2] = False
    return part


def _with_body(stall: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The stall and the picture above it that a car standing there would fill."""
    rows = np.flatnonzero(stall.any(axis=1))
    if not len(rows):
        return stall
    columns = np.flatnonzero(stall.any(axis=0))
    height = max(int(0.5 * min(rows[-1] - rows[0], columns[-1] - columns[0])), 4)
    kernel = np.ones((height, 1), np.uint8)
    return cv2.dilate(stall.astype(np.uint8), kernel, anchor=(0, 0)).astype(bool)


def _largest_ring(mask: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    smooth = cv2.resize(
        mask.astype(np.float32), None, fx=1 / RASTER, fy=1 / RASTER, interpolation=cv2.INTER_LINEAR
    )
    contours, _ = cv2.findContours((smooth >= 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return []
    ring = cv2.approxPolyDP(max(contours, key=cv2.contourArea), 0.8, True)[:, 0] + 0.5
    return [ring.astype(np.float64)] if len(ring) >= 3 else []


def pseudo_label(
    photos: Sequence[StallPhoto],
    weights: Path,
    output: Path,
    threads: int | None = None,
    own: bool = False,
) -> None:
    """Write the photos with their pseudo-labels as a YOLO-polygon data set; doubtful parts are painted grey.

    own: the weights are this project's, not COCO's: fewer looks, more trust.
    """
    looks, trust = (OWN_LOOKS, OWN_TRUST) if own else (LOOKS, COCO_TRUST)
    labeller = PseudoLabeller(weights, looks, threads, trust)
    for photo in photos:
        image = read_image(photo.path)
        height, width = image.shape[:2]
        labels = labeller.label(image, photo.quads * (width, height), photo.occupied)
        grey = cv2.resize(labels.doubtful.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
        grey = cv2.dilate(grey, np.ones((5, 5), np.uint8)).astype(bool)
        for ring in labels.rings:
            keep = np.zeros((height, width), np.uint8)
            cv2.fillPoly(keep, [ring.astype(np.int32)], 1)
            grey &= keep == 0
        image[grey] = PADDING_GREY
        write_labelled(output, f"{source_of_photo(photo.path)}__{photo.path.stem}", image, labels.rings)
        log.info("%s: %d cars, %.1f %% in doubt", photo.path.name, len(labels.rings), 100 * grey.mean())
