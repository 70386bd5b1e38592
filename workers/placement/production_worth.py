# SPDX-License-Identifier: AGPL-3.0-or-later
"""Compiled measures of what a layout is worth: whether a car can drive into a slot, and the room a slot has."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from workers.placement.production_ground import angle_kept, gather, zone_edges_of
from workers.placement.production_slides import FAR

# A lane is this much narrower than its slot on either side, and begins this far inside it.
_GRAZE_M = 0.008
_INSET_M = 0.02
# A line runs along a zone's edge where it is this near and turned by no more than this.
_NEAR_M = 0.3
_BESIDE_SIN = 0.5
_ALONG_RAD = math.radians(12.0)


@njit(cache=True, error_model="numpy")
def _beside(lines, x, y, ux, uy):  # type: ignore[no-untyped-def]
    """Whether one of the segments (n, 4) runs past a point in direction (ux, uy)."""
    near = _NEAR_M + 1e-9
    for i in range(lines.shape[0]):
        if min(lines[i, 0], lines[i, 2]) > x + near or max(lines[i, 0], lines[i, 2]) < x - near:
            continue
        if min(lines[i, 1], lines[i, 3]) > y + near or max(lines[i, 1], lines[i, 3]) < y - near:
            continue
        vx, vy = lines[i, 2] - lines[i, 0], lines[i, 3] - lines[i, 1]
        px, py = x - lines[i, 0], y - lines[i, 1]
        square = vx * vx + vy * vy
        if square == 0.0:
            continue
        t = min(max((px * vx + py * vy) / square, 0.0), 1.0)
        dx, dy = px - t * vx, py - t * vy
        if dx * dx + dy * dy <= _NEAR_M * _NEAR_M:
            turn = ux * vy - uy * vx
            if turn * turn <= _BESIDE_SIN * _BESIDE_SIN * square * (ux * ux + uy * uy):
                return True
    return False


@njit(cache=True, error_model="numpy")
def _open_at(way_in, edges, shell, i, x, y):  # type: ignore[no-untyped-def]
    """Whether cars may drive over the zone's edge i at a point. ``way_in`` is (segments, whether they are access)."""
    if i >= shell:
        return False
    lines, access = way_in
    ux, uy = edges[i, 2] - edges[i, 0], edges[i, 3] - edges[i, 1]
    return _beside(lines, x, y, ux, uy) == access


@njit(cache=True, error_model="numpy")
def _first_exit(walls, ids, n, u0, v):  # type: ignore[no-untyped-def]
    """Nearest of the zone's edges ``walls`` beyond u0 across the lane line at v: (u, number of the edge)."""
    best, which = FAR, -1
    for i in range(n):
        if (walls[i, 1] <= v) == (walls[i, 3] <= v):
            continue
        u = walls[i, 0] + (walls[i, 2] - walls[i, 0]) * (v - walls[i, 1]) / (walls[i, 3] - walls[i, 1])
        if u0 <= u < best:
            best, which = u, ids[i]
    return best, which


@njit(cache=True, error_model="numpy")
def _side(hl, hw, k, u, v, c, s):  # type: ignore[no-untyped-def]
    """Side k of a slot, counter-clockwise, as its two ends; in a frame where its middle is (u, v), its axis (c, s)."""
    a = 1.0 if k == 1 or k == 2 else -1.0
    b = 1.0 if k >= 2 else -1.0
    e = 1.0 if k == 0 or k == 1 else -1.0
    f = 1.0 if k == 1 or k == 2 else -1.0
    return (
        u + a * hl * c - b * hw * s,
        v + a * hl * s + b * hw * c,
        u + e * hl * c - f * hw * s,
        v + e * hl * s + f * hw * c,
    )


@njit(cache=True, error_model="numpy")
def _part_in_lane(ay, by, half):  # type: ignore[no-untyped-def]
    """From which to which share of its length a side from ``ay`` to ``by`` lies within ``half`` of the axis; none: 1, 0."""
    if (ay >= half and by >= half) or (ay <= -half and by <= -half):
        return 1.0, 0.0
    if by == ay:
        return 0.0, 1.0
    a, b = (-half - ay) / (by - ay), (half - ay) / (by - ay)
    return max(0.0, min(a, b)), min(1.0, max(a, b))


@njit(cache=True, error_model="numpy")
def _lane_free(ground, way_in, slots, n, me, ox, oy, out, half, work):  # type: ignore[no-untyped-def]
    """Whether the lane from slot ``me`` in direction (ox, oy) leaves the zone over open edges and is free until then.

    ``out`` is from the slot's centre to its side, ``half`` half the lane's width.
    """
    local, ids, walls, wall_ids = work
    frame = ground[2][2]
    far = frame[2] * (frame[3] + frame[4]) + 1.0
    line = np.empty(4)
    line[0], line[1], line[2], line[3] = slots[me, 0], slots[me, 1], ox, oy
    # Most lanes are short, and most long ones shut not far off: look a little way first.
    look = 12.0
    half -= _GRAZE_M
    u0 = out - _INSET_M
    while True:
        m = gather(ground, line, 0.0, min(look, far), -half, half, local, ids)
        nwalls = zone_edges_of(local, ids, m, walls, wall_ids)
        worst = 0.0
        for k in range(7):
            u, _ = _first_exit(walls, wall_ids, nwalls, u0, half * (k - 3) / 3.0000001)
            worst = max(worst, u)
        # Beyond what was gathered an exit may come first.
        until = look if look < far else FAR
        lane = (u0, until, half, nwalls)
        if _edges_shut(ground, way_in, line, lane, m, work):
            return False
        if _slots_shut(slots, n, me, line, lane, worst, work):
            return False
        if worst < look or look >= far:
            return True
        look = 4.0 * look


@njit(cache=True, error_model="numpy")
def _edges_shut(ground, way_in, line, lane, m, work):  # type: ignore[no-untyped-def]
    """Whether blocked ground lies in a lane before its exit, or the exit is over an edge that is not open.

    ``lane`` is (from, until, half the width, how many zone edges); ``m`` edges are gathered.
    """
    local, ids, walls, wall_ids = work
    u0, until, half, nwalls = lane
    for i in range(m):
        ax, ay, bx, by = local[i, 0], local[i, 1], local[i, 2], local[i, 3]
        t0, t1 = _part_in_lane(ay, by, half)
        if t1 < t0:
            continue
        for k in range(3):
            t = t0 + (t1 - t0) * (1e-6 + 0.5 * k * (1.0 - 2e-6))
            u, v = ax + t * (bx - ax), ay + t * (by - ay)
            if u < u0 or u > until:
                continue
            exit_u, which = _first_exit(walls, wall_ids, nwalls, u0, v)
            if ids[i] < 0:
                if u < exit_u - 1e-6:
                    return True
            elif which == ids[i]:
                x, y = line[0] + line[2] * u - line[3] * v, line[1] + line[3] * u + line[2] * v
                if not _open_at(way_in, ground[0], ground[7][1][1], which, x, y):
                    return True
    return False


@njit(cache=True, error_model="numpy")
def _slots_shut(slots, n, me, line, lane, worst, work):  # type: ignore[no-untyped-def]
    """Whether any point of another slot lies in a lane before its exit, ``worst`` the farthest of these."""
    _, _, walls, wall_ids = work
    u0, until, half, nwalls = lane
    ox, oy = line[2], line[3]
    for j in range(n):
        if j == me:
            continue
        px, py = slots[j, 0] - line[0], slots[j, 1] - line[1]
        u, v = ox * px + oy * py, ox * py - oy * px
        # A cheap no first.
        radius = slots[j, 6] + slots[j, 7]
        if u < -radius or u > min(worst, until) + radius or abs(v) > half + radius:
            continue
        radius = math.hypot(slots[j, 6], slots[j, 7])
        if u < -radius or u > worst + radius or abs(v) > half + radius:
            continue
        c, s = ox * slots[j, 2] + oy * slots[j, 3], ox * slots[j, 3] - oy * slots[j, 2]
        for k in range(4):
            ax, ay, bx, by = _side(slots[j, 6], slots[j, 7], k, u, v, c, s)
            t0, t1 = _part_in_lane(ay, by, half)
            if t1 < t0:
                continue
            for h in range(3):
                t = t0 + 0.5 * h * (t1 - t0)
                x, y = ax + t * (bx - ax), ay + t * (by - ay)
                v_in = min(max(y, -half * 0.999), half * 0.999)
                if u0 < x <= until and x < _first_exit(walls, wall_ids, nwalls, u0, v_in)[0]:
                    return True
    return False


@njit(cache=True, error_model="numpy")
def reach(ground, way_in, size, sideways, slots, n, flags):  # type: ignore[no-untyped-def]
    """Fill ``flags`` with whether a car can drive straight into each slot past all the others; returns how many.

    ``slots`` (n, 8): x, y, cos, sin, spaced half sizes, half sizes. ``sideways``: 0 never, 1 for slots along the kerb,
    2 always.
    """
    edges = ground[0]
    n_edges = edges.shape[0]
    work = (
        np.empty((n_edges, 4)),
        np.empty(n_edges, dtype=np.int64),
        np.empty((n_edges, 4)),
        np.empty(n_edges, dtype=np.int64),
    )
    kerb, along = ground[5], np.array([[-_ALONG_RAD, _ALONG_RAD]])
    count = 0
    for i in range(n):
        c, s = slots[i, 2], slots[i, 3]
        hl, hw = slots[i, 6], slots[i, 7]
        good = _lane_free(ground, way_in, slots, n, i, c, s, hl, hw, work)
        good = good or _lane_free(ground, way_in, slots, n, i, -c, -s, hl, hw, work)
        if not good and sideways > 0:
            theta = math.atan2(s, c)
            if sideways == 2 or angle_kept(kerb, along, slots[i, 0], slots[i, 1], theta, 0.0):
                good = _lane_free(ground, way_in, slots, n, i, -s, c, hw, hl, work)
                good = good or _lane_free(ground, way_in, slots, n, i, s, -c, hw, hl, work)
        flags[i] = good
        count += good
    return count


@njit(cache=True, error_model="numpy")
def pick_reachable(ground, way_in, size, sideways, slots, n, flags):  # type: ignore[no-untyped-def]
    """Take away the slots that nobody can drive into; returns how many are left.

    Those are reachable still, since fewer slots shut in nobody: ``flags`` says so of each.
    """
    reach(ground, way_in, size, sideways, slots, n, flags)
    kept = np.int64(0)
    for i in range(n):
        if flags[i]:
            if kept != i:
                slots[kept] = slots[i]
            kept += 1
    flags[:kept] = True
    return kept


@njit(cache=True, error_model="numpy")
def room_beside(local, n, slots, count, me, cx, cy, ox, oy, out, half):  # type: ignore[no-untyped-def]
    """How far the side of a slot can move out until something is in the way."""
    free = FAR
    for i in range(n):
        ax, ay, bx, by = local[i, 0], local[i, 1], local[i, 2], local[i, 3]
        free = min(free, _clip_reach(ax, ay, bx, by, out, half))
    for j in range(count):
        if j == me:
            continue
        px, py = slots[j, 0] - cx, slots[j, 1] - cy
        u, v = ox * px + oy * py, ox * py - oy * px
        radius = slots[j, 6] + slots[j, 7]
        if u < -radius or abs(v) > half + radius or u - radius - out > free:
            continue
        c, s = ox * slots[j, 2] + oy * slots[j, 3], ox * slots[j, 3] - oy * slots[j, 2]
        for k in range(4):
            ax, ay, bx, by = _side(slots[j, 6], slots[j, 7], k, u, v, c, s)
            free = min(free, _clip_reach(ax, ay, bx, by, out, half))
    return free


@njit(cache=True, error_model="numpy")
def _clip_reach(ax, ay, bx, by, out, half):  # type: ignore[no-untyped-def]
    """Least u - out, at least 0, of the part of a segment that lies in the lane beyond ``out``; FAR when none does."""
    if (ay >= half and by >= half) or (ay <= -half and by <= -half) or (ax < out and bx < out):
        return FAR
    t0, t1 = 0.0, 1.0
    if by != ay:
        a, b = (-half - ay) / (by - ay), (half - ay) / (by - ay)
        t0, t1 = max(0.0, min(a, b)), min(1.0, max(a, b))
    u0, u1 = ax + t0 * (bx - ax), ax + t1 * (bx - ax)
    if max(u0, u1) < out:
        return FAR
    return max(0.0, min(u0, u1) - out)


@njit(cache=True, error_model="numpy")
def clearances(ground, slots, n, out):  # type: ignore[no-untyped-def]
    """Write (n, 2) how long each slot can grow at its width and how wide at its length, each until it touches."""
    edges = ground[0]
    frame = ground[2][2]
    far = frame[2] * (frame[3] + frame[4]) + 1.0
    local = np.empty((edges.shape[0], 4))
    ids = np.empty(edges.shape[0], dtype=np.int64)
    line = np.empty(4)
    for i in range(n):
        hl, hw = slots[i, 6], slots[i, 7]
        for axis in range(2):
            total = 0.0
            for side in range(2):
                sign = 1.0 if side == 0 else -1.0
                ox = sign * (slots[i, 2] if axis == 0 else -slots[i, 3])
                oy = sign * (slots[i, 3] if axis == 0 else slots[i, 2])
                reach_out, half = (hl, hw) if axis == 0 else (hw, hl)
                line[0], line[1], line[2], line[3] = slots[i, 0], slots[i, 1], ox, oy
                half -= 1e-4
                look = 8.0
                while True:
                    m = gather(ground, line, 0.0, min(look, far), -half, half, local, ids)
                    free = room_beside(
                        local, m, slots, n, i, slots[i, 0], slots[i, 1], ox, oy, reach_out - 1e-4, half
                    )
                    if free < look or look >= far:
                        break
                    look *= 4.0
                total += max(0.0, free - 1e-4)
            out[i, axis] = 2.0 * (hl if axis == 0 else hw) + total
