# SPDX-License-Identifier: AGPL-3.0-or-later
"""The worker as a real process: ready, stopped politely, recycled, stuck, and killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from rq import Queue

from apps.parking.models import ZoneSnapshot
from camera_registry import heartbeat, selectors
from camera_registry.tally import Tally
from tests.workers.scene import a_street_camera, a_zone, photograph
from workers.frame_worker import FrameWorker
from workers.intake.doorbell import Doorbell
from workers.intake.frame_store import FrameStore
from workers.intake.inbox import Inbox
from workers.intake.registry import Registry
from workers.intake.watcher import Watcher, WatcherOptions

pytestmark = pytest.mark.django_db(transaction=True)

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PATIENCE_S = 30


class Workers:
    """Starts worker processes on the tests' own database and Redis, and ends those that are left."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.processes: list[subprocess.Popen] = []

    def start(self, delay_s: float = 0.0, *options: str, **variables: str) -> subprocess.Popen:
        db = connection.settings_dict
        address = f"{db['USER']}:{db['PASSWORD']}@{db['HOST']}:{db['PORT']}/{db['NAME']}"
        environment = {
            **os.environ,
            "DATABASE_URL": f"postgis://{address}",
            "DJANGO_SETTINGS_MODULE": "spark.settings",
            "PYTHONPATH": str(REPOSITORY),
            **variables,
        }
        command = [sys.executable, "-m", "tests.workers.worker_process", str(delay_s), *options]
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait(10)


@pytest.fixture
def workers(tmp_path) -> Iterator[Workers]:
    made = Workers(tmp_path / "workers.log")
    yield made
    made.end()


def until(condition, what: str, log: Path | None = None) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"waited for {what} in vain\n{log.read_text() if log else ''}")
        time.sleep(0.02)


@pytest.fixture
def store(redis_client) -> FrameStore:
    return FrameStore(redis_client, ttl_s=60, lease_s=60)


@pytest.fixture
def bell(redis_client) -> Doorbell:
    return Doorbell(redis_client, ttl_s=60, job_timeout_s=60)


def images(client) -> int:
    return sum(client.hexists(key, "image") for key in client.scan_iter("spark:frames:[fl]*e:*"))


def test_frames_are_published_and_the_process_can_be_watched_and_stopped(workers, redis_client, store, bell):
    camera, _ = a_street_camera(), a_zone()
    process = workers.start()
    until(lambda: heartbeat.heartbeats(redis_client, "worker"), "a heartbeat", workers.log)
    store.put(camera.pk, camera.name, photograph([0]), timezone.now())
    bell.ring(camera.pk)
    until(ZoneSnapshot.objects.exists, "a snapshot", workers.log)
    until(lambda: heartbeat.heartbeats(redis_client, "worker")[0].details["frames"] == 1, "a beat after it")
    (beat,) = heartbeat.heartbeats(redis_client, "worker")
    assert beat.details["model"] == "paint@test"
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert heartbeat.heartbeats(redis_client, "worker") == []
    assert images(redis_client) == 0


@pytest.mark.slow
def test_sigterm_lets_the_batch_finish_and_a_recycled_worker_ends_well(workers, redis_client, store, bell):
    camera, _ = a_street_camera(), a_zone()
    store.put(camera.pk, camera.name, photograph([0]), timezone.now())
    bell.ring(camera.pk)
    polite = workers.start(1.0)
    until(lambda: redis_client.zcard("spark:frames:leases"), "a claim", workers.log)
    polite.send_signal(signal.SIGTERM)
    assert polite.wait(15) == 0
    assert ZoneSnapshot.objects.count() == 1
    for _ in range(2):
        bell.take_down(camera.pk)
        bell.ring(camera.pk)
    recycled = workers.start(0.0, "--max-jobs", "2")
    assert recycled.wait(30) == 0, workers.log.read_text()


@pytest.mark.slow
def test_killed_in_the_middle_twice(workers, redis_client, store, bell, tmp_path, settings):
    """kill -9 while the frame is being segmented: given out once more, then counted; nothing stays behind."""
    camera, _ = a_street_camera(), a_zone()
    registry = Registry(Tally())
    watcher = Watcher(
        Inbox(Path(settings.SPARK_INBOX)), store, bell, registry, WatcherOptions(10**7, 10**7, 300, 5)
    )
    store.put(camera.pk, camera.name, photograph([0]), timezone.now())
    bell.ring(camera.pk)
    for attempt in (0, 1):
        process = workers.start(60.0)
        until(lambda: redis_client.zcard("spark:frames:leases"), "a claim", workers.log)
        (lease,) = redis_client.scan_iter("spark:frames:lease:*")
        assert int(redis_client.hget(lease, "attempt")) == attempt
        watcher.rescan()
        assert redis_client.zcard("spark:frames:leases") == 1, "taken from a worker that lives"
        process.kill()
        process.wait(10)
        until(lambda: not heartbeat.heartbeats(redis_client, "worker"), "the heartbeat to end")
        watcher.rescan()
        assert redis_client.zcard("spark:frames:leases") == 0
    registry.tally.flush()
    assert selectors.rejection_counts(camera.name) == {"worker_lost": 1}
    assert images(redis_client) == 0
    assert list(redis_client.scan_iter("spark:frames:[blf]*:*")) == []
    # And the camera's next frame goes through as if nothing had been.
    store.put(camera.pk, camera.name, photograph([0]), timezone.now())
    watcher.rescan()
    workers.start()
    until(ZoneSnapshot.objects.exists, "a snapshot", workers.log)


@pytest.mark.slow
@pytest.mark.parametrize(("delay_s", "exit_code"), [(60.0, 0), (-60.0, 70)], ids=["hears the alarm", "deaf"])
def test_a_job_that_hangs_is_ended(workers, redis_client, delay_s, exit_code):
    """By RQ's alarm, and when the engine hears none, by the end of the process; the next frame's worker goes on."""
    camera, _ = a_street_camera(), a_zone()
    store = FrameStore(redis_client, ttl_s=60, lease_s=1)
    store.put(camera.pk, camera.name, photograph([0]), timezone.now())
    Doorbell(redis_client, ttl_s=60, job_timeout_s=1).ring(camera.pk)
    process = workers.start(delay_s, "--max-jobs", "1", SPARK_LEASE_S="1")
    assert process.wait(PATIENCE_S) == exit_code, workers.log.read_text()
    if exit_code == 0:
        assert selectors.rejection_counts(camera.name) == {"analysis_error": 1}
        assert redis_client.zcard("spark:frames:leases") == 0
    else:
        until(lambda: not heartbeat.heartbeats(redis_client, "worker"), "the heartbeat to end")
        assert store.recover().requeued == (camera.name,)


class TestSignsOfLife:
    """Asked by the heartbeat's thread while a job may hang."""

    class Analyst:
        """What the signs are read from."""

        class segmenter:
            name = "paint@test"

        frames_done = 3
        tally = Tally()

    def test_a_stuck_worker_shows_none(self, redis_client):
        worker = FrameWorker(redis_client, name="w", stuck_after_s=0.05)
        assert worker.signs_of_life(self.Analyst)["frames"] == 3
        worker._busy_since = time.monotonic()
        assert worker.signs_of_life(self.Analyst)["busy_s"] < 0.05
        time.sleep(0.06)
        assert worker.signs_of_life(self.Analyst) is None

    def test_what_a_failed_job_keeps_in_redis_holds_no_image(self, redis_client, monkeypatch):
        """Even a bug outside the analyst's own care must not carry pictures into RQ's records."""

        def broken(self, camera_id):
            image = b"\xff\xd8 somebody's street \xff\xd9"
            raise RuntimeError(f"failed with {len(image)} bytes")

        monkeypatch.setattr("workers.tasks.analyst", lambda: type("A", (), {"answer": broken})())
        bell = Doorbell(redis_client, ttl_s=60, job_timeout_s=60)
        bell.ring(1)
        worker = FrameWorker(redis_client, name="w", stuck_after_s=60)
        worker.work(burst=True, logging_level="CRITICAL")
        assert len(Queue("frames", connection=redis_client).failed_job_registry) == 1
        for key in redis_client.scan_iter():
            assert b"somebody's street" not in (redis_client.dump(key) or b"")
            if redis_client.type(key) == b"hash":
                assert b"somebody's street" not in b"".join(redis_client.hgetall(key).values())
