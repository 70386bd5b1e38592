# SPDX-License-Identifier: AGPL-3.0-or-later
"""Compiled free intervals: where along the lines a slot may stand, between the edges and between slots already placed.

What the edges leave is worked out once for a gap and its ways of standing; what placed slots leave of that, row by row.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from workers.placement.production_ground import angle_kept, gather, zone_edges_of
from workers.placement.production_lines import EDGE, KERB
from workers.placement.production_slides import FAR, TOUCH_M, slide_box, slide_edges, sort_intervals, winding

# Which ways of standing a row may use: all, along the kerb, along the far edge.
ALL, NEAR, BEYOND = 0, 1, 2
# As many cars of a stack stand behind one another at most.
MOST_STACKED = 6
# What is further from a slot than its half sizes by this much cannot meet it, however sums are rounded.
_ROUNDING_M = 1e-6


@njit(cache=True, error_model="numpy")
def _up_and_down(walls, n, c, s, hl, hw, guess, ends, flo, fhi):  # type: ignore[no-untyped-def]
    """Free range of offsets of a rectangle at the middle of a line between the zone's edges, at ``guess`` or above."""
    near = hl * abs(c) + hw * abs(s) + _ROUNDING_M
    m = 0
    for i in range(n):
        if min(walls[i, 0], walls[i, 2]) < near and max(walls[i, 0], walls[i, 2]) > -near:
            ends[0, m], ends[1, m], ends[2, m], ends[3, m] = (
                walls[i, 1],
                -walls[i, 0],
                walls[i, 3],
                -walls[i, 2],
            )
            m += 1
    slide_edges(ends, m, s, -c, hl, hw, flo, fhi)
    at = guess
    changed = True
    while changed:
        changed = False
        for i in range(m):
            if flo[i] < at < fhi[i]:
                at = fhi[i]
                changed = True
    bottom, top = -FAR, FAR
    for i in range(m):
        if flo[i] < fhi[i]:
            if fhi[i] <= at:
                bottom = max(bottom, fhi[i])
            elif flo[i] >= at:
                top = min(top, flo[i])
    return bottom, top


@njit(cache=True, error_model="numpy")
def _offset(line, cfgs, k, size, bottom, top):  # type: ignore[no-untyped-def]
    """Offset of a way of standing on a line; FAR where it does not apply. ``bottom`` and ``top``: of a bent line."""
    deep = 0.5 * (size[0] * abs(cfgs[k, 7]) + size[1] * abs(cfgs[k, 6]))
    if line[8] == EDGE:
        return line[7] * (deep + cfgs[k, 3]) if cfgs[k, 2] == 0.0 else FAR
    if line[10] == 0.0:
        if cfgs[k, 2] == 0.0:
            return deep + cfgs[k, 3]
        return deep + cfgs[k, 3] * (line[11] - 2.0 * deep) if cfgs[k, 2] == 2.0 else FAR
    if bottom < -1e3 or top > 1e3 or top < bottom:
        return FAR
    margin = min(0.002 + line[9], 0.5 * (top - bottom))
    if cfgs[k, 2] == 0.0:
        return bottom + margin + cfgs[k, 3]
    if cfgs[k, 2] == 1.0:
        return top - margin - cfgs[k, 3]
    return bottom + cfgs[k, 3] * (top - bottom)


@njit(cache=True, error_model="numpy")
def _crossings(walls, n, x0, y0, x1, y1):  # type: ignore[no-untyped-def]
    """Whether the way from one point to another crosses the zone's outline an odd number of times."""
    odd = False
    ux, uy = x1 - x0, y1 - y0
    for i in range(n):
        a = ux * (walls[i, 1] - y0) - uy * (walls[i, 0] - x0)
        b = ux * (walls[i, 3] - y0) - uy * (walls[i, 2] - x0)
        if (a > 0.0) == (b > 0.0):
            continue
        vx, vy = walls[i, 2] - walls[i, 0], walls[i, 3] - walls[i, 1]
        e = vx * (y0 - walls[i, 1]) - vy * (x0 - walls[i, 0])
        f = vx * (y1 - walls[i, 1]) - vy * (x1 - walls[i, 0])
        if (e > 0.0) != (f > 0.0):
            odd = not odd
    return odd


@njit(cache=True, error_model="numpy")
def _edges_within(local, n, at, along, across, w0, w1, ends):  # type: ignore[no-untyped-def]
    """Write to ``ends`` those of n edges that a slot may meet between w0 and w1 at an offset; returns how many.

    ``along`` and ``across`` are how far a slot reaches from its centre. What is left is anyone's guess, so nothing
    branches on it.
    """
    m = 0
    for i in range(n):
        x0, y0, x1, y1 = local[i, 0], local[i, 1] - at, local[i, 2], local[i, 3] - at
        ends[0, m], ends[1, m], ends[2, m], ends[3, m] = x0, y0, x1, y1
        beside = (min(y0, y1) > across) | (max(y0, y1) < -across)
        beyond = (min(x0, x1) - along > w1) | (max(x0, x1) + along < w0)
        m += 0 if beside | beyond else 1
    return m


@njit(cache=True, error_model="numpy")
def _shut_by_edges(local, n, cfgs, k, d, step, hl, hw, w0, w1, ends, lo, hi, flo, fhi):  # type: ignore[no-untyped-def]
    """Where between w0 and w1 edges shut out a way of standing at offset d; returns how many intervals, -1: everywhere.

    ``step`` is from one car of a stack to the next, to the line's left.
    """
    c, s = cfgs[k, 6], cfgs[k, 7]
    across = hl * abs(s) + hw * abs(c)
    along = hl * abs(c) + hw * abs(s) + _ROUNDING_M
    m = 0
    # Edges of one outline come one after another and overlap, so they are one interval before it is written down.
    start, end = FAR, -FAR
    everywhere = False
    for member in range(int(cfgs[k, 4])):
        if everywhere:
            break
        near = _edges_within(local, n, d + member * step, along, across, w0, w1, ends)
        slide_edges(ends, near, c, s, hl, hw, lo, hi)
        for i in range(near):
            if lo[i] >= hi[i] or hi[i] <= w0 or lo[i] >= w1:
                continue
            if lo[i] < end and hi[i] > start:
                start, end = min(start, lo[i]), max(end, hi[i])
            else:
                if start < end:
                    flo[m], fhi[m] = start, end
                    m += 1
                start, end = lo[i], hi[i]
            if start < w0 and end > w1:
                everywhere = True
                break
    if start < end:
        flo[m], fhi[m] = start, end
        m += 1
    return -1 if everywhere else m


@njit(cache=True, error_model="numpy")
def _pieces_left(flo, fhi, m, w0, w1, pieces):  # type: ignore[no-untyped-def]
    """Write to ``pieces`` (m + 1, 2) what m open intervals leave of w0 to w1, from left to right; returns how many."""
    sort_intervals(flo, fhi, m)
    n, i, reached = 0, 0, w0
    while i < m and reached <= w1:
        until = min(flo[i], w1)
        if until >= reached:
            pieces[n, 0], pieces[n, 1] = reached, until
            n += 1
        reached = max(reached, fhi[i])
        i += 1
    if reached <= w1:
        pieces[n, 0], pieces[n, 1] = reached, w1
        n += 1
    return n


@njit(cache=True, error_model="numpy")
def free_intervals(ground, cfgs, count, size, shrink, s0, s1):  # type: ignore[no-untyped-def]
    """What the edges leave free for all ways of standing on all lines between arc lengths s0 and s1.

    Returns (n, 3) integer: way, line, whether a slot in the middle keeps to the rules; and (n, 3): from, to, offset; line
    by line, then way by way. ``shrink`` metres are taken off a slot's sides, to find where one might fit at an angle
    between those tried.
    """
    lines, nlines, zone = ground[3], ground[4], ground[7]
    kerb, ranges, big_xy, big_starts = ground[5], ground[6], ground[8][0], ground[8][1]
    edges = ground[0]
    n_edges = edges.shape[0]
    local = np.empty((n_edges, 4))
    kind = np.empty(n_edges, dtype=np.int64)
    walls = np.empty((zone[0].shape[0], 4))
    wall_ids = np.empty(zone[0].shape[0], dtype=np.int64)
    room = count * (24 + 2 * nlines) + 8 * n_edges
    out_at = np.empty((room, 3), dtype=np.int64)
    out_span = np.empty((room, 3))
    far = 0.0
    most = 1
    for k in range(count):
        far = max(far, cfgs[k, 3] + (cfgs[k, 4] - 1.0) * cfgs[k, 5])
        most = max(most, int(cfgs[k, 4]))
    far += size[0] + size[1]
    ends, lo, hi = np.empty((4, n_edges)), np.empty(n_edges), np.empty(n_edges)
    flo, fhi = np.empty(most * n_edges), np.empty(most * n_edges)
    pieces = np.empty((most * n_edges + 1, 2))
    radius = 0.5 * math.hypot(size[0], size[1]) + 0.05
    hl, hw = 0.5 * size[0] - TOUCH_M - shrink, 0.5 * size[1] - TOUCH_M - shrink
    found = 0
    for j in range(nlines):
        line = lines[j]
        w0, w1 = max(line[5], s0 - line[4]), min(line[6], s1 - line[4])
        if w0 > w1:
            continue
        deep = max(far, line[11]) if line[8] == KERB else far
        d0, d1 = (-0.6, deep + 0.1) if line[7] > 0.0 else (-deep - 0.1, 0.6)
        n = gather(ground, line, w0 - radius, w1 + radius, d0, d1, local, kind)
        nwalls = zone_edges_of(local, kind, n, walls, wall_ids)
        bent, bottom, top = FAR, 0.0, 0.0
        # A point that lies on no edge but by chance: whether the zone holds it tells of all others.
        tr, dr = w0 + 0.4871623 * (w1 - w0), line[7] * 0.7310294
        known, held, heading = False, False, 0.0
        for k in range(count):
            if cfgs[k, 0] != line[8]:
                continue
            beta, c, s = cfgs[k, 1], cfgs[k, 6], cfgs[k, 7]
            if line[10] > 0.0 and beta != bent:
                # The same for all offsets at this angle.
                bent = beta
                guess = 0.5 * (size[0] * abs(s) + size[1] * abs(c)) + 0.05
                bottom, top = _up_and_down(
                    walls,
                    nwalls,
                    c,
                    s,
                    0.5 * size[0] - TOUCH_M,
                    0.5 * size[1] - TOUCH_M,
                    guess,
                    ends,
                    lo,
                    hi,
                )
            d = _offset(line, cfgs, k, size, bottom, top)
            if d == FAR:
                continue
            step = line[7] * cfgs[k, 5]
            m = _shut_by_edges(local, n, cfgs, k, d, step, hl, hw, w0, w1, ends, lo, hi, flo, fhi)
            if m < 0:
                continue
            for i in range(_pieces_left(flo, fhi, m, w0, w1, pieces)):
                if not known:
                    x, y = line[0] + line[2] * tr - line[3] * dr, line[1] + line[3] * tr + line[2] * dr
                    known, held = True, winding(zone[0], zone[1], x, y) > 0
                    heading = math.atan2(line[3], line[2])
                middle = 0.5 * (pieces[i, 0] + pieces[i, 1])
                inside = held != _crossings(walls, nwalls, tr, dr, middle, d)
                if inside and found < room:
                    out_at[found, 0], out_at[found, 1] = k, j
                    out_at[found, 2] = _fits_rules(
                        kerb, ranges, big_xy, big_starts, line, middle, d, heading + beta
                    )
                    out_span[found, 0], out_span[found, 1], out_span[found, 2] = pieces[i, 0], pieces[i, 1], d
                    found += 1
    return out_at[:found], out_span[:found]


@njit(cache=True, error_model="numpy")
def _used(cfgs, k, which):  # type: ignore[no-untyped-def]
    """Whether a way of standing is one of ALL, of those along the kerb or of those along the far edge."""
    if which == ALL:
        return True
    if cfgs[k, 4] > 1.0:
        return False
    if which == NEAR:
        return cfgs[k, 0] == KERB and cfgs[k, 2] == 0.0
    return cfgs[k, 0] == EDGE or cfgs[k, 2] == 1.0


@njit(cache=True, error_model="numpy")
def left_free(ground, cfgs, free, which, placed, nplaced, out_at, out_span):  # type: ignore[no-untyped-def]
    """What the first ``nplaced`` slots leave of ``free``, where a slot also keeps to the rules; returns how many.

    ``free`` is what ``free_intervals`` gave; so is what is written to ``out_at`` and ``out_span``, which may be the same
    arrays where nothing is placed. ``which`` ways of standing: ALL, NEAR or BEYOND.
    """
    lines, kerb, ranges = ground[3], ground[5], ground[6]
    big_xy, big_starts = ground[8]
    at, span = free
    flo, fhi = np.empty(MOST_STACKED * nplaced), np.empty(MOST_STACKED * nplaced)
    pieces = np.empty((MOST_STACKED * nplaced + 1, 2))
    near = np.empty((nplaced, 7))
    reach = 0.0
    for k in range(cfgs.shape[0]):
        reach = max(reach, cfgs[k, 8] + cfgs[k, 9])
    last, beside = -1, 0
    found = 0
    for i in range(at.shape[0]):
        k, j = at[i, 0], at[i, 1]
        if not _used(cfgs, k, which):
            continue
        line = lines[j]
        w0, w1, d = span[i, 0], span[i, 1], span[i, 2]
        if j != last:
            last, beside = j, _slots_beside(line, placed, nplaced, reach, near)
        m = _shut_by_slots(near, beside, cfgs, k, d, line[7] * cfgs[k, 5], w0, w1, flo, fhi)
        for p in range(_pieces_left(flo, fhi, m, w0, w1, pieces)):
            kept = at[i, 2] > 0
            if m > 0:
                theta = math.atan2(line[3], line[2]) + cfgs[k, 1]
                kept = _fits_rules(
                    kerb, ranges, big_xy, big_starts, line, 0.5 * (pieces[p, 0] + pieces[p, 1]), d, theta
                )
            if kept and found < out_at.shape[0]:
                out_at[found, 0], out_at[found, 1] = k, j
                out_span[found, 0], out_span[found, 1], out_span[found, 2] = pieces[p, 0], pieces[p, 1], d
                found += 1
    return found


@njit(cache=True, error_model="numpy")
def _slots_beside(line, placed, n, reach, near):  # type: ignore[no-untyped-def]
    """Write those of the first n slots that another with half sizes of sum ``reach`` may meet on a line; returns how many.

    ``near`` (n, 7) gets them in the line's frame: x, y, cos, sin, spaced half sizes, how far they reach along it.
    """
    count = 0
    for i in range(n):
        px, py = placed[i, 0] - line[0], placed[i, 1] - line[1]
        x = line[2] * px + line[3] * py
        out = placed[i, 4] + placed[i, 5] + reach
        if line[5] - out <= x <= line[6] + out:
            near[count, 0], near[count, 1] = x, line[2] * py - line[3] * px
            near[count, 2] = line[2] * placed[i, 2] + line[3] * placed[i, 3]
            near[count, 3] = line[2] * placed[i, 3] - line[3] * placed[i, 2]
            near[count, 4], near[count, 5] = placed[i, 4], placed[i, 5]
            near[count, 6] = placed[i, 4] * abs(near[count, 2]) + placed[i, 5] * abs(near[count, 3])
            count += 1
    return count


@njit(cache=True, error_model="numpy")
def _shut_by_slots(near, n, cfgs, k, d, step, w0, w1, flo, fhi):  # type: ignore[no-untyped-def]
    """Where between w0 and w1 slots ``near`` a line shut out a way of standing at offset d; returns how many intervals.

    ``step`` is as for ``_shut_by_edges``.
    """
    c, s = cfgs[k, 6], cfgs[k, 7]
    hl, hw = cfgs[k, 8] - TOUCH_M, cfgs[k, 9] - TOUCH_M
    along = cfgs[k, 8] * abs(c) + cfgs[k, 9] * abs(s)
    m = 0
    for i in range(n):
        x, y, out = near[i, 0], near[i, 1], near[i, 6] + along
        if x < w0 - out or x > w1 + out:
            continue
        ca, sa, al, aw = near[i, 2], near[i, 3], near[i, 4], near[i, 5]
        for member in range(int(cfgs[k, 4])):
            lo, hi = slide_box(x, y - (d + member * step), ca, sa, al, aw, c, s, hl, hw)
            if lo < hi and hi > w0 and lo < w1:
                flo[m], fhi[m] = lo, hi
                m += 1
    return m


@njit(cache=True, error_model="numpy")
def _fits_rules(kerb, ranges, big_xy, big_starts, line, t, d, theta):  # type: ignore[no-untyped-def]
    """Angle and, for blocked ground larger than a slot, whether the centre is off it."""
    x, y = line[0] + line[2] * t - line[3] * d, line[1] + line[3] * t + line[2] * d
    fits = big_starts.shape[0] < 2 or winding(big_xy, big_starts, x, y) <= 0
    if fits and ranges[0, 1] - ranges[0, 0] < math.pi - 1e-9:
        fits = angle_kept(kerb, ranges, x, y, theta, 1e-6)
    return fits
