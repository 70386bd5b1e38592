# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where slots can stand at all: free intervals of level lines, and boxes of poses that nothing there rules out.

A box is a cell of angles and depths with an interval of centres x. What a cell surely covers of each line
(``bound_tables``) must lie within one free interval of the line; where that cannot be, no slot of the cell stands.
Boxes are kept where it can be: every slot that fits lies in a box, and some boxes hold none.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from workers.placement.bound_tables import TINY_M, cell_chords
from workers.placement.production_slides import sort_intervals

_EPS = 1e-9
_CARS = 1000.0
# Pieces of a box that there is room for: four cells, each with a few intervals.
_PIECES = 16
# A cell is halved no more often than this: to 0.1 degrees and 3 mm.
_FINEST = 6


@njit(cache=True, error_model="numpy")
def free_intervals(zone_xy, zone_starts, cars_xy, car_starts, first, pitch, count):  # type: ignore[no-untyped-def]
    """Free ground on ``count`` level lines, y = first + k pitch: inside the zone's rings, outside the cars'.

    Returns ``starts`` (count + 1,), ``low`` and ``high`` (F,): line k has intervals ``starts[k]:starts[k + 1]``, in
    order. Those shorter than any chord that counts are left out.
    """
    crossings = 0
    for xy, rings in ((zone_xy, zone_starts), (cars_xy, car_starts)):
        for ring in range(rings.shape[0] - 1):
            for i in range(rings[ring], rings[ring + 1]):
                j = i + 1 if i + 1 < rings[ring + 1] else rings[ring]
                crossings += int(min(abs(xy[j, 1] - xy[i, 1]) / pitch, count)) + 2
    found_x, found_turn = np.empty(crossings), np.empty(crossings)
    found_line = np.empty(crossings, dtype=np.int64)
    at = np.zeros(count + 1, dtype=np.int64)
    found = 0
    weight = 1.0
    for xy, rings in ((zone_xy, zone_starts), (cars_xy, car_starts)):
        for ring in range(rings.shape[0] - 1):
            for i in range(rings[ring], rings[ring + 1]):
                j = i + 1 if i + 1 < rings[ring + 1] else rings[ring]
                south, north = min(xy[i, 1], xy[j, 1]), max(xy[i, 1], xy[j, 1])
                if south == north:
                    continue
                k0 = max(0, math.ceil(min(max((south - first) / pitch, -1.0), count + 1.0)))
                k1 = min(count, math.ceil(min(max((north - first) / pitch, -1.0), count + 1.0)))
                slope = (xy[j, 0] - xy[i, 0]) / (xy[j, 1] - xy[i, 1])
                for k in range(k0, k1):
                    found_x[found] = xy[i, 0] + (first + k * pitch - xy[i, 1]) * slope
                    # With the inside to the left, a ring's downward edge opens what lies east of it.
                    found_turn[found] = weight if xy[j, 1] < xy[i, 1] else -weight
                    found_line[found] = k
                    at[k + 1] += 1
                    found += 1
        weight = _CARS
    for k in range(count):
        at[k + 1] += at[k]
    order = at[:count].copy()
    x, turn = np.empty(found), np.empty(found)
    for e in range(found):
        place = order[found_line[e]]
        order[found_line[e]] += 1
        x[place], turn[place] = found_x[e], found_turn[e]
    starts = np.zeros(count + 1, dtype=np.int64)
    low, high = np.empty(found + 1), np.empty(found + 1)
    kept = 0
    for k in range(count):
        kept = _sweep(x[at[k] : at[k + 1]], turn[at[k] : at[k + 1]], low, high, kept)
        starts[k + 1] = kept
    return starts, low[:kept].copy(), high[:kept].copy()


@njit(cache=True, error_model="numpy")
def _sweep(x, turn, low, high, kept):  # type: ignore[no-untyped-def]
    """Append the free intervals of one line's crossings to ``low`` and ``high``; returns how many there are now."""
    first = kept
    sort_intervals(x, turn, x.shape[0])
    inside, covered = 0.0, 0.0
    for n in range(x.shape[0] - 1):
        if abs(turn[n]) == _CARS:
            covered += turn[n]
        else:
            inside += turn[n]
        if inside <= 0.0 or covered > 0.0:
            continue
        if kept > first and high[kept - 1] >= x[n] - _EPS:
            high[kept - 1] = x[n + 1]
            continue
        if kept > first and high[kept - 1] - low[kept - 1] < TINY_M - _EPS:
            kept -= 1
        low[kept], high[kept] = x[n], x[n + 1]
        kept += 1
    if kept > first and high[kept - 1] - low[kept - 1] < TINY_M - _EPS:
        kept -= 1
    return kept


@njit(cache=True, error_model="numpy")
def _fit(cell, covered, chords, span, ground, scale, every, scratch, boxes, kept):  # type: ignore[no-untyped-def]
    """Append the boxes of one cell (angle, part, line, level) whose centres lie in ``span`` (low, high).

    ``covered`` and ``chords`` are of ``bound_tables.cell_chords``. The first and the last line are looked at, and of
    those between 0, ``every``, 2 ``every`` ...: on these no box reaches from one interval into another.
    ``scratch`` is two rows of integers as long as there are lines.
    """
    starts, low, high = ground
    chosen, pointer = scratch
    m = cell[2]
    first, last = m + covered[0], m + covered[1]
    middle = chords.shape[0] // 2 - m
    count = 0
    for k in range(first, last + 1):
        if starts[k] == starts[k + 1]:
            return kept
        if k in (first, last) or k % every == 0:
            chosen[count], pointer[count] = k, starts[k]
            count += 1
    x = span[0]
    while x <= span[1]:
        # Round and round the lines until none of them moves x.
        i, still = 0, 0
        while still < count:
            k, f = chosen[i], pointer[i]
            end = starts[k + 1]
            right, shortest = x + chords[k + middle, 1] * scale[k], chords[k + middle, 2] * scale[k]
            while f < end and (high[f] < right - _EPS or high[f] - low[f] < shortest - _EPS):
                f += 1
            if f == end:
                return kept
            pointer[i] = f
            west = low[f] - chords[k + middle, 0] * scale[k]
            if west > x + _EPS:
                x = west
                if x > span[1]:
                    return kept
                still = 0
            still += 1
            i = i + 1 if i + 1 < count else 0
        east = span[1]
        for i in range(count):
            k = chosen[i]
            east = min(east, high[pointer[i]] - chords[k + middle, 1] * scale[k])
        east = max(east, x)
        if kept < boxes.shape[0]:
            boxes[kept, 0], boxes[kept, 1], boxes[kept, 2] = cell[0], cell[1], m
            boxes[kept, 3], boxes[kept, 4], boxes[kept, 5] = x, east, cell[3]
        kept += 1
        x = east + 3 * _EPS
    return kept


@njit(cache=True, error_model="numpy")
def all_boxes(ground, table, scale, spans, every, most):  # type: ignore[no-untyped-def]
    """Boxes (N, 6) of every cell: angle, part, line (whole numbers), least and largest centre x, level 0.

    ``spans`` (lines, 2) are the centres allowed above each line; one line in ``every`` is looked at (``_fit``). More than
    ``most`` boxes: returns ``most`` + 1 rows.
    """
    count = ground[0].shape[0] - 1
    chords, lines, _ = table
    boxes = np.empty((most + 1, 6))
    scratch = (np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64))
    kept = 0
    for i in range(lines.shape[0]):
        for part in range(lines.shape[1]):
            covered = (lines[i, part, 0], lines[i, part, 1])
            for m in range(max(0, -covered[0]), min(count, count - covered[1])):
                if spans[m, 0] <= spans[m, 1] and kept <= most:
                    span = (spans[m, 0], spans[m, 1])
                    kept = _fit(
                        (i, part, m, 0),
                        covered,
                        chords[i, part],
                        span,
                        ground,
                        scale,
                        every,
                        scratch,
                        boxes,
                        kept,
                    )
    return boxes[: min(kept, most + 1)]


@njit(cache=True, error_model="numpy")
def halved(boxes, ground, tables, scale):  # type: ignore[no-untyped-def]
    """Boxes of half the angle and half the depth within ``boxes``; pieces where no slot can stand are gone.

    Boxes of the last level stay as they are, and so do those on ground that is in shreds.
    """
    count = ground[0].shape[0] - 1
    room = boxes.shape[0] * _PIECES
    finer = np.empty((room, 6))
    scratch = (np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64))
    kept = 0
    for n in range(boxes.shape[0]):
        level = int(boxes[n, 5]) + 1
        m, before = int(boxes[n, 2]), kept
        if level < len(tables):
            chords, lines, _ = tables[level]
            for i in (2 * int(boxes[n, 0]), 2 * int(boxes[n, 0]) + 1):
                for part in (2 * int(boxes[n, 1]), 2 * int(boxes[n, 1]) + 1):
                    covered = (lines[i, part, 0], lines[i, part, 1])
                    if m + covered[0] >= 0 and m + covered[1] < count:
                        cell, span = (i, part, m, level), (boxes[n, 3], boxes[n, 4])
                        kept = _fit(
                            cell, covered, chords[i, part], span, ground, scale, 1, scratch, finer, kept
                        )
        if level >= len(tables) or kept - before > _PIECES:
            kept = before
            finer[kept] = boxes[n]
            kept += 1
    return finer[:kept]


@njit(cache=True, error_model="numpy")
def none_stands(boxes, ground, cells, shape, scale, work):  # type: ignore[no-untyped-def]
    """Whether no slot can stand in any of the boxes, by cells finer than any table; at most ``work`` are tried.

    ``cells`` (T, 2) are the angles of the first table, each of which is cut in half at every level, as is the depth.
    """
    count = ground[0].shape[0] - 1
    farthest = int((math.hypot(shape[0], shape[1]) + shape[2]) / shape[3]) + 2
    chords = np.empty((2 * farthest + 1, 6))
    scratch = (np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64))
    room = boxes.shape[0] + _PIECES + 4 * work
    stack = np.empty((room, 6))
    stack[: boxes.shape[0]] = boxes
    left = boxes.shape[0]
    while left > 0:
        left -= 1
        box = stack[left].copy()
        level, m = int(box[5]) + 1, int(box[2])
        if level > _FINEST:
            return False
        step = 0.5**level
        for i in (2 * int(box[0]), 2 * int(box[0]) + 1):
            cell, nth = cells[i >> level], i - ((i >> level) << level)
            wide = (cell[1] - cell[0]) * step
            theta = (cell[0] + nth * wide, cell[0] + (nth + 1) * wide)
            for part in (2 * int(box[1]), 2 * int(box[1]) + 1):
                depth = (part * step * shape[3], (part + 1) * step * shape[3])
                work -= 1
                if work < 0:
                    return False
                covered = cell_chords(shape, theta, depth, chords)
                if covered[0] > covered[1]:
                    return False
                if m + covered[0] < 0 or m + covered[1] >= count:
                    continue
                before = left
                left = _fit(
                    (i, part, m, level),
                    covered,
                    chords,
                    (box[3], box[4]),
                    ground,
                    scale,
                    1,
                    scratch,
                    stack[: left + _PIECES],
                    left,
                )
                if left > before + _PIECES or left > room - _PIECES:
                    return False  # on ground in shreds, or too many
    return True
