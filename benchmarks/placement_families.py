# SPDX-License-Identifier: AGPL-3.0-or-later
"""Seeded placement instances of our own: kerb strips, bends and L-shaped yards with crooked cars at random gaps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Item = dict[str, Any]

# Slot, depth of the zone, range of angles against the kerb, by mode.
_MODES: dict[str, tuple[list[float], float, list[list[float]]]] = {
    "parallel": ([5.0, 2.3], 2.7, [[-12, 12]]),
    "perpendicular": ([5.0, 2.4], 5.5, [[78, 102]]),
    "diagonal": ([5.0, 2.4], 5.9, [[45, 60]]),
    "free": ([4.8, 2.2], 6.0, [[0, 180]]),
}
# Of the kerb, how much cars take; and how crooked they stand: degrees, metres.
_TAKEN, _TURN_DEG, _SHIFT_M = 0.5, 4.0, 0.12


def families(seeds: range) -> list[Item]:
    """One instance of every family for each seed, in a fixed order."""
    found = []
    for seed in seeds:
        found += [strip(seed, mode) for mode in _MODES]
        found += [bend(seed, "parallel"), bend(seed, "perpendicular"), yard(seed)]
    return found


def strip(seed: int, mode: str, length_m: float | None = None, cars: int | None = None) -> Item:
    """A straight strip; ``cars`` stand at random along it, about half of the kerb when that is not said."""
    chance = np.random.default_rng([seed, len(mode), 1])
    length = float(chance.uniform(12, 90)) if length_m is None else length_m
    slot, depth, ranges = _MODES[mode]
    stand = _stand(chance, length, mode, cars)
    rings = [_car(chance, u, depth / 2, math.radians(sum(ranges[0]) / 2)) for u in stand]
    corners = [[0.0, 0.0], [length, 0.0], [length, depth], [0.0, depth]]
    return _item(f"strip_{mode}-{seed}", chance, corners, rings, slot, mode, ranges, corners[:2])


def bend(seed: int, mode: str) -> Item:
    """A strip along a bent kerb, bent towards it or away from it."""
    chance = np.random.default_rng([seed, len(mode), 2])
    length, radius = float(chance.uniform(20, 80)), float(chance.uniform(25, 90))
    slot, depth, ranges = _MODES[mode]
    turns = np.linspace(0, length / radius, math.ceil(length) + 1)
    other = radius - depth if seed % 2 else radius + depth

    def at(r: float, t: float) -> list[float]:
        return [r * math.cos(t), r * math.sin(t)]

    kerb = [at(radius, t) for t in turns]
    middle = (radius + other) / 2
    rings = []
    for u in _stand(chance, length, mode, None):
        x, y = at(middle, u / radius)
        tangent = u / radius + math.pi / 2
        rings.append(_turned(_car(chance, 0.0, 0.0, math.radians(sum(ranges[0]) / 2)), tangent, x, y))
    corners = [*kerb, *[at(other, t) for t in turns[::-1]]]
    return _item(f"bend_{mode}-{seed}", chance, corners, rings, slot, mode, ranges, kerb)


def yard(seed: int) -> Item:
    """An L of two perpendicular strips with the kerb along its outside."""
    chance = np.random.default_rng([seed, 3])
    a, b = (float(chance.uniform(18, 40)) for _ in range(2))
    slot, depth, ranges = _MODES["perpendicular"]
    rings = [
        _car(chance, u, depth / 2, math.pi / 2) for u in _stand(chance, a - depth, "perpendicular", None)
    ]
    kerb = [[a, 0.0], [0.0, 0.0], [0.0, b]]
    corners = [[0.0, 0.0], [a, 0.0], [a, depth], [depth, depth], [depth, b], [0.0, b]]
    rings = [_turned(ring, 0.0, depth, 0.0) for ring in rings]
    return _item(f"yard-{seed}", chance, corners, rings, slot, "perpendicular", ranges, kerb)


def _stand(chance: np.random.Generator, length: float, mode: str, cars: int | None) -> list[float]:
    """Where cars stand along a kerb: not nearer to one another than they are long or wide."""
    pitch = 4.9 if mode == "parallel" else 2.6
    most = int(length / pitch)
    count = min(most, round(_TAKEN * most) if cars is None else cars)
    slack = length - count * pitch
    gaps = np.sort(chance.uniform(0, slack, count))
    return [float(gap + (k + 0.5) * pitch) for k, gap in enumerate(gaps)]


def _car(chance: np.random.Generator, u: float, v: float, turn: float) -> list[list[float]]:
    """A footprint as segmentation leaves it: a box with noisy corners and sides."""
    half_length, half_width = 2.15 + chance.normal(0, 0.15), 0.88 + chance.normal(0, 0.04)
    outline = [(-1, -1), (0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0)]
    ring = np.array(outline) * (half_length, half_width) + chance.normal(0, 0.04, (8, 2))
    turn += math.radians(chance.normal(0, _TURN_DEG))
    return _turned(ring.tolist(), turn, u + chance.normal(0, _SHIFT_M), v + chance.normal(0, _SHIFT_M))


def _turned(ring: list[list[float]], turn: float, x: float, y: float) -> list[list[float]]:
    cos, sin = math.cos(turn), math.sin(turn)
    return (np.array(ring) @ np.array([[cos, sin], [-sin, cos]]) + (x, y)).tolist()


def _item(
    name: str,
    chance: np.random.Generator,
    zone: list[list[float]],
    cars: list[list[list[float]]],
    slot: list[float],
    mode: str,
    ranges: list[list[float]],
    kerb: list[list[float]],
) -> Item:
    """An instance in the benchmark's format, turned at random and half of the time far from the origin."""
    turn = float(chance.uniform(0, math.tau))
    x, y = (712_345.0, 4_289_123.0) if chance.random() < 0.5 else (0.0, 0.0)
    return {
        "id": name,
        "family": name.rsplit("-", 1)[0],
        "zone": _turned(zone, turn, x, y),
        "occupied": [_turned(car, turn, x, y) for car in cars],
        "slot": slot,
        "mode": mode,
        "angle_ranges_deg": ranges,
        "kerb": _turned(kerb, turn, x, y),
    }
