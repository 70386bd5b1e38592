# SPDX-License-Identifier: AGPL-3.0-or-later
"""How many slots a strip of ground can hold, at most: group by group of pose boxes.

Boxes of poses whose intervals of x overlap, directly or through others, are a group; the slots of two groups stand
apart, so the groups' bounds, each a whole number, add up. A group that falls apart when its boxes are made finer
(``bound_group``) is bounded by its parts.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from workers.placement.bound_frame import into, rings_into
from workers.placement.bound_group import groups, most_in_group
from workers.placement.bound_poses import all_boxes, free_intervals

# More than any bound: what comes out when counting would take too long.
UNKNOWN = 1 << 40


@njit(cache=True, error_model="numpy")
def _centres(frame, lines, spans, xy):  # type: ignore[no-untyped-def]
    """How far along the lines those centres (n, 2) stand that this strip counts."""
    first, pitch, count = lines
    near = into(frame, xy)
    found = np.empty(near.shape[0])
    n = 0
    for i in range(near.shape[0]):
        k = math.floor((near[i, 1] - first) / pitch)
        if 0 <= k < count and spans[k, 0] <= near[i, 0] <= spans[k, 1]:
            found[n] = near[i, 0]
            n += 1
    return found[:n]


@njit(cache=True, error_model="numpy")
def _found_among(places, boxes):  # type: ignore[no-untyped-def]
    """How many of the slots found, by their centres' x, stand where the boxes are."""
    west, east = boxes[:, 3].min() - 0.02, boxes[:, 4].max() + 0.02
    found = 0
    for x in places:
        found += west <= x <= east
    return found


@njit(cache=True, error_model="numpy")
def most_in_strip(strip, cars_xy, car_starts, found_xy, effort):  # type: ignore[no-untyped-def]
    """The bound of one strip of ground, and where it is above what was found: (q, 3) west, east, most.

    Args:
        strip: ``bound_strip.Strip.compiled``: frame, lines, zone, the centres that count, scale, chord tables of
            ``cells``, each of half their size of the one before, ``cells``, a slot's shape.
        cars_xy, car_starts: rings of blocked ground, as ``packed.PackedGround``.
        found_xy: (n, 2) the centres of slots that stand.
        effort: boxes at most, work in nanoseconds by counting, of how many lines one is measured, frontiers kept, steps of
            a sweep. The bound is beyond all reason when there are too many boxes.
    """
    frame, lines, zone, spans, scale, tables, cells, shape = strip
    cars, starts = rings_into(frame, cars_xy, car_starts)
    ground = free_intervals(zone[0], zone[1], cars, starts, lines[0], lines[1], lines[2])
    places = _centres(frame, lines, spans, found_xy)
    boxes = all_boxes(ground, tables[0], scale, spans, effort[2], effort[0])
    if boxes.shape[0] > effort[0]:
        return UNKNOWN, np.empty((0, 3))
    field = (ground, tables, cells, shape, scale)
    work = float(effort[1])
    # A tree: what falls apart holds no more than before, nor more than its parts together.
    most, parents, asunder = [UNKNOWN], [-1], [True]
    stretches = [(0.0, 0.0, 0)]
    waiting, owners = [boxes], [0]
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
            here, work, left, go_on = most_in_group(members, wanted, most[owner], field, effort[2:], work)
            if go_on:
                waiting.append(left)
                owners.append(len(most))
            most.append(here)
            parents.append(owner)
            asunder.append(go_on)
            stretches.append((members[:, 3].min(), members[:, 4].max(), wanted))
    sums = np.zeros(len(most), dtype=np.int64)
    unmet = np.empty((len(most), 3))
    unmet_count = 0
    for node in range(len(most) - 1, 0, -1):
        here = min(most[node], sums[node]) if asunder[node] else most[node]
        sums[parents[node]] += here
        west, east, wanted = stretches[node]
        if here > wanted and not asunder[node]:
            unmet[unmet_count, 0], unmet[unmet_count, 1], unmet[unmet_count, 2] = west, east, here
            unmet_count += 1
    return sums[0], unmet[:unmet_count]
