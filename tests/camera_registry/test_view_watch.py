# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a camera is believed, corrected, silenced, and believed again."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from camera_registry.view_reference import Features
from camera_registry.view_status import ViewStatus
from camera_registry.view_turn import ViewShift
from camera_registry.view_watch import ViewMemory, judge, usable, why_unrecognised
from tests.camera_registry.views import SIZE, a_view

HOME = a_view(k=0.0)
LOST = ViewShift(None, float("nan"), float("nan"), 0, 0, -1)
STEADY = ViewMemory(status=ViewStatus.STEADY)


def seen(right_px: float, sigma_px: float = 0.3) -> ViewShift:
    """A picture that lies this far to the side."""
    return ViewShift(
        np.array([[1, 0, right_px], [0, 1, 0], [0, 0, 1.0]]), abs(right_px), sigma_px, 150, 400, 0
    )


def after(*shifts: ViewShift, start: ViewMemory = STEADY) -> ViewMemory:
    memory = start
    for shift in shifts:
        memory = judge(memory, shift, HOME)
    return memory


@pytest.mark.parametrize(
    ("name", "shifts", "status", "believed"),
    [
        ("still", [seen(0.1)], ViewStatus.STEADY, True),
        ("three pixels show in one frame", [seen(3.0)], ViewStatus.CORRECTED, True),
        ("one torn picture", [LOST], ViewStatus.STEADY, False),
        ("two of them", [LOST, LOST], ViewStatus.STEADY, False),
        ("three of them", [LOST] * 3, ViewStatus.UNRECOGNISED, False),
        ("a bus in between", [LOST, LOST, seen(0.1), LOST], ViewStatus.STEADY, False),
        ("far away once", [seen(50.0)], ViewStatus.STEADY, False),
        ("far away for good", [seen(50.0), seen(50.2)], ViewStatus.MOVED, False),
        ("covered after a knock", [seen(50.0), seen(50.0), LOST, LOST, LOST], ViewStatus.UNRECOGNISED, False),
        ("back once", [LOST] * 3 + [seen(0.1)], ViewStatus.UNRECOGNISED, False),
        ("back again", [LOST] * 3 + [seen(0.1)] * 2, ViewStatus.STEADY, True),
        ("back elsewhere", [LOST] * 3 + [seen(50.0)], ViewStatus.MOVED, False),
        ("knocked and put back", [seen(50.0)] * 2 + [seen(0.2)] * 2, ViewStatus.STEADY, True),
    ],
)
def test_states(name, shifts, status, believed):
    memory = after(*shifts)
    assert memory.status is status
    assert usable(memory) is believed


def test_estimates_that_agree_are_averaged():
    chance = np.random.default_rng(0)
    memory = after(*(seen(4.0 + 0.3 * chance.normal()) for _ in range(9)))
    assert memory.averaged == 9
    assert memory.shift_px == pytest.approx(4.0, abs=0.25)
    assert memory.sigma_px < 0.15


def test_a_knock_is_not_averaged_with_what_was_before():
    memory = after(*[seen(0.0)] * 9, seen(6.0))
    assert memory.shift_px == pytest.approx(6.0)
    assert memory.averaged == 1


def test_slow_creep_is_followed():
    memory = after(*(seen(0.1 * k) for k in range(60)))
    assert memory.shift_px == pytest.approx(5.9, abs=1.0)
    assert memory.status is ViewStatus.CORRECTED


def test_memory_survives_the_database():
    memory = after(seen(4.0), LOST)
    again = ViewMemory.from_json(memory.to_json())
    assert dataclasses.replace(again, to_reference=None) == dataclasses.replace(memory, to_reference=None)
    np.testing.assert_array_equal(again.to_reference, memory.to_reference)
    with pytest.raises(ValueError, match="not a view's memory"):
        ViewMemory.from_json({"status": "steady"})


@pytest.mark.parametrize(
    ("brightness", "sharpness", "count", "words"),
    [
        (5, 4, 900, "nearly black"),
        (120, 1.0, 900, "covered"),
        (120, 9, 12, "covered"),
        (120, 20, 900, "another view"),
    ],
)
def test_reasons_in_words(brightness, sharpness, count, words):
    features = Features(np.zeros((count, 2)), np.zeros((count, 32), np.uint8), SIZE, brightness, sharpness)
    assert words in why_unrecognised(features)
