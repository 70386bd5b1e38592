# SPDX-License-Identifier: AGPL-3.0-or-later
"""The model that ships finds the cars: on the simulated street everywhere, on a real camera where its data is."""

from __future__ import annotations

import numpy as np
import pytest

from apps.demo.dataset import generate, write_frame
from tests.workers.models import FULL
from workers.segmentation import DEFAULT_THRESHOLD, DEFAULT_WEIGHTS, load_segmenter
from workers.training.dataset import find_images
from workers.training.evaluate import fill, match_greedily, score_cars

MAX_BYTES = 15_000_000


@pytest.fixture(scope="module")
def segmenter():
    return load_segmenter(threshold=DEFAULT_THRESHOLD)


def test_it_is_small_enough_to_ship_and_described():
    files = FULL, DEFAULT_WEIGHTS, DEFAULT_WEIGHTS.with_suffix(".bin")
    assert all(path.stat().st_size <= MAX_BYTES for path in files)
    card = (DEFAULT_WEIGHTS.parent / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert load_segmenter(warm_up=False).name in card  # the card speaks of these very files
    assert load_segmenter(FULL, warm_up=False).name in card
    assert str(DEFAULT_THRESHOLD) in card


def test_it_knows_one_class_and_any_input_size(segmenter):
    assert segmenter.classes == (0,)
    shapes = [(360, 640), (1080, 1920), (1200, 1600)]
    assert len(segmenter.segment([np.zeros((*shape, 3), np.uint8) for shape in shapes])) == 3


@pytest.mark.parametrize("light", ["day", "dusk"])
def test_it_finds_the_cars_of_the_simulated_street(segmenter, tmp_path, light):
    (rendered,) = generate(1, seed=9, light=light)
    write_frame(rendered, tmp_path, labels=True)
    (scores,) = score_cars(segmenter, find_images(tmp_path), (DEFAULT_THRESHOLD,))
    assert scores.recall > 0.7 and scores.precision > 0.8 and scores.mean_iou > 0.7


@pytest.mark.parametrize("light", ["day", "dusk"])
def test_eight_bits_see_what_thirty_two_see(segmenter, light):
    (rendered,) = generate(1, seed=12, light=light)
    full = load_segmenter(FULL, DEFAULT_THRESHOLD).segment([rendered.frame.image])[0]
    small = segmenter.segment([rendered.frame.image])[0]
    shape = rendered.frame.image.shape[:2]
    pairs = match_greedily(*([fill(car.polygons, shape) for car in cars] for cars in (full, small)))
    assert len(pairs) >= 0.9 * max(len(full), len(small))
    assert np.mean([iou for _, iou in pairs.values()]) > 0.93


@pytest.mark.parametrize("value", [0, 128, 255])
def test_nothing_is_found_in_nothing(segmenter, value):
    assert segmenter.segment([np.full((1080, 1920, 3), value, np.uint8)]) == [[]]


def test_it_finds_the_cars_of_a_real_camera(segmenter, spark_shared):
    folder = spark_shared / "data" / "kurss" / "test"
    if not folder.is_dir():
        pytest.skip(f"no photos at {folder}")
    images = find_images(folder, "labels_car_only")[:4]
    (scores,) = score_cars(segmenter, images, (DEFAULT_THRESHOLD,))
    assert scores.recall > 0.7 and scores.precision > 0.7
