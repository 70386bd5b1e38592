# SPDX-License-Identifier: AGPL-3.0-or-later
"""Changed copies of training images: whatever happens to the picture happens to the outlines."""

from __future__ import annotations

import random

import cv2
import numpy as np
import pytest

from workers.training.augment import augment, jitter, write_copies
from workers.training.dataset import find_images, write_labelled
from workers.training.weather import change_weather

CAR = np.array([[60, 80], [200, 80], [200, 140], [60, 140]], float)


@pytest.fixture
def picture() -> np.ndarray:
    image = np.full((200, 300, 3), 40, np.uint8)
    image[80:140, 60:200] = 220
    return image


def test_outlines_go_with_the_picture(picture):
    rng = np.random.default_rng(2)
    flipped = 0
    for _ in range(40):
        changed, rings = augment(picture, [CAR], rng)
        height, width = changed.shape[:2]
        assert 120 <= height <= 200 and 180 <= width <= 300
        if not rings:
            continue
        (ring,) = rings
        assert ring.min() >= 0 and (ring <= (width, height)).all()
        drawn = np.zeros((height, width), np.uint8)
        cv2.fillPoly(drawn, [np.round(ring - 0.5).astype(np.int32)], 1)
        light = changed.mean(axis=2)
        seen = light > (light.max() + light.min()) / 2
        union = (seen | (drawn > 0)).sum()
        assert (seen & (drawn > 0)).sum() > 0.9 * union
        flipped += ring[:, 0].mean() > 0.55 * width
    assert flipped  # the car stands left of the middle: some copies are mirrored


def test_a_car_that_is_nearly_cropped_away_is_no_label():
    image = np.zeros((100, 100, 3), np.uint8)
    corner = np.array([[80, 80], [100, 80], [100, 100], [80, 100]], float)
    kept = [len(augment(image, [corner], np.random.default_rng(i))[1]) for i in range(30)]
    assert 0 < sum(kept) < 30


def test_jitter_changes_light_and_adds_noise(picture):
    changed = [jitter(picture, np.random.default_rng(i)) for i in range(8)]
    assert all(c.shape == picture.shape and c.dtype == np.uint8 for c in changed)
    levels = [c[:50].mean() for c in changed]
    assert max(levels) - min(levels) > 20
    assert max(c[:50].std() for c in changed) > 3


def test_four_copies_of_each_image_are_written(picture, tmp_path):
    for i in range(3):
        write_labelled(tmp_path / "in", f"photo{i}", picture, [CAR])
    images = find_images(tmp_path / "in")
    assert write_copies(images, tmp_path / "out", 4) == 12
    copies = find_images(tmp_path / "out")
    assert len(copies) == 12 and {c.source for c in copies} == {"photo0", "photo1", "photo2"}
    assert write_copies(images, tmp_path / "plain", 0) == 3
    image, (ring,) = find_images(tmp_path / "plain")[0].read()
    assert image.shape == picture.shape and np.abs(ring - CAR).max() < 0.01


def test_weather_leaves_size_and_often_the_picture_itself():
    tile = np.random.default_rng(0).integers(0, 255, (128, 128, 3)).astype(np.uint8)
    source = random.Random(1)
    changed = [change_weather(tile, source) for _ in range(60)]
    assert all(c.shape == tile.shape and c.dtype == np.uint8 for c in changed)
    same = sum(np.array_equal(c, tile) for c in changed)
    assert 10 <= same <= 45
    darker = [c for c in changed if c.mean() < 0.9 * tile.mean()]
    assert len(darker) >= 8
    again = random.Random(1)
    assert np.array_equal(change_weather(tile, again), changed[0])
