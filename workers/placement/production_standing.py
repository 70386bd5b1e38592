# SPDX-License-Identifier: AGPL-3.0-or-later
"""Compiled steadiness of the production mode: slots of the last layout stay where they are while they may."""

from __future__ import annotations

import numpy as np
from numba import njit

from workers.placement.production_check import apart, checked, stands, with_spacing
from workers.placement.production_free import ALL, free_intervals
from workers.placement.production_ground import gather
from workers.placement.production_lines import kerb_place
from workers.placement.production_plans import fill, ways
from workers.placement.production_slides import FAR, slide_box, slide_edge

# A car's outline wavers by a few centimetres from frame to frame; a slot it touches is pushed by no more than this.
_NUDGE_M = 0.12


@njit(cache=True, error_model="numpy")
def _nudged(ground, slot, placed, n, work):  # type: ignore[no-untyped-def]
    """Whether a standing slot still stands beside those ``placed``, pushed a little along one of its axes if need be."""
    local, ids = work
    line = np.empty(4)
    best, best_axis = FAR, -1
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
    if not stands(ground, x, y, slot[2], slot[3], slot[6], slot[7], work):
        return False
    old_x, old_y = slot[0], slot[1]
    slot[0], slot[1] = x, y
    for i in range(n):
        if not apart(placed[i], slot):
            slot[0], slot[1] = old_x, old_y
            return False
    return True


@njit(cache=True, error_model="numpy")
def still_standing(ground, size, standing, out, places):  # type: ignore[no-untyped-def]
    """Which of the last layout's slots (m, 4: x, y, cos, sin) still stand, in kerb order: written to ``out`` (m, 8)."""
    m = standing.shape[0]
    edges, lines, kerb = ground[0], ground[3], ground[5]
    work = (np.empty((edges.shape[0], 4)), np.empty(edges.shape[0], dtype=np.int64))
    order = np.empty(m, dtype=np.int64)
    where = np.empty(m)
    for i in range(m):
        where[i] = kerb_place(lines, ground[4], standing[i, 0], standing[i, 1])
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
            with_spacing(kerb, size, slot)
            if _nudged(ground, slot, trial, n, work):
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
def fill_around(world, depth, gap, richness, cfgs, slots, n):  # type: ignore[no-untyped-def]
    """Put slots beside the first n, which stay; returns how many there are."""
    ground, size = world[0], world[2]
    count = ways(ground[6], size, depth, richness, 0, cfgs)
    free = free_intervals(ground, cfgs, count, size, 0.0, gap[0], gap[1])
    return fill_up(world, gap, cfgs, count, free, slots, n)


@njit(cache=True, error_model="numpy")
def fill_up(world, gap, cfgs, count, free, slots, n):  # type: ignore[no-untyped-def]
    """Put slots on what is ``free`` beside the first n, which stay; returns how many there are."""
    ground, size = world[0], world[2]
    before = np.int64(-1)
    while n < slots.shape[0] and n != before:
        before = n
        n = fill(ground, size, gap, cfgs, count, free, ALL, slots, n)
    return checked(world, slots, n)


@njit(cache=True, error_model="numpy")
def keep_most(world, depth, gap, cfgs, stood, count, slots, n):  # type: ignore[no-untyped-def]
    """A layout of n slots that moves as few of the ``count`` standing ones as it finds; returns its length."""
    ground, size = world[0], world[2]
    nways = ways(ground[6], size, depth, 1, 0, cfgs)
    free = free_intervals(ground, cfgs, nways, size, 0.0, gap[0], gap[1])
    trial = np.empty_like(slots)
    for width in range(1, min(count, 4) + 1):
        for first in range(count - width + 1):
            kept = np.int64(0)
            for i in range(count):
                if (i < first or i >= first + width) and kept < trial.shape[0]:
                    trial[kept] = stood[i]
                    kept += 1
            m = fill_up(world, gap, cfgs, nways, free, trial, kept)
            if m >= n:
                slots[:m] = trial[:m]
                return m
    return n
