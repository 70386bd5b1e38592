# SPDX-License-Identifier: AGPL-3.0-or-later
"""One problem as flat arrays for compiled code: what the production search and the bound both read.

Shapely hands out all coordinates of a geometry in one cheap call but is slow to take a geometry apart, so rings are
found here by their closing points. What belongs to the zone alone is kept from frame to frame.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from workers.placement.geometry import longest_smooth_edge, polygonal
from workers.placement.problem import PlacementProblem
from workers.placement.production_frame import build_frame

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# See production_frame.
Frame = tuple[Floats, tuple[Floats, Integers], Floats, Floats, Floats, Floats, tuple[Floats, bool]]

# Zones whose arrays are kept; a worker rarely has more in view.
_ZONES_KEPT = 256
# Rings with more corners are left to shapely: comparing all sides takes the square of their number.
_MOST_CORNERS = 64
# Frames of a zone that are kept, one for each size of slot.
_FRAMES_KEPT = 16


@dataclass(frozen=True, eq=False)
class PackedGround:
    """One problem near its own origin. Rings are open, shells counter-clockwise, holes clockwise; metres.

    Args:
        origin: what was taken off all coordinates, (x, y) in the problem's frame.
        zone_xy: (n, 2) the zone's rings one after another, the shell first.
        zone_starts: (r + 1,) ring i is ``zone_xy[zone_starts[i]:zone_starts[i + 1]]``.
        zone_area_m2: of the zone, whatever stands on it.
        cars_xy: (m, 2) rings of blocked ground; rings that miss the zone's bounding box are left out. Ground is
            blocked where the rings wind around it a positive number of times.
        car_starts: (k + 1,) as ``zone_starts``.
        kerb_xy: (p, 2) the line that slot angles are measured against: the kerb, or the zone's longest smooth edge.
        kerb_given: whether the problem came with a kerb.
        access_xy: (a, 4) segments x1, y1, x2, y2 over which cars drive in; none given: every zone edge that is not
            kerb.
        ranges_rad: (q, 2) allowed angles of a slot's length axis against the kerb, low and high, modulo pi.
        length_m, width_m, spacing_m: of a slot.
        frames: of the zone, as far as they were asked for.
    """

    origin: tuple[float, float]
    zone_xy: Floats
    zone_starts: Integers
    zone_area_m2: float
    cars_xy: Floats
    car_starts: Integers
    kerb_xy: Floats
    kerb_given: bool
    access_xy: Floats
    ranges_rad: Floats
    length_m: float
    width_m: float
    spacing_m: float
    frames: dict[tuple[float, float, float, bytes], Frame]

    def frame(self) -> Frame:
        """The zone as the search sees it, without what stands on it. Worked out once for each size of slot."""
        key = (self.length_m, self.width_m, self.spacing_m, self.ranges_rad.tobytes())
        found = self.frames.get(key)
        if found is None:
            if len(self.frames) == _FRAMES_KEPT:
                self.frames.clear()
            size = np.array(key[:3])
            found = self.frames[key] = build_frame(
                self.zone_xy,
                self.zone_starts,
                self.kerb_xy,
                self.kerb_given,
                self.access_xy,
                self.ranges_rad,
                size,
            )
        return found


@dataclass(frozen=True, eq=False)
class _ZoneArrays:
    origin: tuple[float, float]
    zone_xy: Floats
    zone_starts: Integers
    area_m2: float
    kerb_xy: Floats
    kerb_given: bool
    access_xy: Floats
    bounds: Floats
    frames: dict[tuple[float, float, float, bytes], Frame] = field(default_factory=dict)


_kept: OrderedDict[tuple[Polygon, LineString | None, BaseGeometry | None], _ZoneArrays] = OrderedDict()


def pack(problem: PlacementProblem) -> PackedGround:
    """Arrays of a problem. Costs some 20 microseconds once the zone is known, and 60 the first time."""
    zone = _zone_arrays(problem)
    cars_xy, car_starts = _blocked_rings(problem.blocked, zone)
    return PackedGround(
        zone.origin,
        zone.zone_xy,
        zone.zone_starts,
        zone.area_m2,
        cars_xy,
        car_starts,
        zone.kerb_xy,
        zone.kerb_given,
        zone.access_xy,
        np.array([(math.radians(low), math.radians(high)) for low, high in problem.ranges_deg]),
        float(problem.slot_length_m),
        float(problem.slot_width_m),
        float(problem.spacing_m),
        zone.frames,
    )


def forget_zones() -> None:
    """Drop what is kept of zones, for measurements of the first frame."""
    _kept.clear()


def _zone_arrays(problem: PlacementProblem) -> _ZoneArrays:
    access = problem.access
    key = (problem.zone, problem.kerb, access)
    found = _kept.get(key)
    if found is not None:
        _kept.move_to_end(key)
        return found
    # A doubled vertex at the start of a ring would look like its end.
    closed = shapely.get_coordinates(shapely.remove_repeated_points(problem.zone))
    origin = (float(closed[0, 0]), float(closed[0, 1])) if len(closed) else (0.0, 0.0)
    # The shell comes first; a valid polygon's other rings are holes.
    zone_xy, zone_starts = _open_rings(closed, np.array(origin), _EVERYWHERE, True)
    kerb = problem.kerb
    given = kerb is not None and kerb.length > 1e-3
    if kerb is not None and given:
        line = shapely.get_coordinates(kerb) - origin
    elif len(closed):
        line = longest_smooth_edge(Polygon(shapely.get_coordinates(problem.zone.exterior) - origin))
    else:
        line = closed
    found = _ZoneArrays(
        origin,
        zone_xy,
        zone_starts,
        float(problem.zone.area),
        _without_repeats(line),
        given,
        _segments(access, origin),
        np.concatenate([zone_xy.min(axis=0), zone_xy.max(axis=0)]) if len(zone_xy) else np.zeros(4),
    )
    _kept[key] = found
    if len(_kept) > _ZONES_KEPT:
        _kept.popitem(last=False)
    return found


def _blocked_rings(blocked: BaseGeometry, zone: _ZoneArrays) -> tuple[Floats, Integers]:
    if blocked.is_empty:
        return np.empty((0, 2)), np.zeros(1, dtype=np.int64)
    plain = blocked.geom_type in ("Polygon", "MultiPolygon")
    closed = shapely.get_coordinates(blocked)
    rings, simple = _rings(closed)
    # Shapely takes long to find out whether cars are valid; without holes it is enough that no ring crosses itself.
    if not plain or not (
        (simple and rings == shapely.get_num_geometries(blocked)) or shapely.is_valid(blocked)
    ):
        blocked = polygonal(blocked)
        closed = shapely.get_coordinates(blocked)
        rings, _ = _rings(closed)
    origin = np.array(zone.origin)
    if not len(closed):
        return np.empty((0, 2)), np.zeros(1, dtype=np.int64)
    xy, starts = _open_rings(closed, origin, zone.bounds, False)
    if rings == shapely.get_num_geometries(blocked):
        return xy, starts
    # Some ring is a hole: let shapely say which.
    parts = shapely.orient_polygons(shapely.get_parts(blocked))
    loops = [shapely.get_coordinates(ring)[:-1] - origin for ring in shapely.get_rings(parts)]
    return np.concatenate(loops), np.cumsum([0] + [len(loop) for loop in loops]).astype(np.int64)


_EVERYWHERE = np.array([-np.inf, -np.inf, np.inf, np.inf])


@njit(cache=True, error_model="numpy")
def _rings(closed):  # type: ignore[no-untyped-def]
    """How many closed rings follow one another in ``closed`` (n, 2), and whether each is seen not to cross itself."""
    count, start, simple = 0, 0, True
    for i in range(1, closed.shape[0]):
        if i > start + 2 and closed[i, 0] == closed[start, 0] and closed[i, 1] == closed[start, 1]:
            simple = simple and _is_simple(closed, start, i)
            count += 1
            start = i + 1
    return count, simple and start == closed.shape[0]


@njit(cache=True, error_model="numpy")
def _is_simple(closed, first, last):  # type: ignore[no-untyped-def]
    """Whether no two sides of the ring from row ``first`` to ``last`` meet but where they follow one another.

    Neighbours that run back along one another, and long rings, are not said to be simple.
    """
    if last - first > _MOST_CORNERS:
        return False
    for i in range(first, last):
        ax, ay = closed[i, 0], closed[i, 1]
        ux, uy = closed[i + 1, 0] - ax, closed[i + 1, 1] - ay
        k = i + 2 if i + 1 < last else first + 1
        vx, vy = closed[k, 0] - closed[k - 1, 0], closed[k, 1] - closed[k - 1, 1]
        if ux * vy - uy * vx == 0.0 and ux * vx + uy * vy <= 0.0:
            return False
        for j in range(i + 2, last - (i == first)):
            cx, cy = closed[j, 0] - ax, closed[j, 1] - ay
            dx, dy = closed[j + 1, 0] - ax, closed[j + 1, 1] - ay
            if (ux * cy - uy * cx) * (ux * dy - uy * dx) > 0.0:
                continue
            wx, wy = dx - cx, dy - cy
            if (wx * cy - wy * cx) * (wx * (cy - uy) - wy * (cx - ux)) <= 0.0:
                return False
    return True


@njit(cache=True)
def _open_rings(closed, origin, bounds, holes):  # type: ignore[no-untyped-def]
    """Closed rings as open ones near ``origin``, oriented; those beyond ``bounds`` (4,) are left out.

    With ``holes`` every ring but the first is turned clockwise. Returns (n, 2) and starts (r + 1,).
    """
    n = closed.shape[0]
    xy = np.empty((n, 2))
    starts = np.zeros(n + 1, dtype=np.int64)
    kept, rings, start = 0, 0, 0
    for i in range(1, n):
        # A ring has three corners at least; before, it is a doubled first one.
        if i <= start + 2 or closed[i, 0] != closed[start, 0] or closed[i, 1] != closed[start, 1]:
            continue
        first = kept
        area = 0.0
        west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
        for j in range(start, i):
            x, y = closed[j, 0] - origin[0], closed[j, 1] - origin[1]
            area += x * (closed[j + 1, 1] - origin[1]) - y * (closed[j + 1, 0] - origin[0])
            west, east = min(west, x), max(east, x)
            south, north = min(south, y), max(north, y)
            if kept == first or xy[kept - 1, 0] != x or xy[kept - 1, 1] != y:
                xy[kept, 0], xy[kept, 1] = x, y
                kept += 1
        if west > bounds[2] or east < bounds[0] or south > bounds[3] or north < bounds[1] or area == 0.0:
            kept = first
        else:
            if (area > 0.0) == (holes and rings > 0):
                a, b = first, kept - 1
                while a < b:
                    for c in range(2):
                        xy[a, c], xy[b, c] = xy[b, c], xy[a, c]
                    a += 1
                    b -= 1
            rings += 1
            starts[rings] = kept
        start = i + 1
    return xy[:kept].copy(), starts[: rings + 1].copy()


def _without_repeats(points: Floats) -> Floats:
    keep = np.concatenate([[True], (np.abs(np.diff(points, axis=0)) > 1e-9).any(axis=1)])[: len(points)]
    return np.ascontiguousarray(points[keep], dtype=np.float64)


def _segments(lines: BaseGeometry | None, origin: tuple[float, float]) -> Floats:
    """(a, 4) segments of lines of any geometry type that holds lines."""
    if lines is None:
        return np.empty((0, 4))
    found = [np.empty((0, 4))]
    for part in shapely.get_parts(lines):
        points = shapely.get_coordinates(part) - origin
        found.append(np.hstack([points[:-1], points[1:]]))
    return np.concatenate(found)
