# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the slots of a group of pose boxes surely take of the free intervals of level lines, and shares of these.

Slots share no ground, so their chords on a free interval of a line are apart and no longer together than the interval.
A *share* is a function of a chord's length that adds up to at most 1 over any such chords (a dual feasible function:
Fekete and Schepers 2001, "New classes of fast lower bounds for bin packing problems"): its part of the interval's
length, or that part rounded down to whole m-ths, floor((m + 1) chord / length) / m, which knows that a row of 11 m
holds two slots of 4.6 m and not 2.4. ``bound_weights`` makes a bound of shares.

Not every line need be measured: neighbours say nearly the same.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_NEAR = 1e-6
# Chords much shorter than a slot's width are of corners; rounding looks at longer ones.
_WHOLE = 0.98


@njit(cache=True, error_model="numpy")
def intervals_near(boxes, ground, reaches, scale, every):  # type: ignore[no-untyped-def]
    """The free intervals that a group's slots come near, of lines 0, ``every``, 2 ``every`` ..., as rows of a matrix.

    ``reaches`` is how far along x a slot of any box can reach. Returns ``first`` (lines,), the first such interval of
    each line, and ``rows`` (lines + 1,): interval ``first[k] + i`` of line k is row ``rows[k] + i``.
    """
    starts, low, high = ground
    count = starts.shape[0] - 1
    west, east = boxes[:, 3].min(), boxes[:, 4].max()
    widest = reaches.max()
    first = np.zeros(count, dtype=np.int64)
    rows = np.zeros(count + 1, dtype=np.int64)
    for k in range(count):
        rows[k + 1] = rows[k]
        if k % every != 0:
            continue
        margin = widest * scale[k] + 1e-3
        f = starts[k]
        while f < starts[k + 1] and high[f] < west - margin:
            f += 1
        first[k] = f
        while f < starts[k + 1] and low[f] < east + margin:
            f += 1
        rows[k + 1] += f - first[k]
    return first, rows


@njit(cache=True, error_model="numpy")
def write_chords(held, begin, end, near, ground, tables, scale, measure, chords, reached):  # type: ignore[no-untyped-def]
    """Write to columns ``begin`` to ``end`` of ``chords`` (M, N) the shortest chords of these boxes of ``held`` (N, 6).

    0 where a box is sure of none. ``near`` is of ``intervals_near``; ``reached`` (2, M), how far west and east slots
    come in each interval, grows with them. ``measure`` is (of how many lines one is measured, spacing): the
    spacing counts with chords, since one with half of it on either side departs from the interval by no more than that half.
    """
    every, spacing = measure
    first, rows = near
    high = ground[2]
    shortest = 5 if spacing > 0.0 else 2
    chords[:, begin:end] = 0.0
    for n in range(begin, end):
        table, lines, reaches = tables[int(held[n, 5])]
        i, part, m = int(held[n, 0]), int(held[n, 1]), int(held[n, 2])
        middle = table.shape[2] // 2 - m
        south = m + lines[i, part, 0]
        for k in range(south + -south % every, m + lines[i, part, 1] + 1, every):
            f, last = first[k], first[k] + rows[k + 1] - rows[k] - 1
            right = held[n, 3] + table[i, part, k + middle, 1] * scale[k] - _NEAR
            while f < last and high[f] < right:
                f += 1
            row = rows[k] + f - first[k]
            chords[row, n] = table[i, part, k + middle, shortest] * scale[k]
            reach = reaches[i] * scale[k]
            reached[0, row] = min(reached[0, row], held[n, 3] - reach)
            reached[1, row] = max(reached[1, row], held[n, 4] + reach)


@njit(cache=True, error_model="numpy")
def reachable_lengths(near, reached, ground, scale, spacing):  # type: ignore[no-untyped-def]
    """How much of each interval (M,) slots can take, metres: what they reach, and ``spacing`` more."""
    first, rows = near
    low, high = ground[1], ground[2]
    length = np.zeros(reached.shape[1])
    for k in range(first.shape[0]):
        for row in range(rows[k], rows[k + 1]):
            west, east = reached[0, row], reached[1, row]
            if west < east:
                f = first[k] + row - rows[k]
                length[row] = min(high[f], east) - max(low[f], west) + spacing * scale[k] + _NEAR
    return length


@njit(cache=True, error_model="numpy")
def share(chord, length, parts):  # type: ignore[no-untyped-def]
    """What a chord takes of an interval: its part of the length, or rounded down to whole ``parts``."""
    if parts == 0:
        return chord / length
    return max(0.0, np.floor((parts + 1) * chord / length - 1e-7)) / parts


@njit(cache=True, error_model="numpy")
def worth_weighing(chords, count, length, width):  # type: ignore[no-untyped-def]
    """The shares worth weighing (C, 2), interval and parts, for the first ``count`` boxes of slots so wide.

    Rounding goes by the longest and the shortest whole chord of an interval.
    """
    shares = np.empty((3 * length.shape[0], 2), dtype=np.int64)
    found = 0
    for row in range(length.shape[0]):
        longest, shortest = 0.0, np.inf
        if length[row] > 0.0:
            for n in range(count):
                chord = chords[row, n]
                longest = max(longest, chord)
                if chord >= _WHOLE * width:
                    shortest = min(shortest, chord)
        if longest <= 0.0:
            continue
        few = int(length[row] / longest)
        many = int(length[row] / shortest) if shortest < np.inf else 0
        shares[found, 0], shares[found, 1] = row, 0
        found += 1
        if few >= 1:
            shares[found, 0], shares[found, 1] = row, few
            found += 1
        if many > few:
            shares[found, 0], shares[found, 1] = row, many
            found += 1
    return shares[:found]


@njit(cache=True, error_model="numpy")
def shares_for(chords, length, shares, prices):  # type: ignore[no-untyped-def]
    """``shares`` and those that would lower a bound: on each interval the rounding that suits some box with a price.

    ``prices`` (N,) are of ``bound_weights.most_by_measure``: a share of which such boxes together take more than 1, each
    times its price, is worth a weight.
    """
    priced = np.flatnonzero(prices > 1e-9)
    more = np.empty((shares.shape[0] + length.shape[0], 2), dtype=np.int64)
    count = shares.shape[0]
    more[:count] = shares
    for row in range(length.shape[0]):
        best, best_parts = 1.0 + 1e-6, 0
        for n in priced:
            if chords[row, n] <= 0.0:
                continue
            parts = int(length[row] / chords[row, n])
            if parts < 1 or parts == best_parts:
                continue
            taken = 0.0
            for other in priced:
                taken += prices[other] * share(chords[row, other], length[row], parts)
            if taken > best:
                best, best_parts = taken, parts
        if best_parts > 0:
            more[count, 0], more[count, 1] = row, best_parts
            count += 1
    return more[:count]
