# SPDX-License-Identifier: AGPL-3.0-or-later
"""Augmented copies of whole images, written before training as the paper does: flip, crop, colour jitter, noise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.training.dataset import LabelledImage, write_labelled
from workers.training.tiles import clip_to_rectangle

FLIP_SHARE = 0.5
LEAST_CROP = 0.6  # of each side is kept
CONTRAST, BRIGHTNESS = (0.7, 1.3), (-35.0, 35.0)
SATURATION = (0.6, 1.4)
MOST_NOISE = 10.0  # standard deviation, of 255
KEPT_SHARE = 0.2  # a car of which less than this is left in the crop is not labelled there


def augment(
    image: NDArray[np.uint8], rings: Sequence[NDArray[np.float64]], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], list[NDArray[np.float64]]]:
    """One changed copy of an image (H, W, 3) BGR and of its rings, each (N, 2) in pixels."""
    height, width = image.shape[:2]
    size = np.round(rng.uniform(LEAST_CROP, 1.0, 2) * (width, height)).astype(int)
    corner = np.round(rng.uniform(0, 1, 2) * ((width, height) - size)).astype(int)
    picture = image[corner[1] : corner[1] + size[1], corner[0] : corner[0] + size[0]]
    kept = []
    for ring in rings:
        clipped = clip_to_rectangle(ring - corner, (int(size[0]), int(size[1])))
        if len(clipped) >= 3 and _area(clipped) >= KEPT_SHARE * _area(ring):
            kept.append(clipped)
    if rng.random() < FLIP_SHARE:
        picture = picture[:, ::-1]
        kept = [np.stack([size[0] - ring[:, 0], ring[:, 1]], axis=1) for ring in kept]
    return jitter(picture, rng), kept


def jitter(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Other brightness, contrast and saturation, and Gaussian noise."""
    light = image.astype(np.float32)
    grey = light.mean(axis=2, keepdims=True)
    light = grey + rng.uniform(*SATURATION) * (light - grey)
    light = (light - 128) * rng.uniform(*CONTRAST) + 128 + rng.uniform(*BRIGHTNESS)
    light += rng.normal(0, rng.uniform(0, MOST_NOISE), image.shape)
    return np.clip(light, 0, 255).astype(np.uint8)


def write_copies(images: Sequence[LabelledImage], folder: Path, copies: int, seed: int = 0) -> int:
    """Write `copies` augmented copies of each image, or with 0 the images as they are; the number written."""
    rng = np.random.default_rng(seed)
    for number, labelled in enumerate(images):
        image, rings = labelled.read()
        for copy in range(max(copies, 1)):
            changed, outlines = augment(image, rings, rng) if copies else (image, rings)
            write_labelled(folder, f"{labelled.source}__{number:05d}_{copy}", changed, outlines)
    return len(images) * max(copies, 1)


def _area(ring: NDArray[np.float64]) -> float:
    return float(cv2.contourArea(ring.astype(np.float32)))
