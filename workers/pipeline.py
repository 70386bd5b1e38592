# SPDX-License-Identifier: AGPL-3.0-or-later
"""The paper's method on one frame, readable top to bottom.

    image ─ segment ─▶ masks (pixels) ─▶ cars on the ground ─▶ zones: seen, occupied, hidden ─ place ─▶ free spaces

No database and no queue: `python -m workers.pipeline` on a laptop gives the same answer as production. Source:
Janowski, Hüsrevoğlu, Renigier-Biłozor, "SPARK", Appl. Sci. 2024, 14(24), 12076, §3.3, with the footprints and the
ground states of SPARK's own design.
"""

from __future__ import annotations

import sys
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
import shapely
from numpy.typing import NDArray

from apps.parking.vehicles import VehicleClass
from camera_registry.calibration import Calibration
from camera_registry.footprint import CarOnGround, cars_on_ground
from camera_registry.overlay import difference
from camera_registry.privacy_mask import PrivacyMask
from workers.layouts import ClassLayout, SpaceFound, lay_out_sizes
from workers.occupancy import Zone, ZoneObservation, fuse, observe_zones
from workers.segmentation import CarMask, Segmenter
from workers.visibility import why_nothing_can_be_said

__all__ = [
    "CameraView",
    "ClassLayout",
    "FrameAnalysis",
    "FrameObservation",
    "SpaceFound",
    "ZoneLayout",
    "analyse_frame",
    "lay_out",
    "observe_frame",
]

#: Largest share of a space that may be hidden behind parked cars (DESIGN, "Unknown is not free").
MAX_HIDDEN_SHARE = 0.4
#: Ground farther away than this from its camera is not believed: a pixel covers too much of it.
MAX_RANGE_M = 120.0
#: The standing spaces of a zone without a last layout.
NOTHING_STANDS: Mapping[str, Sequence[shapely.Polygon]] = MappingProxyType({})


@dataclass(frozen=True)
class CameraView:
    """What of a camera the pipeline needs. blind_3857: ground it can never see, behind trees, poles and walls.
    mask: what is black in every frame it hands on; the ground behind it moves with the view."""

    calibration: Calibration
    max_range_m: float = MAX_RANGE_M
    blind_3857: shapely.Geometry | None = None
    mask: PrivacyMask | None = None

    @cached_property
    def ground_3857(self) -> shapely.Geometry:
        """The ground that this camera sees and may be believed on. Worth keeping: blind ground has many corners."""
        view = self.calibration.view_3857(self.max_range_m)
        if self.mask is not None:
            view = difference(view, self.mask.ground_3857(self.calibration))
        return view if self.blind_3857 is None else difference(view, self.blind_3857)


@dataclass(frozen=True)
class FrameObservation:
    """Cars in true metres of the camera's frame, and what they mean for each zone in view.

    doubtful: what may be cars; the ground below them is unknown.
    """

    cars: tuple[CarOnGround, ...]
    zones: tuple[ZoneObservation, ...]
    doubtful: tuple[CarOnGround, ...] = ()


@dataclass(frozen=True)
class ZoneLayout:
    """The free spaces of a zone, the areas they were found in, in m², and how the search went.

    spaces: of the zone's own slot size. classes: a layout for each vehicle class that was asked for, small to large.
    bound: a proven upper limit for the number of `spaces`; None when there is none.
    """

    zone_slug: str
    spaces: tuple[SpaceFound, ...]
    free_m2: float
    hidden_m2: float
    occupied_m2: float
    unknown_m2: float
    cost: float
    seed: int
    placement_ms: float
    bound: int | None = None
    classes: tuple[ClassLayout, ...] = ()


@dataclass(frozen=True)
class FrameAnalysis:
    """Everything that one frame on its own says, with the wall time of each stage in milliseconds.

    blind: why nothing can be said, when the image shows nothing; no zone is answered then.
    """

    masks: tuple[CarMask, ...]
    observation: FrameObservation
    layouts: tuple[ZoneLayout, ...]
    segment_ms: float
    ground_ms: float
    placement_ms: float
    blind: str = ""


def analyse_frame(
    image: NDArray[np.uint8],
    segmenter: Segmenter,
    camera: CameraView,
    zones: Sequence[Zone],
    seed: int = 0,
    vehicles: Sequence[VehicleClass] = (),
    certain: float = 0.0,
) -> FrameAnalysis:
    """The whole method on one image (H, W, 3) BGR, with a layout for each of `vehicles` besides the zone's own.

    The camera's privacy mask is blackened in a copy. `certain`: see `observe_frame`. Raises ValueError when the image is
    not of the calibration's size.
    """
    width, height = camera.calibration.image_size
    if image.shape[:2] != (height, width):
        raise ValueError(
            f"the image is {image.shape[1]} × {image.shape[0]} pixels but its camera was calibrated at"
            f" {width} × {height}; set the camera back or calibrate it again"
        )
    if camera.mask is not None:
        image = image.copy()
        camera.mask.blacken(image)
    blind = why_nothing_can_be_said(image)
    if blind:
        return FrameAnalysis((), FrameObservation((), ()), (), 0.0, 0.0, 0.0, blind)
    started = time.perf_counter()
    (masks,) = segmenter.segment([image])
    segmented = time.perf_counter()
    observation = observe_frame(masks, camera, zones, certain)
    grounded = time.perf_counter()
    seen = {o.zone_slug: o for o in observation.zones}
    layouts = tuple(
        lay_out(zone, [seen[zone.slug]], vehicles=vehicles, seed=seed) for zone in zones if zone.slug in seen
    )
    done = time.perf_counter()
    return FrameAnalysis(
        tuple(masks),
        observation,
        layouts,
        segment_ms=(segmented - started) * 1e3,
        ground_ms=(grounded - segmented) * 1e3,
        placement_ms=(done - grounded) * 1e3,
    )


def observe_frame(
    masks: Sequence[CarMask], camera: CameraView, zones: Sequence[Zone], certain: float = 0.0
) -> FrameObservation:
    """From masks in pixels to what they say about each zone in view. The image is no longer needed.

    certain: score from which a mask is a car. One below it may be a car or not: the ground it would stand on is neither
    occupied nor free but unknown.
    """
    calibration = camera.calibration
    frame = calibration.frame
    cars = _stood([mask for mask in masks if mask.score >= certain], calibration)
    doubtful = _stood([mask for mask in masks if mask.score < certain], calibration)
    zones_seen = observe_zones(zones, cars, frame, camera.ground_3857, doubtful)
    return FrameObservation(cars, zones_seen, doubtful)


def _stood(masks: Sequence[CarMask], calibration: Calibration) -> tuple[CarOnGround, ...]:
    """Masks on the ground, without those of which nothing lies there."""
    scores = [mask.score for mask in masks]
    found = cars_on_ground([mask.polygons for mask in masks], calibration, calibration.frame, scores)
    return tuple(car for car in found if car is not None)


def lay_out(
    zone: Zone,
    observations: Sequence[ZoneObservation],
    *,
    standing_3857: Mapping[str, Sequence[shapely.Polygon]] = NOTHING_STANDS,
    vehicles: Sequence[VehicleClass] = (),
    seed: int = 0,
    max_hidden_share: float = MAX_HIDDEN_SHARE,
) -> ZoneLayout:
    """Fit free spaces into what the fresh observations of all cameras leave of a zone.

    observations: newest first. vehicles: classes that get a layout of their own each. standing_3857: the spaces of the
    zone's last layouts, in EPSG:3857, by vehicle class, its own under the empty key. Those that are still free stay
    where they are unless a new layout holds more: a map that jitters is wrong.
    """
    started = time.perf_counter()
    ground = fuse(zone, observations)
    seed = zlib.crc32(f"{zone.slug}/{seed}".encode())
    own, classes = lay_out_sizes(
        zone,
        ground,
        observations,
        vehicles,
        standing_3857,
        max_hidden_share=max_hidden_share,
        seed=seed,
    )
    return ZoneLayout(
        zone_slug=zone.slug,
        spaces=own.spaces,
        free_m2=ground.clear_m.area,
        hidden_m2=ground.hidden_m.area,
        occupied_m2=ground.occupied_m.area,
        unknown_m2=ground.unknown_m.area,
        cost=own.cost,
        seed=seed,
        placement_ms=(time.perf_counter() - started) * 1e3,
        bound=own.bound,
        classes=classes,
    )


if __name__ == "__main__":
    from workers.pipeline_cli import main

    sys.exit(main())
