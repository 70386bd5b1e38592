# SPDX-License-Identifier: AGPL-3.0-or-later
"""Signs of life of the long-running processes, in Redis, where others can see them.

A worker that analyses in its own process cannot be watched by a parent; its heartbeat is what tells a busy worker
from a dead one, to the operators' page and to whoever takes over its frames.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis

logger = logging.getLogger(__name__)

PREFIX = "spark:heartbeat:"
#: A process that has not been heard of for this long is taken for dead, seconds.
LIFE_S = 15
INTERVAL_S = 4.0


@dataclass(frozen=True)
class Heartbeat:
    """`kind` is "worker" or "watcher"; `at` is Unix seconds of the last beat; `details` differ by kind."""

    kind: str
    name: str
    at: float
    details: dict[str, Any]


def key(kind: str, name: str) -> str:
    """The Redis key of a process's heartbeat."""
    return f"{PREFIX}{kind}:{name}"


def beat(client: redis.Redis, kind: str, name: str, details: dict[str, Any]) -> None:
    """Say that `name` is alive."""
    client.set(key(kind, name), json.dumps({"at": time.time(), **details}), ex=LIFE_S)


def forget(client: redis.Redis, kind: str, name: str) -> None:
    """Say that `name` has ended in good order."""
    client.delete(key(kind, name))


def heartbeats(client: redis.Redis, kind: str | None = None) -> list[Heartbeat]:
    """Everyone who is alive, by kind and name."""
    found = []
    for name in sorted(client.scan_iter(f"{PREFIX}{kind}:*" if kind else f"{PREFIX}*")):
        value = client.get(name)
        if value is not None:
            details = json.loads(value)
            kind_, _, who = name.decode().removeprefix(PREFIX).partition(":")
            found.append(Heartbeat(kind_, who, details.pop("at"), details))
    return found


def intake_since(client: redis.Redis) -> dt.datetime | None:
    """Since when a watcher has taken uploads; None while nobody knows of one."""
    try:
        starts = [beat.details.get("since", beat.at) for beat in heartbeats(client, "watcher")]
    except redis.RedisError as error:
        logger.warning("nobody knows of a watcher, Redis is away: %s", error)
        return None
    return dt.datetime.fromtimestamp(min(starts), dt.UTC) if starts else None


class Pulse:
    """Beats from a thread of its own while the main thread works. `details()` is asked at each beat."""

    def __init__(
        self, client: redis.Redis, kind: str, name: str, details: Callable[[], dict[str, Any]]
    ) -> None:
        self._client, self._kind, self._name, self._details = client, kind, name, details
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"pulse-{name}", daemon=True)

    def start(self) -> None:
        """Beat once now (errors are only logged), then regularly."""
        self._beat()
        self._thread.start()

    def stop(self) -> None:
        """End in good order."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(INTERVAL_S)
        try:
            forget(self._client, self._kind, self._name)
        except redis.RedisError:
            logger.debug("heartbeat of %s could not be withdrawn", self._name)

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL_S):
            self._beat()

    def _beat(self) -> None:
        try:
            beat(self._client, self._kind, self._name, self._details())
        except redis.RedisError as error:
            logger.warning("no heartbeat: %s", error)
