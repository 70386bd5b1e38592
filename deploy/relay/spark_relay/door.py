# SPDX-License-Identifier: AGPL-3.0-or-later
"""SPARK's SFTP door, from the camera's side: who it is must be known before anything is said to it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import asyncssh

from spark_relay.config import DoorSettings

__all__ = ["Door", "DoorAway", "DoorRefuses"]

CONNECT_TIMEOUT_S = 20.0
UPLOAD_TIMEOUT_S = 60.0
KEEPALIVE_S = 30


class DoorAway(Exception):
    """The door cannot be reached now; it may later."""


class DoorRefuses(Exception):
    """The door, or we, will not go on: a wrong key, an unknown host, a refused file. Trying at once does not help."""


class _Doorkeeper(asyncssh.SSHClient):
    """Believes a host by the fingerprint of its key, and by nothing else."""

    def __init__(self, trusted: tuple[str, ...]) -> None:
        self.trusted = trusted
        self.shown: str | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.shown = key.get_fingerprint("sha256")
        return self.shown in self.trusted

    def validate_host_ca_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        return False


class Door:
    """One connection, opened when it is needed and again after it broke."""

    def __init__(self, settings: DoorSettings) -> None:
        self.settings = settings
        self.shown: str | None = None
        self._connection: asyncssh.SSHClientConnection | None = None
        self._sftp: asyncssh.SFTPClient | None = None

    @property
    def place(self) -> str:
        """Host and port, for people."""
        return f"{self.settings.host}:{self.settings.port}"

    async def open(self) -> None:
        """Connect and log in, if that is not done. Raises DoorAway and DoorRefuses; `shown` is the host's key."""
        if self._sftp is not None:
            return
        settings = self.settings
        doorkeeper = _Doorkeeper(settings.host_keys)
        options: dict[str, Any] = {
            "username": settings.account,
            "client_keys": [str(settings.key)] if settings.key else None,
            "password": settings.password,
            "known_hosts": ([], [], []),
            "client_factory": lambda: doorkeeper,
            "config": None,
            "agent_path": None,
            "connect_timeout": CONNECT_TIMEOUT_S,
            "login_timeout": CONNECT_TIMEOUT_S,
            "keepalive_interval": KEEPALIVE_S,
        }
        try:
            self._connection = await asyncssh.connect(settings.host, settings.port, **options)
            self._sftp = await asyncio.wait_for(self._connection.start_sftp_client(), CONNECT_TIMEOUT_S)
        except asyncssh.HostKeyNotVerifiable:
            raise DoorRefuses(self._unknown_host(doorkeeper.shown)) from None
        except asyncssh.PermissionDenied:
            what = "key" if settings.key else "password"
            raise DoorRefuses(
                f"{self.place} does not let {settings.account} in with this {what}. Is the account right, switched on,"
                f" and the {what} the one the admin has?"
            ) from None
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
            raise DoorRefuses(
                f"[spark] key cannot be used: {error}. It must be a private key without passphrase."
            ) from None
        except (OSError, asyncssh.Error, TimeoutError) as error:
            raise DoorAway(f"{self.place} cannot be reached: {_words(error)}") from None
        finally:
            self.shown = doorkeeper.shown or self.shown
            if self._sftp is None:
                await self.close()

    def _unknown_host(self, shown: str | None) -> str:
        if not self.settings.host_keys:
            return f'the server shows {shown}. If the admin gave you the same: [spark] host_key = "{shown}"'
        return (
            f"{self.place} is not the server we know: it shows {shown}, and [spark] host_key is"
            f" {', '.join(self.settings.host_keys)}. Ask the admin before you change it; somebody may be in between."
        )

    async def put(self, name: str, data: bytes) -> float | None:
        """Upload under a temporary name and rename. Returns the server's time, Unix seconds, where it tells it.

        Raises DoorAway and DoorRefuses.
        """
        await self.open()
        assert self._sftp is not None
        try:
            return await asyncio.wait_for(self._put(self._sftp, name, data), UPLOAD_TIMEOUT_S)
        except asyncssh.SFTPError as error:
            if isinstance(error, asyncssh.SFTPConnectionLost | asyncssh.SFTPNoConnection):
                await self.close()
                raise DoorAway(f"{self.place} hung up") from None
            raise DoorRefuses(f"{self.place} refuses the picture: {error.reason}") from None
        except (OSError, asyncssh.Error, TimeoutError) as error:
            await self.close()
            raise DoorAway(f"the upload to {self.place} broke off: {_words(error)}") from None

    async def _put(self, sftp: asyncssh.SFTPClient, name: str, data: bytes) -> float | None:
        temporary = name + ".tmp"
        async with sftp.open(temporary, "wb") as file:
            await file.write(data)
        written = None
        with contextlib.suppress(asyncssh.SFTPError):
            written = (await sftp.stat(temporary)).mtime
        try:
            await sftp.posix_rename(temporary, name)
        except asyncssh.SFTPOpUnsupported:
            await sftp.rename(temporary, name)
        return float(written) if written else None

    async def close(self) -> None:
        """Hang up; what is uploaded next connects again."""
        connection, self._connection, self._sftp = self._connection, None, None
        if connection is not None:
            connection.abort()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(connection.wait_closed(), 5)


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError) and not str(error):
        return "no answer in time"
    return (
        getattr(error, "reason", "") or getattr(error, "strerror", "") or str(error) or type(error).__name__
    )
