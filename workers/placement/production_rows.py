# SPDX-License-Identifier: AGPL-3.0-or-later
"""Compiled rows: free intervals of slots on lines, and slots packed along them.

On what is free, rows are packed by a label-setting programme: the leftmost place of the k-th slot for each way of
standing.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from workers.placement.production_ground import angle_kept, gather
from workers.placement.production_lines import EDGE, KERB
from workers.placement.production_slides import FAR, TOUCH_M, slide_box, slide_edge, sort_intervals, winding

_KEPT_LABELS = 4
_RECENT = 6


@njit(cache=True, error_model="numpy")
def spaced_halves(size, c, s):  # type: ignore[no-untyped-def]
    """Half sizes with the spacing along the kerb added: to the side that faces the neighbour."""
    c, s = abs(c), abs(s)
    if size[0] * s <= size[1] * c:
        return 0.5 * (size[0] + size[2] * c), 0.5 * size[1]
    return 0.5 * size[0], 0.5 * (size[1] + size[2] * s)


@njit(cache=True, error_model="numpy")
def _up_and_down(local, kind, n, c, s, hl, hw, guess):  # type: ignore[no-untyped-def]
    """Free range of offsets of a rectangle at the middle of a line between the zone's edges, at ``guess`` or above."""
    near = hl + hw
    at = guess
    changed = True
    while changed:
        changed = False
        for i in range(n):
            if (
                kind[i] >= 0
                and min(local[i, 0], local[i, 2]) < near
                and max(local[i, 0], local[i, 2]) > -near
            ):
                lo, hi = slide_edge(local[i, 1], -local[i, 0], local[i, 3], -local[i, 2], s, -c, hl, hw)
                if lo < at < hi:
                    at = hi
                    changed = True
    bottom, top = -FAR, FAR
    for i in range(n):
        if kind[i] >= 0 and min(local[i, 0], local[i, 2]) < near and max(local[i, 0], local[i, 2]) > -near:
            lo, hi = slide_edge(local[i, 1], -local[i, 0], local[i, 3], -local[i, 2], s, -c, hl, hw)
            if lo < hi:
                if hi <= at:
                    bottom = max(bottom, hi)
                elif lo >= at:
                    top = min(top, lo)
    return bottom, top


@njit(cache=True, error_model="numpy")
def _offset(line, cfg, size, bottom, top):  # type: ignore[no-untyped-def]
    """Offset of a way of standing on a line; FAR where it does not apply. ``bottom`` and ``top``: of a bent line."""
    deep = 0.5 * (size[0] * abs(cfg[7]) + size[1] * abs(cfg[6]))
    if line[8] == EDGE:
        return line[7] * (deep + cfg[3]) if cfg[2] == 0.0 else FAR
    if line[10] == 0.0:
        if cfg[2] == 0.0:
            return deep + cfg[3]
        return deep + cfg[3] * (line[11] - 2.0 * deep) if cfg[2] == 2.0 else FAR
    if bottom < -1e3 or top > 1e3 or top < bottom:
        return FAR
    margin = min(0.002 + line[9], 0.5 * (top - bottom))
    if cfg[2] == 0.0:
        return bottom + margin + cfg[3]
    if cfg[2] == 1.0:
        return top - margin - cfg[3]
    return bottom + cfg[3] * (top - bottom)


@njit(cache=True, error_model="numpy")
def _crossings(local, kind, n, x0, y0, x1, y1):  # type: ignore[no-untyped-def]
    """Whether the way from one point to another crosses the zone's outline an odd number of times."""
    odd = False
    ux, uy = x1 - x0, y1 - y0
    for i in range(n):
        if kind[i] < 0:
            continue
        a = ux * (local[i, 1] - y0) - uy * (local[i, 0] - x0)
        b = ux * (local[i, 3] - y0) - uy * (local[i, 2] - x0)
        if (a > 0.0) == (b > 0.0):
            continue
        vx, vy = local[i, 2] - local[i, 0], local[i, 3] - local[i, 1]
        e = vx * (y0 - local[i, 1]) - vy * (x0 - local[i, 0])
        f = vx * (y1 - local[i, 1]) - vy * (x1 - local[i, 0])
        if (e > 0.0) != (f > 0.0):
            odd = not odd
    return odd


@njit(cache=True, error_model="numpy")
def collect(ground, cfgs, count, size, shrink, s0, s1, placed, nplaced, out_at, out_span):  # type: ignore[no-untyped-def]
    """Free intervals of all ways of standing on all lines between arc lengths s0 and s1.

    ``out_at`` (n, 2) integer gets (way, line) and ``out_span`` (n, 3) gets (from, to, offset); ``shrink`` metres are
    taken off a slot's sides, to find where one might fit at an angle between those tried. Returns how many.
    """
    lines, nlines, zone = ground[3], ground[4], ground[7]
    edges = ground[0]
    n_edges = edges.shape[0]
    local = np.empty((n_edges, 4))
    kind = np.empty(n_edges, dtype=np.int64)
    flo = np.empty(4 * (n_edges + nplaced) + 8)
    fhi = np.empty(4 * (n_edges + nplaced) + 8)
    radius = 0.5 * math.hypot(size[0], size[1]) + 0.05
    found = 0
    for j in range(nlines):
        line = lines[j]
        w0, w1 = max(line[5], s0 - line[4]), min(line[6], s1 - line[4])
        if w0 > w1:
            continue
        far = 0.0
        for k in range(count):
            far = max(far, cfgs[k, 3] + (cfgs[k, 4] - 1.0) * cfgs[k, 5])
        far += size[0] + size[1]
        if line[8] == KERB:
            far = max(far, line[11])
        d0, d1 = (-0.6, far + 0.1) if line[7] > 0.0 else (-far - 0.1, 0.6)
        n = gather(ground, line, w0 - radius, w1 + radius, d0, d1, local, kind)
        bent, bottom, top = FAR, 0.0, 0.0
        tr, dr = w0 + 0.4871623 * (w1 - w0), line[7] * 0.7310294
        status = (
            winding(
                zone[0], zone[1], line[0] + line[2] * tr - line[3] * dr, line[1] + line[3] * tr + line[2] * dr
            )
            > 0
        )
        for k in range(count):
            if cfgs[k, 0] != line[8]:
                continue
            beta, c, s = cfgs[k, 1], cfgs[k, 6], cfgs[k, 7]
            if line[10] > 0.0 and beta != bent:
                # The same for all offsets at this angle.
                bent = beta
                bottom, top = _up_and_down(
                    local,
                    kind,
                    n,
                    c,
                    s,
                    0.5 * size[0] - TOUCH_M,
                    0.5 * size[1] - TOUCH_M,
                    0.5 * (size[0] * abs(s) + size[1] * abs(c)) + 0.05,
                )
            d = _offset(line, cfgs[k], size, bottom, top)
            if d == FAR:
                continue
            members = int(cfgs[k, 4])
            hl, hw = 0.5 * size[0] - TOUCH_M - shrink, 0.5 * size[1] - TOUCH_M - shrink
            across = hl * abs(s) + hw * abs(c)
            m = 0
            for member in range(members):
                at = d + line[7] * member * cfgs[k, 5]
                for i in range(n):
                    y0, y1 = local[i, 1] - at, local[i, 3] - at
                    if (y0 > across and y1 > across) or (y0 < -across and y1 < -across):
                        continue
                    lo, hi = slide_edge(local[i, 0], y0, local[i, 2], y1, c, s, hl, hw)
                    if lo < hi and hi > w0 and lo < w1:
                        flo[m], fhi[m] = lo, hi
                        m += 1
                if nplaced > 0:
                    sl, sw = cfgs[k, 8] - TOUCH_M - shrink, cfgs[k, 9] - TOUCH_M - shrink
                    for i in range(nplaced):
                        px, py = placed[i, 0] - line[0], placed[i, 1] - line[1]
                        x, y = line[2] * px + line[3] * py, line[2] * py - line[3] * px
                        if x < w0 - 3 * radius or x > w1 + 3 * radius:
                            continue
                        ca = line[2] * placed[i, 2] + line[3] * placed[i, 3]
                        sa = line[2] * placed[i, 3] - line[3] * placed[i, 2]
                        lo, hi = slide_box(x, y - at, ca, sa, placed[i, 4], placed[i, 5], c, s, sl, sw)
                        if lo < hi and hi > w0 and lo < w1:
                            flo[m], fhi[m] = lo, hi
                            m += 1
            sort_intervals(flo, fhi, m)
            # What no forbidden interval covers, if it is inside.
            reached = w0
            for i in range(m + 1):
                until = min(flo[i], w1) if i < m else w1
                if until >= reached:
                    middle = 0.5 * (reached + until)
                    inside = status != _crossings(local, kind, n, tr, dr, middle, d)
                    if inside and _fits_rules(ground, line, middle, d, beta) and found < out_at.shape[0]:
                        out_at[found, 0], out_at[found, 1] = k, j
                        out_span[found, 0], out_span[found, 1], out_span[found, 2] = reached, until, d
                        found += 1
                if i < m:
                    reached = max(reached, fhi[i])
                if reached > w1:
                    break
    return found


@njit(cache=True, error_model="numpy")
def _fits_rules(ground, line, t, d, beta):  # type: ignore[no-untyped-def]
    """Angle and, for blocked ground larger than a slot, whether the centre is off it."""
    kerb, ranges, big = ground[5], ground[6], ground[8]
    x, y = line[0] + line[2] * t - line[3] * d, line[1] + line[3] * t + line[2] * d
    if big[1].shape[0] > 1 and winding(big[0], big[1], x, y) > 0:
        return False
    if ranges[0, 1] - ranges[0, 0] >= math.pi - 1e-9:
        return True
    return angle_kept(kerb, ranges, x, y, math.atan2(line[3], line[2]) + beta, 1e-6)


@njit(cache=True, error_model="numpy")
def pack_row(ground, cfgs, count, size, at, span, found, order, start, out):  # type: ignore[no-untyped-def]
    """Pack slots along the lines: for each way of standing, the leftmost place of the k-th slot.

    ``at`` and ``span`` are the free intervals of ``collect``; ``out`` (n, 8) gets slots: x, y, cos, sin, spaced
    half sizes, half sizes. Slots follow one another by arc length; each keeps clear of the last few of its chain, exactly.
    Returns how many slots stand.
    """
    lines = ground[3]
    # Intervals by way of standing, in the order of their lines.
    for k in range(count + 1):
        start[k] = 0
    for i in range(found):
        start[at[i, 0] + 1] += 1
    for k in range(count):
        start[k + 1] += start[k]
    fill = start[: count + 1].copy()
    for i in range(found):
        order[fill[at[i, 0]]] = i
        fill[at[i, 0]] += 1
    for k in range(count):
        for i in range(start[k] + 1, start[k + 1]):
            value = order[i]
            key = lines[at[value, 1], 4] + span[value, 0]
            j = i
            while j > start[k] and lines[at[order[j - 1], 1], 4] + span[order[j - 1], 0] > key:
                order[j] = order[j - 1]
                j -= 1
            order[j] = value
    zero = np.int64(0)
    most = out.shape[0]
    label_s = np.full((most + 1, count), FAR)
    label_t = np.empty((most + 1, count))
    label_iv = np.full((most + 1, count), -1, dtype=np.int64)
    parent = np.full((most + 1, count), -1, dtype=np.int64)
    kept = np.full((most + 1, _KEPT_LABELS), -1, dtype=np.int64)
    # The last few rectangles of each kept label's chain.
    recent = np.empty((most + 1, _KEPT_LABELS, _RECENT, 8))
    recents = np.zeros((most + 1, _KEPT_LABELS), dtype=np.int64)
    pointers = np.empty(count, dtype=np.int64)
    best_k, best_c = 0, -1
    widest = 1
    for k in range(count):
        widest = max(widest, int(cfgs[k, 4]))
        pointers[k] = start[k]
    empty_levels = 0
    for level in range(1, most + 1):
        any_label = False
        for c in range(count):
            members = int(cfgs[c, 4])
            before = level - members
            if before < 0 or start[c] == start[c + 1]:
                continue
            best_s = FAR
            for q in range(_KEPT_LABELS):
                if before == 0:
                    if q > 0:
                        break
                    smin, nrecent = -FAR, 0
                else:
                    if kept[before, q] < 0:
                        break
                    smin, nrecent = label_s[before, kept[before, q]], recents[before, q]
                s, t, iv = _advance(
                    lines,
                    cfgs[c],
                    size,
                    at,
                    span,
                    order,
                    start[c],
                    start[c + 1],
                    smin,
                    recent[before, q],
                    nrecent,
                    best_s,
                )
                if s < best_s - 1e-12:
                    best_s = s
                    label_s[level, c], label_t[level, c], label_iv[level, c] = s, t, iv
                    parent[level, c] = q
            any_label = any_label or best_s < FAR
        if not any_label:
            empty_levels += 1
            if empty_levels >= widest:
                break
            continue
        empty_levels = 0
        # Keep the labels that end first.
        for q in range(_KEPT_LABELS):
            best, best_end = -1, FAR
            for c in range(count):
                if label_s[level, c] >= FAR:
                    continue
                taken = False
                for p in range(q):
                    taken = taken or kept[level, p] == c
                if taken:
                    continue
                sn, cs = abs(cfgs[c, 7]), abs(cfgs[c, 6])
                end = label_s[level, c] + 0.5 * (size[0] * cs + size[1] * sn)
                if end < best_end - 1e-9:
                    best, best_end = c, end
            kept[level, q] = best
            if best < 0:
                break
            n = _poses(
                lines,
                cfgs[best],
                size,
                at,
                span,
                label_iv[level, best],
                label_t[level, best],
                recent[level, q],
                zero,
            )
            before = level - int(cfgs[best, 4])
            if before > 0:
                p = parent[level, best]
                for i in range(recents[before, p]):
                    if n == _RECENT:
                        break
                    recent[level, q, n] = recent[before, p, i]
                    n += 1
            recents[level, q] = n
        best_k, best_c = level, kept[level, 0]
    # Back along the chain.
    n = zero
    level, c = best_k, best_c
    while level > 0:
        n = _poses(lines, cfgs[c], size, at, span, label_iv[level, c], label_t[level, c], out, n)
        q = parent[level, c]
        level -= int(cfgs[c, 4])
        if level > 0:
            c = kept[level, q]
    return n


@njit(cache=True, error_model="numpy")
def _poses(lines, cfg, size, at, span, iv, t, out, n):  # type: ignore[no-untyped-def]
    """Write the rectangles of one way of standing at t to ``out`` from row n on; returns the next free row."""
    line = lines[at[iv, 1]]
    c, s = cfg[6], cfg[7]
    hl, hw = cfg[8], cfg[9]
    for member in range(int(cfg[4])):
        if n == out.shape[0]:
            break
        d = span[iv, 2] + line[7] * member * cfg[5]
        out[n, 0] = line[0] + line[2] * t - line[3] * d
        out[n, 1] = line[1] + line[3] * t + line[2] * d
        out[n, 2], out[n, 3] = line[2] * c - line[3] * s, line[3] * c + line[2] * s
        out[n, 4], out[n, 5] = hl, hw
        out[n, 6], out[n, 7] = 0.5 * size[0], 0.5 * size[1]
        n += 1
    return n


@njit(cache=True, error_model="numpy")
def _advance(lines, cfg, size, at, span, order, first, last, smin, recent, nrecent, best):  # type: ignore[no-untyped-def]
    """Leftmost free place of one way of standing that is clear of ``recent``: (s, t, interval), s = FAR if none."""
    c, s = cfg[6], cfg[7]
    hl, hw = cfg[8] - TOUCH_M, cfg[9] - TOUCH_M
    members = int(cfg[4])
    # Skip the intervals that end before smin; they are in order but may overlap, so the skip stays careful.
    low, high = first, last
    while low < high:
        middle = (low + high) // 2
        i = order[middle]
        if lines[at[i, 1], 4] + span[i, 1] < smin:
            low = middle + 1
        else:
            high = middle
    for p in range(low, last):
        i = order[p]
        line = lines[at[i, 1]]
        s0 = line[4]
        t = max(span[i, 0], smin - s0)
        if s0 + span[i, 0] >= best:
            break
        changed = nrecent > 0
        while changed and t <= span[i, 1]:
            changed = False
            for r in range(nrecent):
                px, py = recent[r, 0] - line[0], recent[r, 1] - line[1]
                x, y = line[2] * px + line[3] * py, line[2] * py - line[3] * px
                if abs(x - t) > size[0] + size[1] + size[2]:
                    continue
                ca = line[2] * recent[r, 2] + line[3] * recent[r, 3]
                sa = line[2] * recent[r, 3] - line[3] * recent[r, 2]
                for member in range(members):
                    d = span[i, 2] + line[7] * member * cfg[5]
                    lo, hi = slide_box(
                        x, y - d, ca, sa, recent[r, 4] - TOUCH_M, recent[r, 5] - TOUCH_M, c, s, hl, hw
                    )
                    if lo < t < hi:
                        t = hi
                        changed = True
        if t <= span[i, 1] and s0 + t < best:
            return s0 + t, t, i
    return FAR, 0.0, -1
