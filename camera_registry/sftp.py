# SPDX-License-Identifier: AGPL-3.0-or-later
"""The SFTP front door: cameras come in with their key or password, may put files, and may do nothing else.

No shell, no commands, no forwarding, no reading, no listing. What an account may do with files is in
`camera_registry.upload_folder`, how SFTP asks for it in `sftp_files`; this module is about who comes in.
"""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass
from pathlib import Path

import asyncssh
from django.db import DatabaseError, InterfaceError

from camera_registry.choices import RejectReason
from camera_registry.constants import CAMERA_NAME_PATTERN
from camera_registry.keys import ensure_host_keys
from camera_registry.login import Logins
from camera_registry.selectors import Account
from camera_registry.sftp_files import CameraFiles
from camera_registry.tally import Tally
from camera_registry.upload_folder import FOLDER_MODE, RateMeter, UploadFolder, UploadLimits

logger = logging.getLogger(__name__)

#: How often open sessions are held against the registry, and counts are written, seconds.
CHECK_S = 2.0
LOGIN_TIMEOUT_S = 30
KEEPALIVE_S = 30
MAX_CONNECTIONS = 512
MAX_SESSIONS_PER_ACCOUNT = 8
MAX_PASSWORDS_PER_CONNECTION = 3
_PLAIN_NAME = re.compile(CAMERA_NAME_PATTERN)


@dataclass(frozen=True)
class DoorOptions:
    """Where the door stands and what it lets through."""

    inbox: Path
    host: str
    port: int
    host_key: Path
    limits: UploadLimits


class Visit(asyncssh.SSHServer):
    """One connection: who it says it is, whether it may come in, and what it may touch."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.connection: asyncssh.SSHServerConnection | None = None
        self.address = ""
        self.name = ""
        self.account: Account | None = None
        self.database_answered = True
        self.credential = ""
        self.inside = False
        self.passwords = 0
        self.files: UploadFolder | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.connection = conn
        self.address = (conn.get_extra_info("peername") or ("",))[0]
        if len(self.door.visits) >= MAX_CONNECTIONS:
            logger.warning("too many connections: %s turned away", self.address)
            conn.abort()
            return
        self.door.visits.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.door.visits.discard(self)
        if self.inside or not self.name or not self.database_answered:
            return
        if self.account is None:
            self.door.tally.reject(self.name, RejectReason.UNKNOWN_CAMERA, f"login from {self.address}")
        elif not self.account.enabled:
            self.door.tally.reject(self.name, RejectReason.DISABLED, f"login from {self.address}")
        else:
            self.door.tally.reject(self.name, RejectReason.BAD_LOGIN, f"login from {self.address}")

    async def begin_auth(self, username: str) -> bool:
        self.name = username[:64]
        if _PLAIN_NAME.fullmatch(username):
            try:
                self.account = await self.door.logins.account(username)
            except (DatabaseError, InterfaceError) as error:
                self.database_answered = False
                logger.warning("nobody can log in, the database is away: %s", error)
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        fingerprint = key.get_fingerprint("sha256")
        if self.account and self.account.enabled and fingerprint in self.account.key_fingerprints:
            self.credential = fingerprint
            return True
        return False

    def password_auth_supported(self) -> bool:
        return True

    async def validate_password(self, username: str, password: str) -> bool:
        self.passwords += 1
        if self.passwords > MAX_PASSWORDS_PER_CONNECTION:
            assert self.connection
            self.connection.close()
            return False
        self.credential = await self.door.logins.matching_password(
            self.account, username, password, self.address
        )
        return bool(self.credential)

    def auth_completed(self) -> None:
        self.inside = True
        logger.info("%s came in from %s", self.name, self.address)
        others = [v for v in self.door.visits if v.inside and v.name == self.name and v is not self]
        for visit in others[: max(0, len(others) + 1 - MAX_SESSIONS_PER_ACCOUNT)]:
            visit.leave(None)

    def still_welcome(self, account: Account | None) -> bool:
        """Whether the account as it is now would still be let in with what this visit showed."""
        return bool(
            account
            and account.enabled
            and (self.credential in account.key_fingerprints or self.credential in account.password_hashes)
        )

    def leave(self, reason: RejectReason | None) -> None:
        """End this visit; with a reason, what it is just uploading does not land."""
        if reason and self.files:
            self.files.abandon_all(reason)
        if self.connection:
            self.connection.close()


class Door:
    """The running SFTP server. `await start()`, then `await close()`."""

    def __init__(self, options: DoorOptions) -> None:
        self.options = options
        self.tally = Tally()
        self.logins = Logins()
        self.visits: set[Visit] = set()
        self._meters: dict[str, RateMeter] = {}
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._checks: asyncio.Task[None] | None = None

    async def start(self) -> list[str]:
        """Listen; returns the host keys' fingerprints. Raises OSError when the port is taken."""
        self.options.inbox.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        host_keys = ensure_host_keys(self.options.host_key)
        self._acceptor = await asyncssh.listen(
            self.options.host,
            self.options.port,
            server_factory=lambda: Visit(self),
            server_host_keys=host_keys,
            sftp_factory=self._files,
            allow_scp=False,
            allow_pty=False,
            agent_forwarding=False,
            x11_forwarding=False,
            line_editor=False,
            compression_algs=None,
            login_timeout=LOGIN_TIMEOUT_S,
            keepalive_interval=KEEPALIVE_S,
            encoding=None,
            server_version="SPARK",
        )
        self._checks = asyncio.create_task(self._check_for_ever())
        return [f"{key.get_algorithm()} {key.get_fingerprint('sha256')}" for key in host_keys]

    @property
    def port(self) -> int:
        """The port the door listens on; of use when 0 was asked for."""
        assert self._acceptor
        return self._acceptor.get_port()

    def _files(self, chan: asyncssh.SSHServerChannel) -> CameraFiles:
        visit = chan.get_connection().get_owner()
        assert isinstance(visit, Visit)
        if visit.files is None:
            meter = self._meters.setdefault(visit.name, RateMeter(self.options.limits.per_minute))
            visit.files = UploadFolder(
                self.options.inbox / visit.name,
                self.options.limits,
                meter,
                lambda reason, detail: self.tally.reject(visit.name, reason, detail),
            )
        return CameraFiles(chan, visit.files)

    async def _check_for_ever(self) -> None:
        while True:
            await asyncio.sleep(CHECK_S)
            try:
                await self.check()
            except (DatabaseError, InterfaceError) as error:
                logger.warning("sessions could not be checked, the database is away: %s", error)
            except Exception:
                logger.exception("checking the sessions failed")

    async def check(self) -> None:
        """End the visits of cameras that were switched off or lost their key; write the counts."""
        inside = [visit for visit in self.visits if visit.inside]
        if inside:
            accounts = await self.logins.accounts_now({visit.name for visit in inside})
            for visit in inside:
                account = accounts.get(visit.name)
                if not visit.still_welcome(account):
                    logger.info("%s is no longer welcome: its session ends", visit.name)
                    visit.leave(RejectReason.DISABLED if account else RejectReason.UNKNOWN_CAMERA)
        await self.logins.in_thread(self.tally.flush)

    async def close(self) -> None:
        """Stop listening, end every visit, write the last counts."""
        if self._checks:
            self._checks.cancel()
        if self._acceptor:
            self._acceptor.close()
        for visit in list(self.visits):
            visit.leave(None)
        await asyncio.sleep(0)
        if self._acceptor:
            await self._acceptor.wait_closed()
        await self.logins.in_thread(self.tally.flush)
        self.logins.close()
