# SPDX-License-Identifier: AGPL-3.0-or-later
"""Cameras whose truth is known, for the geometry's tests."""

from __future__ import annotations

from camera_registry.calibration import Calibration, calibration_from_pose
from camera_registry.mercator import lonlat_to_3857

SIZE = (1920, 1080)


def camera(
    latitude: float = 38.73,
    height_m: float = 35.0,
    yaw_deg: float = 70.0,
    pitch_deg: float = 28.0,
    roll_deg: float = 1.5,
    focal_px: float = 960.0,
    k: float = -0.15,
) -> Calibration:
    """A camera like the paper's: 35 m up, wide, slightly rolled, with a barrel lens."""
    ground = lonlat_to_3857([(35.49, latitude)])[0]
    return calibration_from_pose(
        SIZE,
        ground_3857=(float(ground[0]), float(ground[1])),
        height_m=height_m,
        focal_px=focal_px,
        yaw_deg=yaw_deg,
        pitch_deg=pitch_deg,
        roll_deg=roll_deg,
        k=k,
    )
