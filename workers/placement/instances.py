# SPDX-License-Identifier: AGPL-3.0-or-later
"""Placement instances and results as JSON: the format that the benchmark and the command line share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from shapely import LineString, MultiLineString, Polygon

from workers.placement.problem import Placement, PlacementError, PlacementProblem


@dataclass(frozen=True)
class Instance:
    """One named problem; ``family`` groups like ones in a table."""

    id: str
    family: str
    problem: PlacementProblem


def read_instances(path: Path) -> list[Instance]:
    """Read a JSON list of instances.

    Each has ``id``, ``zone`` (open ring), ``occupied`` (rings), ``slot`` ([length, width]), ``mode``, and may have
    ``holes`` (rings), ``angle_ranges_deg``, ``angle_deg``, ``kerb`` (polyline), ``access`` (polylines), ``spacing``,
    ``family``.

    Raises:
        PlacementError: naming the instance and what is wrong with it.
    """
    try:
        items = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise PlacementError(f"{path} is not JSON: {error}") from error
    if not isinstance(items, list):
        raise PlacementError(f"{path} must hold a list of instances")
    return parse_instances(items)


def parse_instances(items: Sequence[Any]) -> list[Instance]:
    """Instances from what a file held; errors as in ``read_instances``."""
    return [_instance(item, index) for index, item in enumerate(items)]


def _instance(item: dict[str, Any], index: int) -> Instance:
    name = str(item.get("id", f"number {index}")) if isinstance(item, dict) else f"number {index}"
    try:
        if not item["zone"]:
            raise ValueError("its zone has no corners")
        occupied = list(map(Polygon, item["occupied"]))
        ranges = item.get("angle_ranges_deg")
        kerb = item.get("kerb")
        problem = PlacementProblem(
            zone=Polygon(item["zone"], item.get("holes")),
            blocked=shapely.union_all([p if p.is_valid else shapely.make_valid(p) for p in occupied]),
            slot_length_m=float(item["slot"][0]),
            slot_width_m=float(item["slot"][1]),
            spacing_m=float(item.get("spacing", 0.0)),
            mode=item["mode"],
            angle_deg=item.get("angle_deg"),
            kerb=LineString(kerb) if kerb else None,
            access=MultiLineString(item["access"]) if item.get("access") else None,
            angle_ranges_deg=None
            if ranges is None
            else tuple((float(low), float(high)) for low, high in ranges),
        )
    except PlacementError as error:
        raise PlacementError(f"instance {name}: {error}") from error
    except KeyError as error:
        raise PlacementError(f"instance {name}: {error.args[0]!r} is missing") from error
    except (AttributeError, IndexError, TypeError, ValueError, shapely.errors.ShapelyError) as error:
        raise PlacementError(f"instance {name}: {error}") from error
    return Instance(name, str(item.get("family", "")), problem)


def result(instance: Instance, placement: Placement, prepared_ms: float = 0.0) -> dict[str, Any]:
    """One entry of a result file. ``prepared_ms``: what was worked out once for the zone, whatever stands on it."""
    return {
        "id": instance.id,
        "slots": [[slot.x, slot.y, slot.theta_rad] for slot in placement.slots],
        "cpu_ms": round(placement.cpu_ms, 3),
        "prepare_ms": round(prepared_ms, 3),
        "bound": placement.bound,
        "gap": placement.gap,
        "reachable": list(placement.reachable),
    }


def write_results(path: Path, results: Iterable[dict[str, Any]]) -> None:
    """Write a result file, one entry a line so that two runs can be compared."""
    lines = ",\n".join(json.dumps(entry) for entry in results)
    path.write_text(f"[\n{lines}\n]\n" if lines else "[]\n", encoding="utf-8")
