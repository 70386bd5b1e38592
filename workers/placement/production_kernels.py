# SPDX-License-Identifier: AGPL-3.0-or-later
"""Compiled core of the production mode: exact free intervals on lines, and rows packed along them.

A slot of fixed angle that slides along a line is shut out by each boundary edge over one open interval of centre
positions, because the sum of a segment and a rectangle is convex. The union of these intervals is exact for any
polygon. On what is free, rows are packed by a label-setting programme: the leftmost place of the k-th slot for each
way of standing.

All of it is one file: numba's cache does not notice when a function that it calls changes in another file.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

# Slots are shrunk by so much when they meet edges, so that what touches is free: a hundredth of what the exact check
# lets pass along a slot's whole outline.
TOUCH_M = 2e-6
_EPS = 1e-12
_FAR = 1e18


# --- sliding rectangles ---------------------------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
def _slab(low, high, u, lo, hi):  # type: ignore[no-untyped-def]
    """Cut (lo, hi) down to where low < t u < high."""
    if u > _EPS:
        a, b = low / u, high / u
    elif u < -_EPS:
        a, b = high / u, low / u
    elif low < 0.0 < high:
        return lo, hi
    else:
        return _FAR, -_FAR
    return max(lo, a), min(hi, b)


@njit(cache=True, error_model="numpy")
def slide_edge(px, py, qx, qy, c, s, hl, hw):  # type: ignore[no-untyped-def]
    """Open interval of t in which a rectangle at (t, 0), turned by (c, s), meets the segment p-q; lo >= hi: never."""
    ax, ay = c * px + s * py, c * py - s * px
    bx, by = c * qx + s * qy, c * qy - s * qx
    lo, hi = _slab(min(ax, bx) - hl, max(ax, bx) + hl, c, -_FAR, _FAR)
    if lo >= hi:
        return lo, hi
    lo, hi = _slab(min(ay, by) - hw, max(ay, by) + hw, -s, lo, hi)
    if lo >= hi:
        return lo, hi
    nx, ny = by - ay, ax - bx
    m = nx * ax + ny * ay
    r = abs(nx) * hl + abs(ny) * hw
    return _slab(m - r, m + r, nx * c - ny * s, lo, hi)


@njit(cache=True, error_model="numpy")
def slide_box(x, y, ca, sa, al, aw, c, s, hl, hw):  # type: ignore[no-untyped-def]
    """As ``slide_edge``, against a rectangle centred at (x, y), turned by (ca, sa), with half sizes al and aw."""
    k, z = abs(ca * c + sa * s), abs(sa * c - ca * s)
    ex, ey = al * k + aw * z, al * z + aw * k
    bx, by = c * x + s * y, c * y - s * x
    lo, hi = _slab(bx - ex - hl, bx + ex + hl, c, -_FAR, _FAR)
    if lo >= hi:
        return lo, hi
    lo, hi = _slab(by - ey - hw, by + ey + hw, -s, lo, hi)
    if lo >= hi:
        return lo, hi
    fx, fy = hl * k + hw * z, hl * z + hw * k
    bx, by = ca * x + sa * y, ca * y - sa * x
    lo, hi = _slab(bx - al - fx, bx + al + fx, ca, lo, hi)
    if lo >= hi:
        return lo, hi
    return _slab(by - aw - fy, by + aw + fy, -sa, lo, hi)


@njit(cache=True, error_model="numpy")
def _sort_intervals(lo, hi, n):  # type: ignore[no-untyped-def]
    """Sort n intervals by their lower ends, in place (Shell's method: short and, nearly sorted, linear)."""
    gap = 1
    while gap < n // 9:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(gap, n):
            a, b = lo[i], hi[i]
            j = i
            while j >= gap and lo[j - gap] > a:
                lo[j], hi[j] = lo[j - gap], hi[j - gap]
                j -= gap
            lo[j], hi[j] = a, b
        gap //= 3


@njit(cache=True, error_model="numpy")
def winding(xy, starts, x, y):  # type: ignore[no-untyped-def]
    """How often rings (n, 2) wind around a point."""
    turns = 0
    for r in range(starts.shape[0] - 1):
        first, last = starts[r], starts[r + 1]
        j = last - 1
        for i in range(first, last):
            y1, y2 = xy[j, 1], xy[i, 1]
            if (y1 <= y) != (y2 <= y):
                side = (xy[i, 0] - xy[j, 0]) * (y - y1) - (x - xy[j, 0]) * (y2 - y1)
                if y1 <= y:
                    if side > 0.0:
                        turns += 1
                elif side < 0.0:
                    turns -= 1
            j = i
    return turns


# --- the ground: edges in cells, and the lines that rows stand on ------------------------------------------------------
#
# A *ground* is (edges (n, 4), kinds (n,), cells, line table (J, 9), kerb (p, 2), ranges (q, 2), big rings), in a frame
# whose x axis runs along the kerb. *cells* is (starts, items, frame, stamps). A line is
# (x, y, cos, sin, s, window from, window to, sign, group): the rectangle's centre moves along it at an offset ``d`` to
# its left, ``sign`` says on which side the zone lies, ``s`` orders lines along the kerb.

ZONE, CAR = 0, 1
KERB, EDGE = 0.0, 1.0
_CORNER_RAD = math.radians(25.0)
_CELL_M = 5.0
_MAX_CELLS = 40000
_STRAIGHT_M = 0.004
_MAX_LINES = 20000
_BEND_STEP_M = 1.3
_BEND_TURN_RAD = math.radians(2.0)


@njit(cache=True, error_model="numpy")
def _edges(zone_xy, zone_starts, cars_xy, car_starts, ca, sa):  # type: ignore[no-untyped-def]
    """All edges, turned by -angle (ca, sa); kinds; (n, 4) and (n,)."""
    n = zone_xy.shape[0] + cars_xy.shape[0]
    edges = np.empty((n, 4))
    kinds = np.empty(n, dtype=np.int64)
    k = 0
    for kind in range(2):
        xy = zone_xy if kind == ZONE else cars_xy
        starts = zone_starts if kind == ZONE else car_starts
        for r in range(starts.shape[0] - 1):
            j = starts[r + 1] - 1
            for i in range(starts[r], starts[r + 1]):
                edges[k, 0] = ca * xy[j, 0] + sa * xy[j, 1]
                edges[k, 1] = ca * xy[j, 1] - sa * xy[j, 0]
                edges[k, 2] = ca * xy[i, 0] + sa * xy[i, 1]
                edges[k, 3] = ca * xy[i, 1] - sa * xy[i, 0]
                kinds[k] = kind
                k += 1
                j = i
    return edges, kinds


@njit(cache=True, error_model="numpy")
def _cells(edges, nzone):  # type: ignore[no-untyped-def]
    """Edges by square cells over the zone's bounding box: (starts, items, (x0, y0, cell, nx, ny), stamps)."""
    n = edges.shape[0]
    x0, y0, x1, y1 = _FAR, _FAR, -_FAR, -_FAR
    for i in range(nzone):
        x0, x1 = min(x0, edges[i, 0]), max(x1, edges[i, 0])
        y0, y1 = min(y0, edges[i, 1]), max(y1, edges[i, 1])
    cell = _CELL_M
    while ((x1 - x0) / cell + 1.0) * ((y1 - y0) / cell + 1.0) > _MAX_CELLS:
        cell *= 2.0
    nx, ny = int((x1 - x0) / cell) + 1, int((y1 - y0) / cell) + 1
    starts = np.zeros(nx * ny + 1, dtype=np.int64)
    box = np.empty((n, 4), dtype=np.int64)
    for i in range(n):
        box[i, 0] = int(max(0.0, (min(edges[i, 0], edges[i, 2]) - x0) / cell))
        box[i, 1] = int(max(0.0, (min(edges[i, 1], edges[i, 3]) - y0) / cell))
        box[i, 2] = int(min(nx - 1.0, max(-1.0, math.floor((max(edges[i, 0], edges[i, 2]) - x0) / cell))))
        box[i, 3] = int(min(ny - 1.0, max(-1.0, math.floor((max(edges[i, 1], edges[i, 3]) - y0) / cell))))
        for cy in range(box[i, 1], box[i, 3] + 1):
            for cx in range(box[i, 0], box[i, 2] + 1):
                starts[cy * nx + cx + 1] += 1
    for k in range(nx * ny):
        starts[k + 1] += starts[k]
    items = np.empty(starts[nx * ny], dtype=np.int64)
    fill = starts[: nx * ny].copy()
    for i in range(n):
        for cy in range(box[i, 1], box[i, 3] + 1):
            for cx in range(box[i, 0], box[i, 2] + 1):
                items[fill[cy * nx + cx]] = i
                fill[cy * nx + cx] += 1
    frame = np.array([x0, y0, cell, float(nx), float(ny)])
    stamps = np.zeros(n + 1, dtype=np.int64)
    return starts, items, frame, stamps


@njit(cache=True, error_model="numpy")
def _gather(ground, line, t0, t1, d0, d1, local, kind):  # type: ignore[no-untyped-def]
    """Edges near the box (t0..t1, d0..d1) of a line's frame, written to ``local`` in that frame; returns how many.

    ``kind`` gets the number of a zone edge, and -1 for an edge of blocked ground.
    """
    edges, kinds, cells = ground[0], ground[1], ground[2]
    starts, items, frame, stamps = cells
    lx, ly, c, s = line[0], line[1], line[2], line[3]
    x0, y0, x1, y1 = _FAR, _FAR, -_FAR, -_FAR
    for k in range(4):
        t = t0 if k < 2 else t1
        d = d0 if k % 2 == 0 else d1
        x, y = lx + c * t - s * d, ly + s * t + c * d
        x0, x1, y0, y1 = min(x0, x), max(x1, x), min(y0, y), max(y1, y)
    nx, ny = int(frame[3]), int(frame[4])
    cx0 = int(min(max((x0 - frame[0]) / frame[2], 0.0), nx - 1.0))
    cx1 = int(min(max((x1 - frame[0]) / frame[2], 0.0), nx - 1.0))
    cy0 = int(min(max((y0 - frame[1]) / frame[2], 0.0), ny - 1.0))
    cy1 = int(min(max((y1 - frame[1]) / frame[2], 0.0), ny - 1.0))
    stamps[edges.shape[0]] += 1
    stamp = stamps[edges.shape[0]]
    n = 0
    for cy in range(cy0, cy1 + 1):
        for cx in range(cx0, cx1 + 1):
            for k in range(starts[cy * nx + cx], starts[cy * nx + cx + 1]):
                i = items[k]
                if stamps[i] == stamp:
                    continue
                stamps[i] = stamp
                px, py = edges[i, 0] - lx, edges[i, 1] - ly
                qx, qy = edges[i, 2] - lx, edges[i, 3] - ly
                ax, ay = c * px + s * py, c * py - s * px
                bx, by = c * qx + s * qy, c * qy - s * qx
                if max(ax, bx) < t0 or min(ax, bx) > t1 or max(ay, by) < d0 or min(ay, by) > d1:
                    continue
                local[n, 0], local[n, 1], local[n, 2], local[n, 3] = ax, ay, bx, by
                kind[n] = i if kinds[i] == ZONE else -1
                n += 1
    return n


@njit(cache=True, error_model="numpy")
def _along(points, sums, first, last, s):  # type: ignore[no-untyped-def]
    """Point at arc length s of the chain first..last, continued straight at both ends: (x, y, segment)."""
    k = first
    while k < last - 1 and sums[k + 1] < s:
        k += 1
    length = sums[k + 1] - sums[k]
    t = (s - sums[k]) / length
    x = points[k, 0] + t * (points[k + 1, 0] - points[k, 0])
    y = points[k, 1] + t * (points[k + 1, 1] - points[k, 1])
    return x, y, k


@njit(cache=True, error_model="numpy")
def _piece_end(points, first, last):  # type: ignore[no-untyped-def]
    """The furthest vertex up to which a chain is straight from vertex ``first``."""
    end = first + 1
    while end < last:
        ux, uy = points[end + 1, 0] - points[first, 0], points[end + 1, 1] - points[first, 1]
        length = math.hypot(ux, uy)
        for k in range(first + 1, end + 1):
            off = ux * (points[k, 1] - points[first, 1]) - uy * (points[k, 0] - points[first, 0])
            if abs(off) > _STRAIGHT_M * length:
                return end
        end += 1
    return end


@njit(cache=True, error_model="numpy")
def _kerb_lines(kerb, extent, reach, lines):  # type: ignore[no-untyped-def]
    """Lines along a kerb that has the zone to its left; returns how many.

    A straight run is one line. A bend is many short ones whose direction is the chord over ``extent`` metres.
    """
    p = kerb.shape[0]
    sums = np.zeros(p)
    for i in range(p - 1):
        sums[i + 1] = sums[i] + math.hypot(kerb[i + 1, 0] - kerb[i, 0], kerb[i + 1, 1] - kerb[i, 1])
    n = 0
    turn_here = 0.0
    first = np.int64(0)  # not a literal, for which numba would compile the functions below once more
    while first < p - 1:
        last = first + 1
        while last < p - 1:
            ux, uy = kerb[last, 0] - kerb[last - 1, 0], kerb[last, 1] - kerb[last - 1, 1]
            vx, vy = kerb[last + 1, 0] - kerb[last, 0], kerb[last + 1, 1] - kerb[last, 1]
            if abs(math.atan2(ux * vy - uy * vx, ux * vx + uy * vy)) > _CORNER_RAD:
                break
            last += 1
        begin = first
        while begin < last:
            end = _piece_end(kerb, begin, last)
            length = sums[end] - sums[begin]
            if length > 2.0 or (begin == first and end == last):
                steps = 1
            else:
                # As many as keep the turn from one line to the next small.
                x0, y0, _ = _along(kerb, sums, first, last, sums[begin] - extent)
                x1, y1, _ = _along(kerb, sums, first, last, 0.5 * (sums[begin] + sums[end]))
                x2, y2, _ = _along(kerb, sums, first, last, sums[end] + extent)
                turn = abs(
                    math.atan2(
                        (x1 - x0) * (y2 - y1) - (y1 - y0) * (x2 - x1),
                        (x1 - x0) * (x2 - x1) + (y1 - y0) * (y2 - y1),
                    )
                )
                turn *= length / (0.5 * length + extent)
                steps = max(1, math.ceil(max(length / _BEND_STEP_M, turn / _BEND_TURN_RAD)))
            for k in range(steps):
                if n == lines.shape[0]:
                    return n
                half = 0.5 * length / steps
                s = sums[begin] + (2 * k + 1) * half
                reach_out = 0.5 * extent if steps > 1 or length <= 2.0 else half
                x0, y0, _ = _along(kerb, sums, first, last, s - reach_out)
                x1, y1, _ = _along(kerb, sums, first, last, s + reach_out)
                last_turn = turn_here
                turn = math.atan2(y1 - y0, x1 - x0)
                turn_here = turn
                if steps > 1 or length <= 2.0:
                    x, y, _ = _along(kerb, sums, first, last, s)
                else:
                    x, y = 0.5 * (x0 + x1), 0.5 * (y0 + y1)
                lines[n, 0], lines[n, 1] = x, y
                lines[n, 2], lines[n, 3] = math.cos(turn), math.sin(turn)
                lines[n, 4] = s
                lines[n, 5], lines[n, 6] = -half, half
                if begin == first and k == 0:
                    lines[n, 5] -= reach
                if end == last and k == steps - 1:
                    lines[n, 6] += reach
                lines[n, 7] = 1.0
                lines[n, 8] = KERB
                # How far the kerb bends away from a short line before it ends.
                lines[n, 9] = (
                    0.25 * half * abs(turn - last_turn) if n > 0 and (begin > first or k > 0) else 0.0
                )
                lines[n, 10] = 1.0 if steps > 1 or length <= 2.0 else 0.0
                n += 1
            begin = end
        first = last
    return n


@njit(cache=True, error_model="numpy")
def _edge_lines(ground_edges, nzone, shells, shortest, reach, lines, n):  # type: ignore[no-untyped-def]
    """Add a line for each straight run of the zone's outline that no kerb line covers; returns how many lines."""
    kerbs = n
    for r in range(shells.shape[0] - 1):
        i = shells[r]
        while i < shells[r + 1]:
            # Run on while the direction stays.
            j = i
            ux, uy = ground_edges[i, 2] - ground_edges[i, 0], ground_edges[i, 3] - ground_edges[i, 1]
            while j + 1 < shells[r + 1]:
                vx, vy = (
                    ground_edges[j + 1, 2] - ground_edges[j + 1, 0],
                    ground_edges[j + 1, 3] - ground_edges[j + 1, 1],
                )
                if abs(ux * vy - uy * vx) > 2e-3 * math.hypot(ux, uy) * math.hypot(vx, vy):
                    break
                j += 1
            x0, y0, x1, y1 = (
                ground_edges[i, 0],
                ground_edges[i, 1],
                ground_edges[j, 2],
                ground_edges[j, 3],
            )
            i = j + 1
            length = math.hypot(x1 - x0, y1 - y0)
            if length < shortest or n == lines.shape[0]:
                continue
            c, s = (x1 - x0) / length, (y1 - y0) / length
            x, y = 0.5 * (x0 + x1), 0.5 * (y0 + y1)
            # The kerb line beside it, and where along the kerb it is.
            best, nearest, covered = _FAR, 0, False
            for k in range(kerbs):
                dx, dy = x - lines[k, 0], y - lines[k, 1]
                t = lines[k, 2] * dx + lines[k, 3] * dy
                d = lines[k, 2] * dy - lines[k, 3] * dx
                out = max(0.0, lines[k, 5] - t, t - lines[k, 6])
                if math.hypot(out, d) < best:
                    best, nearest = math.hypot(out, d), k
                if abs(d) < 0.02 and out <= 0.0 and abs(lines[k, 2] * c + lines[k, 3] * s) > 0.99999:
                    covered = True
            if covered:
                continue
            if abs(lines[nearest, 2] * c + lines[nearest, 3] * s) < 0.7:
                continue
            t = lines[nearest, 2] * (x - lines[nearest, 0]) + lines[nearest, 3] * (y - lines[nearest, 1])
            sign = 1.0 if lines[nearest, 2] * c + lines[nearest, 3] * s >= 0.0 else -1.0
            lines[n, 0], lines[n, 1] = x, y
            lines[n, 2], lines[n, 3] = sign * c, sign * s
            lines[n, 4] = lines[nearest, 4] + t
            lines[n, 5], lines[n, 6] = -0.5 * length - reach, 0.5 * length + reach
            lines[n, 7] = sign
            lines[n, 8] = EDGE
            lines[n, 9] = 0.0
            lines[n, 10] = 0.0
            n += 1
    return n


@njit(cache=True, error_model="numpy")
def angle_kept(kerb, ranges, x, y, theta, tolerance):  # type: ignore[no-untyped-def]
    """Whether a slot's direction keeps to the ranges against the kerb segment nearest to its centre, modulo pi."""
    nearest = _FAR
    for i in range(kerb.shape[0] - 1):
        nearest = min(nearest, _square_to(kerb, i, x, y))
    nearest = math.sqrt(nearest) + 1e-6
    for i in range(kerb.shape[0] - 1):
        if _square_to(kerb, i, x, y) <= nearest * nearest:
            angle = theta - math.atan2(kerb[i + 1, 1] - kerb[i, 1], kerb[i + 1, 0] - kerb[i, 0])
            for r in range(ranges.shape[0]):
                over = (angle - ranges[r, 0] + tolerance) % math.pi
                if over <= ranges[r, 1] - ranges[r, 0] + 2 * tolerance:
                    return True
    return False


@njit(cache=True, error_model="numpy")
def _square_to(kerb, i, x, y):  # type: ignore[no-untyped-def]
    """Square of the distance from a point to segment i of the kerb."""
    ux, uy = kerb[i + 1, 0] - kerb[i, 0], kerb[i + 1, 1] - kerb[i, 1]
    px, py = x - kerb[i, 0], y - kerb[i, 1]
    t = min(max((px * ux + py * uy) / (ux * ux + uy * uy), 0.0), 1.0)
    px -= t * ux
    py -= t * uy
    return px * px + py * py


@njit(cache=True, error_model="numpy")
def _spaced(size, c, s):  # type: ignore[no-untyped-def]
    """Half sizes with the spacing along the kerb added: to the side that faces the neighbour."""
    c, s = abs(c), abs(s)
    if size[0] * s <= size[1] * c:
        return 0.5 * (size[0] + size[2] * c), 0.5 * size[1]
    return 0.5 * size[0], 0.5 * (size[1] + size[2] * s)


@njit(cache=True, error_model="numpy")
def _up_and_down(local, kind, n, c, s, hl, hw, guess):  # type: ignore[no-untyped-def]
    """Free range of offsets of a rectangle at the middle of a line between the zone's edges, at ``guess`` or above."""
    near = hl + hw
    at = guess
    changed = True
    while changed:
        changed = False
        for i in range(n):
            if (
                kind[i] >= 0
                and min(local[i, 0], local[i, 2]) < near
                and max(local[i, 0], local[i, 2]) > -near
            ):
                lo, hi = slide_edge(local[i, 1], -local[i, 0], local[i, 3], -local[i, 2], s, -c, hl, hw)
                if lo < at < hi:
                    at = hi
                    changed = True
    bottom, top = -_FAR, _FAR
    for i in range(n):
        if kind[i] >= 0 and min(local[i, 0], local[i, 2]) < near and max(local[i, 0], local[i, 2]) > -near:
            lo, hi = slide_edge(local[i, 1], -local[i, 0], local[i, 3], -local[i, 2], s, -c, hl, hw)
            if lo < hi:
                if hi <= at:
                    bottom = max(bottom, hi)
                elif lo >= at:
                    top = min(top, lo)
    return bottom, top


@njit(cache=True, error_model="numpy")
def _offset(line, cfg, size, bottom, top):  # type: ignore[no-untyped-def]
    """Offset of a way of standing on a line; _FAR where it does not apply. ``bottom`` and ``top``: of a bent line."""
    deep = 0.5 * (size[0] * abs(cfg[7]) + size[1] * abs(cfg[6]))
    if line[8] == EDGE:
        return line[7] * (deep + cfg[3]) if cfg[2] == 0.0 else _FAR
    if line[10] == 0.0:
        if cfg[2] == 0.0:
            return deep + cfg[3]
        return deep + cfg[3] * (line[11] - 2.0 * deep) if cfg[2] == 2.0 else _FAR
    if bottom < -1e3 or top > 1e3 or top < bottom:
        return _FAR
    margin = min(0.002 + line[9], 0.5 * (top - bottom))
    if cfg[2] == 0.0:
        return bottom + margin + cfg[3]
    if cfg[2] == 1.0:
        return top - margin - cfg[3]
    return bottom + cfg[3] * (top - bottom)


@njit(cache=True, error_model="numpy")
def _crossings(local, kind, n, x0, y0, x1, y1):  # type: ignore[no-untyped-def]
    """Whether the way from one point to another crosses the zone's outline an odd number of times."""
    odd = False
    ux, uy = x1 - x0, y1 - y0
    for i in range(n):
        if kind[i] < 0:
            continue
        a = ux * (local[i, 1] - y0) - uy * (local[i, 0] - x0)
        b = ux * (local[i, 3] - y0) - uy * (local[i, 2] - x0)
        if (a > 0.0) == (b > 0.0):
            continue
        vx, vy = local[i, 2] - local[i, 0], local[i, 3] - local[i, 1]
        e = vx * (y0 - local[i, 1]) - vy * (x0 - local[i, 0])
        f = vx * (y1 - local[i, 1]) - vy * (x1 - local[i, 0])
        if (e > 0.0) != (f > 0.0):
            odd = not odd
    return odd


@njit(cache=True, error_model="numpy")
def collect(ground, cfgs, count, size, shrink, s0, s1, placed, nplaced, out_at, out_span):  # type: ignore[no-untyped-def]
    """Free intervals of all ways of standing on all lines between arc lengths s0 and s1.

    ``out_at`` (n, 2) integer gets (way, line) and ``out_span`` (n, 3) gets (from, to, offset); ``shrink`` metres are
    taken off a slot's sides, to find where one might fit at an angle between those tried. Returns how many.
    """
    lines, nlines, zone = ground[3], ground[4], ground[7]
    edges = ground[0]
    n_edges = edges.shape[0]
    local = np.empty((n_edges, 4))
    kind = np.empty(n_edges, dtype=np.int64)
    flo = np.empty(4 * (n_edges + nplaced) + 8)
    fhi = np.empty(4 * (n_edges + nplaced) + 8)
    radius = 0.5 * math.hypot(size[0], size[1]) + 0.05
    found = 0
    for j in range(nlines):
        line = lines[j]
        w0, w1 = max(line[5], s0 - line[4]), min(line[6], s1 - line[4])
        if w0 > w1:
            continue
        far = 0.0
        for k in range(count):
            far = max(far, cfgs[k, 3] + (cfgs[k, 4] - 1.0) * cfgs[k, 5])
        far += size[0] + size[1]
        if line[8] == KERB:
            far = max(far, line[11])
        d0, d1 = (-0.6, far + 0.1) if line[7] > 0.0 else (-far - 0.1, 0.6)
        n = _gather(ground, line, w0 - radius, w1 + radius, d0, d1, local, kind)
        bent, bottom, top = _FAR, 0.0, 0.0
        tr, dr = w0 + 0.4871623 * (w1 - w0), line[7] * 0.7310294
        status = (
            winding(
                zone[0], zone[1], line[0] + line[2] * tr - line[3] * dr, line[1] + line[3] * tr + line[2] * dr
            )
            > 0
        )
        for k in range(count):
            if cfgs[k, 0] != line[8]:
                continue
            beta, c, s = cfgs[k, 1], cfgs[k, 6], cfgs[k, 7]
            if line[10] > 0.0 and beta != bent:
                # The same for all offsets at this angle.
                bent = beta
                bottom, top = _up_and_down(
                    local,
                    kind,
                    n,
                    c,
                    s,
                    0.5 * size[0] - TOUCH_M,
                    0.5 * size[1] - TOUCH_M,
                    0.5 * (size[0] * abs(s) + size[1] * abs(c)) + 0.05,
                )
            d = _offset(line, cfgs[k], size, bottom, top)
            if d == _FAR:
                continue
            members = int(cfgs[k, 4])
            hl, hw = 0.5 * size[0] - TOUCH_M - shrink, 0.5 * size[1] - TOUCH_M - shrink
            across = hl * abs(s) + hw * abs(c)
            m = 0
            for member in range(members):
                at = d + line[7] * member * cfgs[k, 5]
                for i in range(n):
                    y0, y1 = local[i, 1] - at, local[i, 3] - at
                    if (y0 > across and y1 > across) or (y0 < -across and y1 < -across):
                        continue
                    lo, hi = slide_edge(local[i, 0], y0, local[i, 2], y1, c, s, hl, hw)
                    if lo < hi and hi > w0 and lo < w1:
                        flo[m], fhi[m] = lo, hi
                        m += 1
                if nplaced > 0:
                    sl, sw = cfgs[k, 8] - TOUCH_M - shrink, cfgs[k, 9] - TOUCH_M - shrink
                    for i in range(nplaced):
                        px, py = placed[i, 0] - line[0], placed[i, 1] - line[1]
                        x, y = line[2] * px + line[3] * py, line[2] * py - line[3] * px
                        if x < w0 - 3 * radius or x > w1 + 3 * radius:
                            continue
                        ca = line[2] * placed[i, 2] + line[3] * placed[i, 3]
                        sa = line[2] * placed[i, 3] - line[3] * placed[i, 2]
                        lo, hi = slide_box(x, y - at, ca, sa, placed[i, 4], placed[i, 5], c, s, sl, sw)
                        if lo < hi and hi > w0 and lo < w1:
                            flo[m], fhi[m] = lo, hi
                            m += 1
            _sort_intervals(flo, fhi, m)
            # What no forbidden interval covers, if it is inside.
            reached = w0
            for i in range(m + 1):
                until = min(flo[i], w1) if i < m else w1
                if until >= reached:
                    middle = 0.5 * (reached + until)
                    inside = status != _crossings(local, kind, n, tr, dr, middle, d)
                    if inside and _fits_rules(ground, line, middle, d, beta) and found < out_at.shape[0]:
                        out_at[found, 0], out_at[found, 1] = k, j
                        out_span[found, 0], out_span[found, 1], out_span[found, 2] = reached, until, d
                        found += 1
                if i < m:
                    reached = max(reached, fhi[i])
                if reached > w1:
                    break
    return found


@njit(cache=True, error_model="numpy")
def _fits_rules(ground, line, t, d, beta):  # type: ignore[no-untyped-def]
    """Angle and, for blocked ground larger than a slot, whether the centre is off it."""
    kerb, ranges, big = ground[5], ground[6], ground[8]
    x, y = line[0] + line[2] * t - line[3] * d, line[1] + line[3] * t + line[2] * d
    if big[1].shape[0] > 1 and winding(big[0], big[1], x, y) > 0:
        return False
    if ranges[0, 1] - ranges[0, 0] >= math.pi - 1e-9:
        return True
    return angle_kept(kerb, ranges, x, y, math.atan2(line[3], line[2]) + beta, 1e-6)


# --- rows: the k-th slot stands leftmost ------------------------------------------------------------------------------

_KEPT_LABELS = 4
_RECENT = 6


@njit(cache=True, error_model="numpy")
def pack_row(ground, cfgs, count, size, at, span, found, order, start, out):  # type: ignore[no-untyped-def]
    """Pack slots along the lines: for each way of standing, the leftmost place of the k-th slot.

    ``at`` and ``span`` are the free intervals of ``collect``; ``out`` (n, 8) gets slots: x, y, cos, sin, spaced
    half sizes, half sizes. Slots follow one another by arc length; each keeps clear of the last few of its chain, exactly.
    Returns how many slots stand.
    """
    lines = ground[3]
    # Intervals by way of standing, in the order of their lines.
    for k in range(count + 1):
        start[k] = 0
    for i in range(found):
        start[at[i, 0] + 1] += 1
    for k in range(count):
        start[k + 1] += start[k]
    fill = start[: count + 1].copy()
    for i in range(found):
        order[fill[at[i, 0]]] = i
        fill[at[i, 0]] += 1
    for k in range(count):
        for i in range(start[k] + 1, start[k + 1]):
            value = order[i]
            key = lines[at[value, 1], 4] + span[value, 0]
            j = i
            while j > start[k] and lines[at[order[j - 1], 1], 4] + span[order[j - 1], 0] > key:
                order[j] = order[j - 1]
                j -= 1
            order[j] = value
    zero = np.int64(0)
    most = out.shape[0]
    label_s = np.full((most + 1, count), _FAR)
    label_t = np.empty((most + 1, count))
    label_iv = np.full((most + 1, count), -1, dtype=np.int64)
    parent = np.full((most + 1, count), -1, dtype=np.int64)
    kept = np.full((most + 1, _KEPT_LABELS), -1, dtype=np.int64)
    # The last few rectangles of each kept label's chain.
    recent = np.empty((most + 1, _KEPT_LABELS, _RECENT, 8))
    recents = np.zeros((most + 1, _KEPT_LABELS), dtype=np.int64)
    pointers = np.empty(count, dtype=np.int64)
    best_k, best_c = 0, -1
    widest = 1
    for k in range(count):
        widest = max(widest, int(cfgs[k, 4]))
        pointers[k] = start[k]
    empty_levels = 0
    for level in range(1, most + 1):
        any_label = False
        for c in range(count):
            members = int(cfgs[c, 4])
            before = level - members
            if before < 0 or start[c] == start[c + 1]:
                continue
            best_s = _FAR
            for q in range(_KEPT_LABELS):
                if before == 0:
                    if q > 0:
                        break
                    smin, nrecent = -_FAR, 0
                else:
                    if kept[before, q] < 0:
                        break
                    smin, nrecent = label_s[before, kept[before, q]], recents[before, q]
                s, t, iv = _advance(
                    lines,
                    cfgs[c],
                    size,
                    at,
                    span,
                    order,
                    start[c],
                    start[c + 1],
                    smin,
                    recent[before, q],
                    nrecent,
                    best_s,
                )
                if s < best_s - 1e-12:
                    best_s = s
                    label_s[level, c], label_t[level, c], label_iv[level, c] = s, t, iv
                    parent[level, c] = q
            any_label = any_label or best_s < _FAR
        if not any_label:
            empty_levels += 1
            if empty_levels >= widest:
                break
            continue
        empty_levels = 0
        # Keep the labels that end first.
        for q in range(_KEPT_LABELS):
            best, best_end = -1, _FAR
            for c in range(count):
                if label_s[level, c] >= _FAR:
                    continue
                taken = False
                for p in range(q):
                    taken = taken or kept[level, p] == c
                if taken:
                    continue
                sn, cs = abs(cfgs[c, 7]), abs(cfgs[c, 6])
                end = label_s[level, c] + 0.5 * (size[0] * cs + size[1] * sn)
                if end < best_end - 1e-9:
                    best, best_end = c, end
            kept[level, q] = best
            if best < 0:
                break
            n = _poses(
                lines,
                cfgs[best],
                size,
                at,
                span,
                label_iv[level, best],
                label_t[level, best],
                recent[level, q],
                zero,
            )
            before = level - int(cfgs[best, 4])
            if before > 0:
                p = parent[level, best]
                for i in range(recents[before, p]):
                    if n == _RECENT:
                        break
                    recent[level, q, n] = recent[before, p, i]
                    n += 1
            recents[level, q] = n
        best_k, best_c = level, kept[level, 0]
    # Back along the chain.
    n = zero
    level, c = best_k, best_c
    while level > 0:
        n = _poses(lines, cfgs[c], size, at, span, label_iv[level, c], label_t[level, c], out, n)
        q = parent[level, c]
        level -= int(cfgs[c, 4])
        if level > 0:
            c = kept[level, q]
    return n


@njit(cache=True, error_model="numpy")
def _poses(lines, cfg, size, at, span, iv, t, out, n):  # type: ignore[no-untyped-def]
    """Write the rectangles of one way of standing at t to ``out`` from row n on; returns the next free row."""
    line = lines[at[iv, 1]]
    c, s = cfg[6], cfg[7]
    hl, hw = cfg[8], cfg[9]
    for member in range(int(cfg[4])):
        if n == out.shape[0]:
            break
        d = span[iv, 2] + line[7] * member * cfg[5]
        out[n, 0] = line[0] + line[2] * t - line[3] * d
        out[n, 1] = line[1] + line[3] * t + line[2] * d
        out[n, 2], out[n, 3] = line[2] * c - line[3] * s, line[3] * c + line[2] * s
        out[n, 4], out[n, 5] = hl, hw
        out[n, 6], out[n, 7] = 0.5 * size[0], 0.5 * size[1]
        n += 1
    return n


@njit(cache=True, error_model="numpy")
def _advance(lines, cfg, size, at, span, order, first, last, smin, recent, nrecent, best):  # type: ignore[no-untyped-def]
    """Leftmost free place of one way of standing that is clear of ``recent``: (s, t, interval), s = _FAR if none."""
    c, s = cfg[6], cfg[7]
    hl, hw = cfg[8] - TOUCH_M, cfg[9] - TOUCH_M
    members = int(cfg[4])
    # Skip the intervals that end before smin; they are in order but may overlap, so the skip stays careful.
    low, high = first, last
    while low < high:
        middle = (low + high) // 2
        i = order[middle]
        if lines[at[i, 1], 4] + span[i, 1] < smin:
            low = middle + 1
        else:
            high = middle
    for p in range(low, last):
        i = order[p]
        line = lines[at[i, 1]]
        s0 = line[4]
        t = max(span[i, 0], smin - s0)
        if s0 + span[i, 0] >= best:
            break
        changed = nrecent > 0
        while changed and t <= span[i, 1]:
            changed = False
            for r in range(nrecent):
                px, py = recent[r, 0] - line[0], recent[r, 1] - line[1]
                x, y = line[2] * px + line[3] * py, line[2] * py - line[3] * px
                if abs(x - t) > size[0] + size[1] + size[2]:
                    continue
                ca = line[2] * recent[r, 2] + line[3] * recent[r, 3]
                sa = line[2] * recent[r, 3] - line[3] * recent[r, 2]
                for member in range(members):
                    d = span[i, 2] + line[7] * member * cfg[5]
                    lo, hi = slide_box(
                        x, y - d, ca, sa, recent[r, 4] - TOUCH_M, recent[r, 5] - TOUCH_M, c, s, hl, hw
                    )
                    if lo < t < hi:
                        t = hi
                        changed = True
        if t <= span[i, 1] and s0 + t < best:
            return s0 + t, t, i
    return _FAR, 0.0, -1


# --- from a packed problem to a ground --------------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
def _turned(xy, c, s):  # type: ignore[no-untyped-def]
    out = np.empty_like(xy)
    for i in range(xy.shape[0]):
        out[i, 0] = c * xy[i, 0] + s * xy[i, 1]
        out[i, 1] = c * xy[i, 1] - s * xy[i, 0]
    return out


@njit(cache=True, error_model="numpy")
def _big_rings(cars_xy, car_starts, area_m2):  # type: ignore[no-untyped-def]
    """Rings in which a slot could stand without meeting an edge, and all holes: (xy, starts)."""
    rings = 0
    total = 0
    keep = np.zeros(car_starts.shape[0], dtype=np.bool_)
    for r in range(car_starts.shape[0] - 1):
        area = 0.0
        j = car_starts[r + 1] - 1
        for i in range(car_starts[r], car_starts[r + 1]):
            area += cars_xy[j, 0] * cars_xy[i, 1] - cars_xy[i, 0] * cars_xy[j, 1]
            j = i
        if area < 0.0 or area > 1.9 * area_m2:
            keep[r] = True
            rings += 1
            total += car_starts[r + 1] - car_starts[r]
    xy = np.empty((total, 2))
    starts = np.zeros(rings + 1, dtype=np.int64)
    n, k = 0, 0
    for r in range(car_starts.shape[0] - 1):
        if keep[r]:
            for i in range(car_starts[r], car_starts[r + 1]):
                xy[n, 0], xy[n, 1] = cars_xy[i, 0], cars_xy[i, 1]
                n += 1
            k += 1
            starts[k] = n
    return xy, starts


@njit(cache=True, error_model="numpy")
def build_ground(zone_xy, zone_starts, cars_xy, car_starts, kerb_xy, ranges, size):  # type: ignore[no-untyped-def]
    """A ground in the kerb's frame, and the frame's (cos, sin)."""
    # The frame: the chord of the kerb, directed so that the zone lies to its left.
    p = kerb_xy.shape[0]
    x, y = kerb_xy[p - 1, 0] - kerb_xy[0, 0], kerb_xy[p - 1, 1] - kerb_xy[0, 1]
    if math.hypot(x, y) < 0.5:
        x, y = kerb_xy[1, 0] - kerb_xy[0, 0], kerb_xy[1, 1] - kerb_xy[0, 1]
    left = 0
    for i in range(p - 1):
        ux, uy = kerb_xy[i + 1, 0] - kerb_xy[i, 0], kerb_xy[i + 1, 1] - kerb_xy[i, 1]
        length = math.hypot(ux, uy)
        mx, my = 0.5 * (kerb_xy[i, 0] + kerb_xy[i + 1, 0]), 0.5 * (kerb_xy[i, 1] + kerb_xy[i + 1, 1])
        nx, ny = -0.5 * size[1] * uy / length, 0.5 * size[1] * ux / length
        if winding(zone_xy, zone_starts, mx + nx, my + ny) > 0:
            left += 1
        if winding(zone_xy, zone_starts, mx - nx, my - ny) > 0:
            left -= 1
    flip = left < 0
    length = math.hypot(x, y)
    c, s = x / length, y / length
    if flip:
        c, s = -c, -s
    kerb = _turned(kerb_xy, c, s)
    if flip:
        kerb = kerb[::-1].copy()
    zone = _turned(zone_xy, c, s)
    cars = _turned(cars_xy, c, s)
    edges, kinds = _edges(zone_xy, zone_starts, cars_xy, car_starts, c, s)
    nzone = zone_xy.shape[0]
    cells = _cells(edges, nzone)
    across = abs(math.sin(0.5 * (ranges[0, 0] + ranges[0, 1])))
    extent = size[0] if across < 0.5 else size[1] + 0.5
    reach = 2.0 * size[0]
    capacity = 64 + 2 * nzone
    for i in range(p - 1):
        capacity += 2 + int(
            math.hypot(kerb[i + 1, 0] - kerb[i, 0], kerb[i + 1, 1] - kerb[i, 1]) / _BEND_STEP_M
        )
    lines = np.zeros((min(capacity, _MAX_LINES), 12))
    n = _kerb_lines(kerb, extent, reach, lines)
    kerbs = n
    n = _edge_lines(edges, nzone, zone_starts, 0.6 * size[1], 0.6 * size[0], lines, n)
    # How deep the zone is at each line.
    deep = 0.0
    for i in range(nzone):
        deep = max(deep, edges[i, 1])
    for j in range(kerbs):
        line = lines[j]
        best = 0.0
        for q in range(5):
            t = (line[5] + line[6]) * 0.5 + (q - 2) * 0.2 * (line[6] - line[5])
            ox, oy = line[0] + line[2] * t, line[1] + line[3] * t
            depth = _FAR
            for i in range(nzone):
                ax = line[2] * (edges[i, 0] - ox) + line[3] * (edges[i, 1] - oy)
                bx = line[2] * (edges[i, 2] - ox) + line[3] * (edges[i, 3] - oy)
                if (ax <= 0.0) == (bx <= 0.0):
                    continue
                ay = line[2] * (edges[i, 1] - oy) - line[3] * (edges[i, 0] - ox)
                by = line[2] * (edges[i, 3] - oy) - line[3] * (edges[i, 2] - ox)
                y = ay + (by - ay) * ax / (ax - bx)
                if y > 0.5 * size[1]:
                    depth = min(depth, y)
            if depth < _FAR:
                best = max(best, depth)
            if line[10] > 0.0:
                break
        lines[j, 11] = best
    big = _big_rings(cars, car_starts, size[0] * size[1])
    return (edges, kinds, cells, lines, n, kerb, ranges, (zone, zone_starts), big), c, s


# --- what a layout is worth ------------------------------------------------------------------------------------------

# A lane is this much narrower than its slot on either side, and begins this far inside it.
_GRAZE_M = 0.008
_INSET_M = 0.02
# A line runs along a zone's edge where it is this near and turned by no more than this.
_NEAR_M = 0.3
_BESIDE_SIN = 0.5


@njit(cache=True, error_model="numpy")
def _beside(lines, x, y, ux, uy):  # type: ignore[no-untyped-def]
    """Whether one of the segments (n, 4) runs past a point in direction (ux, uy)."""
    for i in range(lines.shape[0]):
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
def _first_exit(local, ids, n, u0, v):  # type: ignore[no-untyped-def]
    """Nearest zone edge beyond u0 across the lane line at v: (u, index)."""
    best, which = _FAR, -1
    for i in range(n):
        if ids[i] < 0 or (local[i, 1] <= v) == (local[i, 3] <= v):
            continue
        u = local[i, 0] + (local[i, 2] - local[i, 0]) * (v - local[i, 1]) / (local[i, 3] - local[i, 1])
        if u0 <= u < best:
            best, which = u, ids[i]
    return best, which


@njit(cache=True, error_model="numpy")
def _side(slot, k, u, v, c, s):  # type: ignore[no-untyped-def]
    """Side k of a slot, counter-clockwise, as its two ends; in a frame where its middle is (u, v), its axis (c, s)."""
    a = 1.0 if k == 1 or k == 2 else -1.0
    b = 1.0 if k >= 2 else -1.0
    e = 1.0 if k == 0 or k == 1 else -1.0
    f = 1.0 if k == 1 or k == 2 else -1.0
    return (
        u + a * slot[6] * c - b * slot[7] * s,
        v + a * slot[6] * s + b * slot[7] * c,
        u + e * slot[6] * c - f * slot[7] * s,
        v + e * slot[6] * s + f * slot[7] * c,
    )


@njit(cache=True, error_model="numpy")
def _lane_free(ground, way_in, slots, n, me, ox, oy, out, half, work):  # type: ignore[no-untyped-def]
    """Whether the lane from slot ``me`` in direction (ox, oy) leaves the zone over open edges and is free until then.

    ``out`` is from the slot's centre to its side, ``half`` half the lane's width.
    """
    local, ids = work
    edges, zone = ground[0], ground[7]
    frame = ground[2][2]
    far = frame[2] * (frame[3] + frame[4]) + 1.0
    line = np.empty(4)
    line[0], line[1], line[2], line[3] = slots[me, 0], slots[me, 1], ox, oy
    # Most lanes are short: look a little way first.
    reach = 12.0
    half -= _GRAZE_M
    u0 = out - _INSET_M
    while True:
        m = _gather(ground, line, 0.0, min(reach, far), -half, half, local, ids)
        worst = 0.0
        for k in range(7):
            u, _ = _first_exit(local, ids, m, u0, half * (k - 3) / 3.0000001)
            worst = max(worst, u)
        if worst < reach or reach >= far:
            break
        reach = 4.0 * reach
    for i in range(m):
        ax, ay, bx, by = local[i, 0], local[i, 1], local[i, 2], local[i, 3]
        if (ay >= half and by >= half) or (ay <= -half and by <= -half):
            continue
        t0, t1 = 0.0, 1.0
        if by != ay:
            a, b = (-half - ay) / (by - ay), (half - ay) / (by - ay)
            t0, t1 = max(0.0, min(a, b)), min(1.0, max(a, b))
        for k in range(3):
            t = t0 + (t1 - t0) * (1e-6 + 0.5 * k * (1.0 - 2e-6))
            u, v = ax + t * (bx - ax), ay + t * (by - ay)
            if u < u0:
                continue
            exit_u, which = _first_exit(local, ids, m, u0, v)
            if ids[i] < 0:
                if u < exit_u - 1e-6:
                    return False
            elif which == ids[i]:
                x, y = line[0] + ox * u - oy * v, line[1] + oy * u + ox * v
                if not _open_at(way_in, edges, zone[1][1], which, x, y):
                    return False
    # Other slots: any point of theirs in the lane before the exit.
    for j in range(n):
        if j == me:
            continue
        px, py = slots[j, 0] - line[0], slots[j, 1] - line[1]
        u, v = ox * px + oy * py, ox * py - oy * px
        radius = math.hypot(slots[j, 6], slots[j, 7])
        if u < -radius or u > worst + radius or abs(v) > half + radius:
            continue
        c, s = ox * slots[j, 2] + oy * slots[j, 3], ox * slots[j, 3] - oy * slots[j, 2]
        for k in range(4):
            ax, ay, bx, by = _side(slots[j], k, u, v, c, s)
            if (ay >= half and by >= half) or (ay <= -half and by <= -half):
                continue
            t0, t1 = 0.0, 1.0
            if by != ay:
                p, q = (-half - ay) / (by - ay), (half - ay) / (by - ay)
                t0, t1 = max(0.0, min(p, q)), min(1.0, max(p, q))
            for h in range(3):
                t = t0 + 0.5 * h * (t1 - t0)
                x, y = ax + t * (bx - ax), ay + t * (by - ay)
                if x > u0 and x < _first_exit(local, ids, m, u0, min(max(y, -half * 0.999), half * 0.999))[0]:
                    return False
    return True


@njit(cache=True, error_model="numpy")
def reach(ground, way_in, size, sideways, slots, n, flags):  # type: ignore[no-untyped-def]
    """Fill ``flags`` with whether a car can drive straight into each slot past all the others; returns how many.

    ``slots`` (n, 8): x, y, cos, sin, spaced half sizes, half sizes. ``sideways``: 0 never, 1 for slots along the kerb,
    2 always.
    """
    edges = ground[0]
    work = (np.empty((edges.shape[0], 4)), np.empty(edges.shape[0], dtype=np.int64))
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


_ALONG_RAD = math.radians(12.0)


@njit(cache=True, error_model="numpy")
def _room(local, n, slots, count, me, cx, cy, ox, oy, out, half):  # type: ignore[no-untyped-def]
    """How far the side of a slot can move out until something is in the way."""
    free = _FAR
    for i in range(n):
        ax, ay, bx, by = local[i, 0], local[i, 1], local[i, 2], local[i, 3]
        free = min(free, _clip_reach(ax, ay, bx, by, out, half))
    for j in range(count):
        if j == me:
            continue
        px, py = slots[j, 0] - cx, slots[j, 1] - cy
        u, v = ox * px + oy * py, ox * py - oy * px
        radius = math.hypot(slots[j, 6], slots[j, 7])
        if u < -radius or abs(v) > half + radius or u - radius - out > free:
            continue
        c, s = ox * slots[j, 2] + oy * slots[j, 3], ox * slots[j, 3] - oy * slots[j, 2]
        for k in range(4):
            ax, ay, bx, by = _side(slots[j], k, u, v, c, s)
            free = min(free, _clip_reach(ax, ay, bx, by, out, half))
    return free


@njit(cache=True, error_model="numpy")
def _clip_reach(ax, ay, bx, by, out, half):  # type: ignore[no-untyped-def]
    """Least u - out, at least 0, of the part of a segment that lies in the lane beyond ``out``; _FAR when none does."""
    if (ay >= half and by >= half) or (ay <= -half and by <= -half) or (ax < out and bx < out):
        return _FAR
    t0, t1 = 0.0, 1.0
    if by != ay:
        a, b = (-half - ay) / (by - ay), (half - ay) / (by - ay)
        t0, t1 = max(0.0, min(a, b)), min(1.0, max(a, b))
    u0, u1 = ax + t0 * (bx - ax), ax + t1 * (bx - ax)
    if max(u0, u1) < out:
        return _FAR
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
                    m = _gather(ground, line, 0.0, min(look, far), -half, half, local, ids)
                    free = _room(
                        local, m, slots, n, i, slots[i, 0], slots[i, 1], ox, oy, reach_out - 1e-4, half
                    )
                    if free < look or look >= far:
                        break
                    look *= 4.0
                total += max(0.0, free - 1e-4)
            out[i, axis] = 2.0 * (hl if axis == 0 else hw) + total


# Outlines may dip into things by less than this: along all of a slot's outline that is less than a square centimetre.
_CHECK_M = 5e-6
_CHECK_RAD = math.radians(0.005)


@njit(cache=True, error_model="numpy")
def stands(ground, cars, x, y, c, s, hl, hw, work):  # type: ignore[no-untyped-def]
    """Whether a slot lies inside the zone, off blocked ground and at an allowed angle: the exact check."""
    kerb, ranges, zone = ground[5], ground[6], ground[7]
    local, ids = work
    line = np.empty(4)
    line[0], line[1], line[2], line[3] = x, y, c, s
    hl, hw = hl - _CHECK_M, hw - _CHECK_M
    m = _gather(ground, line, -hl, hl, -hw, hw, local, ids)
    for i in range(m):
        lo, hi = slide_edge(local[i, 0], local[i, 1], local[i, 2], local[i, 3], 1.0, 0.0, hl, hw)
        if lo < 0.0 < hi:
            return False
    if winding(zone[0], zone[1], x, y) <= 0 or winding(cars[0], cars[1], x, y) > 0:
        return False
    if ranges[0, 1] - ranges[0, 0] >= math.pi - 1e-9:
        return True
    return angle_kept(kerb, ranges, x, y, math.atan2(s, c), _CHECK_RAD)


@njit(cache=True, error_model="numpy")
def apart(a, b):  # type: ignore[no-untyped-def]
    """Whether two slots with their spacing do not overlap."""
    lo, hi = slide_box(
        b[0] - a[0],
        b[1] - a[1],
        b[2],
        b[3],
        b[4] - _CHECK_M,
        b[5] - _CHECK_M,
        a[2],
        a[3],
        a[4] - _CHECK_M,
        a[5] - _CHECK_M,
    )
    return not lo < 0.0 < hi


@njit(cache=True, error_model="numpy")
def keep_feasible(ground, cars, slots, n):  # type: ignore[no-untyped-def]
    """Move the slots that may stand together to the front; returns how many."""
    edges = ground[0]
    work = (np.empty((edges.shape[0], 4)), np.empty(edges.shape[0], dtype=np.int64))
    kept = 0
    near = 0.0
    for i in range(n):
        near = max(near, 2.0 * math.hypot(slots[i, 4], slots[i, 5]))
    for i in range(n):
        a = slots[i]
        if not stands(ground, cars, a[0], a[1], a[2], a[3], a[6], a[7], work):
            continue
        good = True
        for j in range(kept - 1, -1, -1):
            dx, dy = slots[j, 0] - a[0], slots[j, 1] - a[1]
            if dx * dx + dy * dy < near * near and not apart(slots[j], a):
                good = False
                break
        if good:
            if kept != i:
                slots[kept] = slots[i]
            kept += 1
    return kept
