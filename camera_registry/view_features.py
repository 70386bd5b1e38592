# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keypoints of a frame, by which its view can be known again.

They are ORB's (Rublee et al., ICCV 2011): 32 bytes each, found in about ten milliseconds, compared by counting bits.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from camera_registry.view_reference import LEAST_KEYPOINTS, Features, Look

__all__ = ["find_features", "look_from"]

Float = NDArray[np.float64]

#: Keypoints are looked for at this width: a whole frame of 1920 pixels would cost four times as much, and the mean
#: of a hundred keypoints is sharper than a pixel anyway.
WORKING_WIDTH_PX = 960
#: Keypoints asked of a frame, and kept for a look.
FRAME_KEYPOINTS = 700
LOOK_KEYPOINTS = 400
#: A look's keypoints are spread over so many cells, so that one rich corner does not stand for the view.
GRID = (8, 6)
#: A keypoint this near to a car, in working pixels, may be of the car: half of ORB's patch.
CAR_MARGIN_PX = 16
#: Sizes of corners that are looked for. A camera's view is never nearer or farther, only blurred now and then, and
#: corners of the larger sizes are known to whole pixels only.
LEVELS, LEVEL_FACTOR = 2, 1.3
#: Half the window in which a corner is found to a fraction of a pixel, how far it may move there, and by how much the
#: grain of sensor and JPEG is smoothed before, all in pixels. Measured on the simulated street, matched corners lie
#: 0.3 pixels off in the median; with a window of 5, 3 pixels and no smoothing they lay 1.2 off.
CORNER_WINDOW = (7, 7)
MAX_SHARPENING_PX = 5.0
GRAIN_PX = 1.0


def find_features(image: NDArray[np.uint8]) -> Features:
    """Keypoints of a frame (H, W, 3) BGR or (H, W) grey, and how bright and sharp it is."""
    height, width = image.shape[:2]
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image)
    scale = min(1.0, WORKING_WIDTH_PX / width)
    small = grey
    if scale < 1.0:
        size = (round(width * scale), round(height * scale))
        small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    orb = cv2.ORB_create(
        nfeatures=FRAME_KEYPOINTS, scaleFactor=LEVEL_FACTOR, nlevels=LEVELS, edgeThreshold=16, fastThreshold=7
    )
    keypoints, descriptors = orb.detectAndCompute(small, None)
    # OpenCV counts from the centre of the first pixel, SPARK from its corner.
    stretch = np.array([width / small.shape[1], height / small.shape[0]])
    corners = np.array([keypoint.pt for keypoint in keypoints], dtype=np.float64).reshape(-1, 2)
    px = _sharpened(grey, (corners + 0.5) * stretch)
    order = np.argsort([-keypoint.response for keypoint in keypoints], kind="stable")
    found = np.zeros((0, 32), np.uint8) if descriptors is None else np.asarray(descriptors)
    return Features(
        px[order],
        found[order],
        (width, height),
        float(small.mean()),
        float(cv2.Laplacian(small, cv2.CV_32F).std()),
    )


def _sharpened(grey: NDArray[np.uint8], px: Float) -> Float:
    """Corners (N, 2) to a fraction of a pixel of the whole frame; where that runs away, as they were.

    ORB's corners are whole pixels of the smaller picture. A camera that has crept by half of one would seem not to
    have moved.
    """
    if len(px) == 0:
        return px
    criteria = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 8, 0.03)
    start = (px - 0.5).astype(np.float32)
    smooth = cv2.GaussianBlur(grey, (5, 5), GRAIN_PX)
    sharp = cv2.cornerSubPix(smooth, start.reshape(-1, 1, 2).copy(), CORNER_WINDOW, (-1, -1), criteria)
    moved = np.asarray(sharp, dtype=np.float64).reshape(-1, 2) + 0.5
    astray = np.abs(moved - px).max(axis=1) > MAX_SHARPENING_PX
    return np.where(astray[:, None], px, moved)


def look_from(features: Features, cars_px: Sequence[ArrayLike] = ()) -> Look | None:
    """What of a frame may stand for its view: keypoints off the cars, spread over the picture.

    cars_px: outlines (N, 2) in pixels as seen. None when too little is left to know the view by.
    """
    free = ~_on_cars(features, cars_px)
    width, height = features.image_size
    cells = np.floor(features.px / (width, height) * GRID).astype(int)
    cell = np.clip(cells[:, 0], 0, GRID[0] - 1) + GRID[0] * np.clip(cells[:, 1], 0, GRID[1] - 1)
    rank = np.zeros(len(features), dtype=int)
    for number in np.unique(cell[free]):
        inside = free & (cell == number)
        rank[inside] = np.arange(inside.sum())
    # Strongest first within each cell, and cell by cell in turn.
    order = np.flatnonzero(free)[np.argsort(rank[free], kind="stable")][:LOOK_KEYPOINTS]
    if len(order) < LEAST_KEYPOINTS:
        return None
    return Look(features.px[order], features.descriptors[order])


def _on_cars(features: Features, cars_px: Sequence[ArrayLike]) -> NDArray[np.bool_]:
    width, height = features.image_size
    scale = min(1.0, WORKING_WIDTH_PX / width)
    covered = np.zeros((round(height * scale) + 1, round(width * scale) + 1), np.uint8)
    rings = [np.round(np.asarray(ring, dtype=np.float64) * scale).astype(np.int32) for ring in cars_px]
    if rings:
        cv2.fillPoly(covered, rings, 255)
        kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (2 * CAR_MARGIN_PX + 1,) * 2)
        covered = np.asarray(cv2.dilate(covered, kernel), dtype=np.uint8)
    column, row = (features.px * scale).astype(int).T
    return np.asarray(covered[row.clip(0, len(covered) - 1), column.clip(0, covered.shape[1] - 1)] > 0)
