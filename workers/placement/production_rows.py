# SPDX-License-Identifier: AGPL-3.0-or-later
"""Compiled rows: slots packed along lines by a label-setting programme.

For each way of standing it finds the leftmost place of the k-th slot on what is free.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from workers.placement.production_slides import FAR, TOUCH_M, slide_box

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
def _by_way(lines, count, at, span, found):  # type: ignore[no-untyped-def]
    """Intervals by way of standing, in the order of their lines: numbers (found,), and where each way begins (count + 1,)."""
    start = np.zeros(count + 1, dtype=np.int64)
    for i in range(found):
        start[at[i, 0] + 1] += 1
    for k in range(count):
        start[k + 1] += start[k]
    order = np.empty(found, dtype=np.int64)
    fill = start.copy()
    for i in range(found):
        way = at[i, 0]
        key = lines[at[i, 1], 4] + span[i, 0]
        j = fill[way]
        while j > start[way] and lines[at[order[j - 1], 1], 4] + span[order[j - 1], 0] > key:
            order[j] = order[j - 1]
            j -= 1
        order[j] = i
        fill[way] += 1
    return order, start


@njit(cache=True, error_model="numpy")
def pack_row(lines, cfgs, count, size, at, span, found, out):  # type: ignore[no-untyped-def]
    """Pack slots along the lines: for each way of standing, the leftmost place of the k-th slot.

    ``at`` and ``span`` are the free intervals of ``left_free``; ``out`` (n, 8) gets slots: x, y, cos, sin, spaced
    half sizes, half sizes. Slots follow one another by arc length; each keeps clear of the last few of its chain, exactly.
    Returns how many slots stand.
    """
    order, start = _by_way(lines, count, at, span, found)
    zero = np.int64(0)
    most = out.shape[0]
    label_s = np.empty((most + 1, count))
    label_t = np.empty((most + 1, count))
    label_iv = np.empty((most + 1, count), dtype=np.int64)
    parent = np.empty((most + 1, count), dtype=np.int64)
    kept = np.empty((most + 1, _KEPT_LABELS), dtype=np.int64)
    # The last few rectangles of each kept label's chain.
    recent = np.empty((most + 1, _KEPT_LABELS, _RECENT, 8))
    recents = np.empty((most + 1, _KEPT_LABELS), dtype=np.int64)
    best_k, best_c = 0, -1
    widest = 1
    for k in range(count):
        widest = max(widest, int(cfgs[k, 4]))
    empty_levels = 0
    for level in range(1, most + 1):
        any_label = False
        label_s[level] = FAR
        kept[level] = -1
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
                    if smin >= best_s:
                        continue
                s, t, iv = _advance(
                    lines,
                    cfgs,
                    c,
                    at,
                    span,
                    order,
                    start,
                    smin,
                    recent,
                    before,
                    q,
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
def _advance(lines, cfgs, way, at, span, order, start, smin, recent, level, label, nrecent, best):  # type: ignore[no-untyped-def]
    """Leftmost free place of one way of standing from ``smin`` on: (s, t, interval), s = FAR if none is left of ``best``.

    It is clear of the ``nrecent`` last rectangles of a label's chain.
    """
    c, s = cfgs[way, 6], cfgs[way, 7]
    hl, hw = cfgs[way, 8] - TOUCH_M, cfgs[way, 9] - TOUCH_M
    along = cfgs[way, 8] * abs(c) + cfgs[way, 9] * abs(s)
    members = int(cfgs[way, 4])
    first, last = start[way], start[way + 1]
    # Skip the intervals that end before smin; they are in order but may overlap, so the skip stays careful.
    low, high = first, last
    while low < high:
        middle = (low + high) // 2
        i = order[middle]
        if lines[at[i, 1], 4] + span[i, 1] < smin:
            low = middle + 1
        else:
            high = middle
    place, at_t, interval = FAR, 0.0, -1
    for p in range(low, last):
        i = order[p]
        j = at[i, 1]
        lx, ly, lc, ls, s0 = lines[j, 0], lines[j, 1], lines[j, 2], lines[j, 3], lines[j, 4]
        t = max(span[i, 0], smin - s0)
        if s0 + span[i, 0] >= best:
            break
        changed = nrecent > 0
        while changed and t <= span[i, 1]:
            changed = False
            for r in range(nrecent):
                px, py = recent[level, label, r, 0] - lx, recent[level, label, r, 1] - ly
                x, y = lc * px + ls * py, lc * py - ls * px
                ca = lc * recent[level, label, r, 2] + ls * recent[level, label, r, 3]
                sa = lc * recent[level, label, r, 3] - ls * recent[level, label, r, 2]
                al, aw = recent[level, label, r, 4], recent[level, label, r, 5]
                if abs(x - t) > along + al * abs(ca) + aw * abs(sa):
                    continue
                for member in range(members):
                    d = span[i, 2] + lines[j, 7] * member * cfgs[way, 5]
                    lo, hi = slide_box(x, y - d, ca, sa, al - TOUCH_M, aw - TOUCH_M, c, s, hl, hw)
                    if lo < t < hi:
                        t = hi
                        changed = True
        if t <= span[i, 1] and s0 + t < best:
            place, at_t, interval = s0 + t, t, i
            break
    return place, at_t, interval
