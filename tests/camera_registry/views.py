# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures of a painted square as any calibration sees it, so that a camera can be turned and the truth is known."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import shapely

from camera_registry.calibration import Calibration, calibration_from_pose

SIZE = (960, 540)
CELLS_PER_M = 12
SIDE_M = 160.0
HOME = (3_950_000.0, 4_680_000.0)


def a_view(
    yaw_deg: float = 0.0, pitch_deg: float = 35.0, roll_deg: float = 0.0, zoom: float = 1.0, k: float = -0.15
) -> Calibration:
    """A camera 20 m above the square that looks across it."""
    return calibration_from_pose(
        SIZE, ground_3857=HOME, height_m=20.0, focal_px=520.0 * zoom, yaw_deg=yaw_deg, pitch_deg=pitch_deg,
        roll_deg=roll_deg, k=k,
    )  # fmt: skip


def the_square(seed: int = 0) -> np.ndarray:
    """Asphalt with lines, patches and manholes, (side, side) uint8; the camera stands above its middle."""
    chance = np.random.default_rng(seed)
    side = int(SIDE_M * CELLS_PER_M)
    ground = np.full((side, side), 105, np.uint8)
    for _ in range(1800):
        x, y = chance.integers(0, side, 2)
        grey = int(chance.integers(40, 220))
        if chance.random() < 0.5:
            turn, long = chance.uniform(0, np.pi), chance.uniform(8, 60)
            end = (int(x + long * np.cos(turn)), int(y + long * np.sin(turn)))
            cv2.line(ground, (int(x), int(y)), end, grey, int(chance.integers(2, 6)))
        else:
            corners = chance.integers(-14, 14, (4, 2)) + np.array([x, y])
            cv2.fillConvexPoly(ground, cv2.convexHull(corners.astype(np.int32)), grey)
    return cv2.GaussianBlur(ground, (0, 0), 1.0)


def picture(
    square: np.ndarray,
    calibration: Calibration,
    *,
    light: float = 1.0,
    cars_m: Sequence[shapely.Polygon] = (),
    seed: int = 0,
) -> np.ndarray:
    """What the camera sees, (H, W, 3) BGR, with sensor noise; cars_m: dark shapes on the ground, in its metres."""
    ground = square.copy()
    for car in cars_m:
        cells = (shapely.get_coordinates(car) * (1, -1) + SIDE_M / 2) * CELLS_PER_M
        cv2.fillPoly(ground, [np.rint(cells).astype(np.int32)], 25)
    width, height = calibration.image_size
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    metres = calibration.frame.to_metres(calibration.px_to_3857(np.column_stack([x.ravel(), y.ravel()])))
    cells = np.nan_to_num((metres * (1, -1) + SIDE_M / 2) * CELLS_PER_M - 0.5, nan=-1e6).astype(np.float32)
    seen = cv2.remap(
        ground, cells[:, 0].reshape(height, width), cells[:, 1].reshape(height, width), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT, borderValue=150,
    )  # fmt: skip
    noise = np.random.default_rng(seed).normal(0, 2.0, seen.shape)
    grey = np.clip(seen * light + noise, 0, 255).astype(np.uint8)
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
