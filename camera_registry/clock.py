# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a camera's clock says, from what it writes of the time into names, pictures and files. Pure.

Nothing here decides when a frame was taken: that is when it arrived. A clock is only compared with the arrival, so that
its owner can put it right; cameras give their local time without a zone, and there the difference is told apart from a
zone as well as that can be done.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

__all__ = ["ClockMark", "ClockReading", "mark_of_exif", "mark_of_mtime", "mark_of_name", "reading", "skew_s"]

#: 20261122T221530, 2026-11-22_22.15.30.250, 2026_11_22 22 15 30: how firmware writes the time into a name.
_NAME_TIME = re.compile(
    r"(?<!\d)(20\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?:[-_. T]{0,3})"
    r"([01]\d|2[0-3])([-_.:]?)([0-5]\d)\6([0-5]\d)(?:[-_.]?(\d{3}))?(Z(?![A-Za-z]))?(?!\d)"
)
#: Unix seconds or milliseconds of the years 2020 to 2096.
_NAME_UNIX = re.compile(r"(?<!\d)(1[6-9]\d{8}|[23]\d{9})(\d{3})?(?!\d)")
_EXIF_TIME = re.compile(r"\s*(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")
_EXIF_OFFSET = re.compile(r"\s*([+-])(\d\d):(\d\d)")

#: EXIF tags: the sub-directory, and in it DateTimeOriginal, DateTimeDigitized and the zones of both.
EXIF_DIRECTORY = 0x8769
_EXIF_TAGS = ((0x9003, 0x9011), (0x9004, 0x9012))

_HOUR_S = 3600.0
#: Zones that are not whole hours (2026), hours east of Greenwich; those of whole hours go from -12 to 14.
_ODD_ZONES_H = (-9.5, -3.5, 3.5, 4.5, 5.5, 5.75, 6.5, 8.75, 9.5, 10.5, 12.75)
_ZONES_S = tuple(sorted(hours * _HOUR_S for hours in (*range(-12, 15), *_ODD_ZONES_H)))
#: Farther from every zone than this is no zone's time: the date is wrong too, seconds.
_ZONE_REACH_S = 1800.0


@dataclass(frozen=True)
class ClockMark:
    """A time that the camera wrote. seconds: Unix seconds, read as UTC; zoned: whether its zone is known."""

    seconds: float
    zoned: bool


@dataclass(frozen=True)
class ClockReading:
    """A mark against an arrival. skew_s: how far the clock is ahead, seconds; zone_s: east of Greenwich, the zone that the
    rest of the difference was taken for; None where the zone is known, or none explains it."""

    skew_s: float
    zone_s: float | None


def mark_of_name(name: str) -> ClockMark | None:
    """The time in a file's name, when there is exactly one that could be meant; None otherwise."""
    found = set()
    for year, _, month, day, hour, _, minute, second, milli, utc in _NAME_TIME.findall(name):
        seconds = _unix(year, month, day, hour, minute, second)
        if seconds is not None:
            found.add((seconds + int(milli or 0) / 1000, bool(utc)))
    if not found:
        found = {(int(seconds) + int(milli or 0) / 1000, True) for seconds, milli in _NAME_UNIX.findall(name)}
    if len(found) != 1:
        return None
    return ClockMark(*found.pop())


def mark_of_exif(directory: dict[int, object]) -> ClockMark | None:
    """The time in a picture's EXIF sub-directory (tag → value); None where it says none."""
    for time_tag, zone_tag in _EXIF_TAGS:
        match = _EXIF_TIME.match(str(directory.get(time_tag, "")))
        seconds = _unix(*match.groups()) if match else None
        if seconds is None:
            continue
        zone = _EXIF_OFFSET.match(str(directory.get(zone_tag, "")))
        if zone is None:
            return ClockMark(seconds, False)
        east_s = (int(zone[2]) * 60 + int(zone[3])) * 60 * (-1 if zone[1] == "-" else 1)
        return ClockMark(seconds - east_s, True)
    return None


def mark_of_mtime(mtime_ns: int) -> ClockMark | None:
    """The time that the uploading client gave the file; None for one that the file system gave it.

    SFTP speaks of whole seconds and file systems of nanoseconds: a time without a fraction was set by somebody.
    """
    seconds, fraction = divmod(mtime_ns, 1_000_000_000)
    return ClockMark(float(seconds), True) if fraction == 0 else None


def skew_s(mark: ClockMark, arrived: float) -> float:
    """How far the camera's clock is ahead of ours, seconds, as `reading` says."""
    return reading(mark, arrived).skew_s


def reading(mark: ClockMark, arrived: float) -> ClockReading:
    """What a mark says of the camera's clock, at a frame that arrived at `arrived` (Unix seconds).

    The skew holds the time that the upload took as well, which makes a right clock look some seconds late. Without a zone
    the nearest one is taken for the camera's, so a clock that is wrong by whole hours cannot be told from one
    that is right elsewhere.
    """
    ahead = mark.seconds - arrived
    if mark.zoned:
        return ClockReading(ahead, None)
    zone = min(_ZONES_S, key=lambda east: abs(ahead - east))
    explained = abs(ahead - zone) <= _ZONE_REACH_S
    return ClockReading(ahead - zone, zone) if explained else ClockReading(ahead, None)


def _unix(*parts: str) -> float | None:
    try:
        year, month, day, hour, minute, second = map(int, parts)
        return dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC).timestamp()
    except ValueError:  # the 31st of February
        return None
