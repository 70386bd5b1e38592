# SPDX-License-Identifier: AGPL-3.0-or-later
"""Uploads frames the way a good camera does: one connection, temporary name, rename, and again after a while when
the door does not answer. Used by `manage.py replay` and by the simulated street.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import asyncssh

from camera_registry.keys import HOST_KEY_KINDS

logger = logging.getLogger(__name__)
T = TypeVar("T")

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 15.0
CONNECT_TIMEOUT_S = 15.0
UPLOAD_TIMEOUT_S = 60.0


class UploadFailed(Exception):
    """The door would not take a frame; the text says why."""


@dataclass(frozen=True)
class Target:
    """Where to upload and as whom. `key`: path of a private key; `host_keys`: public keys that the door must show
    one of, None to take any (only sensible on the same machine)."""

    host: str
    port: int
    camera: str
    key: Path | None = None
    password: str | None = None
    host_keys: tuple[Path, ...] | None = None


def host_keys_beside(host_key: Path) -> tuple[Path, ...] | None:
    """The public halves of the host keys of a door on this machine; None when it has never started."""
    paths = (host_key.with_name(host_key.name + ending + ".pub") for _, ending in HOST_KEY_KINDS)
    return tuple(path for path in paths if path.exists()) or None


class AsyncUploader:
    """Uploads over one connection that is opened when it is needed and opened again when it breaks."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._connection: asyncssh.SSHClientConnection | None = None
        self._sftp: asyncssh.SFTPClient | None = None

    async def upload(self, name: str, data: bytes, *, patience_s: float = 60.0) -> float:
        """Upload `data` as `name`; returns how long the upload took, seconds, without the waits before it.

        Tries again, ever more slowly, for `patience_s` seconds. Raises UploadFailed then, or at once when the door
        refuses the login or the file.
        """
        give_up = time.monotonic() + patience_s
        wait = FIRST_WAIT_S
        while True:
            try:
                sftp = await self._client()
                started = time.perf_counter()
                await asyncio.wait_for(self._put(sftp, name, data), UPLOAD_TIMEOUT_S)
                return time.perf_counter() - started
            except asyncssh.PermissionDenied as error:
                raise UploadFailed(f"{self.target.camera} may not log in: {error.reason}") from error
            except asyncssh.HostKeyNotVerifiable as error:
                raise UploadFailed(f"this is not the door we know: {error.reason}") from error
            except asyncssh.SFTPConnectionLost as error:
                problem: Exception = error
            except asyncssh.SFTPError as error:
                raise UploadFailed(f"{name} was refused: {error.reason}") from error
            except (OSError, asyncssh.Error, TimeoutError) as error:
                problem = error
            await self.close()
            if time.monotonic() + wait > give_up:
                raise UploadFailed(f"{self.target.host}:{self.target.port} does not take uploads: {problem}")
            logger.info("%s: %s; trying again in %.1f s", self.target.camera, problem, wait)
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT_S)

    async def _put(self, sftp: asyncssh.SFTPClient, name: str, data: bytes) -> None:
        async with sftp.open(name + ".tmp", "wb") as file:
            await file.write(data)
        await sftp.posix_rename(name + ".tmp", name)

    async def _client(self) -> asyncssh.SFTPClient:
        if self._sftp is not None:
            return self._sftp
        target = self.target
        known = None
        if target.host_keys is not None:
            known = ([asyncssh.read_public_key(path) for path in target.host_keys], [], [])
        self._connection = await asyncssh.connect(
            target.host,
            target.port,
            username=target.camera,
            client_keys=[str(target.key)] if target.key else None,
            password=target.password,
            known_hosts=known,
            config=None,
            agent_path=None,
            connect_timeout=CONNECT_TIMEOUT_S,
            keepalive_interval=30,
        )
        self._sftp = await self._connection.start_sftp_client()
        return self._sftp

    async def close(self) -> None:
        """Hang up; the next upload connects again."""
        connection, self._connection, self._sftp = self._connection, None, None
        if connection:
            connection.close()


class Uploader:
    """The same for code that is not asynchronous. Use as a context manager, or call `close()`."""

    def __init__(self, target: Target) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="uploader", daemon=True)
        self._thread.start()
        self._uploader = AsyncUploader(target)

    def upload(self, name: str, data: bytes, *, patience_s: float = 60.0) -> float:
        """As `AsyncUploader.upload`."""
        return self._run(self._uploader.upload(name, data, patience_s=patience_s))

    def close(self) -> None:
        """Hang up and end the thread."""
        if self._loop.is_closed():
            return
        self._run(self._uploader.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def __enter__(self) -> Uploader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
