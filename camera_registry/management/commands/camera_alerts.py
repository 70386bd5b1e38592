# SPDX-License-Identifier: AGPL-3.0-or-later
"""`manage.py camera_alerts`: tells owners when their cameras are in trouble, and when they are well again."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from typing import Any

import redis
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.utils import timezone

from camera_registry import alerts
from camera_registry.heartbeat import Pulse, intake_since
from camera_registry.redis_client import prompt_redis

logger = logging.getLogger(__name__)

#: A Redis that does not answer for this long counts as away, seconds.
REDIS_TIMEOUT_S = 5.0
TIDY_EVERY_S = 3600.0


class Command(BaseCommand):
    help = "Watch the cameras' health and write to their owners. Any number of them may run."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--once", action="store_true", help="look once, send what is due, and end")

    def handle(self, *args: Any, **options: Any) -> None:
        client = prompt_redis(REDIS_TIMEOUT_S)
        if options["once"]:
            self._look(client)
            self._tidy()
            return
        stop = threading.Event()
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, lambda *_: stop.set())
        pulse = Pulse(prompt_redis(REDIS_TIMEOUT_S), "alerts", f"{socket.gethostname()}.{os.getpid()}", dict)
        pulse.start()
        self.stdout.write(f"Looking after the cameras every {settings.SPARK_ALERTS_EVERY_S:g} s")
        self.stdout.flush()
        try:
            tidied = -TIDY_EVERY_S
            while not stop.is_set():
                self._look(client)
                if time.monotonic() - tidied >= TIDY_EVERY_S:
                    tidied = time.monotonic()
                    self._tidy()
                stop.wait(settings.SPARK_ALERTS_EVERY_S)
        finally:
            pulse.stop()

    def _look(self, client: redis.Redis) -> None:
        """Once over the cameras; while a part of the system is away, the next look makes up for it."""
        close_old_connections()
        try:
            alerts.look_after_cameras(timezone.now(), intake_since(client))
            alerts.send_waiting()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("cameras are not looked after, the database is away: %s", error)
        except Exception:
            logger.exception("looking after the cameras failed")
        finally:
            close_old_connections()

    def _tidy(self) -> None:
        """Forget what was over long ago."""
        try:
            alerts.forget_old(timezone.now())
        except (DatabaseError, InterfaceError) as error:
            logger.warning("old incidents stay for now: %s", error)
