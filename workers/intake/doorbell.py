# SPDX-License-Identifier: AGPL-3.0-or-later
"""The doorbell: an RQ job that carries nothing but a camera's id. What work there is, the frame store says.

At most one bell per camera is out. The worker takes it down before it claims, so that a frame put after that rings
anew and one put before it is claimed. A bell that got lost is rung again by the watcher's rescan.
"""

from __future__ import annotations

import redis
from rq import Queue

QUEUE = "frames"
FUNCTION = "workers.tasks.analyse_waiting"
PREFIX = "spark:bell:"
#: Failed bells are of no interest for long: the reason is counted on the camera.
FAILURE_TTL_S = 600


class Doorbell:
    """Rings for cameras. job_timeout_s: how long one batch may take; ttl_s: how long a bell is of any use."""

    def __init__(self, client: redis.Redis, *, ttl_s: float, job_timeout_s: float) -> None:
        self.client = client
        self.ttl_s = max(1, int(ttl_s))
        self.job_timeout_s = max(1, int(job_timeout_s))
        self.queue = Queue(QUEUE, connection=client)

    def ring(self, camera_id: int) -> bool:
        """Ring, unless a bell for this camera is out already. Returns whether it rang."""
        if not self.client.set(f"{PREFIX}{camera_id}", 1, nx=True, ex=self.ttl_s):
            return False
        self.queue.enqueue_call(
            FUNCTION,
            args=(camera_id,),
            timeout=self.job_timeout_s,
            result_ttl=0,
            failure_ttl=FAILURE_TTL_S,
            ttl=self.ttl_s,
            description=f"{FUNCTION}({camera_id})",
        )
        return True

    def take_down(self, camera_id: int) -> None:
        """The bell was heard."""
        self.client.delete(f"{PREFIX}{camera_id}")

    def ring_again(self, camera_ids: tuple[int, ...]) -> int:
        """Ring for cameras whose frames wait although no bell is left in the queue. Returns how many rang."""
        if not camera_ids or self.queue.count:
            return 0
        self.client.delete(*(f"{PREFIX}{camera_id}" for camera_id in camera_ids))
        return sum(self.ring(camera_id) for camera_id in camera_ids)
