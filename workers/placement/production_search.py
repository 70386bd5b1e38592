# SPDX-License-Identifier: AGPL-3.0-or-later
"""Compiled search of the production mode: plans gap by gap, what stands stays, and the bees where more may stand."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from workers.placement.production_bees import gap_seed, search_gap
from workers.placement.production_check import (
    BOUND,
    BUDGET,
    NO_SEARCH,
    ONLY,
    POOREST,
    RICHNESS,
    SEARCH,
    SIDEWAYS,
    checked,
    with_spacing,
)
from workers.placement.production_free import ALL, BEYOND, NEAR, free_intervals
from workers.placement.production_ground import build_ground
from workers.placement.production_lines import kerb_place
from workers.placement.production_plans import STACKS, decode, find_gaps, gap_bounds, least_pitch, ways
from workers.placement.production_standing import fill_around, keep_most, still_standing
from workers.placement.production_worth import clearances, reach

_MOST_WAYS = 256
# In longer gaps the plain plans leave little, and a layout takes long to decode.
_MOST_SEARCHED = 12
# A stretch is looked at a little beyond its ends, which are of slots smaller than true by millimetres.
_ASIDE_M = 0.1


@njit(cache=True, error_model="numpy")
def _lay_gap(world, depth, gap, most, richness, cfgs, best, n):  # type: ignore[no-untyped-def]
    """Plans of one richness for a gap, from the layout ``best[:n]``: (slots, layouts decoded)."""
    ground, way_in, size, options, flags = world
    least = least_pitch(ground[6], size)[1]
    deep = depth >= 2.0 * least
    # Whether the order of rows matters: stacks of one kind are among the ways of standing.
    layered = depth >= min(size[0] + size[1], 2.0 * max(least, 0.6 * size[0]))
    only = options[ONLY] > 0
    shut = False
    trial = np.empty_like(best)
    worth = np.int64(-1)
    used = np.int64(0)
    count = ways(ground[6], size, depth, richness, 0 if only or not deep else STACKS, cfgs)
    free = free_intervals(ground, cfgs, count, size, 0.0, gap[0], gap[1])
    for first in (ALL, NEAR, BEYOND):
        if n >= most or (first != ALL and not (layered or shut)):
            break
        m = decode(ground, size, gap, cfgs, count, free, first, deep, trial)
        used += 1
        if m < n or m == 0:
            continue
        before = m
        m = checked(world, trial, m)
        shut = shut or m < before
        better = m > n
        if m == n and m > 0 and first != ALL and richness == 0 and not only:
            # As many: the one that is easier to drive into.
            if worth < 0:
                worth = reach(ground, way_in, size, options[SIDEWAYS], best, n, flags)
            better = reach(ground, way_in, size, options[SIDEWAYS], trial, m, flags) > worth
        if better:
            best[:m] = trial[:m]
            n = m
            worth = np.int64(-1)
    return n, used


@njit(cache=True, error_model="numpy")
def lay_ground(world, depth, gaps, standing, seed, out):  # type: ignore[no-untyped-def]
    """Lay out the gaps (g, 2) of a ground into ``out`` (n, 8): (slots, layouts decoded)."""
    ground, _way_in, size, options, _flags = world
    ngaps = gaps.shape[0]
    starts = np.zeros(ngaps + 1, dtype=np.int64)
    bounds = np.empty(ngaps, dtype=np.int64)
    gap_bounds(ground, size, depth, gaps, bounds)
    for g in range(ngaps):
        room = 2 + int((gaps[g, 1] - gaps[g, 0] + size[0]) * (depth + 1.0) / (size[0] * size[1]))
        starts[g + 1] = starts[g] + min(room, bounds[g] + 1, out.shape[0] + 1)
    best = np.empty((starts[ngaps], 8))
    counts = np.zeros(ngaps, dtype=np.int64)
    cfgs = np.empty((_MOST_WAYS, 10))
    stood = np.empty((standing.shape[0], 8))
    places = np.empty(standing.shape[0])
    nstood = still_standing(ground, size, standing, stood, places) if standing.shape[0] > 0 else 0
    used = np.int64(0)
    total = np.int64(0)
    bound = options[BOUND]
    first_stood = np.zeros(ngaps + 1, dtype=np.int64)
    kept_counts = np.zeros(ngaps, dtype=np.int64)
    for g in range(ngaps):
        at = first_stood[g]
        while at < nstood and places[at] <= gaps[g, 1]:
            at += 1
        first_stood[g + 1] = at if g + 1 < ngaps else nstood
        here = first_stood[g + 1] - first_stood[g]
        if here > 0:
            rows = best[starts[g] : starts[g + 1]]
            here = min(here, rows.shape[0])
            rows[:here] = stood[first_stood[g] : first_stood[g] + here]
            counts[g] = fill_around(world, depth, gaps[g], 0, cfgs, rows, here)
            kept_counts[g] = counts[g]
            total += counts[g]
            used += 1
    state = np.empty(1, dtype=np.uint64)
    # Richer and richer plans, then the bees, until the bound is met.
    for stage in range(options[POOREST], options[RICHNESS] + 2):
        if total >= bound:
            break
        searching = stage == options[RICHNESS] + 1
        if searching and (options[SEARCH] == NO_SEARCH or options[BUDGET] <= 0):
            break
        open_gaps = 0
        for g in range(ngaps):
            open_gaps += counts[g] < bounds[g] <= _MOST_SEARCHED
        for g in range(ngaps):
            if counts[g] >= bounds[g] or (stage > 0 and bounds[g] > _MOST_SEARCHED):
                continue
            rows = best[starts[g] : starts[g + 1]]
            if searching:
                gap_seed(seed, rows, gaps[g], state)
                share = max(1, options[BUDGET] // open_gaps)
                n, more = search_gap(world, depth, gaps[g], bounds[g], share, state, cfgs, rows, counts[g])
            else:
                n, more = _lay_gap(world, depth, gaps[g], bounds[g], stage, cfgs, rows, counts[g])
            used += more
            total += n - counts[g]
            counts[g] = n
            if total >= bound:
                break
    n = np.int64(0)
    order = np.empty(out.shape[0])
    for g in range(ngaps):
        rows = best[starts[g] : starts[g + 1]]
        here = first_stood[g + 1] - first_stood[g]
        if here > 0 and counts[g] > kept_counts[g]:
            counts[g] = keep_most(
                world, depth, gaps[g], cfgs, stood[first_stood[g] : first_stood[g + 1]], here, rows, counts[g]
            )
        for i in range(counts[g]):
            n = _in_order(ground, rows[i], out, order, n)
    n = checked(world, out, n)
    return n, used


@njit(cache=True, error_model="numpy")
def _depth(ground):  # type: ignore[no-untyped-def]
    """How deep the zone is where it is deepest, metres."""
    depth = 0.0
    for j in range(ground[4]):
        depth = max(depth, ground[3][j, 11])
    return depth


@njit(cache=True, error_model="numpy")
def _in_order(ground, slot, out, order, n):  # type: ignore[no-untyped-def]
    """Put a slot among the first n of ``out`` in kerb order; returns how many there are then."""
    if n == out.shape[0]:
        return n
    place = kerb_place(ground[3], ground[4], slot[0], slot[1])
    at = n
    while at > 0 and order[at - 1] > place:
        order[at] = order[at - 1]
        out[at] = out[at - 1]
        at -= 1
    order[at] = place
    out[at] = slot
    return n + 1


@njit(cache=True, error_model="numpy")
def _world(frame, cars, size, options):  # type: ignore[no-untyped-def]
    """What the search knows, in the zone's frame: (ground, way in, size, options, flags)."""
    ground = build_ground(frame, cars[0], cars[1], size)
    flags = np.zeros(max(options[BOUND], 0) + 8, dtype=np.bool_)
    return ground, frame[6], size, options, flags


@njit(cache=True, error_model="numpy")
def _turned_poses(poses, c, s):  # type: ignore[no-untyped-def]
    """Poses (n, 3: x, y, theta) as (n, 4: x, y, cos, sin) of the kerb's frame."""
    out = np.empty((poses.shape[0], 4))
    for i in range(poses.shape[0]):
        x, y = poses[i, 0], poses[i, 1]
        a, b = math.cos(poses[i, 2]), math.sin(poses[i, 2])
        out[i, 0], out[i, 1] = c * x + s * y, c * y - s * x
        out[i, 2], out[i, 3] = c * a + s * b, c * b - s * a
    return out


@njit(cache=True, error_model="numpy")
def _answer(world, out, n, c, s):  # type: ignore[no-untyped-def]
    """A checked layout in the problem's frame: poses (n, 3), whether a car can drive in (n,), the room of each slot (n, 2)."""
    ground, way_in, size, options, flags = world
    if options[ONLY] > 0:
        flags[:n] = True
    else:
        reach(ground, way_in, size, options[SIDEWAYS], out, n, flags)
    rooms = np.empty((n, 2))
    clearances(ground, out, n, rooms)
    poses = np.empty((n, 3))
    for i in range(n):
        poses[i, 0], poses[i, 1] = c * out[i, 0] - s * out[i, 1], s * out[i, 0] + c * out[i, 1]
        poses[i, 2] = math.atan2(s * out[i, 2] + c * out[i, 3], c * out[i, 2] - s * out[i, 3])
    return poses, flags[:n].copy(), rooms


@njit(cache=True, error_model="numpy")
def solve(frame, cars, size, options, standing, gaps, seed):  # type: ignore[no-untyped-def]
    """One zone for one size of slot.

    ``frame`` is the zone's, ``cars`` (xy, starts), ``standing`` (m, 3) x, y, theta, ``gaps`` (g, 2) what an earlier call
    returned for this ground, or none. Returns poses (n, 3), flags (n,) whether a car can drive in, rooms (n, 2) length
    and width each slot can grow to, how many layouts were decoded, and the gaps.
    """
    c, s = frame[0]
    world = _world(frame, cars, size, options)
    depth = _depth(world[0])
    if gaps.shape[0] == 0:
        gaps = find_gaps(world[0], size, depth)
    out = np.empty((max(options[BOUND], 0), 8))
    n, used = lay_ground(world, depth, gaps, _turned_poses(standing, c, s), seed, out)
    poses, flags, rooms = _answer(world, out, n, c, s)
    return poses, flags, rooms, used, gaps


@njit(cache=True, error_model="numpy")
def look_again(frame, cars, size, options, found, places, seed):  # type: ignore[no-untyped-def]
    """A layout, ``found`` (m, 3), with richer plans and then the bees where more may stand.

    ``places`` (q, 5) are points x1, y1, x2, y2 between which a stretch's slots have their centres, and how many it holds
    at most. Returns as ``solve``, without the gaps.
    """
    c, s = frame[0]
    world = _world(frame, cars, size, options)
    ground = world[0]
    lines, kerb = ground[3], ground[5]
    depth = _depth(ground)
    m = found.shape[0]
    slots = np.empty((m, 8))
    slots[:, :4] = _turned_poses(found, c, s)
    at = np.empty(m)
    for i in range(m):
        slots[i, 6], slots[i, 7] = 0.5 * size[0], 0.5 * size[1]
        with_spacing(kerb, size, slots[i])
        at[i] = kerb_place(lines, ground[4], slots[i, 0], slots[i, 1])
    taken = np.zeros(m, dtype=np.bool_)
    most = max(options[BOUND], 0)
    out = np.empty((most, 8))
    order = np.empty(most)
    n = np.int64(0)
    used = np.int64(0)
    cfgs = np.empty((_MOST_WAYS, 10))
    state = np.empty(1, dtype=np.uint64)
    margin = 0.5 * math.hypot(size[0], size[1]) + size[2] + _ASIDE_M
    share = max(1, options[BUDGET] // max(1, places.shape[0]))
    for q in range(places.shape[0]):
        s0 = kerb_place(
            lines, ground[4], c * places[q, 0] + s * places[q, 1], c * places[q, 1] - s * places[q, 0]
        )
        s1 = kerb_place(
            lines, ground[4], c * places[q, 2] + s * places[q, 3], c * places[q, 3] - s * places[q, 2]
        )
        low, high = min(s0, s1) - _ASIDE_M, max(s0, s1) + _ASIDE_M
        limit = int(places[q, 4])
        rows = np.empty((limit + 1, 8))
        count = np.int64(0)
        for i in range(m):
            if not taken[i] and low <= at[i] <= high and count < limit:
                rows[count] = slots[i]
                taken[i] = True
                count += 1
        if limit <= _MOST_SEARCHED:
            gap = np.array([low - margin, high + margin])
            for stage in range(1, options[RICHNESS] + 1):
                if count < limit:
                    count, more = _lay_gap(world, depth, gap, limit, stage, cfgs, rows, count)
                    used += more
            if count < limit and options[SEARCH] != NO_SEARCH and options[BUDGET] > 0:
                gap_seed(seed, rows, gap, state)
                count, more = search_gap(world, depth, gap, limit, share, state, cfgs, rows, count)
                used += more
        for i in range(count):
            n = _in_order(ground, rows[i], out, order, n)
    for i in range(m):
        if not taken[i]:
            n = _in_order(ground, slots[i], out, order, n)
    n = checked(world, out, n)
    poses, flags, rooms = _answer(world, out, n, c, s)
    return poses, flags, rooms, used
