# SPDX-License-Identifier: AGPL-3.0-or-later
"""How many slots one group of pose boxes can hold, at most: finer only where that may help.

A group is bounded by measure (``bound_weights``). Where that does not come down to the number of slots already found
there, the boxes that stand in the way of a better bound, often one or two, are halved in angle and depth: their slots
cover more for certain, or none can stand there at all. This goes on until the number is met, or until those in the way
are as fine as the tables go: then the rest need not be looked at. Where the measure is hardly above a whole number,
sweeping (``bound_sweep``) may still do, and for that the lightest boxes are halved.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from workers.placement.bound_measure import (
    intervals_near,
    reachable_lengths,
    shares_for,
    worth_weighing,
    write_chords,
)
from workers.placement.bound_poses import halved, none_stands
from workers.placement.bound_sweep import most_by_sweep, stabbing_lines
from workers.placement.bound_weights import most_by_measure

_EPS = 1e-9
_NEAR = 1e-6
# Room for boxes made finer, at least; a group that needs more is begun anew without those that are gone.
_ROOM = 256
# Of boxes just made finer so many are weighed first.
_FIRST = 24
# For a sweep, boxes made finer at a time, and how often; at once for a row of more slots than a few, whose measure
# seldom gets better than whole.
_AT_ONCE, _SWEEPS, _FEW_SLOTS = 48, 2, 3
# A sweep seldom takes a slot off a measure that is further above a whole number.
_HARDLY = 0.1
# A group that may hold one slot is looked at more closely, down to millimetres, when it has few boxes.
_FEW, _TRIED = 40, 400
# About how long things take, in nanoseconds: a box halved, its chords written, a step of a sweep.
_HALVE_NS, _WRITE_NS, _STEP_NS = 1500.0, 175.0, 70.0


@njit(cache=True, error_model="numpy")
def groups(boxes):  # type: ignore[no-untyped-def]
    """Group number of each box, and how many groups: boxes whose intervals of x overlap, directly or through others."""
    order = np.argsort(boxes[:, 3])
    number = np.empty(boxes.shape[0], dtype=np.int64)
    count, end = 0, -np.inf
    for n in order:
        if boxes[n, 3] > end + _EPS:
            count += 1
        number[n] = count - 1
        end = max(end, boxes[n, 4])
    return number, count


@njit(cache=True, error_model="numpy")
def _by_sweep(boxes, gains, total, most, ground, tables, scale, keep, steps):  # type: ignore[no-untyped-def]
    """``most``, or less when a sweep of about ``steps`` steps shows it; and about how long that took, nanoseconds."""
    kept_lines = stabbing_lines(boxes, tables)
    if kept_lines.shape[0] == 1:
        # On one line the westernmost frontier is all there is to know.
        keep = 1
    if most <= 3:
        steps *= 3
    if most * keep * boxes.shape[0] > steps:
        keep = steps // (most * boxes.shape[0])
        if keep < min(2, kept_lines.shape[0]):
            return most, 0.0
    found = most_by_sweep(boxes, gains, total, ground, tables, scale, kept_lines, keep, most)
    return min(most, found), most * keep * boxes.shape[0] * _STEP_NS


@njit(cache=True, error_model="numpy")
def _in_the_way(held, count, prices, finest):  # type: ignore[no-untyped-def]
    """Boxes with a price: those that can be made finer, and those that cannot."""
    coarse, fine = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    k, q = 0, 0
    for n in range(count):
        if prices[n] <= _EPS:
            continue
        if held[n, 5] < finest:
            coarse[k] = n
            k += 1
        else:
            fine[q] = n
            q += 1
    return coarse[:k], fine[:q]


@njit(cache=True, error_model="numpy")
def _lightest(held, gains, gone, finest):  # type: ignore[no-untyped-def]
    """The lightest boxes that can be made finer."""
    chosen = np.empty(_AT_ONCE, dtype=np.int64)
    k = 0
    for n in np.argsort(gains):
        if k < _AT_ONCE and not gone[n] and held[n, 5] < finest:
            chosen[k] = n
            k += 1
    return chosen[:k]


@njit(cache=True, error_model="numpy")
def _first_in(fine, begin, end):  # type: ignore[no-untyped-def]
    """What is weighed first: boxes in the way that stay, and some of the new ones, ``begin`` to ``end``."""
    step = max(1, -(-(end - begin) // _FIRST))
    return np.concatenate((fine, np.arange(begin, end, step)))


@njit(cache=True, error_model="numpy")
def _measured(boxes, room, field, every, spacing):  # type: ignore[no-untyped-def]
    """A group's boxes (``room``, 6), their chords (M, ``room``), the intervals' lengths (M,), and which these are."""
    ground, tables, _, _, scale = field
    count = boxes.shape[0]
    held = np.empty((room, 6))
    held[:count] = boxes
    near = intervals_near(boxes, ground, tables[0][2], scale, every)
    rows = near[1][-1]
    chords, reached = np.empty((rows, room)), np.empty((2, rows))
    reached[0], reached[1] = np.inf, -np.inf
    write_chords(held, 0, count, near, ground, tables, scale, (every, spacing), chords, reached)
    return held, chords, reachable_lengths(near, reached, ground, scale, spacing), (near, reached)


@njit(cache=True, error_model="numpy")
def most_in_group(boxes, wanted, most, field, effort, work):  # type: ignore[no-untyped-def]
    """The bound of one group of boxes (N, 6), at most ``most``; it need not be less than ``wanted``.

    ``field`` is (ground, tables, cells, shape, scale) and ``effort`` (of how many lines one is measured, frontiers
    kept, steps of a sweep) of ``bound_count.most_in_strip``; ``work`` is left, in nanoseconds by counting.

    Returns the bound, the work left then, the boxes left, and whether to go on with these: they fall apart into groups,
    or are too many to go on here.
    """
    ground, tables, cells, shape, scale = field
    every, frontiers, steps = effort
    # Along an arc the spacing is left to the sweep.
    spacing = shape[2] if shape[4] == 0.0 else 0.0
    finest = len(tables) - 1
    count = boxes.shape[0]
    room = count + max(_ROOM, count // 2)
    held, chords, length, (near, reached) = _measured(boxes, room, field, every, spacing)
    shares = worth_weighing(chords, count, length, 2.0 * shape[1])
    gone = np.zeros(room, dtype=np.bool_)
    gains, prices = np.zeros(room), np.zeros(room)
    begin = np.empty(0, dtype=np.int64)
    work -= count * _WRITE_NS
    here, lowest = most, np.inf
    sweeps, first = 0, True
    go_on = False
    while True:
        # To sweep the weights themselves are asked, whether they prove anything new or not.
        measured = (chords, length, shares)
        best, spent = most_by_measure(
            measured, count, gone, begin, wanted, here + (sweeps > 0), gains, prices
        )
        work -= spent
        before = here
        lowest = min(lowest, best)
        if best + _NEAR < here:
            here = int(np.floor(best + _NEAR))
        if here <= wanted or work <= 0:
            break
        close = here > 1 and best < here + _HARDLY
        if close and (first or sweeps > 0):
            left = np.flatnonzero(~gone[:count])
            here, spent = _by_sweep(
                held[left], gains[left], best, here, ground, tables, scale, frontiers, steps
            )
            work -= spent
            if here <= wanted:
                break
        if here < before:
            sweeps = 0
        elif sweeps > 0 and not close:
            break
        if first and close and here > _FEW_SLOTS:
            sweeps = 1
        first = False
        coarse, fine = _in_the_way(held, count, prices, finest)
        if coarse.shape[0] == 0 and sweeps == 0:
            more = shares_for(chords, length, shares, prices)
            if more.shape[0] > shares.shape[0]:
                shares, begin = more, fine
                continue
            if here > 1 and lowest < here + _HARDLY:
                sweeps, begin = 1, fine
                continue
        if sweeps > 0:
            if sweeps > _SWEEPS:
                break
            sweeps += 1
            coarse = _lightest(held[:count], gains[:count], gone, finest)
        if coarse.shape[0] == 0:
            break
        pieces = halved(held[coarse], ground, tables, scale)
        end = count + pieces.shape[0]
        if end > room:
            go_on = True
            break
        gone[coarse] = True
        held[count:end] = pieces
        write_chords(held, count, end, near, ground, tables, scale, (every, spacing), chords, reached)
        work -= coarse.shape[0] * _HALVE_NS + pieces.shape[0] * _WRITE_NS
        begin = _first_in(fine, count, end)
        count = end
        if pieces.shape[0] < 2 * coarse.shape[0]:
            left = held[:count][~gone[:count]]
            if left.shape[0] == 0:
                here = 0
                break
            if groups(left)[1] > 1:
                go_on = True
                break
    left = held[:count][~gone[:count]]
    if here == 1 and here > wanted and not go_on and work > 0 and left.shape[0] <= _FEW:
        here = 0 if none_stands(left, ground, cells, shape, scale, _TRIED) else 1
    return here, work, left, go_on and here > wanted
