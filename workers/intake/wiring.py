# SPDX-License-Identifier: AGPL-3.0-or-later
"""The frame store and the doorbell as the settings want them. The only file of intake that reads settings."""

from __future__ import annotations

import redis
from django.conf import settings

from camera_registry.redis_client import prompt_redis
from workers.intake.doorbell import Doorbell
from workers.intake.frame_store import FrameStore

#: A Redis that does not answer for this long counts as away, seconds.
TIMEOUT_S = 5.0


def redis_client() -> redis.Redis:
    """A client that gives up at once instead of hanging: whoever uses it has something better to do than wait."""
    return prompt_redis(TIMEOUT_S)


def frame_store(client: redis.Redis) -> FrameStore:
    """The store of waiting frames."""
    return FrameStore(client, ttl_s=settings.SPARK_FRAME_TTL_S, lease_s=settings.SPARK_LEASE_S)


def doorbell(client: redis.Redis) -> Doorbell:
    """The doorbell of the workers."""
    return Doorbell(client, ttl_s=settings.SPARK_FRAME_TTL_S, job_timeout_s=settings.SPARK_LEASE_S)
