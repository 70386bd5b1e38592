# SPDX-License-Identifier: AGPL-3.0-or-later
"""How many slots of a group of pose boxes can stand together, at most, by measure.

Slots share no ground, so their chords on a free interval of a line are apart and no longer together than the interval.
A *share* is a function of a chord's length that adds up to at most 1 over any such chords (a dual feasible function:
Fekete and Schepers 2001, "New classes of fast lower bounds for bin packing problems"): its part of the interval's
length, or that part rounded down to whole m-ths, floor((m + 1) chord / length) / m, which knows that a row of 11 m
holds two slots of 4.6 m and not 2.4. Give the shares weights such that every slot of the group, taken at the shortest
chords that its box allows, collects at least 1: the sum of the weights is then a bound on their number. The best
weights solve a small linear programme; any weights, scaled until the lightest box collects 1, give a valid bound, so
rounding and stopping early cost tightness only.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_EPS = 1e-9
_NEAR = 1e-6
# Of the linear programme: rounds of weighing all boxes, boxes that come in at a round, pivots in all, rows held.
_ROUNDS = 24
_AT_ONCE = 6
_PIVOTS = 400
_ROWS = 72
# Chords much shorter than a slot's width are of corners; rounding looks at longer ones.
_WHOLE = 0.98


@njit(cache=True)
def chords_in_intervals(boxes, ground, tables, scale, spacing):  # type: ignore[no-untyped-def]
    """What slots of each box surely take of each free interval that the group uses.

    Returns ``chords`` (M, N), the shortest chord of box n in interval m, 0 where it is sure of none, and ``length``
    (M,), how much of each interval the group's slots can reach, metres. ``spacing`` counts with both: a chord with half
    of it on either side departs from the interval by no more than that half.
    """
    starts, low, high = ground
    count, n_boxes = starts.shape[0] - 1, boxes.shape[0]
    # The intervals of each line that the group comes near.
    west, east = np.inf, -np.inf
    for n in range(n_boxes):
        west, east = min(west, boxes[n, 3]), max(east, boxes[n, 4])
    first = np.zeros(count, dtype=np.int64)
    last = np.zeros(count, dtype=np.int64)
    number = np.zeros(count + 1, dtype=np.int64)
    widest = tables[0][2].max()
    for k in range(count):
        a, b = starts[k], starts[k + 1]
        margin = widest * scale[k] + 1e-3
        first[k] = a + np.searchsorted(high[a:b], west - margin)
        last[k] = max(first[k], a + np.searchsorted(low[a:b], east + margin))
        number[k + 1] = number[k] + last[k] - first[k]
    rows = number[count]
    chords = np.zeros((rows, n_boxes))
    from_x, to_x = np.full(rows, np.inf), np.full(rows, -np.inf)
    for n in range(n_boxes):
        level = int(boxes[n, 5])
        table, lines, reaches = tables[level]
        i, part, m = int(boxes[n, 0]), int(boxes[n, 1]), int(boxes[n, 2])
        middle = table.shape[2] // 2 - m
        for k in range(m + lines[i, part, 0], m + lines[i, part, 1] + 1):
            chord = table[i, part, k + middle]
            f = first[k]
            while f < last[k] - 1 and high[f] < boxes[n, 3] + chord[1] * scale[k] - _NEAR:
                f += 1
            row = number[k] + f - first[k]
            chords[row, n] = chord[5 if spacing > 0.0 else 2] * scale[k]
            reach = reaches[i] * scale[k]
            from_x[row] = min(from_x[row], boxes[n, 3] - reach)
            to_x[row] = max(to_x[row], boxes[n, 4] + reach)
    length = np.zeros(rows)
    for k in range(count):
        for f in range(first[k], last[k]):
            row = number[k] + f - first[k]
            if from_x[row] < to_x[row]:
                length[row] = min(high[f], to_x[row]) - max(low[f], from_x[row]) + spacing * scale[k] + _NEAR
    return chords, length


@njit(cache=True)
def _share(chord, length, parts):  # type: ignore[no-untyped-def]
    """What a chord takes of an interval: its part of the length, or rounded down to whole ``parts``."""
    if parts == 0:
        return chord / length
    return max(0.0, np.floor((parts + 1) * chord / length - 1e-7)) / parts


@njit(cache=True)
def _shares(chords, length, width):  # type: ignore[no-untyped-def]
    """The shares worth weighing (C, 2): interval and parts. Rounding goes by the longest and shortest whole chords."""
    found = np.empty((3 * length.shape[0], 2), dtype=np.int64)
    count = 0
    for row in range(length.shape[0]):
        if length[row] <= 0.0:
            continue
        longest, shortest = 0.0, np.inf
        for n in range(chords.shape[1]):
            chord = chords[row, n]
            longest = max(longest, chord)
            if chord >= width:
                shortest = min(shortest, chord)
        if longest <= 0.0:
            continue
        found[count, 0], found[count, 1] = row, 0
        count += 1
        few = int(length[row] / longest)
        many = int(length[row] / shortest) if shortest < np.inf else 0
        if few >= 1:
            found[count, 0], found[count, 1] = row, few
            count += 1
        if many > max(few, 0):
            found[count, 0], found[count, 1] = row, many
            count += 1
    return found[:count]


@njit(cache=True, error_model="numpy")
def _solve(table, rhs, price, rows, left):  # type: ignore[no-untyped-def]
    """Dual simplex on a dictionary, basic = rhs + table x nonbasic, prices at least 0, until no rhs is negative.

    ``left`` pivots are left. Returns how many are left then, -1 when a row cannot be met. ``table`` (0): values,
    (1): what is basic and nonbasic.
    """
    values, basic, nonbasic = table
    columns = price.shape[0]
    while left > 0:
        leave, least = -1, -1e-9
        for r in range(rows):
            if rhs[r] < least:
                leave, least = r, rhs[r]
        if leave < 0:
            return left
        enter, ratio = -1, np.inf
        for c in range(columns):
            if values[leave, c] > 1e-9:
                q = price[c] / values[leave, c]
                if q < ratio:
                    enter, ratio = c, q
        if enter < 0:
            return -1
        left -= 1
        pivot = 1.0 / values[leave, enter]
        step = -rhs[leave] * pivot
        out = values[leave]
        for c in range(columns):
            out[c] *= -pivot
        out[enter] = pivot
        rhs[leave] = step
        for r in range(rows):
            if r == leave:
                continue
            much = values[r, enter]
            if much == 0.0:
                continue
            row = values[r]
            row[enter] = 0.0
            rhs[r] += much * step
            for c in range(columns):
                row[c] += much * out[c]
        much = price[enter]
        price[enter] = 0.0
        for c in range(columns):
            price[c] = max(0.0, price[c] + much * out[c])
        basic[leave], nonbasic[enter] = nonbasic[enter], basic[leave]
    return left


@njit(cache=True)
def most_by_measure(chords, length, width, wanted):  # type: ignore[no-untyped-def]
    """The bound by measure, a real number, and what a slot of each box weighs (N,) when the whole weighs that.

    ``chords`` and ``length`` are of ``chords_in_intervals``; ``width`` is a slot's. Stops when ``wanted`` slots or
    fewer are proved, or when no better whole number can come out. Infinite when a box is sure of nothing.
    """
    n_boxes = chords.shape[1]
    shares = _shares(chords, length, _WHOLE * width)
    columns = shares.shape[0]
    best, best_gains = np.inf, np.zeros(n_boxes)
    if columns == 0:
        return best, best_gains
    values = np.zeros((_ROWS, columns))
    rhs, price = np.zeros(_ROWS), np.ones(columns)
    basic, nonbasic = np.empty(_ROWS, dtype=np.int64), np.arange(columns)
    weights, gains = np.zeros(columns), np.zeros(n_boxes)
    taken = np.zeros(n_boxes, dtype=np.bool_)
    rows = 0
    total = 0.0
    left = _PIVOTS
    for turn in range(_ROUNDS):
        # Boxes that come in: at first from all over, then the lightest.
        for k in range(_AT_ONCE):
            n = -1
            if turn == 0:
                n = k * n_boxes // _AT_ONCE
            else:
                least = 1.0 - 1e-7
                for i in range(n_boxes):
                    if not taken[i] and gains[i] < least:
                        n, least = i, gains[i]
            if n < 0 or taken[n]:
                continue
            if rows == _ROWS:
                rows = _drop_slack(values, rhs, basic, rows, columns)
                if rows == _ROWS:
                    break
            taken[n] = True
            _add_row(values, rhs, basic, nonbasic, rows, shares, chords, length, n, columns)
            rows += 1
        left = _solve((values, basic, nonbasic), rhs, price, rows, left)
        if left < 0:
            return np.inf, best_gains
        weights[:] = 0.0
        for r in range(rows):
            if basic[r] < columns:
                weights[basic[r]] = max(0.0, rhs[r])
        total = weights.sum()
        _weigh(chords, length, shares, weights, gains)
        least = gains.min()
        if least > _EPS and total / least < best:
            best = total / least
            best_gains[:] = gains / least
        if best < wanted + 1.0 - _NEAR or np.floor(best) <= np.floor(total + _NEAR):
            break
        if least >= 1.0 - 1e-6 or left == 0:
            break
    return best, best_gains


@njit(cache=True, error_model="numpy")
def _weigh(chords, length, shares, weights, gains):  # type: ignore[no-untyped-def]
    """What a slot of each box collects."""
    gains[:] = 0.0
    for c in range(weights.shape[0]):
        if weights[c] <= 0.0:
            continue
        here, parts = chords[shares[c, 0]], shares[c, 1]
        if parts == 0:
            much = weights[c] / length[shares[c, 0]]
            for n in range(gains.shape[0]):
                gains[n] += much * here[n]
        else:
            much, times = weights[c] / parts, (parts + 1) / length[shares[c, 0]]
            for n in range(gains.shape[0]):
                gains[n] += much * max(0.0, np.floor(times * here[n] - 1e-7))


@njit(cache=True)
def _add_row(values, rhs, basic, nonbasic, rows, shares, chords, length, n, columns):  # type: ignore[no-untyped-def]
    """Box n must collect at least 1: one more row of the dictionary, basic in its slack."""
    values[rows, :] = 0.0
    rhs[rows] = -1.0
    basic[rows] = columns + n
    for c in range(columns):
        if nonbasic[c] < columns:
            row = shares[nonbasic[c], 0]
            if chords[row, n] > 0.0:
                values[rows, c] = _share(chords[row, n], length[row], shares[nonbasic[c], 1])
    for r in range(rows):
        if basic[r] < columns:
            row = shares[basic[r], 0]
            if chords[row, n] > 0.0:
                much = _share(chords[row, n], length[row], shares[basic[r], 1])
                if much > 0.0:
                    rhs[rows] += much * rhs[r]
                    for c in range(columns):
                        values[rows, c] += much * values[r, c]


@njit(cache=True)
def _drop_slack(values, rhs, basic, rows, columns):  # type: ignore[no-untyped-def]
    """Forget the rows of boxes that collect more than they must."""
    kept = 0
    for r in range(rows):
        if basic[r] >= columns and rhs[r] > 1e-6:
            continue
        if kept != r:
            values[kept] = values[r]
            rhs[kept], basic[kept] = rhs[r], basic[r]
        kept += 1
    return kept
