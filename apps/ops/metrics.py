# SPDX-License-Identifier: AGPL-3.0-or-later
"""/metrics: what is known of the site in Prometheus' text format, read from the stores at each scrape.

Nothing is counted in this process: behind gunicorn each worker would have counts of its own, and a restart would lose
them. What counts up lies in PostgreSQL (frames by camera) and in Redis (stages). A store that is away takes its own
metrics along and no others.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator

import redis
from django.db import DatabaseError, InterfaceError
from django.db.models import Count, Sum
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from apps.ops.overview import Overview, intake_since, overview
from apps.ops.selectors import redis_client
from apps.parking.choices import ZoneState
from apps.parking.selectors import zones_now
from camera_registry.choices import CameraState
from camera_registry.health_models import AlertStatus
from camera_registry.heartbeat import heartbeats
from camera_registry.models import CameraAlert, Rejection
from camera_registry.stage_times import BOUNDS_S, StageTimes, read_stage_times

__all__ = ["metrics_text"]

logger = logging.getLogger(__name__)

#: Where the queue and the frame store keep their lists; the workers' rooms own the names, a test holds them together.
QUEUE_KEY = "rq:queue:frames"
WAITING_KEY = "spark:frames:waiting"
LEASES_KEY = "spark:frames:leases"
PROCESSES = ("worker", "watcher", "alerts")


def metrics_text() -> bytes:
    """Everything, as a scrape wants it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Site())
    return generate_latest(registry)


class _Site(Collector):
    """Asks the stores when it is collected."""

    def collect(self) -> Iterator[Metric]:
        yield from _part("database", _from_database)
        yield from _part("redis", _from_redis)

    def describe(self) -> Iterable[Metric]:
        return ()


def _part(name: str, metrics: object) -> Iterator[Metric]:
    """One store's metrics, and whether it answered."""
    found: list[Metric] = []
    try:
        found = list(metrics())  # type: ignore[operator]
        answered = 1
    except (DatabaseError, InterfaceError, redis.RedisError) as error:
        logger.warning("metrics of the %s are missing: %s", name, error)
        answered = 0
    yield from found
    yield GaugeMetricFamily(f"spark_{name}_up", f"Whether the {name} answered this scrape.", value=answered)


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


def _from_database() -> Iterator[Metric]:
    now = timezone.now()
    found = overview(now, intake_since())
    yield from _cameras(found, now)
    yield from _frames(found)
    yield from _zones(now)
    alerts = GaugeMetricFamily(
        "spark_alerts", "Messages to camera owners by what became of them.", labels=["status"]
    )
    counted = dict(CameraAlert.objects.values_list("status").annotate(Count("pk")).order_by())
    for status in AlertStatus.values:
        alerts.add_metric([status], counted.get(status, 0))
    yield alerts


def _cameras(found: Overview, now: dt.datetime) -> Iterator[Metric]:
    states = GaugeMetricFamily("spark_cameras", "Cameras by state.", labels=["state"])
    for state in CameraState:
        states.add_metric([state.value], found.counts[state])
    yield states
    yield GaugeMetricFamily(
        "spark_cameras_in_trouble", "Cameras of which something is to be said.", value=found.in_trouble
    )
    yield GaugeMetricFamily(
        "spark_site_trouble",
        "1 while silence is the site's fault and no owner is told.",
        value=int(bool(found.site_trouble)),
    )
    one = GaugeMetricFamily(
        "spark_camera_state", "1 for the state a camera is in, 0 for the others.", labels=["camera", "state"]
    )
    for line in found.lines:
        for state in CameraState:
            one.add_metric([line.camera.name, state.value], int(line.health.state == state))
    yield one
    gauges = {
        "last_frame_age_seconds": ("Since the last good frame.", lambda line: _age_s(line.health.last_frame_at, now)),
        "interval_seconds": ("Median of the last intervals.", lambda line: line.health.interval_s),
        "expected_interval_seconds": ("As its owner said.", lambda line: line.health.expected_interval_s),
        "clock_skew_seconds": ("How far its clock is ahead.", lambda line: line.health.clock_skew_s),
        "brightness": ("Mean grey value, 0 to 255.", lambda line: line.health.brightness),
        "sharpness": ("Standard deviation of the Laplacian.", lambda line: line.health.sharpness),
        "shift_pixels": ("Largest shift from the calibrated view.", lambda line: line.health.shift_px),
        "cars": ("In the last analysed frame.", lambda line: line.health.cars),
        "unknown_zones": ("Zones unknown while it is not well.", lambda line: len(line.unknown_zones)),
    }  # fmt: skip
    for name, (words, value) in gauges.items():
        gauge = GaugeMetricFamily(f"spark_camera_{name}", words, labels=["camera"])
        for line in found.lines:
            number = value(line)
            if number is not None:
                gauge.add_metric([line.camera.name], number)
        yield gauge


def _age_s(moment: dt.datetime | None, now: dt.datetime) -> float | None:
    return None if moment is None else (now - moment).total_seconds()


def _frames(found: Overview) -> Iterator[Metric]:
    for name, words in (("received", "Good frames taken in."), ("analysed", "Frames that became a result.")):
        counter = CounterMetricFamily(f"spark_camera_frames_{name}", words, labels=["camera"])
        for line in found.lines:
            activity = getattr(line.camera, "activity", None)
            counter.add_metric([line.camera.name], getattr(activity, name, 0))
        yield counter
    rejected = CounterMetricFamily(
        "spark_camera_frames_rejected", "Frames that ended otherwise.", labels=["camera", "reason"]
    )
    for line in found.lines:
        for row in line.health.rejections:
            rejected.add_metric([line.camera.name, row.reason], row.count)
    yield rejected
    strangers = CounterMetricFamily(
        "spark_strangers_rejected", "Logins and files under names that are no camera's.", labels=["reason"]
    )
    rows = (
        Rejection.objects.filter(camera=None).values_list("reason").annotate(Sum("count")).order_by("reason")
    )
    for reason, count in rows:
        strangers.add_metric([reason], count)
    yield strangers


def _zones(now: dt.datetime) -> Iterator[Metric]:
    zones = zones_now(now)
    counts = Counter(zone.state for zone in zones)
    states = GaugeMetricFamily("spark_zones", "Zones that are switched on, by state.", labels=["state"])
    for state in ZoneState:
        states.add_metric([state.value], counts[state])
    yield states
    free = sum(zone.free_count or 0 for zone in zones)
    yield GaugeMetricFamily("spark_free_spaces", "Spaces on offer in zones that are known.", value=free)


# --- Redis -----------------------------------------------------------------------------------------------------------


def _from_redis() -> Iterator[Metric]:
    with redis_client() as client:
        yield GaugeMetricFamily(
            "spark_queue_jobs", "Doorbells that no worker has heard.", value=client.llen(QUEUE_KEY)
        )
        yield GaugeMetricFamily(
            "spark_frames_waiting", "Cameras whose frame waits.", value=client.zcard(WAITING_KEY)
        )
        yield GaugeMetricFamily(
            "spark_frames_in_analysis", "Frames that workers hold.", value=client.zcard(LEASES_KEY)
        )
        yield from _heartbeats(client)
        histogram = HistogramMetricFamily(
            "spark_stage_seconds", "How long a frame's stages take.", labels=["stage"]
        )
        for stage, times in read_stage_times(client).items():
            histogram.add_metric([stage], _buckets(times), times.sum_s)
        yield histogram


def _heartbeats(client: redis.Redis) -> Iterator[Metric]:
    beats = heartbeats(client)
    alive = GaugeMetricFamily("spark_processes", "Processes that are alive, by kind.", labels=["kind"])
    counts = Counter(beat.kind for beat in beats)
    for kind in PROCESSES:
        alive.add_metric([kind], counts[kind])
    yield alive
    ages = GaugeMetricFamily(
        "spark_heartbeat_age_seconds", "Since a process was heard of.", labels=["kind", "name"]
    )
    for beat in beats:
        ages.add_metric([beat.kind, beat.name], max(0.0, time.time() - beat.at))
    yield ages


def _buckets(times: StageTimes) -> list[tuple[str, float]]:
    """Counts up to each bound, as the format wants them."""
    total, buckets = 0, []
    for bound, count in zip(BOUNDS_S, times.counts, strict=True):
        total += count
        buckets.append((str(bound), float(total)))
    return [*buckets, ("+Inf", float(total + times.longer))]
