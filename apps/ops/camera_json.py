# SPDX-License-Identifier: AGPL-3.0-or-later
"""The cameras' health as JSON. Field names are a promise to those who watch the site: they are added to, not changed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from apps.ops.overview import CameraLine, Overview

__all__ = ["overview_json"]


def overview_json(found: Overview) -> dict[str, Any]:
    """The whole answer; docs/integrators.md tells the fields."""
    return {
        "at": _iso(found.at),
        "site_trouble": found.site_trouble or None,
        "counts": {state.value: count for state, count in found.counts.items()},
        "in_trouble": found.in_trouble,
        "cameras": [_camera(line) for line in found.lines],
        "unwatched_zones": [zone.slug for zone in found.unwatched],
    }


def _camera(line: CameraLine) -> dict[str, Any]:
    camera, health = line.camera, line.health
    return {
        "camera": camera.name,
        "title": camera.title,
        "state": health.state.value,
        "well": health.well,
        "headline": health.headline,
        "troubles": list(health.troubles),
        "last_frame_at": _iso(health.last_frame_at),
        "last_analysed_at": _iso(camera.last_analysed_at),
        "interval_s": health.interval_s,
        "expected_interval_s": health.expected_interval_s,
        "clock_skew_s": health.clock_skew_s,
        "clock_zone_s": health.clock_zone_s,
        "brightness": _rounded(health.brightness),
        "sharpness": _rounded(health.sharpness),
        "shift_px": _rounded(health.shift_px),
        "cars": health.cars,
        "image_size": list(health.image_size) if health.image_size else None,
        "calibration_version": camera.calibration.version if camera.calibration else None,
        "zones": list(health.zones),
        "unknown_zones": [zone.slug for zone in line.unknown_zones],
        "incident": line.incident
        and {"kind": line.incident.kind, "since": _iso(line.incident.began_at), "told": line.incident.told},
        "rejections": [
            {
                "reason": row.reason,
                "words": str(row.words),
                "count": row.count,
                "last_at": _iso(row.last_at),
                "detail": row.detail,
                "cure": row.cure,
            }
            for row in health.rejections
        ],
    }


def _iso(moment: dt.datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
