# SPDX-License-Identifier: AGPL-3.0-or-later
"""The private PostgreSQL and Redis: started, found again, survived crashes, stopped without a trace."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from scripts import services as services_module
from scripts.private_account import ServiceError, free_port
from scripts.private_postgres import find_binaries
from scripts.services import Services, State


@pytest.fixture
def var() -> Iterator[Path]:
    """A folder that an unprivileged user can reach, as a checkout's var/ is."""
    folder = Path(tempfile.mkdtemp(prefix="spark-services-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def private(var: Path) -> Iterator[Services]:
    services = Services("test", var)
    yield services
    services.stop()


@pytest.fixture
def durable(var: Path) -> Iterator[Services]:
    """As the demo's, whose data must outlive a crash (the tests' cluster is careless for speed)."""
    services = Services("demo", var)
    yield services
    services.stop()


def process_ids(services: Services) -> tuple[int, int]:
    folder = Path(State.read(services.state_file).folder)
    postgres = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
    return postgres, int((folder / "redis.pid").read_text())


def works_on(process: int) -> str:
    """The folder a living process works in; empty for one that has ended."""
    try:
        return os.readlink(f"/proc/{process}/cwd")
    except OSError:
        return ""


def test_started_used_and_stopped(private: Services) -> None:
    addresses = private.start()
    with psycopg.connect(addresses.database_url.replace("postgis://", "postgresql://")) as connection:
        assert connection.execute("SELECT postgis_lib_version() >= '3'").fetchone() == (True,)
    with redis.Redis.from_url(addresses.redis_url) as client:
        assert client.ping()
        assert client.config_get("save") == {"save": ""}
    postgres, redis_process = process_ids(private)
    if os.geteuid() == 0:
        assert Path(f"/proc/{postgres}").stat().st_uid != 0
        assert Path(f"/proc/{redis_process}").stat().st_uid != 0

    # Secrets are for the owner alone.
    assert stat.S_IMODE(private.state_file.stat().st_mode) == 0o600
    folder = Path(State.read(private.state_file).folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not (folder / "password").exists()

    began = time.monotonic()
    assert private.start() == addresses
    assert time.monotonic() - began < 3

    assert private.stop()
    assert not private.running()
    assert works_on(postgres) == works_on(redis_process) == ""
    assert not private.stop()


def test_it_comes_back_after_a_crash_with_its_data(durable: Services) -> None:
    url = durable.start().database_url.replace("postgis://", "postgresql://")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    for process in process_ids(durable):
        os.kill(process, signal.SIGKILL)
    while any(works_on(process) for process in process_ids(durable)):
        time.sleep(0.05)
    assert not durable.running()
    # After a machine's restart the old id may belong to somebody else.
    folder = Path(State.read(durable.state_file).folder)
    lock = folder / "postgres" / "postmaster.pid"
    lock.write_text("\n".join([str(os.getpid()), *lock.read_text().splitlines()[1:]]) + "\n")
    url = durable.start().database_url.replace("postgis://", "postgresql://")
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_a_taken_port_is_stepped_around(private: Services) -> None:
    private.start()
    private.stop()
    ports = State.read(private.state_file)
    with socket.socket() as first, socket.socket() as second:
        for blocker, port in ((first, ports.postgres_port), (second, ports.redis_port)):
            blocker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            blocker.bind(("127.0.0.1", port))
            blocker.listen()
        addresses = private.start()
        assert urlsplit(addresses.database_url).port != ports.postgres_port
        assert urlsplit(addresses.redis_url).port != ports.redis_port


def test_an_interrupted_creation_is_begun_again(private: Services, var: Path) -> None:
    half_made = var / "services" / "test" / "postgres"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("15\n")
    assert private.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to another user")
def test_an_unreachable_checkout_gets_its_data_elsewhere(
    var: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hidden = var / "hidden"
    hidden.mkdir(mode=0o700)
    monkeypatch.setattr(services_module, "SYSTEM_STATE", var / "system")
    services = Services("test", hidden / "var")
    try:
        services.start()
        assert State.read(services.state_file).folder.startswith(str(var / "system"))
        assert "cannot be reached" in capsys.readouterr().out
    finally:
        services.stop()


def test_the_last_test_run_to_leave_stops_the_services(private: Services) -> None:
    with private.slot() as first:
        with private.slot() as second:
            assert first != second
            private.start()
        assert private.running()
    assert not private.running()


def test_a_missing_server_is_named_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.private_postgres.PLACES", ("/nowhere/*",))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ServiceError, match="make setup"):
        find_binaries()


def test_a_free_port_is_the_preferred_one_when_it_is_free() -> None:
    port = free_port()
    assert free_port(port) == port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert free_port(port) != port
