# SPDX-License-Identifier: AGPL-3.0-or-later
"""How many slots of a group of pose boxes can stand together, at most, by weighing shares.

Give the shares of ``bound_measure`` weights such that every slot of the group, taken at the shortest chords that its
box allows, collects at least 1: since no share adds up to more than 1, the sum of the weights is a bound on the number
of slots. The best weights solve a small linear programme; any weights, scaled until the lightest box collects 1, give
a valid bound, so rounding and stopping early cost tightness only.

Few boxes matter: they come into the programme one after another, the lightest first. The programme's value for those
that came in can only grow, so once it is as high as a bound that is known, these boxes alone stand in the way of a
better one; its prices say which of them.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from workers.placement.bound_measure import share

_EPS = 1e-9
_NEAR = 1e-6
# Rounds of weighing all boxes, boxes that come in at a round, pivots in all, rows held.
_ROUNDS = 24
_AT_ONCE = 6
_PIVOTS = 400
_ROWS = 72
# About how long a pivot and weighing one box take, in nanoseconds: beside so many for each number of the dictionary.
_PIVOT_NS, _NUMBER_NS, _BOX_NS = 300, 0.3, 5


@njit(cache=True, error_model="numpy")
def most_by_measure(measured, count, gone, begin, least, most, gains, prices):  # type: ignore[no-untyped-def]
    """The bound by measure of the first ``count`` boxes but those ``gone``.

    ``measured`` is (chords (M, N), length (M,), shares (C, 2)) of ``bound_measure``; ``begin`` are boxes that come in
    first. Stops when ``least`` slots or fewer are proved, when no whole number less than ``most`` can be, or when no
    better one can.

    Returns the bound, a real number, infinite when nothing is proved, and about how long it took in nanoseconds by
    counting. ``gains`` (N,) gets what a slot of each box collects when the weights add up to the bound, and ``prices``
    (N,) how much each box stands in the way of a lower one, 0 for most.
    """
    _chords, _length, shares = measured
    columns = shares.shape[0]
    best, spent = np.inf, 0.0
    prices[:] = 0.0
    values = np.empty((_ROWS, columns))
    rhs, price = np.zeros(_ROWS), np.ones(columns)
    basic, nonbasic = np.empty(_ROWS, dtype=np.int64), np.arange(columns)
    weights, weighed = np.zeros(columns), np.zeros(count)
    taken = gone[:count].copy()
    entering = np.empty(max(_AT_ONCE, begin.shape[0]), dtype=np.int64)
    come = begin.shape[0]
    entering[:come] = begin
    if come == 0:
        # From all over.
        come = _AT_ONCE
        for k in range(come):
            entering[k] = k * count // come
    rows = 0
    left = _PIVOTS
    for _ in range(_ROUNDS):
        for n in entering[:come]:
            if taken[n]:
                continue
            if rows == _ROWS:
                rows = _drop_slack(values, rhs, basic, rows, columns)
                if rows == _ROWS:
                    break
            taken[n] = True
            _add_row(values, rhs, basic, nonbasic, rows, measured, n)
            rows += 1
        before = left
        left = _solve((values, basic, nonbasic), rhs, price, rows, left)
        spent += (before - left) * (_PIVOT_NS + _NUMBER_NS * rows * columns)
        if left < 0:
            return np.inf, spent
        weights[:] = 0.0
        for r in range(rows):
            if basic[r] < columns:
                weights[basic[r]] = max(0.0, rhs[r])
        total = weights.sum()
        if np.floor(total + _NEAR) >= most:
            break
        _weigh(measured, weights, weighed)
        spent += count * _BOX_NS
        lightest, come = _lightest(weighed, gone, taken, entering)
        if lightest > _EPS and total / lightest < best:
            best = total / lightest
            gains[:count] = weighed / lightest
        if best < least + 1.0 - _NEAR or np.floor(min(best, most)) <= np.floor(total + _NEAR):
            break
        if lightest >= 1.0 - 1e-6 or left == 0:
            break
    for c in range(columns):
        if nonbasic[c] >= columns:
            prices[nonbasic[c] - columns] = price[c]
    return best, spent


@njit(cache=True, error_model="numpy")
def _lightest(weighed, gone, taken, entering):  # type: ignore[no-untyped-def]
    """What the lightest box collects, and how many boxes of those not ``taken`` come to ``entering``, the lightest."""
    lightest, come = np.inf, 0
    for n in range(weighed.shape[0]):
        weight = weighed[n]
        if gone[n]:
            continue
        lightest = min(lightest, weight)
        if taken[n] or weight >= 1.0 - 1e-7:
            continue
        if come == _AT_ONCE:
            if weighed[entering[come - 1]] <= weight:
                continue
            come -= 1
        k = come
        while k > 0 and weighed[entering[k - 1]] > weight:
            entering[k] = entering[k - 1]
            k -= 1
        entering[k] = n
        come += 1
    return lightest, come


@njit(cache=True, error_model="numpy")
def _weigh(measured, weights, weighed):  # type: ignore[no-untyped-def]
    """What a slot of each box collects (N,)."""
    chords, length, shares = measured
    weighed[:] = 0.0
    for c in range(weights.shape[0]):
        if weights[c] <= 0.0:
            continue
        row, parts = shares[c, 0], shares[c, 1]
        if parts == 0:
            much = weights[c] / length[row]
            for n in range(weighed.shape[0]):
                weighed[n] += much * chords[row, n]
        else:
            much, times = weights[c] / parts, (parts + 1) / length[row]
            for n in range(weighed.shape[0]):
                weighed[n] += much * max(0.0, np.floor(times * chords[row, n] - 1e-7))


@njit(cache=True, error_model="numpy")
def _solve(table, rhs, price, rows, left):  # type: ignore[no-untyped-def]
    """Dual simplex on a dictionary, basic = rhs + table x nonbasic, prices at least 0, until no rhs is negative.

    ``left`` pivots are left. Returns how many are left then, -1 when a row cannot be met. ``table`` (0): values,
    (1): what is basic and nonbasic.
    """
    values, basic, nonbasic = table
    columns = price.shape[0]
    out = np.empty(columns)
    while left > 0:
        leave, least = -1, -1e-9
        for r in range(rows):
            if rhs[r] < least:
                leave, least = r, rhs[r]
        if leave < 0:
            return left
        enter, ratio = -1, np.inf
        for c in range(columns):
            # The least ratio of price and value, without a division for each.
            if values[leave, c] > 1e-9 and price[c] < ratio * values[leave, c]:
                enter, ratio = c, price[c] / values[leave, c]
        if enter < 0:
            return -1
        left -= 1
        pivot = 1.0 / values[leave, enter]
        step = -rhs[leave] * pivot
        # A row of its own: the compiler can then take several columns at a time.
        for c in range(columns):
            out[c] = -pivot * values[leave, c]
        out[enter] = pivot
        rhs[leave] = step
        for r in range(rows):
            much = values[r, enter]
            if r == leave or much == 0.0:
                continue
            values[r, enter] = 0.0
            rhs[r] += much * step
            for c in range(columns):
                values[r, c] += much * out[c]
        for c in range(columns):
            values[leave, c] = out[c]
        much = price[enter]
        price[enter] = 0.0
        for c in range(columns):
            price[c] = max(0.0, price[c] + much * out[c])
        basic[leave], nonbasic[enter] = nonbasic[enter], basic[leave]
    return left


@njit(cache=True, error_model="numpy")
def _add_row(values, rhs, basic, nonbasic, rows, measured, n):  # type: ignore[no-untyped-def]
    """Box n must collect at least 1: one more row of the dictionary, basic in its slack."""
    chords, length, shares = measured
    columns = nonbasic.shape[0]
    values[rows, :] = 0.0
    rhs[rows] = -1.0
    basic[rows] = columns + n
    for c in range(columns):
        if nonbasic[c] < columns:
            row = shares[nonbasic[c], 0]
            if chords[row, n] > 0.0:
                values[rows, c] = share(chords[row, n], length[row], shares[nonbasic[c], 1])
    for r in range(rows):
        if basic[r] < columns:
            row = shares[basic[r], 0]
            if chords[row, n] > 0.0:
                much = share(chords[row, n], length[row], shares[basic[r], 1])
                if much > 0.0:
                    rhs[rows] += much * rhs[r]
                    for c in range(columns):
                        values[rows, c] += much * values[r, c]


@njit(cache=True, error_model="numpy")
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
