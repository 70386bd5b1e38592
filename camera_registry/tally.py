# SPDX-License-Identifier: AGPL-3.0-or-later
"""Counts that may wait. Rejections are counted in memory first and written a moment later.

While PostgreSQL is away nothing is lost and nobody waits for it: the counts stay here until it is back.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from dataclasses import dataclass, field

from django.db import DatabaseError, InterfaceError, close_old_connections
from django.utils import timezone

from camera_registry import onboarding, services
from camera_registry.choices import RejectReason
from camera_registry.clock import ClockReading
from camera_registry.constants import ARRIVALS_KEPT, OTHER_ACCOUNTS
from camera_registry.frame_quality import FrameQuality
from camera_registry.services import Arrival

logger = logging.getLogger(__name__)

#: Anyone can invent account names at the door; beyond this many, they share one count.
MAX_KEYS = 1000


@dataclass
class _Entry:
    count: int
    detail: str
    at: dt.datetime


@dataclass
class _Arrivals:
    """How many good frames came, and the last of them."""

    count: int = 0
    last: list[Arrival] = field(default_factory=list)

    def add(self, arrivals: list[Arrival], count: int) -> None:
        self.count += count
        self.last = sorted([*self.last, *arrivals], key=lambda arrival: arrival.at)[-ARRIVALS_KEPT:]


class Tally:
    """Rejections and last-received times not yet in the database. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._rejections: dict[tuple[str, RejectReason], _Entry] = {}
        self._received: dict[int, _Arrivals] = {}
        self._measured: dict[int, tuple[dt.datetime, FrameQuality]] = {}

    def reject(self, account: str, reason: RejectReason, detail: str = "", *, count: int = 1) -> None:
        """Count `count` frames of `account` that ended for `reason`."""
        logger.log(
            logging.DEBUG if reason == RejectReason.REPLACED else logging.INFO,
            "%s: %s %s",
            account,
            reason.value,
            detail,
        )
        self._add(account, reason, _Entry(count, detail, timezone.now()))

    def _add(self, account: str, reason: RejectReason, entry: _Entry) -> None:
        with self._lock:
            key = (account, reason)
            if key not in self._rejections and len(self._rejections) >= MAX_KEYS:
                key = (OTHER_ACCOUNTS, reason)
            there = self._rejections.setdefault(key, _Entry(0, entry.detail, entry.at))
            there.count += entry.count
            if entry.at >= there.at:
                there.detail, there.at = entry.detail, entry.at

    def received(self, camera_id: int, at: dt.datetime, clock: ClockReading | None = None) -> None:
        """A good frame of this camera came at `at`; `clock`: what it told of the camera's clock, if anything."""
        arrival = Arrival(at, clock.skew_s, clock.zone_s) if clock else Arrival(at)
        with self._lock:
            self._received.setdefault(camera_id, _Arrivals()).add([arrival], 1)

    def measured(self, camera_id: int, at: dt.datetime, quality: FrameQuality) -> None:
        """What the frame that came at `at` was like; only the newest of each camera is written."""
        with self._lock:
            before = self._measured.get(camera_id)
            if before is None or before[0] <= at:
                self._measured[camera_id] = (at, quality)

    def waiting(self) -> int:
        """How many counts are not yet written."""
        with self._lock:
            counts = sum(entry.count for entry in self._rejections.values())
            return counts + len(self._received) + len(self._measured)

    def flush(self) -> bool:
        """Write what has gathered. False when the database is away; the counts are kept then."""
        with self._writing:
            with self._lock:
                rejections, self._rejections = self._rejections, {}
                received, self._received = self._received, {}
                measured, self._measured = self._measured, {}
            if not rejections and not received and not measured:
                return True
            close_old_connections()
            try:
                for (account, reason), entry in list(rejections.items()):
                    services.record_rejection(account, reason, entry.detail, count=entry.count, at=entry.at)
                    del rejections[account, reason]
                for camera_id, arrivals in list(received.items()):
                    services.record_arrivals(camera_id, arrivals.last, count=arrivals.count)
                    del received[camera_id]
                for camera_id, (at, quality) in list(measured.items()):
                    onboarding.record_frame_check(camera_id, at, quality)
                    del measured[camera_id]
            except (DatabaseError, InterfaceError) as error:
                logger.warning("counts wait for the database: %s", error)
                for (account, reason), entry in rejections.items():
                    self._add(account, reason, entry)
                with self._lock:
                    for camera_id, arrivals in received.items():
                        self._received.setdefault(camera_id, _Arrivals()).add(arrivals.last, arrivals.count)
                for camera_id, (at, quality) in measured.items():
                    self.measured(camera_id, at, quality)
                return False
            finally:
                close_old_connections()
            return True
