# SPDX-License-Identifier: AGPL-3.0-or-later
"""A private PostgreSQL cluster with PostGIS, driven by Debian's (or anybody's) server binaries."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from scripts.private_account import Account, ServiceError, free_port, last_lines

#: Where distributions keep the server's binaries beside PATH.
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
START_SECONDS = 60
#: The tests' cluster is thrown away: it need not survive a power cut.
CARELESS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def find_binaries(version: str | None = None) -> Path:
    """The folder of the newest server that has PostGIS (or of the given major version)."""
    folders = [
        folder for place in PLACES for folder in Path("/").glob(place[1:]) if (folder / "initdb").exists()
    ]
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    folders.sort(key=_major, reverse=True)
    with_postgis = [folder for folder in folders if _has_postgis(folder)]
    if version is not None:
        with_postgis = [folder for folder in with_postgis if str(_major(folder)) == version]
    if not with_postgis:
        found = ", ".join(map(str, folders)) or "none"
        wanted = f"version {version} of " if version else ""
        raise ServiceError(
            f"{wanted}PostgreSQL with PostGIS is not installed (servers found: {found}). "
            "On Debian and Ubuntu `make setup` installs it; elsewhere install PostgreSQL ≥ 14 and PostGIS ≥ 3.3."
        )
    return with_postgis[0]


def _major(folder: Path) -> int:
    found = re.search(r"(\d+)", str(folder))
    return int(found.group(1)) if found else 0


def _has_postgis(folder: Path) -> bool:
    """Whether this server's extensions hold PostGIS."""
    major = _major(folder)
    share = [
        Path(f"/usr/share/postgresql/{major}/extension"),
        folder.parent / "share" / "extension",
        folder.parent / "share" / "postgresql" / "extension",
        Path("/usr/share/pgsql/extension"),
    ]
    return any((path / "postgis.control").exists() for path in share)


@dataclass
class PrivatePostgres:
    """One cluster: its folder, port, superuser `spark` with a password, database `spark`."""

    folder: Path
    port: int
    password: str
    account: Account
    durable: bool

    @property
    def data(self) -> Path:
        return self.folder / "postgres"

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    def running(self) -> bool:
        return self._process() is not None and self._answers()

    def start(self) -> int:
        """Start the cluster (making it first when needed); return its port."""
        if self._process() is not None and self._wait_for_answer():
            return self.port
        binaries = self._binaries()
        self._initialise(binaries)
        (self.data / "postmaster.pid").unlink(missing_ok=True)  # stale: no such process
        for _attempt in range(3):
            self.port = free_port(self.port)
            if self._launch(binaries):
                self._create_database(binaries)
                return self.port
            self.port = 0
        raise ServiceError(f"PostgreSQL does not start. The end of {self.log}:\n{last_lines(self.log)}")

    def stop(self) -> bool:
        """Stop the cluster cleanly, open connections notwithstanding."""
        process = self._process()
        if process is None:
            return False
        for stop_signal, seconds in ((signal.SIGINT, 20), (signal.SIGQUIT, 10)):
            os.kill(process, stop_signal)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                if self._process() is None:
                    return True
                time.sleep(0.05)
        raise ServiceError(f"PostgreSQL (process {process}) does not stop; its log is {self.log}.")

    # --- inside ------------------------------------------------------------------------------------------------------

    def _binaries(self) -> Path:
        """The server that made the data, or the newest one for a new cluster."""
        version_file = self.data / "PG_VERSION"
        if not (self.folder / "made").exists():
            return find_binaries()
        version = version_file.read_text().strip()
        try:
            return find_binaries(version)
        except ServiceError as error:
            raise ServiceError(
                f"{error}\nThe data in {self.data} were made by version {version}. "
                f"Move {self.folder} away to begin anew."
            ) from None

    def _initialise(self, binaries: Path) -> None:
        """Make the cluster once; an interrupted attempt is begun again."""
        made = self.folder / "made"
        if made.exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)
        password_file = self.folder / "password"
        password_file.write_text(self.password)
        password_file.chmod(0o600)
        self.account.give(password_file)
        command = [str(binaries / "initdb"), "-D", str(self.data), "-U", "spark", "--encoding=UTF8"]
        command += ["--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={password_file}"]
        command += [] if self.durable else ["--no-sync"]
        done = self.account.run(command)
        password_file.unlink()
        if done.returncode != 0:
            raise ServiceError(f"initdb failed as {self.account.name}: {done.stderr.strip()}")
        made.touch()

    def _launch(self, binaries: Path) -> bool:
        options = [
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            "unix_socket_directories=",
            "max_connections=60",
            "shared_buffers=64MB",
            "jit=off",
            "log_min_messages=warning",
            *([] if self.durable else CARELESS),
        ]
        flags = " ".join(f"-c {option}" for option in options)
        command = [str(binaries / "pg_ctl"), "start", "-D", str(self.data), "-o", flags, "-l", str(self.log)]
        done = self.account.run([*command, "-w", "-t", str(START_SECONDS), "-s"], timeout=START_SECONDS + 30)
        return done.returncode == 0

    def _create_database(self, binaries: Path) -> None:
        """The database `spark` with PostGIS; both are kept when they exist."""
        made = self.folder / "database-made"
        if made.exists():
            return
        exists = self._psql(binaries, "postgres", "SELECT 1 FROM pg_database WHERE datname = 'spark'")
        if exists != "1":
            self._psql(binaries, "postgres", "CREATE DATABASE spark")
        self._psql(binaries, "spark", "CREATE EXTENSION IF NOT EXISTS postgis")
        made.touch()

    def _psql(self, binaries: Path, database: str, statement: str) -> str:
        command = [str(binaries / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1"]
        command += ["-p", str(self.port), "-U", "spark", "-d", database, "-c", statement]
        done = self.account.run(command, env={"PGPASSWORD": self.password})
        if done.returncode != 0:
            raise ServiceError(f"PostgreSQL refused `{statement}`: {done.stderr.strip()}")
        return done.stdout.strip()

    def _process(self) -> int | None:
        """The postmaster's id, only if that process really works on our data (ids are reused after a restart)."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            process = int(lines[0])
            if Path(f"/proc/{process}/cwd").resolve() != self.data.resolve():
                return None
            if len(lines) > 3 and lines[3].strip():
                self.port = int(lines[3])
            return process
        except (OSError, ValueError, IndexError):
            return None

    def _answers(self) -> bool:
        try:
            command = [
                str(self._binaries() / "pg_isready"),
                "-q",
                "-h",
                "127.0.0.1",
                "-p",
                str(self.port),
                "-t",
                "2",
            ]
        except ServiceError:
            return False
        return self.account.run(command).returncode == 0

    def _wait_for_answer(self) -> bool:
        """A server just starting (another start, crash recovery) is given its time."""
        deadline = time.monotonic() + START_SECONDS
        while self._process() is not None and time.monotonic() < deadline:
            if self._answers():
                return True
            time.sleep(0.2)
        return False
