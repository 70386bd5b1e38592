# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a layout costs as zones grow from ten metres to a kilometre, and as cars fill a kilometre."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.placement_families import strip
from benchmarks.placement_methods import Method
from workers.placement.instances import parse_instances

LENGTHS_M = (10.0, 32.0, 100.0, 316.0, 1000.0)
CARS = (0, 50, 125, 250, 500)
# Of the kerb, how much cars take in the zones that grow: one car to so many metres.
_METRES_A_CAR = {"perpendicular": 6.0, "parallel": 11.0, "free": 6.0}
# Shorter zones cost what a call costs.
_FIT_FROM_M = 100.0
# Five hundred cars stand across 1.3 km of kerb.
_CROWDED_M = 1300.0

Row = dict[str, Any]


def growth(method: Method, modes: tuple[str, ...], seeds: range) -> list[Row]:
    """Median processor time by length, and the exponent of length that fits from 100 m on."""
    rows = []
    for mode in modes:
        medians = [
            _median(
                method, lambda seed, m=mode, x=length: strip(seed, m, x, int(x / _METRES_A_CAR[m])), seeds
            )
            for length in LENGTHS_M
        ]
        row: Row = {"mode": mode}
        row |= {f"{length:.0f} m": round(cpu, 3) for length, cpu in zip(LENGTHS_M, medians, strict=True)}
        fitted = [(x, y) for x, y in zip(LENGTHS_M, medians, strict=True) if x >= _FIT_FROM_M]
        rows.append(row | {"exponent": round(_exponent(fitted), 2)})
    return rows


def crowding(method: Method, modes: tuple[str, ...], seeds: range) -> list[Row]:
    """Median processor time of a kilometre by the number of cars on it."""
    return [
        {"mode": mode}
        | {
            f"{cars} cars": round(
                _median(method, lambda seed, m=mode, n=cars: strip(seed, m, _CROWDED_M, n), seeds), 3
            )
            for cars in CARS
            if mode != "parallel" or cars <= 250
        }
        for mode in modes
    ]


def _median(method: Method, make: Callable[[int], Row], seeds: range) -> float:
    problems = [instance.problem for instance in parse_instances([make(seed) for seed in seeds])]
    return float(np.median([method(problem).cpu_ms for problem in problems]))


def _exponent(points: list[tuple[float, float]]) -> float:
    slope, _ = np.polyfit([math.log(x) for x, _ in points], [math.log(y) for _, y in points], 1)
    return float(slope)
