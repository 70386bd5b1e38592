# SPDX-License-Identifier: AGPL-3.0-or-later
"""The letterbox arithmetic, pinned: these numbers are what the weights were trained with."""

from __future__ import annotations

import numpy as np
import pytest

from workers.segmentation.letterbox import (
    PADDING_GREY,
    Letterbox,
    fit_letterbox,
    fit_letterbox_into,
    usual_long_side,
)

# source (w, h), long side -> input (w, h), content (w, h), left, top
GOLDEN = [
    pytest.param((1920, 1080), 1280, (1280, 736), (1280, 720), 0, 8, id="full HD"),
    pytest.param((1080, 1920), 1280, (736, 1280), (720, 1280), 8, 0, id="full HD upright"),
    pytest.param((1600, 1200), 1280, (1280, 960), (1280, 960), 0, 0, id="4:3, no padding"),
    pytest.param((854, 480), 640, (640, 384), (640, 360), 0, 12, id="rounded content"),
    pytest.param((853, 480), 1280, (1280, 736), (1280, 720), 0, 8, id="720.28 rounds down"),
    pytest.param((1279, 717), 1280, (1280, 736), (1280, 718), 0, 9, id="enlarged by one pixel"),
    pytest.param((1000, 613), 640, (640, 416), (640, 392), 0, 12, id="scaled down"),
    pytest.param((1000, 611), 640, (640, 416), (640, 391), 0, 12, id="odd padding: the extra row is below"),
    pytest.param((640, 480), 1300, (1312, 992), (1312, 984), 0, 4, id="long side to the next multiple of 32"),
    pytest.param((5000, 1), 640, (640, 32), (640, 1), 0, 15, id="a line keeps one pixel"),
]


@pytest.mark.parametrize(
    ("source", "side"),
    [
        pytest.param((854, 480), 1280, id="a small picture is enlarged to the cars that the model knows"),
        pytest.param((1280, 720), 1280, id="720p as it is"),
        pytest.param((1080, 1440), 1440, id="upright"),
        pytest.param((1600, 1200), 1600, id="as it is"),
        pytest.param((1920, 1080), 1600, id="full HD, made smaller"),
    ],
)
def test_the_usual_input_size(source, side):
    assert usual_long_side(source) == side
    assert fit_letterbox(source) == fit_letterbox(source, side)


@pytest.mark.parametrize(("source", "long_side", "input_size", "content", "left", "top"), GOLDEN)
def test_letterbox_numbers(source, long_side, input_size, content, left, top):
    assert fit_letterbox(source, long_side) == Letterbox(source, input_size, content, left, top)


def test_letterbox_into_a_fixed_input_pads_both_sides():
    assert fit_letterbox_into((1920, 1080), (640, 640)) == Letterbox(
        (1920, 1080), (640, 640), (640, 360), 0, 140
    )


def test_apply_puts_the_image_where_the_numbers_say():
    box = fit_letterbox((200, 100), 64)
    padded = box.apply(np.full((100, 200, 3), 255, np.uint8))
    assert padded.shape == (32, 64, 3)
    assert (padded == 255).all()  # 2:1 fills 64 x 32
    box = fit_letterbox((100, 50 + 20), 64)
    padded = box.apply(np.full((70, 100, 3), 255, np.uint8))
    assert box.content_size == (64, 45) and padded.shape == (64, 64, 3)
    assert (
        (padded[9:54] == 255).all()
        and (padded[:9] == PADDING_GREY).all()
        and (padded[54:] == PADDING_GREY).all()
    )


@pytest.mark.parametrize("source", [(1920, 1080), (853, 480), (1279, 717), (601, 1999)])
def test_points_go_there_and_back_and_corners_meet(source):
    box = fit_letterbox(source, 640)
    corners = np.array([[0, 0], [source[0], source[1]]], float)
    assert np.allclose(box.to_input(corners), np.array(box.content_box).reshape(2, 2))
    points = np.random.default_rng(1).uniform(0, 1, (50, 2)) * source
    assert np.allclose(box.to_source(box.to_input(points)), points, atol=1e-9)
