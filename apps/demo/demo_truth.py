# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was truly free when the demo's frames were taken, and how well published spaces agree with it. No Django."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import shapely
from shapely import Polygon

from apps.demo.layout import DemoZone, Layout, build_layout
from apps.demo.scoring import Kerbside, Score, score_spaces, true_spaces
from apps.demo.timeline import Street
from apps.demo.truth import free_ground

KEPT_UPLOADS = 400
IN_ZONE_SHARE = 0.3
"""A car with less of its footprint than this in a zone passes by it and is not one of its cars."""


class UploadLog:
    """Which moment of the street was uploaded when: a small JSON file that the newest uploads are kept in."""

    def __init__(self, path: Path, *, seed: int, start_t_s: float) -> None:
        self._path = path
        self._content: dict[str, object] = {"seed": seed, "start_t_s": start_t_s}
        self._uploads: list[tuple[str, float, float]] = []

    def add(self, camera: str, t_s: float, sent_at: float) -> None:
        """A frame of the street's moment `t_s` was uploaded at `sent_at` (Unix seconds)."""
        self._uploads = [*self._uploads[-KEPT_UPLOADS + 1 :], (camera, t_s, sent_at)]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".tmp")
        fresh.write_text(json.dumps(self._content | {"uploads": self._uploads}))
        fresh.replace(self._path)


def moment_at(log: Mapping[str, object], unix_s: float) -> float | None:
    """The street's moment that the newest upload up to `unix_s` showed; None before the first."""
    uploads: Sequence[tuple[str, float, float]] = log["uploads"]  # type: ignore[assignment]
    shown = [t_s for _, t_s, sent_at in uploads if sent_at <= unix_s]
    return shown[-1] if shown else None


def kerbside_of(zone: DemoZone) -> Kerbside:
    """A zone of the street as the packing of true spaces wants it (world frame, true metres)."""
    length, width, spacing = zone.slot_m
    return Kerbside(zone.polygon, zone.kerb, zone.mode == "parallel", length, width, spacing)


def score_street(
    street: Street, t_s: float, found_m: Mapping[str, Sequence[Polygon]], layout: Layout | None = None
) -> dict[str, Score]:
    """Score found spaces (zone slug → polygons, world frame, true metres) at one moment; zones not given are left out."""
    layout = layout or build_layout(0)
    cars = street.state_at(t_s)
    free = free_ground(layout, cars)
    footprints = [Polygon(c.footprint()) for c in cars]
    scores = {}
    for zone in layout.zones:
        if zone.slug not in found_m:
            continue
        polygon = zone.polygon
        shapely.prepare(polygon)
        inside = [f for f in footprints if f.intersection(polygon).area > IN_ZONE_SHARE * f.area]
        truth = true_spaces(kerbside_of(zone), free[zone.slug])
        scores[zone.slug] = score_spaces(found_m[zone.slug], truth, inside)
    return scores
