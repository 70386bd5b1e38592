# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the analysis hands to the database: small frozen records, no Django.

Geometries are shapely, EPSG:3857 (x east, y north, stretched metres). Sizes and areas are true metres. Times are
aware datetimes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import shapely

__all__ = ["FrameMeta", "ObservedGround", "PublishedLayout", "PublishedSpace"]


def _require_aware(name: str, moment: dt.datetime | None) -> None:
    if moment is not None and moment.tzinfo is None:
        raise ValueError(f"{name} must be an aware datetime, got {moment!r} without a time zone")


def _require_share(name: str, value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} must lie within 0 and 1, got {value!r}")


@dataclass(frozen=True)
class PublishedSpace:
    """One free space as it was found.

    `bearing_deg` is the direction of the length axis, degrees clockwise from north, 0 ≤ bearing < 180.
    `room_length_m` and `room_width_m` are how long and how wide it could be where it is; None: not measured.
    `hidden_share` is the part of it that stood behind a parked car, 0–1. `observed_at` is the time of the oldest
    frame that it rests on; None means the layout's own.
    """

    polygon_3857: shapely.Polygon
    length_m: float
    width_m: float
    bearing_deg: float
    confidence: float
    hidden_share: float = 0.0
    observed_at: dt.datetime | None = None
    room_length_m: float | None = None
    room_width_m: float | None = None

    def __post_init__(self) -> None:
        _require_share("confidence", self.confidence)
        _require_share("hidden_share", self.hidden_share)
        _require_aware("observed_at", self.observed_at)
        if not (self.length_m > 0 and self.width_m > 0):
            raise ValueError(f"a space needs a size, got {self.length_m!r} × {self.width_m!r} m")
        if self.polygon_3857.is_empty or not self.polygon_3857.is_valid:
            raise ValueError("a space needs a valid polygon: " + shapely.is_valid_reason(self.polygon_3857))


@dataclass(frozen=True)
class PublishedLayout:
    """All free spaces of one zone at one time, with the ground's balance in true m².

    `observed_at` is when the newest frame in it came. `unknown_m2` is ground that no camera saw: it is neither free
    nor occupied. `bound` is a proven upper limit for the number of spaces. `classes` holds a layout of its own for each
    vehicle class, by the class's key; what lies in different layouts may overlap.
    """

    observed_at: dt.datetime
    spaces: tuple[PublishedSpace, ...]
    free_m2: float
    occupied_m2: float
    unknown_m2: float
    cost: float | None = None
    seed: int | None = None
    model: str = ""
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    bound: int | None = None
    classes: Mapping[str, tuple[PublishedSpace, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require_aware("observed_at", self.observed_at)
        for name in ("free_m2", "occupied_m2", "unknown_m2"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must be 0 or more, got {getattr(self, name)!r}")

    @property
    def seen_share(self) -> float:
        """The part of the zone that was seen, 0–1; 0 for a zone without ground."""
        seen = self.free_m2 + self.occupied_m2
        total = seen + self.unknown_m2
        return seen / total if total > 0 else 0.0


@dataclass(frozen=True)
class FrameMeta:
    """Where a layout came from: ids of the camera and of the calibration, and when the frame came in."""

    camera_id: int | None = None
    calibration_id: int | None = None
    received_at: dt.datetime | None = None

    def __post_init__(self) -> None:
        _require_aware("received_at", self.received_at)


@dataclass(frozen=True)
class ObservedGround:
    """What one camera saw of one zone in one frame, each clipped to the zone.

    `occupied_3857` and `hidden_3857` may overlap `seen_3857`; ground outside `seen_3857` is unknown to this camera.
    """

    camera_id: int
    calibration_id: int | None
    observed_at: dt.datetime
    seen_3857: shapely.Geometry
    occupied_3857: shapely.Geometry
    hidden_3857: shapely.Geometry

    def __post_init__(self) -> None:
        _require_aware("observed_at", self.observed_at)
