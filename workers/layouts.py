# SPDX-License-Identifier: AGPL-3.0-or-later
"""From a zone's ground to its free spaces, for its own slot size and for each vehicle class.

The solver knows zone, cars and the last layout. What it does not know is added here: ground hidden behind a parked car
may make up only a limited share of a space, and every space knows which frames it rests on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from apps.parking.vehicles import VehicleClass
from camera_registry.overlay import difference, intersection, union
from workers.occupancy import SLIVER_M2, Ground, Zone, ZoneObservation
from workers.placement import (
    Placement,
    PlacementProblem,
    Slot,
    SlotSize,
    place,
    place_classes,
    place_mixed,
    prepare,
)
from workers.placement.settle import settle

__all__ = ["ClassLayout", "SizeLayout", "SpaceFound", "lay_out_sizes", "outline_along"]

#: Sureness of a space whose ground was all seen: the share of published spaces that agree with the truth on the
#: simulated street (`python -m benchmarks accuracy`, 805 spaces, IoU ≥ 0.5). Not yet calibrated on real streets.
SEEN_CONFIDENCE = 0.94
#: A line drawn by hand runs along a zone's outline when it stays this close to it, metres.
ACCESS_REACH_M = 1.0
#: Corners this near, metres, are the same: a space that went through the database and back.
SAME_PLACE_M = 1e-4
#: Slot sizes this near, metres, are the same: a setting that was written with other decimals.
SAME_SIZE_M = 0.02
#: When spaces hide too much, what is hidden beneath them is forbidden: first all but this much of its rim, then all.
RIMS_M = (0.5, 0.0, 0.0)
#: Zones whose access edges are kept ready.
MAX_ZONES = 256


@dataclass(frozen=True)
class SpaceFound:
    """A free space: a closed rectangle in EPSG:3857, sizes in true metres.

    bearing_deg: of its length, clockwise from north, 0 ≤ bearing < 180. hidden_share: part of it that is only seen
    as the picture of a car in front of it. confidence: 0 to 1. rests_on: indices of the observations that saw its
    ground, as few and as early in the order given as will do; the oldest of them says how old the space is.
    room_length_m, room_width_m: how long and how wide it could be where it is; None when that was not measured.
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
class SizeLayout:
    """Spaces for one slot size, with a proven upper limit for their number (None: none) and what the search cost."""

    spaces: tuple[SpaceFound, ...]
    bound: int | None
    cost: float


@dataclass(frozen=True)
class _Task:
    """What stays the same while a zone's ground is laid out."""

    zone: Zone
    ground: Ground
    access_m: shapely.MultiLineString | None
    max_hidden_share: float
    seed: int

    def problem(self, blocked: shapely.Geometry, size: SlotSize) -> PlacementProblem:
        """What the solver is asked."""
        kerb = self.zone.kerb_3857
        return PlacementProblem(
            zone=self.ground.zone_m,
            blocked=blocked,
            slot_length_m=size.length_m,
            slot_width_m=size.width_m,
            spacing_m=self.zone.spacing_m,
            mode=self.zone.mode,
            angle_deg=self.zone.angle_deg,
            kerb=None if kerb is None else self.ground.frame.geometry_to_metres(kerb),
            access=self.access_m,
        )


@dataclass(frozen=True)
class _Plan:
    """A layout as the solver gave it, of one size or of several, and how much of each space is hidden."""

    sizes: tuple[SlotSize, ...]
    slots: tuple[Slot, ...]
    rooms: tuple[tuple[float, float] | None, ...]
    outlines: NDArray[np.object_]
    hidden: NDArray[np.float64]
    bound: int | None
    cost: float

    def count(self, limit: float) -> int:
        """How many of its spaces do not hide too much."""
        return int((self.hidden <= limit).sum())


def lay_out_sizes(
    zone: Zone,
    ground: Ground,
    observations: Sequence[ZoneObservation],
    vehicles: Sequence[VehicleClass],
    standing_3857: Mapping[str, Sequence[shapely.Polygon]],
    *,
    max_hidden_share: float,
    seed: int,
) -> tuple[SizeLayout, tuple[ClassLayout, ...]]:
    """The zone's own layout and one per class. standing_3857: the last layouts' spaces by class key, own under ""."""
    access = zone.access_3857 and outline_along(
        ground.zone_m, ground.frame.geometry_to_metres(zone.access_3857)
    )
    task = _Task(zone, ground, access, max_hidden_share, seed)
    own = SlotSize(zone.slot_length_m, zone.slot_width_m)
    sizes = {"": own} | {vehicle.key: SlotSize(*vehicle.slot_m(zone.mode)) for vehicle in vehicles}
    standing = {key: _standing(task, standing_3857.get(key, ()), size) for key, size in sizes.items()}
    blocked = union([ground.occupied_m, ground.unknown_m])
    problem = task.problem(blocked, own)
    # With the zone's first frame only: how many spaces it holds at most, whatever parks there.
    prepare(problem)
    placed = place_classes(problem, list(sizes.values()), seed=seed)
    layouts = {}
    for (key, size), placement in zip(sizes.items(), placed, strict=True):

        def lay(
            blocked: shapely.Geometry,
            given: Placement | None = None,
            size: SlotSize = size,
            stood: tuple[Slot, ...] = tuple(standing[key]),
        ) -> _Plan:
            problem = task.problem(blocked, size)
            found = given or place(problem, mode="production", seed=seed)
            return _plan(task, [size], [settle(problem, found, stood, seed)])

        plan = _within_hidden_share(task, lay(blocked, placement), blocked, lay)
        layouts[key] = _found(task, plan, standing[key], observations)
    if zone.mixed_sizes:
        layouts[""] = _mixed(
            task, blocked, own, list(sizes.values()), standing_3857.get("", ()), observations
        )
    return layouts[""], tuple(ClassLayout(vehicle, layouts[vehicle.key].spaces) for vehicle in vehicles)


def _mixed(
    task: _Task,
    blocked: shapely.Geometry,
    own: SlotSize,
    sizes: Sequence[SlotSize],
    standing_3857: Sequence[shapely.Polygon],
    observations: Sequence[ZoneObservation],
) -> SizeLayout:
    """The zone's own slots, and where none fits any more smaller ones, the largest first."""
    smaller = {size for size in sizes if size.length_m < own.length_m and size.width_m <= own.width_m}
    wanted = [own, *sorted(smaller, key=lambda size: (-size.length_m, -size.width_m))]
    standing = [_standing(task, standing_3857, size) for size in wanted]

    def lay(blocked: shapely.Geometry) -> _Plan:
        return _plan(task, wanted, place_mixed(task.problem(blocked, own), wanted, seed=task.seed))

    plan = _within_hidden_share(task, lay(blocked), blocked, lay)
    return _found(
        task, plan, {slot: polygon for some in standing for slot, polygon in some.items()}, observations
    )


def _standing(
    task: _Task, standing_3857: Sequence[shapely.Polygon], size: SlotSize
) -> dict[Slot, shapely.Polygon]:
    """The last layout's spaces of this size that do not hide too much now, as slots, with their polygons."""
    kept = {}
    for polygon_3857 in standing_3857:
        corners = task.ground.frame.to_metres(shapely.get_coordinates(polygon_3857))
        sides = np.diff(corners[:3], axis=0)
        lengths = np.hypot(*sides.T)
        long = sides[int(np.argmax(lengths))]
        if not np.allclose(sorted(lengths), sorted((size.length_m, size.width_m)), atol=SAME_SIZE_M):
            continue
        if _hidden_shares(task.ground, np.array([shapely.Polygon(corners)]))[0] <= task.max_hidden_share:
            x, y = corners[:4].mean(axis=0)
            kept[Slot(float(x), float(y), float(np.arctan2(long[1], long[0])))] = polygon_3857
    return kept


def _plan(task: _Task, sizes: Sequence[SlotSize], placements: Sequence[Placement]) -> _Plan:
    pairs = [(size, slot) for size, placed in zip(sizes, placements, strict=True) for slot in placed.slots]
    outlines = np.array([slot.polygon(size.length_m, size.width_m) for size, slot in pairs], dtype=object)
    rooms: list[tuple[float, float] | None] = []
    for placed in placements:
        measured = [(room.length_m, room.width_m) for room in placed.clearances]
        rooms += measured or [None] * len(placed.slots)
    return _Plan(
        sizes=tuple(size for size, _ in pairs),
        slots=tuple(slot for _, slot in pairs),
        rooms=tuple(rooms),
        outlines=outlines,
        hidden=_hidden_shares(task.ground, outlines),
        bound=placements[0].bound if len(placements) == 1 else None,
        cost=sum(placed.cost for placed in placements),
    )


def _within_hidden_share(
    task: _Task, plan: _Plan, blocked: shapely.Geometry, lay_again: Callable[[shapely.Geometry], _Plan]
) -> _Plan:
    """A plan whose spaces do not hide too much: where some do, plan anew without the ground hidden beneath them.

    Of all that were tried the one with the most good spaces, and of those the first.
    """
    tried = [plan]
    for rim in RIMS_M:
        bad = tried[-1].outlines[tried[-1].hidden > task.max_hidden_share]
        if not len(bad):
            break
        beneath = intersection(task.ground.hidden_m, union(bad))
        blocked = union([blocked, beneath.buffer(-rim)])
        tried.append(lay_again(blocked))
    return max(tried, key=lambda one: one.count(task.max_hidden_share))


def _found(
    task: _Task,
    plan: _Plan,
    standing: Mapping[Slot, shapely.Polygon],
    observations: Sequence[ZoneObservation],
) -> SizeLayout:
    """The good spaces of a plan; one that has not moved keeps its very corners."""
    good = np.flatnonzero(plan.hidden <= task.max_hidden_share)
    polygons = [
        _stood_here(plan.slots[i], standing) or task.ground.frame.geometry_to_3857(plan.outlines[i])
        for i in good
    ]
    rests = _rest_on(polygons, observations)
    spaces = []
    for i, polygon, rests_on in zip(good.tolist(), polygons, rests, strict=True):
        size, room = plan.sizes[i], plan.rooms[i]
        hidden = float(plan.hidden[i])
        spaces.append(
            SpaceFound(
                polygon_3857=polygon,
                length_m=size.length_m,
                width_m=size.width_m,
                bearing_deg=(90.0 - float(np.degrees(plan.slots[i].theta_rad))) % 180.0,
                hidden_share=hidden,
                # Its ground's hidden share counts as a guess, which is worth nothing.
                confidence=SEEN_CONFIDENCE * (1.0 - hidden),
                rests_on=rests_on,
                room_length_m=room[0] if room else None,
                room_width_m=room[1] if room else None,
            )
        )
    return SizeLayout(tuple(spaces), plan.bound, plan.cost)


def _stood_here(slot: Slot, standing: Mapping[Slot, shapely.Polygon]) -> shapely.Polygon | None:
    for stood, polygon in standing.items():
        turned = abs(np.sin(slot.theta_rad - stood.theta_rad))
        if np.hypot(slot.x - stood.x, slot.y - stood.y) < SAME_PLACE_M and turned < SAME_PLACE_M:
            return polygon
    return None


def _hidden_shares(ground: Ground, outlines: NDArray[np.object_]) -> NDArray[np.float64]:
    """The share of each outline that is seen only as the picture of a car before it."""
    if not len(outlines) or ground.hidden_m.is_empty:
        return np.zeros(len(outlines))
    shapely.prepare(ground.hidden_m)
    hidden = np.zeros(len(outlines))
    touched = shapely.intersects(ground.hidden_m, outlines)
    areas = shapely.area(shapely.intersection(outlines[touched], ground.hidden_m))
    hidden[touched] = areas / shapely.area(outlines[touched])
    return hidden


def _rest_on(
    polygons_3857: Sequence[shapely.Polygon], observations: Sequence[ZoneObservation]
) -> list[tuple[int, ...]]:
    """For each space, which observations together saw its ground, taking them in order until nothing is left unseen."""
    if not polygons_3857 or not observations:
        return [() for _ in polygons_3857]
    shapely.prepare(observations[0].seen_3857)
    by_newest = shapely.covers(observations[0].seen_3857, list(polygons_3857))
    return [
        (0,) if alone else _needed(polygon, observations)
        for polygon, alone in zip(polygons_3857, by_newest, strict=True)
    ]


def _needed(polygon_3857: shapely.Polygon, observations: Sequence[ZoneObservation]) -> tuple[int, ...]:
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


@lru_cache(MAX_ZONES)
def outline_along(
    outline_m: shapely.Polygon, lines_m: shapely.MultiLineString
) -> shapely.MultiLineString | None:
    """The parts of an outline along which lines run that were drawn by hand; None when there are none. True metres.

    An edge that only meets a line's end, as the neighbouring edge does at each corner, is not part of it.
    """
    found = []
    for ring in (outline_m.exterior, *outline_m.interiors):
        for ends in pairwise(ring.coords):
            edge = shapely.LineString(ends)
            for line in lines_m.geoms:
                beside = edge.intersection(line.buffer(ACCESS_REACH_M, cap_style="flat"))
                found += [part for part in shapely.get_parts(beside) if _runs_along(part, line)]
    return shapely.MultiLineString(found) if found else None


def _runs_along(part: shapely.Geometry, line: shapely.LineString) -> bool:
    if part.geom_type != "LineString" or part.length <= SAME_PLACE_M:
        return False
    start, end = (line.project(shapely.Point(place)) for place in (part.coords[0], part.coords[-1]))
    return bool(abs(end - start) >= part.length / 2)
