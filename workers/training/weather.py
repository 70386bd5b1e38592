# SPDX-License-Identifier: AGPL-3.0-or-later
"""Shadows, glare, haze and dusk thrown over training tiles; the outlines stay as they are.

What a model takes for a car on empty ground is mostly a dark or bright patch with straight edges, and the cars that
it misses are mostly dark ones in the shade. A patch that lies anywhere, over cars and over ground alike, teaches it
to look at the car and not at the patch.
"""

from __future__ import annotations

import random

import cv2
import numpy as np
from numpy.typing import NDArray

SHADOW_SHARE = 0.45  # of the tiles get shadows,
PATCH_SHARE = 0.10  # patches of snow, puddles or fresh asphalt,
DULL_SHARE = 0.20  # little contrast, as in haze, dusk or behind a dirty lens
MOST_SHADOWS = 4
SHADE = (0.22, 0.65)  # share of the light that is left in a shadow
SHADE_TINT_BGR = (1.12, 1.0, 0.90)  # the sky's light alone is blue
PATCH_LIGHT = (0.6, 1.7)
CONTRAST = (0.35, 0.8)
DUSK_LEVEL = (25.0, 120.0)  # the grey value that a dull tile's contrast shrinks towards


def change_weather(tile: NDArray[np.uint8], random_source: random.Random) -> NDArray[np.uint8]:
    """The tile (H, W, 3) BGR under other light; often just as it was."""
    light = tile.astype(np.float32)
    if random_source.random() < SHADOW_SHARE:
        for _ in range(random_source.randint(1, MOST_SHADOWS)):
            shade = random_source.uniform(*SHADE)
            _blend(light, _patch(tile.shape[:2], random_source), shade * np.array(SHADE_TINT_BGR))
    if random_source.random() < PATCH_SHARE:
        gain = random_source.uniform(*PATCH_LIGHT)
        _blend(light, _patch(tile.shape[:2], random_source), np.full(3, gain))
    if random_source.random() < DULL_SHARE:
        contrast, level = random_source.uniform(*CONTRAST), random_source.uniform(*DUSK_LEVEL)
        light = level + contrast * (light - level)
        light += np.random.default_rng(random_source.randrange(1 << 32)).normal(0, 3, tile.shape)
    return np.clip(light, 0, 255).astype(np.uint8)


def _blend(light: NDArray[np.float32], cover: NDArray[np.float32], gain_bgr: NDArray[np.floating]) -> None:
    """Multiply by the gain where cover is 1, leave as is where it is 0, in place."""
    light *= 1 + cover[..., None] * (np.asarray(gain_bgr, np.float32) - 1)


def _patch(shape: tuple[int, int], random_source: random.Random) -> NDArray[np.float32]:
    """Where a patch lies, (H, W) 0..1: a leaning rectangle of a car's size, a long band, or what foliage casts."""
    height, width = shape
    canvas = np.zeros(shape, np.float32)
    centre = random_source.uniform(0, width), random_source.uniform(0, height)
    kind = random_source.choice(("box", "box", "band", "leaves"))
    if kind == "leaves":
        for _ in range(random_source.randint(8, 40)):
            spread = width / 6
            at = (
                int(random_source.gauss(centre[0], spread)),
                int(random_source.gauss(centre[1], spread)),
            )
            axes = random_source.randint(3, 26), random_source.randint(3, 18)
            cv2.ellipse(canvas, at, axes, random_source.uniform(0, 180), 0, 360, 1.0, -1)
    else:
        long = random_source.uniform(0.06, 0.25) * width if kind == "box" else 2.0 * width
        across = long * random_source.uniform(0.3, 0.7) if kind == "box" else random_source.uniform(15, 160)
        corners = cv2.boxPoints((centre, (long, across), random_source.uniform(0, 180)))
        corners += np.array([[random_source.gauss(0, 0.08) * across for _ in range(2)] for _ in range(4)])
        cv2.fillPoly(canvas, [corners.astype(np.int32)], 1.0)
    return cv2.GaussianBlur(canvas, (0, 0), random_source.uniform(0.6, 4.0))
