# SPDX-License-Identifier: AGPL-3.0-or-later
"""Plays the demo's cameras: which moment each shows when, and the frame for it. Pure: knows no Django and no SFTP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from apps.demo.camera import DemoCamera
from apps.demo.dataset import JPEG_QUALITY
from apps.demo.layout import build_layout
from apps.demo.light import Light, light_at
from apps.demo.renderer import Frame, StreetRenderer
from apps.demo.timeline import Street

CLOUD_SPAN_S = 7200.0
CLOUDY_SHARE = 0.3


@dataclass(frozen=True)
class Shot:
    """A frame that is due: `at_s` seconds after the start, of the street's moment `t_s`."""

    number: int
    camera: DemoCamera
    at_s: float
    t_s: float


def light_of(seed: int, t_s: float) -> Light:
    """The light of a moment of the demo: the sun's hour, and clouds that come and go every two hours."""
    draw = np.random.default_rng([seed, 67, int(t_s // CLOUD_SPAN_S)]).random()
    return light_at(t_s / 3600, 1.0 if draw < CLOUDY_SHARE else 0.0)


def shots(views: Sequence[DemoCamera], every_s: float, speed: float, start_t_s: float) -> Iterator[Shot]:
    """Frames in the order they are due, for ever; the cameras take turns within each interval."""
    number = 0
    while True:
        for index, view in enumerate(views):
            at = (number + index / len(views)) * every_s
            yield Shot(number, view, at, start_t_s + at * speed)
        number += 1


class Player:
    """The demo's street and its renderer."""

    def __init__(self, seed: int, start_t_s: float) -> None:
        self.seed = seed
        self.renderer = StreetRenderer(build_layout(0))
        self.street = Street(self.renderer.layout, seed, start_t_s)

    def frame(self, shot: Shot) -> Frame:
        """The rendered frame of a shot."""
        cars = self.street.state_at(shot.t_s)
        noise = int(shot.t_s * 10) % (1 << 31)
        return self.renderer.render(shot.camera, light_of(self.seed, shot.t_s), cars, noise_seed=noise)

    def jpeg(self, shot: Shot) -> bytes:
        """The frame as the camera would send it."""
        done, data = cv2.imencode(".jpg", self.frame(shot).image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if not done:
            raise RuntimeError("the frame could not be encoded as JPEG")
        return data.tobytes()
