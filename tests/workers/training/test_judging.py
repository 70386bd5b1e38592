# SPDX-License-Identifier: AGPL-3.0-or-later
"""Table 1, cars, stalls and spaces on scenes whose scores can be counted by hand."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import shapely

from tests.workers.segmentation.tiny_network import write_tiny_network
from tests.workers.training.test_stall_pose import SIZE, car_park, photographed
from workers.segmentation import CarMask
from workers.training.__main__ import main
from workers.training.acpds import StallPhoto
from workers.training.counts import Counts, summarise, table_one
from workers.training.dataset import LabelledImage, find_images, write_labelled
from workers.training.evaluation import Remembered
from workers.training.judge_cars import best_threshold, car_splits, look_at_cars, reliability
from workers.training.judge_spaces import find_rows, judge_spaces
from workers.training.judge_stalls import count_stalls, judge_stalls, stalls_on_ground
from workers.training.stall_pose import calibrate_photo


def box(x1: float, y1: float, x2: float, y2: float) -> np.ndarray:
    return np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]], float)


# -- counts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "precision", "recall", "accuracy", "without"),
    [
        pytest.param(Counts(6, 2, 2, 10), 0.75, 0.75, 0.8, 0.6, id="all four kinds"),
        pytest.param(Counts(3, 1, 0), 0.75, 1.0, None, 0.75, id="cars have no true negatives"),
        pytest.param(Counts(0, 0, 0, 4), 1.0, 1.0, 1.0, 1.0, id="nothing there, nothing found"),
        pytest.param(Counts(0, 2, 0, 2), 0.0, 1.0, 0.5, 0.0, id="nothing there, two found"),
    ],
)
def test_measures_of_one_image(counts, precision, recall, accuracy, without):
    assert (counts.precision, counts.recall, counts.accuracy) == (precision, recall, accuracy)
    assert counts.accuracy_without_tn == without


def test_table_one_is_over_images_not_over_cars():
    rows = {r.measure: r for r in table_one([Counts(1, 0, 0, 1), Counts(30, 10, 0, 0)])}
    precision = rows["precision"]
    assert precision.mean == pytest.approx((1 + 0.75) / 2) != 31 / 41
    assert (precision.least, precision.most, precision.images) == (0.75, 1.0, 2)
    assert precision.deviation == pytest.approx(np.std([1, 0.75], ddof=1))
    assert 0.75 <= precision.low < precision.mean < precision.high <= 1.0
    assert [r.measure for r in table_one([Counts(1, 1, 1)])] == ["precision", "recall", "accuracy without TN"]


def test_the_interval_is_that_of_the_mean():
    values = np.random.default_rng(2).normal(0.8, 0.1, 400).tolist()
    summary = summarise("recall", values)
    assert summary.high - summary.low == pytest.approx(2 * 1.96 * 0.1 / 20, rel=0.15)
    assert summarise("recall", values) == summary, "the same figures give the same interval"
    with pytest.raises(ValueError, match="no image"):
        summarise("recall", [])


# -- cars ------------------------------------------------------------------------------------------------------------


class Answers:
    """A Segmenter that says what the table says, and counts how often it was asked."""

    name = "answers"

    def __init__(self, *cars: tuple[float, np.ndarray]) -> None:
        self.cars = [CarMask(score, (ring,)) for score, ring in cars]
        self.asked = 0

    def segment(self, images):
        self.asked += len(images)
        return [self.cars for _ in images]


@pytest.fixture
def labelled(tmp_path) -> list[LabelledImage]:
    rings = [box(100, 100, 200, 150), box(202, 100, 300, 150), box(600, 300, 620, 312)]
    write_labelled(tmp_path, "a", np.full((480, 640, 3), 30, np.uint8), rings)
    return find_images(tmp_path)


def test_cars_by_image_by_kind_and_by_score(labelled):
    answers = Answers(
        (0.9, box(100, 100, 200, 150)), (0.65, box(202, 100, 300, 150)), (0.55, box(10, 10, 80, 50))
    )
    (image,) = look_at_cars(answers, labelled)
    assert image.counts(0.5) == Counts(2, 1, 1) and image.counts(0.72) == Counts(1, 0, 2)
    assert best_threshold([image], (0.5, 0.6, 0.72)) == 0.6
    rows = {row["cars"]: (row["true"], row["recall"]) for row in car_splits([image], 0.6)}
    assert rows["touching another"] == (2, 1.0) and rows["apart"] == (1, 0.0)
    assert rows["20-40 px"] == (1, 0.0) and rows["by night"] == (3, pytest.approx(2 / 3))
    assert [(round(b.low, 1), b.count, b.right) for b in reliability([image])] == [
        (0.5, 1, 0.0), (0.6, 1, 1.0), (0.9, 1, 1.0),
    ]  # fmt: skip


def test_pairs_are_the_best_for_all_not_for_the_first(tmp_path):
    write_labelled(
        tmp_path, "a", np.zeros((480, 640, 3), np.uint8), [box(100, 100, 200, 150), box(140, 100, 240, 150)]
    )
    found = Answers((0.9, box(115, 100, 215, 150)), (0.8, box(85, 100, 185, 150)))
    (image,) = look_at_cars(found, find_images(tmp_path))
    assert image.counts(0.5) == Counts(2, 0, 0)


def test_an_image_is_looked_at_once():
    answers = Answers()
    twice = Remembered(answers)
    image = np.zeros((4, 4, 3), np.uint8)
    twice.segment([image, image.copy(), image + 1])
    twice.segment([image])
    assert answers.asked == 2


# -- stalls and spaces -----------------------------------------------------------------------------------------------


def shadow_px(calibration, stall: shapely.Geometry, height_m: float = 1.45) -> np.ndarray:
    """What a box of a car that stands in the middle of a stall looks like, in pixels."""
    rectangle = shapely.affinity.scale(stall, 0.72, 0.88)
    grow = calibration.pose.height_m / (calibration.pose.height_m - np.array([0.0, 0.9, height_m]))
    shares = (0.7, 1.0, 0.55)
    parts = [
        shapely.affinity.scale(
            shapely.affinity.scale(rectangle, 1.0 if s == 1.0 else 0.85, s), g, g, origin=(0, 0)
        )
        for g, s in zip(grow, shares, strict=True)
    ]
    hull = shapely.segmentize(shapely.union_all(parts).convex_hull.exterior, 0.2)
    return calibration.xy_3857_to_px(calibration.frame.to_3857(shapely.get_coordinates(hull)[:-1]))


@pytest.fixture(scope="module")
def scene():
    """Two rows of eight stalls before a camera 8.5 m up, cars in six of them, seen perfectly."""
    quads = photographed(car_park(0.0), 8.5, 45.0, 0.0)
    occupied = np.zeros(16, bool)
    occupied[[1, 2, 3, 6, 9, 12]] = True
    photo = StallPhoto(Path("p.jpg"), quads / SIZE, occupied)
    _, calibration = calibrate_photo(photo, SIZE)
    stalls = stalls_on_ground(photo, SIZE, calibration)
    cars = [CarMask(0.9, (shadow_px(calibration, stalls[i]),)) for i in np.flatnonzero(occupied)]
    return photo, calibration, stalls, cars


def test_footprints_free_the_stall_behind_a_car(scene):
    photo, calibration, _, cars = scene
    judged = judge_stalls(photo, SIZE, cars, calibration)
    assert count_stalls(judged) == Counts(6, 0, 0, 10)
    assert all(s.hidden_share is not None and s.distance_m is not None for s in judged)
    assert all(s.score == pytest.approx(0.9) for s in judged if s.occupied)


def test_without_a_pose_raw_masks_decide(scene):
    photo, _, _, cars = scene
    judged = judge_stalls(photo, SIZE, cars, None)
    assert count_stalls(judged) == count_stalls(judged, raw=True)
    assert all(s.claim is None and s.distance_m is None for s in judged)
    assert count_stalls(judge_stalls(photo, SIZE, [], None)) == Counts(0, 0, 6, 10)


def test_rows_become_zones_without_marks(scene):
    _, calibration, stalls, _ = scene
    rows = find_rows(stalls, calibration)
    assert [row.stalls for row in rows] == [tuple(range(8)), tuple(range(8, 16))]
    for row in rows:
        zone = row.zone
        assert zone.mode == "perpendicular" and zone.polygon_3857.area == pytest.approx(8 * 12.5, rel=0.05)
        assert zone.slot_width_m == pytest.approx(2.4, abs=0.1)
    near = rows[0].zone.kerb_3857.centroid
    assert near.y > rows[0].zone.polygon_3857.centroid.y, "cars stand against the side away from the camera"


def test_the_pipeline_finds_the_free_stalls(scene):
    photo, calibration, stalls, cars = scene
    found = judge_spaces("p", stalls, photo.occupied, cars, calibration)
    scores = [f.score for f in found]
    assert sum(s.true_positives for s in scores) >= 8 and sum(s.true_negatives for s in scores) == 6
    assert sum(s.false_positives for s in scores) <= 1
    assert max(s.worst_false_free for s in scores) < 0.1


def test_one_command_writes_figures_and_page(tmp_path, capsys):
    quads = photographed(car_park(0.0), 8.5, 45.0, 0.0)
    (tmp_path / "images").mkdir()
    cv2.imwrite(str(tmp_path / "images" / "p.jpg"), np.full((SIZE[1], SIZE[0], 3), 90, np.uint8))
    split = {
        "file_names": ["p.jpg"],
        "rois_list": [(quads / SIZE).tolist()],
        "occupancy_list": [[True] + [False] * 15],
    }
    (tmp_path / "annotations.json").write_text(json.dumps({"valid": split, "train": split}))
    out = tmp_path / "new" / "report.json"
    weights = write_tiny_network(tmp_path / "tiny.onnx")
    assert main(["evaluate", "--acpds", str(tmp_path), "--weights", str(weights), "-o", str(out)]) == 0
    tables = json.loads(out.read_text())["tables"]
    stalls = tables["stalls, ACPDS valid, 1 photos, footprints"]
    assert all(row["recall"] == 0.0 and row["accuracy"] == 15 / 16 for row in stalls)
    assert tables["poses from the stalls, ACPDS valid"][0]["dropped"] == 0
    assert "spaces per photo" in capsys.readouterr().out
    page = out.with_suffix(".html").read_text(encoding="utf-8")
    assert "1 occupied stalls missed" in page and page.count("data:image/jpeg") == 1
