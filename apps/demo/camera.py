# SPDX-License-Identifier: AGPL-3.0-or-later
"""A simulated camera: position, direction, focal length and one-parameter radial lens, in the street's true metres.

Image coordinates are continuous: pixel (column i, row j) covers [i, i+1) × [j, j+1), so its centre is at +0.5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEAR_M = 0.5
"""Vertices nearer to the camera than this are treated as behind it."""


@dataclass(frozen=True)
class DemoCamera:
    """A fixed camera over the street plane (x east, y north, z up, true metres).

    yaw_deg: bearing of the optical axis, clockwise from north; pitch_deg: downwards from the horizon; roll_deg:
    clockwise turn of the camera about its axis as seen from behind it; k: division-model lens term over half the diagonal.
    """

    name: str
    title: str
    x: float
    y: float
    height_m: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    focal_px: float
    k: float
    width: int = 1920
    image_height: int = 1080

    @property
    def centre_px(self) -> tuple[float, float]:
        return self.width / 2.0, self.image_height / 2.0

    @property
    def radius_px(self) -> float:
        """Half the image diagonal, the unit of the lens term."""
        return 0.5 * math.hypot(self.width, self.image_height)

    @property
    def position(self) -> NDArray[np.float64]:
        return np.array([self.x, self.y, self.height_m])

    @property
    def axes(self) -> NDArray[np.float64]:
        """(3, 3) rows: image right, image down and forward, in world directions."""
        yaw, pitch, roll = map(math.radians, (self.yaw_deg, self.pitch_deg, self.roll_deg))
        forward = np.array(
            [math.sin(yaw) * math.cos(pitch), math.cos(yaw) * math.cos(pitch), -math.sin(pitch)]
        )
        right = np.array([math.cos(yaw), -math.sin(yaw), 0.0])
        down = np.cross(forward, right)
        turned_right = math.cos(roll) * right + math.sin(roll) * down
        return np.stack([turned_right, np.cross(forward, turned_right), forward])

    def project(self, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """World points (N, 3) → distorted pixels (N, 2) and 1/depth (N,), 0 where not in front of the camera."""
        camera = (points - self.position) @ self.axes.T
        depth = camera[:, 2]
        ahead = depth > NEAR_M
        safe = np.where(ahead, depth, 1.0)
        ideal = camera[:, :2] * (self.focal_px / safe)[:, None]
        return np.asarray(self.centre_px) + self._bend(ideal), np.where(ahead, 1.0 / safe, 0.0)

    def _bend(self, offset_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Ideal offsets from the centre → offsets behind the lens: u = d / (1 + k r²) solved for d."""
        if self.k == 0.0:
            return offset_px
        ideal = np.linalg.norm(offset_px, axis=1) / self.radius_px
        inside = np.maximum(1.0 - 4.0 * self.k * ideal**2, 0.0)
        # The stable root of k u r² − r + u = 0 (no cancellation as k → 0).
        return offset_px * (2.0 / (1.0 + np.sqrt(inside)))[:, None]

    def rays(self, px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pixels (N, 2) → world directions (N, 3) with depth 1 along the optical axis."""
        offset = px - np.asarray(self.centre_px)
        radius_squared = np.sum(offset**2, axis=1) / self.radius_px**2
        ideal = offset / (1.0 + self.k * radius_squared)[:, None]
        camera = np.column_stack([ideal / self.focal_px, np.ones(len(ideal))])
        return camera @ self.axes

    def ground_at(self, px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pixels (N, 2) → street plane (N, 2) true metres; NaN at and above the horizon."""
        direction = self.rays(px)
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = np.where(direction[:, 2] < -1e-6, -self.height_m / direction[:, 2], np.nan)
        return self.position[:2] + direction[:, :2] * distance[:, None]
