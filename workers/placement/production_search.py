# SPDX-License-Identifier: AGPL-3.0-or-later
"""Compiled search of the production mode: plans gap by gap, what stands stays, and the bees.

A food source is a layout of one gap. A bee visits its neighbour: it takes away the slots around a random one and packs
the hole again with ways of standing of its own choice, so what is good elsewhere in the gap is kept. Sources that no
visit improved for a while are given up, and a scout decodes a random plan instead (Karaboga 2005).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from workers.placement.production_kernels import (
    EDGE,
    KERB,
    ZONE,
    apart,
    build_ground,
    clearances,
    keep_feasible,
    reach,
    slide_box,
    slide_edge,
    stands,
)
from workers.placement.production_kernels import _gather as gather
from workers.placement.production_plans import (
    ALL,
    STACKS,
    decode,
    fill,
    find_gaps,
    gap_bound,
    least_pitch,
    pick_reachable,
    ways,
)
from workers.placement.production_plans import (
    _add_way as add_way,
)
from workers.placement.production_plans import (
    _base_angle as base_angle,
)

_FAR = 1e18
_MOST_GAPS = 1024
_MOST_WAYS = 192

# What the options array holds.
ONLY, SIDEWAYS, RICHNESS, BOUND, SEARCH, BUDGET, KERB_GIVEN = 0, 1, 2, 3, 4, 5, 6
NO_SEARCH, BEES, MULTISTART = 0, 1, 2

# In longer gaps the plain plans leave little, and a layout takes long to decode.
_MOST_SEARCHED = 12
_SOURCES = 5
# A stretch is looked at a little beyond its ends, which are of slots smaller than true by millimetres.
_ASIDE_M = 0.1
_LIMIT = 8


# --- chance -----------------------------------------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
def _uniform(state):  # type: ignore[no-untyped-def]
    """Next number in [0, 1) of SplitMix64 (Steele, Lea and Flood 2014); ``state`` is a (1,) uint64 array."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) / 9007199254740992.0


@njit(cache=True, error_model="numpy")
def _gap_seed(seed, slots, gap, state):  # type: ignore[no-untyped-def]
    """A gap's own chance: by its place, not by its number, so that other gaps do not change it."""
    state[0] = np.uint64(seed) ^ (np.uint64(round(gap[0] * 8.0) + 1000003) * np.uint64(0xD1B54A32D192ED03))
    _uniform(state)


@njit(cache=True, error_model="numpy")
def _random_ways(ground, size, depth, gap, state, cfgs):  # type: ignore[no-untyped-def]
    """Ways of standing by chance: the usual angle, others, and those of edges nearby; several offsets each."""
    edges, kinds, lines, ranges = ground[0], ground[1], ground[3], ground[6]
    free = ranges[0, 1] - ranges[0, 0] >= math.pi - 1e-9
    bent = lines[0, 10] > 0.0
    x0 = lines[0, 0] - lines[0, 4]
    n = np.int64(0)
    for k in range(6):
        r = min(int(_uniform(state) * ranges.shape[0]), ranges.shape[0] - 1)
        beta = ranges[r, 0] + (ranges[r, 1] - ranges[r, 0]) * _uniform(state)
        if k == 0:
            beta = 0.5 * math.pi if free else base_angle(ranges, r)
        elif k == 1 and free:
            beta = 0.0
        elif k >= 4 and not bent:
            i = min(int(_uniform(state) * edges.shape[0]), edges.shape[0] - 1)
            x = 0.5 * (edges[i, 0] + edges[i, 2]) - x0
            if gap[0] - 1.0 < x < gap[1] + 1.0 and kinds[i] != ZONE:
                side = math.atan2(edges[i, 3] - edges[i, 1], edges[i, 2] - edges[i, 0])
                side += 0.5 * math.pi * (_uniform(state) < 0.5)
                if free:
                    beta = side
                else:
                    over = (side - ranges[r, 0]) % math.pi
                    if over <= ranges[r, 1] - ranges[r, 0]:
                        beta = ranges[r, 0] + over
        across = size[0] * abs(math.sin(beta)) + size[1] * abs(math.cos(beta))
        if across > depth + 0.35:
            continue
        n = add_way(cfgs, n, size, KERB, beta, 0.0, 0.0, 1.0, 0.0)
        n = add_way(cfgs, n, size, EDGE, beta, 0.0, 0.0, 1.0, 0.0)
        if bent:
            n = add_way(cfgs, n, size, KERB, beta, 1.0, 0.0, 1.0, 0.0)
        if depth - across > 0.05:
            n = add_way(cfgs, n, size, KERB, beta, 2.0, _uniform(state), 1.0, 0.0)
    return n


# --- the colony of a gap ----------------------------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
def _scout(ground, size, depth, gap, state, cfgs, slots):  # type: ignore[no-untyped-def]
    """A random plan decoded from nothing; returns how many slots stand."""
    n = np.int64(0)
    before = np.int64(-1)
    if _uniform(state) < 0.5:
        stacks = STACKS if _uniform(state) < 0.5 else 0
        count = ways(ground[6], size, depth, (0, ALL, stacks), cfgs)
        for _ in range(3):
            drop = int(_uniform(state) * count)
            if count > 2:
                cfgs[drop] = cfgs[count - 1]
                count -= 1
        n = fill(ground, size, gap, cfgs, count, slots, n)
    while n < slots.shape[0] and n != before:
        before = n
        count = _random_ways(ground, size, depth, gap, state, cfgs)
        n = fill(ground, size, gap, cfgs, count, slots, n)
    return n


@njit(cache=True, error_model="numpy")
def _neighbour(ground, size, depth, gap, state, cfgs, source, n, slots):  # type: ignore[no-untyped-def]
    """A source's layout with the slots around a random one packed anew; returns how many slots stand."""
    lines = ground[3]
    me = min(int(_uniform(state) * n), n - 1)
    x, y = source[me, 0], source[me, 1]
    radius = size[0] * (0.3 + 1.5 * _uniform(state))
    kept = np.int64(0)
    for i in range(n):
        if math.hypot(source[i, 0] - x, source[i, 1] - y) > radius:
            slots[kept] = source[i]
            kept += 1
    s = _kerb_place(lines, ground[4], x, y)
    hole = np.array([max(gap[0], s - radius - size[0]), min(gap[1], s + radius + size[0])])
    before = np.int64(-1)
    while kept < slots.shape[0] and kept != before:
        before = kept
        count = _random_ways(ground, size, depth, hole, state, cfgs)
        kept = fill(ground, size, hole, cfgs, count, slots, kept)
    return kept


@njit(cache=True, error_model="numpy")
def _kerb_place(lines, count, x, y):  # type: ignore[no-untyped-def]
    """Arc length along the kerb nearest to a point."""
    best, place = _FAR, 0.0
    for j in range(count):
        if lines[j, 8] != KERB:
            continue
        dx, dy = x - lines[j, 0], y - lines[j, 1]
        t = lines[j, 2] * dx + lines[j, 3] * dy
        d = lines[j, 2] * dy - lines[j, 3] * dx
        out = math.hypot(max(0.0, lines[j, 5] - t, t - lines[j, 6]), d)
        if out < best:
            best, place = out, lines[j, 4] + t
    return place


@njit(cache=True, error_model="numpy")
def _checked(world, slots, n):  # type: ignore[no-untyped-def]
    """How many of a layout's first n slots stand the exact check (and can be reached, when that is asked)."""
    ground, cars, way_in, size, options, flags = world
    if size[2] > 0.0:
        # The spacing is measured along the kerb itself, whichever line a slot was laid on.
        for i in range(n):
            _space(ground[5], size, slots[i])
    n = keep_feasible(ground, cars, slots, n)
    if options[ONLY] > 0:
        n = pick_reachable(ground, way_in, size, options[SIDEWAYS], slots, n, flags)
    return n


@njit(cache=True, error_model="numpy")
def search_gap(world, depth, gap, most, budget, state, cfgs, best, n):  # type: ignore[no-untyped-def]
    """Bees, or multi-start of the same decoder, from the layout ``best[:n]``: (slots, layouts decoded)."""
    ground, _, _, size, options, _ = world
    room = best.shape[0]
    used = np.int64(0)
    if options[SEARCH] == MULTISTART:
        trial = np.empty((room, 8))
        while used < budget and n < most:
            m = _scout(ground, size, depth, gap, state, cfgs, trial)
            used += 1
            if m > n:
                m = _checked(world, trial, m)
                if m > n:
                    best[:m] = trial[:m]
                    n = m
        return n, used
    sources = np.empty((_SOURCES, room, 8))
    counts = np.zeros(_SOURCES, dtype=np.int64)
    trials = np.zeros(_SOURCES, dtype=np.int64)
    trial = np.empty((room, 8))
    sources[0, :n] = best[:n]
    counts[0] = n
    filled = 1
    while used < budget and n < most:
        for visit in range(2 * _SOURCES):
            if used >= budget or n >= most:
                break
            k = visit % _SOURCES
            if visit >= _SOURCES:
                # Onlookers: roulette on how far a source is ahead of the poorest.
                least = counts[0]
                for i in range(filled):
                    least = min(least, counts[i])
                wheel = 0.0
                for i in range(filled):
                    wheel += (1.0 + counts[i] - least) ** 2
                wheel *= _uniform(state)
                k = 0
                while k < filled - 1 and wheel >= (1.0 + counts[k] - least) ** 2:
                    wheel -= (1.0 + counts[k] - least) ** 2
                    k += 1
            scouting = k >= filled or counts[k] == 0 or trials[k] > _LIMIT
            if scouting:
                m = _scout(ground, size, depth, gap, state, cfgs, trial)
            else:
                m = _neighbour(ground, size, depth, gap, state, cfgs, sources[k], counts[k], trial)
            used += 1
            if scouting or m >= counts[k]:
                m = _checked(world, trial, m)
            if scouting or m >= counts[k]:
                trials[k] = 0 if scouting or m > counts[k] else trials[k] + 1
                counts[k] = m
                sources[k, :m] = trial[:m]
                filled = max(filled, k + 1)
                if m > n:
                    best[:m] = trial[:m]
                    n = m
            else:
                trials[k] += 1
    return n, used


# --- what stands stays ------------------------------------------------------------------------------------------------

# A car's outline wavers by a few centimetres from frame to frame; a slot it touches is pushed by no more than this.
_NUDGE_M = 0.12


@njit(cache=True, error_model="numpy")
def _nudged(ground, cars, slot, placed, n, work):  # type: ignore[no-untyped-def]
    """Whether a standing slot still stands beside those ``placed``, pushed a little along one of its axes if need be."""
    local, ids = work
    line = np.empty(4)
    best, best_axis = _FAR, -1
    for axis in range(2):
        c, s = (slot[2], slot[3]) if axis == 0 else (-slot[3], slot[2])
        line[0], line[1], line[2], line[3] = slot[0], slot[1], c, s
        hl, hw = (slot[6], slot[7]) if axis == 0 else (slot[7], slot[6])
        sl, sw = (slot[4], slot[5]) if axis == 0 else (slot[5], slot[4])
        m = gather(ground, line, -hl - _NUDGE_M, hl + _NUDGE_M, -hw, hw, local, ids)
        for sign in range(2):
            t = 0.0
            moved = True
            while moved and abs(t) <= _NUDGE_M:
                moved = False
                for i in range(m + n):
                    if i < m:
                        lo, hi = slide_edge(
                            local[i, 0], local[i, 1], local[i, 2], local[i, 3], 1.0, 0.0, hl - 3e-6, hw - 3e-6
                        )
                    else:
                        other = placed[i - m]
                        px, py = other[0] - slot[0], other[1] - slot[1]
                        if abs(px) + abs(py) > 2.0 * (sl + sw + 5.0):
                            continue
                        lo, hi = slide_box(
                            c * px + s * py,
                            c * py - s * px,
                            c * other[2] + s * other[3],
                            c * other[3] - s * other[2],
                            other[4] - 3e-6,
                            other[5] - 3e-6,
                            1.0,
                            0.0,
                            sl - 3e-6,
                            sw - 3e-6,
                        )
                    if lo < t < hi:
                        t = hi if sign == 0 else lo
                        moved = True
            if abs(t) <= _NUDGE_M and abs(t) < abs(best):
                best, best_axis = t, axis
    if best_axis < 0:
        return False
    c, s = (slot[2], slot[3]) if best_axis == 0 else (-slot[3], slot[2])
    x, y = slot[0] + c * best, slot[1] + s * best
    if not stands(ground, cars, x, y, slot[2], slot[3], slot[6], slot[7], work):
        return False
    old_x, old_y = slot[0], slot[1]
    slot[0], slot[1] = x, y
    for i in range(n):
        if not apart(placed[i], slot):
            slot[0], slot[1] = old_x, old_y
            return False
    return True


@njit(cache=True, error_model="numpy")
def still_standing(ground, cars, size, standing, out, places):  # type: ignore[no-untyped-def]
    """Which of the last layout's slots (m, 4: x, y, cos, sin) still stand, in kerb order: written to ``out`` (m, 8)."""
    m = standing.shape[0]
    edges, lines, kerb = ground[0], ground[3], ground[5]
    work = (np.empty((edges.shape[0], 4)), np.empty(edges.shape[0], dtype=np.int64))
    order = np.empty(m, dtype=np.int64)
    where = np.empty(m)
    for i in range(m):
        where[i] = _kerb_place(lines, ground[4], standing[i, 0], standing[i, 1])
        j = i
        while j > 0 and where[order[j - 1]] > where[i]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = i
    best_n = np.int64(-1)
    trial = np.empty((m, 8))
    trial_at = np.empty(m)
    for turn in range(2):
        n = np.int64(0)
        for q in range(m):
            i = order[q] if turn == 0 else order[m - 1 - q]
            slot = trial[n]
            slot[0], slot[1], slot[2], slot[3] = (
                standing[i, 0],
                standing[i, 1],
                standing[i, 2],
                standing[i, 3],
            )
            slot[6], slot[7] = 0.5 * size[0], 0.5 * size[1]
            _space(kerb, size, slot)
            if _nudged(ground, cars, slot, trial, n, work):
                trial_at[n] = where[i]
                n += 1
        if n > best_n:
            best_n = n
            for q in range(n):
                k = q if turn == 0 else n - 1 - q
                out[q] = trial[k]
                places[q] = trial_at[k]
        if best_n == m:
            break
    return best_n


@njit(cache=True, error_model="numpy")
def _space(kerb, size, slot):  # type: ignore[no-untyped-def]
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
    best, angle = _FAR, 0.0
    for i in range(kerb.shape[0] - 1):
        ux, uy = kerb[i + 1, 0] - kerb[i, 0], kerb[i + 1, 1] - kerb[i, 1]
        px, py = x - kerb[i, 0], y - kerb[i, 1]
        t = min(max((px * ux + py * uy) / (ux * ux + uy * uy), 0.0), 1.0)
        distance = math.hypot(px - t * ux, py - t * uy)
        if distance < best:
            best, angle = distance, math.atan2(uy, ux)
    return angle


@njit(cache=True, error_model="numpy")
def _fill_around(world, depth, gap, richness, cfgs, slots, n):  # type: ignore[no-untyped-def]
    """Put slots beside the first n, which stay; returns how many there are."""
    ground, size = world[0], world[3]
    count = ways(ground[6], size, depth, (richness, ALL, 0), cfgs)
    before = np.int64(-1)
    while n < slots.shape[0] and n != before:
        before = n
        n = fill(ground, size, gap, cfgs, count, slots, n)
    return _checked(world, slots, n)


@njit(cache=True, error_model="numpy")
def _keep_most(world, depth, gap, cfgs, stood, count, slots, n):  # type: ignore[no-untyped-def]
    """A layout of n slots that moves as few of the ``count`` standing ones as it finds; returns its length."""
    trial = np.empty_like(slots)
    for width in range(1, min(count, 4) + 1):
        for first in range(count - width + 1):
            kept = np.int64(0)
            for i in range(count):
                if (i < first or i >= first + width) and kept < trial.shape[0]:
                    trial[kept] = stood[i]
                    kept += 1
            m = _fill_around(world, depth, gap, 1, cfgs, trial, kept)
            if m >= n:
                slots[:m] = trial[:m]
                return m
    return n


# --- a zone -----------------------------------------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
def _lay_gap(world, depth, gap, most, richness, cfgs, best, n):  # type: ignore[no-untyped-def]
    """Plans of one richness for a gap, from the layout ``best[:n]``: (slots, layouts decoded)."""
    ground, _, way_in, size, options, flags = world
    least = least_pitch(ground[6], size)[1]
    deep = depth >= 2.0 * least
    # Whether the order of rows matters: stacks of one kind are among the ways of standing.
    layered = depth >= min(size[0] + size[1], 2.0 * max(least, 0.6 * size[0]))
    only = options[ONLY] > 0
    shut = False
    trial = np.empty_like(best)
    worth = np.int64(-1)
    used = np.int64(0)
    for order in range(3):
        if n >= most or (order > 0 and not (layered or shut)):
            break
        stacks = 0 if only or not deep else STACKS
        m = decode(ground, size, depth, gap, (richness, order, stacks), cfgs, trial)
        used += 1
        if m < n or m == 0:
            continue
        before = m
        m = _checked(world, trial, m)
        shut = shut or m < before
        better = m > n
        if m == n and m > 0 and order > 0 and richness == 0 and not only:
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
def lay_ground(world, standing, seed, out):  # type: ignore[no-untyped-def]
    """Lay out all gaps of a ground into ``out`` (n, 8): (slots, layouts decoded)."""
    ground, cars, _way_in, size, options, _flags = world
    depth = _depth(ground)
    gaps = np.empty((_MOST_GAPS, 2))
    ngaps = find_gaps(ground, size, depth, gaps)
    starts = np.zeros(ngaps + 1, dtype=np.int64)
    bounds = np.empty(ngaps, dtype=np.int64)
    for g in range(ngaps):
        bounds[g] = gap_bound(ground, size, depth, gaps[g, 0], gaps[g, 1])
        room = 2 + int((gaps[g, 1] - gaps[g, 0] + size[0]) * (depth + 1.0) / (size[0] * size[1]))
        starts[g + 1] = starts[g] + min(room, bounds[g] + 1, out.shape[0] + 1)
    best = np.empty((starts[ngaps], 8))
    counts = np.zeros(ngaps, dtype=np.int64)
    cfgs = np.empty((_MOST_WAYS, 10))
    stood = np.empty((standing.shape[0], 8))
    places = np.empty(standing.shape[0])
    nstood = still_standing(ground, cars, size, standing, stood, places) if standing.shape[0] > 0 else 0
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
            counts[g] = _fill_around(world, depth, gaps[g], 0, cfgs, rows, here)
            kept_counts[g] = counts[g]
            total += counts[g]
            used += 1
    state = np.empty(1, dtype=np.uint64)
    # Richer and richer plans, then the bees, until the bound is met.
    for stage in range(options[RICHNESS] + 2):
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
                _gap_seed(seed, rows, gaps[g], state)
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
            counts[g] = _keep_most(
                world, depth, gaps[g], cfgs, stood[first_stood[g] : first_stood[g + 1]], here, rows, counts[g]
            )
        for i in range(counts[g]):
            n = _in_order(ground, rows[i], out, order, n)
    n = _checked(world, out, n)
    return n, used


@njit(cache=True, error_model="numpy")
def _world(zone, cars, kerb_xy, access_xy, ranges, size, options):  # type: ignore[no-untyped-def]
    """What the search knows, in the kerb's frame: (ground, cars, way in, size, options, flags), and the frame's turn."""
    ground, c, s = build_ground(zone[0], zone[1], cars[0], cars[1], kerb_xy, ranges, size)
    turned = np.empty_like(cars[0])
    for i in range(turned.shape[0]):
        turned[i, 0] = c * cars[0][i, 0] + s * cars[0][i, 1]
        turned[i, 1] = c * cars[0][i, 1] - s * cars[0][i, 0]
    kerb = ground[5]
    if access_xy.shape[0] > 0:
        segments = np.empty_like(access_xy)
        for i in range(segments.shape[0]):
            for k in range(0, 4, 2):
                segments[i, k] = c * access_xy[i, k] + s * access_xy[i, k + 1]
                segments[i, k + 1] = c * access_xy[i, k + 1] - s * access_xy[i, k]
    elif options[KERB_GIVEN] > 0:
        segments = np.empty((kerb.shape[0] - 1, 4))
        for i in range(segments.shape[0]):
            segments[i, 0], segments[i, 1] = kerb[i, 0], kerb[i, 1]
            segments[i, 2], segments[i, 3] = kerb[i + 1, 0], kerb[i + 1, 1]
    else:
        segments = np.empty((0, 4))
    way_in = (segments, access_xy.shape[0] > 0)
    flags = np.zeros(max(options[BOUND], 0) + 8, dtype=np.bool_)
    return (ground, (turned, cars[1]), way_in, size, options, flags), c, s


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
    """A layout in the problem's frame: poses (n, 3), whether a car can drive in (n,), the room of each slot (n, 2)."""
    ground, _, way_in, size, options, flags = world
    reach(ground, way_in, size, options[SIDEWAYS], out, n, flags)
    rooms = np.empty((n, 2))
    clearances(ground, out, n, rooms)
    poses = np.empty((n, 3))
    for i in range(n):
        poses[i, 0], poses[i, 1] = c * out[i, 0] - s * out[i, 1], s * out[i, 0] + c * out[i, 1]
        poses[i, 2] = math.atan2(s * out[i, 2] + c * out[i, 3], c * out[i, 2] - s * out[i, 3])
    return poses, flags[:n].copy(), rooms


@njit(cache=True, error_model="numpy")
def solve(zone, cars, kerb_xy, access_xy, ranges, size, options, standing, seed):  # type: ignore[no-untyped-def]
    """One zone for one size of slot.

    ``zone`` and ``cars`` are (xy, starts); ``standing`` (m, 3) x, y, theta. Returns poses (n, 3), flags (n,) whether a
    car can drive in, rooms (n, 2) length and width each slot can grow to, and how many layouts were decoded.
    """
    world, c, s = _world(zone, cars, kerb_xy, access_xy, ranges, size, options)
    out = np.empty((max(options[BOUND], 0), 8))
    n, used = lay_ground(world, _turned_poses(standing, c, s), seed, out)
    poses, flags, rooms = _answer(world, out, n, c, s)
    return poses, flags, rooms, used


@njit(cache=True, error_model="numpy")
def look_again(zone, cars, kerb_xy, access_xy, ranges, size, options, found, places, seed):  # type: ignore[no-untyped-def]
    """A layout, ``found`` (m, 3), with richer plans and then the bees where more may stand.

    ``places`` (q, 5) are points x1, y1, x2, y2 between which a stretch's slots have their centres, and how many it holds
    at most. Returns as ``solve``.
    """
    world, c, s = _world(zone, cars, kerb_xy, access_xy, ranges, size, options)
    ground = world[0]
    lines, kerb = ground[3], ground[5]
    depth = _depth(ground)
    m = found.shape[0]
    slots = np.empty((m, 8))
    slots[:, :4] = _turned_poses(found, c, s)
    at = np.empty(m)
    for i in range(m):
        slots[i, 6], slots[i, 7] = 0.5 * size[0], 0.5 * size[1]
        _space(kerb, size, slots[i])
        at[i] = _kerb_place(lines, ground[4], slots[i, 0], slots[i, 1])
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
        s0 = _kerb_place(lines, ground[4], c * places[q, 0] + s * places[q, 1], c * places[q, 1] - s * places[q, 0])
        s1 = _kerb_place(lines, ground[4], c * places[q, 2] + s * places[q, 3], c * places[q, 3] - s * places[q, 2])
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
                _gap_seed(seed, rows, gap, state)
                count, more = search_gap(world, depth, gap, limit, share, state, cfgs, rows, count)
                used += more
        for i in range(count):
            n = _in_order(ground, rows[i], out, order, n)
    for i in range(m):
        if not taken[i]:
            n = _in_order(ground, slots[i], out, order, n)
    n = _checked(world, out, n)
    poses, flags, rooms = _answer(world, out, n, c, s)
    return poses, flags, rooms, used


@njit(cache=True, error_model="numpy")
def _in_order(ground, slot, out, order, n):  # type: ignore[no-untyped-def]
    """Put a slot among the first n of ``out`` in kerb order; returns how many there are then."""
    if n == out.shape[0]:
        return n
    place = _kerb_place(ground[3], ground[4], slot[0], slot[1])
    at = n
    while at > 0 and order[at - 1] > place:
        order[at] = order[at - 1]
        out[at] = out[at - 1]
        at -= 1
    order[at] = place
    out[at] = slot
    return n + 1


@njit(cache=True, error_model="numpy")
def _depth(ground):  # type: ignore[no-untyped-def]
    """How deep the zone is where it is deepest, metres."""
    depth = 0.0
    for j in range(ground[4]):
        depth = max(depth, ground[3][j, 11])
    return depth
