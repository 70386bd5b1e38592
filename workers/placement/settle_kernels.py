# SPDX-License-Identifier: AGPL-3.0-or-later
"""Compiled parts of settling a layout: which spaces of the last one still stand, and sharing out what room is to spare.

Slots are rows (x, y, cos, sin, spaced half sizes, half sizes) in the kerb's frame, as in `production_check`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from workers.placement.production_check import apart, stands
from workers.placement.production_ground import gather
from workers.placement.production_worth import room_beside

# Free ground is looked for this far; a gap with more room than a slot needs holds another one.
_LOOK_M = 12.0
_TOUCH_M = 1e-4
# A chain that cannot be spread goes half of the way, half of that, and so on down to this part.
_LEAST_PART = 0.1
# How far a standing space may be nudged when a car's outline came a little nearer, metres, least first.
_NUDGES_M = (0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.18, 0.25)


@njit(cache=True, error_model="numpy")
def row_axis(slot, size):  # type: ignore[no-untyped-def]
    """Which of its axes a slot has along the kerb: 0 its length, 1 its width."""
    return 0 if size[0] * abs(slot[3]) <= size[1] * abs(slot[2]) else 1


@njit(cache=True, error_model="numpy")
def _direction(slot, axis):  # type: ignore[no-untyped-def]
    """An axis as a unit vector, in the kerb's sense."""
    ox, oy = (slot[2], slot[3]) if axis == 0 else (-slot[3], slot[2])
    if ox < 0.0:
        ox, oy = -ox, -oy
    return ox, oy


@njit(cache=True, error_model="numpy")
def _fits(ground, slots, n, i, x, y, work):  # type: ignore[no-untyped-def]
    """Whether slot i may stand at (x, y) among the first n others."""
    a = slots[i]
    if not stands(ground, x, y, a[2], a[3], a[6], a[7], work):
        return False
    moved = a.copy()
    moved[0], moved[1] = x, y
    near = 0
    for j in range(n):
        if j != i and not apart(slots[j], moved):
            near += 1
    return near == 0


@njit(cache=True, error_model="numpy")
def still_standing(ground, slots, size):  # type: ignore[no-untyped-def]
    """Move the slots that may still stand to the front, nudged where they must be; returns how many, and which first.

    Those that need not move have precedence. ``order`` (n,) tells where each came from.
    """
    count = slots.shape[0]
    edges = ground[0].shape[0]
    work = (np.empty((edges, 4)), np.empty(edges, dtype=np.int64))
    given = slots.copy()
    order = np.empty(count, dtype=np.int64)
    used = np.zeros(count, dtype=np.bool_)
    n = 0
    for i in range(count):
        slots[n] = given[i]
        if _fits(ground, slots, n, n, given[i, 0], given[i, 1], work):
            order[n], used[i] = i, True
            n += 1
    for i in range(count):
        if used[i]:
            continue
        slots[n] = given[i]
        first = row_axis(given[i], size)
        found = False
        for step in _NUDGES_M:
            for k in range(4):
                ox, oy = _direction(given[i], first if k < 2 else 1 - first)
                sign = step if k % 2 == 0 else -step
                x, y = given[i, 0] + sign * ox, given[i, 1] + sign * oy
                if _fits(ground, slots, n, n, x, y, work):
                    slots[n, 0], slots[n, 1] = x, y
                    found = True
                    break
            if found:
                break
        if found:
            order[n] = i
            n += 1
    return n, order


@njit(cache=True, error_model="numpy")
def better_parts(fresh, steady, fixed, out, out_fixed):  # type: ignore[no-untyped-def]
    """Of two layouts take, in each part of the zone where they are in each other's way, the one with more slots.

    With as many, the steady one. Returns how many slots ``out`` has; ``out_fixed`` says which of them stood before.
    """
    p, q = fresh.shape[0], steady.shape[0]
    group = np.arange(p + q)
    changed = True
    while changed:
        changed = False
        for i in range(p):
            for j in range(q):
                if group[i] != group[p + j] and not apart(fresh[i], steady[j]):
                    least = min(group[i], group[p + j])
                    group[i], group[p + j] = least, least
                    changed = True
    balance = np.zeros(p + q, dtype=np.int64)
    for i in range(p):
        balance[group[i]] += 1
    for j in range(q):
        balance[group[p + j]] -= 1
    n = 0
    for j in range(q):
        if balance[group[p + j]] <= 0:
            out[n], out_fixed[n] = steady[j], fixed[j]
            n += 1
    for i in range(p):
        if balance[group[i]] > 0:
            out[n], out_fixed[n] = fresh[i], False
            n += 1
    return n


@njit(cache=True, error_model="numpy")
def _beyond(ground, slots, n, i, ox, oy, axis, work):  # type: ignore[no-untyped-def]
    """Room beside slot i in a direction along its row, and the slot that ends it, or -1."""
    a = slots[i]
    half = (a[7] if axis == 0 else a[6]) - _TOUCH_M
    out = a[6] if axis == 0 else a[7]
    spaced = a[4] if axis == 0 else a[5]
    line = np.empty(4)
    line[0], line[1], line[2], line[3] = a[0], a[1], ox, oy
    m = gather(ground, line, 0.0, out + _LOOK_M, -half, half, work[0], work[1])
    free = min(
        room_beside(work[0], m, slots, 0, -1, a[0], a[1], ox, oy, out - _TOUCH_M, half) - _TOUCH_M, _LOOK_M
    )
    free = max(free, 0.0)
    who = -1
    for j in range(n):
        px, py = slots[j, 0] - a[0], slots[j, 1] - a[1]
        u, v = ox * px + oy * py, ox * py - oy * px
        if j == i or u <= 0.0:
            continue
        c, s = abs(ox * slots[j, 2] + oy * slots[j, 3]), abs(ox * slots[j, 3] - oy * slots[j, 2])
        if abs(v) >= half + slots[j, 6] * s + slots[j, 7] * c - _TOUCH_M:
            continue
        gap = max(0.0, u - spaced - slots[j, 4] * c - slots[j, 5] * s)
        if gap < free:
            free, who = gap, j
    return free, who


@njit(cache=True, error_model="numpy")
def share_out(ground, slots, n, fixed, size):  # type: ignore[no-untyped-def]
    """Move the slots that are not fixed along their rows, so that all room to spare within a gap is shared out evenly.

    A driver has room on either side then, and a car that is seen a hand's breadth further along moves no space.
    """
    edges = ground[0].shape[0]
    work = (np.empty((edges, 4)), np.empty(edges, dtype=np.int64))
    room = np.empty((n, 2))
    side = np.empty((n, 2), dtype=np.int64)
    for i in range(n):
        axis = row_axis(slots[i], size)
        ox, oy = _direction(slots[i], axis)
        room[i, 0], side[i, 0] = _beyond(ground, slots, n, i, -ox, -oy, axis, work)
        room[i, 1], side[i, 1] = _beyond(ground, slots, n, i, ox, oy, axis, work)
    chain = np.empty(n, dtype=np.int64)
    for i in range(n):
        left = side[i, 0]
        if fixed[i] or (left >= 0 and not fixed[left] and side[left, 1] == i):
            continue
        count, spare = _chain_from(i, room, side, fixed, chain)
        before = slots[chain[:count], :2].copy()
        part = 1.0
        while part > _LEAST_PART and not _spread(
            ground, slots, n, chain[:count], before, room, part * spare / (count + 1), part, size, work
        ):
            part *= 0.5
        if part <= _LEAST_PART:
            for k in range(count):
                slots[chain[k], 0], slots[chain[k], 1] = before[k, 0], before[k, 1]


@njit(cache=True, error_model="numpy")
def _chain_from(first, room, side, fixed, chain):  # type: ignore[no-untyped-def]
    """The slots that may move from ``first`` on along its row, up to the next fixed thing: (how many, room to spare)."""
    chain[0] = first
    count, spare = 1, room[first, 0] + room[first, 1]
    while count < chain.shape[0]:
        last = chain[count - 1]
        right = side[last, 1]
        if right < 0 or fixed[right] or side[right, 0] != last:
            break
        chain[count] = right
        spare += room[right, 1]
        count += 1
    return count, spare


@njit(cache=True, error_model="numpy")
def _spread(ground, slots, n, chain, before, room, share, part, size, work):  # type: ignore[no-untyped-def]
    """Give each gap of a chain its share of the room, or a part of the way there; whether all its slots may stand so."""
    passed = room[chain[0], 0]
    for k in range(chain.shape[0]):
        me = chain[k]
        shift = (k + 1) * share - part * passed
        ox, oy = _direction(slots[me], row_axis(slots[me], size))
        slots[me, 0], slots[me, 1] = before[k, 0] + shift * ox, before[k, 1] + shift * oy
        passed += room[me, 1]
    good = True
    for k in range(chain.shape[0]):
        me = chain[k]
        good = good and _fits(ground, slots, n, me, slots[me, 0], slots[me, 1], work)
    return good
