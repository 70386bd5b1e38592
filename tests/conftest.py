# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fixtures for every room. The services themselves are seen to by tests/private_services.py."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import redis
from django.db import connection
from django.test import TransactionTestCase
from hypothesis import settings as hypothesis_settings

from tests.emptying import empty_the_tables

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("SPARK_SHARED") or REPOSITORY.parent / "shared")


# The same examples each time: a change is judged by what it changed. `--hypothesis-profile=default` looks for new ones.
hypothesis_settings.register_profile("same", derandomize=True, deadline=None)
hypothesis_settings.load_profile("same")

#: Fixtures that run something beside the test: a browser, a server, a door.
BESIDE = {"chromium", "live_server", "door"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test beside which something else runs is tried a second time: a busy machine may starve either of them.

    The summary names those that needed it; what is broken fails both times.
    """
    for item in items:
        database = item.get_closest_marker("django_db")
        committed = database is not None and database.kwargs.get("transaction", False)
        if committed or BESIDE & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Names of files may be no text, and get into the log; what one process reports to another must be."""
    report = yield
    report.sections = [
        (name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections
    ]
    return report


@pytest.fixture(scope="session")
def spark_shared() -> Path:
    """The folder with real photographs and benchmark instances; tests that need it are skipped without it."""
    if not SHARED.is_dir():
        pytest.skip(f"no data folder at {SHARED} (SPARK_SHARED names another)")
    return SHARED


@pytest.fixture(scope="session", autouse=True)
def quick_emptying() -> Iterator[None]:
    """Django's own way after a test that committed costs more than many of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda self: empty_the_tables())
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> Iterator[None]:
    """The last answer of a live server may still be under way when all is over; the database is to go all the same."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        cursor.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}")


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path: Path) -> None:
    """No test sees another's files, nor the demo's; passwords are hashed quickly."""
    settings.SPARK_VAR = tmp_path / "var"
    settings.SPARK_INBOX = tmp_path / "inbox"
    settings.SPARK_SFTP_HOST_KEY = tmp_path / "var" / "sftp_host_key"
    # Hashed names of an earlier `collectstatic` would be asked of servers that know the plain ones only.
    settings.STATIC_ROOT = tmp_path / "static"
    settings.PASSWORD_HASHERS = ["tests.passwords.QuickHasher"]
    settings.SPARK_VAR.mkdir()
    settings.SPARK_INBOX.mkdir()


@pytest.fixture
def redis_client(settings) -> Iterator[redis.Redis]:
    """The tests' own Redis database, empty before and after (flushdb, never flushall)."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushdb()
    yield client
    client.flushdb()
    client.close()
