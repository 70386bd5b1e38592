# SPDX-License-Identifier: AGPL-3.0-or-later
"""RQ's worker without its fork (docs/decisions say why), with what the missing parent process would have done.

The model stays loaded and nothing is forked. A job that hangs ends the process (`run_worker`), and its heartbeat with it.
"""

from __future__ import annotations

import time
from typing import Any

import redis
from rq import Queue, SimpleWorker
from rq.job import Job

from workers.analysis import Analyst
from workers.intake.doorbell import QUEUE

#: RQ's own record of the worker is refreshed at least this often while it idles, seconds.
WORKER_TTL_S = 60


class FrameWorker(SimpleWorker):
    """Runs doorbells in this process, one after the other."""

    def __init__(self, connection: redis.Redis, *, name: str, stuck_after_s: float) -> None:
        super().__init__(
            [Queue(QUEUE, connection=connection)],
            name=name,
            connection=connection,
            worker_ttl=WORKER_TTL_S,
            log_job_description=False,
        )
        self.stuck_after_s = stuck_after_s
        self.jobs_done = 0
        self._busy_since: float | None = None

    def execute_job(self, job: Job, queue: Queue) -> None:
        """One bell."""
        self._busy_since = time.monotonic()
        try:
            super().execute_job(job, queue)
        finally:
            self._busy_since = None
            self.jobs_done += 1

    def signs_of_life(self, analyst: Analyst) -> dict[str, Any] | None:
        """What the heartbeat tells; None when one job has taken so long that the process must be stuck."""
        busy_since = self._busy_since
        busy_s = 0.0 if busy_since is None else time.monotonic() - busy_since
        if busy_s > self.stuck_after_s:
            return None
        return {
            "model": analyst.segmenter.name,
            "jobs": self.jobs_done,
            "frames": analyst.frames_done,
            "busy_s": round(busy_s, 1),
            "counts_waiting": analyst.tally.waiting(),
        }
