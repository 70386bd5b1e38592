# SPDX-License-Identifier: AGPL-3.0-or-later
"""Compiled sliding rectangles: over which part of a line a slot of fixed angle meets an edge or another slot.

A slot of fixed angle that slides along a line is shut out by each boundary edge over one open interval of centre
positions, because the sum of a segment and a rectangle is convex. The union of these intervals is exact for any
polygon.
"""

from __future__ import annotations

from numba import njit

# Slots are shrunk by so much when they meet edges, so that what touches is free: a hundredth of what the exact check
# lets pass along a slot's whole outline.
TOUCH_M = 2e-6
_EPS = 1e-12
FAR = 1e18


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
        return FAR, -FAR
    return max(lo, a), min(hi, b)


@njit(cache=True, error_model="numpy", inline="always")
def _slab_at_once(low, high, u):  # type: ignore[no-untyped-def]
    """Where low < t u < high, without a branch."""
    a, b = low / u, high / u
    level, inside = abs(u) <= _EPS, (low < 0.0) & (high > 0.0)
    start = (-FAR if inside else FAR) if level else min(a, b)
    end = (FAR if inside else -FAR) if level else max(a, b)
    return start, end


@njit(cache=True, error_model="numpy", inline="always")
def slide_edge(px, py, qx, qy, c, s, hl, hw):  # type: ignore[no-untyped-def]
    """Open interval of t in which a rectangle at (t, 0), turned by (c, s), meets the segment p-q; lo >= hi: never."""
    ax, ay = c * px + s * py, c * py - s * px
    bx, by = c * qx + s * qy, c * qy - s * qx
    lo, hi = _slab_at_once(min(ax, bx) - hl, max(ax, bx) + hl, c)
    start, end = _slab_at_once(min(ay, by) - hw, max(ay, by) + hw, -s)
    lo, hi = max(lo, start), min(hi, end)
    nx, ny = by - ay, ax - bx
    m = nx * ax + ny * ay
    r = abs(nx) * hl + abs(ny) * hw
    start, end = _slab_at_once(m - r, m + r, nx * c - ny * s)
    return max(lo, start), min(hi, end)


@njit(cache=True, error_model="numpy")
def slide_edges(ends, n, c, s, hl, hw, lo, hi):  # type: ignore[no-untyped-def]
    """As ``slide_edge`` for n segments, the columns of ``ends`` (4, n): several at once, since nothing branches."""
    for i in range(n):
        lo[i], hi[i] = slide_edge(ends[0, i], ends[1, i], ends[2, i], ends[3, i], c, s, hl, hw)


@njit(cache=True, error_model="numpy")
def slide_box(x, y, ca, sa, al, aw, c, s, hl, hw):  # type: ignore[no-untyped-def]
    """As ``slide_edge``, against a rectangle centred at (x, y), turned by (ca, sa), with half sizes al and aw."""
    k, z = abs(ca * c + sa * s), abs(sa * c - ca * s)
    ex, ey = al * k + aw * z, al * z + aw * k
    bx, by = c * x + s * y, c * y - s * x
    lo, hi = _slab(bx - ex - hl, bx + ex + hl, c, -FAR, FAR)
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
def sort_intervals(lo, hi, n):  # type: ignore[no-untyped-def]
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
