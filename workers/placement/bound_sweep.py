# SPDX-License-Identifier: AGPL-3.0-or-later
"""How many slots of a group of pose boxes can stand together, at most, by sweeping from west to east.

Slots are convex and share no ground, so that on every line their chords are apart, and "west of on some line" has no
cycle: there is an order in which each slot comes after all that are west of it on a line both surely cover. Add slots
in that order and remember, for a few lines, how far east the slots so far reach at least: the frontier. A slot of a box
can only stand where its chords begin east of the frontier; the least x of the box that allows it gives the next
frontier. Frontiers that are east of another on every line are dropped; when too many are left, two are replaced by the
western end of both, line by line. Neither can make the bound too low. In the order, neighbours that share no line may
be exchanged, so a slot that shares none with the one before it need not be tried west of it. Each frontier also carries
the weight used so far, at least (``bound_measure``); no more than the whole can be used.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_EPS = 1e-9
_NEAR = 1e-6
# Frontiers closer than this count as one.
_NOTHING_M = 0.02
_FAR = 1e17


@njit(cache=True, error_model="numpy")
def stabbing_lines(boxes, tables):  # type: ignore[no-untyped-def]
    """Few lines of which every box surely covers at least one, ascending: between the southmost and northmost choice."""
    n_boxes = boxes.shape[0]
    first, last = np.empty(n_boxes, dtype=np.int64), np.empty(n_boxes, dtype=np.int64)
    for n in range(n_boxes):
        lines = tables[int(boxes[n, 5])][1]
        i, part, m = int(boxes[n, 0]), int(boxes[n, 1]), int(boxes[n, 2])
        first[n], last[n] = m + lines[i, part, 0], m + lines[i, part, 1]
    north = np.empty(n_boxes, dtype=np.int64)
    count, at = 0, -1
    for n in np.argsort(last):
        if first[n] > at and first[n] <= last[n]:
            at = last[n]
            north[count] = at
            count += 1
    south = north[:count].copy()
    left = count
    at = 1 << 40
    for n in np.argsort(-first):
        if last[n] < at and first[n] <= last[n]:
            at = first[n]
            left -= 1
            if left >= 0:
                south[left] = at
    chosen = north[:count].copy()
    for n in range(count):
        chosen[n] = (north[n] + south[n]) // 2
    for n in range(n_boxes):
        hit = first[n] > last[n]
        for k in chosen:
            hit = hit or first[n] <= k <= last[n]
        if not hit:
            return north[:count].copy()
    return chosen


@njit(cache=True, error_model="numpy")
def most_by_sweep(boxes, gains, total, ground, tables, scale, kept_lines, keep, limit):  # type: ignore[no-untyped-def]
    """The bound by sweeping, at most ``limit``; ``keep`` frontiers are kept on ``kept_lines``.

    ``gains`` (N,) and ``total`` are weights as from ``most_by_measure``.
    """
    starts, high = ground[0], ground[2]
    count, d_count, n_boxes = starts.shape[0] - 1, kept_lines.shape[0], boxes.shape[0]
    at_least, at_most = np.empty(n_boxes, dtype=np.int64), np.empty(n_boxes, dtype=np.int64)
    for n in range(n_boxes):
        lines = tables[int(boxes[n, 5])][1]
        i, part, m = int(boxes[n, 0]), int(boxes[n, 1]), int(boxes[n, 2])
        at_least[n] = np.searchsorted(kept_lines, m + lines[i, part, 0])
        at_most[n] = np.searchsorted(kept_lines, m + lines[i, part, 1], side="right") - 1
        if at_least[n] > at_most[n]:
            return limit  # a slot that no kept line sees could be added for ever
    # A frontier: the lines' reach (d,), then the last slot's centre, its first and last line, the weight used.
    width = d_count + 4
    now, then = np.full((keep + 1, width), -_FAR), np.empty((keep + 1, width))
    now[0, d_count + 1], now[0, d_count + 2], now[0, d_count + 3] = -1.0, count, 0.0
    held = 1
    reach = np.empty(width)
    hint = np.empty(d_count, dtype=np.int64)
    placed = 0
    while placed < limit:
        found = 0
        for q in range(held):
            state = now[q]
            for d in range(d_count):
                k = kept_lines[d]
                f = starts[k]
                while f < starts[k + 1] and high[f] < state[d] + 0.1:
                    f += 1
                hint[d] = f
            for n in range(n_boxes):
                used = state[d_count + 3] + gains[n]
                if used > total + _NEAR:
                    continue
                d0, d1 = at_least[n], at_most[n]
                if not _add(boxes[n], state, hint, (d0, d1), ground, tables, scale, kept_lines, reach):
                    continue
                reach[d_count + 1], reach[d_count + 2], reach[d_count + 3] = d0, d1, used
                found = _remember(reach, then, found, d_count)
                if found > keep:
                    found = _merge(then, found, d_count)
        if found == 0:
            break
        placed += 1
        held = found
        now, then = then, now
    return placed


@njit(cache=True, error_model="numpy")
def _add(box, state, hint, kept, ground, tables, scale, kept_lines, reach):  # type: ignore[no-untyped-def]
    """Whether a slot of the box can follow a frontier; the next frontier and its centre into ``reach``."""
    starts, low, high = ground
    chords = tables[int(box[5])][0]
    i, part, m = int(box[0]), int(box[1]), int(box[2])
    d_count = kept_lines.shape[0]
    middle, spaced = chords.shape[2] // 2 - m, chords.shape[3] - 3
    x = box[3]
    if (kept[1] < state[d_count + 1] or kept[0] > state[d_count + 2]) and state[d_count] > x:
        x = state[d_count]
    for d in range(kept[0], kept[1] + 1):
        k = kept_lines[d]
        x = max(x, state[d] - chords[i, part, k + middle, spaced] * scale[k])
    for d in range(d_count):
        reach[d] = state[d]
    moved = True
    while moved:
        moved = False
        if x > box[4] + _EPS:
            return False
        for d in range(kept[0], kept[1] + 1):
            k = kept_lines[d]
            chord = chords[i, part, k + middle]
            right, shortest = chord[1] * scale[k], chord[2] * scale[k]
            f = hint[d]
            while f < starts[k + 1] and (
                high[f] < x + right - _NEAR or max(low[f], state[d]) + shortest > high[f] + _NEAR
            ):
                f += 1
            if f >= starts[k + 1]:
                return False
            if low[f] - chord[0] * scale[k] > x + _NEAR:
                x = low[f] - chord[0] * scale[k]
                moved = True
            reach[d] = max(
                x + chord[spaced + 1] * scale[k], state[d] + chord[spaced + 2] * scale[k], low[f] + shortest
            )
    reach[d_count] = x
    return True


@njit(cache=True, error_model="numpy")
def _remember(new, frontiers, found, d_count):  # type: ignore[no-untyped-def]
    """Keep a frontier unless one as good is there, and drop those it beats; returns how many there are."""
    for p in range(found):
        old = frontiers[p]
        if old[d_count + 1] > new[d_count + 1] or old[d_count + 2] < new[d_count + 2]:
            continue
        if old[d_count] > new[d_count] + _NOTHING_M or old[d_count + 3] > new[d_count + 3] + 1e-3:
            continue
        beaten = True
        for d in range(d_count):
            if old[d] > new[d] + _NOTHING_M:
                beaten = False
                break
        if beaten:
            # All but beaten counts too: what is kept is the western end of both.
            for c in range(d_count + 1):
                old[c] = min(old[c], new[c])
            old[d_count + 3] = min(old[d_count + 3], new[d_count + 3])
            return found
    p = 0
    while p < found:
        old = frontiers[p]
        beats = new[d_count + 1] <= old[d_count + 1] and new[d_count + 2] >= old[d_count + 2]
        beats = beats and new[d_count] <= old[d_count] and new[d_count + 3] <= old[d_count + 3]
        for d in range(d_count):
            beats = beats and new[d] <= old[d]
        if beats:
            found -= 1
            frontiers[p] = frontiers[found]
        else:
            p += 1
    frontiers[found] = new
    return found + 1


@njit(cache=True, error_model="numpy")
def _merge(frontiers, found, d_count):  # type: ignore[no-untyped-def]
    """Replace the two most alike frontiers by the western end of both; returns how many are left."""
    first, second, least = 0, 1, np.inf
    for p in range(found):
        for q in range(p):
            unlike = abs(frontiers[p, d_count + 3] - frontiers[q, d_count + 3])
            for d in range(d_count):
                unlike += min(abs(frontiers[p, d] - frontiers[q, d]), 20.0)
            for c in range(d_count, d_count + 3):
                unlike += 0.3 * min(abs(frontiers[p, c] - frontiers[q, c]), 20.0)
            if unlike < least:
                first, second, least = q, p, unlike
    for c in range(d_count + 4):
        if c == d_count + 2:
            frontiers[first, c] = max(frontiers[first, c], frontiers[second, c])
        else:
            frontiers[first, c] = min(frontiers[first, c], frontiers[second, c])
    frontiers[second] = frontiers[found - 1]
    return found - 1
