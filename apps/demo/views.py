# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where the simulated cameras hang: the two of the demo, and random ones for training images."""

from __future__ import annotations

import math

import numpy as np

from apps.demo.camera import DemoCamera
from apps.demo.layout import Layout, to_world

FOCAL_PX = 917.0
LENS_K = -0.2
"""Together a 102° wide barrel lens on 1920 pixels, as the paper's Imou Bullet 2E."""

MAX_RANGE_M = 90.0
"""Ground farther away than this is not believed: a pixel is half a metre deep there."""


def aimed(
    name: str, title: str, place: tuple[float, float, float], target: tuple[float, float], *, focal_px: float = FOCAL_PX,
    k: float = LENS_K, roll_deg: float = 0.0, size: tuple[int, int] = (1920, 1080),
) -> DemoCamera:  # fmt: skip
    """A camera at (s, t, height) whose image centre shows the ground at (s, t)."""
    ends = to_world(np.array([place[:2], target]))
    east, north = ends[1] - ends[0]
    return DemoCamera(
        name, title, float(ends[0, 0]), float(ends[0, 1]), place[2], math.degrees(math.atan2(east, north)) % 360,
        math.degrees(math.atan2(place[2], math.hypot(east, north))), roll_deg, focal_px, k, *size,
    )  # fmt: skip


def demo_cameras() -> tuple[DemoCamera, DemoCamera]:
    """Two volunteers' cameras on the 11th floors of neighbouring houses; their views share the middle of the street."""
    return (
        aimed("bahar-north", "Bahar Street 11, 11th floor", (-24.0, -17.0, 35.0), (-8.0, 2.0), roll_deg=0.7),
        aimed("bahar-south", "Bahar Street 13, 11th floor", (22.0, -17.0, 34.2), (6.0, 2.0), roll_deg=-0.4),
    )


def random_camera(rng: np.random.Generator, layout: Layout, name: str, size: tuple[int, int]) -> DemoCamera:
    """A camera on a house or a post on either side: heights 8–40 m, any lens from 30° to 105°, distances 10–80 m."""
    height = float(rng.uniform(8, 20) if rng.random() < 0.5 else rng.uniform(20, 40))
    zone = layout.zones[int(rng.integers(len(layout.zones)))]
    aim = (float(rng.uniform(zone.s0, zone.s1)), float(rng.uniform(zone.t0 - 2, zone.t1 + 2)))
    if rng.random() < 0.75:
        place_t = float(rng.uniform(-17.0, -11.0))
    else:
        place_t = float(rng.uniform(layout.road_half_m + 3.2, layout.road_half_m + 6.0))
    reach = min(62.0, float(rng.uniform(0.35, 2.6)) * height)
    place_s = aim[0] + (1 if rng.random() < 0.5 else -1) * math.sqrt(
        max(9.0, reach**2 - (place_t - aim[1]) ** 2)
    )
    distance = math.hypot(height, aim[0] - place_s, aim[1] - place_t)
    # Far targets get longer lenses, so that cars keep a size worth learning.
    widest, narrowest = 105.0, max(30.0, min(80.0, 2200.0 / distance))
    fov = math.radians(float(rng.uniform(narrowest, widest)))
    k = 0.0 if rng.random() < 0.3 else float(rng.uniform(-0.24, 0.0))
    edge = 1.0 / (1.0 + k * (size[0] / math.hypot(*size)) ** 2)
    focal = size[0] / 2 * edge / math.tan(fov / 2)
    return aimed(
        name, name, (place_s, place_t, height), aim, focal_px=focal, k=k, roll_deg=float(rng.normal(0, 2.0)), size=size
    )  # fmt: skip
