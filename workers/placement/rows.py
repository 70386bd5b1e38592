# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rows of slots along a base line: how much kerb a slot takes, how deep a row is, how many fit a free length."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from workers.placement.geometry import BaseLine
from workers.placement.problem import PlacementProblem

# Rows are tried touching the kerb and at these distances from it; a shallower zone is tried at both edges and between.
_ROW_GAPS_M = (0.01, 0.25, 0.6)
# Lengths are measured to a micrometre or so; four slots of 5 m do fit 20 m.
_LENGTH_NOISE_M = 4e-6
# Angles tried when a zone allows any: across, along, and echelons; degrees against the kerb.
_FREE_ANGLES_DEG = (90.0, 0.0, 60.0, 120.0, 45.0, 135.0, 75.0, 105.0)


@dataclass(frozen=True)
class Row:
    """Where a row of slots runs: ``d`` metres left of its base line, each slot turned by ``beta`` radians."""

    d: float
    beta: float


def slots_from_free_length(free_m: float, pitch_m: float, spacing_m: float) -> int:
    """The paper's N: how many slots the free length holds; the last one needs no spacing behind it."""
    return max(0, math.floor((free_m + spacing_m + _LENGTH_NOISE_M) / pitch_m))


def free_length(line: BaseLine, zone: Polygon, blocked: BaseGeometry) -> float:
    """The zone's length along a base line less the length of the occupied regions, metres."""
    low, high = span(line, zone)
    taken = 0.0
    reached = low
    inside = [
        span(line, part) for part in shapely.get_parts(shapely.intersection(blocked, zone)) if part.area > 0
    ]
    for start, stop in sorted(inside):
        taken += max(0.0, stop - max(start, reached))
        reached = max(reached, stop)
    return high - low - taken


def span(line: BaseLine, geometry: BaseGeometry) -> tuple[float, float]:
    """From where to where along the line a geometry lies, arc length in metres."""
    points = shapely.get_coordinates(geometry)
    if line.straight:
        ahead = line.points[1] - line.points[0]
        s = (points - line.points[0]) @ (ahead / np.hypot(*ahead))
    else:
        s = shapely.line_locate_point(LineString(line.points), shapely.points(points))
    return float(s.min()), float(s.max())


def slot_size(problem: PlacementProblem) -> tuple[float, float]:
    """(length, width) in metres."""
    return problem.slot_length_m, problem.slot_width_m


def pitch_m(problem: PlacementProblem, beta: float) -> float:
    """Distance along a straight kerb from one slot to the next, spacing included."""
    return extent_m(problem, beta) + problem.spacing_m


def extent_m(problem: PlacementProblem, beta: float) -> float:
    """Length of kerb that one slot takes beside a like one."""
    cos, sin = abs(math.cos(beta)), abs(math.sin(beta))
    length, width = problem.slot_length_m, problem.slot_width_m
    return length / cos if length * sin <= width * cos else width / sin


def half_depth_m(problem: PlacementProblem, beta: float) -> float:
    """Half of what a slot at angle ``beta`` measures across the kerb."""
    cos, sin = abs(math.cos(beta)), abs(math.sin(beta))
    return (problem.slot_length_m * sin + problem.slot_width_m * cos) / 2


def angles_rad(problem: PlacementProblem) -> list[float]:
    """Slot angles to try, radians, the usual one first."""
    degrees: list[float] = []
    for low, high in problem.ranges_deg:
        if high - low >= 90.0:
            inside = [angle for angle in _FREE_ANGLES_DEG if (angle - low) % 180.0 <= high - low]
            degrees += inside if inside else [(low + high) / 2]
        else:
            middle, half = (low + high) / 2, (high - low) / 2
            degrees += [
                middle,
                middle - 0.45 * half,
                middle + 0.45 * half,
                middle - 0.9 * half,
                middle + 0.9 * half,
            ]
    return [math.radians(angle) for angle in degrees]


def fitting_angle_rad(problem: PlacementProblem, depth_m: float) -> float:
    """The usual angle or, in a zone too shallow for it, the first that fits."""
    angles = angles_rad(problem)
    return next((beta for beta in angles if 2 * half_depth_m(problem, beta) <= depth_m), angles[0])


def gaps_m(slack_m: float, several: bool) -> list[float]:
    """Distances from the near edge to try for a row, in a zone ``slack_m`` deeper than the row."""
    touching = _ROW_GAPS_M[0]
    if slack_m <= 2 * touching:
        return [slack_m / 2]
    if not several:
        return [touching]
    if slack_m <= _ROW_GAPS_M[-1]:
        return [touching, slack_m / 2, slack_m - touching]
    return list(_ROW_GAPS_M)
