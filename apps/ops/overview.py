# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every camera's health on one page, with the zones that suffer, the incident and what its owner was told.

A fixed number of queries, however many cameras there are.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from apps.ops.selectors import redis_client
from apps.parking.choices import ZoneState
from apps.parking.selectors import ZoneNow, zones_now
from camera_registry import heartbeat
from camera_registry.alerts import site_trouble
from camera_registry.choices import CameraState, ViewStatus
from camera_registry.health import STATE_WORDS, CameraHealth, camera_health, health_queryset, health_rank
from camera_registry.models import Camera, CameraAlert, CameraIncident

__all__ = ["CameraLine", "Overview", "intake_since", "overview"]

#: Under these marks a state is recognised before it is read; the word stands beside each.
MARKS = {
    CameraState.LIVE: "●", CameraState.SUSPENDED: "‖", CameraState.LATE: "◐", CameraState.NEVER: "○",
    CameraState.OFF: "✕",
}  # fmt: skip


@dataclass(frozen=True)
class CameraLine:
    """One camera. unknown_zones: those it sees of which nothing is known now, while it is not well.

    repair_px: by how much a repaired calibration that waits to be accepted differs, None without one; told: the last
    alerts of its open incident.
    """

    camera: Camera
    health: CameraHealth
    unknown_zones: tuple[ZoneNow, ...]
    incident: CameraIncident | None
    told: tuple[CameraAlert, ...]
    repair_px: float | None

    @property
    def mark(self) -> str:
        """A sign for the state, which its word stands beside."""
        return MARKS[self.health.state]

    @property
    def state_words(self) -> str:
        """The state in a word or two."""
        return str(STATE_WORDS[self.health.state])

    @property
    def refused(self) -> int:
        """Frames that ended in a reason that is somebody's fault."""
        return sum(line.count for line in self.health.rejections if line.reason != "replaced")


@dataclass(frozen=True)
class Overview:
    """All cameras at one moment, worst first. unwatched: unknown zones that no camera has ever shown."""

    at: dt.datetime
    lines: tuple[CameraLine, ...]
    counts: Mapping[CameraState, int]
    in_trouble: int
    site_trouble: str
    unwatched: tuple[ZoneNow, ...]

    @property
    def counts_in_words(self) -> list[tuple[str, int]]:
        """How many cameras are in each state, for those there are."""
        return [(str(STATE_WORDS[state]), count) for state, count in self.counts.items() if count]


def overview(now: dt.datetime, since: dt.datetime | None) -> Overview:
    """Everybody's health at `now`; since: when the watcher started, None when there is none (`intake_since`)."""
    cameras = list(health_queryset())
    zones = {zone.slug: zone for zone in zones_now(now)}
    incidents = {row.camera_id: row for row in CameraIncident.objects.filter(closed_at=None)}
    told: dict[int | None, list[CameraAlert]] = {}
    for alert in CameraAlert.objects.filter(incident__in=[row.pk for row in incidents.values()]):
        told.setdefault(alert.camera_id, []).append(alert)
    lines = []
    watched: set[str] = set()
    for camera in cameras:
        health = camera_health(camera, now)
        watched.update(health.zones)
        lines.append(
            CameraLine(
                camera=camera,
                health=health,
                unknown_zones=_unknown(health, zones),
                incident=incidents.get(camera.pk),
                told=tuple(told.get(camera.pk, ())),
                repair_px=_repair_px(camera),
            )
        )
    lines.sort(key=lambda line: (health_rank(line.health), line.camera.name))
    counts = Counter(line.health.state for line in lines)
    return Overview(
        at=now,
        lines=tuple(lines),
        counts={state: counts[state] for state in CameraState},
        in_trouble=sum(1 for line in lines if line.health.troubles),
        site_trouble=site_trouble(cameras, now, since) if cameras else "",
        unwatched=tuple(
            zone for zone in zones.values() if zone.state == ZoneState.UNKNOWN and zone.slug not in watched
        ),
    )


def _unknown(health: CameraHealth, zones: Mapping[str, ZoneNow]) -> tuple[ZoneNow, ...]:
    """A camera that is well is not why its zones are unknown."""
    if health.state == CameraState.LIVE and health.well:
        return ()
    seen = (zones[slug] for slug in health.zones if slug in zones)
    return tuple(zone for zone in seen if zone.state == ZoneState.UNKNOWN)


def _repair_px(camera: Camera) -> float | None:
    check = camera.current_view_check
    waits = check is not None and check.status in (ViewStatus.MOVED, ViewStatus.CORRECTED)
    return check.shift_px if check and waits else None


def intake_since() -> dt.datetime | None:
    """Since when a watcher takes uploads, asked at once; None while none is known of."""
    with redis_client() as client:
        return heartbeat.intake_since(client)
