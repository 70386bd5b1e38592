# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether a layout may be published, in plain shapely: nothing here is shared with any solver."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import shapely
from shapely import Polygon

from workers.placement import Placement, PlacementProblem

# The benchmark's rules: outside the zone, on a car or on a neighbour, square metres; degrees beyond the angles.
OUTSIDE_M2 = 0.01
OVERLAP_M2 = 0.002
ANGLE_DEG = 1.0
# GEOS returns now and then the whole of one rectangle for two that share a side to the last bit but one.
GRID_M = 1e-6


def complaints(problem: PlacementProblem, placement: Placement) -> list[str]:
    """What is wrong with a layout, a sentence for each fault; nothing when it is sound."""
    found = []
    zone = problem.zone
    east, north = (0.0, 0.0) if zone.is_empty else zone.bounds[:2]
    shift = [1, 0, 0, 1, -east, -north]
    zone = shapely.affinity.affine_transform(zone, shift)
    # Part by part: making overlapping cars valid as one geometry would leave holes where two overlap.
    parts = [shapely.make_valid(part) for part in shapely.get_parts(problem.blocked)]
    blocked = shapely.affinity.affine_transform(shapely.union_all(parts), shift)
    outlines = []
    for number, slot in enumerate(placement.slots):
        if not all(map(math.isfinite, (slot.x, slot.y, slot.theta_rad))):
            found.append(f"slot {number} is not a place")
            continue
        cos, sin = math.cos(slot.theta_rad), math.sin(slot.theta_rad)
        a, b = problem.slot_length_m / 2, problem.slot_width_m / 2
        corners = [(-a, -b), (a, -b), (a, b), (-a, b)]
        x, y = slot.x - east, slot.y - north
        outline = Polygon([(x + u * cos - v * sin, y + u * sin + v * cos) for u, v in corners])
        if outline.difference(zone).area > OUTSIDE_M2:
            found.append(f"slot {number} is outside the zone")
        if outline.intersection(blocked).area > OVERLAP_M2:
            found.append(f"slot {number} stands on a car")
        found += [
            f"slots {other} and {number} overlap"
            for other, before in enumerate(outlines)
            if shapely.intersection(before, outline, grid_size=GRID_M).area > OVERLAP_M2
        ]
        if problem.kerb is not None and not _angle_kept(problem, slot.x, slot.y, slot.theta_rad):
            found.append(f"slot {number} stands at a forbidden angle")
        outlines.append(outline)
    if placement.bound is not None and placement.bound < len(placement.slots):
        found.append(f"{len(placement.slots)} slots break the bound {placement.bound}")
    return found


def _angle_kept(problem: PlacementProblem, x: float, y: float, theta: float) -> bool:
    assert problem.kerb is not None
    points = shapely.get_coordinates(problem.kerb)
    segments = [(p, q) for p, q in pairwise(points) if np.hypot(*(q - p)) > 1e-3]
    if not segments:
        return True
    centre = shapely.Point(x, y)
    distances = [shapely.LineString(segment).distance(centre) for segment in segments]
    near = [s for s, d in zip(segments, distances, strict=True) if d <= min(distances) + 1e-3]
    return any(
        (math.degrees(theta - math.atan2(*(q - p)[::-1])) - low + ANGLE_DEG) % 180.0
        <= high - low + 2 * ANGLE_DEG
        for p, q in near
        for low, high in problem.ranges_deg
    )
