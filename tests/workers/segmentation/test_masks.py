# SPDX-License-Identifier: AGPL-3.0-or-later
"""Decoding of hand-made head tensors: what is kept, what is suppressed, and where outlines run."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from workers.segmentation.letterbox import fit_letterbox
from workers.segmentation.masks import (
    MASK_LOGIT,
    Candidates,
    decode_cars,
    select_candidates,
    suppress,
    trace_mask,
    trace_zero_line,
)

PROTOTYPES = 32
IMAGE = (0.0, 8.0, 320.0, 192.0)  # where the image lies in the input


def head(*anchors: tuple[tuple[float, float, float, float], tuple[float, ...]]) -> np.ndarray:
    """Prediction (4 + classes + 32, anchors) from (cx, cy, w, h) and class scores; coefficient 0 is the anchor's number."""
    rows = []
    for number, (box, scores) in enumerate(anchors):
        rows.append([*box, *scores, float(number), *[0.0] * (PROTOTYPES - 1)])
    return np.array(rows, np.float32).T


def test_threshold_keeps_what_reaches_it_and_orders_by_score():
    found = select_candidates(
        head(((50, 50, 20, 10), (0.5,)), ((150, 50, 20, 10), (0.9,)), ((250, 50, 20, 10), (0.49,))),
        (0,),
        1,
        0.5,
        IMAGE,
    )
    assert found.scores.tolist() == pytest.approx([0.9, 0.5])
    assert found.boxes.tolist() == [[140, 45, 160, 55], [40, 45, 60, 55]]
    assert found.coefficients[:, 0].tolist() == [1, 0]


def test_only_wanted_classes_count_and_overlaps_are_one_vehicle_whatever_the_class():
    anchors = head(
        ((50, 50, 40, 20), (0.1, 0.8, 0.3)),  # a car ...
        ((51, 50, 40, 20), (0.1, 0.2, 0.7)),  # ... that is a little truck too
        ((150, 50, 40, 20), (0.95, 0.1, 0.1)),  # a person
    )
    found = select_candidates(anchors, (1, 2), 3, 0.25, IMAGE)
    assert found.scores.tolist() == pytest.approx([0.8])


@pytest.mark.parametrize(
    ("box", "cut_off"),
    [
        pytest.param((11, 50, 20, 10), True, id="left"),
        pytest.param((50, 14, 20, 10), True, id="top: the padding above is no image"),
        pytest.param((309, 50, 20, 10), True, id="right"),
        pytest.param((50, 186, 20, 10), True, id="bottom"),
        pytest.param((13, 16, 20, 10), False, id="near a corner, but whole"),
        pytest.param((160, 100, 20, 10), False, id="in the middle"),
    ],
)
def test_what_the_pictures_edge_cuts_off_counts_for_less(box, cut_off):
    """From 0.72 it is a car at the usual threshold of 0.45; below it may be one."""
    found = select_candidates(head((box, (0.71,))), (0,), 1, 0.2, IMAGE)
    assert (found.scores[0] < 0.45) == cut_off and found.scores[0] > 0.4
    assert len(select_candidates(head((box, (0.73,))), (0,), 1, 0.45, IMAGE).scores) == 1


def test_nothing_found_is_an_empty_answer():
    found = select_candidates(head(((50, 50, 20, 10), (0.1,))), (0,), 1, 0.5, IMAGE)
    assert found.boxes.shape == (0, 4) and found.coefficients.shape == (0, PROTOTYPES)
    assert decode_cars(found, np.zeros((PROTOTYPES, 16, 16), np.float32), fit_letterbox((64, 64), 64)) == []


@pytest.mark.parametrize(
    ("shift", "kept"),
    [(0, [0]), (1, [0]), (3, [0, 1]), (30, [0, 1])],  # IoU 1, 0.82, 0.54, 0
)
def test_suppression_by_overlap(shift, kept):
    boxes = np.array([[0, 0, 10, 10], [shift, 0, 10 + shift, 10]], np.float32)
    assert suppress(boxes, 0.7).tolist() == kept


def test_a_suppressed_box_suppresses_nothing_itself():
    boxes = np.array([[0, 0, 10, 10], [2, 0, 12, 10], [4, 0, 14, 10]], np.float32)  # IoU of neighbours 0.67
    assert suppress(boxes, 0.6).tolist() == [0, 2]


def prototypes_of(logits: np.ndarray) -> np.ndarray:
    """(32, h, w) prototypes whose first is `logits`; the weights (1, 0, …) then give it back."""
    protos = np.zeros((PROTOTYPES, *logits.shape), np.float32)
    protos[0] = logits
    return protos


FIRST = np.eye(1, PROTOTYPES, dtype=np.float32)[0]


def disc(centre: tuple[float, float], radius: float, size: int = 64) -> np.ndarray:
    """Logits on the prototype grid of a disc given in input pixels: signed distance to its edge, where the logit is MASK_LOGIT."""
    middle = (np.arange(size) + 0.5) * 4
    depth = radius - np.hypot(middle[None, :] - centre[0], middle[:, None] - centre[1])
    return (depth + MASK_LOGIT).astype(np.float32)


@pytest.mark.parametrize("radius", [8.0, 20.0, 50.5])
@pytest.mark.parametrize("centre", [(128.0, 128.0), (120.3, 131.9)])
def test_outlines_have_no_half_pixel_bias(centre, radius):
    rings = trace_mask(
        FIRST, prototypes_of(disc(centre, radius)), np.array([0, 0, 256, 256]), (0, 0, 256, 256)
    )
    assert len(rings) == 1
    distance = np.hypot(*(rings[0] - centre).T)
    # bilinear upsampling rounds small discs a little; the half pixel of integer contours would show as -0.5
    assert abs(distance.mean() - radius) < 0.3
    area = cv2.contourArea(rings[0].astype(np.float32))
    assert area == pytest.approx(math.pi * radius**2, rel=0.10 if radius < 10 else 0.02)
    x1, y1, x2, y2 = *rings[0].min(0), *rings[0].max(0)
    assert ((x1 + x2) / 2, (y1 + y2) / 2) == pytest.approx(centre, abs=0.4)


def test_a_mask_ends_at_its_box():
    everywhere = prototypes_of(np.full((64, 64), 9.0, np.float32))
    box = np.array([40.25, 60.5, 99.75, 81.0])
    (ring,) = trace_mask(FIRST, everywhere, box, (0, 0, 256, 256))
    assert [*ring.min(0), *ring.max(0)] == pytest.approx(box.tolist(), abs=0.1)
    assert cv2.contourArea(ring.astype(np.float32)) == pytest.approx(59.5 * 20.5, rel=0.01)


def test_a_mask_ends_at_the_image_not_in_the_padding():
    everywhere = prototypes_of(np.full((64, 64), 9.0, np.float32))
    (ring,) = trace_mask(FIRST, everywhere, np.array([-20.0, -20.0, 300.0, 300.0]), (0, 8, 256, 248))
    assert [*ring.min(0), *ring.max(0)] == pytest.approx([0, 8, 256, 248], abs=0.1)


def test_pieces_of_one_car_stay_apart_and_specks_go():
    pieces = np.maximum(disc((60, 100), 20), disc((160, 100), 30))
    pieces[50, 50] = MASK_LOGIT + 0.4  # a single weak prototype pixel
    car = trace_mask(FIRST, prototypes_of(pieces), np.array([0, 0, 256, 256]), (0, 0, 256, 256))
    assert [round(float(ring[:, 0].mean()) / 10) * 10 for ring in car] == [
        160,
        60,
    ]  # largest first, no bridge


def test_a_box_without_mask_gives_no_car_and_no_error():
    candidates = Candidates(
        np.array([[10, 10, 50, 50], [300, 300, 310, 310], [20, 20, 20.4, 50]], np.float32),
        np.array([0.9, 0.8, 0.7], np.float32),
        np.stack([FIRST] * 3),
    )
    assert (
        decode_cars(candidates, prototypes_of(np.full((64, 64), -5.0)), fit_letterbox((256, 256), 256)) == []
    )


def test_rings_come_back_in_pixels_of_the_original():
    box = fit_letterbox((1920, 1080), 640)  # scale 1/3, 12 rows of padding above
    candidates = Candidates(
        np.array([[100, 62, 200, 112]], np.float32), np.array([0.9], np.float32), FIRST[None]
    )
    (car,) = decode_cars(candidates, prototypes_of(np.full((96, 160), 9.0)), box)
    ring = car.polygons[0]
    assert ring.dtype == np.float64 and ring.ndim == 2
    assert [*ring.min(0), *ring.max(0)] == pytest.approx([300, 150, 600, 300], abs=0.3)
    assert not np.array_equal(ring[0], ring[-1])  # open


def test_a_field_without_slope_does_not_divide_by_zero():
    field = np.full((8, 8), -1.0, np.float32)
    field[2:6, 2:6] = 1.0
    (ring,) = trace_zero_line(field)
    assert np.isfinite(ring).all()
