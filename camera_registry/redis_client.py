# SPDX-License-Identifier: AGPL-3.0-or-later
"""How every room reaches the Redis that the settings name."""

from __future__ import annotations

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

__all__ = ["prompt_redis"]


def prompt_redis(timeout_s: float, *, retries: int = 1) -> redis.Redis:
    """A client that gives up after `timeout_s` instead of hanging: whoever uses it has something better to do than wait."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), retries),
    )
