# SPDX-License-Identifier: AGPL-3.0-or-later
"""A private Redis that keeps nothing on disk."""

from __future__ import annotations

import shutil
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from scripts.private_account import Account, ServiceError, free_port, last_lines

START_SECONDS = 10
ANSWER_SECONDS = 2
#: Frames wait here; more than this many bytes of them would mean that no worker runs, and new ones are refused.
MEMORY = "512mb"


@dataclass
class PrivateRedis:
    """One server: its folder, port and password."""

    folder: Path
    port: int
    password: str
    account: Account

    @property
    def log(self) -> Path:
        return self.folder / "redis.log"

    def running(self) -> bool:
        """Whether a Redis with our (random) password answers: only ours can."""
        return bool(self.port) and self._ask("PING") == "+PONG"

    def start(self) -> int:
        """Start the server unless it runs; return its port."""
        if self.running():
            return self.port
        binary = shutil.which("redis-server") or shutil.which("valkey-server")
        if binary is None:
            raise ServiceError(
                "Redis is not installed. On Debian and Ubuntu `make setup` installs it; "
                "elsewhere install Redis ≥ 6 or Valkey."
            )
        for _attempt in range(3):
            self.port = free_port(self.port)
            self._configure()
            self.account.run([binary, str(self.folder / "redis.conf")])
            if self._wait():
                return self.port
            self.port = 0
        raise ServiceError(f"Redis does not start. The end of {self.log}:\n{last_lines(self.log)}")

    def stop(self) -> bool:
        if not self.running():
            return False
        self._ask("SHUTDOWN NOSAVE")
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if not self.running():
                return True
            time.sleep(0.05)
        raise ServiceError(f"Redis on port {self.port} does not stop; its log is {self.log}.")

    # --- inside ------------------------------------------------------------------------------------------------------

    def _configure(self) -> None:
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            'save ""',
            "appendonly no",
            "daemonize yes",
            "databases 64",
            f"maxmemory {MEMORY}",
            "maxmemory-policy noeviction",
            f'dir "{self.folder}"',
            f'pidfile "{self.folder / "redis.pid"}"',
            f'logfile "{self.log}"',
        ]
        path = self.folder / "redis.conf"
        path.write_text("\n".join(lines) + "\n")
        path.chmod(0o600)
        self.account.give(path)

    def _wait(self) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.running():
                return True
            time.sleep(0.05)
        return False

    def _ask(self, command: str) -> str:
        """Send AUTH and one command; return the last line of the answer, empty when there is none."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_SECONDS) as connection:
                connection.sendall(f"AUTH {self.password}\r\n{command}\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2:
                    piece = connection.recv(4096)
                    if not piece:
                        break
                    answer += piece
        except OSError:
            return ""
        lines = answer.decode(errors="replace").splitlines()
        return lines[-1] if lines and lines[0] == "+OK" else ""
