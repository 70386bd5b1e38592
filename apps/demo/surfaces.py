# SPDX-License-Identifier: AGPL-3.0-or-later
"""Colours of what does not move: ground, façades, roofs, leaves; computed from the position, without image files."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from apps.demo.layout import ASPHALT, BAY, BLOCKS, CONCRETE, GRASS, MARKING, PAVEMENT, SOIL
from apps.demo.noise import fractal2, hash01, noise2

FACADE, FLAT_ROOF, TILED_ROOF, LEAF, TRUNK, METAL, STONE, BALCONY, FITTING = range(20, 29)
"""Materials of raised things; ground materials are those of `layout`."""

Colour = tuple[float, float, float, float]
"""Linear RGB albedo and the share of a mirror (window panes)."""

FACADE_COLOURS = np.array(
    [
        [0.62, 0.55, 0.44],
        [0.66, 0.62, 0.55],
        [0.52, 0.36, 0.28],
        [0.55, 0.57, 0.56],
        [0.67, 0.52, 0.36],
        [0.44, 0.40, 0.37],
    ],
    np.float32,
)
FLOOR_M = 3.0


@njit(cache=True)
def ground_material(ground: NDArray[np.float32], s: float, t: float) -> int:
    """Material at a street-frame point: the last rectangle that holds it."""
    for k in range(ground.shape[0] - 1, -1, -1):
        if ground[k, 0] <= s < ground[k, 1] and ground[k, 2] <= t < ground[k, 3]:
            return int(ground[k, 4])
    return SOIL


@njit(cache=True)
def ground_colour(material: int, s: float, t: float, detail: float, seed: int) -> Colour:
    """Colour of the ground; detail from 0 (far) to 1 (near) fades what would flicker below a pixel."""
    broad = fractal2(s * 0.11, t * 0.23, seed + 3) - 0.5
    grain = (noise2(s * 31, t * 31, seed + 5) - 0.5) * detail
    if material in (ASPHALT, BAY):
        return _asphalt(material, s, t, detail, seed, broad, grain)
    if material in (PAVEMENT, BLOCKS):
        return _paving(material, s, t, detail, seed, broad, grain)
    if material == GRASS:
        tuft = fractal2(s * 1.3, t * 1.3, seed + 17)
        fine = noise2(s * 9, t * 9, seed + 18) - 0.5
        value = 1 + 0.5 * broad + 0.5 * fine * (0.25 + 0.75 * detail)
        dry = max(0.0, tuft - 0.52) * 2.2
        return (0.085 + 0.13 * dry) * value, (0.125 + 0.06 * dry) * value, (0.042 + 0.04 * dry) * value, 0.0
    if material == CONCRETE:
        value = 0.29 * (1 + 0.35 * broad + 0.16 * grain)
        if (s % 4.0) < 0.03 or (t % 4.0) < 0.03:
            value *= 0.75
        value *= 1 - 1.2 * max(0.0, noise2(s * 0.5, t * 0.5, seed + 29) - 0.72)
        return value, value * 0.985, value * 0.95, 0.0
    if material == MARKING:
        worn = fractal2(s * 2.1, t * 6.0, seed + 31)
        value = 0.62 - 0.38 * max(0.0, worn - 0.42) * 2.0
        return value, value, value * 0.96, 0.0
    value = 1 + 0.7 * broad + 0.4 * grain
    return 0.23 * value, 0.195 * value, 0.145 * value, 0.0


@njit(cache=True)
def _asphalt(
    material: int, s: float, t: float, detail: float, seed: int, broad: float, grain: float
) -> Colour:
    """Road and parking bays: polished tracks or oil stains, mended patches, cracks, manhole covers."""
    value = (0.150 if material == ASPHALT else 0.128) * (1 + 0.42 * broad + 0.30 * grain)
    if material == ASPHALT:
        # Wheels polish two tracks per lane.
        value *= 1 + 0.10 * math.cos((abs(t) - 1.75) * 3.6)
    else:
        value *= 1 - 1.9 * max(0.0, noise2(s * 0.62, t * 0.62, seed + 21) - 0.76)
    patch = hash01(math.floor(s / 9.3), math.floor((t + 20) / 2.9), seed + 8)
    inside_s, inside_t = (s / 9.3) % 1.0, ((t + 20) / 2.9) % 1.0
    if patch > 0.84 and 0.15 < inside_s < 0.15 + 0.7 * patch and 0.1 < inside_t < 0.85:
        value *= 0.70 + 0.5 * (patch - 0.84)
    crack = abs(fractal2(s * 0.45, t * 0.7, seed + 13) - 0.5)
    if crack < 0.006 + 0.006 * detail and noise2(s * 0.2, t * 0.2, seed + 4) > 0.5:
        value *= 0.72
    cover_s, cover_t = (s + 400) % 23.0 - 11.0, t - 1.1
    if material == ASPHALT and cover_s * cover_s + cover_t * cover_t < 0.105:
        value *= 0.55
    return value * 1.01, value, value * 0.985, 0.0


@njit(cache=True)
def _paving(
    material: int, s: float, t: float, detail: float, seed: int, broad: float, grain: float
) -> Colour:
    """Slabs, or small reddish blocks, in running bond with joints."""
    size = 0.50 if material == PAVEMENT else 0.24
    row = math.floor(t / size)
    shifted = s / size + 0.5 * (row & 1)
    tone = hash01(math.floor(shifted), row, seed + 2) - 0.5
    value = 1 + 0.22 * tone * (0.3 + 0.7 * detail) + 0.30 * broad + 0.10 * grain
    if min((t / size) % 1.0, shifted % 1.0) * size < 0.022:
        value *= 1 - 0.32 * detail
    if material == PAVEMENT:
        return 0.36 * value, 0.35 * value, 0.325 * value, 0.0
    return 0.33 * value, 0.225 * value, 0.185 * value, 0.0


@njit(cache=True)
def facade_colour(u: float, z: float, length: float, top: float, style: int, seed: int) -> Colour:
    """A house wall at u metres along it and z metres up: plaster, windows, a shop floor, floor bands."""
    pitch = 3.1 + 0.35 * (style % 3)
    columns = max(1, int(length / pitch))
    cell = length / columns
    column = int(u / cell)
    across = u - (column + 0.5) * cell
    floor = int(z / FLOOR_M)
    up = z - floor * FLOOR_M
    weather = fractal2(u * 0.35, z * 0.2, seed + style) - 0.5
    r = FACADE_COLOURS[style, 0] * (1 + 0.16 * weather)
    g = FACADE_COLOURS[style, 1] * (1 + 0.16 * weather)
    b = FACADE_COLOURS[style, 2] * (1 + 0.16 * weather)
    if z > top - 0.5:
        return 0.85 * r, 0.85 * g, 0.85 * b, 0.0
    if floor == 0:
        if abs(across) < 0.40 * cell and 0.25 < up < 2.6:
            if hash01(column, style, seed + 41) > 0.45:
                return 0.05, 0.055, 0.06, 0.55
            tone = 0.14 + 0.3 * hash01(column, style, seed + 42)
            return tone, 0.9 * tone, 0.8 * tone, 0.0
        return 0.55 * r, 0.55 * g, 0.55 * b, 0.0
    half = 0.55 + 0.28 * ((column + style) % 2)
    if abs(across) < half and 0.95 < up < 2.35:
        edge = min(half - abs(across), up - 0.95, 2.35 - up)
        if edge < 0.07 or abs(across) < 0.035:
            return 0.72, 0.72, 0.70, 0.0
        if hash01(column + 31 * floor, style, seed + 44) > 0.62:
            # A drawn curtain behind the pane.
            return 0.34, 0.32, 0.28, 0.22
        return 0.035, 0.04, 0.045, 0.50
    if up < 0.16:
        return 0.8 * r, 0.8 * g, 0.8 * b, 0.0
    return r, g, b, 0.0


@njit(cache=True)
def raised_colour(
    material: int, x: float, y: float, z: float, nz: float, parameters: NDArray[np.float32], seed: int
) -> Colour:
    """Colour of raised things; parameters: (8,) per triangle as `scenery` writes them."""
    if material == FACADE:
        u = (x - parameters[0]) * parameters[2] + (y - parameters[1]) * parameters[3]
        return facade_colour(
            u, z, parameters[4], parameters[5], int(parameters[6]), seed + int(parameters[7])
        )
    if material == FLAT_ROOF:
        value = 0.30 * (1 + 0.5 * (fractal2(x * 0.3, y * 0.3, seed + 50) - 0.5))
        return value, 0.98 * value, 0.95 * value, 0.0
    if material == TILED_ROOF:
        along = (x * parameters[2] + y * parameters[3]) / 0.24
        down = z / 0.16
        ripple = 0.80 + 0.2 * abs(math.sin(math.pi * along))
        tone = 1 + 0.35 * (hash01(math.floor(along), math.floor(down), seed + int(parameters[7])) - 0.5)
        return 0.40 * ripple * tone, 0.155 * ripple * tone, 0.085 * ripple * tone, 0.0
    if material == LEAF:
        tone = 0.55 + 0.9 * hash01(int(parameters[0]), int(parameters[1]), 3)
        return 0.058 * tone, 0.105 * tone, 0.026 * tone, 0.0
    if material == TRUNK:
        return 0.085, 0.06, 0.042, 0.0
    if material == METAL:
        return 0.16, 0.17, 0.17, 0.0
    if material == STONE:
        value = 0.40 * (1 + 0.3 * (noise2(x * 2, y * 2, seed + 61) - 0.5))
        return value, 0.98 * value, 0.94 * value, 0.0
    if material == BALCONY:
        return 0.60, 0.58, 0.54, 0.0
    return 0.75, 0.74, 0.70, 0.0
