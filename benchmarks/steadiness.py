# SPDX-License-Identifier: AGPL-3.0-or-later
"""How still the map lies: spaces that stay free should stay where they are, under the same id, from frame to frame.

The simulated street's cars come and go; each frame sees their true footprints with the jitter that outlines of parked
cars really have. Frame after frame goes through `lay_out` with what stood before, and through the matching by which
publishing gives ids. A space *survives* when no true car stands on it in the next frame. No images, no database.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiLineString, MultiPolygon, Polygon

from apps.demo.cars import CarPlace
from apps.demo.layout import DemoZone, build_layout
from apps.demo.timeline import Street
from apps.demo.truth import street_frame
from apps.parking.matching import same_places
from apps.parking.vehicles import VehicleClass
from camera_registry.mercator import LocalFrame
from camera_registry.overlay import intersection, union
from workers.occupancy import Zone, ZoneObservation
from workers.pipeline import lay_out

Rows = list[dict[str, Any]]

SEED = 2026
START_S = 17 * 3600.0
STEP_S = 10.0
FRAMES, QUICK_FRAMES = 360, 36
#: Fewer cars than the demo's own street has at this hour: with more room, more can go wrong.
FULLNESS = 0.8
#: Standard deviation of where a parked car's edges are seen, by car: log-normal with this median, metres, and spread.
#: Measured with the shipped model on eight frames of one moment that differ by sensor noise and JPEG only: median 1 to
#: 2 cm, a tenth of the cars above 5 cm.
JITTER_MEDIAN_M, JITTER_SPREAD = 0.013, 1.05
#: A true car on more of a space than this, m², and the space is gone.
TAKEN_M2 = 0.1
#: Less than this is not a movement.
STILL_M = 0.001
VEHICLES = (VehicleClass(3.6, 1.7), VehicleClass(4.8, 1.9), VehicleClass(6.0, 2.1))

Gap = tuple[tuple[float, ...] | None, tuple[float, ...] | None]


@dataclass
class Tally:
    """What one kind of layout did over a sequence."""

    spaces: int = 0
    survivors: int = 0
    kept: int = 0
    cut_without_gain: int = 0
    untouched: int = 0
    untouched_moved: int = 0
    displacements_m: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """As a line of a table."""
        moved = np.array(self.displacements_m)
        return {
            "spaces per frame": float(np.mean(self.counts)) if self.counts else None,
            "survivors": self.survivors,
            "id kept": self.kept / max(1, self.survivors),
            "cut without gain": self.cut_without_gain,
            "mean move cm": float(moved.mean() * 100) if len(moved) else None,
            "p99 move cm": float(np.percentile(moved, 99) * 100) if len(moved) else None,
            "moved > 1 mm": float((moved > STILL_M).mean()) if len(moved) else None,
            "in unchanged gaps": self.untouched,
            "of them moved": self.untouched_moved,
        }


def run(quick: bool) -> Rows:
    """One table: per kind of outline and layout, how still it lay."""
    frames = QUICK_FRAMES if quick else FRAMES
    rows: Rows = []
    for outlines, jitter in (("exact", False), ("jittered", True)):
        tallies, layout_ms = watch(frames, jitter=jitter)
        for layout, tally in tallies.items():
            rows.append({"outlines": outlines, "layout": layout} | tally.row())
        rows[-len(tallies)]["lay_out cpu ms, median"] = float(np.median(layout_ms))
        rows[-len(tallies)]["p95"] = float(np.percentile(layout_ms, 95))
    return rows


def watch(
    frames: int,
    *,
    jitter: bool,
    vehicles: Sequence[VehicleClass] = VEHICLES,
    zones: Iterable[str] | None = None,
    step_s: float = STEP_S,
) -> tuple[dict[str, Tally], list[float]]:
    """Lay the street out frame after frame. Returns a tally per layout and the CPU time of each `lay_out`, ms."""
    layout, frame = build_layout(0), street_frame()
    street = Street(layout, SEED, START_S, FULLNESS)
    rng = np.random.default_rng(SEED)
    unsteady: dict[int, float] = {}
    tallies = {"own slots": Tally()} | {f"vehicles to {vehicle}": Tally() for vehicle in vehicles}
    keys = ["", *(vehicle.key for vehicle in vehicles)]
    cpu_ms: list[float] = []
    chosen = [zone for zone in layout.zones if zones is None or zone.slug in set(zones)]
    standing: dict[str, dict[str, list[Polygon]]] = {zone.slug: {} for zone in chosen}
    before: list[CarPlace] | None = None
    for number in range(frames):
        cars = street.state_at(START_S + number * step_s)
        outlines = [_seen(car, unsteady, rng) if jitter else Polygon(car.footprint()) for car in cars]
        for zone in chosen:
            known = pipeline_zone(zone, frame)
            observation = _observation(known, zone, outlines, frame)
            began = time.thread_time()
            found = lay_out(known, [observation], standing_3857=standing[zone.slug], vehicles=vehicles)
            cpu_ms.append((time.thread_time() - began) * 1e3)
            layouts = [found.spaces, *(of_class.spaces for of_class in found.classes)]
            after = {
                key: [space.polygon_3857 for space in spaces]
                for key, spaces in zip(keys, layouts, strict=True)
            }
            if before is not None:
                for key, tally in zip(keys, tallies.values(), strict=True):
                    _compare(tally, zone, frame, standing[zone.slug].get(key, []), after[key], before, cars)
            standing[zone.slug] = after
        before = cars
    return tallies, cpu_ms


def pipeline_zone(zone: DemoZone, frame: LocalFrame) -> Zone:
    """A zone of the street as the workers know it."""
    length, width, spacing = zone.slot_m
    return Zone(
        zone.slug,
        frame.geometry_to_3857(zone.polygon),
        "parallel" if zone.mode == "parallel" else "perpendicular",
        length,
        width,
        spacing,
        kerb_3857=frame.geometry_to_3857(zone.kerb),
        access_3857=frame.geometry_to_3857(MultiLineString([zone.access_edge])),
    )


def _seen(car: CarPlace, unsteady: dict[int, float], rng: np.random.Generator) -> Polygon:
    """A car's footprint as one frame sees it: each of its four sides a little off."""
    ring = np.asarray(car.footprint())
    if car.id not in unsteady:
        unsteady[car.id] = float(JITTER_MEDIAN_M * np.exp(JITTER_SPREAD * rng.normal()))
    turn = np.array(
        [
            [np.cos(car.heading_rad), -np.sin(car.heading_rad)],
            [np.sin(car.heading_rad), np.cos(car.heading_rad)],
        ]
    )
    own = ring @ turn
    low, high = own.min(axis=0), own.max(axis=0)
    off = rng.normal(0.0, unsteady[car.id], (2, 2))
    scale = (high + off[1] - low - off[0]) / (high - low)
    return Polygon((low + off[0] + (own - low) * scale) @ turn.T)


def _observation(
    known: Zone, zone: DemoZone, outlines: Sequence[Polygon], frame: LocalFrame
) -> ZoneObservation:
    occupied = intersection(zone.polygon, union(outlines))
    return ZoneObservation(known.slug, known.polygon_3857, frame.geometry_to_3857(occupied), MultiPolygon())


def _compare(
    tally: Tally,
    zone: DemoZone,
    frame: LocalFrame,
    old_3857: Sequence[Polygon],
    new_3857: Sequence[Polygon],
    cars_before: Sequence[CarPlace],
    cars_after: Sequence[CarPlace],
) -> None:
    """Add what became of the spaces of one layout from one frame to the next."""
    old, new = ([frame.geometry_to_metres(space) for space in spaces] for spaces in (old_3857, new_3857))
    partner = dict(same_places(old_3857, new_3857))
    taken = union(Polygon(car.footprint()) for car in cars_after)
    still = set(_gaps(zone, cars_after))
    gap_of = _gaps(zone, cars_before)
    tally.counts.append(len(new))
    for index, space in enumerate(old):
        if intersection(space, taken).area > TAKEN_M2:
            continue
        tally.survivors += 1
        heir = partner.get(index)
        moved = float("inf") if heir is None else space.centroid.distance(new[heir].centroid)
        if heir is not None:
            tally.kept += 1
            tally.displacements_m.append(moved)
        elif len(new) <= len(old):
            tally.cut_without_gain += 1
        gap = _gap_around(zone, space, gap_of)
        if gap in still:
            tally.untouched += 1
            tally.untouched_moved += moved > STILL_M


def _gaps(zone: DemoZone, cars: Sequence[CarPlace]) -> dict[Gap, tuple[float, float]]:
    """Stretches of the kerb between neighbouring cars, by the places of the two; None: the zone's end."""
    line, polygon = zone.kerb, zone.polygon
    inside: list[tuple[float, float, tuple[float, ...]]] = []
    for car in cars:
        footprint = Polygon(car.footprint())
        if footprint.intersects(polygon):
            along = _along(line, footprint)
            inside.append((along.min(), along.max(), (car.id, car.x, car.y, car.heading_rad)))
    inside.sort()
    lows = [0.0, *(high for _, high, _ in inside)]
    highs = [*(low for low, _, _ in inside), line.length]
    places = [None, *(place for _, _, place in inside), None]
    return {(places[k], places[k + 1]): (lows[k], highs[k]) for k in range(len(lows)) if highs[k] > lows[k]}


def _gap_around(zone: DemoZone, space: Polygon, gaps: dict[Gap, tuple[float, float]]) -> Gap | None:
    middle = float(zone.kerb.project(space.centroid))
    return next((gap for gap, (low, high) in gaps.items() if low <= middle <= high), None)


def _along(line: shapely.LineString, shape: Polygon) -> NDArray[np.float64]:
    return shapely.line_locate_point(line, shapely.points(shapely.get_coordinates(shape)))
