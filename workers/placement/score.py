# SPDX-License-Identifier: AGPL-3.0-or-later
"""Judge a result file by the benchmark's own rules, in plain shapely and independent of the solver's geometry.

A slot counts when it lies inside the zone (1 cm tolerance), overlaps every car and every other slot by at most
0.002 m², and keeps the angle range within one degree.

With ``--reachable`` it also says how many slots a car can drive into (``score_reach``), and refuses entries that claim
more of their slots.

    python -m workers.placement.score INSTANCES.json RESULTS.json [--reference REFERENCE.json] [--reachable]
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from shapely import LineString, MultiLineString, Point, Polygon, intersection

from workers.placement.score_reach import access_edges, reachable

INSIDE_TOLERANCE_M = 0.01
OVERLAP_TOLERANCE_M2 = 0.002
ANGLE_TOLERANCE_DEG = 1.0
# Overlaps are taken on a grid as fine as this: without one GEOS 3.14 now and then returns the whole of one rectangle for
# two that share a side to the last bit but one.
GRID_M = 1e-6


@dataclass(frozen=True)
class Score:
    """``counted`` slots keep every rule; ``infeasible`` ones break at least one, as ``reasons`` say.

    ``reachable`` says of each slot whether a car can drive into it; empty when that was not asked.
    """

    id: str
    counted: int
    infeasible: int
    reasons: tuple[str, ...]
    reachable: tuple[bool, ...] = ()


def score_instance(item: dict[str, Any], slots: Sequence[Sequence[float]], reach: bool = False) -> Score:
    """Judge one instance's slots ``[[x, y, theta_rad], ...]``; ``item`` as in the instance file."""
    west, south = (min(point[k] for point in item["zone"]) for k in (0, 1))

    def near(points: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
        return [(point[0] - west, point[1] - south) for point in points]

    ground = Polygon(near(item["zone"]), [near(hole) for hole in item.get("holes", [])])
    zone = ground.buffer(INSIDE_TOLERANCE_M)
    cars = [Polygon(near(ring)) for ring in item["occupied"]]
    cars = [car if car.is_valid else car.buffer(0) for car in cars]
    kerb = LineString(near(item["kerb"])) if item.get("kerb") else None
    length, width = item["slot"]
    outlines = [_outline(x - west, y - south, theta, length, width) for x, y, theta in slots]
    reasons = []
    counted = 0
    for i, (outline, slot) in enumerate(zip(outlines, slots, strict=True)):
        reason = ""
        if not zone.covers(outline):
            reason = "outside the zone"
        elif any(shared_m2(outline, car) > OVERLAP_TOLERANCE_M2 for car in cars):
            reason = "on a car"
        elif any(shared_m2(outline, o) > OVERLAP_TOLERANCE_M2 for j, o in enumerate(outlines) if j != i):
            reason = "on another slot"
        elif (
            kerb is not None
            and item.get("angle_ranges_deg")
            and not _angle_kept(item, kerb, outline, slot[2])
        ):
            reason = "at a forbidden angle"
        counted += not reason
        if reason:
            reasons.append(f"slot {i} lies {reason}")
    reached: tuple[bool, ...] = ()
    if reach:
        given = item.get("access")
        lines = [given] if given and not isinstance(given[0][0], list) else given
        access = MultiLineString([near(line) for line in lines]) if lines else None
        edges = access_edges(ground, kerb, access)
        reached = tuple(reachable(outlines, cars, ground, kerb, edges, item["mode"]))
    return Score(str(item["id"]), counted, len(reasons), tuple(reasons), reached)


def shared_m2(one: Polygon, other: Polygon) -> float:
    """Area that two outlines share."""
    return float(intersection(one, other, grid_size=GRID_M).area)


def _outline(x: float, y: float, theta: float, length: float, width: float) -> Polygon:
    cos, sin = math.cos(theta), math.sin(theta)
    halves = [
        (-length / 2, -width / 2),
        (length / 2, -width / 2),
        (length / 2, width / 2),
        (-length / 2, width / 2),
    ]
    return Polygon([(x + u * cos - v * sin, y + u * sin + v * cos) for u, v in halves])


def _angle_kept(item: dict[str, Any], kerb: LineString, outline: Polygon, theta: float) -> bool:
    """Against the tangent of the kerb's segment nearest to the slot's centre."""
    centre: Point = outline.centroid
    points = list(kerb.coords)
    segments = [LineString(pair) for pair in pairwise(points)]
    distances = [segment.distance(centre) for segment in segments]
    for segment, distance in zip(segments, distances, strict=True):
        if distance > min(distances) + 1e-6:
            continue
        (ax, ay), (bx, by) = segment.coords
        angle = math.degrees(theta - math.atan2(by - ay, bx - ax))
        for low, high in item["angle_ranges_deg"]:
            if (angle - low + ANGLE_TOLERANCE_DEG) % 180 <= high - low + 2 * ANGLE_TOLERANCE_DEG:
                return True
    return False


def main(arguments: Sequence[str] | None = None) -> int:
    """Print each instance's score; exit status 1 when a slot is infeasible, or falsely said to be reachable."""
    parser = argparse.ArgumentParser(
        prog="python -m workers.placement.score", description=__doc__.split("\n")[0]
    )
    parser.add_argument("instances", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--reference", type=Path, help="JSON {id: {best_known, upper_bound}}")
    parser.add_argument("--reachable", action="store_true", help="also count what can be driven into")
    options = parser.parse_args(arguments)
    items = {item["id"]: item for item in json.loads(options.instances.read_text(encoding="utf-8"))}
    known = json.loads(options.reference.read_text(encoding="utf-8")) if options.reference else {}
    counted = infeasible = best = reached = claimed = 0
    for entry in json.loads(options.results.read_text(encoding="utf-8")):
        score = score_instance(items[entry["id"]], entry["slots"], options.reachable)
        reference = known.get(score.id, {}).get("best_known")
        counted += score.counted
        infeasible += score.infeasible
        best += reference or 0
        reached += sum(score.reachable)
        against = "" if reference is None else f" of {reference} known"
        line = f"{score.id}: {score.counted}{against}, {score.infeasible} infeasible"
        reasons = list(score.reasons)
        if options.reachable:
            line += f", {sum(score.reachable)} reachable"
            says = entry.get("reachable") or [False] * len(score.reachable)
            wrong = [k for k, (a, b) in enumerate(zip(says, score.reachable, strict=True)) if a and not b]
            claimed += len(wrong)
            reasons += [f"slot {k} is said to be reachable and is not" for k in wrong]
        sys.stdout.write("; ".join((line, *reasons)) + "\n")
    total = f"total: {counted}" + (f" of {best} known" if known else "") + f", {infeasible} infeasible"
    sys.stdout.write(total + (f", {reached} reachable" if options.reachable else "") + "\n")
    return 1 if infeasible or claimed else 0


if __name__ == "__main__":
    sys.exit(main())
