# SPDX-License-Identifier: AGPL-3.0-or-later
"""Compiled ground: a zone's edges in cells and its lines, in a frame whose x axis runs along the kerb.

A *ground* is (edges (n, 4), kinds (n,), cells, line table (J, 12), how many lines, kerb (p, 2), ranges (q, 2), the
zone's rings, big rings). *cells* is (starts, items, frame, stamps). For lines see ``production_lines``.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from workers.placement.production_lines import BEND_STEP_M, edge_lines, kerb_lines
from workers.placement.production_slides import FAR, winding

ZONE, CAR = 0, 1
_CELL_M = 5.0
_MAX_CELLS = 40000
_MAX_LINES = 20000


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
                if max(ax, bx) < t0 or min(ax, bx) > t1 or max(ay, by) < d0 or min(ay, by) > d1:
                    continue
                local[n, 0], local[n, 1], local[n, 2], local[n, 3] = ax, ay, bx, by
                kind[n] = i if kinds[i] == ZONE else -1
                n += 1
    return n


@njit(cache=True, error_model="numpy")
def angle_kept(kerb, ranges, x, y, theta, tolerance):  # type: ignore[no-untyped-def]
    """Whether a slot's direction keeps to the ranges against the kerb segment nearest to its centre, modulo pi."""
    nearest = FAR
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
            math.hypot(kerb[i + 1, 0] - kerb[i, 0], kerb[i + 1, 1] - kerb[i, 1]) / BEND_STEP_M
        )
    lines = np.zeros((min(capacity, _MAX_LINES), 12))
    n = kerb_lines(kerb, extent, reach, lines)
    kerbs = n
    n = edge_lines(edges, nzone, zone_starts, 0.6 * size[1], 0.6 * size[0], lines, n)
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
            depth = FAR
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
            if depth < FAR:
                best = max(best, depth)
            if line[10] > 0.0:
                break
        lines[j, 11] = best
    big = _big_rings(cars, car_starts, size[0] * size[1])
    return (edges, kinds, cells, lines, n, kerb, ranges, (zone, zone_starts), big), c, s
