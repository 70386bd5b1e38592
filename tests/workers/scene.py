# SPDX-License-Identifier: AGPL-3.0-or-later
"""A street for tests of the worker: a camera, a kerb-side zone, painted cars, and a segmenter that finds the paint.

The paint is where the pictures are simple; everything behind the segmenter is the real thing.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence

import cv2
import numpy as np
import shapely
from shapely import affinity

from apps.parking import services as parking
from apps.parking.models import ParkingZone
from apps.parking.zones import ZoneSpec
from camera_registry import services
from camera_registry.calibration import Calibration
from camera_registry.mercator import LocalFrame
from camera_registry.models import Camera
from tests.camera_registry.factories import a_calibration
from workers.segmentation import CarMask

SIZE = (960, 540)
PAINT = (255, 0, 255)
CAR_M = (4.4, 1.8)
CAR_HEIGHT_M = 1.4
CAMERA_HEIGHT_M = 35.0
#: The zone: along x from -15 to 15 m, 2.6 m deep, 40 m north of the camera.
ZONE_M = (-15.0, 40.0, 15.0, 42.6)


def a_street_camera(name: str = "pole-north", **fields) -> Camera:
    """A calibrated camera that looks at the zone."""
    camera = services.register_camera(name, **fields)
    services.add_calibration(camera, a_calibration(SIZE))
    return camera


def the_frame(calibration: Calibration | None = None) -> LocalFrame:
    """True metres around the camera's foot."""
    return (calibration or a_calibration(SIZE)).frame


def a_zone(slug: str = "kerb") -> ParkingZone:
    """The kerb-side zone."""
    polygon = the_frame().geometry_to_3857(shapely.box(*ZONE_M))
    return parking.create_zone(ZoneSpec(slug=slug, name=slug, geometry_3857=polygon, mode="parallel"))


def photograph(cars_at_x_m: Sequence[float] = (), *, noise: int = 6) -> bytes:
    """A JPEG in which cars stand in the zone with their middles at these x, in true metres."""
    calibration, frame = a_calibration(SIZE), the_frame()
    rng = np.random.default_rng(1)
    image = np.full((SIZE[1], SIZE[0], 3), 110, np.uint8)
    for y in (20, 40, 60):  # a street has edges; without any, a picture is taken for a covered lens
        cv2.line(image, (0, y), (SIZE[0], y), (225, 225, 225), 6)
    image += rng.integers(0, noise, image.shape, dtype=np.uint8)
    for x in cars_at_x_m:
        y = (ZONE_M[1] + ZONE_M[3]) / 2
        car = shapely.box(x - CAR_M[0] / 2, y - CAR_M[1] / 2, x + CAR_M[0] / 2, y + CAR_M[1] / 2)
        # The camera stands at (0, 0): what is higher up hides the ground behind it. Roofs are smaller than cars.
        cabin = affinity.scale(car, 0.6, 0.8)
        roof = affinity.scale(cabin, *2 * [CAMERA_HEIGHT_M / (CAMERA_HEIGHT_M - CAR_HEIGHT_M)], origin=(0, 0))
        outline = shapely.convex_hull(shapely.union(car, roof))
        corners = shapely.get_coordinates(frame.geometry_to_3857(outline))[:-1]
        cv2.fillPoly(image, [np.rint(calibration.xy_3857_to_px(corners)).astype(np.int32)], PAINT)
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 92])[1])


class PaintSegmenter:
    """Finds painted cars. `delay_s`: time that each call takes; `fails_at`: batch sizes at which it raises;
    `deaf`: hears no alarm, as an engine that hangs in its own code."""

    name = "paint@test"

    def __init__(
        self, delay_s: float = 0.0, fails_at: frozenset[int] = frozenset(), *, deaf: bool = False
    ) -> None:
        self.deaf = deaf
        self.delay_s = delay_s
        self.fails_at = fails_at
        self.batches: list[int] = []

    def segment(self, images: Sequence[np.ndarray]) -> list[list[CarMask]]:
        self.batches.append(len(images))
        if self.deaf:
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
        time.sleep(self.delay_s)
        if len(images) in self.fails_at:
            raise RuntimeError("the engine broke")
        return [self._cars(image) for image in images]

    def _cars(self, image: np.ndarray) -> list[CarMask]:
        painted = (image[..., 0] > 180) & (image[..., 1] < 90) & (image[..., 2] > 180)
        contours, _ = cv2.findContours(painted.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        return [CarMask(0.9, (c[:, 0, :].astype(np.float64) + 0.5,)) for c in contours if len(c) >= 4]
