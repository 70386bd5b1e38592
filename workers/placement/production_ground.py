# SPDX-License-Identifier: AGPL-3.0-or-later
"""Compiled ground: the edges of a zone and of what stands on it, in cells, in the zone's frame.

A *ground* is (edges (n, 4), kinds (n,), cells, line table (J, 12), how many lines, kerb (p, 4), ranges (q, 2), the
zone's rings, big rings). *cells* is (starts, items, frame, stamps). For the frame see ``production_frame``.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from workers.placement.production_frame import ring_edges, turned_points
from workers.placement.production_slides import FAR

ZONE, CAR = 0, 1
_CELL_M = 5.0
_MAX_CELLS = 40000
# Kerb segments that are told to be far off all at once.
_BLOCK = 8


@njit(cache=True, error_model="numpy")
def _cells(edges, nzone):  # type: ignore[no-untyped-def]
    """Edges by square cells over the zone's bounding box: (starts, items, (x0, y0, cell, nx, ny), stamps)."""
    n = edges.shape[0]
    x0, y0, x1, y1 = FAR, FAR, -FAR, -FAR
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
def gather(ground, line, t0, t1, d0, d1, local, kind):  # type: ignore[no-untyped-def]
    """Edges near the box (t0..t1, d0..d1) of a line's frame, written to ``local`` in that frame; returns how many.

    ``kind`` gets the number of a zone edge, and -1 for an edge of blocked ground.
    """
    edges, kinds, cells = ground[0], ground[1], ground[2]
    starts, items, frame, stamps = cells
    lx, ly, c, s = line[0], line[1], line[2], line[3]
    x0, y0, x1, y1 = FAR, FAR, -FAR, -FAR
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
                # Written down in any case: whether it counts is anyone's guess, so nothing branches on it.
                local[n, 0], local[n, 1], local[n, 2], local[n, 3] = ax, ay, bx, by
                kind[n] = i if kinds[i] == ZONE else -1
                along = (max(ax, bx) >= t0) & (min(ax, bx) <= t1)
                across = (max(ay, by) >= d0) & (min(ay, by) <= d1)
                n += 1 if along & across else 0
    return n


@njit(cache=True, error_model="numpy")
def zone_edges_of(local, kind, n, walls, ids):  # type: ignore[no-untyped-def]
    """Write those of n gathered edges that are the zone's to ``walls``, their numbers to ``ids``; returns how many."""
    count = 0
    for i in range(n):
        if kind[i] >= 0:
            walls[count, 0], walls[count, 1] = local[i, 0], local[i, 1]
            walls[count, 2], walls[count, 3] = local[i, 2], local[i, 3]
            ids[count] = kind[i]
            count += 1
    return count


@njit(cache=True, error_model="numpy")
def angle_kept(kerb, ranges, x, y, theta, tolerance):  # type: ignore[no-untyped-def]
    """Whether a slot's direction keeps to the ranges against the kerb segment nearest to its centre, modulo pi."""
    segments = kerb.shape[0] - 1
    # No further than the nearest of the corners that blocks are measured from.
    close = FAR
    for first in range(0, segments, _BLOCK):
        middle = (first + min(first + _BLOCK, segments)) // 2
        close = min(close, (x - kerb[middle, 0]) ** 2 + (y - kerb[middle, 1]) ** 2)
    close = math.sqrt(close)
    nearest = FAR
    for first in range(0, segments, _BLOCK):
        if _block_within(kerb, first, x, y, close):
            for i in range(first, min(first + _BLOCK, segments)):
                nearest = min(nearest, _square_to(kerb, i, x, y))
    nearest = math.sqrt(nearest) + 1e-6
    for first in range(0, segments, _BLOCK):
        if not _block_within(kerb, first, x, y, nearest):
            continue
        for i in range(first, min(first + _BLOCK, segments)):
            if _square_to(kerb, i, x, y) <= nearest * nearest:
                angle = theta - kerb[i, 3]
                for r in range(ranges.shape[0]):
                    over = (angle - ranges[r, 0] + tolerance) % math.pi
                    if over <= ranges[r, 1] - ranges[r, 0] + 2 * tolerance:
                        return True
    return False


@njit(cache=True, error_model="numpy")
def _block_within(kerb, first, x, y, distance):  # type: ignore[no-untyped-def]
    """Whether one of the kerb's segments from ``first`` on, as many as a block has, may be so near to a point."""
    last = min(first + _BLOCK, kerb.shape[0] - 1)
    middle = (first + last) // 2
    along = max(kerb[middle, 2] - kerb[first, 2], kerb[last, 2] - kerb[middle, 2])
    dx, dy = x - kerb[middle, 0], y - kerb[middle, 1]
    return dx * dx + dy * dy <= (distance + along + 1e-9) ** 2


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
def build_ground(frame, cars_xy, car_starts, size):  # type: ignore[no-untyped-def]
    """The ground of a zone's frame and the rings of what stands on it, given as the zone is."""
    turn, zone, zone_edges, kerb, lines, ranges, _ = frame
    cars = turned_points(cars_xy, turn[0], turn[1])
    nzone = zone_edges.shape[0]
    edges = np.empty((nzone + cars.shape[0], 4))
    edges[:nzone] = zone_edges
    ring_edges(cars, car_starts, edges[nzone:])
    kinds = np.full(edges.shape[0], CAR)
    kinds[:nzone] = ZONE
    big = _big_rings(cars, car_starts, size[0] * size[1])
    return edges, kinds, _cells(edges, nzone), lines, lines.shape[0], kerb, ranges, zone, big
