# SPDX-License-Identifier: AGPL-3.0-or-later
"""`manage.py run_worker`: one process that has the model loaded and answers the doorbell."""

from __future__ import annotations

import logging
import os
import time
from typing import Any

import redis
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from camera_registry.heartbeat import Pulse
from workers import runtime
from workers.frame_worker import FrameWorker
from workers.intake.wiring import redis_client
from workers.segmentation import SegmentationError

logger = logging.getLogger(__name__)

#: RQ blocks on the queue; its connection must not time out before that.
RETRIES = 5
WAIT_FOR_REDIS_S = 2.0
EXIT_STUCK = 70


class Command(BaseCommand):
    help = "Analyse frames as they come: model loaded once, jobs run in this process, no forks."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--max-jobs", type=int, default=settings.SPARK_WORKER_MAX_JOBS, help="end after this many bells"
        )
        parser.add_argument("--burst", action="store_true", help="end when the queue is empty")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.perf_counter()
        try:
            analyst = runtime.analyst()
        except SegmentationError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Model {analyst.segmenter.name} loaded and warm in {time.perf_counter() - began:.1f} s"
        )
        connection = redis.Redis.from_url(
            settings.REDIS_URL, retry=Retry(ExponentialBackoff(cap=1.0), RETRIES)
        )
        self._wait_for(connection)
        worker = FrameWorker(connection, name=analyst.name, stuck_after_s=2 * settings.SPARK_LEASE_S)

        def signs_of_life() -> dict[str, Any]:
            signs = worker.signs_of_life(analyst)
            if signs is None:
                # RQ's alarm has not ended the job, so nothing in this process will. Its frames are given out again.
                logger.critical("%s is stuck in one job: it ends itself", analyst.name)
                os._exit(EXIT_STUCK)
            return signs

        pulse = Pulse(redis_client(), "worker", analyst.name, signs_of_life)
        pulse.start()
        self.stdout.write(f"Worker {analyst.name} is ready")
        self.stdout.flush()
        try:
            worker.work(burst=options["burst"], max_jobs=options["max_jobs"], logging_level="WARNING")
        finally:
            pulse.stop()
            analyst.tally.flush()

    def _wait_for(self, connection: redis.Redis) -> None:
        while True:
            try:
                connection.ping()
                return
            except redis.RedisError as error:
                logger.warning("waiting for Redis: %s", error)
                time.sleep(WAIT_FOR_REDIS_S)
