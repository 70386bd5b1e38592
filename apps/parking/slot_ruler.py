# SPDX-License-Identifier: AGPL-3.0-or-later
"""A ruler of slots laid along a zone's kerb: what the sizes mean, while somebody draws. Pure: no Django.

It is no search and knows no cars: one row, from one end of each straight piece of kerb to the other, slots that lie wholly
in the zone. What the worker finds in an empty zone may be more (several rows, bends, better starts), and is what counts.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from apps.parking.zones import ZoneSpec, filled_in
from camera_registry.mercator import LocalFrame

__all__ = ["Ruler", "lay_ruler"]

#: How finely the ruler is shifted where a slot does not fit, true metres.
STEP_M = 0.1
#: How far inside the outline a row begins, so that drawing to the centimetre does not throw it out.
INSET_M = 0.005
#: Drawing a ruler that is longer helps nobody.
MAX_SLOTS = 400
#: A slot may lie outside by this much: 1 cm², as everywhere.
OUTSIDE_M2 = 1e-4


@dataclass(frozen=True)
class Ruler:
    """Slots (EPSG:3857) that fit in one row along the kerb of the empty zone."""

    slots_3857: tuple[shapely.Polygon, ...]


def lay_ruler(spec: ZoneSpec) -> Ruler:
    """The row of a zone with a valid outline. A zone without a kerb is measured along its longest edge."""
    frame = LocalFrame.around(spec.geometry_3857)
    outline = frame.geometry_to_metres(spec.geometry_3857)
    slot, along_m, spacing_m = _slot(spec)
    grown = outline.buffer(0.001)
    shapely.prepare(grown)
    slots: list[shapely.Polygon] = []
    for start, end in _runs(spec, frame, outline):
        slots += _row(grown, start, end, slot, along_m, spacing_m, slots)
        if len(slots) >= MAX_SLOTS:
            break
    return Ruler(tuple(frame.geometry_to_3857(found) for found in slots[:MAX_SLOTS]))


def _slot(spec: ZoneSpec) -> tuple[NDArray[np.float64], float, float]:
    """The slot's corners (4, 2) with the kerb along x from 0 and the zone above it; its pitch along the kerb and the gap."""
    sizes = filled_in(spec)
    length, width, spacing = sizes.slot_length_m or 0.0, sizes.slot_width_m or 0.0, sizes.spacing_m or 0.0
    angle = {"parallel": 0.0, "free": 0.0, "perpendicular": 90.0}.get(spec.mode, spec.angle_deg or 45.0)
    turn = math.radians(angle)
    ahead, side = np.array([math.cos(turn), math.sin(turn)]), np.array([-math.sin(turn), math.cos(turn)])
    corners = np.array([0 * ahead, length * ahead, length * ahead + width * side, width * side])
    corners -= corners.min(axis=0)
    pitch = length if spec.mode in ("parallel", "free") else width / max(0.1, math.sin(turn))
    return corners, pitch, spacing


def _runs(
    spec: ZoneSpec, frame: LocalFrame, outline: shapely.Polygon
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Straight pieces of kerb, moved onto the zone's outline, each with the zone to its left."""
    if spec.kerb_3857 is not None and spec.kerb_3857.length > 0:
        xy = shapely.get_coordinates(frame.geometry_to_metres(spec.kerb_3857))
        pieces = [
            tuple(
                shapely.get_coordinates(shapely.shortest_line(outline.exterior, shapely.Point(end)))[0]
                for end in pair
            )
            for pair in itertools.pairwise(xy)
        ]
    else:
        xy = shapely.get_coordinates(outline.exterior)
        edges = list(itertools.pairwise(xy))
        pieces = [max(edges, key=lambda edge: math.dist(*edge))]
    runs = []
    for start, end in pieces:
        length = math.dist(start, end)
        if length < 2 * STEP_M:
            continue
        left = np.array([-(end - start)[1], (end - start)[0]]) / length
        probe = shapely.Point((start + end) / 2 + left * 0.2)
        runs.append((start, end) if outline.contains(probe) else (end, start))
    return runs


def _row(
    outline: shapely.Polygon,
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    slot: NDArray[np.float64],
    pitch_m: float,
    spacing_m: float,
    taken: list[shapely.Polygon],
) -> list[shapely.Polygon]:
    length = math.dist(start, end)
    ahead = (end - start) / length
    left = np.array([-ahead[1], ahead[0]])
    found: list[shapely.Polygon] = []
    along = 0.0
    reach = float(slot[:, 0].max())
    while along + min(reach, pitch_m) <= length + reach and len(found) < MAX_SLOTS:
        xy = start + (slot[:, :1] + along) * ahead + (slot[:, 1:] + INSET_M) * left
        candidate = shapely.Polygon(xy)
        if outline.covers(candidate) and not any(
            other.intersection(candidate).area > OUTSIDE_M2 for other in taken
        ):
            found.append(candidate)
            along += pitch_m + spacing_m
        else:
            along += STEP_M
    return found
