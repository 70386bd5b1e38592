# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from shapely import Polygon

from apps.demo.dataset import generate, joined_ring, write_frame
from apps.demo.render import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = tmp_path_factory.mktemp("renders")
    status = main(
        ["--frames", "2", "-o", str(target), "--labels", "yolo", "--vary", "--seed", "6", "--size", "480x270"]
    )
    assert status == 0
    return target


def test_every_image_has_its_label_and_truth(folder):
    names = [{p.stem for p in (folder / sub).iterdir()} for sub in ("images", "labels", "truth")]
    assert names[0] == names[1] == names[2] and len(names[0]) == 2


def test_labels_are_yolo_segments_that_cover_the_cars(folder):
    for path in (folder / "labels").iterdir():
        truth = json.loads((folder / "truth" / f"{path.stem}.json").read_text())
        rows = [line.split() for line in path.read_text().splitlines()]
        assert rows
        area = 0.0
        for row in rows:
            values = np.array(row[1:], float)
            assert row[0] == "0" and len(values) % 2 == 0 and len(values) >= 6
            assert values.min() >= 0.0 and values.max() <= 1.0
            area += Polygon(values.reshape(-1, 2) * (480, 270)).area
        pixels = sum(c["visible_px"] for c in truth["cars"])
        assert area == pytest.approx(pixels, rel=0.15)


def test_truth_names_the_light_and_the_calibration(folder):
    truth = json.loads(next((folder / "truth").iterdir()).read_text())
    assert truth["light"] in ("day", "dusk", "overcast")
    assert truth["calibration"]["image_size"] == [480, 270]
    assert len(truth["free_m"]) == 5


def test_the_same_seed_writes_the_same_files(folder, tmp_path):
    for rendered in generate(1, seed=6, vary=True, size=(480, 270)):
        path = write_frame(rendered, tmp_path, labels=True)
    assert path.read_bytes() == (folder / "images" / path.name).read_bytes()
    assert cv2.imread(str(path)).shape == (270, 480, 3)


def test_scenes_differ_from_each_other():
    views = {r.camera.name: r.camera for r in generate(4, seed=6, vary=True, size=(160, 90))}
    assert len(views) == 2
    assert len({(v.height_m, v.yaw_deg) for v in views.values()}) == 2


@pytest.mark.parametrize("arguments", [["--size", "big"], ["--camera", "nobody"], ["--light", "moon"]])
def test_bad_options_are_refused_in_words(arguments, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--frames", "1", "-o", str(tmp_path), *arguments])
    assert stopped.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_pieces_of_one_car_become_one_ring_of_their_joint_area():
    pieces = (np.array([[0, 0], [4, 0], [4, 4], [0, 4.0]]), np.array([[6, 0], [8, 0], [8, 2], [6, 2.0]]))
    ring = joined_ring(pieces)
    x, y = ring.T
    assert abs(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2 == pytest.approx(20.0)


def test_hard_scenes_are_dark_then_emptier_then_empty():
    plain = list(generate(3, seed=6, vary=True, size=(160, 90)))
    hard = list(generate(3, seed=6, vary=True, size=(160, 90), hard=True))
    many, few, none = (len(r.truth.cars) for r in hard)
    assert many == len(plain[0].truth.cars) > few > none == 0
    assert hard[0].camera == plain[0].camera and hard[0].frame.image.mean() != plain[0].frame.image.mean()
