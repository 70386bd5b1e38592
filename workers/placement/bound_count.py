# SPDX-License-Identifier: AGPL-3.0-or-later
"""How many slots a strip of ground can hold, at most: group by group of pose boxes, finer only where that may help.

Boxes of poses whose intervals of x overlap, directly or through others, are a group; the slots of two groups stand
apart, so the groups' bounds, each a whole number, add up. A group is bounded by measure (``bound_measure``), then by
sweeping (``bound_sweep``) where that is cheap. Where neither comes down to the number of slots already found there, the
boxes that stand in the way, the lightest, are halved in angle and depth: their slots cover more for certain, or none
can stand there at all. This goes on until the number is met, boxes are as fine as the tables go, or the work allowed is
used up.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from workers.placement.bound_measure import chords_in_intervals, most_by_measure
from workers.placement.bound_poses import all_boxes, halved, none_stands
from workers.placement.bound_sweep import most_by_sweep, stabbing_lines

_EPS = 1e-9
_NEAR = 1e-6
# More than any bound: what comes out when counting would take too long.
UNKNOWN = 1 << 40
# Boxes made finer at a time.
_AT_ONCE = 48
# A group that may hold one slot is looked at more closely, down to millimetres, when it has few boxes.
_FEW, _TRIED = 40, 400
# A sweep seldom takes a slot off a measure that is further above a whole number.
_HARDLY = 0.1
# A long row whose bound stays as it is, however fine its boxes, is left alone: there is room for one more but for
# millimetres.
_FEW_SLOTS, _NO_BETTER, _PATIENCE = 3, 1e-3, 2


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
def _found_among(places, boxes):  # type: ignore[no-untyped-def]
    """How many of the slots found, by their centres' x, stand where the boxes are."""
    west, east = np.inf, -np.inf
    for n in range(boxes.shape[0]):
        west, east = min(west, boxes[n, 3]), max(east, boxes[n, 4])
    found = 0
    for x in places:
        found += west - 0.02 <= x <= east + 0.02
    return found


@njit(cache=True)
def _by_sweep(boxes, gains, total, most, ground, tables, scale, keep, steps):  # type: ignore[no-untyped-def]
    """``most``, or less when a sweep of about ``steps`` steps shows it."""
    kept_lines = stabbing_lines(boxes, tables)
    if kept_lines.shape[0] == 1:
        # On one line the westernmost frontier is all there is to know.
        keep = 1
    if most <= 3:
        steps *= 3
    if most * keep * boxes.shape[0] > steps:
        keep = steps // (most * boxes.shape[0])
        if keep < min(2, kept_lines.shape[0]):
            return most
    return min(most, most_by_sweep(boxes, gains, total, ground, tables, scale, kept_lines, keep, most))


@njit(cache=True)
def _in_the_way(boxes, gains, total, aim, finest):  # type: ignore[no-untyped-def]
    """The boxes to make finer (N,): the lightest of those too light for a proof that ``aim`` slots are the most."""
    light = np.zeros(boxes.shape[0], dtype=np.bool_)
    left = _AT_ONCE
    for n in np.argsort(gains):
        if left == 0 or (total < 1e9 and gains[n] * (aim + 1) > total + _NEAR):
            break
        if boxes[n, 5] < finest:
            light[n] = True
            left -= 1
    return light


@njit(cache=True)
def most_in_strip(ground, tables, cells, shape, scale, spans, places, effort):  # type: ignore[no-untyped-def]
    """The bound of one strip of ground, and where it is above what was found: (q, 3) west, east, most.

    ``tables`` are chord tables of ``cells`` and ``shape`` (``bound_tables``), each of half the cells' size of the one
    before; ``places`` the x of the slots found.
    ``effort`` is (boxes at most, work, frontiers kept, steps of a sweep). Beyond all reason when there are too many
    boxes.
    """
    width = 2.0 * shape[1]
    # Along an arc the spacing is left to the sweep.
    spacing = shape[2] if shape[4] == 0.0 else 0.0
    boxes = all_boxes(ground, tables[0], scale, spans, effort[0])
    if boxes.shape[0] > effort[0]:
        return UNKNOWN, np.empty((0, 3))
    # A tree of looks: what is made finer holds no more than before, nor more than its parts together.
    caps, parents = [0], [-1]
    totals, stuck = [0.0], [0]
    places_of = [(0.0, 0.0, 0)]
    work = effort[1]
    waiting, owners = [boxes], [0]
    caps[0] = UNKNOWN
    at = 0
    while at < len(waiting):
        # The smallest first: what is large may use up the work and still not be met.
        least = at
        for k in range(at + 1, len(waiting)):
            if waiting[k].shape[0] < waiting[least].shape[0]:
                least = k
        waiting[at], waiting[least] = waiting[least], waiting[at]
        owners[at], owners[least] = owners[least], owners[at]
        boxes, owner = waiting[at], owners[at]
        at += 1
        number, count = groups(boxes)
        for group in range(count):
            members = boxes[number == group]
            wanted = _found_among(places, members)
            chords, length = chords_in_intervals(members, ground, tables, scale, spacing)
            work -= chords.size
            total, gains = most_by_measure(chords, length, width, wanted)
            here = int(np.floor(min(total + _NEAR, 1e9)))
            if here > max(wanted, 1) and total < here + _HARDLY:
                here = _by_sweep(members, gains, total, here, ground, tables, scale, effort[2], effort[3])
            caps.append(here)
            parents.append(owner)
            places_of.append((members[:, 3].min(), members[:, 4].max(), wanted))
            totals.append(total)
            stuck.append(0)
            if owner > 0 and total > totals[owner] - _NO_BETTER:
                stuck[-1] = stuck[owner] + 1
            if here <= wanted or work <= 0 or (here > _FEW_SLOTS and stuck[-1] >= _PATIENCE):
                continue
            light = _in_the_way(members, gains, total, max(wanted, here - 1), len(tables) - 1)
            if not light.any():
                if here == 1 and members.shape[0] <= _FEW:
                    caps[-1] = 0 if none_stands(members, ground, cells, shape, scale, _TRIED) else 1
            else:
                waiting.append(
                    np.concatenate((members[~light], halved(members[light], ground, tables, scale)))
                )
                owners.append(len(caps) - 1)
    split = np.zeros(len(caps), dtype=np.bool_)
    for owner in owners:
        split[owner] = True
    sums = np.zeros(len(caps), dtype=np.int64)
    unmet = np.empty((len(caps), 3))
    open_groups = 0
    for node in range(len(caps) - 1, 0, -1):
        here = min(caps[node], sums[node]) if split[node] else caps[node]
        sums[parents[node]] += here
        if here > places_of[node][2] and not split[node]:
            unmet[open_groups, 0], unmet[open_groups, 1] = places_of[node][0], places_of[node][1]
            unmet[open_groups, 2] = here
            open_groups += 1
    return sums[0], unmet[:open_groups]
