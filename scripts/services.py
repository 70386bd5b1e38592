#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A private PostgreSQL + PostGIS cluster and a private Redis, for the demo and for the tests.

They live under `var/services/<name>`, listen on 127.0.0.1 only, on free ports that are remembered, with random
passwords, and run as an unprivileged user: whoever calls, or the system user `spark-private` when root calls. A
PostgreSQL or Redis that the machine already runs is never touched. Redis keeps nothing on disk.

    scripts/services.py start|stop|status|env|prepare [demo|test|all]

`prepare` makes what is missing and leaves stopped what was stopped.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts import private_postgres, private_redis
from scripts.private_account import Account, ServiceError, account_to_run_as

REPOSITORY = Path(__file__).resolve().parent.parent
#: Where root's clusters go when the checkout cannot be reached by an unprivileged user.
SYSTEM_STATE = Path("/var/lib/spark")
NAMES = ("demo", "test")
#: How many test runs may share the test services, each with its own databases.
SLOTS = 60


def var_folder() -> Path:
    """Where this installation keeps its state, as the settings have it."""
    return Path(os.environ.get("SPARK_VAR") or REPOSITORY / "var").expanduser().absolute()


@dataclass(frozen=True)
class Addresses:
    """Where running services answer, with their passwords."""

    database_url: str
    redis_url: str
    secret_key: str

    def as_environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url, "SECRET_KEY": self.secret_key}


@dataclass
class State:
    """What is remembered between starts (a file only its owner can read)."""

    postgres_port: int = 0
    redis_port: int = 0
    password: str = ""
    secret_key: str = ""
    folder: str = ""

    @classmethod
    def read(cls, path: Path) -> State:
        try:
            return cls(**json.loads(path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return cls(password=secrets.token_urlsafe(24), secret_key=secrets.token_urlsafe(48))

    def write(self, path: Path) -> None:
        write_private(path, json.dumps(asdict(self), indent=1) + "\n")


def write_private(path: Path, text: str) -> None:
    """Write a file only its owner can read, whole or not at all."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)


class Services:
    """One named pair of private services."""

    def __init__(self, name: str, var: Path | None = None) -> None:
        self.name = name
        self.var = var or var_folder()
        self.base = self.var / "services"
        self.state_file = self.base / f"{name}.json"
        self.durable = name != "test"

    # --- what others call --------------------------------------------------------------------------------------------

    def running(self) -> bool:
        state = State.read(self.state_file)
        if not state.folder:
            return False
        postgres, redis = self._parts(state)
        return postgres.running() and redis.running()

    def start(self) -> Addresses:
        """Start what is not running; quick when both are. Raises ServiceError with the reason and a cure."""
        self.base.mkdir(parents=True, exist_ok=True)
        with self._locked():
            if self.running():
                return self.addresses()
            state = State.read(self.state_file)
            account = account_to_run_as()
            folder = self._folder(account, state)
            state.folder = str(folder)
            postgres, redis = self._parts(state, account)
            # Both begin with the remembered port and look for another one when it is taken.
            state.redis_port = redis.start()
            self.state_write(state)
            state.postgres_port = postgres.start()
            self.state_write(state)
            addresses = self.addresses()
            if self.name == "demo":
                self.write_env_file(addresses.as_environment())
            return addresses

    def stop(self) -> bool:
        """Stop both; True when something was running."""
        if not self.state_file.exists():
            return False
        with self._locked():
            state = State.read(self.state_file)
            if not state.folder:
                return False
            postgres, redis = self._parts(state)
            stopped = [postgres.stop(), redis.stop()]
            return any(stopped)

    def addresses(self) -> Addresses:
        state = State.read(self.state_file)
        return Addresses(
            database_url=f"postgis://spark:{state.password}@127.0.0.1:{state.postgres_port}/spark",
            redis_url=f"redis://:{state.password}@127.0.0.1:{state.redis_port}/0",
            secret_key=state.secret_key,
        )

    @contextlib.contextmanager
    def slot(self) -> Iterator[int]:
        """A number from 1 that no other living process holds; the last one to leave stops the services."""
        users = self.base / f"{self.name}.users"
        users.mkdir(parents=True, exist_ok=True)
        for number in range(1, SLOTS + 1):
            file = (users / str(number)).open("w")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.close()
                continue
            break
        else:
            raise ServiceError(f"{SLOTS} test runs at once are enough.")
        try:
            yield number
        finally:
            file.close()
            if not self._in_use(users):
                self.stop()

    # --- inside ------------------------------------------------------------------------------------------------------

    @staticmethod
    def _in_use(users: Path) -> bool:
        for path in users.iterdir():
            with path.open("w") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    return True
        return False

    def state_write(self, state: State) -> None:
        state.write(self.state_file)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.base / f"{self.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _parts(
        self, state: State, account: Account | None = None
    ) -> tuple[private_postgres.PrivatePostgres, private_redis.PrivateRedis]:
        account = account or account_to_run_as(create=False)
        folder = Path(state.folder)
        return (
            private_postgres.PrivatePostgres(
                folder, state.postgres_port, state.password, account, self.durable
            ),
            private_redis.PrivateRedis(folder, state.redis_port, state.password, account),
        )

    def _folder(self, account: Account, state: State) -> Path:
        """The services' folder, owned by the account they run as."""
        if state.folder and account.may_use(Path(state.folder)):
            return Path(state.folder)
        here = self.base / self.name
        if account.make_folder(here):
            return here
        key = hashlib.sha256(str(self.base.resolve()).encode()).hexdigest()[:12]
        there = SYSTEM_STATE / key / self.name
        if not account.make_folder(there):
            raise ServiceError(f"The user {account.name} can use neither {here} nor {there}.")
        shutil.rmtree(here, ignore_errors=True)
        print(f"{here} cannot be reached by the unprivileged user {account.name}; the data are in {there}.")
        return there

    def write_env_file(self, values: dict[str, str]) -> None:
        """What the settings read beside the demo, so that `manage.py` works in a second terminal."""
        lines = ["# Written by scripts/services.py. Settings of your own belong into .env."]
        lines += [f"{name}={value}" for name, value in values.items()]
        write_private(self.var / "services.env", "\n".join(lines) + "\n")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=["start", "stop", "status", "env", "prepare"])
    parser.add_argument("name", nargs="?", default="demo", choices=[*NAMES, "all"])
    chosen = parser.parse_args(arguments)
    names = NAMES if chosen.name == "all" else (chosen.name,)
    try:
        for name in names:
            _carry_out(chosen.action, Services(name))
    except ServiceError as error:
        print(f"The private services: {error}", file=sys.stderr)
        return 1
    return 0


def _carry_out(action: str, services: Services) -> None:
    if action == "start":
        services.start()
        print(f"{services.name}: PostgreSQL and Redis are running.")
    elif action == "stop":
        print(f"{services.name}: {'stopped.' if services.stop() else 'nothing was running.'}")
    elif action == "status":
        print(f"{services.name}: {'running' if services.running() else 'not running'}")
    elif action == "prepare":
        if not services.running():
            services.start()
            services.stop()
        print(f"{services.name}: the private PostgreSQL and Redis are ready.")
    else:
        for name, value in services.addresses().as_environment().items():
            print(f"export {name}={value}")


if __name__ == "__main__":
    raise SystemExit(main())
