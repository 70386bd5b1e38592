# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the production search knows of a zone: its kerb's direction at a point, and what is kept from frame to frame."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import shapely
from shapely import LineString, Point

from workers.placement import PlacementProblem
from workers.placement.packed import pack
from workers.placement.production_ground import angle_kept

BEND = LineString([(30 * math.cos(a / 30), 30 * math.sin(a / 30)) for a in range(61)])
PROBLEM = PlacementProblem(BEND.buffer(-5.5, single_sided=True), Point(0, 0), 5.0, 2.4, kerb=BEND)


def nearest_direction(kerb: np.ndarray, x: float, y: float) -> float:
    """Direction of the kerb segment nearest to a point, one after another."""
    segments = [LineString(kerb[i : i + 2, :2]) for i in range(len(kerb) - 1)]
    ahead, behind = segments[int(shapely.distance(segments, Point(x, y)).argmin())].coords
    return math.atan2(behind[1] - ahead[1], behind[0] - ahead[0])


@pytest.mark.parametrize("seed", range(40))
def test_the_kerb_is_measured_where_it_is_nearest(seed: int) -> None:
    kerb = pack(PROBLEM).frame()[3]
    chance = np.random.default_rng(seed)
    x, y = kerb[chance.integers(len(kerb)), :2] + chance.normal(0, 6, 2)
    direction = nearest_direction(kerb, x, y)
    narrow = np.array([[-math.radians(0.5), math.radians(0.5)]])
    assert angle_kept(kerb, narrow, x, y, direction, 0.0)
    assert not angle_kept(kerb, narrow, x, y, direction + math.radians(4), 0.0)


def test_a_zone_is_worked_out_once_for_each_size_of_slot() -> None:
    frame = pack(PROBLEM).frame()
    moved = replace(PROBLEM, blocked=Point(28, 5).buffer(1))
    assert pack(moved).frame() is frame
    assert pack(replace(PROBLEM, slot_length_m=4.5)).frame() is not frame
    assert pack(replace(PROBLEM, mode="perpendicular")).frame() is not frame
