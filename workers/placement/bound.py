# SPDX-License-Identifier: AGPL-3.0-or-later
"""A proven upper bound on the number of slots that a zone can hold, blocked-in ones counted too.

**What is proved.** Let every slot of a layout be taken ``SHRINK_M`` smaller on each of its four sides. If these
smaller slots lie in the zone and off blocked ground, share no ground (each with its spacing, as
``feasible.spaced_size`` says), and keep their angles to ``ANGLE_SLACK_DEG``, then there are at most ``upper_bound``
of them. So it holds for every layout that is feasible exactly. Two slots that overlap by at most 1 cm2, as the
exact check of what is published allows, share no ground when made smaller: a common point would be the middle of a
disc of 6 mm in both, which is 1.13 cm2. In the same way a smaller slot cannot reach past an edge of the zone or of a
car unless more than 1 cm2 does, except at corners and spikes narrower than a right angle. What a judge's wider
tolerance (20 cm2, 1 degree) might squeeze in beyond that is not covered; ``SHRINK_M`` of 26 mm would cover it.

**How.** (1) Every slot stands in some cell of angles and depths, and all slots of a cell surely cover known chords of
the level lines around their centre (``bound_tables``). (2) Those chords must lie in free intervals of the lines, which
leaves boxes of poses, in groups whose centres lie apart (``bound_poses``); a layout's slots are shared out among the
groups, so that bounds of groups add up, each a whole number. (3) A group is bounded by measure (``bound_measure``) and
by sweeping (``bound_sweep``); cells that stand in the way of a proof are halved until the bound meets what was found
there or the work allowed is done (``bound_count``). A kerb with corners is cut there, and slots are counted with the
piece of kerb nearest to them. (4) Cars make no room: what is proved once for the zone without cars holds always.

**Curved kerbs.** Along a kerb close to an arc, lines are arcs about its centre and x is arc length. The zone and the
cars are carried there edge by edge in short pieces; a piece departs from the true edge by no more than its length
squared / 8 x sqrt(2) / radius, and slots are taken smaller by as much. A chord's piece surely covered is shortened by
what its arc departs from the tangent. Chords that count overlap from line to line, so that a slot joins them by a path
that meets every arc once; for disjoint sets of that kind "west of" has no cycle, as for convex sets and straight
lines. Any other kerb gets straight lines and an angle range wide enough for all its directions.
"""

from __future__ import annotations

import itertools
import math
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray
from shapely import LineString

from workers.placement.bound_count import UNKNOWN, most_in_strip
from workers.placement.bound_poses import free_intervals
from workers.placement.bound_tables import chord_tables
from workers.placement.geometry import polygonal
from workers.placement.packed import PackedGround
from workers.placement.problem import PlacementProblem

Floats = NDArray[np.float64]

SHRINK_M = 0.006
ANGLE_SLACK_DEG = 0.02


@dataclass(frozen=True)
class Effort:
    """How finely poses are cut: lines' distance, angle cells, and ``effort`` of ``bound_count.most_in_strip``.

    Work is counted and not timed, so that the same ground always has the same bound.
    """

    pitch_m: float
    cell_deg: float
    work: tuple[int, int, int, int]


USUAL = Effort(0.2, 6.0, (6000, 140_000, 3, 1000))
PATIENT = Effort(0.05, 1.5, (60_000, 3_000_000, 3, 1000))

# A table for every halving of the cells.
_LEVELS = 4
_MOST_LINES = 150
# Telling the parts of a kerb apart costs the square of their number; a kerb of more corners gets the area's bound.
_MOST_CHAINS = 8
# A kerb that turns by more at one vertex has a corner there (as ``geometry``).
_CORNER_DEG = 25.0
_PIECE_M = 0.5
# A kerb counts as an arc when it departs from one by no more, and turns by more than that.
_ARC_ERROR_M = 0.05
_ARC_TURN_DEG = 2.0
_SAMPLE_M = 0.25
# The first and last line lie so far outside the zone that they have no free ground.
_OUTSIDE_M = 1e-6
_KEPT_BYTES = 256_000_000


@dataclass(frozen=True, eq=False)
class Bound:
    """At most ``most`` slots.

    ``places`` (q, 5) says where more may stand than were found: points x1, y1, x2, y2 near the ground's origin between
    which their centres lie along the kerb, and how many there are at most. None when nothing is known of places.
    """

    most: int
    places: Floats | None


@dataclass(frozen=True, eq=False)
class _Frame:
    """Level lines along a chain of the kerb: straight ones (radius 0), or arcs about a point."""

    origin: Floats
    ahead: Floats
    radius: float
    left: float

    def into(self, xy: Floats) -> Floats:
        away = xy - self.origin
        if self.radius == 0.0:
            return np.column_stack([away @ self.ahead, away @ np.array([-self.ahead[1], self.ahead[0]])])
        out = np.hypot(away[:, 0], away[:, 1])
        across = away @ np.array([-self.ahead[1], self.ahead[0]])
        turn = np.arctan2(across, away @ self.ahead)
        return np.column_stack([self.left * self.radius * turn, self.left * (self.radius - out)])

    def out_of(self, sy: Floats) -> Floats:
        if self.radius == 0.0:
            return (
                self.origin + sy[:, :1] * self.ahead + sy[:, 1:] * np.array([-self.ahead[1], self.ahead[0]])
            )
        turn = self.left * sy[:, 0] / self.radius
        out = self.radius - self.left * sy[:, 1]
        normal = np.array([-self.ahead[1], self.ahead[0]])
        return (
            self.origin + (out * np.cos(turn))[:, None] * self.ahead + (out * np.sin(turn))[:, None] * normal
        )


@dataclass(frozen=True, eq=False)
class _Strip:
    frame: _Frame
    zone: Floats
    zone_starts: NDArray[np.int64]
    first: float
    pitch: float
    count: int
    scale: Floats
    spans: Floats
    tables: tuple[tuple[Floats, NDArray[np.int64], Floats], ...]
    cells: Floats
    shape: tuple[float, float, float, float, float, float]

    def centres(self, xy: Floats) -> Floats:
        """How far along the lines those centres stand that this strip counts."""
        near = self.frame.into(xy)
        row = np.floor((near[:, 1] - self.first) / self.pitch).astype(np.int64)
        inside = (row >= 0) & (row < self.count)
        spans = self.spans[np.clip(row, 0, self.count - 1)]
        return np.ascontiguousarray(
            near[inside & (spans[:, 0] <= near[:, 0]) & (near[:, 0] <= spans[:, 1]), 0]
        )

    def stretches(self, unmet: Floats) -> Floats:
        """``Bound.places`` of rows (from x, to x, most)."""
        middle = np.full(len(unmet), self.first + self.pitch * self.count / 2)
        ends = [self.frame.out_of(np.column_stack([unmet[:, k], middle])) for k in range(2)]
        return np.column_stack([*ends, unmet[:, 2]])


def upper_bound(problem: PlacementProblem, ground: PackedGround, found_xy: Floats | None = None) -> Bound:
    """At most so many slots can stand in a zone; see the module for what is proved and how.

    Args:
        problem: the problem, and ``ground`` the same packed.
        found_xy: (n, 2) the centres of slots that stand, near the ground's origin. Where the bound meets them it is
            not made finer.
    """
    plan = _plan(ground)
    bound = _bounded(problem, ground, found_xy, plan.strips, USUAL)
    # Cars make no room.
    return Bound(min(bound.most, plan.most), bound.places)


def bound_once(problem: PlacementProblem, ground: PackedGround, found_xy: Floats) -> int:
    """The bound of a zone without cars, with more patience; kept, since it holds whatever parks there.

    ``problem`` has nothing blocked; for the rest see ``upper_bound``. Takes about half a second.
    """
    plan = _plan(ground)
    most = _bounded(problem, ground, found_xy, _strips(ground, PATIENT), PATIENT).most
    plan.most = min(plan.most, most)
    return plan.most


def _bounded(
    problem: PlacementProblem,
    ground: PackedGround,
    found_xy: Floats | None,
    strips: tuple[_Strip, ...] | None,
    effort: Effort,
) -> Bound:
    most = 0 if strips is not None else UNKNOWN
    places = []
    for strip in strips or ():
        cars, starts = _into(strip.frame, ground.cars_xy, ground.car_starts)
        lines = free_intervals(
            strip.zone, strip.zone_starts, cars, starts, strip.first, strip.pitch, strip.count
        )
        found_x = _NOWHERE if found_xy is None else strip.centres(found_xy)
        here, unmet = most_in_strip(
            lines, strip.tables, strip.cells, strip.shape, strip.scale, strip.spans, found_x, effort.work
        )
        most += here
        if len(unmet):
            places.append(strip.stretches(unmet))
    # Strips of a kerb with many corners may count ground twice.
    if most * problem.slot_area_m2 > problem.zone.area:
        most = min(most, _by_area(problem))
    if strips is None:
        return Bound(int(most), None)
    return Bound(int(most), np.concatenate(places) if places else np.empty((0, 5)))


_NOWHERE: Floats = np.empty(0)


def _by_area(problem: PlacementProblem) -> int:
    """Free ground over a slot's area: for zones too deep for lines."""
    free = float(shapely.difference(problem.zone, polygonal(problem.blocked)).area)
    length = max(problem.slot_length_m - 2 * SHRINK_M, problem.slot_length_m / 2)
    width = max(problem.slot_width_m - 2 * SHRINK_M, problem.slot_width_m / 2)
    return int(free / (length * width) + 1e-6)


def _into(frame: _Frame, xy: Floats, starts: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
    if frame.radius > 0.0 and len(xy):
        xy, starts = _in_pieces(xy, starts, _PIECE_M)
    return np.ascontiguousarray(frame.into(xy)), starts


@njit(cache=True)
def _in_pieces(xy, starts, longest):  # type: ignore[no-untyped-def]
    """Rings with their edges cut into equal pieces no longer than ``longest``."""
    count = 0
    for ring in range(starts.shape[0] - 1):
        for i in range(starts[ring], starts[ring + 1]):
            j = i + 1 if i + 1 < starts[ring + 1] else starts[ring]
            count += int(np.hypot(xy[j, 0] - xy[i, 0], xy[j, 1] - xy[i, 1]) / longest) + 1
    cut, cut_starts = np.empty((count, 2)), np.zeros(starts.shape[0], dtype=np.int64)
    at = 0
    for ring in range(starts.shape[0] - 1):
        for i in range(starts[ring], starts[ring + 1]):
            j = i + 1 if i + 1 < starts[ring + 1] else starts[ring]
            pieces = int(np.hypot(xy[j, 0] - xy[i, 0], xy[j, 1] - xy[i, 1]) / longest) + 1
            for p in range(pieces):
                for c in range(2):
                    cut[at, c] = xy[i, c] + (xy[j, c] - xy[i, c]) * p / pieces
                at += 1
        cut_starts[ring + 1] = at
    return cut, cut_starts


@dataclass(eq=False)
class _Plan:
    """What belongs to a zone and a slot size alone: its strips, and how many slots there can be when no car is there."""

    strips: tuple[_Strip, ...] | None
    most: int = UNKNOWN


# Kept from frame to frame.
_plans: OrderedDict[tuple[object, ...], _Plan] = OrderedDict()


def _plan(ground: PackedGround) -> _Plan:
    key = (
        ground.zone_xy.tobytes(),
        ground.zone_starts.tobytes(),
        ground.kerb_xy.tobytes(),
        ground.ranges_rad.tobytes(),
        ground.length_m,
        ground.width_m,
        ground.spacing_m,
    )
    if key in _plans:
        _plans.move_to_end(key)
        return _plans[key]
    plan = _Plan(_strips(ground, USUAL))
    _plans[key] = plan
    kept = 0
    for old in reversed(list(_plans)):
        kept += _bytes(_plans[old].strips)
        if kept > _KEPT_BYTES and old != key:
            del _plans[old]
    return plan


def _bytes(strips: tuple[_Strip, ...] | None) -> int:
    return sum(array.nbytes for strip in strips or () for table in strip.tables for array in table) + 4000


def _strips(ground: PackedGround, effort: Effort) -> tuple[_Strip, ...] | None:
    chains = _chains(ground.kerb_xy)
    if len(chains) > _MOST_CHAINS:
        return None
    strips = []
    for index in range(len(chains)):
        strip = _strip(ground, chains, index, effort)
        if strip is None:
            return None
        strips.append(strip)
    return tuple(strips)


def _chains(kerb: Floats) -> list[Floats]:
    """The kerb cut at its corners."""
    steps = np.diff(kerb, axis=0)
    turns = np.arctan2(
        steps[:-1, 0] * steps[1:, 1] - steps[:-1, 1] * steps[1:, 0], (steps[:-1] * steps[1:]).sum(axis=1)
    )
    cuts = [0, *(np.flatnonzero(np.abs(turns) > math.radians(_CORNER_DEG)) + 1).tolist(), len(kerb) - 1]
    return [kerb[a : b + 1] for a, b in itertools.pairwise(cuts)]


def _frame(chain: Floats, zone: Floats) -> tuple[_Frame, float]:
    """The frame for a chain, and how far in radians the chain's direction can differ from the lines'."""
    steps = np.diff(chain, axis=0)
    directions = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    if len(chain) > 2 and abs(directions[-1] - directions[0]) > math.radians(_ARC_TURN_DEG):
        arc = _arc(chain, zone, directions)
        if arc is not None:
            return arc
    whole = chain[-1] - chain[0]
    if np.hypot(*whole) < 1e-9:
        whole = steps[0]
    ahead = whole / np.hypot(*whole)
    across = steps @ np.array([-ahead[1], ahead[0]])
    off = float(np.abs(np.arctan2(across, steps @ ahead)).max())
    return _Frame(chain[0], ahead, 0.0, 1.0), off if off > 1e-9 else 0.0


def _arc(chain: Floats, zone: Floats, directions: Floats) -> tuple[_Frame, float] | None:
    """An arc along a chain that is nearly one."""
    mean = chain.mean(axis=0)
    near = chain - mean
    system = np.column_stack([2 * near, np.ones(len(near))])
    (x, y, c), *_ = np.linalg.lstsq(system, (near**2).sum(axis=1), rcond=None)
    centre = mean + np.array([x, y])
    radius = math.sqrt(max(0.0, c + x * x + y * y))
    middles = np.concatenate([chain, (chain[1:] + chain[:-1]) / 2])
    error = float(np.abs(np.hypot(*(middles - centre).T) - radius).max())
    if error > _ARC_ERROR_M or not 3.0 < radius < 1e4:
        return None
    left = 1.0 if directions[-1] > directions[0] else -1.0
    middle = chain[len(chain) // 2] - centre
    frame = _Frame(centre, middle / np.hypot(*middle), radius, left)
    away = np.hypot(*(zone - centre).T)
    kerb_s, zone_s = frame.into(chain)[:, 0], frame.into(zone)[:, 0]
    # An edge of the zone may come closer to the centre than its ends.
    if away.min() < max(3.0, 0.25 * radius) or np.abs(zone_s).max() > 2.6 * radius:
        return None
    # Segments against the tangents at their two ends, the nearest kerb point's shift, and what lies past the ends.
    ends = np.array([frame.into(chain[:-1])[:, 0], frame.into(chain[1:])[:, 0]]) * left / radius
    base = math.atan2(*frame.ahead[::-1]) + left * math.pi / 2
    off = float(np.abs((directions - (base + ends) + math.pi) % math.tau - math.pi).max())
    depth = float(np.abs(away - radius).max())
    shift = math.sqrt(4 * max(depth, 1.0) * error / (away.min() * radius))
    past = max(0.0, kerb_s.min() - zone_s.min(), zone_s.max() - kerb_s.max()) / radius
    return frame, off + shift + past


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


def _strip(ground: PackedGround, chains: list[Floats], index: int, effort: Effort) -> _Strip | None:
    frame, off = _frame(chains[index], ground.zone_xy)
    zone, zone_starts = _into(frame, ground.zone_xy, ground.zone_starts)
    shrink = SHRINK_M
    bend = 0.0
    if frame.radius > 0.0:
        closest = float((frame.radius - frame.left * zone[:, 1]).min()) - 0.1
        shrink += _PIECE_M**2 / 8 * math.sqrt(2) / closest
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
    if len(chains) > 1:
        spans = _nearest_spans(ground, frame, chains, index, spans, first, pitch)
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
    for level in range(_LEVELS):
        pieces = 2**level
        steps = np.arange(pieces) / pieces
        low = (cells[:, :1] + (cells[:, 1:] - cells[:, :1]) * steps).ravel()
        high = (cells[:, :1] + (cells[:, 1:] - cells[:, :1]) * (steps + 1 / pieces)).ravel()
        tables.append(chord_tables(shape, np.column_stack([low, high]), pieces))
    y = first + pitch * np.arange(count)
    scale: Floats = np.ones(count)
    if frame.radius > 0.0:
        scale = np.asarray(frame.radius / (frame.radius - frame.left * y))
    return _Strip(frame, zone, zone_starts, first, pitch, count, scale, spans, tuple(tables), cells, shape)


def _nearest_spans(
    ground: PackedGround,
    frame: _Frame,
    chains: list[Floats],
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
    own = shapely.distance(points, LineString(chains[index]))
    others = np.min(
        [shapely.distance(points, LineString(c)) for i, c in enumerate(chains) if i != index], axis=0
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
