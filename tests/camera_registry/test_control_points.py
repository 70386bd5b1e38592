# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calibration from control points: recovery, lens, leave-one-out, and sets that are refused by name."""

from __future__ import annotations

import json

import numpy as np
import pytest

from camera_registry.calibrate import main
from camera_registry.calibration import Calibration
from camera_registry.control_points import CalibrationError, ControlPoint, calibrate, read_control_points
from camera_registry.mercator import xy_3857_to_lonlat
from tests.camera_registry.cameras import SIZE, camera

#: Spread over the street side of the image, as a surveyor would choose them.
PIXELS = [
    (200, 700), (560, 980), (960, 620), (1330, 1000), (1750, 730), (700, 560), (1250, 540), (980, 820), (400, 850),
]  # fmt: skip


def points_of(calibration, pixels=PIXELS, noise_px=0.0):
    rng = np.random.default_rng(5)
    lonlat = xy_3857_to_lonlat(calibration.px_to_3857(pixels))
    picked = np.asarray(pixels) + rng.normal(0, noise_px, (len(pixels), 2)) if noise_px else pixels
    return [
        ControlPoint(f"P{i}", (float(u), float(v)), (float(lon), float(lat)))
        for i, ((u, v), (lon, lat)) in enumerate(zip(picked, lonlat, strict=True))
    ]


def ground_error_m(ours, truth, pixels):
    frame = truth.frame
    return np.linalg.norm(
        frame.to_metres(ours.px_to_3857(pixels)) - frame.to_metres(truth.px_to_3857(pixels)), axis=1
    )


def test_exact_points_give_the_camera_back():
    truth = camera(k=0.0)
    report = calibrate(points_of(truth), SIZE, name="north")
    assert report.rmse_m < 1e-6
    np.testing.assert_allclose(
        report.calibration.homography.parameters, truth.homography.parameters, rtol=1e-6
    )
    assert report.calibration.lens is None
    assert report.calibration.pose.height_m == pytest.approx(35.0, abs=0.01)


def test_lens_term_is_found_when_it_is_there():
    truth = camera(k=-0.2)
    without = calibrate(points_of(truth), SIZE, lens=None)
    report = calibrate(points_of(truth), SIZE)
    assert report.calibration.lens.k == pytest.approx(-0.2, abs=0.005)
    assert report.leave_one_out_rmse_m < 0.1 * without.leave_one_out_rmse_m


def test_one_pixel_of_noise_stays_small_on_the_ground():
    truth = camera(k=-0.2)
    report = calibrate(points_of(truth, noise_px=1.0), SIZE)
    assert ground_error_m(report.calibration, truth, [(960, 700), (600, 800), (1300, 850)]).max() < 0.35


@pytest.mark.parametrize("which", [0, 1, 2, 4, 6, 7])
def test_leave_one_out_finds_the_bad_click(which):
    points = points_of(camera(k=0.0))
    u, v = points[which].px
    points[which] = ControlPoint("bad", (u + 25, v), points[which].lonlat)
    report = calibrate(points, SIZE, lens=None)
    assert report.points[int(np.argmax(report.leave_one_out_m))].name == "bad"


def test_four_points_prove_nothing():
    report = calibrate(points_of(camera(k=0.0), [(200, 700), (560, 980), (1330, 1000), (1750, 730)]), SIZE)
    assert report.rmse_m < 1e-6
    assert np.isnan(report.leave_one_out_m).all()
    assert report.to_json()["leave_one_out_rmse_m"] is None


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        ([(200, 700), (560, 980), (1330, 1000)], "3 control points .P0, P1, P2."),
        ([(200, 700), (560, 980), (1330, 1000), (200, 700)], "P0 and P3 are the same"),
        ([(200, 700), (600, 700), (1000, 700), (1330, 1000)], "P0, P1, P2 lie in a line"),
        ([(200, 700), (600, 700), (1000, 700), (1500, 700), (1800, 700)], "lie in a line"),
        ([(2200, 700), (560, 980), (1330, 1000), (1750, 730)], "P0 at pixel .* outside"),
    ],
)
def test_degenerate_sets_are_refused_by_name(pixels, message):
    with pytest.raises(CalibrationError, match=message):
        calibrate(points_of(camera(k=0.0), pixels), SIZE)


def test_pixels_counted_from_the_bottom_are_mirrored():
    points = [
        ControlPoint(p.name, (p.px[0], SIZE[1] - p.px[1]), p.lonlat)
        for p in points_of(camera(k=0.0), PIXELS[:5])
    ]
    with pytest.raises(CalibrationError, match=r"mirrored|horizon"):
        calibrate(points, SIZE, lens=None)


def test_swapped_coordinates_are_named():
    points = [ControlPoint(p.name, p.px, (p.lonlat[1], p.lonlat[0] + 60)) for p in points_of(camera())]
    with pytest.raises(CalibrationError, match="longitude first"):
        calibrate(points, SIZE)


def write_csv(path, points, header="name,px_x,px_y,lon,lat"):
    rows = [f"{p.name},{p.px[0]},{p.px[1]},{p.lonlat[0]!r},{p.lonlat[1]!r}" for p in points]
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def test_command_writes_what_the_pipeline_reads(tmp_path, capsys):
    truth = camera()
    write_csv(tmp_path / "points.csv", points_of(truth))
    status = main(
        [str(tmp_path / "points.csv"), "-o", str(tmp_path / "cal.json"), "--image-size", "1920x1080"]
    )
    assert status == 0
    data = json.loads((tmp_path / "cal.json").read_text())
    assert len(data["parameters"]) == 8 and data["srid"] == 3857
    assert {"residual_m", "leave_one_out_m"} <= set(data["points"][0])
    assert ground_error_m(Calibration.from_json(data), truth, [(960, 700)]).max() < 0.02
    said = capsys.readouterr().out
    assert "RMSE" in said and "does not agree" not in said


def test_command_takes_things_of_known_height(tmp_path, capsys):
    """Posts of 4 m, whose tops are seen where the ground behind them is."""
    truth = camera()
    write_csv(tmp_path / "points.csv", points_of(truth))
    feet = truth.frame.to_metres(truth.px_to_3857([(500, 900), (1400, 850)]))
    tops = truth.xy_3857_to_px(truth.frame.to_3857(feet * 35.0 / 31.0))
    rows = [f"post,{500 + 900 * i},{900 - 50 * i},{x},{y},4" for i, (x, y) in enumerate(tops)]
    heights = tmp_path / "heights.csv"
    heights.write_text("\n".join(["name,foot_x,foot_y,top_x,top_y,height_m", *rows]))
    command = [str(tmp_path / "points.csv"), "-o", str(tmp_path / "cal.json"), "--heights", str(heights)]
    assert main(command) == 0
    data = json.loads((tmp_path / "cal.json").read_text())
    assert data["pose"]["height_m"] == pytest.approx(35.0, abs=0.05)
    assert [mark["height_m"] for mark in data["heights"]] == [4.0, 4.0]
    heights.write_text("name,foot_x,foot_y,top_x,top_y,height_m\nlamp,1,2,3,4,high")
    assert main(command) == 2
    assert "line 2: foot_x, foot_y, top_x, top_y, height_m must be numbers" in capsys.readouterr().err


def test_command_names_the_bad_click(tmp_path, capsys):
    points = points_of(camera(), noise_px=1.0)
    (u, v), lonlat = points[3].px, points[3].lonlat
    points[3] = ControlPoint("bad", (u + 30, v), lonlat)
    write_csv(tmp_path / "points.csv", points)
    assert main([str(tmp_path / "points.csv"), "-o", str(tmp_path / "cal.json")]) == 0
    assert "point bad does not agree with the others" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,px_x,px_y,lon\nA,1,2,3\n", "column lat missing"),
        ("name,px_x,px_y,lon,lat\nA,1,x,3,4\n", "line 2: px_y is 'x'"),
        ("name,px_x,px_y,lon,lat\n", "0 control points"),
    ],
)
def test_command_names_line_and_column(tmp_path, capsys, text, message):
    (tmp_path / "points.csv").write_text(text, encoding="utf-8")
    assert main([str(tmp_path / "points.csv"), "-o", str(tmp_path / "cal.json")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "cal.json").exists()


def test_a_byte_order_mark_is_no_trouble(tmp_path):
    write_csv(tmp_path / "points.csv", points_of(camera()), header="\ufeffname,px_x,px_y,lon,lat")
    assert len(read_control_points(tmp_path / "points.csv")) == len(PIXELS)
