# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is where on a car's surface: paint, dark glass, lamps, grille, plates, tyres.

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


Paint = tuple[float, float, float, float, float]
"""Linear RGB albedo, mirror kind (DULL, CLEAR_COAT, GLASS) and own light (below 0: red)."""

DULL, CLEAR_COAT, GLASS = 0.0, 1.0, 2.0
NOT_HERE: Paint = (0.0, 0.0, 0.0, -1.0, 0.0)

TALL_M = 2.0
"""Bodies taller than this are vans and buses: their doors and rear lamps sit elsewhere."""


@njit(cache=True)
def body_paint(
    lines: NDArray[np.float32],
    car: NDArray[np.float32],
    place: tuple[float, float, float],
    normal: tuple[float, float, float],
) -> Paint:
    """The surface at a place on the body (car frame) that faces `normal`."""
    x, y, z = place
    side = abs(normal[1]) > 0.62
    belt = car[5] + 0.05 * (-0.5 * x / car[3])
    if side and _in_wheel_arch(car, x, z):
        return 0.012, 0.012, 0.012, DULL, 0.0
    if z > belt + 0.025:
        found = _side_glass(lines, car, x, z, belt) if side else _screens(car, x, y, z, belt, normal)
    else:
        found = _front(car, x, y, z, normal[0])
        if found[3] < 0.0:
            found = _rear(car, x, y, z, normal[0])
        if found[3] < 0.0:
            found = _trim(car, x, y, z, side, normal[2])
    if found[3] < 0.0:
        return car[0], car[1], car[2], CLEAR_COAT, 0.0
    return found


@njit(cache=True)
def _in_wheel_arch(car: NDArray[np.float32], x: float, z: float) -> bool:
    dx = min(abs(x - car[11]), abs(x - car[12]))
    dz = z - car[10]
    return dx * dx + dz * dz < (car[10] + 0.05) ** 2


@njit(cache=True)
def _side_glass(
    lines: NDArray[np.float32], car: NDArray[np.float32], x: float, z: float, belt: float
) -> Paint:
    """Side windows between the pillars, and the dark frame above them."""
    roof = _roof_height(lines, car, x)
    ahead, behind = car[6], car[9]
    if z < roof - 0.085 and behind + 0.10 < x < ahead - 0.02:
        door = car[7] - 0.30 * (car[7] - car[8])
        second = car[7] - 0.68 * (car[7] - car[8])
        if car[23] > TALL_M:
            door, second = car[7] - 0.9, car[7] - 2.3
        pillar = abs(x - door) < 0.045 or abs(x - second) < 0.05
        behind_driver = car[13] > 0.5 and x < door
        tail = x < car[8] - 0.05 and car[23] < TALL_M and roof - belt < 0.30
        if not pillar and not behind_driver and not tail:
            return 0.016, 0.018, 0.020, GLASS, 0.0
    elif z < roof - 0.06 and behind < x < ahead:
        return 0.02, 0.02, 0.02, CLEAR_COAT, 0.0
    return NOT_HERE


@njit(cache=True)
def _screens(
    car: NDArray[np.float32], x: float, y: float, z: float, belt: float, normal: tuple[float, float, float]
) -> Paint:
    """Windscreen, rear window and a roof of another colour."""
    ahead, behind = car[6], car[9]
    half = car[4] * 0.93 - 0.10
    if normal[0] > 0.15 and car[7] - 0.02 < x < ahead - 0.02 and abs(y) < half - (z - belt) * 0.25:
        return 0.016, 0.018, 0.020, GLASS, 0.0
    behind_roof = normal[0] < -0.15 and behind - 0.06 < x < car[8] + 0.02 and car[13] < 0.5
    if behind_roof and abs(y) < half - 0.04 - (z - belt) * 0.3 and z > belt + 0.05:
        return 0.015, 0.017, 0.019, GLASS, 0.0
    if car[14] > 0.5 and normal[2] > 0.8 and z > belt + 0.30:
        return 0.014, 0.014, 0.015, CLEAR_COAT, 0.0
    return NOT_HERE


@njit(cache=True)
def _front(car: NDArray[np.float32], x: float, y: float, z: float, nx: float) -> Paint:
    """Headlights, plate, grille, air intake."""
    nose, half = car[3], car[4]
    lamp_z = 0.64 * car[5]
    if x > nose - 0.36 and abs(y) > 0.50 * half and lamp_z - 0.02 < z < lamp_z + 0.15:
        return 0.62, 0.64, 0.66, GLASS, 3.2 * car[15]
    if x > nose - 0.42 and nx > 0.55:
        if abs(y) < 0.26 and 0.40 < z < 0.51:
            return 0.78, 0.78, 0.76, DULL, 0.10 * car[15]
        if abs(y) < 0.55 * half and 0.30 < z < lamp_z + 0.08:
            return 0.018, 0.018, 0.02, DULL, 0.0
        if z < 0.30:
            return 0.03, 0.03, 0.03, DULL, 0.0
    return NOT_HERE


@njit(cache=True)
def _rear(car: NDArray[np.float32], x: float, y: float, z: float, nx: float) -> Paint:
    """Rear lamps, plate, bumper's foot."""
    if x > -car[3] + 0.34:
        return NOT_HERE
    low = 0.70 * car[5] if car[23] < TALL_M else 0.62 * car[5]
    if abs(y) > 0.62 * car[4] and low < z < low + 0.20:
        return 0.30, 0.012, 0.010, GLASS, -(0.25 * car[15] + 0.9 * car[16])
    if nx < -0.5:
        if abs(y) < 0.26 and 0.52 < z < 0.63:
            return 0.78, 0.78, 0.76, DULL, 0.0
        if z < 0.36:
            return 0.03, 0.03, 0.03, DULL, 0.0
    return NOT_HERE


@njit(cache=True)
def _trim(car: NDArray[np.float32], x: float, y: float, z: float, side: bool, nz: float) -> Paint:
    """Sills, and the shut lines of doors and bonnet."""
    if side and z < 0.31:
        return 0.03, 0.03, 0.032, DULL, 0.0
    if side and z > 0.34:
        gap = min(abs(x - (car[6] - 0.12)), abs(x - (0.35 * car[7] + 0.65 * car[8] + 0.25)))
        if gap < 0.012:
            return 0.4 * car[0], 0.4 * car[1], 0.4 * car[2], CLEAR_COAT, 0.0
    if nz > 0.7 and abs(x - (car[6] + 0.05)) < 0.02 and abs(y) < 0.8 * car[4]:
        return 0.02, 0.02, 0.02, DULL, 0.0
    return NOT_HERE


@njit(cache=True)
def wheel_paint(car: NDArray[np.float32], x: float, z: float, ny: float) -> tuple[float, float, float, float]:
    """Tyre or rim by the distance from the nearer axle."""
    dx = min(abs(x - car[11]), abs(x - car[12]))
    dz = z - car[10]
    distance = math.sqrt(dx * dx + dz * dz)
    if abs(ny) > 0.5 and distance < 0.64 * car[10]:
        spoke = 0.30 if (int(math.atan2(dz, dx) * 3.2 + 10) & 1) or distance < 0.12 else 0.10
        return spoke, spoke, spoke * 1.02, 1.0
    return 0.016, 0.016, 0.017, 0.0
