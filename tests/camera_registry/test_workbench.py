# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the calibrating page is told: sets that are refused by name, checks, hints, and drawings that lie where they should."""

from __future__ import annotations

import base64
import json

import cv2
import numpy as np
import pytest
import shapely

from camera_registry.calibration_drawing import error_map, horizon_px, warped
from camera_registry.control_points import CalibrationError
from camera_registry.draft import read_draft
from camera_registry.ground_outlines import Outline
from camera_registry.mercator import xy_3857_to_lonlat
from camera_registry.workbench import fit, saved_points, solve, warp
from tests.camera_registry.cameras import SIZE, camera

TRUTH = camera(k=-0.2)
SPREAD = [
    (180, 620), (650, 560), (1200, 570), (1760, 640), (140, 990), (700, 1010), (1250, 1000), (1790, 1000), (960, 780),
]  # fmt: skip


def draft(pixels=SPREAD, truth=TRUTH, noise_px=0.0, **changes):
    """What the page sends after a careful person's clicks."""
    rng = np.random.default_rng(2)
    lonlat = xy_3857_to_lonlat(truth.px_to_3857(np.array(pixels, float).reshape(-1, 2)))
    picked = np.array(pixels, float).reshape(-1, 2) + rng.normal(0, noise_px or 1e-9, (len(pixels), 2))
    points = [
        {"id": f"p{i}", "name": f"P{i}", "px": px, "lonlat": place, "kept": True}
        for i, (px, place) in enumerate(zip(picked.tolist(), np.asarray(lonlat).tolist(), strict=True))
    ]
    return {"image_size": list(SIZE), "points": points, "lens": "auto"} | changes


def answer(data, zones=(), max_range_m=120.0):
    """Through JSON, as the page gets it."""
    found = solve(read_draft(json.loads(json.dumps(data))), zones, max_range_m)
    return json.loads(json.dumps(found, allow_nan=False))


def zone(name, west, south, east, north, truth=TRUTH):
    return Outline(name, truth.frame.geometry_to_3857(shapely.box(west, south, east, north)))


def test_everything_is_told_of_a_good_set():
    zones = [zone("Main Street", 20, -5, 50, 0), zone("Behind", -60, -5, -30, 0)]
    found = answer(draft(noise_px=1.0), zones)
    assert found["state"] == "fitted"
    assert found["rmse_m"] < found["leave_one_out_rmse_m"] < 0.3
    assert 0.3 < found["rmse_px"] < 1.5
    assert found["lens_k"] == pytest.approx(-0.2, abs=0.02)
    assert found["pose"]["height_m"] == pytest.approx(35, abs=5 * found["pose"]["height_sigma_m"])
    assert [z["name"] for z in found["zones"]] == ["Main Street"]
    assert found["zones"][0]["seen_share"] > 0.8
    assert 0 < found["zones"][0]["worst_sigma_m"] < 0.5
    # The zone on the frame lies where the true camera sees it.
    ring = np.array(found["zones"][0]["px"][0])
    corner = TRUTH.xy_3857_to_px(TRUTH.frame.to_3857([[50.0, -5.0]]))[0]
    assert np.linalg.norm(ring - corner, axis=1).min() < 4
    picture = cv2.imdecode(
        np.frombuffer(base64.b64decode(found["errors"]["picture"].split(",")[1]), np.uint8), cv2.IMREAD_UNCHANGED
    )  # fmt: skip
    assert picture.shape[2] == 4


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_points_are_no_mistake_yet(count):
    found = answer(draft(SPREAD[:count]))
    assert found["state"] == "waiting"
    assert found["message"].startswith({0: "4 more", 1: "3 more", 3: "One more"}[count])


@pytest.mark.parametrize(
    ("pixels", "words", "named"),
    [
        ([(200, 700), (600, 700), (1000, 700), (1330, 1000)], "P0, P1, P2 lie in a line", ["p0", "p1", "p2"]),
        ([(200, 700), (560, 980), (1330, 1000), (200, 700)], "P0 and P3 are the same pixel", ["p0", "p3"]),
        ([(900, 700), (950, 705), (910, 760), (955, 750), (930, 720)], "P0, P1, P2, P3, P4 are bunched", ["p0", "p1", "p2", "p3", "p4"]),
        ([(2200, 700), (560, 980), (1330, 1000), (1750, 730)], "P0 at pixel", ["p0"]),
    ],
)  # fmt: skip
def test_degenerate_sets_are_refused_and_their_points_named(pixels, words, named):
    found = answer(draft(pixels, camera(k=0.0)))
    assert found["state"] == "refused"
    assert words in found["message"]
    assert found["named"] == named


def test_a_place_with_swapped_coordinates_is_named():
    data = draft(noise_px=1.0)
    data["points"][4]["lonlat"].reverse()
    found = answer(data)
    assert found["named"] == ["p4"]
    assert "longitude comes first" in found["message"]


def test_mirrored_points_are_refused():
    data = draft(SPREAD[:8], camera(k=0.0), lens=None)
    for point in data["points"]:
        point["px"][0] = SIZE[0] - point["px"][0]
    found = answer(data)
    assert "mirrored" in found["message"]
    assert len(found["named"]) == 8


def test_a_horizon_through_a_zone_is_refused_and_names_zone_and_points():
    """One mistaken point of four can put the camera's own plane across a zone that holds points."""
    ground = np.array([(0, 0), (10, 0), (10, 10), (0, 10)], float)
    px = [(100, 1000), (1800, 1000), (1000, 300), (900, 300)]
    truth = camera(k=0.0)
    lonlat = np.asarray(xy_3857_to_lonlat(truth.frame.to_3857(ground))).tolist()
    points = [
        {"id": f"p{i}", "name": f"P{i}", "px": list(p), "lonlat": place}
        for i, (p, place) in enumerate(zip(px, lonlat, strict=True))
    ]
    zones = [zone("Main Street", -12, -14, 12, 12, truth)]
    data = {"image_size": list(SIZE), "points": points, "lens": None}
    assert answer(data)["state"] == "fitted"
    found = answer(data, zones)
    assert found["state"] == "refused"
    assert "runs through the zone Main Street" in found["message"]
    assert set(found["named"]) <= {"p0", "p1", "p2", "p3"} and found["named"]


def test_a_zone_that_goes_on_behind_a_real_camera_is_no_mistake():
    assert answer(draft(), [zone("Long Street", -80, -6, 60, 6)])["state"] == "fitted"


def test_the_bad_click_is_marked_and_said():
    data = draft(noise_px=1.0)
    data["points"][2]["px"][0] += 25
    found = answer(data)
    assert [p["id"] for p in found["points"] if p["suspect"]] == ["p2"]
    assert found["notes"][0].startswith("Point P2 does not agree")
    data["points"][2]["kept"] = False
    found = answer(data)
    assert not any(p["suspect"] for p in found["points"])
    dropped = found["points"][2]
    assert dropped["leave_one_out_m"] is None
    assert 15 < dropped["residual_px"] < 35  # checked all the same


def test_a_missing_half_is_expected_where_it_is():
    data = draft()
    data["points"][8]["lonlat"] = None
    data["points"][7]["px"] = None
    found = {row["id"]: row for row in answer(data)["expected"]}
    np.testing.assert_allclose(found["p8"]["lonlat"], draft()["points"][8]["lonlat"], atol=2e-6)
    np.testing.assert_allclose(found["p7"]["px"], SPREAD[7], atol=2)


def test_an_entered_place_and_field_of_view_are_used():
    lon, lat = np.asarray(xy_3857_to_lonlat([TRUTH.pose.ground_3857]))[0]
    entered = answer(draft(noise_px=1.0, place=[lon, lat, 33.0]))["pose"]
    assert (entered["height_m"], entered["height_sigma_m"]) == (33.0, None)
    wide = answer(draft(noise_px=1.0, fov_deg=90.0))["pose"]
    assert wide["fov_deg"] == pytest.approx(90.0)
    assert answer(draft(fov_deg=200.0))["state"] == "refused"


@pytest.mark.parametrize(
    "change",
    [
        {"points": None}, {"points": [{"id": "a"}]}, {"image_size": [1]}, {"image_size": [1920, 10**9]}, {"lens": "fish"},
        {"points": [{"id": "a", "name": "a", "px": [1, float("nan")]}]}, {"points": [{}] * 500}, {"place": [1, 2]},
    ],
)  # fmt: skip
def test_nonsense_is_a_value_error(change):
    with pytest.raises(ValueError):
        read_draft(draft() | change)


def test_saved_points_can_be_begun_from_again():
    data = draft(noise_px=1.0)
    data["points"][3]["kept"] = False
    sent = read_draft(data)
    rows = saved_points(sent, fit(sent))
    assert [row["kept"] for row in rows].count(False) == 1
    assert rows[0]["px"] == list(sent.points[0].px)
    again = read_draft(data | {"points": [row | {"id": str(i)} for i, row in enumerate(rows)]})
    assert fit(again).calibration == fit(sent).calibration


class TestDrawing:
    def test_the_horizon_is_where_the_ground_ends(self):
        truth = camera(k=-0.15, pitch_deg=12.0)
        (line,) = horizon_px(truth)
        line = np.array(line)
        down = np.array([0, 4])
        below, above = truth.px_to_3857(line + down), truth.px_to_3857(line - down)
        assert not np.isnan(below).any()
        assert np.isnan(above).all()

    def test_a_camera_that_looks_down_has_none(self):
        assert horizon_px(camera(pitch_deg=70.0)) == []

    def test_lines_of_equal_error_lie_at_that_error(self):
        report = fit(read_draft(draft(noise_px=1.0)))
        view = report.calibration.view_3857(120.0)
        errors = error_map(report.adjustment, report.calibration, view)
        lines = errors.lines_px(0.1)
        assert lines
        sigma = report.adjustment.ground_sigma_m(np.concatenate([np.array(line) for line in lines]))
        assert np.median(np.abs(np.log(sigma / 0.1))) < 0.1

    def test_the_frame_lies_on_the_map_where_it_was_seen(self):
        """A white spot in the picture comes out at its place."""
        picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
        cv2.circle(picture, (960, 780), 14, (255, 255, 255), -1)
        laid = warped(TRUTH, picture, TRUTH.view_3857(120.0))
        image = cv2.imdecode(np.frombuffer(laid.image, np.uint8), cv2.IMREAD_UNCHANGED)
        rows, columns = np.nonzero(image[..., 0] > 128)
        west, south, east, north = laid.bounds
        lon = west + (columns.mean() + 0.5) / image.shape[1] * (east - west)
        lat = north - (rows.mean() + 0.5) / image.shape[0] * (north - south)
        place = xy_3857_to_lonlat(TRUTH.px_to_3857([(960.5, 780.5)]))[0]
        np.testing.assert_allclose((lon, lat), place, atol=3e-6)
        assert image[0, 0, 3] == 0 or image[-1, 0, 3] == 0  # clear where nothing is believed

    def test_what_cannot_be_calibrated_cannot_be_laid(self):
        with pytest.raises(CalibrationError):
            warp(read_draft(draft(SPREAD[:3])), (), 120.0, None)


def height(name="H1", foot=(700, 1010), top=(690, 930), metres=4.0, **changes):
    return {"id": name.lower(), "name": name, "foot_px": foot, "top_px": top, "height_m": metres} | changes


def test_heights_that_cannot_be_leave_the_ground_as_it_was():
    plain = answer(draft())
    found = answer(draft(heights=[height(metres=0.0)]))
    assert found["state"] == "fitted" and found["rmse_m"] == plain["rmse_m"]
    assert found["heights"]["message"] == "H1 cannot be 0 m high: give the metres from its foot to its top."
    assert (found["heights"]["refused"], found["heights"]["named"]) == (True, ["h1"])
    with pytest.raises(CalibrationError, match="H1 cannot be"):  # and nothing of it is saved by mistake
        fit(read_draft(draft(heights=[height(metres=0.0)])))


@pytest.mark.parametrize(
    ("changes", "heights", "words"),
    [
        ({}, [], ""),
        ({}, [height(top=None)], "Mark foot and top"),
        ({}, [height(metres=None)], "Mark foot and top"),
        ({}, [height(kept=False)], "Mark foot and top"),
        ({"place": [35.49, 38.73, 35.0]}, [height()], "were entered; these heights are not used"),
    ],
)
def test_half_done_heights_wait_and_a_measured_place_needs_none(changes, heights, words):
    found = answer(draft(heights=heights, **changes))
    assert (found["heights"]["refused"], found["heights"]["marks"]) == (False, [])
    assert words in found["heights"]["message"]


def test_saved_heights_stand_among_the_points_with_how_far_they_are_off():
    given = read_draft(draft(heights=[height(), height("H2", kept=False), height("H3", top=None)]))
    rows = saved_points(given, fit(given))
    assert [row["name"] for row in rows if "height_m" in row] == ["H1", "H2"]
    assert rows[len(SPREAD)]["off_px"] >= 0 and rows[-1]["off_px"] is None
    assert all("height_m" not in row for row in rows[: len(SPREAD)])


@pytest.mark.parametrize(
    "bad", ["many", [height()] * 31, [{"id": "h"}], [height(metres="x")], [height(foot=[1])]]
)
def test_heights_that_are_none_are_refused(bad):
    with pytest.raises(ValueError):
        read_draft(draft(heights=bad))
