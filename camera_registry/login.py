# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who may come in at the SFTP door: accounts looked up at every login, passwords checked in constant time.

Database and password hashing run on one thread of their own, so that the door's event loop never waits for them and
an attacker can keep at most one core busy.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.contrib.auth.hashers import check_password, make_password
from django.db import close_old_connections, connections

from camera_registry import selectors
from camera_registry.selectors import Account

T = TypeVar("T")

#: Wrong passwords from one address for one account before further ones are refused unread, and for how long.
MAX_FAILURES = 10
FAILURE_WINDOW_S = 600.0
#: Addresses and accounts remembered; the oldest are forgotten first.
MAX_THROTTLED = 10_000


class FailureThrottle:
    """Counts wrong passwords by address and account."""

    def __init__(self) -> None:
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def blocked(self, address: str, account: str, now: float) -> bool:
        """Whether this address has tried too often. now: seconds, monotonic."""
        times = self._failures.get((address, account), deque())
        while times and now - times[0] > FAILURE_WINDOW_S:
            times.popleft()
        return len(times) >= MAX_FAILURES

    def failed(self, address: str, account: str, now: float) -> None:
        """Remember one wrong password."""
        self._failures.setdefault((address, account), deque(maxlen=MAX_FAILURES)).append(now)
        self._failures.move_to_end((address, account))
        while len(self._failures) > MAX_THROTTLED:
            self._failures.popitem(last=False)


class Logins:
    """Answers the door's questions about accounts."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sftp-database")
        self._throttle = FailureThrottle()
        # A camera logs in for every frame; hashing its password each time would cost a third of a second of a core.
        # A password that was right is remembered as a keyed digest under this process's own key.
        self._process_key = secrets.token_bytes(32)
        self._right: dict[str, tuple[str, bytes]] = {}
        self._nobody = ""

    async def in_thread(self, function: Callable[[], T]) -> T:
        """Run database work on the door's one database thread."""

        def run() -> T:
            close_old_connections()
            try:
                return function()
            finally:
                close_old_connections()

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    async def account(self, name: str) -> Account | None:
        """The account as it is now. Raises a database error when PostgreSQL is away."""
        return await self.in_thread(lambda: selectors.account(name))

    async def accounts_now(self, names: Iterable[str]) -> dict[str, Account]:
        """These accounts as they are now."""
        wanted = list(names)
        return await self.in_thread(lambda: selectors.accounts_now(wanted))

    async def matching_password(self, account: Account | None, name: str, password: str, address: str) -> str:
        """The stored hash of `account` that `password` fits, or nothing; takes as long when there is no such account
        or it has no password."""
        now = time.monotonic()
        if self._throttle.blocked(address, name, now):
            return ""
        digest = hmac.new(self._process_key, password.encode(), hashlib.sha256).digest()
        hashes = account.password_hashes if account and account.enabled else ()
        known_hash, known_digest = self._right.get(name, ("", b""))
        if known_hash in hashes and hmac.compare_digest(known_digest, digest):
            return known_hash
        right = await self.in_thread(lambda: self._first_match(password, hashes))
        if right:
            self._right[name] = (right, digest)
        else:
            self._throttle.failed(address, name, now)
        return right

    def _first_match(self, password: str, hashes: tuple[str, ...]) -> str:
        return next((stored for stored in hashes or ("",) if self._hash_matches(password, stored)), "")

    def _hash_matches(self, password: str, stored: str) -> bool:
        if not stored and not self._nobody:
            self._nobody = make_password(secrets.token_urlsafe())
        return check_password(password, stored or self._nobody) and bool(stored)

    def close(self) -> None:
        """End the database thread and its connection."""
        self._thread.submit(connections.close_all)
        self._thread.shutdown(wait=True)
