# SPDX-License-Identifier: AGPL-3.0-or-later
"""From shapely to the aligned frame: normalising, the base lines that cars stand along, and the arrays of a scene."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, Polygon
from shapely.affinity import affine_transform
from shapely.geometry.base import BaseGeometry

from workers.placement.problem import PlacementProblem, Slot

Floats = NDArray[np.float64]
LineTable = tuple[Floats, float, float]

# A base line ends where the kerb turns by more than this at one vertex: a corner, not a bend.
_CORNER_DEG = 25.0
# Step of a bent line's table of poses, metres: at the tightest kerb bend (R = 8 m) the chord error is 0.2 mm.
_TABLE_STEP_M = 0.1
_RAYS = 24


@dataclass(frozen=True)
class AlignedFrame:
    """The paper's normalisation: the zone's mean coordinates taken off, its base line turned onto the x axis."""

    origin: tuple[float, float]
    angle_rad: float

    def into(self, geometry: BaseGeometry) -> BaseGeometry:
        """A geometry of the problem's frame in the aligned frame."""
        cos, sin = math.cos(self.angle_rad), math.sin(self.angle_rad)
        # Two steps: the offset must go before the turn, or UTM-sized numbers would cost a nanometre of precision.
        near = affine_transform(geometry, [1, 0, 0, 1, -self.origin[0], -self.origin[1]])
        return affine_transform(near, [cos, sin, -sin, cos, 0, 0])

    def slot(self, pose: Sequence[float]) -> Slot:
        """A pose (x, y, theta) of the aligned frame as a slot of the problem's frame."""
        cos, sin = math.cos(self.angle_rad), math.sin(self.angle_rad)
        theta = math.remainder(pose[2] + self.angle_rad, math.tau)
        return Slot(
            self.origin[0] + pose[0] * cos - pose[1] * sin,
            self.origin[1] + pose[0] * sin + pose[1] * cos,
            theta,
        )


@dataclass(frozen=True)
class BaseLine:
    """A line that cars stand along: ``points`` (M, 2) in metres, directed so that the zone lies to its left."""

    points: Floats

    @property
    def length(self) -> float:
        return float(np.hypot(*np.diff(self.points, axis=0).T).sum())

    @property
    def straight(self) -> bool:
        return len(self.points) == 2

    def table(self, extent_m: float, before_m: float, after_m: float) -> LineTable:
        """Poses along the line for slots that take ``extent_m`` of it, from ``before_m`` ahead to ``after_m`` past it.

        At arc length s the tangent is the chord from s - extent/2 to s + extent/2, moved to the left as far as the
        kerb bulges over it, so that a slot on the table clears a kerb bent either way.
        """
        start, stop = -before_m, self.length + after_m
        if self.straight:
            ends = self._at(np.array([start, stop]))
            ahead = ends[1] - ends[0]
            tangents = np.full(2, math.atan2(ahead[1], ahead[0]))
            return _packed(ends, tangents), start, stop - start
        count = max(2, math.ceil((stop - start) / _TABLE_STEP_M) + 1)
        step = (stop - start) / (count - 1)
        s: Floats = start + step * np.arange(count, dtype=np.float64)
        tail, head = self._at(s - extent_m / 2), self._at(s + extent_m / 2)
        chord = head - tail
        tangent = np.unwrap(np.arctan2(chord[:, 1], chord[:, 0]))
        middle = (tail + head) / 2
        normal = np.column_stack([-np.sin(tangent), np.cos(tangent)])
        bulge = np.zeros(count)
        for t in (-0.375, -0.25, -0.125, 0.0, 0.125, 0.25, 0.375):
            over = ((self._at(s + t * extent_m) - middle) * normal).sum(axis=1)
            np.maximum(bulge, over, out=bulge)
        return _packed(middle + normal * bulge[:, None], tangent), float(start), float(step)

    def _at(self, s: Floats) -> Floats:
        """Points at arc lengths ``s``, the line continued straight at both ends."""
        steps = np.diff(self.points, axis=0)
        lengths = np.hypot(steps[:, 0], steps[:, 1])
        ends = np.concatenate([[0.0], np.cumsum(lengths)])
        k = np.clip(np.searchsorted(ends, s, side="right") - 1, 0, len(lengths) - 1)
        unit = steps / lengths[:, None]
        return np.asarray(self.points[k] + (s - ends[k])[:, None] * unit[k])

    def beside(self, other: BaseLine) -> bool:
        """Whether this line runs within half a metre of another for its whole length."""
        line = LineString(other.points).buffer(0.5)
        return bool(line.covers(LineString(self.points)))

    def depths(self, zone: Polygon) -> tuple[float, float]:
        """How far to the left of the line the zone begins and ends, metres, from rays across it.

        The near value is the tenth percentile of the rays, so that a notch at one end does not push the row away
        from the kerb. (inf, -inf) when no ray meets the zone.
        """
        s = self.length * (np.arange(_RAYS) + 0.5) / _RAYS
        start = self._at(s)
        ahead = self._at(s + 0.01) - self._at(s - 0.01)
        ahead /= np.hypot(ahead[:, 0], ahead[:, 1])[:, None]
        normal = np.column_stack([-ahead[:, 1], ahead[:, 0]])
        west, south, east, north = zone.bounds
        reach = math.hypot(east - west, north - south)
        # Begin a little to the right: a kerb drawn just inside the zone still finds the zone's own edge.
        rays = shapely.linestrings(np.stack([start - normal, start + reach * normal], axis=1))
        points, ray = shapely.get_coordinates(shapely.intersection(rays, zone), return_index=True)
        if not len(points):
            return math.inf, -math.inf
        along = ((points - start[ray]) * normal[ray]).sum(axis=1)
        near = np.full(_RAYS, np.inf)
        np.minimum.at(near, ray, along)
        return float(np.quantile(near[np.isfinite(near)], 0.1, method="lower")), float(along.max())


def _packed(points: Floats, tangents: Floats) -> Floats:
    # One memory layout for all tables: numba would compile its kernels again for another.
    return np.ascontiguousarray(np.column_stack([points, tangents]))


def _chains(points: Floats, closed: bool) -> list[Floats]:
    """Cut a polyline at its corners into smooth chains, longest first; straight runs become two points."""
    keep = np.concatenate([[True], np.hypot(*np.diff(points, axis=0).T) > 1e-6])
    points = points[keep]
    if closed and len(points) > 1 and np.hypot(*(points[0] - points[-1])) <= 1e-6:
        points = points[:-1]
    if len(points) < 2:
        return []
    if closed:
        steps = np.roll(points, -1, axis=0) - points
        turn = _turns(np.roll(steps, 1, axis=0), steps)
        corners = np.flatnonzero(np.abs(turn) > _CORNER_DEG)
        first = int(corners[0]) if len(corners) else 0
        points = np.concatenate([np.roll(points, -first, axis=0), points[first : first + 1]])
    steps = np.diff(points, axis=0)
    cuts = np.flatnonzero(np.abs(_turns(steps[:-1], steps[1:])) > _CORNER_DEG) + 1
    chains = np.split(points, cuts)
    chains = [
        np.concatenate([chain, points[end : end + 1]])
        for chain, end in zip(chains, [*cuts, len(points)], strict=False)
    ]
    chains = [_straightened(chain) for chain in chains]
    return sorted(chains, key=lambda chain: -float(np.hypot(*np.diff(chain, axis=0).T).sum()))


def _turns(before: Floats, after: Floats) -> Floats:
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    return np.asarray(np.degrees(np.arctan2(cross, (before * after).sum(axis=1))))


def _straightened(chain: Floats) -> Floats:
    """The chain's two ends when it departs from them by less than a millimetre."""
    return np.asarray(shapely.get_coordinates(shapely.simplify(LineString(chain), 1e-3)))


def _left_share(points: Floats, zone: Polygon, reach_m: float) -> float:
    """Of the ground near the line that is zone, the share that lies to its left."""
    line = BaseLine(points)
    s = line.length * (np.arange(9) + 0.5) / 9
    at = line._at(s)
    ahead = line._at(s + 0.01) - at
    normal = np.column_stack([-ahead[:, 1], ahead[:, 0]]) / np.hypot(ahead[:, 0], ahead[:, 1])[:, None]
    left = shapely.contains_xy(zone, at + reach_m * normal).sum()
    right = shapely.contains_xy(zone, at - reach_m * normal).sum()
    return 0.5 if left + right == 0 else float(left / (left + right))


def base_lines(zone: Polygon, kerb: LineString | None, reach_m: float) -> list[BaseLine]:
    """The lines to lay slots along, longest first: the kerb cut at its corners, or else the zone's smooth edges.

    ``reach_m`` is how far beside a kerb to look for the zone when deciding which side of it is inside.
    """
    if kerb is None:
        ring = shapely.get_coordinates(shapely.orient_polygons(zone).exterior)
        return [BaseLine(chain) for chain in _chains(ring, closed=True)]
    lines = []
    for chain in _chains(shapely.get_coordinates(kerb), closed=False):
        inside = _left_share(chain, zone, reach_m)
        lines.append(BaseLine(chain if inside >= 0.5 else chain[::-1]))
    return lines


def reference_line(problem: PlacementProblem) -> LineString:
    """The line that slot angles are measured against, in the problem's frame: the kerb, or the zone's longest edge."""
    if problem.kerb is not None and problem.kerb.length > 0:
        return problem.kerb
    return LineString(base_lines(problem.zone, None, 1.0)[0].points)


def aligned_frame(problem: PlacementProblem) -> AlignedFrame:
    """The frame whose origin is the zone's mean coordinate and whose x axis runs along the longest base line."""
    mean = shapely.get_coordinates(problem.zone)[:-1].mean(axis=0)
    origin = (float(mean[0]), float(mean[1]))
    near = AlignedFrame(origin, 0.0)
    zone, kerb = near.into(problem.zone), usable_kerb(problem)
    lines = base_lines(zone, None if kerb is None else near.into(kerb), problem.slot_width_m / 2)
    ends = lines[0].points[[0, -1]]
    ahead = ends[1] - ends[0]
    if np.hypot(*ahead) < 1e-6:  # a closed ring without corners, such as a round island
        ahead = lines[0].points[1] - lines[0].points[0]
    return AlignedFrame(origin, math.atan2(ahead[1], ahead[0]))


def usable_kerb(problem: PlacementProblem) -> LineString | None:
    """The kerb, unless it has no length."""
    return problem.kerb if problem.kerb is not None and problem.kerb.length > 1e-3 else None


def polygonal(geometry: BaseGeometry) -> BaseGeometry:
    """The polygonal part of any geometry, made valid and with overlaps dissolved."""
    if geometry.geom_type in ("Polygon", "MultiPolygon") and geometry.is_valid:
        return geometry
    # Part by part, then dissolved: making a thousand overlapping cars valid as one geometry takes seconds.
    parts = _single_parts(geometry)
    parts = _single_parts([part if part.is_valid else shapely.make_valid(part) for part in parts])
    polygons = [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
    if not polygons:
        return Polygon()
    return polygons[0] if len(polygons) == 1 else shapely.union_all(polygons)


def _single_parts(geometries: BaseGeometry | list[BaseGeometry]) -> list[BaseGeometry]:
    parts = shapely.get_parts(geometries)
    while any(part.geom_type == "GeometryCollection" or part.geom_type.startswith("Multi") for part in parts):
        parts = shapely.get_parts(parts)
    return list(parts)


def polygon_edges(polygon: Polygon) -> Floats:
    """(E, 4) directed edges x1, y1, x2, y2: the exterior counter-clockwise, holes clockwise."""
    polygon = shapely.orient_polygons(polygon)
    rings = [shapely.get_coordinates(ring) for ring in (polygon.exterior, *polygon.interiors)]
    return np.concatenate([np.column_stack([ring[:-1], ring[1:]]) for ring in rings])
