# SPDX-License-Identifier: AGPL-3.0-or-later
"""The map lies still while cars come and go: a short piece of what `benchmarks.steadiness` measures."""

from __future__ import annotations

import pytest

from apps.parking.vehicles import VehicleClass
from benchmarks.steadiness import watch

SMALL = VehicleClass(3.6, 1.7)


@pytest.mark.parametrize(
    ("zone", "jitter"), [("bahar-west", False), ("bahar-west", True), ("bahar-east-north", True)]
)
def test_spaces_keep_id_and_place(zone, jitter):
    tallies, _ = watch(10, jitter=jitter, vehicles=(SMALL,), zones={zone}, step_s=30.0)
    assert set(tallies) == {"own slots", "vehicles to 3.6 × 1.7 m"}
    for tally in tallies.values():
        row = tally.row()
        assert tally.survivors >= 8, "too quiet a street proves nothing"
        assert row["id kept"] >= 0.97
        assert row["mean move cm"] <= 5.0
        if not jitter:
            assert row["id kept"] == 1.0
            assert tally.untouched > 0
            assert tally.untouched_moved == 0, "a change in one gap touches no other"
