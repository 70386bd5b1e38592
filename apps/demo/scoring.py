# SPDX-License-Identifier: AGPL-3.0-or-later
"""The spaces that truly fit along the simulated street's kerbs, and how found ones are held against them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, Polygon

from apps.parking.space_matching import NOTHING, Score, assign, matches, score_spaces

__all__ = ["NOTHING", "Kerbside", "Score", "assign", "matches", "score_spaces", "true_spaces"]


@dataclass(frozen=True)
class Kerbside:
    """What the packing of true spaces needs to know of a zone: a straight kerb and the slot along it."""

    polygon: Polygon
    kerb: LineString
    parallel: bool
    slot_length_m: float
    slot_width_m: float
    spacing_m: float


def true_spaces(zone: Kerbside, free: shapely.Geometry) -> list[Polygon]:
    """Slots that truly fit into free ground along a straight kerb, packed from the kerb's start to its end.

    A slot stands at right angles to the kerb or along it, against the kerb, `spacing_m` from the next slot. Stretches of
    kerb where anything blocks the slots' depth are out; each stretch left holds as many slots as its length allows, and
    its spare length is shared out evenly, since nothing says where in a gap a driver will stand.
    """
    start, end = (np.array(p) for p in (zone.kerb.coords[0], zone.kerb.coords[-1]))
    run = float(np.linalg.norm(end - start))
    along = (end - start) / run
    inward = np.array([-along[1], along[0]])
    if np.dot(np.array(zone.polygon.centroid.coords[0]) - start, inward) < 0:
        inward = -inward
    depth, length = zone.slot_width_m, zone.slot_length_m
    if not zone.parallel:
        depth, length = length, depth
    axes = np.stack([along, inward])
    local_free = shapely.transform(free, lambda xy: (xy - start) @ axes.T)
    band = shapely.box(0.0, 0.0, run, depth)
    # Less than a centimetre of difference is rounding, not a car.
    taken = band.difference(local_free).buffer(-0.005)
    blocked = sorted(
        (g.bounds[0] - 0.005, g.bounds[2] + 0.005) for g in shapely.get_parts(taken) if not g.is_empty
    )
    spaces = []
    for low, high in _gaps(blocked, run):
        count = int((high - low + zone.spacing_m + 1e-9) / (length + zone.spacing_m))
        spare = (high - low) - count * length - max(0, count - 1) * zone.spacing_m
        for k in range(count):
            at = low + spare * (k + 1) / (count + 1) + k * (length + zone.spacing_m)
            corners = np.array([[at, 0], [at + length, 0], [at + length, depth], [at, depth]])
            spaces.append(Polygon(corners @ axes + start))
    return spaces


def _gaps(blocked: list[tuple[float, float]], run: float) -> list[tuple[float, float]]:
    gaps, reached = [], 0.0
    for low, high in blocked:
        if low > reached:
            gaps.append((reached, low))
        reached = max(reached, high)
    if run > reached:
        gaps.append((reached, run))
    return gaps
