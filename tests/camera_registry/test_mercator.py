# SPDX-License-Identifier: AGPL-3.0-or-later
"""EPSG:3857, WGS 84 and true metres, against PROJ and geodesics."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely

from camera_registry.mercator import LocalFrame, lonlat_to_3857, true_metres_per_unit, xy_3857_to_lonlat

KAYSERI, OSLO, EQUATOR, SANTIAGO = (35.49, 38.73), (10.75, 59.91), (-0.1, 0.0), (-70.65, -33.45)
PLACES = [KAYSERI, OSLO, EQUATOR, SANTIAGO]


@pytest.mark.parametrize("lonlat", PLACES)
def test_agrees_with_proj_and_comes_back(lonlat):
    expected = pyproj.Transformer.from_crs(4326, 3857, always_xy=True).transform(*lonlat)
    ours = lonlat_to_3857([lonlat])
    np.testing.assert_allclose(ours[0], expected, atol=1e-6)
    np.testing.assert_allclose(xy_3857_to_lonlat(ours)[0], lonlat, atol=1e-12)


@pytest.mark.parametrize("lonlat", PLACES)
@pytest.mark.parametrize("offset_m", [(100.0, 0.0), (0.0, 100.0), (-60.0, -80.0)])
def test_local_metres_are_geodesic_metres(lonlat, offset_m):
    frame = LocalFrame(tuple(lonlat_to_3857([lonlat])[0]))
    there = xy_3857_to_lonlat(frame.to_3857([offset_m]))[0]
    distance = pyproj.Geod(ellps="WGS84").inv(*lonlat, *there)[2]
    assert distance == pytest.approx(100.0, abs=0.002)


def test_the_unit_is_not_a_metre():
    y = lonlat_to_3857([KAYSERI])[0, 1]
    assert 1 / true_metres_per_unit(y) == pytest.approx(1.282, abs=0.003)


def test_geometries_go_there_and_back():
    frame = LocalFrame(tuple(lonlat_to_3857([KAYSERI])[0]))
    slot_m = shapely.box(0, 0, 5.0, 2.3)
    slot_3857 = frame.geometry_to_3857(slot_m)
    assert slot_3857.area == pytest.approx(slot_m.area / true_metres_per_unit(frame.origin_3857[1]) ** 2)
    assert frame.geometry_to_metres(slot_3857).equals_exact(slot_m, 1e-8)


@pytest.mark.parametrize("bad", [(200.0, 38.0), (35.0, 89.0), (float("nan"), 38.0)])
def test_refuses_what_is_no_place(bad):
    with pytest.raises(ValueError, match="longitude first"):
        lonlat_to_3857([bad])
