# SPDX-License-Identifier: AGPL-3.0-or-later
"""Puts the simulated street into the database: zones, cameras, keys, calibrations, blind ground.

All of it goes through the services of the rooms that own the tables, and may be done again at any time.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import asyncssh
import numpy as np
from django.conf import settings
from django.contrib.gis.geos import GEOSGeometry
from numpy.typing import NDArray
from shapely import MultiLineString

from apps.demo.background import static_depth
from apps.demo.camera import DemoCamera
from apps.demo.control_points import write_control_points
from apps.demo.layout import build_layout
from apps.demo.scenery import build_scenery
from apps.demo.truth import blind_ground, calibration_of, street_frame
from apps.demo.views import MAX_RANGE_M, demo_cameras
from apps.parking.models import ParkingZone
from apps.parking.services import create_zone, update_zone
from apps.parking.zones import ZoneSpec
from camera_registry.models import Camera
from camera_registry.services import add_calibration, register_camera
from camera_registry.services import calibration_of as active_calibration

DEMO_INTERVAL_S = 10


@dataclass(frozen=True)
class SetupReport:
    """What `set_up_street` registered."""

    zones: tuple[str, ...]
    cameras: tuple[str, ...]


def demo_folder() -> Path:
    """Where the demo keeps its keys and what it uploaded when."""
    return Path(settings.SPARK_VAR) / "demo"


def key_path(camera: str) -> Path:
    """The private key a demo camera uploads with."""
    return demo_folder() / "keys" / camera


def zone_specs() -> list[ZoneSpec]:
    """The street's zones as the registry of zones knows them (EPSG:3857)."""
    frame = street_frame()
    return [
        ZoneSpec(
            slug=zone.slug,
            name=zone.name,
            geometry_3857=frame.geometry_to_3857(zone.polygon),
            mode=zone.mode,
            slot_length_m=zone.slot_m[0],
            slot_width_m=zone.slot_m[1],
            spacing_m=zone.slot_m[2],
            kerb_3857=frame.geometry_to_3857(zone.kerb),
            access_edges_3857=frame.geometry_to_3857(MultiLineString([zone.access_edge])),
            access=zone.access,
        )
        for zone in build_layout(0).zones
    ]


def set_up_street() -> SetupReport:
    """Register the street's zones and cameras; what is there already is brought up to date."""
    specs = zone_specs()
    for spec in specs:
        known = ParkingZone.objects.filter(slug=spec.slug).exists()
        (update_zone if known else create_zone)(spec)
    for view in demo_cameras():
        depth, hidden_wkt = _empty_view(view)
        points = demo_folder() / "control_points" / f"{view.name}.csv"
        write_control_points(points, build_layout(0), view, depth)
        _register(view, GEOSGeometry(hidden_wkt, srid=3857))
    return SetupReport(tuple(s.slug for s in specs), tuple(v.name for v in demo_cameras()))


@cache
def _empty_view(view: DemoCamera) -> tuple[NDArray[np.float32], str]:
    """The empty street's depths as a camera sees it, and the ground it cannot see (WKT, EPSG:3857)."""
    depth, _ = static_depth(build_scenery(build_layout(0)), view)
    return depth, street_frame().geometry_to_3857(blind_ground(view, depth)).wkt


def _register(view: DemoCamera, hidden: GEOSGeometry) -> Camera:
    camera = register_camera(
        view.name,
        public_keys=(ensure_key(key_path(view.name)),),
        title=view.title,
        expected_interval_s=DEMO_INTERVAL_S,
        max_range_m=MAX_RANGE_M,
        blind_ground=hidden,
    )
    exact = calibration_of(view)
    active = active_calibration(camera)
    # A calibration is never edited: only a street that was changed gets a new version.
    same = active is not None and (active.homography, active.lens, active.pose) == (
        exact.homography, exact.lens, exact.pose,
    )  # fmt: skip
    if not same:
        add_calibration(
            camera, exact, note="Exact: the simulated street knows where its cameras hang.", rmse_m=0.0
        )
    return camera


def ensure_key(path: Path) -> str:
    """The public half of an Ed25519 key, made when missing (private half readable by this user only)."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        key = asyncssh.generate_private_key("ssh-ed25519", comment=f"demo {path.name}")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key.export_private_key("openssh"))
    return str(asyncssh.read_private_key(path).export_public_key("openssh").decode().strip())
