# SPDX-License-Identifier: AGPL-3.0-or-later
"""Compiled exact check: a slot stands inside the zone, off blocked ground, at an allowed angle and apart from others."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from workers.placement.production_ground import angle_kept, gather
from workers.placement.production_slides import FAR, slide_box, slide_edge, winding
from workers.placement.production_worth import pick_reachable

# What the options array holds, and the searches.
ONLY, SIDEWAYS, RICHNESS, BOUND, SEARCH, BUDGET, POOREST = 0, 1, 2, 3, 4, 5, 6
NO_SEARCH, BEES, MULTISTART = 0, 1, 2

# Outlines may dip into things by less than this: along all of a slot's outline that is less than a square centimetre.
_CHECK_M = 5e-6
_CHECK_RAD = math.radians(0.005)


@njit(cache=True, error_model="numpy")
def stands(ground, x, y, c, s, hl, hw, work):  # type: ignore[no-untyped-def]
    """Whether a slot lies inside the zone, off blocked ground and at an allowed angle: the exact check."""
    kerb, ranges, zone, big = ground[5], ground[6], ground[7], ground[8]
    local, ids = work
    line = np.empty(4)
    line[0], line[1], line[2], line[3] = x, y, c, s
    hl, hw = hl - _CHECK_M, hw - _CHECK_M
    m = gather(ground, line, -hl, hl, -hw, hw, local, ids)
    for i in range(m):
        lo, hi = slide_edge(local[i, 0], local[i, 1], local[i, 2], local[i, 3], 1.0, 0.0, hl, hw)
        if lo < 0.0 < hi:
            return False
    # A slot that meets no edge is inside blocked ground only where that is large enough to hold it.
    if winding(zone[0], zone[1], x, y) <= 0 or winding(big[0], big[1], x, y) > 0:
        return False
    if ranges[0, 1] - ranges[0, 0] >= math.pi - 1e-9:
        return True
    return angle_kept(kerb, ranges, x, y, math.atan2(s, c), _CHECK_RAD)


@njit(cache=True, error_model="numpy")
def apart(a, b):  # type: ignore[no-untyped-def]
    """Whether two slots with their spacing do not overlap."""
    lo, hi = slide_box(
        b[0] - a[0],
        b[1] - a[1],
        b[2],
        b[3],
        b[4] - _CHECK_M,
        b[5] - _CHECK_M,
        a[2],
        a[3],
        a[4] - _CHECK_M,
        a[5] - _CHECK_M,
    )
    return not lo < 0.0 < hi


@njit(cache=True, error_model="numpy")
def keep_feasible(ground, slots, n):  # type: ignore[no-untyped-def]
    """Move the slots that may stand together to the front; returns how many."""
    edges = ground[0]
    work = (np.empty((edges.shape[0], 4)), np.empty(edges.shape[0], dtype=np.int64))
    kept = 0
    near = 0.0
    for i in range(n):
        near = max(near, 2.0 * math.hypot(slots[i, 4], slots[i, 5]))
    for i in range(n):
        a = slots[i]
        if not stands(ground, a[0], a[1], a[2], a[3], a[6], a[7], work):
            continue
        good = True
        for j in range(kept - 1, -1, -1):
            dx, dy = slots[j, 0] - a[0], slots[j, 1] - a[1]
            if dx * dx + dy * dy < near * near and not apart(slots[j], a):
                good = False
                break
        if good:
            if kept != i:
                slots[kept] = slots[i]
            kept += 1
    return kept


@njit(cache=True, error_model="numpy")
def with_spacing(kerb, size, slot):  # type: ignore[no-untyped-def]
    """Write a slot's half sizes with the spacing added to the side that faces its neighbour along the kerb."""
    angle = math.atan2(slot[3], slot[2]) - _tangent(kerb, slot[0], slot[1])
    c, s = abs(math.cos(angle)), abs(math.sin(angle))
    slot[4], slot[5] = slot[6], slot[7]
    if size[0] * s <= size[1] * c:
        slot[4] += 0.5 * size[2] * c
    else:
        slot[5] += 0.5 * size[2] * s


@njit(cache=True, error_model="numpy")
def _tangent(kerb, x, y):  # type: ignore[no-untyped-def]
    """Direction of the kerb segment nearest to a point, radians."""
    best, nearest = FAR, 0
    for i in range(kerb.shape[0] - 1):
        ux, uy = kerb[i + 1, 0] - kerb[i, 0], kerb[i + 1, 1] - kerb[i, 1]
        px, py = x - kerb[i, 0], y - kerb[i, 1]
        t = min(max((px * ux + py * uy) / (ux * ux + uy * uy), 0.0), 1.0)
        distance = math.hypot(px - t * ux, py - t * uy)
        if distance < best:
            best, nearest = distance, i
    return kerb[nearest, 3]


@njit(cache=True, error_model="numpy")
def checked(world, slots, n):  # type: ignore[no-untyped-def]
    """How many of a layout's first n slots stand the exact check (and can be reached, when that is asked)."""
    ground, way_in, size, options, flags = world
    if size[2] > 0.0:
        # The spacing is measured along the kerb itself, whichever line a slot was laid on.
        for i in range(n):
            with_spacing(ground[5], size, slots[i])
    n = keep_feasible(ground, slots, n)
    if options[ONLY] > 0:
        n = pick_reachable(ground, way_in, size, options[SIDEWAYS], slots, n, flags)
    return n
