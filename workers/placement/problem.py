# SPDX-License-Identifier: AGPL-3.0-or-later
"""What placement is asked and what it answers: the dataclasses that other rooms hand in and get back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiLineString, Polygon
from shapely.geometry.base import BaseGeometry

Mode = Literal["parallel", "perpendicular", "diagonal", "free"]

# Allowed slot angles against the kerb, degrees modulo 180, when a zone does not say: drivers park within about 12
# degrees of straight along or across a kerb, and within 7.5 of a diagonal.
_CROOKED_DEG = 12.0
_DIAGONAL_CROOKED_DEG = 7.5

_MAX_COORDINATE_M = 1e8
# The car parks of the largest airports have half a square kilometre; a zone beyond these is a mistake of units.
MOST_ZONE_M2, MOST_ACROSS_M = 1e6, 20_000.0
# No vehicle is smaller, and millions of slots would keep a search busy for hours.
LEAST_SLOT_M = 0.3
# More between two cars is a mistake of units, and tables that are as long would fill the memory.
MOST_SPACING_M = 50.0


class PlacementError(ValueError):
    """A problem that cannot be laid out as asked; the message names the field and the cure."""


@dataclass(frozen=True)
class PlacementProblem:
    """One zone at one moment. All lengths are true metres, x east, y north, any offset.

    Args:
        zone: valid polygon, holes allowed; slots must lie inside it.
        blocked: cars and ground nobody sees; any geometry, its polygonal part counts, overlaps are dissolved.
        slot_length_m, slot_width_m: size of a space.
        spacing_m: free gap between neighbouring spaces, measured along the kerb.
        mode: how cars stand to the kerb: along, across, at ``angle_deg``, or any way.
        angle_deg: for ``diagonal``: direction of the slot's length axis against the kerb's tangent.
        kerb: line the cars line up on; None means the zone's longest edge.
        angle_ranges_deg: allowed angles against the local kerb tangent, modulo 180; default by mode.
        access: edges of the zone over which cars drive in; None means every edge that is not kerb.
        reachable_only: offer only spaces that a car can drive into.
        standing: the last layout's slots, which stay where they are unless moving them wins a space.

    Raises:
        PlacementError: when a value makes no sense.
    """

    zone: Polygon
    blocked: BaseGeometry
    slot_length_m: float
    slot_width_m: float
    spacing_m: float = 0.0
    mode: Mode = "parallel"
    angle_deg: float | None = None
    kerb: LineString | None = None
    angle_ranges_deg: tuple[tuple[float, float], ...] | None = None
    access: LineString | MultiLineString | None = None
    reachable_only: bool = True
    standing: tuple[Slot, ...] = ()

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            raise PlacementError(f"mode is {self.mode!r}; it must be one of {', '.join(get_args(Mode))}")
        for name in ("slot_length_m", "slot_width_m"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) >= LEAST_SLOT_M):
                raise PlacementError(
                    f"{name} is {getattr(self, name)}; it must be a number of metres, at least {LEAST_SLOT_M}"
                )
        if not 0.0 <= self.spacing_m <= MOST_SPACING_M:
            raise PlacementError(
                f"spacing_m is {self.spacing_m}; it must be zero to {MOST_SPACING_M:.0f} metres"
            )
        _check_geometry("zone", self.zone)
        _check_geometry("blocked", self.blocked)
        if not isinstance(self.zone, Polygon):
            raise PlacementError(f"zone is a {self.zone.geom_type}; it must be one Polygon")
        if not self.zone.is_valid:
            raise PlacementError(
                f"zone is not a valid polygon ({shapely.is_valid_reason(self.zone)}); repair it first"
            )
        if not self.zone.is_empty:
            west, south, east, north = self.zone.bounds
            across = math.hypot(east - west, north - south)
            if across > MOST_ACROSS_M or self.zone.area > MOST_ZONE_M2:
                raise PlacementError(
                    f"zone is {across / 1e3:.0f} km across and has {self.zone.area / 1e6:.1f} km²;"
                    f" at most {MOST_ACROSS_M / 1e3:.0f} km and {MOST_ZONE_M2 / 1e6:.0f} km², in true metres"
                )
        if self.kerb is not None:
            _check_geometry("kerb", self.kerb)
        if self.access is not None:
            _check_geometry("access", self.access)
        self._check_angles()

    def _check_angles(self) -> None:
        if self.mode == "diagonal" and self.angle_deg is None and self.angle_ranges_deg is None:
            raise PlacementError("mode diagonal needs angle_deg, the slots' angle against the kerb")
        if self.angle_deg is not None and not math.isfinite(self.angle_deg):
            raise PlacementError(f"angle_deg is {self.angle_deg}; it must be a number of degrees")
        for low, high in self.ranges_deg:
            if not (math.isfinite(low) and math.isfinite(high) and low <= high):
                raise PlacementError(
                    f"angle_ranges_deg has ({low}, {high}); each must run from a lower to a higher angle"
                )
        if not self.ranges_deg:
            raise PlacementError(
                "angle_ranges_deg is empty, so no slot may stand; leave it None for the mode's own"
            )

    @property
    def ranges_deg(self) -> tuple[tuple[float, float], ...]:
        """Allowed angles against the kerb, degrees, as given or by mode."""
        if self.angle_ranges_deg is not None:
            return self.angle_ranges_deg
        if self.mode == "free":
            return ((0.0, 180.0),)
        if self.mode == "diagonal":
            assert self.angle_deg is not None  # refused above
            return ((self.angle_deg - _DIAGONAL_CROOKED_DEG, self.angle_deg + _DIAGONAL_CROOKED_DEG),)
        middle = 0.0 if self.mode == "parallel" else 90.0
        return ((middle - _CROOKED_DEG, middle + _CROOKED_DEG),)

    @property
    def slot_area_m2(self) -> float:
        return self.slot_length_m * self.slot_width_m


@dataclass(frozen=True)
class Slot:
    """A space for one car: centre in the problem's frame, metres; direction of its length axis, radians."""

    x: float
    y: float
    theta_rad: float

    def corners(self, length_m: float, width_m: float) -> NDArray[np.float64]:
        """Its corners, (4, 2), counter-clockwise, in the problem's frame."""
        along = np.array([math.cos(self.theta_rad), math.sin(self.theta_rad)]) * (length_m / 2)
        across = np.array([-math.sin(self.theta_rad), math.cos(self.theta_rad)]) * (width_m / 2)
        centre = np.array([self.x, self.y])
        return np.array(
            [
                centre - along - across,
                centre + along - across,
                centre + along + across,
                centre - along + across,
            ]
        )

    def polygon(self, length_m: float, width_m: float) -> Polygon:
        """Its outline in the problem's frame."""
        return Polygon(self.corners(length_m, width_m))


@dataclass(frozen=True)
class Clearance:
    """The room a space has where it is: how long it can grow at its width, and how wide at its length, metres.

    It grows at either end by itself until it touches the zone's edge, blocked ground or another space, so the grown
    space need not have the same centre.
    """

    length_m: float
    width_m: float


@dataclass(frozen=True)
class SlotSize:
    """Size of a space, metres."""

    length_m: float
    width_m: float


@dataclass(frozen=True)
class Placement:
    """A layout and how it was found.

    ``slots`` are feasible by exact geometry, ordered along the kerb. ``cost`` is the paper's cost of what the bees
    proposed before the exact check; ``cost_history`` its best value after each iteration. ``evaluations`` counts the
    layouts costed, ``cpu_ms`` the calling thread's processor time. ``bound`` is a proven upper bound on the number
    of slots, None when there is none. ``reachable`` and ``clearances`` go with the slots, one each; the paper's mode
    leaves them empty.
    """

    slots: tuple[Slot, ...]
    cost: float
    cost_history: tuple[float, ...]
    evaluations: int
    cpu_ms: float
    bound: int | None
    reachable: tuple[bool, ...] = ()
    clearances: tuple[Clearance, ...] = ()

    @property
    def gap(self) -> int | None:
        """How many spaces at most are missing; None without a bound."""
        return None if self.bound is None else self.bound - len(self.slots)


def _check_geometry(name: str, geometry: BaseGeometry) -> None:
    coordinates = shapely.get_coordinates(geometry)
    if not np.isfinite(coordinates).all():
        raise PlacementError(f"{name} has coordinates that are not numbers")
    if coordinates.size and np.abs(coordinates).max() > _MAX_COORDINATE_M:
        raise PlacementError(f"{name} has coordinates beyond {_MAX_COORDINATE_M:g} m; give it in true metres")
