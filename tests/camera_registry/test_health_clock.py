# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a camera's clock says, from names, EXIF and file times."""

from __future__ import annotations

import datetime as dt

import pytest

from camera_registry.clock import ClockMark, mark_of_exif, mark_of_mtime, mark_of_name, reading, skew_s

NOON = dt.datetime(2026, 11, 22, 12, 0, 0, tzinfo=dt.UTC).timestamp()
HOUR = 3600.0


@pytest.mark.parametrize(
    ("name", "seconds", "zoned"),
    [
        ("20261122120000.jpg", NOON, False),
        ("cam01_00_20261122120000.jpg", NOON, False),
        ("2026-11-22_12-00-00.jpg", NOON, False),
        ("2026-11-22 12.00.00.250.jpg", NOON + 0.25, False),
        ("20261122T120000Z.jpg", NOON, True),
        ("20261122T120000Zoom.jpg", NOON, False),
        ("image26_20261122-120000-001.jpg", NOON + 0.001, False),
        (f"{NOON:.0f}.jpg", NOON, True),
        (f"{NOON:.0f}123.jpg", NOON + 0.123, True),
        ("20261122.jpg", None, False),  # a day is no time
        ("20261322120000.jpg", None, False),  # no thirteenth month
        ("20260230120000.jpg", None, False),  # no such day
        ("snapshot.jpg", None, False),
        ("12345678901234567890.jpg", None, False),
        ("20261122120000_20261122130000.jpg", None, False),  # which of them?
    ],
)
def test_times_in_names(name: str, seconds: float | None, zoned: bool) -> None:
    assert mark_of_name(name) == (None if seconds is None else ClockMark(pytest.approx(seconds), zoned))


@pytest.mark.parametrize(
    ("directory", "expected"),
    [
        ({0x9003: "2026:11:22 12:00:00"}, ClockMark(NOON, False)),
        ({0x9003: "2026:11:22 12:00:00", 0x9011: "+03:00"}, ClockMark(NOON - 3 * HOUR, True)),
        ({0x9003: "2026:11:22 12:00:00", 0x9011: "-03:30"}, ClockMark(NOON + 3.5 * HOUR, True)),
        ({0x9004: "2026:11:22 12:00:00", 0x9012: "+00:00"}, ClockMark(NOON, True)),
        ({0x9003: "0000:00:00 00:00:00"}, None),
        ({0x9003: b"\xff\xfe"}, None),
        ({}, None),
    ],
)
def test_times_in_exif(directory: dict[int, object], expected: ClockMark | None) -> None:
    assert mark_of_exif(directory) == expected


def test_a_file_time_counts_only_when_a_client_set_it() -> None:
    assert mark_of_mtime(int(NOON) * 1_000_000_000) == ClockMark(NOON, True)
    assert mark_of_mtime(int(NOON) * 1_000_000_000 + 1) is None


@pytest.mark.parametrize(
    ("ahead_s", "zoned", "expected"),
    [
        (0.0, True, 0.0),
        (3 * HOUR, True, 3 * HOUR),  # the zone is known: this clock is three hours ahead
        (3 * HOUR - 4.0, False, -4.0),  # Turkey's time
        (3 * HOUR + 300.0, False, 300.0),
        (-9.5 * HOUR + 2.0, False, 2.0),
        (5.75 * HOUR, False, 0.0),
        (-400 * 24 * HOUR, False, -400 * 24 * HOUR),  # 2025: no zone explains a year
    ],
)
def test_skew(ahead_s: float, zoned: bool, expected: float) -> None:
    assert skew_s(ClockMark(NOON + ahead_s, zoned), NOON) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("ahead_s", "zoned", "zone_s"),
    [
        (3 * HOUR - 4.0, False, 3 * HOUR),
        (3 * HOUR - 4.0, True, None),  # it says its zone, so this is its clock
        (20.0, False, 0.0),
        (-400 * 24 * HOUR, False, None),
    ],
)
def test_the_zone_that_was_taken_from_the_difference_is_told(
    ahead_s: float, zoned: bool, zone_s: float | None
) -> None:
    assert reading(ClockMark(NOON + ahead_s, zoned), NOON).zone_s == zone_s
