# SPDX-License-Identifier: AGPL-3.0-or-later
"""When an owner is told: tables of states, minute by minute, and what is said when."""

from __future__ import annotations

import datetime as dt

import pytest

from camera_registry.alert_policy import Trouble, hold_s, silent_together, step

START = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
LATE, SUSPENDED, WELL = "late", "suspended", None


def play(states: list[str | None], well_after_s: float = 300.0) -> list[tuple[int, str]]:
    """One state a minute: [(minute, what was told)]."""
    trouble: Trouble | None = None
    told = []
    for minute, kind in enumerate(states):
        taken = step(trouble, kind, START + dt.timedelta(minutes=minute), well_after_s)
        trouble = None if taken.over else taken.trouble
        if taken.tell:
            told.append((minute, taken.tell))
    return told


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ([WELL] * 10, []),
        ([LATE], []),  # patience
        ([LATE, WELL, LATE, WELL, LATE, WELL], []),  # each ends before it is told
        ([LATE] * 60, [(1, "late")]),  # once, not every minute
        ([LATE] * 5 + [WELL] * 6, [(1, "late"), (10, "well")]),
        ([LATE] * 5 + [WELL] * 5, [(1, "late")]),  # not well for long enough
        ([LATE] * 5 + [WELL] * 4 + [LATE] * 5 + [WELL] * 9, [(1, "late"), (19, "well")]),  # flapping
        ([SUSPENDED] * 3 + [LATE] * 3, [(1, "suspended"), (4, "late")]),  # another kind is news
        ([SUSPENDED, LATE] * 5, []),  # neither lasts
        ([SUSPENDED] * 3 + [LATE] * 3 + [SUSPENDED] * 3, [(1, "suspended"), (4, "late")]),  # each kind once
        ([LATE] * 3 + [WELL] * 6 + [LATE] * 3, [(1, "late"), (8, "well"), (10, "late")]),  # a new one
    ],
)  # fmt: skip
def test_what_is_told(states: list[str | None], told: list[tuple[int, str]]) -> None:
    assert play(states) == told


@pytest.mark.parametrize(
    ("told_before", "minutes"), [(0, 5), (1, 10), (2, 20), (3, 40), (7, 360), (1000, 360)]
)
def test_who_flaps_is_believed_more_slowly(told_before: int, minutes: int) -> None:
    assert hold_s(told_before) == minutes * 60


@pytest.mark.parametrize(
    ("late", "together"),
    [
        ([], False),
        ([True] * 3, False),  # too few to say
        ([True, True, False, False], False),
        ([True, True, True, False], True),
        ([True] * 6 + [False] * 4, True),
    ],
)
def test_silence_of_most_is_not_their_fault(late: list[bool], together: bool) -> None:
    assert silent_together(late) is together
