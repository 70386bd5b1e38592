# SPDX-License-Identifier: AGPL-3.0-or-later
"""Light on cars: sun with shadows, sky, lamps, the mirror of clear coat and glass; then samples into pixels."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from apps.demo.noise import hash01, lamplight, sky, sunlit
from apps.demo.paint import body_paint, wheel_paint
from apps.demo.raster import NO_TRIANGLE


@njit(cache=True, fastmath=True)
def shade_point(
    lines: NDArray[np.float32],
    car: NDArray[np.float32],
    part: int,
    local: tuple[float, float, float],
    normal: tuple[float, float, float],
    eye: tuple[float, float, float],
    light: NDArray[np.float32],
    lamps: NDArray[np.float32],
    shadow: NDArray[np.float32],
    car_shadow: NDArray[np.float32],
    plan: NDArray[np.float64],
    car_plan: NDArray[np.float64],
) -> tuple[float, float, float]:
    """Radiance of one place on a car; local and normal in the car frame, eye the camera's world position."""
    x, y, z = local
    nx, ny, nz = normal
    own = 0.0
    if part == 0:
        r, g, b, kind, own = body_paint(lines, car, local, normal)
    elif part == 1:
        r, g, b, kind = wheel_paint(car, x, z, ny)
    else:
        r, g, b, kind = car[0], car[1], car[2], 1.0
    wx, wy = car[20] + car[17] * x - car[18] * y, car[21] + car[18] * x + car[17] * y
    mx, my = car[17] * nx - car[18] * ny, car[18] * nx + car[17] * ny
    vx, vy, vz = eye[0] - wx, eye[1] - wy, eye[2] - z
    far = math.sqrt(vx * vx + vy * vy + vz * vz)
    vx, vy, vz = vx / far, vy / far, vz / far
    facing = mx * vx + my * vy + nz * vz
    if facing < 0.02:
        facing = 0.02
    sun = 0.0
    if light[3] > 0.0:
        sun = max(0.0, mx * light[0] + my * light[1] + nz * light[2])
        if sun > 0.0:
            sun *= sunlit(shadow, plan, light, wx, wy, z, 0.25)
            sun *= sunlit(car_shadow, car_plan, light, wx, wy, z, 0.10)
    up = 0.5 + 0.5 * nz
    # Low parts see the dark ground and the neighbours rather than the sky.
    low = min(1.0, 0.35 + 0.75 * z / car[5])
    ar = (light[9] * 0.45 + light[6] * 0.55) * (0.22 + 0.78 * up) * low
    ag = (light[10] * 0.45 + light[7] * 0.55) * (0.22 + 0.78 * up) * low
    ab = (light[11] * 0.45 + light[8] * 0.55) * (0.22 + 0.78 * up) * low
    bounce = 0.10 * (1.0 - up) * (1.0 + light[3])
    lamp = 0.0
    if light[12] > 0.0:
        lamp = lamplight(lamps, wx, wy, z, mx, my, nz)
    red = r * (ar + bounce + sun * light[3] + lamp * light[12])
    green = g * (ag + bounce + sun * light[4] + lamp * light[13])
    blue = b * (ab + bounce + sun * light[5] + lamp * light[14])
    if kind > 0.5:
        grazing = (1.0 - min(1.0, facing)) ** 5
        mirror = 0.035 + 0.60 * grazing if kind < 1.5 else 0.09 + 0.75 * grazing
        # Real panels are never flat: a slow wave breaks the mirror image up.
        wave = 0.06 * (hash01(int(car[22]), int(6 * x + 50), 5) - 0.5)
        twice = 2.0 * facing
        rx, ry, rz = twice * mx - vx, twice * my - vy, twice * nz - vz + wave
        sr, sg, sb = sky(light, rx, ry, rz)
        red, green, blue = red + mirror * sr, green + mirror * sg, blue + mirror * sb
        if sun > 0.0:
            glint = max(0.0, rx * light[0] + ry * light[1] + rz * light[2])
            shine = 2.2 * glint**160 + 0.10 * glint**12
            red, green, blue = red + shine * light[3], green + shine * light[4], blue + shine * light[5]
    if own > 0.0:
        red, green, blue = red + own, green + 0.95 * own, blue + 0.80 * own
    elif own < 0.0:
        red -= own
        blue -= 0.03 * own
    return red, green, blue


@njit(cache=True, fastmath=True)
def shade_cars(
    ids: NDArray[np.int32],
    xy: NDArray[np.float32],
    depth: NDArray[np.float32],
    triangles: NDArray[np.int32],
    part: NDArray[np.uint8],
    owner: NDArray[np.int32],
    local: NDArray[np.float32],
    normal: NDArray[np.float32],
    cars: NDArray[np.float32],
    lines: NDArray[np.float32],
    eye: NDArray[np.float64],
    light: NDArray[np.float32],
    lamps: NDArray[np.float32],
    shadow: NDArray[np.float32],
    car_shadow: NDArray[np.float32],
    plan: NDArray[np.float64],
    car_plan: NDArray[np.float64],
    image: NDArray[np.float32],
    instance: NDArray[np.int32],
    visible: NDArray[np.int64],
) -> None:
    """Shade every sample that shows a car, mix it into `image` (H, W, 3 linear), and mark whose each pixel is.

    A pixel belongs to the car that holds most of its four samples, and at least two. `visible` counts samples per car.
    """
    eye3 = (eye[0], eye[1], eye[2])
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            found = 0
            red, green, blue = 0.0, 0.0, 0.0
            first, first_count, second, second_count = -1, 0, -1, 0
            for sample in range(4):
                j, i = 2 * row + (sample >> 1), 2 * column + (sample & 1)
                triangle = ids[j, i]
                if triangle == NO_TRIANGLE:
                    continue
                found += 1
                who = owner[triangle]
                visible[who] += 1
                if first == -1 or first == who:
                    first = who
                    first_count += 1
                else:
                    second = who
                    second_count += 1
                a, b, c = triangles[triangle, 0], triangles[triangle, 1], triangles[triangle, 2]
                area = (xy[b, 0] - xy[a, 0]) * (xy[c, 1] - xy[a, 1]) - (xy[b, 1] - xy[a, 1]) * (
                    xy[c, 0] - xy[a, 0]
                )
                px, py = i + 0.5 - xy[a, 0], j + 0.5 - xy[a, 1]
                wb = (px * (xy[c, 1] - xy[a, 1]) - py * (xy[c, 0] - xy[a, 0])) / area
                wc = ((xy[b, 0] - xy[a, 0]) * py - (xy[b, 1] - xy[a, 1]) * px) / area
                pa, pb, pc = (1 - wb - wc) * depth[a], wb * depth[b], wc * depth[c]
                total = pa + pb + pc
                pa, pb, pc = pa / total, pb / total, pc / total
                x = pa * local[a, 0] + pb * local[b, 0] + pc * local[c, 0]
                y = pa * local[a, 1] + pb * local[b, 1] + pc * local[c, 1]
                z = pa * local[a, 2] + pb * local[b, 2] + pc * local[c, 2]
                nx = pa * normal[a, 0] + pb * normal[b, 0] + pc * normal[c, 0]
                ny = pa * normal[a, 1] + pb * normal[b, 1] + pc * normal[c, 1]
                nz = pa * normal[a, 2] + pb * normal[b, 2] + pc * normal[c, 2]
                size = math.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9
                r, g, bl = shade_point(
                    lines, cars[who], part[triangle], (x, y, z), (nx / size, ny / size, nz / size), eye3, light, lamps,
                    shadow, car_shadow, plan, car_plan,
                )  # fmt: skip
                red, green, blue = red + r, green + g, blue + bl
            if found == 0:
                continue
            keep = 1.0 - 0.25 * found
            image[row, column, 0] = keep * image[row, column, 0] + 0.25 * red
            image[row, column, 1] = keep * image[row, column, 1] + 0.25 * green
            image[row, column, 2] = keep * image[row, column, 2] + 0.25 * blue
            if found >= 2:
                instance[row, column] = first if first_count >= second_count else second
