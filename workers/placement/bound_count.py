# SPDX-License-Identifier: AGPL-3.0-or-later
"""How many slots of a group of pose boxes can stand together, at most: by measure, and by sweeping from west to east.

*By measure.* Give each level line k a weight w_k such that what any slot of the group surely covers of the lines
weighs at least 1. Slots do not share ground, so their number is at most the weight of the ground they can cover. The
best weights solve a small linear programme; any weights, scaled until the least slot weighs 1, give a valid bound, so
rounding and stopping early cost tightness only.

*By sweeping.* Slots are convex and share no ground, so that on every line their chords are apart, and "west of on some
line" has no cycle: there is an order in which each slot comes after all that are west of it on a line both surely cover.
Add slots in that order and remember, for a few lines, how far east the slots so far reach at least: the frontier. A slot
of a box can only stand where its chords begin east of the frontier; the least x of the box that allows it gives the
next frontier. Frontiers that are east of another on every line are dropped; when too many are left, two are replaced by
the western end of both, line by line. Neither can make the bound too low. In the order, neighbours that share no line
may be exchanged, so a slot that shares none with the one before it need not be tried west of it. Each frontier also
carries the weight used so far, at least; no more than the whole can be used.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from workers.placement.bound_poses import all_boxes, halved

_EPS = 1e-9
_NEAR = 1e-6
# The simplex method: pivots between two weighings of all boxes, weighings, boxes that come in at a weighing.
_PIVOTS = 150
_ROUNDS = 40
_AT_ONCE = 12
# Frontiers closer than this count as one.
_NOTHING_M = 0.02
# More than any bound: what comes out when counting would take too long.
UNKNOWN = 1 << 40
_FAR = 1e17


@njit(cache=True)
def groups(boxes):  # type: ignore[no-untyped-def]
    """Group number of each box, and how many: boxes whose intervals of x overlap, directly or through others."""
    order = np.argsort(boxes[:, 3])
    number = np.empty(boxes.shape[0], dtype=np.int64)
    count, end = 0, -np.inf
    for n in order:
        if boxes[n, 3] > end + _EPS:
            count += 1
        number[n] = count - 1
        end = max(end, boxes[n, 4])
    return number, count


@njit(cache=True)
def coverable(boxes, ground, tables, scale, reach):  # type: ignore[no-untyped-def]
    """How much of each line the group's slots can cover, metres: of the free intervals that its boxes use."""
    starts, low, high = ground
    count = starts.shape[0] - 1
    west, east = np.full(low.shape[0], np.inf), np.full(low.shape[0], -np.inf)
    for box in boxes:
        chords, lines = tables[int(box[5])]
        i, part, m = int(box[0]), int(box[1]), int(box[2])
        for k in range(m + lines[i, part, 0], m + lines[i, part, 1] + 1):
            right = chords[i, part, k - m + chords.shape[2] // 2, 1] * scale[k]
            f, last = starts[k], starts[k + 1] - 1
            while f < last:  # the first interval that ends east of the chord
                middle = (f + last) // 2
                if high[middle] < box[3] + right - _NEAR:
                    f = middle + 1
                else:
                    last = middle
            west[f] = min(west[f], box[3] - reach * scale[k])
            east[f] = max(east[f], box[4] + reach * scale[k])
    length = np.zeros(count)
    for k in range(count):
        for f in range(starts[k], starts[k + 1]):
            length[k] += max(0.0, min(high[f], east[f]) - max(low[f], west[f]))
    return length


@njit(cache=True)
def _weigh(boxes, tables, scale, weights, gains):  # type: ignore[no-untyped-def]
    """What a slot of each box weighs at least, into ``gains``; returns the least."""
    least = np.inf
    for n in range(boxes.shape[0]):
        chords, lines = tables[int(boxes[n, 5])]
        i, part, m = int(boxes[n, 0]), int(boxes[n, 1]), int(boxes[n, 2])
        middle = chords.shape[2] // 2 - m
        gain = 0.0
        for k in range(m + lines[i, part, 0], m + lines[i, part, 1] + 1):
            gain += weights[k] * chords[i, part, k + middle, 2] * scale[k]
        gains[n] = gain
        least = min(least, gain)
    return least


@njit(cache=True)
def _columns(boxes, chosen, tables, scale, count):  # type: ignore[no-untyped-def]
    """(chosen, lines): the shortest chords of some boxes."""
    columns = np.zeros((chosen.shape[0], count))
    for row in range(chosen.shape[0]):
        box = boxes[chosen[row]]
        chords, lines = tables[int(box[5])]
        i, part, m = int(box[0]), int(box[1]), int(box[2])
        for k in range(m + lines[i, part, 0], m + lines[i, part, 1] + 1):
            columns[row, k] = chords[i, part, k - m + chords.shape[2] // 2, 2] * scale[k]
    return columns


@njit(cache=True)
def _pivot(column, profit, worth, inverse, filled, price, value):  # type: ignore[no-untyped-def]
    """One step of the simplex method: let a column, given in the basis, in. False when nothing bounds it."""
    count = column.shape[0]
    leave, ratio = -1, np.inf
    for k in range(count):
        if column[k] > _EPS and filled[k] / column[k] < ratio:
            leave, ratio = k, filled[k] / column[k]
    if leave < 0:
        return False
    filled[leave] /= column[leave]
    value[leave] = worth
    for other in range(count):
        inverse[leave, other] /= column[leave]
        price[other] += profit * inverse[leave, other]
    for k in range(count):
        if k != leave and column[k] != 0.0:
            filled[k] = max(0.0, filled[k] - column[k] * filled[leave])
            for other in range(count):
                inverse[k, other] -= column[k] * inverse[leave, other]
    return True


@njit(cache=True)
def _price(columns, basis):  # type: ignore[no-untyped-def]
    """Pivot until none of the columns, nor a line's slack, betters the packing."""
    inverse, filled, price, value = basis
    for _ in range(_PIVOTS):
        cheapest = int(np.argmin(price))
        if price[cheapest] < -_EPS:
            # A line that is not filled after all: its slack comes back.
            column = inverse[:, cheapest].copy()
            if not _pivot(column, -price[cheapest], 0.0, inverse, filled, price, value):
                return
            continue
        lightest, least = -1, 1.0 - 1e-7
        for row in range(columns.shape[0]):
            gain = 0.0
            for k in range(price.shape[0]):
                gain += price[k] * columns[row, k]
            if gain < least:
                lightest, least = row, gain
        if lightest < 0:
            return
        column = np.zeros(price.shape[0])
        for other in range(price.shape[0]):
            if columns[lightest, other] != 0.0:
                for k in range(price.shape[0]):
                    column[k] += inverse[k, other] * columns[lightest, other]
        if not _pivot(column, 1.0 - least, 1.0, inverse, filled, price, value):
            return


@njit(cache=True)
def most_by_measure(boxes, length, tables, scale):  # type: ignore[no-untyped-def]
    """The bound by measure, a real number, with the weight of a slot of each box (N,) when the whole weighs that.

    The simplex method on the packing of slots into the lines' lengths, a column for each box; its prices are the
    weights. Boxes come in a few at a time, those that weigh least first. Stops when no better whole number can come
    out. Infinite when some box is sure of no line.
    """
    count, n_boxes = length.shape[0], boxes.shape[0]
    full = length + _NEAR
    gains = np.zeros(n_boxes)
    weights = np.ones(count)
    best, best_gains = np.inf, np.zeros(n_boxes)
    basis = (np.eye(count), full.copy(), np.zeros(count), np.zeros(count))
    working = np.empty(0, dtype=np.int64)
    for _ in range(_ROUNDS):
        least = _weigh(boxes, tables, scale, weights, gains)
        total = 0.0
        for k in range(count):
            total += weights[k] * full[k]
        if least > _EPS and total / least < best:
            best = total / least
            best_gains[:] = gains / least
        reached = (basis[1] * basis[3]).sum()
        if best < 2.0 or (best < 1e9 and np.floor(best) <= np.floor(reached + _NEAR)):
            break
        if least >= 1.0 - 1e-6 and working.shape[0] > 0:
            break
        order = np.argsort(gains)
        fresh = order[: min(n_boxes, _AT_ONCE)]
        if working.shape[0] > 0:
            working = np.concatenate((working, fresh))
        else:
            # To begin with, boxes from all over.
            working = np.arange(0, n_boxes, max(1, n_boxes // _AT_ONCE))
        _price(_columns(boxes, working, tables, scale, count), basis)
        weights = np.maximum(basis[2], 0.0)
    return best, best_gains


@njit(cache=True)
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


@njit(cache=True)
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


@njit(cache=True)
def _add(box, state, hint, kept, ground, tables, scale, kept_lines, reach):  # type: ignore[no-untyped-def]
    """Whether a slot of the box can follow a frontier; the next frontier and its centre into ``reach``."""
    starts, low, high = ground
    chords = tables[int(box[5])][0]
    i, part, m = int(box[0]), int(box[1]), int(box[2])
    d_count = kept_lines.shape[0]
    middle = chords.shape[2] // 2 - m
    x = box[3]
    if (kept[1] < state[d_count + 1] or kept[0] > state[d_count + 2]) and state[d_count] > x:
        x = state[d_count]
    for d in range(kept[0], kept[1] + 1):
        k = kept_lines[d]
        x = max(x, state[d] - chords[i, part, k + middle, 3] * scale[k])
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
            reach[d] = max(x + chord[4] * scale[k], state[d] + chord[5] * scale[k], low[f] + shortest)
    reach[d_count] = x
    return True


@njit(cache=True)
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


@njit(cache=True)
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


@njit(cache=True)
def most_in_group(boxes, ground, tables, scale, reach, keep, steps):  # type: ignore[no-untyped-def]
    """The bound of one group of boxes, by measure and then by a sweep of about ``steps`` steps at most."""
    length = coverable(boxes, ground, tables, scale, reach)
    total, gains = most_by_measure(boxes, length, tables, scale)
    most = int(np.floor(min(total + _NEAR, 1e9)))
    if most <= 1:
        return most
    kept_lines = stabbing_lines(boxes, tables)
    if kept_lines.shape[0] == 1:
        # On one line the westernmost frontier is all there is to know.
        keep = 1
    elif most * keep * boxes.shape[0] > steps:
        keep = steps // (most * boxes.shape[0])
        if keep < 2:
            return most
    return min(most, most_by_sweep(boxes, gains, total, ground, tables, scale, kept_lines, keep, most))


@njit(cache=True)
def most_in_strip(ground, tables, scale, spans, reach, effort):  # type: ignore[no-untyped-def]
    """The bound of one strip of ground: the sum over groups of boxes, made finer where a group is small.

    ``tables`` are chord tables, each of half the cells' size of the one before. ``effort`` is (boxes at most, boxes of
    a group that is made finer, frontiers kept, steps of a sweep). Beyond all reason when there are too many boxes.
    """
    boxes = all_boxes(ground, tables[0], scale, spans, effort[0])
    if boxes.shape[0] > effort[0]:
        return UNKNOWN
    most = 0
    waiting = [boxes]
    while len(waiting) > 0:
        boxes = waiting.pop()
        number, count = groups(boxes)
        for group in range(count):
            members = boxes[number == group]
            if members.shape[0] <= effort[1] and members[:, 5].min() < len(tables) - 1:
                waiting.append(halved(members, ground, tables, scale))
            else:
                most += most_in_group(members, ground, tables, scale, reach, effort[2], effort[3])
    return most
