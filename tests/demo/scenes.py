# SPDX-License-Identifier: AGPL-3.0-or-later
"""Small renders of the simulated street, made once for all tests of this folder."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from apps.demo.camera import DemoCamera
from apps.demo.cars import CarPlace
from apps.demo.layout import build_layout
from apps.demo.light import Light, light_at
from apps.demo.renderer import Frame, StreetRenderer
from apps.demo.timeline import Street
from apps.demo.views import demo_cameras

SIZE = (640, 360)
NOON_S = 12 * 3600.0
EVENING_S = 18 * 3600.0


def small(view: DemoCamera) -> DemoCamera:
    """The same view with a third of the pixels on a side."""
    return replace(view, width=SIZE[0], image_height=SIZE[1], focal_px=view.focal_px * SIZE[0] / view.width)


CAMERA = small(demo_cameras()[0])
OTHER_CAMERA = small(demo_cameras()[1])


@cache
def renderer() -> StreetRenderer:
    return StreetRenderer(build_layout(0))


@cache
def street(seed: int = 0) -> Street:
    return Street(build_layout(0), seed, start_s=EVENING_S - 3600)


def cars(t_s: float = EVENING_S) -> list[CarPlace]:
    return street().state_at(t_s)


@cache
def noon() -> Light:
    return light_at(12.0)


@cache
def frame(camera: DemoCamera = CAMERA, t_s: float = EVENING_S) -> Frame:
    return renderer().render(camera, noon(), cars(t_s), noise_seed=1)
