# SPDX-License-Identifier: AGPL-3.0-or-later
"""The unprivileged account that the private services run as."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: A system user of our own, so that the private cluster can reach nothing of a system PostgreSQL's.
SYSTEM_USER = "spark-private"


class ServiceError(Exception):
    """A private service cannot be had; the message says what and how to cure it."""


@dataclass(frozen=True)
class Account:
    """A user to run a process as; `changed` says whether that is another one than the caller."""

    name: str
    uid: int
    gid: int
    changed: bool

    def run(self, command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command as this user, its output captured."""
        if self.changed:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        environment |= {"HOME": "/", "LC_ALL": "C.UTF-8"} | options.pop("env", {})
        options.setdefault("timeout", 120)
        return subprocess.run(
            command, capture_output=True, text=True, check=False, cwd="/", env=environment, **options
        )

    def may_use(self, folder: Path) -> bool:
        """Whether this user can enter and write the folder."""
        return (
            folder.is_dir() and self.run(["test", "-x", str(folder), "-a", "-w", str(folder)]).returncode == 0
        )

    def make_folder(self, folder: Path) -> bool:
        """Make the folder this user's own (mode 700); False when the user cannot reach it."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.changed:
            os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)
        return self.may_use(folder)

    def give(self, path: Path) -> None:
        """Make a file this user's own."""
        if self.changed:
            os.chown(path, self.uid, self.gid)


def account_to_run_as(create: bool = True) -> Account:
    """The caller; for root the system user `spark-private`, made when it is missing."""
    if os.geteuid() != 0:
        return Account(pwd.getpwuid(os.geteuid()).pw_name, os.geteuid(), os.getegid(), changed=False)
    try:
        user = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        if not create:
            raise ServiceError(f"The system user {SYSTEM_USER} does not exist.") from None
        user = _create_system_user()
    return Account(user.pw_name, user.pw_uid, user.pw_gid, changed=True)


def _create_system_user() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise ServiceError(
            "PostgreSQL refuses to run as root, and there is no `useradd`. Run as an ordinary user."
        )
    command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    done = subprocess.run(
        [*command, "--shell", "/usr/sbin/nologin", SYSTEM_USER], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ServiceError(f"PostgreSQL refuses to run as root, and useradd failed: {done.stderr.strip()}")
    print(f"Made the system user {SYSTEM_USER}: PostgreSQL refuses to run as root.")
    return pwd.getpwnam(SYSTEM_USER)


def free_port(preferred: int = 0) -> int:
    """A loopback port nobody listens on: the preferred one when it is free."""
    for candidate in (preferred, 0) if preferred else (0,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ServiceError("No free port on 127.0.0.1.")


def last_lines(path: Path, count: int = 12) -> str:
    """The end of a log, for an error message."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return "(no log)"
