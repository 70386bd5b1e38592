# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether this computer's clock can be believed: against the camera's and the server's, and against itself.

SPARK takes the time at which a frame arrives, so a wrong clock here spoils no result; it spoils file names, logs and
certificates. A Raspberry Pi has no battery for its clock, and starts in the past when it finds no time server.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

__all__ = ["ClockWatch"]

#: A clock that is further off than this is said to be wrong, seconds. HTTP dates have whole seconds, and travel.
SKEW_S = 5.0
#: A clock that gains or loses this much between two frames was set, seconds.
JUMP_S = 2.0


class ClockWatch:
    """Compares clocks from frame to frame; every finding is told once, and once when it has passed.

    now, steady: seconds of the wall clock and of a clock that is never set.
    """

    def __init__(
        self, now: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._now, self._steady = now, steady
        self._last = (now(), steady())
        self._wrong: set[str] = set()

    def skew_s(self, other: datetime | float) -> float:
        """How far this computer's clock is ahead of another one, seconds."""
        return self._now() - (other.timestamp() if isinstance(other, datetime) else other)

    def jump(self) -> str | None:
        """A sentence when the clock was set since the last call; None when it only ran."""
        now, steady = self._now(), self._steady()
        jump = (now - self._last[0]) - (steady - self._last[1])
        self._last = (now, steady)
        if abs(jump) < JUMP_S:
            return None
        way = "forwards" if jump > 0 else "backwards"
        at = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S")
        return f"this computer's clock was set {abs(jump):.0f} s {way}; it is now {at} UTC"

    def compare(self, whose: str, other: datetime | float, *, cure: str) -> str | None:
        """A sentence when a clock begins or ceases to differ from this computer's; None while nothing changes."""
        skew = self.skew_s(other)
        if abs(skew) <= SKEW_S:
            if whose in self._wrong:
                self._wrong.discard(whose)
                return f"{whose} clock agrees again"
            return None
        if whose in self._wrong:
            return None
        self._wrong.add(whose)
        way = "ahead of" if skew > 0 else "behind"
        return f"this computer's clock is {abs(skew):.0f} s {way} {whose} clock. {cure}"
