# SPDX-License-Identifier: AGPL-3.0-or-later
"""Compiled plans of the production mode: which ways of standing are tried in which order, gap by gap."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from workers.placement.production_free import (
    ALL,
    BEYOND,
    MOST_STACKED,
    NEAR,
    free_intervals,
    left_free,
)
from workers.placement.production_ground import ZONE
from workers.placement.production_lines import EDGE, KERB
from workers.placement.production_rows import pack_row, spaced_halves
from workers.placement.production_slides import FAR, sort_intervals

STACKS, BENT = 1, 2
_MOST_GAPS = 1024
# Richness of the ways of standing with which gaps are found.
_PROBE = 4
# So much is taken off a slot's sides there, to find where one might fit at an angle between those tried.
_SHRINK_M = 0.1


@njit(cache=True, error_model="numpy")
def add_way(cfgs, n, size, group, beta, dkind, dval, members, step):  # type: ignore[no-untyped-def]
    if n < cfgs.shape[0]:
        cfgs[n, 0], cfgs[n, 1], cfgs[n, 2], cfgs[n, 3] = group, beta, dkind, dval
        cfgs[n, 4], cfgs[n, 5] = members, step
        cfgs[n, 6], cfgs[n, 7] = math.cos(beta), math.sin(beta)
        cfgs[n, 8], cfgs[n, 9] = spaced_halves(size, cfgs[n, 6], cfgs[n, 7])
        n += 1
    return n


@njit(cache=True, error_model="numpy")
def base_angle(ranges, r):  # type: ignore[no-untyped-def]
    """The angle of a range that takes least kerb: nearest to across, or to along for a range that lies flat."""
    low, high = ranges[r, 0], ranges[r, 1]
    middle = 0.5 * (low + high)
    aim = 0.5 * math.pi if abs(math.sin(middle)) > 0.5 else 0.0
    aim += math.pi * round((middle - aim) / math.pi)
    return min(max(aim, low), high)


@njit(cache=True, error_model="numpy")
def ways(ranges, size, depth, richness, stacks, cfgs):  # type: ignore[no-untyped-def]
    """Fill ``cfgs`` with ways of standing: angles and offsets; returns how many.

    ``richness`` is 0 to 3, ``stacks`` STACKS or 0, or _PROBE and BENT or 0 to find gaps.
    """
    length, width = size[0], size[1]
    n = np.int64(0)
    free = ranges[0, 1] - ranges[0, 0] >= math.pi - 1e-9
    angles = np.empty(64)
    count = 0
    if free:
        steps = (4, 12, 24, 36, 12)[richness]
        for k in range(steps):
            angles[count] = 0.5 * math.pi + k * math.pi / steps
            count += 1
    else:
        for r in range(ranges.shape[0]):
            if count == angles.shape[0]:
                break
            angles[count] = base_angle(ranges, r)
            count += 1
            steps = (0, 5, 9, 17, 3)[richness]
            low, high = ranges[r, 0], ranges[r, 1]
            for k in range(steps):
                if count < 64:
                    angles[count] = low + (high - low) * k / (steps - 1.0)
                    count += 1
    if richness == _PROBE and stacks == BENT:
        # Many short lines: few ways.
        for k in range(ranges.shape[0]):
            beta = base_angle(ranges, k)
            n = add_way(cfgs, n, size, KERB, beta, 0.0, 0.0, 1.0, 0.0)
            n = add_way(cfgs, n, size, KERB, beta, 1.0, 0.0, 1.0, 0.0)
        return n
    for k in range(count):
        beta = angles[k]
        across = length * abs(math.sin(beta)) + width * abs(math.cos(beta))
        if across > depth + 0.35:
            continue
        slack = depth - across
        n = add_way(cfgs, n, size, KERB, beta, 0.0, 0.0, 1.0, 0.0)
        n = add_way(cfgs, n, size, EDGE, beta, 0.0, 0.0, 1.0, 0.0)
        n = add_way(cfgs, n, size, KERB, beta, 1.0, 0.0, 1.0, 0.0)
        if 1 <= richness < _PROBE and slack > 0.15:
            n = add_way(cfgs, n, size, KERB, beta, 2.0, 0.5, 1.0, 0.0)
            if richness >= 2 and slack > 0.3:
                n = add_way(cfgs, n, size, KERB, beta, 2.0, 0.25, 1.0, 0.0)
                n = add_way(cfgs, n, size, KERB, beta, 2.0, 0.75, 1.0, 0.0)
    if stacks == STACKS:
        for k in range(count):
            across = length * abs(math.sin(angles[k])) + width * abs(math.cos(angles[k]))
            square = abs(math.sin(2.0 * angles[k])) < 1e-6 or (not free and richness == 0)
            if not square:
                continue
            members = math.floor((depth + 1e-6) / across)
            for m in range(2, min(members, MOST_STACKED) + 1):
                n = add_way(cfgs, n, size, KERB, angles[k], 0.0, 0.0, float(m), across)
                n = add_way(cfgs, n, size, EDGE, angles[k], 0.0, 0.0, float(m), across)
    return n


@njit(cache=True, error_model="numpy")
def find_gaps(ground, size, depth):  # type: ignore[no-untyped-def]
    """Stretches of the kerb that slots can cover, apart from one another: (n, 2) arc lengths.

    Slots a little too small are laid on all lines; what no such slot can cover parts one gap from the next.
    """
    lines, ranges = ground[3], ground[6]
    cfgs = np.empty((192, 10))
    free = ranges[0, 1] - ranges[0, 0] >= math.pi - 1e-9
    bent = BENT if lines[0, 10] > 0.0 and not free else 0
    count = ways(ranges, size, depth, _PROBE, bent, cfgs)
    shrink = 1.5 * _SHRINK_M if bent == BENT else _SHRINK_M
    at, span = free_intervals(ground, cfgs, count, size, shrink, -FAR, FAR)
    found = left_free(ground, cfgs[:count], (at, span), ALL, np.empty((0, 8)), 0, at, span)
    lo, hi = np.empty(found), np.empty(found)
    for i in range(found):
        line = lines[at[i, 1]]
        beta = cfgs[at[i, 0], 1]
        out = 0.5 * (size[0] * abs(math.cos(beta)) + size[1] * abs(math.sin(beta))) + 0.5 * size[2]
        if line[10] > 0.0:
            out *= 1.15
        lo[i], hi[i] = line[4] + span[i, 0] - out, line[4] + span[i, 1] + out
    sort_intervals(lo, hi, found)
    gaps = np.empty((min(found, _MOST_GAPS), 2))
    n = 0
    for i in range(found):
        if n > 0 and lo[i] <= gaps[n - 1, 1]:
            gaps[n - 1, 1] = max(gaps[n - 1, 1], hi[i])
        elif n < gaps.shape[0]:
            gaps[n, 0], gaps[n, 1] = lo[i], hi[i]
            n += 1
    return gaps[:n].copy()


@njit(cache=True, error_model="numpy")
def fill(ground, size, gap, cfgs, count, free, which, placed, n):  # type: ignore[no-untyped-def]
    """One more row of slots among those ``placed`` (m, 8), n of them so far; returns how many there are then.

    ``free`` is what the edges leave to the ways of standing ``cfgs[:count]``, of which ``which`` may be used.
    """
    room = count * (24 + 2 * ground[4])
    at = np.empty((room, 3), dtype=np.int64)
    span = np.empty((room, 3))
    # A row holds only so many.
    rows = min(placed.shape[0] - n, MOST_STACKED * (3 + int((gap[1] - gap[0]) / min(size[0], size[1]))))
    found = left_free(ground, cfgs[:count], free, which, placed, n, at, span)
    if found == 0:
        return n
    return n + pack_row(ground[3], cfgs, count, size, at, span, found, placed[n : n + rows])


@njit(cache=True, error_model="numpy")
def least_pitch(ranges, size):  # type: ignore[no-untyped-def]
    """Least length along the kerb and least depth across it that a slot takes, at the angles that are allowed."""
    pitch, across = size[1], size[1]
    if ranges[0, 1] - ranges[0, 0] < math.pi - 1e-9:
        pitch, across = FAR, FAR
        for r in range(ranges.shape[0]):
            beta = base_angle(ranges, r)
            c, s = abs(math.cos(beta)), abs(math.sin(beta))
            across = min(across, size[0] * s + size[1] * c)
            pitch = min(pitch, size[0] / c if size[0] * s <= size[1] * c else size[1] / s)
            for k in range(2):
                across = min(
                    across, size[0] * abs(math.sin(ranges[r, k])) + size[1] * abs(math.cos(ranges[r, k]))
                )
    return pitch, across


@njit(cache=True, error_model="numpy")
def gap_bounds(ground, size, depth, gaps, bounds):  # type: ignore[no-untyped-def]
    """About how many slots each gap (g, 2) may hold at most, to see where a search is worth its time; no proof."""
    lines = ground[3]
    pitch, across = least_pitch(ground[6], size)
    bent = lines[0, 10] > 0.0
    stretch = 1.12 if bent else 1.0
    straight = lines.shape[0] > 0 and not bent and not (ground[4] > 1 and lines[1, 8] == KERB)
    areas = _gap_areas(ground, depth, gaps) if straight else np.full(gaps.shape[0], FAR)
    for g in range(gaps.shape[0]):
        bound = FAR
        if depth < 2.0 * across:
            long = gaps[g, 1] - gaps[g, 0] + size[2] + 0.02
            bound = math.floor(stretch * long / (pitch + size[2]))
        if straight:
            bound = min(bound, math.floor(1.02 * areas[g] / (size[0] * size[1])))
        bounds[g] = int(min(bound, 1e6))


@njit(cache=True, error_model="numpy")
def _gap_areas(ground, depth, gaps):  # type: ignore[no-untyped-def]
    """Ground of each gap along a straight kerb (g,), less the cars on it, square metres."""
    edges, kinds, line = ground[0], ground[1], ground[3][0]
    x0, y0 = line[0] - line[4], line[1]
    areas = np.zeros(gaps.shape[0])
    for i in range(edges.shape[0]):
        ax, ay, bx, by = edges[i, 0], edges[i, 1], edges[i, 2], edges[i, 3]
        # Gaps are in order and apart.
        g = np.searchsorted(gaps[:, 1], min(ax, bx) - x0, side="right")
        while g < gaps.shape[0] and x0 + gaps[g, 0] < max(ax, bx):
            a, b = (
                min(max(ax, x0 + gaps[g, 0]), x0 + gaps[g, 1]),
                min(max(bx, x0 + gaps[g, 0]), x0 + gaps[g, 1]),
            )
            if a != b:
                ya = ay + (by - ay) * (a - ax) / (bx - ax)
                yb = ay + (by - ay) * (b - ax) / (bx - ax)
                if kinds[i] != ZONE:
                    ya, yb = min(max(ya, y0), y0 + depth), min(max(yb, y0), y0 + depth)
                piece = 0.5 * (ya + yb - 2.0 * y0) * (b - a)
                areas[g] += -piece if kinds[i] == ZONE else piece
            g += 1
    return areas


@njit(cache=True, error_model="numpy")
def decode(ground, size, gap, cfgs, count, free, first, deep, slots):  # type: ignore[no-untyped-def]
    """Slots of a gap on what is ``free``, by a plan: ALL ways at once, those NEAR the kerb first, or those BEYOND first.

    Where the zone is not ``deep`` there is one row.
    """
    n = np.int64(0)
    if first != ALL:
        n = fill(ground, size, gap, cfgs, count, free, first, slots, n)
        n = fill(ground, size, gap, cfgs, count, free, NEAR + BEYOND - first, slots, n)
    before = np.int64(-1)
    while n < slots.shape[0] - 1 and n != before:
        before = n
        n = fill(ground, size, gap, cfgs, count, free, ALL, slots, n)
        if not deep:
            break
    return n
