# SPDX-License-Identifier: AGPL-3.0-or-later
"""The measures, on answers whose scores can be counted by hand."""

from __future__ import annotations

import json
from html import escape

import cv2
import numpy as np
import pytest

from tests.workers.segmentation.tiny_network import write_tiny_network
from workers.segmentation import CarMask
from workers.training.__main__ import main
from workers.training.acpds import StallPhoto
from workers.training.dataset import find_images, write_labelled
from workers.training.evaluate import count_false_cars, match_greedily, score_cars, score_stalls


def box(x1: float, y1: float, x2: float, y2: float) -> np.ndarray:
    return np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]], float)


class Answers:
    """A Segmenter that says what the table says."""

    name = "answers"

    def __init__(self, *cars: tuple[float, np.ndarray]) -> None:
        self._cars = [CarMask(score, (ring,)) for score, ring in sorted(cars, key=lambda c: -c[0])]

    def segment(self, images):
        return [self._cars for _ in images]


@pytest.fixture
def two_cars(tmp_path):
    write_labelled(
        tmp_path, "a", np.zeros((480, 640, 3), np.uint8), [box(100, 100, 200, 150), box(300, 300, 400, 350)]
    )
    return find_images(tmp_path)


def test_cars_are_matched_one_to_one(two_cars):
    answers = Answers(
        (0.9, box(100, 100, 200, 150)),  # right
        (0.8, box(102, 100, 202, 150)),  # the same car again: wrong
        (0.6, box(300, 310, 400, 360)),  # IoU 0.67: right
        (0.3, box(500, 100, 600, 150)),  # nothing there
    )
    low, high = score_cars(answers, two_cars, (0.25, 0.7))
    assert (low.precision, low.recall) == (pytest.approx(2 / 4), 1.0)
    assert (high.precision, high.recall) == (pytest.approx(1 / 2), 0.5)
    assert low.mean_iou == pytest.approx((1 + 2 / 3) / 2, abs=0.02) and low.f1 == pytest.approx(2 / 3)


def test_a_found_car_takes_the_true_car_it_covers_best():
    def mask(x1: int, x2: int) -> np.ndarray:
        canvas = np.zeros((10, 40), bool)
        canvas[:, x1:x2] = True
        return canvas

    pairs = match_greedily([mask(2, 12)], [mask(0, 10), mask(3, 13)])
    assert pairs == {0: (1, pytest.approx(9 / 11))}


def test_fattened_cars_show_in_the_area(two_cars):
    (scores,) = score_cars(
        Answers((0.9, box(95, 95, 205, 155)), (0.9, box(295, 295, 405, 355))), two_cars, (0.5,)
    )
    assert scores.mean_area == pytest.approx(110 * 60 / (100 * 50), rel=0.02)


def test_nothing_found_and_nothing_there(two_cars):
    (scores,) = score_cars(Answers(), two_cars, (0.5,))
    assert (scores.precision, scores.recall, scores.f1) == (0, 0, 0)


def test_stalls(tmp_path):
    path = tmp_path / "p.png"
    cv2.imwrite(str(path), np.zeros((100, 400, 3), np.uint8))
    quads = np.stack([box(i * 100, 0, i * 100 + 100, 100) for i in range(4)]) / (400, 100)
    photo = StallPhoto(path, quads, np.array([True, True, False, False]))
    answers = Answers(
        (0.9, box(0, 0, 40, 100)),  # 40 % of an occupied stall
        (0.9, box(100, 0, 125, 100)),  # 25 %: not enough
        (0.5, box(200, 0, 235, 100)),  # 35 % of an empty one
    )
    low, high = score_stalls(answers, [photo], (0.4, 0.6))
    assert (low.accuracy, low.recall, low.false_occupied) == (0.5, 0.5, 0.5)
    assert (high.accuracy, high.recall, high.false_occupied) == (0.75, 0.5, 0.0)


def test_false_cars_are_counted_per_hundred_images(tmp_path):
    paths = []
    for i in range(4):
        paths.append(tmp_path / f"{i}.png")
        cv2.imwrite(str(paths[-1]), np.zeros((20, 20, 3), np.uint8))
    answers = Answers((0.9, box(0, 0, 5, 5)), (0.3, box(0, 0, 5, 5)))
    assert count_false_cars(answers, paths, (0.25, 0.5)) == [(0.25, 200.0), (0.5, 100.0)]


def test_the_command_measures_a_model(tmp_path, capsys):
    weights = write_tiny_network(tmp_path / "tiny.onnx")
    image = np.zeros((240, 320, 3), np.uint8)
    image[100:160, 40:140] = 255
    write_labelled(tmp_path / "set", "a", image, [box(40, 100, 140, 160)])
    write_labelled(tmp_path / "set", "b", image, [box(40, 100, 140, 160)])
    (tmp_path / "split.json").write_text(json.dumps({"test": ["elsewhere/b.jpg"]}))
    out = tmp_path / "report.json"
    arguments = ["evaluate", "--cars", str(tmp_path / "set"), "--split", f"{tmp_path / 'split.json'}:test"]
    assert main([*arguments, "--weights", str(weights), "-o", str(out)]) == 0
    assert "cars, 1 images of set" in capsys.readouterr().out
    document = json.loads(out.read_text())
    rows = document["tables"]["cars, 1 images of set"]
    found = {row["threshold"]: (row["precision"], row["recall"]) for row in rows}
    assert found[0.45] == (1.0, 1.0) and found[0.72][1] == 0.0  # its only car is as large as the picture
    page = out.with_suffix(".html").read_text(encoding="utf-8")
    assert all(escape(title) in page for title in document["tables"]) and "<svg" in page


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["evaluate", "--weights", "nowhere.onnx"], "nowhere.onnx"),
        (["export", "nowhere.pt", "-o", "out.onnx"], "nowhere.pt"),
        (["fit", "--data", "nowhere", "--weights", "nowhere.pt", "-o", "{tmp}"], "no images in nowhere"),
    ],
)
def test_what_is_missing_is_named(tmp_path, capsys, arguments, told):
    assert main([a.replace("{tmp}", str(tmp_path)) for a in arguments]) == 2
    said = capsys.readouterr().err
    assert told in said and "Traceback" not in said
