# SPDX-License-Identifier: AGPL-3.0-or-later
"""Judge a result file by the benchmark's own rules, in plain shapely and independent of the solver's geometry.

A slot counts when it lies inside the zone (1 cm tolerance), overlaps every car and every other slot by at most
0.002 m², and keeps the angle range within one degree.

    python -m workers.placement.score INSTANCES.json RESULTS.json [--reference REFERENCE.json]
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

from shapely import LineString, Point, Polygon

INSIDE_TOLERANCE_M = 0.01
OVERLAP_TOLERANCE_M2 = 0.002
ANGLE_TOLERANCE_DEG = 1.0


@dataclass(frozen=True)
class Score:
    """``counted`` slots keep every rule; ``infeasible`` ones break at least one, as ``reasons`` say."""

    id: str
    counted: int
    infeasible: int
    reasons: tuple[str, ...]


def score_instance(item: dict[str, Any], slots: Sequence[Sequence[float]]) -> Score:
    """Judge one instance's slots ``[[x, y, theta_rad], ...]``; ``item`` as in the instance file."""
    west, south = (min(point[k] for point in item["zone"]) for k in (0, 1))

    def near(points: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
        return [(point[0] - west, point[1] - south) for point in points]

    zone = Polygon(near(item["zone"]), [near(hole) for hole in item.get("holes", [])]).buffer(
        INSIDE_TOLERANCE_M
    )
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
        elif any(outline.intersection(car).area > OVERLAP_TOLERANCE_M2 for car in cars):
            reason = "on a car"
        elif any(
            outline.intersection(o).area > OVERLAP_TOLERANCE_M2 for j, o in enumerate(outlines) if j != i
        ):
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
    return Score(str(item["id"]), counted, len(reasons), tuple(reasons))


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
    """Print each instance's score; exit status 1 when a slot is infeasible."""
    parser = argparse.ArgumentParser(
        prog="python -m workers.placement.score", description=__doc__.split("\n")[0]
    )
    parser.add_argument("instances", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--reference", type=Path, help="JSON {id: {best_known, upper_bound}}")
    options = parser.parse_args(arguments)
    items = {item["id"]: item for item in json.loads(options.instances.read_text(encoding="utf-8"))}
    known = json.loads(options.reference.read_text(encoding="utf-8")) if options.reference else {}
    counted = infeasible = best = 0
    for entry in json.loads(options.results.read_text(encoding="utf-8")):
        score = score_instance(items[entry["id"]], entry["slots"])
        reference = known.get(score.id, {}).get("best_known")
        counted, infeasible, best = (
            counted + score.counted,
            infeasible + score.infeasible,
            best + (reference or 0),
        )
        against = "" if reference is None else f" of {reference} known"
        line = f"{score.id}: {score.counted}{against}, {score.infeasible} infeasible"
        sys.stdout.write("; ".join((line, *score.reasons)) + "\n")
    total = f"total: {counted}" + (f" of {best} known" if known else "") + f", {infeasible} infeasible"
    sys.stdout.write(total + "\n")
    return 1 if infeasible else 0


if __name__ == "__main__":
    sys.exit(main())
