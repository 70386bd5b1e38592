# SPDX-License-Identifier: AGPL-3.0-or-later
"""`manage.py watch_inbox`: from finished uploads to frames that wait for a worker."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from camera_registry.heartbeat import Pulse
from camera_registry.tally import Tally
from workers.intake.inbox import Inbox
from workers.intake.registry import Registry
from workers.intake.stability import Patience
from workers.intake.watcher import Watcher, WatcherOptions
from workers.intake.wiring import doorbell, frame_store, redis_client

LOCK_NAME = "watcher.lock"


class Command(BaseCommand):
    help = "Take finished uploads out of the inbox and hand them to the workers."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--polling", action="store_true", help="look instead of listening, for network file systems"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        inbox = Inbox(Path(settings.SPARK_INBOX))
        inbox.prepare()
        # Beside the inbox, not in it: the inbox may belong to another SFTP server.
        state = Path(settings.SPARK_VAR)
        state.mkdir(parents=True, exist_ok=True)
        with open(state / LOCK_NAME, "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise CommandError(f"Another watcher is watching {inbox.root} already.") from error
            self._watch(inbox, polling=options["polling"])

    def _watch(self, inbox: Inbox, *, polling: bool) -> None:
        stop = threading.Event()
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, lambda *_: stop.set())
        client = redis_client()
        began = time.time()
        registry = Registry(Tally())
        watcher = Watcher(
            inbox,
            frame_store(client),
            doorbell(client),
            registry,
            WatcherOptions(
                max_bytes=settings.SPARK_MAX_UPLOAD_BYTES,
                max_pixels=settings.SPARK_MAX_PIXELS,
                max_age_s=settings.SPARK_INBOX_MAX_AGE_S,
                rescan_s=settings.SPARK_RESCAN_S,
                patience=Patience(quiet_s=settings.SPARK_QUIET_S),
                polling=polling,
            ),
        )
        pulse = Pulse(
            redis_client(),
            "watcher",
            f"{socket.gethostname()}.{os.getpid()}",
            lambda: {
                "since": began,
                "taken": watcher.taken,
                "counts_waiting": registry.tally.waiting(),
            },
        )
        registry.start()
        pulse.start()
        self.stdout.write(f"Watching {inbox.root}")
        self.stdout.flush()
        try:
            watcher.run(stop)
        finally:
            pulse.stop()
            registry.stop()
