# SPDX-License-Identifier: AGPL-3.0-or-later
"""A z-buffer triangle rasteriser, compiled with numba.

One routine serves three purposes: the camera image (depth = 1 / distance along the optical axis, which is linear
over a triangle in the image), the sun's shadow map (depth = height above ground, linear over a sheared ground
plan) and the count of pixels that a car would show if nothing stood in front of it.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

NO_TRIANGLE = -1


@njit(cache=True, fastmath=True)
def fill_triangles(
    xy: NDArray[np.float32],
    depth: NDArray[np.float32],
    triangles: NDArray[np.int32],
    first_id: int,
    cull: bool,
    nearest: NDArray[np.float32],
    ids: NDArray[np.int32],
    stamp: NDArray[np.int32],
    stamp_value: int,
) -> int:
    """Draw triangles into `nearest` (largest depth wins) and `ids`; returns how many samples they cover at all.

    xy: (N, 2) sample coordinates (a sample's centre is at +0.5); depth: (N,), ≤ 0 marks a vertex behind the camera and
    drops its triangles; triangles: (M, 3); triangle k writes `first_id + k`. With `cull`, only triangles that turn
    anticlockwise as seen (y down) are drawn. `ids` or `stamp` of shape (0, 0) are left out. A sample is counted once
    per `stamp_value`.
    """
    height, width = nearest.shape
    want_ids = ids.shape[0] > 0
    want_stamp = stamp.shape[0] > 0
    covered = 0
    for k in range(triangles.shape[0]):
        a, b, c = triangles[k, 0], triangles[k, 1], triangles[k, 2]
        da, db, dc = depth[a], depth[b], depth[c]
        if da <= 0.0 or db <= 0.0 or dc <= 0.0:
            continue
        ax, ay, bx, by, cx, cy = xy[a, 0], xy[a, 1], xy[b, 0], xy[b, 1], xy[c, 0], xy[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0.0 or (cull and area > 0.0):
            continue
        lowest_x, highest_x = min(ax, bx, cx), max(ax, bx, cx)
        lowest_y, highest_y = min(ay, by, cy), max(ay, by, cy)
        if highest_x < 0.0 or highest_y < 0.0 or lowest_x > width or lowest_y > height:
            continue
        x0, x1 = max(0, math.floor(lowest_x)), min(width - 1, math.floor(highest_x))
        y0, y1 = max(0, math.floor(lowest_y)), min(height - 1, math.floor(highest_y))
        scale = 1.0 / area
        step_b, step_c = (cy - ay) * scale, -(by - ay) * scale
        for row in range(y0, y1 + 1):
            py = row + 0.5
            px = x0 + 0.5
            weight_b = ((px - ax) * (cy - ay) - (py - ay) * (cx - ax)) * scale
            weight_c = ((bx - ax) * (py - ay) - (by - ay) * (px - ax)) * scale
            for column in range(x0, x1 + 1):
                if weight_b >= 0.0 and weight_c >= 0.0 and weight_b + weight_c <= 1.0:
                    if want_stamp and stamp[row, column] != stamp_value:
                        stamp[row, column] = stamp_value
                        covered += 1
                    value = da + weight_b * (db - da) + weight_c * (dc - da)
                    if value > nearest[row, column]:
                        nearest[row, column] = value
                        if want_ids:
                            ids[row, column] = first_id + k
                weight_b += step_b
                weight_c += step_c
    return covered


EMPTY_IDS: NDArray[np.int32] = np.empty((0, 0), np.int32)
"""Passed where no id or stamp buffer is wanted."""
