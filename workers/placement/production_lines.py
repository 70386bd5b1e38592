# SPDX-License-Identifier: AGPL-3.0-or-later
"""Compiled lines that rows of slots stand on: along the kerb, and along the zone's edges where the kerb does not run.

A line is (x, y, cos, sin, s, window from, window to, sign, group, margin, bent, depth): the rectangle's centre moves
along it at an offset ``d`` to its left, ``sign`` says on which side the zone lies, ``s`` orders lines along the kerb.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from workers.placement.production_slides import FAR

KERB, EDGE = 0.0, 1.0
BEND_STEP_M = 1.3
_BEND_TURN_RAD = math.radians(2.0)
_CORNER_RAD = math.radians(25.0)
_STRAIGHT_M = 0.004


@njit(cache=True, error_model="numpy")
def _along(kerb, first, last, s):  # type: ignore[no-untyped-def]
    """Point at arc length s of the chain first..last, continued straight at both ends: (x, y)."""
    k = first
    while k < last - 1 and kerb[k + 1, 2] < s:
        k += 1
    t = (s - kerb[k, 2]) / (kerb[k + 1, 2] - kerb[k, 2])
    x = kerb[k, 0] + t * (kerb[k + 1, 0] - kerb[k, 0])
    y = kerb[k, 1] + t * (kerb[k + 1, 1] - kerb[k, 1])
    return x, y


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
def kerb_lines(kerb, extent, reach, lines):  # type: ignore[no-untyped-def]
    """Lines along a kerb (p, 4: x, y, arc length, direction) that has the zone to its left; returns how many.

    A straight run is one line. A bend is many short ones whose direction is the chord over ``extent`` metres.
    """
    p = kerb.shape[0]
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
            length = kerb[end, 2] - kerb[begin, 2]
            if length > 2.0 or (begin == first and end == last):
                steps = 1
            else:
                # As many as keep the turn from one line to the next small.
                x0, y0 = _along(kerb, first, last, kerb[begin, 2] - extent)
                x1, y1 = _along(kerb, first, last, 0.5 * (kerb[begin, 2] + kerb[end, 2]))
                x2, y2 = _along(kerb, first, last, kerb[end, 2] + extent)
                turn = abs(
                    math.atan2(
                        (x1 - x0) * (y2 - y1) - (y1 - y0) * (x2 - x1),
                        (x1 - x0) * (x2 - x1) + (y1 - y0) * (y2 - y1),
                    )
                )
                turn *= length / (0.5 * length + extent)
                steps = max(1, math.ceil(max(length / BEND_STEP_M, turn / _BEND_TURN_RAD)))
            for k in range(steps):
                if n == lines.shape[0]:
                    return n
                half = 0.5 * length / steps
                s = kerb[begin, 2] + (2 * k + 1) * half
                reach_out = 0.5 * extent if steps > 1 or length <= 2.0 else half
                x0, y0 = _along(kerb, first, last, s - reach_out)
                x1, y1 = _along(kerb, first, last, s + reach_out)
                last_turn = turn_here
                turn = math.atan2(y1 - y0, x1 - x0)
                turn_here = turn
                if steps > 1 or length <= 2.0:
                    x, y = _along(kerb, first, last, s)
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
def edge_lines(ground_edges, nzone, shells, shortest, reach, lines, n):  # type: ignore[no-untyped-def]
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
            best, nearest, covered = FAR, 0, False
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
def kerb_place(lines, count, x, y):  # type: ignore[no-untyped-def]
    """Arc length along the kerb nearest to a point."""
    best, place = FAR, 0.0
    for j in range(count):
        if lines[j, 8] != KERB:
            continue
        dx, dy = x - lines[j, 0], y - lines[j, 1]
        t = lines[j, 2] * dx + lines[j, 3] * dy
        d = lines[j, 2] * dy - lines[j, 3] * dx
        out = math.hypot(max(0.0, lines[j, 5] - t, t - lines[j, 6]), d)
        if out < best:
            best, place = out, lines[j, 4] + t
    return place
