# SPDX-License-Identifier: AGPL-3.0-or-later
"""Compiled frame of a zone: what belongs to it alone for one size of slot, whatever stands on it.

A *frame* is (turn (2,), zone, edges (n, 4), kerb (p, 4), line table (J, 12), ranges (q, 2), way in). *turn* is the cosine
and sine of the x axis, which runs along the kerb with the zone to its left; all else is turned so. *zone* is (xy, starts);
*kerb* has x, y, arc length, direction of what follows; *way in* is (segments (a, 4), whether cars drive in over them or
anywhere but there). For
lines see ``production_lines``.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from workers.placement.production_lines import BEND_STEP_M, edge_lines, kerb_lines
from workers.placement.production_slides import FAR, winding

_MAX_LINES = 20000


@njit(cache=True, error_model="numpy")
def turned_points(xy, c, s):  # type: ignore[no-untyped-def]
    """Points (n, 2) in a frame whose x axis has direction (c, s)."""
    out = np.empty_like(xy)
    for i in range(xy.shape[0]):
        out[i, 0] = c * xy[i, 0] + s * xy[i, 1]
        out[i, 1] = c * xy[i, 1] - s * xy[i, 0]
    return out


@njit(cache=True, error_model="numpy")
def ring_edges(xy, starts, edges):  # type: ignore[no-untyped-def]
    """Write the edges of rings (n, 2), as many as they have points, to ``edges`` (n, 4)."""
    for r in range(starts.shape[0] - 1):
        j = starts[r + 1] - 1
        for i in range(starts[r], starts[r + 1]):
            edges[i, 0], edges[i, 1] = xy[j, 0], xy[j, 1]
            edges[i, 2], edges[i, 3] = xy[i, 0], xy[i, 1]
            j = i


@njit(cache=True, error_model="numpy")
def _turn(zone_xy, zone_starts, kerb_xy, width):  # type: ignore[no-untyped-def]
    """Direction of the kerb's chord, so that the zone lies to its left: (cos, sin, whether the kerb runs against it)."""
    p = kerb_xy.shape[0]
    x, y = kerb_xy[p - 1, 0] - kerb_xy[0, 0], kerb_xy[p - 1, 1] - kerb_xy[0, 1]
    if math.hypot(x, y) < 0.5:
        x, y = kerb_xy[1, 0] - kerb_xy[0, 0], kerb_xy[1, 1] - kerb_xy[0, 1]
    left = 0
    for i in range(p - 1):
        ux, uy = kerb_xy[i + 1, 0] - kerb_xy[i, 0], kerb_xy[i + 1, 1] - kerb_xy[i, 1]
        length = math.hypot(ux, uy)
        mx, my = 0.5 * (kerb_xy[i, 0] + kerb_xy[i + 1, 0]), 0.5 * (kerb_xy[i, 1] + kerb_xy[i + 1, 1])
        nx, ny = -0.5 * width * uy / length, 0.5 * width * ux / length
        if winding(zone_xy, zone_starts, mx + nx, my + ny) > 0:
            left += 1
        if winding(zone_xy, zone_starts, mx - nx, my - ny) > 0:
            left -= 1
    length = math.hypot(x, y)
    c, s = x / length, y / length
    return (-c, -s, True) if left < 0 else (c, s, False)


@njit(cache=True, error_model="numpy")
def _measure_depths(edges, lines, count, width):  # type: ignore[no-untyped-def]
    """Write to the first ``count`` lines how deep the zone is at each: where it is deepest, of a straight one."""
    for j in range(count):
        line = lines[j]
        best = 0.0
        for q in range(5):
            t = (line[5] + line[6]) * 0.5 + (q - 2) * 0.2 * (line[6] - line[5])
            ox, oy = line[0] + line[2] * t, line[1] + line[3] * t
            depth = FAR
            for i in range(edges.shape[0]):
                ax = line[2] * (edges[i, 0] - ox) + line[3] * (edges[i, 1] - oy)
                bx = line[2] * (edges[i, 2] - ox) + line[3] * (edges[i, 3] - oy)
                if (ax <= 0.0) == (bx <= 0.0):
                    continue
                ay = line[2] * (edges[i, 1] - oy) - line[3] * (edges[i, 0] - ox)
                by = line[2] * (edges[i, 3] - oy) - line[3] * (edges[i, 2] - ox)
                y = ay + (by - ay) * ax / (ax - bx)
                if y > 0.5 * width:
                    depth = min(depth, y)
            if depth < FAR:
                best = max(best, depth)
            if line[10] > 0.0:
                break
        lines[j, 11] = best


@njit(cache=True, error_model="numpy")
def build_frame(zone_xy, zone_starts, kerb_xy, kerb_given, access_xy, ranges, size):  # type: ignore[no-untyped-def]
    """A zone's frame; for the arguments see ``PackedGround``."""
    c, s, against = _turn(zone_xy, zone_starts, kerb_xy, size[1])
    p = kerb_xy.shape[0]
    kerb = np.zeros((p, 4))
    kerb[:, :2] = turned_points(kerb_xy[::-1].copy() if against else kerb_xy, c, s)
    for i in range(p - 1):
        ux, uy = kerb[i + 1, 0] - kerb[i, 0], kerb[i + 1, 1] - kerb[i, 1]
        kerb[i, 3] = math.atan2(uy, ux)
        kerb[i + 1, 2] = kerb[i, 2] + math.hypot(ux, uy)
    zone = turned_points(zone_xy, c, s)
    nzone = zone.shape[0]
    edges = np.empty((nzone, 4))
    ring_edges(zone, zone_starts, edges)
    across = abs(math.sin(0.5 * (ranges[0, 0] + ranges[0, 1])))
    extent = size[0] if across < 0.5 else size[1] + 0.5
    capacity = 64 + 2 * nzone + 2 * p + int(kerb[p - 1, 2] / BEND_STEP_M)
    lines = np.zeros((min(capacity, _MAX_LINES), 12))
    kerbs = kerb_lines(kerb, extent, 2.0 * size[0], lines)
    n = edge_lines(edges, nzone, zone_starts, 0.6 * size[1], 0.6 * size[0], lines, kerbs)
    _measure_depths(edges, lines, kerbs, size[1])
    segments = np.empty((0, 4))
    if access_xy.shape[0] > 0:
        segments = np.empty((access_xy.shape[0], 4))
        segments[:, :2] = turned_points(access_xy[:, :2].copy(), c, s)
        segments[:, 2:] = turned_points(access_xy[:, 2:].copy(), c, s)
    elif kerb_given:
        segments = np.empty((p - 1, 4))
        segments[:, :2], segments[:, 2:] = kerb[:-1, :2], kerb[1:, :2]
    way_in = (segments, access_xy.shape[0] > 0)
    turn = np.array([c, s])
    return turn, (zone, zone_starts), edges, kerb, lines[:n].copy(), ranges, way_in
