# SPDX-License-Identifier: AGPL-3.0-or-later
"""The state of everything the system depends on. Errors are logged; the answers name no hosts and no secrets."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor

from camera_registry.heartbeat import LIFE_S, heartbeats
from camera_registry.redis_client import prompt_redis

__all__ = ["Dependency", "dependencies", "redis_client"]

logger = logging.getLogger(__name__)

#: A Redis that does not answer for this long counts as away, seconds.
REDIS_TIMEOUT_S = 1.0


@dataclass(frozen=True)
class Dependency:
    """One part: whether it is there, whether the system needs it to be ready, and a word about it."""

    name: str
    ok: bool
    detail: str
    needed: bool = True


class _Missing(Exception):
    """A part answers, but is not as it should be; the text says how."""


def dependencies() -> list[Dependency]:
    """All parts, each asked once; what depends on a part that is away is not asked."""
    database = _ask("database", _database)
    parts = [database]
    for name, question in (("postgis", _postgis), ("migrations", _migrations)):
        parts.append(_ask(name, question) if database.ok else Dependency(name, False, "the database is away"))
    with redis_client() as client:
        store = _ask("redis", lambda: _ping(client))
        parts.append(store)
        for name, needed in (("worker", True), ("watcher", False), ("alerts", False)):
            if store.ok:
                parts.append(_ask(name, lambda kind=name: _alive(client, kind), needed=needed))
            else:
                parts.append(Dependency(name, False, "Redis is away, so nobody knows", needed))
    return parts


def _ask(name: str, question: Callable[[], str], *, needed: bool = True) -> Dependency:
    try:
        return Dependency(name, True, question(), needed)
    except _Missing as missing:
        return Dependency(name, False, str(missing), needed)
    except (DatabaseError, InterfaceError, redis.RedisError) as error:
        logger.warning("%s is not ready: %s", name, error)
        return Dependency(name, False, "it cannot be reached", needed)


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "answers"


def _postgis() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT extversion FROM pg_extension WHERE extname = 'postgis'")
        row = cursor.fetchone()
    if row is None:
        raise _Missing("the extension is not installed; run: CREATE EXTENSION postgis")
    return str(row[0])


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        raise _Missing(f"{len(waiting)} not applied; run: manage.py migrate")
    return "all applied"


def redis_client() -> redis.Redis:
    """A client that gives up at once: whoever asks wants an answer, not to wait for one."""
    return prompt_redis(REDIS_TIMEOUT_S, retries=0)


def _ping(client: redis.Redis) -> str:
    client.ping()
    return "answers"


def _alive(client: redis.Redis, kind: str) -> str:
    alive = heartbeats(client, kind)
    if not alive:
        who = "process that writes alerts" if kind == "alerts" else kind
        raise _Missing(f"no {who} has been heard of for {LIFE_S} s")
    age_s = time.time() - max(one.at for one in alive)
    return f"{len(alive)} alive, heard of {age_s:.0f} s ago"
