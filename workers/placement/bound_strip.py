# SPDX-License-Identifier: AGPL-3.0-or-later
"""The strips of ground that a zone is bounded by, one along each piece of its kerb, and what is known of them beforehand."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString

from workers.placement.bound_frame import PIECE_M, Frame, chains, frame_along, rings_into
from workers.placement.bound_tables import chord_tables
from workers.placement.packed import PackedGround

Floats = NDArray[np.float64]

SHRINK_M = 0.006
ANGLE_SLACK_DEG = 0.02


@dataclass(frozen=True)
class Effort:
    """How finely poses are cut.

    Args:
        pitch_m: from one level line to the next.
        cell_deg: the widest cell of angles.
        levels: tables of chords, one for every halving of the cells.
        work: ``effort`` of ``bound_count.most_in_strip``, for a zone that is not large. Counted and not timed, so that
            the same ground always has the same bound.
    """

    pitch_m: float
    cell_deg: float
    levels: int
    work: tuple[int, int, int, int, int]

    def on(self, area_m2: float) -> tuple[int, int, int, int, int]:
        """``work`` for a zone of that area: more boxes and time for a large one, up to a kilometre of street."""
        boxes, nanoseconds, every, frontiers, steps = self.work
        share = min(max(1.0, area_m2 / _AREA_M2), _MOST_SHARE)
        return int(share * boxes), int(share * nanoseconds), every, frontiers, steps


USUAL = Effort(0.2, 9.0, 4, (6000, 1_500_000, 2, 3, 3500))
PATIENT = Effort(0.05, 1.5, 4, (60_000, 60_000_000, 1, 3, 1000))

_MOST_LINES = 150
# Up to this area a zone gets the same work, beyond it more, but no more than so many times as much.
_AREA_M2, _MOST_SHARE = 1000.0, 10.0
# Telling the parts of a kerb apart costs the square of their number; a kerb of more corners gets the area's bound.
_MOST_CHAINS = 8
_SAMPLE_M = 0.25
# The first and last line lie so far outside the zone that they have no free ground.
_OUTSIDE_M = 1e-6


@dataclass(frozen=True, eq=False)
class Strip:
    """Ground along one piece of the kerb.

    Args:
        frame: of its level lines.
        lines: y of the first line, from line to line, how many.
        nbytes: what its chord tables hold in memory.
        compiled: all that ``bound_count.most_in_strip`` takes of a strip.
    """

    frame: Frame
    lines: tuple[float, float, int]
    nbytes: int
    compiled: tuple[object, ...]

    def stretches(self, unmet: Floats) -> Floats:
        """``bound.Bound.places`` of rows (from x, to x, most)."""
        first, pitch, count = self.lines
        middle = np.full(len(unmet), first + pitch * count / 2)
        ends = [self.frame.out_of(np.column_stack([unmet[:, k], middle])) for k in range(2)]
        return np.column_stack([*ends, unmet[:, 2]])


def strips_of(ground: PackedGround, effort: Effort) -> tuple[Strip, ...] | None:
    """A zone's strips, one for each piece of its kerb between corners; None where these or its lines are too many."""
    pieces = chains(ground.kerb_xy)
    if len(pieces) > _MOST_CHAINS:
        return None
    strips = []
    for index in range(len(pieces)):
        strip = _strip(ground, pieces, index, effort)
        if strip is None:
            return None
        strips.append(strip)
    return tuple(strips)


def _angle_cells(ranges: Floats, off: float, widest: float) -> Floats:
    """(T, 2) cells that cover the allowed angles, in 0 to pi, none across pi / 2."""
    slack = math.radians(ANGLE_SLACK_DEG) + off
    pieces: list[tuple[float, float]] = []
    for low, high in ranges.tolist():
        if high - low + 2 * slack >= math.pi:
            pieces = [(0.0, math.pi)]
            break
        start = (low - slack) % math.pi
        end = start + high - low + 2 * slack
        pieces += [(start, min(end, math.pi))] + ([(0.0, end - math.pi)] if end > math.pi else [])
    cells = []
    for start, end in pieces:
        for low, high in ((start, min(end, math.pi / 2)), (max(start, math.pi / 2), end)):
            if high > low:
                n = max(1, math.ceil((high - low) / widest - 1e-6))
                edges = np.linspace(low, high, n + 1)
                cells += list(itertools.pairwise(edges.tolist()))
    return np.array(cells)


def _strip(ground: PackedGround, pieces: list[Floats], index: int, effort: Effort) -> Strip | None:
    frame, off = frame_along(pieces[index], ground.zone_xy)
    numbers = frame.numbers
    zone, zone_starts = rings_into(numbers, ground.zone_xy, ground.zone_starts)
    shrink = SHRINK_M
    bend = 0.0
    if frame.radius > 0.0:
        closest = float((frame.radius - frame.left * zone[:, 1]).min()) - 0.1
        shrink += PIECE_M**2 / 8 * math.sqrt(2) / closest
        bend = frame.left / closest
    half = (ground.length_m / 2 - shrink, ground.width_m / 2 - shrink)
    if min(half) <= 0.02:
        return None
    south, north = float(zone[:, 1].min()) - _OUTSIDE_M, float(zone[:, 1].max()) + _OUTSIDE_M
    pitch_most = min(effort.pitch_m, half[1] / 4)
    count = max(2, math.ceil((north - south) / pitch_most) + 1)
    if count > 20 * _MOST_LINES:
        return None
    pitch = (north - south) / (count - 1)
    spans = np.tile([float(zone[:, 0].min()), float(zone[:, 0].max())], (count, 1))
    first = south
    if len(pieces) > 1:
        spans = _nearest_spans(ground, frame, pieces, index, spans, first, pitch)
        rows = np.flatnonzero(spans[:, 0] <= spans[:, 1])
        if not len(rows):
            return None
        margin = int((math.hypot(*half) + ground.spacing_m) / pitch) + 4
        start, stop = max(0, int(rows[0]) - margin), min(count, int(rows[-1]) + margin)
        first, count, spans = first + start * pitch, stop - start, np.ascontiguousarray(spans[start:stop])
    if count > _MOST_LINES:
        return None
    cells = _angle_cells(ground.ranges_rad, off, math.radians(effort.cell_deg))
    tables = []
    shape = (*half, ground.spacing_m, pitch, bend, off)
    for level in range(effort.levels):
        parts = 2**level
        steps = np.arange(parts) / parts
        low = (cells[:, :1] + (cells[:, 1:] - cells[:, :1]) * steps).ravel()
        high = (cells[:, :1] + (cells[:, 1:] - cells[:, :1]) * (steps + 1 / parts)).ravel()
        tables.append(chord_tables(shape, np.column_stack([low, high]), parts))
    y = first + pitch * np.arange(count)
    scale: Floats = np.ones(count)
    if frame.radius > 0.0:
        scale = np.asarray(frame.radius / (frame.radius - frame.left * y))
    lines = (first, pitch, count)
    compiled = (numbers, lines, (zone, zone_starts), spans, scale, tuple(tables), cells, shape)
    return Strip(frame, lines, sum(array.nbytes for table in tables for array in table), compiled)


def _nearest_spans(
    ground: PackedGround,
    frame: Frame,
    pieces: list[Floats],
    index: int,
    spans: Floats,
    first: float,
    pitch: float,
) -> Floats:
    """For each line, where between it and the next centres can be in the zone and nearest to this chain.

    Distances are taken at samples; between them they differ by no more than the way to the next sample.
    """
    xs = np.arange(spans[0, 0], spans[0, 1] + _SAMPLE_M, _SAMPLE_M)
    rows = first + pitch * (np.arange(len(spans)) + 0.5)
    grid_x, grid_y = np.meshgrid(xs, rows)
    points = shapely.points(frame.out_of(np.column_stack([grid_x.ravel(), grid_y.ravel()])))
    own = shapely.distance(points, LineString(pieces[index]))
    others = np.min(
        [shapely.distance(points, LineString(c)) for i, c in enumerate(pieces) if i != index], axis=0
    )
    stretch = 1.0
    if frame.radius > 0.0:
        stretch = max(1.0, float(np.abs(frame.radius - frame.left * rows).max()) / frame.radius)
    apart = math.hypot(_SAMPLE_M / 2 * stretch, pitch / 2) + SHRINK_M
    shell = shapely.Polygon(ground.zone_xy[: ground.zone_starts[1]])
    near = (own <= others + 2 * apart) & shapely.dwithin(points, shell, apart)
    near = near.reshape(grid_x.shape)
    found = np.empty_like(spans)
    found[:, 0] = np.where(near, grid_x, np.inf).min(axis=1) - _SAMPLE_M / 2
    found[:, 1] = np.where(near, grid_x, -np.inf).max(axis=1) + _SAMPLE_M / 2
    found[~near.any(axis=1)] = (1.0, -1.0)
    return found
