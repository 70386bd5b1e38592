# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a car's surface looks: paint with clear coat, dark glass that mirrors the sky, lamps, grille, plates, tyres.

The shader works from the place on the car (car frame) and the body type's numbers, so details stay sharp at any distance.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from apps.demo.body_mesh import PROFILE_SAMPLES, body_mesh
from apps.demo.body_types import BODY_TYPES
from apps.demo.cars import CarLook
from apps.demo.noise import hash01, lamplight, sky, sunlit
from apps.demo.raster import NO_TRIANGLE

CAR_NUMBERS = 24
"""Width of one car's row: paint 0–2, half length 3, half width 4, belt 5, windscreen foot and top x 6–7, rear window top
and foot x 8–9, wheel radius 10, axle x 11–12, panelled 13, dark roof 14, headlights 15, brake 16, cos and sin of the
heading 17–18, body type 19, position x, y 20–21, seed 22, height 23."""

ROOF_LINES: NDArray[np.float32] = np.stack([body_mesh(k).roof_line for k in range(len(BODY_TYPES))])


def car_numbers(
    look: CarLook, x: float, y: float, heading_rad: float, *, headlights: bool, braking: bool, seed: int
) -> NDArray[np.float32]:
    """One car's row for the shader."""
    kind = BODY_TYPES[look.body]
    length = look.length_m
    row = np.zeros(CAR_NUMBERS, np.float32)
    row[0:3] = look.paint
    row[3:6] = length / 2, look.width_m / 2, kind.belt_m
    row[6:10] = [length * (0.5 - u) for u in (*kind.windscreen, *kind.rear_window)]
    row[10] = kind.wheel_radius_m
    row[11:13] = [length * (0.5 - u) for u in kind.axles]
    row[13:17] = kind.panelled, look.dark_roof, headlights, braking
    row[17:20] = math.cos(heading_rad), math.sin(heading_rad), look.body
    row[20:24] = x, y, seed % 65536, kind.height_m
    return row


@njit(cache=True)
def _roof_height(lines: NDArray[np.float32], car: NDArray[np.float32], x: float) -> float:
    """Height of the roof line at car-frame x."""
    place = (0.5 - 0.5 * x / car[3]) * (PROFILE_SAMPLES - 1)
    place = min(max(place, 0.0), PROFILE_SAMPLES - 1.001)
    k = int(place)
    body = int(car[19])
    return lines[body, k] + (place - k) * (lines[body, k + 1] - lines[body, k])


@njit(cache=True)
def body_paint(  # noqa: C901  # cases of one shader
    lines: NDArray[np.float32],
    car: NDArray[np.float32],
    x: float,
    y: float,
    z: float,
    nx: float,
    ny: float,
    nz: float,
) -> tuple[float, float, float, float, float]:
    """Linear RGB albedo, mirror kind (0 dull, 1 clear coat, 2 glass) and own light at a place on the body (car frame)."""
    half_length, half_width, belt = car[3], car[4], car[5]
    r, g, b = car[0], car[1], car[2]
    roof = _roof_height(lines, car, x)
    side = abs(ny) > 0.62
    ay = abs(y)
    belt_here = belt + 0.05 * (-0.5 * x / half_length)
    if side:
        for k in range(2):
            dx, dz = x - car[11 + k], z - car[10]
            if dx * dx + dz * dz < (car[10] + 0.05) ** 2:
                return 0.012, 0.012, 0.012, 0.0, 0.0
    if z > belt_here + 0.025:
        ahead, behind = car[6], car[9]
        if side:
            if z < roof - 0.085 and behind + 0.10 < x < ahead - 0.02:
                door = car[7] - 0.30 * (car[7] - car[8])
                second = car[7] - 0.68 * (car[7] - car[8])
                if car[23] > 2.0:
                    door, second = car[7] - 0.9, car[7] - 2.3
                pillar = abs(x - door) < 0.045 or abs(x - second) < 0.05
                behind_driver = car[13] > 0.5 and x < door
                tail = x < car[8] - 0.05 and car[23] < 2.0 and roof - belt_here < 0.30
                if not pillar and not behind_driver and not tail:
                    return 0.016, 0.018, 0.020, 2.0, 0.0
            elif z < roof - 0.06 and behind < x < ahead:
                return 0.02, 0.02, 0.02, 1.0, 0.0
        else:
            top_width = half_width * 0.93 - 0.10
            if car[7] - 0.02 < x < ahead + 0.02 and nx > 0.15:
                lean = (z - belt_here) * 0.25
                if ay < top_width - lean and x < ahead - 0.02:
                    return 0.016, 0.018, 0.020, 2.0, 0.0
            if behind - 0.06 < x < car[8] + 0.02 and nx < -0.15 and car[13] < 0.5:
                lean = (z - belt_here) * 0.3
                if ay < top_width - 0.04 - lean and z > belt_here + 0.05:
                    return 0.015, 0.017, 0.019, 2.0, 0.0
            if car[14] > 0.5 and nz > 0.8 and z > belt_here + 0.30:
                return 0.014, 0.014, 0.015, 1.0, 0.0
            return r, g, b, 1.0, 0.0
    front, rear = x > half_length - 0.42, x < -half_length + 0.34
    lamp_z = 0.64 * belt
    if front:
        if ay > 0.50 * half_width and lamp_z - 0.02 < z < lamp_z + 0.15 and x > half_length - 0.36:
            return 0.62, 0.64, 0.66, 2.0, 3.2 * car[15]
        if nx > 0.55:
            if ay < 0.26 and 0.40 < z < 0.51:
                return 0.78, 0.78, 0.76, 0.0, 0.10 * car[15]
            if ay < 0.55 * half_width and 0.30 < z < lamp_z + 0.08:
                return 0.018, 0.018, 0.02, 0.0, 0.0
            if z < 0.30:
                return 0.03, 0.03, 0.03, 0.0, 0.0
    if rear:
        low = 0.70 * belt if car[23] < 2.0 else 0.62 * belt
        if ay > 0.62 * half_width and low < z < low + 0.20:
            return 0.30, 0.012, 0.010, 2.0, -(0.25 * car[15] + 0.9 * car[16])
        if nx < -0.5:
            if ay < 0.26 and 0.52 < z < 0.63:
                return 0.78, 0.78, 0.76, 0.0, 0.0
            if z < 0.36:
                return 0.03, 0.03, 0.03, 0.0, 0.0
    if z < 0.31 and side:
        return 0.03, 0.03, 0.032, 0.0, 0.0
    # Shut lines of doors and bonnet.
    if side and z > 0.34:
        gap = min(abs(x - (car[6] - 0.12)), abs(x - (0.35 * car[7] + 0.65 * car[8] + 0.25)))
        if gap < 0.012:
            return 0.4 * r, 0.4 * g, 0.4 * b, 1.0, 0.0
    if nz > 0.7 and abs(x - (car[6] + 0.05)) < 0.02 and ay < 0.8 * half_width:
        return 0.02, 0.02, 0.02, 0.0, 0.0
    return r, g, b, 1.0, 0.0


@njit(cache=True)
def _wheel_paint(
    car: NDArray[np.float32], x: float, z: float, ny: float
) -> tuple[float, float, float, float]:
    """Tyre or rim by the distance from the nearer axle."""
    dx = min(abs(x - car[11]), abs(x - car[12]))
    dz = z - car[10]
    distance = math.sqrt(dx * dx + dz * dz)
    if abs(ny) > 0.5 and distance < 0.64 * car[10]:
        spoke = 0.30 if (int(math.atan2(dz, dx) * 3.2 + 10) & 1) or distance < 0.12 else 0.10
        return spoke, spoke, spoke * 1.02, 1.0
    return 0.016, 0.016, 0.017, 0.0


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
        r, g, b, kind, own = body_paint(lines, car, x, y, z, nx, ny, nz)
    elif part == 1:
        r, g, b, kind = _wheel_paint(car, x, z, ny)
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
