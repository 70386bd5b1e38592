# SPDX-License-Identifier: AGPL-3.0-or-later
"""When an owner is told, and when not: one message when a camera is in trouble, one when it is well again. Pure.

A trouble is told when it has lasted for a while, and is over when the camera has been well for a while; in between it
is the same trouble, however often it comes and goes. A camera whose troubles return within a day is believed well more
slowly each time, so that its owner hears less and less often of the same thing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

__all__ = ["Step", "Trouble", "hold_s", "silent_together", "step"]

#: A trouble that ends by itself within this time is not told, seconds. Being late holds three intervals already.
PATIENCE_S = 60.0
#: A camera is well again after so long without a trouble, seconds: twice as long for each trouble told of within the
#: last day, up to a limit.
WELL_AFTER_S = 300.0
LONGEST_WELL_AFTER_S = 6 * 3600.0
#: When more than half of the cameras that sent something within a day have fallen silent, and they are at least so many,
#: the fault lies between them and us.
LEAST_TOGETHER = 4


@dataclass(frozen=True)
class Trouble:
    """A camera's open incident. told: the kinds its owner was told of."""

    kind: str
    kind_since: dt.datetime
    began_at: dt.datetime
    well_since: dt.datetime | None = None
    told: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """What to do: the trouble as it is from now on, whether it is over, and what to tell (a kind or "well")."""

    trouble: Trouble | None
    over: bool = False
    tell: str | None = None


def step(trouble: Trouble | None, kind: str | None, now: dt.datetime, well_after_s: float) -> Step:
    """What follows from a camera's state at `now`: `kind` of trouble, or None when it is well."""
    if kind is None:
        return _well(trouble, now, well_after_s)
    if trouble is None:
        return Step(Trouble(kind, now, now))
    if trouble.kind != kind:
        trouble = replace(trouble, kind=kind, kind_since=now)
    trouble = replace(trouble, well_since=None)
    if kind in trouble.told or (now - trouble.kind_since).total_seconds() < PATIENCE_S:
        return Step(trouble)
    return Step(replace(trouble, told=(*trouble.told, kind)), tell=kind)


def _well(trouble: Trouble | None, now: dt.datetime, well_after_s: float) -> Step:
    if trouble is None:
        return Step(None)
    if not trouble.told:
        return Step(trouble, over=True)
    well_since = trouble.well_since or now
    trouble = replace(trouble, well_since=well_since)
    if (now - well_since).total_seconds() < well_after_s:
        return Step(trouble)
    return Step(trouble, over=True, tell="well")


def hold_s(told_within_a_day: int) -> float:
    """How long a camera must be well before that is told, seconds, after so many troubles told of within a day."""
    return min(WELL_AFTER_S * 2.0 ** min(told_within_a_day, 20), LONGEST_WELL_AFTER_S)


def silent_together(late: Sequence[bool]) -> bool:
    """Whether so many cameras are late that it is not their fault; one entry for each that sent within a day."""
    return len(late) >= LEAST_TOGETHER and 2 * sum(late) > len(late)
