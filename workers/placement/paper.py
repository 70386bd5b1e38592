# SPDX-License-Identifier: AGPL-3.0-or-later
"""The SPARK paper's placement (§3.3.4, Figures 6 and 8), zone by zone, from free length to a layout.

Take off the mean coordinates, turn the longest edge (or the kerb) onto the x axis, take the length of the occupied
regions off the total length to get N, and let an Artificial Bee Colony move N slots until their cost is zero or the
iterations are over. What SPARK adds to it is in ``stretches``.
"""

from __future__ import annotations

import math
from dataclasses import replace

from workers.placement.colony import Found, Ground, Search, ground, search
from workers.placement.feasible import spaced_size
from workers.placement.parameters import PaperParameters
from workers.placement.problem import PlacementProblem
from workers.placement.proposal import NOTHING, Proposal
from workers.placement.rows import (
    extent_m,
    fitting_angle_rad,
    free_length,
    half_depth_m,
    pitch_m,
    slot_size,
    slots_from_free_length,
    span,
)
from workers.placement.scene import Scene

# In a deep zone the row of a search along x stands this far from the kerb; the paper leaves the distance open.
_KERB_GAP_M = 0.3


def whole_zone_task(
    problem: PlacementProblem, scene: Scene, parameters: PaperParameters
) -> tuple[Search, Ground] | None:
    """What the paper gives its colony: N from the free length, and bounds for x, or for x, y and angle.

    None when the base line does not meet the zone.
    """
    line = scene.lines[0]
    near, far = line.depths(scene.zone)
    if far < near:
        return None
    low, high = span(line, scene.zone)
    beta = fitting_angle_rad(problem, far - near)
    half_depth = half_depth_m(problem, beta)
    # In the middle of a strip, beside the kerb of anything deeper.
    d = near + half_depth + min(max(0.0, far - near - 2 * half_depth) / 2, _KERB_GAP_M)
    pitch = pitch_m(problem, beta)
    n = slots_from_free_length(free_length(line, scene.zone, scene.blocked), pitch, problem.spacing_m)
    table = line.table(extent_m(problem, beta), max(0.0, -low), max(0.0, high - line.length))
    over = ground(scene.arrays(), slot_size(problem), spaced_size(problem, beta), parameters)
    bounds: tuple[tuple[float, ...], tuple[float, ...]] = ((low,), (high,))
    if parameters.search == "full":
        first, last = (math.radians(angle) for angle in max(problem.ranges_deg, key=lambda r: r[1] - r[0]))
        bounds = ((low, near, first), (high, far, last))
    return Search(n, table, (d, beta), *bounds, pitch if parameters.spread else 0.0), over


def lay_whole_zone(
    problem: PlacementProblem, scene: Scene, parameters: PaperParameters, seed: int
) -> Proposal:
    """One colony for the whole zone; with ``lower_n`` again with one slot less until a layout costs nothing."""
    given = whole_zone_task(problem, scene, parameters)
    if given is None:
        return NOTHING
    task, over = given
    found: Found | None = None
    evaluations = 0
    for n in range(task.n, 0, -1):
        found = search(replace(task, n=n), over, parameters, seed)
        evaluations += found.evaluations
        if found.cost <= 0.0 or not parameters.lower_n:
            break
    return NOTHING if found is None else Proposal(found.poses, found.cost, found.history, evaluations)
