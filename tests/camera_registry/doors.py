# SPDX-License-Identifier: AGPL-3.0-or-later
"""A real SFTP door for tests, on a free port, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import asyncssh
from django.conf import settings

from camera_registry.sftp import Door, DoorOptions
from camera_registry.upload_folder import UploadLimits


class RunningDoor:
    """A door that is open; `inbox`, `port` and `fingerprints` say where."""

    def __init__(self, limits: UploadLimits) -> None:
        self.inbox = Path(settings.SPARK_INBOX)
        host_key = Path(settings.SPARK_SFTP_HOST_KEY)
        self.door = Door(DoorOptions(self.inbox, "127.0.0.1", 0, host_key, limits))
        self.loop = asyncio.new_event_loop()
        self.fingerprints: list[str] = []
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def open(self) -> None:
        self.thread.start()
        self.fingerprints = self._run(self.door.start())
        self.port = self.door.port

    def close(self) -> None:
        self._run(self.door.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    def go_away(self) -> None:
        """Hang up and listen no more; `come_back` listens on the same port."""
        self._run(self.door.close())

    def come_back(self) -> None:
        """After `go_away`."""
        self.door = Door(dataclasses.replace(self.door.options, port=self.port))
        self._run(self.door.start())

    def check(self) -> None:
        """What the door does by itself every two seconds."""
        self._run(self.door.check())

    def until_empty(self) -> None:
        """Wait until the door knows that everybody has left: a visit is counted at its end, a moment after the client's."""
        deadline = time.monotonic() + 10
        while self.door.visits:
            assert time.monotonic() < deadline, "somebody is still there after ten seconds"
            time.sleep(0.01)

    def _run(self, coroutine):
        future: Future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        return future.result(20)

    def connect(self, username: str, **options):
        """An asyncssh client connection, to be awaited or used as `async with`."""
        options.setdefault("client_keys", None)
        return asyncssh.connect(
            "127.0.0.1",
            self.port,
            username=username,
            known_hosts=None,
            config=None,
            agent_path=None,
            **options,
        )


@contextlib.contextmanager
def running_door(*, max_bytes: int = 16 << 20, per_minute: int = 120) -> Iterator[RunningDoor]:
    """Open a door, and close it again."""
    door = RunningDoor(UploadLimits(max_bytes, per_minute))
    door.open()
    try:
        yield door
    finally:
        door.close()
