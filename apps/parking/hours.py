# SPDX-License-Identifier: AGPL-3.0-or-later
"""When parking in a zone is allowed, in the language of OpenStreetMap's `opening_hours`. Pure: no Django.

"Mo-Fr 18:00-08:00; Sa,Su,PH 00:00-24:00" is what towns, maps and navigation already write; an empty text means always.
The time zone, the public holidays and the sun are those of the zone's own place. What the text leaves unknown counts as
closed: unknown is not free.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours, ParserError, State  # type: ignore[attr-defined]  # its stubs lack one

__all__ = ["ALWAYS", "OpenState", "hours_problems", "open_state"]

#: Longer than any real sign; keeps the parser's work small.
MAX_LENGTH = 255
#: A change farther ahead than this is none, days.
HORIZON_DAYS = 366
#: Zones this near to each other, in decimals of a degree, share a time zone and their holidays.
PLACE_DECIMALS = 1

_UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class OpenState:
    """Whether parking is allowed, and until when that holds (aware, UTC; None: for the next year)."""

    open: bool
    until: dt.datetime | None


ALWAYS = OpenState(open=True, until=None)


def hours_problems(text: str) -> list[str]:
    """What is wrong with an expression, in sentences with the cure. Empty when all is well."""
    if not text:
        return []
    if len(text) > MAX_LENGTH:
        return [f"The hours take {len(text)} letters; {MAX_LENGTH} are the most."]
    try:
        OpeningHours(text)  # without a place, which would load the world's borders
    except ParserError as error:
        sentence = (
            f"The hours are not understood at “{_rest(text, error)}”; write them as OpenStreetMap does, e.g."
            " “Mo-Fr 18:00-08:00; Sa,Su 00:00-24:00”, or leave them empty for always."
        )
        return [sentence]
    return []


def open_state(text: str, lonlat: tuple[float, float], at: dt.datetime) -> OpenState:
    """What the hours of a place (longitude, latitude in degrees) say at a moment (aware).

    Raises ParserError for a text that `hours_problems` would refuse.
    """
    if not text:
        return ALWAYS
    lon, lat = lonlat
    hours = _parsed(text, round(lon, PLACE_DECIMALS), round(lat, PLACE_DECIMALS))
    moment = at.astimezone(_UTC)
    is_open = hours.state(moment)[0] == State.OPEN
    change = hours.next_change(moment)
    # From closed to unknown, or between two comments, nothing changes for who may park.
    while change is not None and (hours.state(change)[0] == State.OPEN) == is_open:
        change = hours.next_change(change)
        if change is not None and change - moment > dt.timedelta(days=HORIZON_DAYS):
            change = None
    return OpenState(is_open, None if change is None else change.astimezone(dt.UTC))


@lru_cache(1024)
def _parsed(text: str, lon: float, lat: float) -> OpeningHours:
    """Read once: the first place that is asked for loads the world's time zones and borders, 0.2 s and 107 MB."""
    return OpeningHours(text, coords=(lat, lon), max_interval_days=HORIZON_DAYS)


def _rest(text: str, error: ParserError) -> str:
    """What follows the place at which the parser stopped; its message begins with " --> line:column"."""
    _, _, place = str(error).partition("--> 1:")
    column = "".join(letter for letter in place[:4] if letter.isdigit())
    rest = text[int(column) - 1 :] if column else text
    return (rest or text)[:40]
