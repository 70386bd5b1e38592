# SPDX-License-Identifier: AGPL-3.0-or-later
"""When an upload counts as finished, told with a clock of the test's own."""

from __future__ import annotations

import pytest

from workers.intake.stability import FileKey, Hint, Patience, StabilityTracker

PATIENCE = Patience(quiet_s=0.3, still_s=2.0, unfinished_s=10.0)
A = FileKey(inode=1, mtime_ns=1, size=100)
GROWN = FileKey(inode=1, mtime_ns=2, size=200)
TOUCHED = FileKey(inode=1, mtime_ns=3, size=100)
SUCCESSOR = FileKey(inode=2, mtime_ns=1, size=100)


@pytest.fixture
def tracker() -> StabilityTracker:
    return StabilityTracker(PATIENCE)


def looks(tracker, *steps, finished=True):
    """Each step is (time, key) or (time, Hint); the answers of the looks are returned."""
    answers = []
    for now, what in steps:
        if isinstance(what, Hint):
            tracker.note("x.jpg", what, now)
        else:
            answers.append(tracker.look("x.jpg", what, now, lambda: finished))
    return answers


@pytest.mark.parametrize(
    ("case", "steps", "expected"),
    [
        ("renamed into place: at once", [(0, Hint.RENAMED), (0, A)], [True]),
        (
            "written again after the rename: no longer sure",
            [(0, Hint.RENAMED), (0.01, Hint.WRITTEN), (0.02, A), (1, A), (2.1, A)],
            [False, False, True],
        ),
        (
            "closed: after the quiet time",
            [(0, Hint.WRITTEN), (1, Hint.CLOSED), (1, A), (1.2, A), (1.3, A)],
            [False, False, True],
        ),
        (
            "closed and reopened: the quiet time begins anew",
            [(0, Hint.CLOSED), (0.1, A), (0.2, Hint.WRITTEN), (0.4, GROWN), (0.5, Hint.CLOSED), (0.7, GROWN), (0.8, GROWN)],
            [False, False, False, True],
        ),
        (
            "grows after the close without an event",
            [(0, Hint.CLOSED), (0.1, A), (0.35, GROWN), (0.5, GROWN), (0.65, GROWN)],
            [False, False, False, True],
        ),
        ("only scanned: after looking the same for a while", [(0, A), (1, A), (2, A)], [False, False, True]),
        ("only scanned, growing", [(0, A), (1.9, GROWN), (2.5, GROWN), (3.9, GROWN)], [False, False, False, True]),
        ("same size, other mtime", [(0, A), (1.9, TOUCHED), (2.1, TOUCHED)], [False, False, False]),
        ("same name and state, other file", [(0, A), (1.9, SUCCESSOR), (2.1, SUCCESSOR)], [False, False, False]),
        ("written to without a close for long", [(0, Hint.WRITTEN), (0.1, A), (1.9, A), (2.0, A)], [False, False, True]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_finished_uploads(tracker, case, steps, expected):
    assert looks(tracker, *steps) == expected


def test_what_looks_unfinished_gets_more_time(tracker):
    steps = [(0, Hint.CLOSED), (0.3, A), (5, A), (9.9, A), (10, A)]
    assert looks(tracker, *steps, finished=False) == [False, False, False, True]


def test_the_file_is_not_opened_before_it_is_quiet(tracker):
    opened = []
    tracker.note("x.jpg", Hint.CLOSED, 0)
    for now in (0.1, 0.2, 0.3):
        tracker.look("x.jpg", A, now, lambda now=now: bool(opened.append(now)) or True)
    assert opened == [0.3]


def test_a_forgotten_file_starts_anew(tracker):
    assert looks(tracker, (0, Hint.RENAMED), (0, A)) == [True]
    tracker.forget("x.jpg")
    assert tracker.pending() == []
    assert looks(tracker, (1, A), (2, A), (3, A)) == [False, False, True]
