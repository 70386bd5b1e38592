# SPDX-License-Identifier: AGPL-3.0-or-later
"""Cameras for tests, made the way the project makes them: through the services."""

from __future__ import annotations

from dataclasses import dataclass

import asyncssh

from camera_registry import services
from camera_registry.calibration import Calibration, calibration_from_pose
from camera_registry.mercator import lonlat_to_3857
from camera_registry.models import Camera

KAYSERI_LONLAT = (35.4873, 38.7225)


def a_calibration(image_size: tuple[int, int] = (1920, 1080)) -> Calibration:
    """A camera 35 m above a street in Kayseri, looking north and down."""
    x, y = lonlat_to_3857([KAYSERI_LONLAT])[0]
    return calibration_from_pose(
        image_size,
        ground_3857=(float(x), float(y)),
        height_m=35.0,
        focal_px=0.6 * image_size[0],
        yaw_deg=0.0,
        pitch_deg=40.0,
    )


@dataclass(frozen=True)
class CameraWithKey:
    """A camera and the private key it logs in with."""

    camera: Camera
    key: asyncssh.SSHKey


def a_camera(
    name: str = "pole-north", *, image_size: tuple[int, int] | None = (1920, 1080), **fields
) -> Camera:
    """A registered camera; `image_size=None` leaves it without a calibration."""
    camera = services.register_camera(name, **fields)
    if image_size:
        services.add_calibration(camera, a_calibration(image_size))
    return camera


def a_camera_with_key(name: str = "pole-north", **fields) -> CameraWithKey:
    """A registered camera that may log in."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    camera = a_camera(name, **fields)
    services.add_key(camera, key.export_public_key().decode(), comment="test")
    return CameraWithKey(camera, key)
