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
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

import numpy as np
import shapely
from numpy.typing import NDArray

from apps.parking.vehicles import VehicleClass
from camera_registry.calibration import Calibration
from camera_registry.footprint import CarOnGround, car_on_ground
from camera_registry.overlay import difference, intersection, union
from workers.occupancy import SLIVER_M2, Ground, Zone, ZoneObservation, fuse, observe_zones
from workers.placement import Placement, PlacementProblem, Slot, place
from workers.segmentation import CarMask, Segmenter

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
#: Sureness of a space whose ground was all seen: the share of published spaces that agree with the truth on the
#: simulated street (`python -m benchmarks accuracy`, 805 spaces, IoU ≥ 0.5). Not yet calibrated on real streets.
SEEN_CONFIDENCE = 0.94
#: A space of the last layout still stands while at most this much of it, in m², is no longer free: rounding, not a car.
STANDING_TOLERANCE_M2 = 0.002

#: The standing spaces of a zone without a last layout.
NOTHING_STANDS: Mapping[str, Sequence[shapely.Polygon]] = MappingProxyType({})


@dataclass(frozen=True)
class CameraView:
    """What of a camera the pipeline needs. blind_3857: ground it can never see, behind trees, poles and walls."""

    calibration: Calibration
    max_range_m: float = MAX_RANGE_M
    blind_3857: shapely.Geometry | None = None

    @cached_property
    def ground_3857(self) -> shapely.Geometry:
        """The ground that this camera sees and may be believed on. Worth keeping: blind ground has many corners."""
        view = self.calibration.view_3857(self.max_range_m)
        return view if self.blind_3857 is None else difference(view, self.blind_3857)


@dataclass(frozen=True)
class FrameObservation:
    """Cars in true metres of the camera's frame, and what they mean for each zone in view."""

    cars: tuple[CarOnGround, ...]
    zones: tuple[ZoneObservation, ...]


@dataclass(frozen=True)
class SpaceFound:
    """A free space: a closed rectangle in EPSG:3857, sizes in true metres.

    bearing_deg: of its length, clockwise from north, 0 ≤ bearing < 180. hidden_share: part of it that is only seen
    as the picture of a car in front of it. confidence: 0 to 1. rests_on: indices of the observations that saw its
    ground, as few and as early in the order given as will do; the oldest of them says how old the space is.
    """

    polygon_3857: shapely.Polygon
    length_m: float
    width_m: float
    bearing_deg: float
    hidden_share: float
    confidence: float
    rests_on: tuple[int, ...] = (0,)
    room_length_m: float | None = None
    room_width_m: float | None = None


@dataclass(frozen=True)
class ClassLayout:
    """The spaces that a zone has for one class of vehicles, as if only such vehicles came."""

    vehicle: VehicleClass
    spaces: tuple[SpaceFound, ...]


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
    """Everything that one frame on its own says, with the wall time of each stage in milliseconds."""

    masks: tuple[CarMask, ...]
    observation: FrameObservation
    layouts: tuple[ZoneLayout, ...]
    segment_ms: float
    ground_ms: float
    placement_ms: float


def analyse_frame(
    image: NDArray[np.uint8],
    segmenter: Segmenter,
    camera: CameraView,
    zones: Sequence[Zone],
    seed: int = 0,
    vehicles: Sequence[VehicleClass] = (),
) -> FrameAnalysis:
    """The whole method on one image (H, W, 3) BGR, with a layout for each of `vehicles` besides the zone's own.

    Raises ValueError when the image is not of the calibration's size.
    """
    width, height = camera.calibration.image_size
    if image.shape[:2] != (height, width):
        raise ValueError(
            f"the image is {image.shape[1]} × {image.shape[0]} pixels but its camera was calibrated at"
            f" {width} × {height}; set the camera back or calibrate it again"
        )
    started = time.perf_counter()
    (masks,) = segmenter.segment([image])
    segmented = time.perf_counter()
    observation = observe_frame(masks, camera, zones)
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


def observe_frame(masks: Sequence[CarMask], camera: CameraView, zones: Sequence[Zone]) -> FrameObservation:
    """From masks in pixels to what they say about each zone in view. The image is no longer needed."""
    calibration = camera.calibration
    frame = calibration.frame
    found = (car_on_ground(mask.polygons, calibration, frame, mask.score) for mask in masks)
    cars = tuple(car for car in found if car is not None)
    return FrameObservation(cars, observe_zones(zones, cars, frame, camera.ground_3857))


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
    blocked = union([ground.occupied_m, ground.unknown_m])

    def lay(sized: Zone, standing: Sequence[shapely.Polygon]) -> tuple[Placement, tuple[SpaceFound, ...]]:
        placement, spaces = _lay_size(sized, ground, blocked, standing, seed, max_hidden_share)
        return placement, tuple(
            replace(space, rests_on=_rests_on(space.polygon_3857, observations)) for space in spaces
        )

    placement, spaces = lay(zone, standing_3857.get("", ()))
    classes = []
    for vehicle in vehicles:
        length, width = vehicle.slot_m(zone.mode)
        sized = replace(zone, slot_length_m=length, slot_width_m=width)
        classes.append(ClassLayout(vehicle, lay(sized, standing_3857.get(vehicle.key, ()))[1]))
    return ZoneLayout(
        zone_slug=zone.slug,
        spaces=spaces,
        free_m2=ground.clear_m.area,
        hidden_m2=ground.hidden_m.area,
        occupied_m2=ground.occupied_m.area,
        unknown_m2=ground.unknown_m.area,
        cost=placement.cost,
        seed=seed,
        placement_ms=(time.perf_counter() - started) * 1e3,
        bound=placement.bound,
        classes=tuple(classes),
    )


def _lay_size(
    zone: Zone,
    ground: Ground,
    blocked: shapely.Geometry,
    standing_3857: Sequence[shapely.Polygon],
    seed: int,
    max_hidden_share: float,
) -> tuple[Placement, tuple[SpaceFound, ...]]:
    """One layout, for the slot size of `zone`: what still stands of the last one, or a new one if that holds more."""
    kept = _still_free(zone, ground, blocked, standing_3857, max_hidden_share)
    fresh = _search(zone, ground, blocked, seed)
    spaces = _spaces(zone, ground, fresh.slots, max_hidden_share)
    if kept:
        taken = union([blocked, *(_apart(zone, ground, space) for space in kept)])
        remainder = _search(zone, ground, taken, seed)
        steady = kept + _spaces(zone, ground, remainder.slots, max_hidden_share)
        if len(steady) >= len(spaces):
            fresh, spaces = remainder, steady
    return fresh, spaces


def _search(zone: Zone, ground: Ground, blocked: shapely.Geometry, seed: int) -> Placement:
    kerb = ground.frame.geometry_to_metres(zone.kerb_3857) if zone.kerb_3857 is not None else None
    problem = PlacementProblem(
        zone=ground.zone_m,
        blocked=blocked,
        slot_length_m=zone.slot_length_m,
        slot_width_m=zone.slot_width_m,
        spacing_m=zone.spacing_m,
        mode=zone.mode,
        angle_deg=zone.angle_deg,
        kerb=kerb,
    )
    return place(problem, seed=seed)


def _spaces(
    zone: Zone, ground: Ground, slots: Sequence[Slot], max_hidden_share: float
) -> tuple[SpaceFound, ...]:
    found = []
    for slot in slots:
        rectangle = slot.polygon(zone.slot_length_m, zone.slot_width_m)
        hidden_share = _hidden_share(rectangle, ground)
        if hidden_share <= max_hidden_share:
            bearing = (90.0 - float(np.degrees(slot.theta_rad))) % 180.0
            found.append(_space(zone, ground.frame.geometry_to_3857(rectangle), bearing, hidden_share))
    return tuple(found)


def _still_free(
    zone: Zone,
    ground: Ground,
    blocked: shapely.Geometry,
    standing_3857: Sequence[shapely.Polygon],
    max_hidden_share: float,
) -> tuple[SpaceFound, ...]:
    """The spaces of the last layout that have this zone's slot size and whose ground is still free."""
    kept = []
    for polygon_3857 in standing_3857:
        rectangle = ground.frame.geometry_to_metres(polygon_3857)
        corners = shapely.get_coordinates(rectangle)
        sides = np.linalg.norm(np.diff(corners[:3], axis=0), axis=1)
        if not np.allclose(np.sort(sides), np.sort([zone.slot_length_m, zone.slot_width_m]), atol=0.02):
            continue
        lost = intersection(rectangle, blocked).area + difference(rectangle, ground.zone_m).area
        hidden_share = _hidden_share(rectangle, ground)
        if lost <= STANDING_TOLERANCE_M2 and hidden_share <= max_hidden_share:
            east, north = (corners[1] - corners[0]) if sides[0] >= sides[1] else (corners[2] - corners[1])
            bearing = float(np.degrees(np.arctan2(east, north))) % 180.0
            kept.append(_space(zone, polygon_3857, bearing, hidden_share))
    return tuple(kept)


def _apart(zone: Zone, ground: Ground, space: SpaceFound) -> shapely.Geometry:
    """A kept space with the spacing that a new one must hold from it."""
    rectangle = ground.frame.geometry_to_metres(space.polygon_3857)
    return rectangle.buffer(zone.spacing_m, join_style="mitre") if zone.spacing_m else rectangle


def _rests_on(polygon_3857: shapely.Polygon, observations: Sequence[ZoneObservation]) -> tuple[int, ...]:
    """Which observations together saw this ground, taking them in order until nothing is left unseen."""
    unseen: shapely.Geometry = polygon_3857
    needed = []
    for index, observation in enumerate(observations):
        rest = difference(unseen, observation.seen_3857)
        if unseen.area - rest.area > SLIVER_M2:
            needed.append(index)
            unseen = rest
        if unseen.area <= SLIVER_M2:
            break
    return tuple(needed)


def _hidden_share(rectangle: shapely.Polygon, ground: Ground) -> float:
    return float(intersection(rectangle, ground.hidden_m).area / rectangle.area)


def _space(zone: Zone, polygon_3857: shapely.Polygon, bearing_deg: float, hidden_share: float) -> SpaceFound:
    # Its ground's hidden share counts as a guess, which is worth nothing.
    confidence = SEEN_CONFIDENCE * (1.0 - hidden_share)
    return SpaceFound(
        polygon_3857, zone.slot_length_m, zone.slot_width_m, bearing_deg, hidden_share, confidence
    )


if __name__ == "__main__":
    from workers.pipeline_cli import main

    sys.exit(main())
