# SPDX-License-Identifier: AGPL-3.0-or-later
"""What may be published: the exact check of slots with shapely, and the most slots that can stand together.

The search works with kernels and tolerances of its own. Nothing it proposes is believed until it has passed here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString
from shapely.affinity import translate

from workers.placement.geometry import polygonal, reference_line
from workers.placement.problem import PlacementProblem, Slot

# What may lie outside the zone, on blocked ground or on a neighbour: one square centimetre, the width of rounding.
AREA_TOLERANCE_M2 = 1e-4
ANGLE_TOLERANCE_DEG = 0.01

# Components up to this size are solved exactly; larger ones by the best of the offered layouts and a greedy one.
_EXACT_COMPONENT = 20
_MAX_BRANCHES = 4000


def spaced_size(problem: PlacementProblem, angle_rad: float) -> tuple[float, float]:
    """A slot's length and width with the spacing along the kerb added, for its angle against the kerb's tangent.

    Two like slots are apart by ``spacing_m`` along the kerb exactly when their spaced rectangles do not overlap: the
    spacing goes to the side that faces the neighbour, shortened by the slant.
    """
    cos, sin = abs(math.cos(angle_rad)), abs(math.sin(angle_rad))
    length, width, spacing = problem.slot_length_m, problem.slot_width_m, problem.spacing_m
    if length * sin <= width * cos:  # end to end: length / cos is the shorter pitch
        return length + spacing * cos, width
    return length, width + spacing * sin


def kerb_angles_rad(line: LineString, x: float, y: float) -> NDArray[np.float64]:
    """Tangent directions of the kerb nearest to a point: one, or two where the nearest point is a vertex."""
    points = shapely.get_coordinates(line)
    steps = np.diff(points, axis=0)
    lengths2 = (steps**2).sum(axis=1)
    steps, points, lengths2 = steps[lengths2 > 0], points[:-1][lengths2 > 0], lengths2[lengths2 > 0]
    t = np.clip((((x, y) - points) * steps).sum(axis=1) / lengths2, 0.0, 1.0)
    distance = np.hypot(*(points + t[:, None] * steps - (x, y)).T)
    near = steps[distance <= distance.min() + 1e-6]
    return np.asarray(np.arctan2(near[:, 1], near[:, 0]))


def angle_allowed(ranges_deg: Iterable[tuple[float, float]], angle_rad: float, tolerance_deg: float) -> bool:
    """Whether a slot's angle against the kerb lies in one of the ranges, modulo 180 degrees."""
    angle = math.degrees(angle_rad)
    return any(
        (angle - low + tolerance_deg) % 180.0 <= high - low + 2 * tolerance_deg for low, high in ranges_deg
    )


def feasible_slots(problem: PlacementProblem, slots: Sequence[Slot]) -> tuple[Slot, ...]:
    """The largest part of ``slots`` that may be published together, in their order.

    Each kept slot lies inside the zone, off blocked ground, within the allowed angles, and the kept ones stand apart
    by the spacing; areas by exact geometry, to one square centimetre.
    """
    if not slots:
        return ()
    west, south = problem.zone.bounds[:2]
    zone, blocked = (
        translate(problem.zone, -west, -south),
        translate(polygonal(problem.blocked), -west, -south),
    )
    line = reference_line(problem)
    near = [Slot(slot.x - west, slot.y - south, slot.theta_rad) for slot in slots]
    outlines = np.array([slot.polygon(problem.slot_length_m, problem.slot_width_m) for slot in near])
    outside = shapely.area(shapely.difference(outlines, zone))
    covered = shapely.area(shapely.intersection(outlines, blocked))
    alone = (outside <= AREA_TOLERANCE_M2) & (covered <= AREA_TOLERANCE_M2)
    kept: list[int] = []
    spaced = []
    for index in np.flatnonzero(alone).tolist():
        slot = slots[index]
        angles = (slot.theta_rad - kerb_angles_rad(line, slot.x, slot.y)).tolist()
        allowed = [a for a in angles if angle_allowed(problem.ranges_deg, a, ANGLE_TOLERANCE_DEG)]
        if allowed:
            kept.append(index)
            spaced.append(near[index].polygon(*spaced_size(problem, allowed[0])))
    clash = clashes(spaced)
    return tuple(slots[kept[k]] for k in largest_compatible(clash))


def clashes(outlines: Sequence[shapely.Polygon]) -> NDArray[np.bool_]:
    """(N, N) bool: which outlines overlap by more than the tolerance, by exact geometry."""
    shapes = np.array(outlines, dtype=object)
    clash = np.zeros((len(shapes), len(shapes)), dtype=np.bool_)
    if len(shapes) > 1:
        first, second = shapely.STRtree(shapes).query(shapes)
        pairs = first < second
        first, second = first[pairs], second[pairs]
        over = shapely.area(shapely.intersection(shapes[first], shapes[second])) > AREA_TOLERANCE_M2
        clash[first[over], second[over]] = clash[second[over], first[over]] = True
    return clash


def largest_compatible(clash: NDArray[np.bool_], offers: Sequence[Sequence[int]] = ()) -> list[int]:
    """Indices, ascending, of many items of which no two clash: the maximum for small groups, a good set for large.

    Items fall into groups that do not clash with each other; each group is solved by itself. ``offers`` are sets
    known to be free of clashes; in a group too large for an exact search the best of them competes with a greedy set.
    Ties go to the earlier offer, so the answer does not wander.
    """
    chosen: list[int] = []
    for group in _groups(clash):
        members = set(group)
        candidates = [[i for i in offer if i in members] for offer in offers]
        candidates.append(_greedy(group, clash))
        best = max(candidates, key=len)
        if len(best) < len(group) <= _EXACT_COMPONENT:
            exact = _exact(group, clash)
            best = exact if len(exact) > len(best) else best
        chosen.extend(best)
    return sorted(chosen)


def _groups(clash: NDArray[np.bool_]) -> list[list[int]]:
    groups, unseen = [], set(range(len(clash)))
    while unseen:
        group, queue = [], [min(unseen)]
        unseen.remove(queue[0])
        while queue:
            item = queue.pop()
            group.append(item)
            for other in np.flatnonzero(clash[item]).tolist():
                if other in unseen:
                    unseen.remove(other)
                    queue.append(other)
        groups.append(sorted(group))
    return groups


def _greedy(group: list[int], clash: NDArray[np.bool_]) -> list[int]:
    """Take the item with the fewest remaining clashes, drop what it clashes with, repeat."""
    left, taken = set(group), []
    while left:
        ordered = sorted(left)
        degrees = clash[np.ix_(ordered, ordered)].sum(axis=1)
        item = ordered[int(np.argmin(degrees))]
        taken.append(item)
        left -= {item, *np.flatnonzero(clash[item]).tolist()}
    return taken


def _exact(group: list[int], clash: NDArray[np.bool_]) -> list[int]:
    """Largest clash-free subset by branch and bound: the most clashing item is either in or out."""
    best: list[int] = []
    branches = 0

    def search(left: list[int], taken: list[int]) -> None:
        nonlocal best, branches
        branches += 1
        if len(taken) + len(left) <= len(best) or branches > _MAX_BRANCHES:
            return
        degrees = clash[np.ix_(left, left)].sum(axis=1)
        if not degrees.any():
            best = taken + left
            return
        item = left[int(np.argmax(degrees))]
        search([i for i in left if i != item and not clash[item, i]], [*taken, item])
        search([i for i in left if i != item], taken)

    search(group, [])
    return best
