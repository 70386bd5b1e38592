# SPDX-License-Identifier: AGPL-3.0-or-later
"""``place``: known counts on plain zones, seeds, and what must end at once."""

from __future__ import annotations

import math
from typing import Any

import pytest
import shapely
from shapely import LineString, Polygon, box

from workers.placement import (
    AS_PUBLISHED_FULL,
    AS_PUBLISHED_X,
    STREET,
    PlacementProblem,
    place,
)

NOTHING = Polygon()


def strip(length: float, depth: float, cars: list[tuple[float, float]] = (), **more: Any) -> PlacementProblem:  # type: ignore[assignment]
    """A straight zone along the x axis with its kerb at y = 0; ``cars`` are intervals of x, as deep as the zone."""
    blocked = shapely.union_all([box(a, 0, b, depth) for a, b in cars]) if cars else NOTHING
    settings: dict[str, Any] = {"slot_length_m": 5.0, "slot_width_m": 2.3, "mode": "parallel"} | more
    return PlacementProblem(
        box(0, 0, length, depth), blocked, kerb=LineString([(0, 0), (length, 0)]), **settings
    )


@pytest.mark.parametrize(
    ("problem", "count"),
    [
        (strip(5.02, 2.32), 1),  # the zone is the slot and a centimetre around it
        (strip(4.99, 2.5), 0),
        (strip(20.0, 2.5), 4),
        (strip(20.0, 2.5, spacing_m=0.5), 3),  # 3 × 5 + 2 × 0.5 = 16, a fourth would need 21.5
        (strip(21.5, 2.5, spacing_m=0.5), 4),  # no spacing behind the last one
        (strip(30.0, 2.6, [(5.1, 9.8), (14.9, 20.0)]), 4),  # gaps 5.1, 5.1 and 10 hold 1 + 1 + 2
        (strip(30.0, 2.6, [(4.0, 9.0), (13.0, 18.0), (22.0, 27.0)]), 0),  # 15 m free, in gaps too short
        (strip(10.0, 5.2, mode="perpendicular", slot_width_m=2.5), 4),
        (strip(10.0, 5.2, [(2.6, 4.9)], mode="perpendicular", slot_width_m=2.5), 3),
        (strip(20.0, 6.0, mode="diagonal", angle_deg=45.0, slot_width_m=2.5), 5),  # 5.30 + 4 × 3.54 = 19.4
        (strip(100.0, 5.3, mode="perpendicular", slot_width_m=2.5), 40),
    ],
)
def test_a_straight_strip_holds_the_known_count(problem: PlacementProblem, count: int) -> None:
    assert len(place(problem).slots) == count


def test_slots_stand_as_the_mode_says() -> None:
    for mode, angle, expected in (
        ("parallel", None, 0.0),
        ("perpendicular", None, 90.0),
        ("diagonal", 60.0, 60.0),
    ):
        slots = place(strip(30.0, 6.0, mode=mode, angle_deg=angle)).slots
        assert slots
        for slot in slots:
            off = (math.degrees(slot.theta_rad) - expected + 90.0) % 180.0 - 90.0
            assert abs(off) <= 12.0, mode


def test_the_same_seed_gives_the_same_layout() -> None:
    problem = strip(60.0, 6.0, [(11.0, 13.0), (30.0, 33.0)], mode="free")
    for parameters in (STREET, AS_PUBLISHED_X, AS_PUBLISHED_FULL):
        first, again = (place(problem, seed=7, parameters=parameters) for _ in range(2))
        assert first.slots == again.slots
        assert first.cost_history == again.cost_history
    assert place(problem, seed=1, parameters=AS_PUBLISHED_FULL) != place(
        problem, seed=2, parameters=AS_PUBLISHED_FULL
    )
