# SPDX-License-Identifier: AGPL-3.0-or-later
"""Limits against guessing passwords and invitations: failures are counted in Redis, for all web processes together.

While Redis is away nobody can log in: better than a door that anybody may try as often as they like.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

from camera_registry.redis_client import prompt_redis

__all__ = ["INVITATIONS", "LOGINS", "LOGINS_OF_ONE_NAME", "Throttle", "address_of"]

PREFIX = "spark:tries:"
TIMEOUT_S = 2.0


@dataclass(frozen=True)
class Throttle:
    """At most `failures` of one kind by one who within `window_s` seconds of the first. Raises redis.RedisError."""

    kind: str
    failures: int
    window_s: int

    def blocked(self, who: str) -> bool:
        """Whether `who` has failed too often."""
        with prompt_redis(TIMEOUT_S) as client:
            return int(client.get(self._key(who)) or 0) >= self.failures

    def failed(self, who: str) -> None:
        """Count one failure."""
        with prompt_redis(TIMEOUT_S) as client, client.pipeline(transaction=True) as pipeline:
            pipeline.incr(self._key(who))
            pipeline.expire(self._key(who), self.window_s, nx=True)
            pipeline.execute()

    def forget(self, who: str) -> None:
        """It went well: count anew."""
        with prompt_redis(TIMEOUT_S) as client:
            client.delete(self._key(who))

    def _key(self, who: str) -> str:
        # What people type may hold anything, also what somebody else's key looks like.
        return f"{PREFIX}{self.kind}:{hashlib.sha256(who.encode('utf-8', 'replace')).hexdigest()}"


QUARTER_S = 15 * 60
#: By address and name, and by address alone: one who tries names in turn.
LOGINS = Throttle("login", 10, QUARTER_S)
#: By name from anywhere; high, so that nobody is easily locked out by somebody else.
LOGINS_OF_ONE_NAME = Throttle("login-name", 100, QUARTER_S)
INVITATIONS = Throttle("invitation", 20, QUARTER_S)


def address_of(request: HttpRequest) -> str:
    """Where the request came from. Behind our proxy, what it says; it drops what clients claim."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.SPARK_BEHIND_TLS_PROXY else ""
    return forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")
