# SPDX-License-Identifier: AGPL-3.0-or-later
"""/metrics, as Prometheus' own parser reads it; every number comes from the stores, not from a process."""

from __future__ import annotations

import datetime as dt

import pytest
from prometheus_client.parser import text_string_to_metric_families

from apps.ops.metrics import metrics_text
from camera_registry import heartbeat
from camera_registry.stage_times import add_stage_times
from tests.apps.api.test_problems import ask_without_database
from tests.apps.ops.cameras import a_site
from tests.camera_registry.factories import a_camera
from workers.intake.doorbell import Doorbell
from workers.intake.frame_store import FrameStore

pytestmark = pytest.mark.django_db


def scrape() -> dict[tuple[str, ...], float]:
    """Every sample: (name, label values by the labels' names…) → value."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics_text().decode())
        for sample in family.samples
    }


def test_cameras_frames_and_zones(redis_client):
    a_site()
    found = scrape()
    assert found["spark_cameras", "late"] == 1 and found["spark_cameras", "live"] == 2
    assert found["spark_camera_state", "camera-late", "late"] == 1
    assert found["spark_camera_state", "camera-late", "live"] == 0
    assert found["spark_camera_last_frame_age_seconds", "camera-late"] >= 4000
    assert ("spark_camera_last_frame_age_seconds", "camera-never") not in found
    assert found["spark_camera_interval_seconds", "camera-live"] == 300
    assert found["spark_camera_clock_skew_seconds", "camera-live"] == -1.5
    assert found["spark_camera_shift_pixels", "camera-moved"] == 70
    assert found["spark_camera_unknown_zones", "camera-late"] == 1
    assert found["spark_camera_frames_received_total", "camera-live"] == 3
    assert found["spark_camera_frames_analysed_total", "camera-live"] == 1
    assert found["spark_camera_frames_rejected_total", "camera-late", "wrong_size"] == 12
    assert found["spark_strangers_rejected_total", "unknown_camera"] == 5
    assert (found["spark_zones", "free"], found["spark_zones", "unknown"]) == (1, 3)
    assert found["spark_free_spaces",] == 3
    assert (found["spark_database_up",], found["spark_redis_up",]) == (1, 1)


def test_queue_and_heartbeats_are_those_of_the_workers(redis_client):
    """The names of the lists belong to the workers: what they write must be what is counted."""
    store, bell = (
        FrameStore(redis_client, ttl_s=30, lease_s=30),
        Doorbell(redis_client, ttl_s=30, job_timeout_s=30),
    )
    for number in (1, 2, 3):
        store.put(number, f"camera-{number}", b"jpeg", dt.datetime.now(dt.UTC))
        bell.ring(number)
    store.claim(1, "w")
    heartbeat.beat(redis_client, "worker", "w", {})
    found = scrape()
    assert found["spark_queue_jobs",] == 3
    assert (found["spark_frames_waiting",], found["spark_frames_in_analysis",]) == (2, 1)
    assert (found["spark_processes", "worker"], found["spark_processes", "watcher"]) == (1, 0)
    assert found["spark_heartbeat_age_seconds", "worker", "w"] < 60
    assert found["spark_site_trouble",] == 0  # without a camera nobody is silent


def test_stages_are_histograms_that_all_workers_add_to(redis_client):
    add_stage_times(redis_client, [{"segment": 5.0, "publish": 40_000.0}, {"segment": 250.0}])
    add_stage_times(redis_client, [{"segment": 5.0}])
    add_stage_times(redis_client, [])
    found = scrape()
    assert found["spark_stage_seconds_count", "segment"] == 3
    assert found["spark_stage_seconds_sum", "segment"] == pytest.approx(0.26)
    assert found["spark_stage_seconds_bucket", "0.003", "segment"] == 0
    assert found["spark_stage_seconds_bucket", "0.01", "segment"] == 2
    assert found["spark_stage_seconds_bucket", "0.3", "segment"] == 3
    assert found["spark_stage_seconds_bucket", "30.0", "publish"] == 0
    assert found["spark_stage_seconds_bucket", "+Inf", "publish"] == 1


def test_redis_is_away_and_the_rest_is_told(settings):
    a_camera("camera-1")
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    found = scrape()
    assert (found["spark_redis_up",], found["spark_database_up",]) == (0, 1)
    assert found["spark_cameras", "never"] == 1
    assert ("spark_queue_jobs",) not in found


def test_the_database_is_away_and_the_rest_is_told(redis_client, monkeypatch):
    token = "a-token-of-more-than-24-characters"
    monkeypatch.setenv("SPARK_MONITOR_TOKEN", token)
    status, _, _, text = ask_without_database("/metrics", authorization=f"Bearer {token}")["/metrics"]
    assert status == 200
    assert "spark_database_up 0.0" in text and "spark_redis_up 1.0" in text and "spark_queue_jobs" in text


def test_names_follow_the_format(redis_client):
    a_site()
    for family in text_string_to_metric_families(metrics_text().decode()):
        assert family.name.startswith("spark_") and family.documentation.endswith(".")
