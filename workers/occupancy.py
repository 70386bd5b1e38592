# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a frame says about a parking zone's ground: seen, occupied, hidden; and what several cameras say together.

Ground is in exactly one of four states. *Occupied*: a car stands there. *Hidden*: seen, but only as the picture of a
car in front of it. *Clear*: seen, and nothing is there. *Unknown*: everything else, and unknown is not free.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

import shapely

from camera_registry.footprint import CarOnGround
from camera_registry.mercator import LocalFrame
from camera_registry.overlay import difference, intersection, union
from workers.placement import Mode

__all__ = ["MODES", "SLOT_DEFAULTS", "Ground", "Zone", "ZoneObservation", "fuse", "observe_zones"]

MODES: tuple[Mode, ...] = get_args(Mode)
#: Length, width and spacing along the kerb of a slot in true metres, by mode (DESIGN §4).
SLOT_DEFAULTS: dict[Mode, tuple[float, float, float]] = {
    "parallel": (5.0, 2.3, 0.5),
    "perpendicular": (5.0, 2.5, 0.0),
    "diagonal": (5.0, 2.5, 0.0),
    "free": (5.0, 2.5, 0.5),
}
#: A camera that sees less of a zone than this says nothing about it.
LEAST_SEEN_M2 = 5.0
#: Slivers that cutting leaves; far below anything that a slot could hide in.
SLIVER_M2 = 0.01


@dataclass(frozen=True)
class Zone:
    """A parking zone as the workers know it; lengths in true metres, geometry in EPSG:3857.

    `kerb_3857` is the line that slots align to (None: the zone's longest edge); `angle_deg` is the angle of the
    slots to it, for the mode diagonal. `access_3857` are the sides of the zone across which cars drive in (None: every
    side that is not kerb). `mixed_sizes`: smaller spaces may fill what the zone's own slots leave.
    """

    slug: str
    polygon_3857: shapely.Polygon
    mode: Mode = "parallel"
    slot_length_m: float = SLOT_DEFAULTS["parallel"][0]
    slot_width_m: float = SLOT_DEFAULTS["parallel"][1]
    spacing_m: float = SLOT_DEFAULTS["parallel"][2]
    angle_deg: float | None = None
    kerb_3857: shapely.LineString | None = None
    access_3857: shapely.MultiLineString | None = None
    mixed_sizes: bool = False

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"zone {self.slug}: mode {self.mode!r} is none of {', '.join(MODES)}")
        if not self.polygon_3857.is_valid or self.polygon_3857.geom_type != "Polygon":
            reason = shapely.is_valid_reason(self.polygon_3857)
            raise ValueError(f"zone {self.slug}: a zone is one valid polygon; {reason}")
        if not (self.slot_length_m > 0 and self.slot_width_m > 0 and self.spacing_m >= 0):
            raise ValueError(
                f"zone {self.slug}: slot length and width must be positive, spacing not negative"
            )


@dataclass(frozen=True)
class ZoneObservation:
    """What one camera's frame says about one zone: (Multi)Polygons in EPSG:3857, cut to the zone.

    `seen` contains `occupied` and `hidden`; these two do not overlap.
    """

    zone_slug: str
    seen_3857: shapely.Geometry
    occupied_3857: shapely.Geometry
    hidden_3857: shapely.Geometry


@dataclass(frozen=True)
class Ground:
    """The state of a zone's ground in true metres of `frame`: parts of the zone that do not overlap."""

    frame: LocalFrame
    zone_m: shapely.Polygon
    occupied_m: shapely.Geometry
    hidden_m: shapely.Geometry
    clear_m: shapely.Geometry
    unknown_m: shapely.Geometry


def observe_zones(
    zones: Sequence[Zone],
    cars: Sequence[CarOnGround],
    frame: LocalFrame,
    view_3857: shapely.Geometry,
    doubtful: Sequence[CarOnGround] = (),
) -> tuple[ZoneObservation, ...]:
    """Cut one camera's view and the cars it found to the zones.

    cars: in `frame`'s true metres. view_3857: ground that the camera sees and may be believed on. Zones of which too
    little is seen are left out: nothing is known about them. doubtful: what may be a car; this camera does not know
    the ground below, and another one may.
    """
    view = frame.geometry_to_metres(view_3857)
    footprints = union(car.footprint_m for car in cars)
    if doubtful:
        view = difference(view, difference(union(car.footprint_m for car in doubtful), footprints))
    silhouettes = union(car.silhouette_m for car in cars)
    observations = []
    for zone in zones:
        zone_m = frame.geometry_to_metres(zone.polygon_3857)
        seen = intersection(zone_m, view, SLIVER_M2)
        if seen.area < LEAST_SEEN_M2:
            continue
        occupied = intersection(seen, footprints, SLIVER_M2)
        hidden = difference(intersection(seen, silhouettes), footprints, SLIVER_M2)
        observations.append(
            ZoneObservation(
                zone.slug,
                frame.geometry_to_3857(seen),
                frame.geometry_to_3857(occupied),
                frame.geometry_to_3857(hidden),
            )
        )
    return tuple(observations)


def fuse(zone: Zone, observations: Sequence[ZoneObservation]) -> Ground:
    """What all cameras together know about a zone.

    Occupied is what any camera calls occupied: a wrong "taken" costs a space, a wrong "free" sends a driver round
    the block. Ground hidden from one camera is clear when another one sees it clear.
    """
    frame = LocalFrame.around(zone.polygon_3857)
    zone_m = frame.geometry_to_metres(zone.polygon_3857)

    def here(geometries: Iterable[shapely.Geometry], speck: float = 0.0) -> shapely.Geometry:
        return intersection(zone_m, union(frame.geometry_to_metres(g) for g in geometries), speck)

    seen = here(o.seen_3857 for o in observations)
    occupied = here((o.occupied_3857 for o in observations), SLIVER_M2)
    covered = (union([o.occupied_3857, o.hidden_3857]) for o in observations)
    clear = here(difference(o.seen_3857, cover) for o, cover in zip(observations, covered, strict=True))
    clear = difference(clear, occupied, SLIVER_M2)
    hidden = difference(seen, union([occupied, clear]), SLIVER_M2)
    unknown = difference(zone_m, seen, SLIVER_M2)
    return Ground(frame, zone_m, occupied, hidden, clear, unknown)
