# SPDX-License-Identifier: AGPL-3.0-or-later
"""The paper's experiment on public photos: rows of stalls as unmarked zones, free stalls as the true free spaces.

The pipeline is told the outline of a row, the side cars stand against and the size of a slot, as an operator would, and
nothing of the marks between stalls. What it lays out is held against the free stalls one to one, IoU ≥ 0.5 in true metres.
In a gap of several stalls nothing says where the marks are, so a right number of spaces may stand between them; the
agreement of counts is told beside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from apps.parking.space_matching import NOTHING, Score, score_spaces
from camera_registry.calibration import Calibration
from camera_registry.overlay import polygonal, union
from workers.occupancy import Zone
from workers.pipeline import CameraView, lay_out, observe_frame
from workers.segmentation.protocol import CarMask
from workers.training.counts import Counts

__all__ = ["FoundSpaces", "Row", "find_rows", "judge_spaces"]

Float = NDArray[np.float64]

#: A zone is a row of at least so many stalls.
FEWEST_STALLS = 3
#: Two stalls are neighbours when their middles lie within this many widths, mostly sideways of each other.
NEIGHBOUR_WIDTHS = 1.45
SIDEWAYS = 0.8
#: Stalls of a row point the same way within this.
SAME_WAY_DEG = 15.0
#: A stall whose long side lies within this of the row stands parallel; more than this off the right angle, diagonally.
PARALLEL_DEG = 30.0
DIAGONAL_DEG = 12.0
#: Painted lines and clicked corners leave slits between stalls: they are closed, metres.
SLIT_M = 0.35
#: A row whose sides stray more than this from a straight line, metres, is drawn as it is.
CROOKED_M = 1.2
#: A slot is this much smaller than the zone is deep, and than its stalls are wide, metres: cars leave that between them.
DEPTH_SPARE_M = 0.2
WIDTH_SPARE_M = 0.1
#: Rows with another row's stalls within this behind them stand back to back.
BACK_TO_BACK_M = 1.5


@dataclass(frozen=True)
class Row:
    """A zone as the pipeline takes it, and the stalls of it, by number."""

    zone: Zone
    stalls: tuple[int, ...]


@dataclass(frozen=True)
class FoundSpaces:
    """One row of one photo: found against free stalls. count_error: found minus true."""

    photo: str
    row: str
    mode: str
    score: Score
    distance_m: float
    spaces_m: tuple[Polygon, ...]

    @property
    def counts(self) -> Counts:
        s = self.score
        return Counts(s.true_positives, s.false_positives, s.false_negatives, s.true_negatives)


def judge_spaces(
    photo: str,
    stalls: Sequence[shapely.Geometry],
    occupied: NDArray[np.bool_],
    cars: Sequence[CarMask],
    calibration: Calibration,
    certain: float = 0.0,
) -> list[FoundSpaces]:
    """Every row of a photo, analysed as production does. stalls: in true metres around the nadir, which is the origin.

    certain: score from which a mask is a car; below it, the ground is unknown.
    """
    view = CameraView(calibration)
    seen = calibration.frame.geometry_to_metres(view.ground_3857)
    rows = find_rows(stalls, calibration)
    zones = [row.zone for row in rows]
    observed = {o.zone_slug: o for o in observe_frame(cars, view, zones, certain).zones}
    found = []
    for row in rows:
        if row.zone.slug not in observed:
            continue
        layout = lay_out(row.zone, [observed[row.zone.slug]])
        frame = calibration.frame
        spaces = [frame.geometry_to_metres(space.polygon_3857) for space in layout.spaces]
        whole = [i for i in row.stalls if stalls[i].difference(seen).area < 0.1 * stalls[i].area]
        score = score_spaces(
            spaces,
            [stalls[i] for i in whole if not occupied[i]],
            [shapely.affinity.scale(stalls[i], 0.7, 0.7) for i in whole if occupied[i]],
        )
        middle = row.zone.polygon_3857.centroid
        found.append(
            FoundSpaces(
                photo, row.zone.slug, row.zone.mode, score, float(np.hypot(middle.x, middle.y)), tuple(spaces)
            )
        )
    return found


def total(found: Sequence[FoundSpaces]) -> Score:
    """All of them together."""
    return sum((f.score for f in found), NOTHING)


def find_rows(stalls: Sequence[shapely.Geometry], calibration: Calibration) -> list[Row]:
    """Stalls side by side, as zones in EPSG:3857."""
    shapes = [_shape(stall) for stall in stalls]
    group = list(range(len(stalls)))

    def root(i: int) -> int:
        while group[i] != i:
            i = group[i]
        return i

    for i, a in enumerate(shapes):
        for j in range(i):
            if a is not None and shapes[j] is not None and _neighbours(a, shapes[j]):
                group[root(i)] = root(j)
    members: dict[int, list[int]] = {}
    for i in range(len(stalls)):
        members.setdefault(root(i), []).append(i)
    rows = []
    for chosen in members.values():
        if len(chosen) >= FEWEST_STALLS:
            zone = _zone(f"row-{chosen[0]}", chosen, stalls, shapes, calibration)
            if zone is not None:
                rows.append(Row(zone, tuple(chosen)))
    return rows


@dataclass(frozen=True)
class _Shape:
    """A stall as a parallelogram: middle, half vectors along its long and its short side."""

    middle: Float
    long: Float
    short: Float


def _shape(stall: shapely.Geometry) -> _Shape | None:
    corners = shapely.get_coordinates(stall)[:-1]
    if stall.geom_type != "Polygon" or len(corners) != 4:
        return None
    s = np.roll(corners, -1, axis=0) - corners
    a, b = (s[0] - s[2]) / 4, (s[1] - s[3]) / 4
    long, short = (a, b) if np.linalg.norm(a) >= np.linalg.norm(b) else (b, a)
    return _Shape(corners.mean(axis=0), long, short)


def _angle_deg(a: Float, b: Float) -> float:
    """Between two undirected lines, 0 to 90."""
    cosine = abs(float(a @ b)) / (float(np.linalg.norm(a) * np.linalg.norm(b)) + 1e-12)
    return float(np.degrees(np.arccos(min(cosine, 1.0))))


def _neighbours(a: _Shape, b: _Shape | None) -> bool:
    """Whether two stalls touch with their long sides, or, standing one behind the other along a kerb, with their short ones."""
    if b is None or _angle_deg(a.long, b.long) > SAME_WAY_DEG:
        return False
    apart = b.middle - a.middle
    for step in (a.short, a.long):
        width = 2 * float(np.linalg.norm(step))
        distance = float(np.linalg.norm(apart))
        along = abs(float(apart @ step)) / (float(np.linalg.norm(step)) * distance + 1e-9)
        # Back to back is no row: only what stands along a kerb may follow lengthwise, and that has no neighbour sideways.
        if step is a.short and distance < NEIGHBOUR_WIDTHS * width and along > SIDEWAYS:
            return True
    return False


def _zone(
    slug: str,
    chosen: Sequence[int],
    stalls: Sequence[shapely.Geometry],
    shapes: Sequence[_Shape | None],
    calibration: Calibration,
) -> Zone | None:
    own = [s for i in chosen if (s := shapes[i]) is not None]
    middles = np.array([s.middle for s in own])
    along = np.linalg.svd(middles - middles.mean(axis=0))[2][0]
    lean = _angle_deg(np.median([s.long * np.sign(s.long @ own[0].long) for s in own], axis=0), along)
    inward = np.array([-along[1], along[0]])
    depth = np.median([abs(s.long @ inward) + abs(s.short @ inward) for s in own]) * 2
    width = float(np.median([2 * np.linalg.norm(s.short) for s in own]))
    length = float(np.median([2 * np.linalg.norm(s.long) for s in own]))
    outline = _outline([stalls[i] for i in chosen], along, inward)
    if outline is None:
        return None
    kerb = _kerb(
        own,
        middles,
        along,
        inward,
        float(depth),
        [s for i, s in enumerate(shapes) if s and i not in set(chosen)],
    )
    diagonal = 90 - lean > DIAGONAL_DEG
    frame = calibration.frame
    return Zone(
        slug,
        frame.geometry_to_3857(outline),
        mode="diagonal" if diagonal else "perpendicular",
        slot_length_m=length
        - DEPTH_SPARE_M
        - (width * np.sin(np.radians(90 - lean)) / 2 if diagonal else 0.0),
        slot_width_m=width - WIDTH_SPARE_M,
        spacing_m=0.0,
        angle_deg=lean if diagonal else None,
        kerb_3857=frame.geometry_to_3857(kerb),
    )


def _outline(stalls: Sequence[shapely.Geometry], along: Float, inward: Float) -> Polygon | None:
    """What an operator would draw: a straight strip for a straight row, else the stalls' own outline."""
    corners = np.stack([shapely.get_coordinates(stall)[:-1] for stall in stalls])
    lengthwise, across = corners @ along, corners @ inward
    sides = np.sort(across, axis=1)
    near, far = sides[:, :2].mean(axis=1), sides[:, 2:].mean(axis=1)
    if max(np.ptp(near), np.ptp(far)) < CROOKED_M:
        low, high = float(np.median(near)), float(np.median(far))
        start, end = float(lengthwise.min()), float(lengthwise.max())
        ends = np.array([[start, low], [end, low], [end, high], [start, high]])
        return Polygon(ends @ np.stack([along, inward]))
    drawn = union(stall.buffer(SLIT_M, join_style="mitre") for stall in stalls)
    drawn = polygonal(drawn.buffer(-SLIT_M, join_style="mitre"))
    return Polygon(drawn.exterior) if drawn.geom_type == "Polygon" else None


def _kerb(
    own: Sequence[_Shape], middles: Float, along: Float, inward: Float, depth: float, others: Sequence[_Shape]
) -> shapely.LineString:
    """The side with another row behind it; without one, the side away from the camera."""
    centre = middles.mean(axis=0)
    sides = {sign: centre + sign * inward * depth / 2 for sign in (1.0, -1.0)}
    behind = {
        sign: sum(
            abs(float((other.middle - side) @ inward)) < depth / 2 + BACK_TO_BACK_M
            and abs(float((other.middle - side) @ along)) < np.ptp(middles @ along) / 2
            and float((other.middle - centre) @ inward) * sign > 0
            for other in others
        )
        for sign, side in sides.items()
    }
    far = max(sides, key=lambda sign: (behind[sign], float(np.linalg.norm(sides[sign]))))
    reach = np.ptp((middles - centre) @ along) / 2 + 2 * float(np.linalg.norm(own[0].short))
    return shapely.LineString([sides[far] - along * reach, sides[far] + along * reach])
