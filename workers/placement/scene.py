# SPDX-License-Identifier: AGPL-3.0-or-later
"""A problem in the aligned frame: shapes for shapely, edge arrays for the kernels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from workers.placement.geometry import (
    AlignedFrame,
    BaseLine,
    Floats,
    aligned_frame,
    base_lines,
    polygon_edges,
    polygonal,
    usable_kerb,
)
from workers.placement.problem import PlacementProblem

SceneArrays = tuple[Floats, Floats, NDArray[np.int64], Floats]

# Occupied pieces of more vertices than this are cut into tiles about as large as a slot, so that a slot meets only the
# edges near it: the outline of what no camera sees may have thousands.
_DETAILED = 64
_TILE_M = 6.0


@dataclass(frozen=True)
class Scene:
    """One problem in the aligned frame; ``pieces`` is ``blocked`` in parts that do not overlap."""

    frame: AlignedFrame
    zone: Polygon
    blocked: BaseGeometry
    pieces: tuple[Polygon, ...]
    lines: tuple[BaseLine, ...]

    def arrays(self, placed: Sequence[Polygon] = ()) -> SceneArrays:
        """(zone edges, occupied edges, starts, boxes) as the kernels want them; ``placed`` counts as occupied."""
        pieces = [*self.pieces, *placed]
        edges = [polygon_edges(piece) for piece in pieces]
        starts = np.concatenate([[0], np.cumsum([len(e) for e in edges])]).astype(np.int64)
        occupied = np.concatenate(edges) if edges else np.empty((0, 4))
        boxes = shapely.bounds(np.array(pieces, dtype=object)) if pieces else np.empty((0, 4))
        return polygon_edges(self.zone), occupied, starts, np.ascontiguousarray(boxes, dtype=np.float64)


def build_scene(problem: PlacementProblem) -> Scene:
    """Normalise and align a problem. Occupied ground beyond the zone's bounding box is left out."""
    frame = aligned_frame(problem)
    zone = frame.into(problem.zone)
    assert isinstance(zone, Polygon)
    blocked = polygonal(problem.blocked)
    if not blocked.is_empty:
        blocked = polygonal(shapely.intersection(frame.into(blocked), zone.envelope))
    kerb = usable_kerb(problem)
    lines = base_lines(zone, None if kerb is None else frame.into(kerb), problem.slot_width_m / 2)
    return Scene(frame, zone, blocked, tuple(cut_in_pieces(blocked)), tuple(lines))


def cut_in_pieces(blocked: BaseGeometry) -> list[Polygon]:
    """Polygons that do not overlap and are small enough for a slot to meet only few edges."""
    pieces: list[Polygon] = []
    for part in shapely.get_parts(blocked):
        if part.is_empty:
            continue
        if shapely.get_num_coordinates(part) <= _DETAILED:
            pieces.append(part)
        else:
            pieces += _tiles(part)
    return pieces


def _tiles(polygon: Polygon) -> list[Polygon]:
    west, south, east, north = polygon.bounds
    xs = np.linspace(west, east, max(1, math.ceil((east - west) / _TILE_M)) + 1)
    ys = np.linspace(south, north, max(1, math.ceil((north - south) / _TILE_M)) + 1)
    tiles = []
    for left, right in pairwise(xs.tolist()):
        column = shapely.intersection(polygon, shapely.box(left, south, right, north))
        cut = shapely.intersection(column, shapely.box(left, ys[:-1], right, ys[1:]))
        tiles += [part for part in shapely.get_parts(shapely.get_parts(cut)) if part.geom_type == "Polygon"]
    return tiles
