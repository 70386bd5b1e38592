# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a camera sees of the empty street: drawn once per camera and light, then kept.

Kept per pixel: light that no car can take away (`ambient`), sunlight that a car's shadow can (`direct`), and the
point seen (`world`); per sample (2 × 2 a pixel) the depth that hides cars behind trees, posts and houses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from apps.demo.camera import DemoCamera
from apps.demo.layout import STREET_ANGLE_RAD, Layout
from apps.demo.light import Light
from apps.demo.noise import lamplight, sunlit
from apps.demo.noise import sky as sky_colour
from apps.demo.raster import EMPTY_IDS, NO_TRIANGLE, fill_triangles
from apps.demo.scenery import Scenery
from apps.demo.surfaces import LEAF, ground_colour, ground_material, raised_colour

SAMPLES = 2
"""Samples per pixel and axis."""

SHADOW_CELLS_PER_M = 10.0
SHADOW_PLAN_M = (-95.0, -95.0, 190.0)
"""West and south edge and size of the square of ground that the shadow maps cover, true metres."""

SKY_Z = -1000.0
"""Height written into `world` where a pixel sees no thing at all."""


@dataclass(frozen=True)
class Background:
    """See the module's text. H × W pixels."""

    ambient: NDArray[np.float32]
    direct: NDArray[np.float32]
    world: NDArray[np.float32]
    inverse_depth: NDArray[np.float32]
    """(2H, 2W)."""
    shadow: NDArray[np.float32]
    light: Light


def shadow_plan(cells_per_m: float = SHADOW_CELLS_PER_M) -> tuple[NDArray[np.float64], int]:
    """Shadow map geometry for the shaders (x0, y0, cells per metre), and its side in cells."""
    x0, y0, size = SHADOW_PLAN_M
    return np.array([x0, y0, cells_per_m]), round(size * cells_per_m)


def cast_shadow(
    shadow: NDArray[np.float32],
    cells_per_m: float,
    sun: tuple[float, float, float],
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int32],
) -> None:
    """Raise `shadow` (square, heights in metres) to the triangles' heights, sheared along the sun's rays."""
    plan, _ = shadow_plan(cells_per_m)
    shear = vertices[:, :2] - vertices[:, 2:] * (np.array(sun[:2]) / sun[2])
    cells = ((shear - plan[:2]) * cells_per_m).astype(np.float32)
    height = np.maximum(vertices[:, 2], 1e-4).astype(np.float32)
    fill_triangles(cells, height, triangles, 0, False, shadow, EMPTY_IDS, EMPTY_IDS, 0)


def static_depth(scenery: Scenery, camera: DemoCamera) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """1/depth and triangle number (−1: ground or sky) per sample of the empty street, both (2H, 2W)."""
    width, height = camera.width * SAMPLES, camera.image_height * SAMPLES
    inverse_depth = np.zeros((height, width), np.float32)
    _fill_ground_depth(inverse_depth, *_geometry(camera))
    ids = np.full((height, width), NO_TRIANGLE, np.int32)
    px, depth = camera.project(scenery.vertices)
    fill_triangles(
        (px * SAMPLES).astype(np.float32), depth.astype(np.float32), scenery.triangles, 0, False, inverse_depth, ids,
        EMPTY_IDS, 0,
    )  # fmt: skip
    return inverse_depth, ids


def draw_background(layout: Layout, scenery: Scenery, camera: DemoCamera, light: Light) -> Background:
    """Draw the empty street (a few seconds for a 1080p camera)."""
    inverse_depth, ids = static_depth(scenery, camera)
    plan, side = shadow_plan()
    shadow = np.zeros((side, side), np.float32) if light.has_sun else np.zeros((2, 2), np.float32)
    if light.has_sun:
        cast_shadow(shadow, SHADOW_CELLS_PER_M, light.sun, scenery.vertices, scenery.triangles)
    shape = (camera.image_height, camera.width, 3)
    ambient, direct, world = (np.zeros(shape, np.float32) for _ in range(3))
    _shade(
        inverse_depth, ids, *_geometry(camera), layout.ground, scenery.material, scenery.normal, scenery.parameters,
        scenery.lamps, shadow, plan, light.packed, layout.seed, ambient, direct, world,
    )  # fmt: skip
    return Background(ambient, direct, world, inverse_depth, shadow, light)


def _geometry(camera: DemoCamera) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Position (3,), axes (3, 3), and (focal px, k, centre x, centre y, radius px) for the compiled loops."""
    lens = np.array([camera.focal_px, camera.k, *camera.centre_px, camera.radius_px])
    return camera.position, camera.axes, lens


@njit(cache=True)
def _ray(
    axes: NDArray[np.float64], lens: NDArray[np.float64], px: float, py: float
) -> tuple[float, float, float]:
    """World direction of a pixel, depth 1 along the optical axis."""
    dx, dy = px - lens[2], py - lens[3]
    scale = 1.0 / ((1.0 + lens[1] * (dx * dx + dy * dy) / (lens[4] * lens[4])) * lens[0])
    cx, cy = dx * scale, dy * scale
    return (
        cx * axes[0, 0] + cy * axes[1, 0] + axes[2, 0],
        cx * axes[0, 1] + cy * axes[1, 1] + axes[2, 1],
        cx * axes[0, 2] + cy * axes[1, 2] + axes[2, 2],
    )


@njit(cache=True)
def _fill_ground_depth(
    inverse_depth: NDArray[np.float32],
    position: NDArray[np.float64],
    axes: NDArray[np.float64],
    lens: NDArray[np.float64],
) -> None:
    height, width = inverse_depth.shape
    for row in range(height):
        for column in range(width):
            _, _, dz = _ray(axes, lens, (column + 0.5) / 2, (row + 0.5) / 2)
            # depth · dz = −height on the ground plane
            inverse_depth[row, column] = max(0.0, -dz / position[2])


@njit(cache=True, fastmath=True)
def _shade(  # noqa: C901  # cases of one shader
    inverse_depth: NDArray[np.float32],
    ids: NDArray[np.int32],
    position: NDArray[np.float64],
    axes: NDArray[np.float64],
    lens: NDArray[np.float64],
    ground: NDArray[np.float32],
    materials: NDArray[np.uint8],
    normals: NDArray[np.float32],
    parameters: NDArray[np.float32],
    lamps: NDArray[np.float32],
    shadow: NDArray[np.float32],
    plan: NDArray[np.float64],
    light: NDArray[np.float32],
    seed: int,
    ambient: NDArray[np.float32],
    direct: NDArray[np.float32],
    world: NDArray[np.float32],
) -> None:
    cosine, sine = math.cos(STREET_ANGLE_RAD), math.sin(STREET_ANGLE_RAD)
    for row in range(ambient.shape[0]):
        for column in range(ambient.shape[1]):
            for sample in range(4):
                i, j = 2 * column + (sample & 1), 2 * row + (sample >> 1)
                dx, dy, dz = _ray(axes, lens, (i + 0.5) / 2, (j + 0.5) / 2)
                near = inverse_depth[j, i]
                if near < 1e-5:
                    r, g, b = sky_colour(light, dx, dy, 1.0)
                    ambient[row, column, 0] += 0.25 * r
                    ambient[row, column, 1] += 0.25 * g
                    ambient[row, column, 2] += 0.25 * b
                    world[row, column, 2] = -1000.0
                    continue
                x, y, z = position[0] + dx / near, position[1] + dy / near, position[2] + dz / near
                if sample == 0:
                    world[row, column, 0], world[row, column, 1], world[row, column, 2] = x, y, z
                triangle = ids[j, i]
                nx, ny, nz = 0.0, 0.0, 1.0
                flip = 1.0
                if triangle < 0:
                    s, t = x * cosine + y * sine, -x * sine + y * cosine
                    detail = min(1.0, 30.0 * near)
                    red, green, blue, mirror = ground_colour(
                        ground_material(ground, s, t), s, t, detail, seed
                    )
                    shadow_bias = 0.03
                else:
                    nx, ny, nz = normals[triangle, 0], normals[triangle, 1], normals[triangle, 2]
                    material = materials[triangle]
                    red, green, blue, mirror = raised_colour(
                        material, x, y, z, nz, parameters[triangle], seed
                    )
                    if material != LEAF and nx * dx + ny * dy + nz * dz > 0.0:
                        flip = -1.0
                    nx, ny, nz = flip * nx, flip * ny, flip * nz
                    shadow_bias = 0.55 if material == LEAF else 0.12 + 0.5 * (1.0 - abs(nz))
                # Sky light: a level surface sees all of the sky, a wall half of it and the ground's return.
                up = 0.5 + 0.5 * nz
                ar = light[9] * 0.45 + light[6] * 0.55
                ag = light[10] * 0.45 + light[7] * 0.55
                ab = light[11] * 0.45 + light[8] * 0.55
                bounce = 0.22 * (1.0 - up) * (1.0 + 1.2 * light[3])
                lamp = 0.0
                if light[12] > 0.0:
                    lamp = lamplight(lamps, x, y, z, nx, ny, nz)
                diffuse = 1.0 - mirror
                r = red * diffuse * (ar * (0.25 + 0.75 * up) + bounce + lamp * light[12])
                g = green * diffuse * (ag * (0.25 + 0.75 * up) + bounce + lamp * light[13])
                b = blue * diffuse * (ab * (0.25 + 0.75 * up) + bounce + lamp * light[14])
                if mirror > 0.0:
                    length = math.sqrt(dx * dx + dy * dy + dz * dz)
                    along = 2.0 * (dx * nx + dy * ny + dz * nz)
                    mr, mg, mb = sky_colour(
                        light,
                        (dx - along * nx) / length,
                        (dy - along * ny) / length,
                        (dz - along * nz) / length,
                    )
                    r += mirror * mr
                    g += mirror * mg
                    b += mirror * mb
                    # Some panes are lit from inside at dusk.
                    if light[12] > 0.0 and triangle >= 0 and mirror > 0.3:
                        cell = math.floor(x / 3.3) * 7 + math.floor(y / 3.3) * 13 + int(z / 3.0) * 29
                        if (cell * 2654435761 & 0xFFFF) % 5 == 0:
                            r += 0.42
                            g += 0.27
                            b += 0.12
                ambient[row, column, 0] += 0.25 * r
                ambient[row, column, 1] += 0.25 * g
                ambient[row, column, 2] += 0.25 * b
                if light[3] > 0.0:
                    facing = nx * light[0] + ny * light[1] + nz * light[2]
                    if facing > 0.0:
                        sun = facing * diffuse * sunlit(shadow, plan, light, x, y, z, shadow_bias)
                        direct[row, column, 0] += 0.25 * red * sun * light[3]
                        direct[row, column, 1] += 0.25 * green * sun * light[4]
                        direct[row, column, 2] += 0.25 * blue * sun * light[5]
