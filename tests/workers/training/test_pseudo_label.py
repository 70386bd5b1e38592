# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pseudo-labels: looks that agree are merged, stalls have the last word, doubt is painted over."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.workers.segmentation.tiny_network import write_tiny_network
from workers.segmentation.letterbox import PADDING_GREY
from workers.training.acpds import StallPhoto
from workers.training.dataset import find_images
from workers.training.pseudo_label import (
    OWN_TRUST,
    Look,
    Outline,
    PseudoLabeller,
    judge,
    merge_outlines,
    overlap_iou,
    pseudo_label,
    turn,
)

SHAPE = (100, 200)  # height, width of the comparison raster


def outline(
    x1: int, y1: int, x2: int, y2: int, score: float = 0.8, looks: tuple[int, ...] = (0, 1, 2)
) -> Outline:
    return Outline(x1, y1, np.ones((y2 - y1, x2 - x1), np.float32), score, set(looks), score * len(looks))


def quad(x1: float, y1: float, x2: float, y2: float) -> list[list[float]]:
    return [[x1, y1], [x2, y1], [x2, y2], [x1, y2]]


def judged(outlines, quads, occupied):
    return judge(outlines, np.array(quads, float).reshape(-1, 4, 2), np.array(occupied, bool), SHAPE)


def test_outlines_of_one_car_become_one():
    merged = merge_outlines(
        [outline(10, 10, 50, 30, 0.9, (0,)), outline(12, 10, 52, 30, 0.3, (1,)), outline(90, 10, 130, 30)]
    )
    assert sorted(len(m.looks) for m in merged) == [2, 3]
    first = next(m for m in merged if len(m.looks) == 2)
    columns = np.flatnonzero(first.paint(SHAPE).any(axis=0))
    assert (columns[0], columns[-1]) == (10, 49)  # the surer look decides where they differ


def test_overlap():
    assert overlap_iou(outline(0, 0, 10, 10), outline(5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert overlap_iou(outline(0, 0, 10, 10), outline(10, 0, 20, 10)) == 0


def test_a_car_that_several_looks_agree_on_is_taken_anywhere():
    labels = judged([outline(10, 10, 50, 30)], [], [])
    assert len(labels.rings) == 1 and not labels.doubtful.any()
    ring = labels.rings[0]  # back in photo pixels: twice the raster
    assert [*ring.min(0), *ring.max(0)] == pytest.approx([20, 20, 100, 60], abs=1.1)


@pytest.mark.parametrize(
    ("looks", "score", "stall", "taken"),
    [
        pytest.param((0,), 0.2, True, 0, id="one unsure look, even on an occupied stall"),
        pytest.param((0, 1), 0.2, True, 1, id="two unsure looks on an occupied stall"),
        pytest.param((0, 1), 0.2, False, 0, id="two unsure looks elsewhere"),
        pytest.param((0, 1, 2), 0.3, False, 0, id="three looks, none sure"),
    ],
)
def test_unsure_outlines_need_a_stall(looks, score, stall, taken):
    quads = [quad(8, 14, 52, 32)] if stall else []
    labels = judged([outline(10, 10, 50, 30, score, looks)], quads, [True] * len(quads))
    assert len(labels.rings) == taken
    assert labels.doubtful.any() == (taken == 0)


def test_an_outline_that_stands_on_an_empty_stall_is_doubted_not_believed():
    labels = judged([outline(10, 10, 50, 30)], [quad(5, 5, 55, 35)], [False])
    assert labels.rings == [] and labels.doubtful[20, 30]


def test_a_car_before_an_empty_stall_is_kept():
    # its upper part covers the stall behind it, its lower part stands elsewhere
    labels = judged([outline(10, 10, 50, 50)], [quad(5, 5, 55, 28)], [False])
    assert len(labels.rings) == 1


def test_an_occupied_stall_without_outline_is_doubtful_with_the_room_above_it():
    labels = judged([], [quad(20, 50, 60, 80)], [True])
    assert labels.doubtful[65, 40] and labels.doubtful[42, 40]
    assert not labels.doubtful[20, 40] and not labels.doubtful[65, 80]


def test_a_worse_outline_inside_a_better_is_dropped():
    labels = judged([outline(10, 10, 50, 30, 0.9), outline(15, 12, 40, 28, 0.5)], [], [])
    assert len(labels.rings) == 1 and not labels.doubtful.any()


@pytest.mark.parametrize("degrees", [0, 25, -25, 90])
def test_turned_points_come_back(degrees):
    image = np.zeros((120, 200, 3), np.uint8)
    image[40:50, 150:160] = 255
    turned, back = turn(image, degrees)
    rows, columns = np.nonzero(turned[:, :, 0] > 128)
    centre = np.array([columns.mean(), rows.mean()]) @ back[:, :2].T + back[:, 2]
    assert centre == pytest.approx([154.5, 44.5], abs=0.6)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_tiny_network(tmp_path_factory.mktemp("weights") / "tiny.onnx")


@pytest.mark.parametrize(
    ("found", "stalls", "cars", "in_doubt"),
    [
        pytest.param(
            outline(10, 10, 50, 30, 0.3, (0,)), [(10, 10, 50, 30, True)], 1, False, id="one look in a stall"
        ),
        pytest.param(
            outline(10, 10, 50, 30, 0.6, (0, 1)), [(5, 5, 55, 35, False)], 0, False, id="wrong: it is empty"
        ),
        pytest.param(
            outline(10, 10, 50, 30, 0.9), [(5, 5, 55, 35, False)], 0, True, id="too sure to be wrong"
        ),
        pytest.param(
            outline(10, 10, 50, 30, 0.15, (0,)), [], 0, False, id="one unsure look anywhere is noise"
        ),
        pytest.param(outline(10, 10, 50, 30, 0.5), [], 0, True, id="off the stalls it has to be surer"),
        pytest.param(outline(10, 10, 50, 30, 0.7), [], 1, False, id="sure anywhere"),
    ],
)
def test_a_tuned_model_is_trusted_more_and_learns_from_its_mistakes(found, stalls, cars, in_doubt):
    quads = np.array([quad(*s[:4]) for s in stalls], float).reshape(-1, 4, 2)
    labels = judge([found], quads, np.array([s[4] for s in stalls], bool), SHAPE, OWN_TRUST)
    assert len(labels.rings) == cars and labels.doubtful.any() == in_doubt


LOOKS = (Look(320), Look(320, mirrored=True), Look(480), Look(320, turned_deg=25))


def test_all_looks_meet_on_the_same_car(tiny):
    image = np.zeros((240, 320, 3), np.uint8)
    image[100:160, 40:140] = 255
    labels = PseudoLabeller(tiny, LOOKS).label(image, np.zeros((0, 4, 2)), np.zeros(0, bool))
    (ring,) = labels.rings
    assert [*ring.min(0), *ring.max(0)] == pytest.approx([40, 100, 140, 160], abs=4)


def test_the_data_set_it_writes(tiny, tmp_path):
    image = np.zeros((240, 320, 3), np.uint8)
    image[100:160, 40:140] = 255
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "GOPR0001.JPG"
    cv2.imwrite(str(path), image)
    stalls = np.array([quad(40, 100, 140, 160), quad(220, 100, 300, 160)], float) / (320, 240)
    pseudo_label([StallPhoto(path, stalls, np.array([True, True]))], tiny, tmp_path / "out")
    (labelled,) = find_images(tmp_path / "out")
    assert labelled.source == "acpds0000"
    written, rings = labelled.read()
    assert len(rings) == 1
    assert abs(int(written[130, 260, 0]) - PADDING_GREY) < 6  # occupied, but nothing found: painted over
    assert written[130, 90, 0] > 240 and written[20, 20, 0] < 10
