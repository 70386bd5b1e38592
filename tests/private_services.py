# SPDX-License-Identifier: AGPL-3.0-or-later
"""A pytest plugin, loaded before Django reads its settings: where the tests' PostgreSQL and Redis are.

Named by DATABASE_URL and REDIS_URL, they are taken as they are. Otherwise the private test services are started
(scripts/services.py) and, when this run started them, stopped at its end. Operators' settings files are never read.

A run may be spread over processes (pytest-xdist): each has databases of its own, in PostgreSQL and in Redis.
"""

from __future__ import annotations

import contextlib
import os
from urllib.parse import urlsplit, urlunsplit

import pytest

from scripts import services

#: With services named from outside, the tests still keep to Redis databases of their own: this one, and those below it
#: for the processes of a run.
REDIS_DATABASE_OUTSIDE = 15
#: Tells the processes of a run that the services they find named are the private ones.
STARTED_HERE = "TEST_SERVICES_STARTED_HERE"

_until_the_end = contextlib.ExitStack()


def _with_path(url: str, path: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{path}"))


def _process_of_the_run() -> int:
    """From 1 in the processes that pytest-xdist starts (gw0, gw1, …; pytest-django names their databases), else 0."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    return int(worker.removeprefix("gw")) + 1 if worker else 0


def _prepare() -> None:
    os.environ["SPARK_ENV_FILE"] = ""
    os.environ.setdefault("SECRET_KEY", "for-tests-only")
    for name in [name for name in os.environ if name.startswith("SPARK_")]:
        if name not in ("SPARK_ENV_FILE", "SPARK_SHARED"):
            del os.environ[name]
    named = "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ
    if named and STARTED_HERE not in os.environ:
        database = REDIS_DATABASE_OUTSIDE - _process_of_the_run()
        os.environ["REDIS_URL"] = _with_path(os.environ["REDIS_URL"], str(database))
        return
    private = services.Services("test")
    # Test runs beside each other get databases of their own; the last one to leave stops the services.
    slot = _until_the_end.enter_context(private.slot())
    try:
        started = private.start()
    except services.ServiceError as error:
        raise pytest.UsageError(f"{error}\n`make setup` sets up what tests need.") from error
    os.environ["DATABASE_URL"] = _with_path(started.database_url, f"spark_{slot}")
    os.environ["REDIS_URL"] = _with_path(started.redis_url, str(slot))
    os.environ[STARTED_HERE] = "1"


def pytest_unconfigure() -> None:
    _until_the_end.close()


_prepare()
