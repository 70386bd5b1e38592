# SPDX-License-Identifier: AGPL-3.0-or-later
"""Compiled helpers shared by the shaders: value noise, sky colour and shadow map look-up.

numba caches compiled callers by their own file only: after a change here, remove `__pycache__` of this folder.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, inline="always")
def hash01(x: int, y: int, seed: int) -> float:
    """A repeatable pseudo-random number in [0, 1) for an integer lattice point."""
    h = (x * 374761393 + y * 668265263 + seed * 1442695041) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    return ((h ^ (h >> 16)) & 0xFFFFFF) / 16777216.0


@njit(cache=True)
def noise2(x: float, y: float, seed: int) -> float:
    """Smooth value noise in [0, 1) with lattice spacing 1."""
    fx, fy = math.floor(x), math.floor(y)
    ix, iy = int(fx), int(fy)
    u, v = x - fx, y - fy
    u, v = u * u * (3 - 2 * u), v * v * (3 - 2 * v)
    a, b = hash01(ix, iy, seed), hash01(ix + 1, iy, seed)
    c, d = hash01(ix, iy + 1, seed), hash01(ix + 1, iy + 1, seed)
    return a + (b - a) * u + (c - a) * v + (a - b - c + d) * u * v


@njit(cache=True)
def fractal2(x: float, y: float, seed: int) -> float:
    """Three octaves of value noise, in [0, 1)."""
    return (
        0.57 * noise2(x, y, seed)
        + 0.29 * noise2(2.03 * x, 2.03 * y, seed + 1)
        + 0.14 * noise2(4.1 * x, 4.1 * y, seed + 2)
    )


@njit(cache=True)
def sky(light: NDArray[np.float32], dx: float, dy: float, dz: float) -> tuple[float, float, float]:
    """Radiance seen in a mirror towards direction d: sky above, façades near the horizon, ground below."""
    if dz < 0.0:
        share = 0.16
        return share * light[6], share * light[7], share * light[7]
    lift = min(1.0, dz * 1.6)
    r = light[9] + (light[6] - light[9]) * lift
    g = light[10] + (light[7] - light[10]) * lift
    b = light[11] + (light[8] - light[11]) * lift
    if dz > 0.30:
        return r, g, b
    skyline = 0.20 + 0.10 * noise2(math.atan2(dy, dx) * 5.0, 0.5, 77)
    if dz < skyline:
        dim = 0.34 + 0.2 * dz / skyline
        return dim * r, dim * g, dim * b
    return r, g, b


@njit(cache=True)
def sunlit(
    shadow: NDArray[np.float32],
    plan: NDArray[np.float64],
    light: NDArray[np.float32],
    x: float,
    y: float,
    z: float,
    bias: float,
) -> float:
    """Share of the sun that reaches a point, 0–1, by a shadow map of heights over the sheared ground plan.

    plan: (x0, y0, cells per metre). A ray towards the sun meets the ground plan at (x, y) − z · (sun_xy / sun_z);
    everything on one such ray shares a cell, which holds the greatest height on it.
    """
    gx = (x - z * light[0] / light[2] - plan[0]) * plan[2] - 0.5
    gy = (y - z * light[1] / light[2] - plan[1]) * plan[2] - 0.5
    ix, iy = math.floor(gx), math.floor(gy)
    if ix < 0 or iy < 0 or ix + 1 >= shadow.shape[1] or iy + 1 >= shadow.shape[0]:
        return 1.0
    u, v = gx - ix, gy - iy
    limit = z + bias
    lit = 0.0
    if shadow[iy, ix] <= limit:
        lit += (1 - u) * (1 - v)
    if shadow[iy, ix + 1] <= limit:
        lit += u * (1 - v)
    if shadow[iy + 1, ix] <= limit:
        lit += (1 - u) * v
    if shadow[iy + 1, ix + 1] <= limit:
        lit += u * v
    return lit


@njit(cache=True)
def lamplight(
    lamps: NDArray[np.float32], x: float, y: float, z: float, nx: float, ny: float, nz: float
) -> float:
    """Irradiance (of lamp colour) from the street lamps at a point with a normal; lamps: (L, 4) x, y, z, power."""
    total = 0.0
    for k in range(lamps.shape[0]):
        dx, dy, dz = lamps[k, 0] - x, lamps[k, 1] - y, lamps[k, 2] - z
        square = dx * dx + dy * dy + dz * dz + 0.05
        facing = (dx * nx + dy * ny + dz * nz) / math.sqrt(square)
        # A lamp shines downwards: nothing above its own head.
        if facing > 0.0 and dz > 0.0:
            total += lamps[k, 3] * facing / square
    return total
