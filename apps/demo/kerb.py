# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where along a zone's kerb a driver finds room, and how crookedly the car then stands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from apps.demo.cars import CarLook
from apps.demo.layout import STREET_ANGLE_RAD, DemoZone

PARALLEL_GAP_M, PERPENDICULAR_GAP_M = 0.95, 0.85
"""Kerb a driver needs beyond the car itself."""

SIDE_CLEARANCE_M = 0.25
"""Least gap between two parked cars' extents along the kerb."""

Extent = tuple[float, float]
"""Stretch of the kerb that a parked car takes, metres from the zone's start."""


@dataclass(frozen=True)
class Berth:
    """Where a car will stand: s, t, heading in the street frame, which way it went in, and the kerb it takes."""

    pose: tuple[float, float, float]
    nose_in: bool
    extent: Extent


def used_share(zone: DemoZone, taken: Sequence[Extent]) -> float:
    """Share of the kerb taken, each car with the gap that its neighbours leave."""
    gap = PARALLEL_GAP_M if zone.mode == "parallel" else PERPENDICULAR_GAP_M
    return sum(high - low + gap for low, high in taken) / zone.run_m


def find_berth(
    zone: DemoZone, taken: Sequence[Extent], limit: float, look: CarLook, rng: np.random.Generator
) -> Berth | None:
    """A place for a car that comes now: which gap, how snug, how crooked; None when it would not fit.

    limit: share of the kerb that may be taken at this hour.
    """
    if used_share(zone, taken) > limit:
        return None
    parallel = zone.mode == "parallel"
    size = look.length_m if parallel else look.width_m
    need = size + (PARALLEL_GAP_M if parallel else PERPENDICULAR_GAP_M)
    gaps = [g for g in _gaps(zone, taken) if g[1] - g[0] >= need]
    if not gaps:
        return None
    low, high = gaps[int(rng.integers(len(gaps)))]
    spread = 0.028 if parallel else 0.045
    crook = float(rng.normal(0, spread * (3.0 if rng.random() < 0.08 else 1.0)))
    crook = max(-0.16, min(0.16, crook))
    half_along, inward = _reach(zone, look, crook, rng)
    room = high - low - 2 * half_along - 2 * SIDE_CLEARANCE_M
    if room < 0:
        return None
    slack = min(room, float(rng.uniform(0.1, 0.9 if parallel else 0.45)))
    draw = rng.random()
    offset = slack if draw < 0.42 else room - slack if draw < 0.84 else float(rng.uniform(0, room))
    along = low + SIDE_CLEARANCE_M + half_along + offset
    s, t = zone.to_st(along, inward)
    nose_in = parallel or zone.across or bool(rng.random() < 0.78)
    pose = (s, t, _heading(zone, nose_in) + crook)
    return Berth(pose, nose_in, (along - half_along, along + half_along))


def _reach(zone: DemoZone, look: CarLook, crook: float, rng: np.random.Generator) -> tuple[float, float]:
    """Half the kerb that a crooked car takes, and how far from the kerb its middle stands."""
    if zone.mode == "parallel":
        half_along = 0.5 * (look.length_m * math.cos(crook) + look.width_m * abs(math.sin(crook)))
        lean = 0.4 * look.length_m * abs(math.sin(crook))
        return half_along, min(look.width_m / 2 + float(rng.uniform(0.08, 0.50)) + lean, zone.depth_m - 0.25)
    half_along = 0.5 * (look.width_m * math.cos(crook) + look.length_m * abs(math.sin(crook)))
    return half_along, look.length_m / 2 + min(0.9, 0.12 + float(rng.exponential(0.25)))


def _gaps(zone: DemoZone, taken: Sequence[Extent]) -> list[Extent]:
    edges = [0.15, *[e for pair in sorted(taken) for e in pair], zone.run_m - 0.15]
    return [(edges[k], edges[k + 1]) for k in range(0, len(edges), 2)]


def _heading(zone: DemoZone, nose_in: bool) -> float:
    if zone.mode == "parallel":
        return 0.0 if zone.t1 <= 0 else math.pi
    inward = zone.inward_rad - STREET_ANGLE_RAD
    return inward + math.pi if nose_in else inward
