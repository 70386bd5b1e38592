# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the watcher knows of the cameras, kept fresh by a thread of its own.

The watcher never waits for PostgreSQL: it decides with the last list it has, and counts in memory. A file is only
called an unknown camera's when the list is newer than the file.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from django.db import DatabaseError, InterfaceError, close_old_connections, connections

from camera_registry import selectors
from camera_registry.selectors import IntakeCamera
from camera_registry.tally import Tally

logger = logging.getLogger(__name__)

REFRESH_S = 1.5


@dataclass(frozen=True)
class Cameras:
    """The cameras by name, as they were at `read_at` (Unix seconds); `read_at` 0 means never read."""

    by_name: Mapping[str, IntakeCamera] = field(default_factory=lambda: MappingProxyType({}))
    read_at: float = 0.0


class Registry:
    """`cameras` is always the last list that could be read."""

    def __init__(self, tally: Tally) -> None:
        self.cameras = Cameras()
        self.tally = tally
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="registry", daemon=True)

    def refresh(self) -> bool:
        """Read the cameras and write the counts. False when the database is away."""
        began = time.time()
        close_old_connections()
        try:
            by_name = selectors.intake_cameras()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("cameras could not be read, the last list stays: %s", error)
            return False
        finally:
            close_old_connections()
        self.cameras = Cameras(MappingProxyType(by_name), began)
        return self.tally.flush()

    def start(self) -> None:
        """Refresh now and then until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Stop refreshing; write the last counts if the database is there."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(30)
        self.tally.flush()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    self.refresh()
                except Exception:
                    logger.exception("refreshing the cameras failed")
                self._stop.wait(REFRESH_S)
        finally:
            connections.close_all()
