# SPDX-License-Identifier: AGPL-3.0-or-later
"""Frames and shapes that the modes share: the aligned frame, the line that angles count from, polygons as edges."""

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

# A smooth edge ends where the outline turns by more than this at one vertex: a corner, not a bend.
_CORNER_DEG = 25.0


@dataclass(frozen=True)
class AlignedFrame:
    """The paper's normalisation: the zone's mean coordinates taken off, its longest edge turned onto the x axis."""

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


def longest_smooth_edge(zone: Polygon) -> Floats:
    """The longest part of a zone's outline without a corner, (M, 2), the zone to its left."""
    points = shapely.get_coordinates(shapely.orient_polygons(zone).exterior)
    return _chains(points)[0]


def _chains(ring: Floats) -> list[Floats]:
    """Cut a closed ring at its corners into smooth chains, longest first; straight runs become two points."""
    keep = np.concatenate([[True], np.hypot(*np.diff(ring, axis=0).T) > 1e-6])
    points = ring[keep]
    if len(points) > 1 and np.hypot(*(points[0] - points[-1])) <= 1e-6:
        points = points[:-1]
    if len(points) < 2:
        return [ring[:2]]
    steps = np.roll(points, -1, axis=0) - points
    corners = np.flatnonzero(np.abs(_turns(np.roll(steps, 1, axis=0), steps)) > _CORNER_DEG)
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
    # Rounded, so that of edges as long as one another the same comes first wherever the origin lies.
    return sorted(chains, key=lambda chain: -round(float(np.hypot(*np.diff(chain, axis=0).T).sum()), 4))


def _turns(before: Floats, after: Floats) -> Floats:
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    return np.asarray(np.degrees(np.arctan2(cross, (before * after).sum(axis=1))))


def _straightened(chain: Floats) -> Floats:
    """The chain's two ends when it departs from them by less than a millimetre."""
    return np.asarray(shapely.get_coordinates(shapely.simplify(LineString(chain), 1e-3)))


def reference_line(problem: PlacementProblem) -> LineString:
    """The line that slot angles are measured against, in the problem's frame: the kerb, or the zone's longest edge."""
    if problem.kerb is not None and problem.kerb.length > 0:
        return problem.kerb
    return LineString(longest_smooth_edge(problem.zone))


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
