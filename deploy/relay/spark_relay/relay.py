# SPDX-License-Identifier: AGPL-3.0-or-later
"""The relay's round: open the door, take a picture, put it through, wait. For ever.

A picture is taken only when the door is open, and thrown away when it does not get through, so that what arrives is
always new, nothing piles up while the network is away, and never more than one picture is in memory.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import socket
import time
from datetime import UTC, datetime

from spark_relay.camera import CameraError, Picture, fetch
from spark_relay.clock import ClockWatch
from spark_relay.config import Settings
from spark_relay.door import Door, DoorAway, DoorRefuses
from spark_relay.jpeg import NotAFrame

__all__ = ["Relay", "frame_name", "wait_after"]

logger = logging.getLogger("spark_relay")

#: Waits after failures in a row: doubled from the first to the longest, seconds.
FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 300.0
#: After a refusal: the door shuts out an address for ten minutes after ten wrong passwords.
REFUSED_WAIT_S = 120.0
#: A wait is shortened by up to this share by chance, so that many relays do not come back at the same moment.
JITTER = 0.5
#: A word on how it goes, every so often, seconds.
SAY_EVERY_S = 3600.0
#: A long wait is slept in pieces, seconds.
NAP_S = 60.0
SET_THE_CLOCK = "Cure: sudo timedatectl set-ntp true"


def frame_name(at: datetime) -> str:
    """What an upload is called: its time, to the millisecond, so that names never meet."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%S}{at.microsecond // 1000:03d}Z.jpg"


def wait_after(failures: int, chance: float, *, refused: bool = False) -> float:
    """Seconds to wait after so many failures in a row; chance: from 0 to 1."""
    longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(failures - 1, 20))
    longest = max(longest, REFUSED_WAIT_S) if refused else longest
    return longest * (1.0 - JITTER * chance)


class Relay:
    """One camera, one account."""

    def __init__(self, settings: Settings, clocks: ClockWatch | None = None) -> None:
        self.settings = settings
        self.door = Door(settings.door)
        self.clocks = clocks or ClockWatch()
        self.sent = 0
        self._failures = 0
        self._trouble = ""
        self._said_at = time.monotonic()

    async def run(self) -> None:
        """Until it is cancelled."""
        _tell_systemd("READY=1")
        try:
            while True:
                began = time.monotonic()
                await _sleep_until(began + await self.round())
        finally:
            await self.door.close()

    async def round(self) -> float:
        """One picture, or a word on why not; returns how long after its beginning the next round begins, seconds."""
        self._say_clock(self.clocks.jump())
        try:
            await self.door.open()
            picture = await fetch(self.settings.camera)
            server_time = await self.door.put(frame_name(datetime.now(UTC)), picture.data)
        except (CameraError, NotAFrame) as error:
            return self._failed(f"{self.settings.camera.place}: {error}")
        except DoorAway as error:
            return self._failed(str(error))
        except DoorRefuses as error:
            return self._failed(str(error), refused=True)
        self._done(picture, server_time)
        return self.settings.camera.every_s

    def _failed(self, words: str, *, refused: bool = False) -> float:
        self._failures += 1
        wait = wait_after(self._failures, random.random(), refused=refused)
        # The same trouble again is not worth a line.
        if words != self._trouble:
            logger.warning("%s; trying again in %.0f s", words, wait)
        self._trouble = words
        return wait

    def _done(self, picture: Picture, server_time: float | None) -> None:
        self.sent += 1
        width, height = picture.size
        if self._trouble or self.sent == 1:
            after = f" after {self._failures} failures" if self._failures else ""
            logger.info("picture of %d × %d px uploaded%s", width, height, after)
        elif time.monotonic() - self._said_at > SAY_EVERY_S:
            logger.info("%d pictures uploaded so far", self.sent)
            self._said_at = time.monotonic()
        self._failures, self._trouble = 0, ""
        if server_time is not None:
            self._say_clock(self.clocks.compare("the server's", server_time, cure=SET_THE_CLOCK))
        if picture.camera_time is not None:
            cure = "Set a time server in the camera's settings."
            self._say_clock(self.clocks.compare("the camera's", picture.camera_time, cure=cure))

    def _say_clock(self, words: str | None) -> None:
        if words:
            logger.warning("%s", words)


async def _sleep_until(moment: float) -> None:
    """Sleep, and tell systemd now and then that this is sleep and no standstill."""
    while True:
        _tell_systemd("WATCHDOG=1")
        left = moment - time.monotonic()
        if left <= 0:
            return
        await asyncio.sleep(min(left, NAP_S))


def _tell_systemd(state: str) -> None:
    """sd_notify: that the service is ready, and that it still goes round; nothing where systemd does not ask."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify:
        try:
            notify.sendto(state.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)
        except OSError as error:
            logger.debug("systemd was not told %s: %s", state, error)
