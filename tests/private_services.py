# SPDX-License-Identifier: AGPL-3.0-or-later
"""A pytest plugin, loaded before Django reads its settings: where the tests' PostgreSQL and Redis are.

Named by DATABASE_URL and REDIS_URL, they are taken as they are. Otherwise the private test services are started
(scripts/services.py) and, when this run started them, stopped at its end. Operators' settings files are never read.
"""

from __future__ import annotations

import contextlib
import os
from urllib.parse import urlsplit, urlunsplit

import pytest

from scripts import services

#: With services named from outside, the tests still keep to a Redis database of their own.
REDIS_DATABASE_OUTSIDE = 15

_until_the_end = contextlib.ExitStack()


def _with_path(url: str, path: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{path}"))


def _prepare() -> None:
    os.environ["SPARK_ENV_FILE"] = ""
    os.environ.setdefault("SECRET_KEY", "for-tests-only")
    for name in [name for name in os.environ if name.startswith("SPARK_")]:
        if name not in ("SPARK_ENV_FILE", "SPARK_SHARED"):
            del os.environ[name]
    if "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ:
        os.environ["REDIS_URL"] = _with_path(os.environ["REDIS_URL"], str(REDIS_DATABASE_OUTSIDE))
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


def pytest_unconfigure() -> None:
    _until_the_end.close()


_prepare()
