# SPDX-License-Identifier: AGPL-3.0-or-later
"""Set operations that never raise, whatever masks and frames did to the polygons."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_registry.mercator import LocalFrame
from camera_registry.overlay import difference, intersection, polygonal, union

HERE = LocalFrame((3_950_728.0, 4_683_069.0))


def test_polygonal_mends_bow_ties_and_drops_lines():
    bow_tie = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    assert polygonal(bow_tie).area == pytest.approx(2.0)
    mixed = shapely.GeometryCollection([shapely.box(0, 0, 1, 1), shapely.LineString([(5, 5), (6, 6)])])
    assert polygonal(mixed).equals(shapely.box(0, 0, 1, 1))
    assert polygonal(shapely.box(0, 0, 0.1, 0.1), speck=0.05).is_empty


def test_operations_are_the_plain_ones_on_plain_input():
    a, b = shapely.box(0, 0, 4, 2), shapely.box(1, 1, 6, 3)
    assert union([a, b]).area == pytest.approx(15.0)
    assert intersection(a, b).equals(shapely.box(1, 1, 4, 2))
    assert difference(a, b).area == pytest.approx(5.0)
    assert difference(a, a).is_empty and union([]).is_empty
    assert difference(a, shapely.Polygon()).equals(a)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_wild_rings_moved_between_frames_never_raise(seed):
    rng = np.random.default_rng(seed)
    wild = [shapely.Polygon(rng.uniform(-6, 6, (rng.integers(4, 40), 2))) for _ in range(3)]
    moved = [HERE.geometry_to_3857(polygonal(ring)) for ring in wild]
    whole = union(moved)
    left = difference(whole, moved[0])
    common = intersection(whole, moved[0])
    assert left.is_valid and common.is_valid
    assert left.area + common.area == pytest.approx(whole.area, abs=0.2)
