# SPDX-License-Identifier: AGPL-3.0-or-later
"""The privacy mask: what it refuses, what it blackens, and what ground it makes unknown."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import shapely

from camera_registry.privacy_mask import (
    MaskError,
    PrivacyMask,
    masked_picture,
    reference_without,
    without_masked,
)
from camera_registry.view_features import find_features, look_from
from camera_registry.view_reference import ViewReference
from tests.camera_registry.cameras import SIZE, camera
from tests.camera_registry.views import a_view, picture, the_square

SQUARE = [[100, 100], [300, 100], [300, 250], [100, 250]]


def a_mask(*rings, size=SIZE) -> PrivacyMask:
    return PrivacyMask.read(list(rings) or [SQUARE], size)


@pytest.mark.parametrize(
    ("polygons", "size", "code"),
    [
        ("nonsense", SIZE, "not_a_mask"),
        ({"a": 1}, SIZE, "not_a_mask"),
        ([SQUARE], None, "not_a_mask"),
        ([SQUARE], [0, 0], "not_a_mask"),
        ([SQUARE], ["wide", 3], "not_a_mask"),
        ([SQUARE], [float("inf"), 3], "not_a_mask"),
        ([[[1, 2], [10**400, 4], [5, 6]]], SIZE, "not_numbers"),
        ([SQUARE] * 21, SIZE, "too_many"),
        ([SQUARE[:2]], SIZE, "corners"),
        ([[[1, 1]] * 101], SIZE, "corners"),
        ([SQUARE, "ring"], SIZE, "corners"),
        ([[[1, 2], [3, None], [5, 6]]], SIZE, "not_numbers"),
        ([[[1, 2], [3, float("nan")], [5, 6]]], SIZE, "not_numbers"),
        ([[[1, 2], [3, float("inf")], [5, 6]]], SIZE, "not_numbers"),
        ([[[1, 2], [3, 4, 5], [5, 6]]], SIZE, "not_numbers"),
        ([SQUARE, [[0, 0], [100, 100], [100, 0], [0, 100]]], SIZE, "crosses"),
        ([[[0, 0], [2, 0], [2, 2], [0, 2]]], SIZE, "too_small"),
        ([[[-50, -50], [-10, -50], [-10, -10]]], SIZE, "crosses"),  # all of it outside: nothing is left of it
        ([[[0, 0], [1920, 0], [1920, 1080], [0, 1080]]], SIZE, "all_covered"),
    ],
)
def test_what_is_no_mask_is_refused_with_its_shape(polygons, size, code):
    with pytest.raises(MaskError) as refused:
        PrivacyMask.read(polygons, size)
    assert refused.value.code == code
    if code == "crosses" and len(polygons) == 2:
        assert refused.value.shape == 2


def test_corners_outside_are_held_to_the_picture():
    mask = a_mask([[-40, 900], [400, 900], [400, 2000], [-40, 2000]])
    assert mask.to_json() == [[[0, 900], [400, 900], [400, 1080], [0, 1080]]]
    assert PrivacyMask.read(mask.to_json(), list(SIZE)) == mask


class TestBlackening:
    def test_every_pixel_inside_is_black_and_those_outside_stay(self):
        image = np.full((1080, 1920, 3), 200, np.uint8)
        a_mask().blacken(image)
        assert not image[100:250, 100:300].any()
        assert (image[:95] == 200).all() and (image[256:] == 200).all()
        assert (image[:, :95] == 200).all() and (image[:, 306:] == 200).all()

    def test_a_picture_of_the_same_shape_but_another_size_is_covered_there(self):
        small = np.full((540, 960), 200, np.uint8)
        a_mask().blacken(small)
        assert not small[50:125, 50:150].any()
        assert (small[130:] == 200).all()

    def test_a_picture_of_another_shape_is_refused_and_stays_whole(self):
        image = np.full((960, 1280, 3), 200, np.uint8)
        with pytest.raises(MaskError, match=r"1920 × 1080.*1280 × 960"):
            a_mask().blacken(image)
        assert (image == 200).all()

    def test_what_is_kept_for_calibrating_is_black_there_even_after_jpeg(self):
        street = picture(the_square(), a_view())
        jpeg = bytes(cv2.imencode(".jpg", street)[1])
        ring = [[x / 2, y / 2] for x, y in SQUARE]
        covered = masked_picture(jpeg, a_mask(ring, size=(960, 540)))
        kept = cv2.imdecode(np.frombuffer(covered, np.uint8), cv2.IMREAD_COLOR)
        assert kept[55:120, 55:145].max() < 10
        assert abs(kept[200:].astype(int) - street[200:]).mean() < 6
        assert masked_picture(jpeg, None) is jpeg
        with pytest.raises(MaskError):
            masked_picture(b"no picture", a_mask())


class TestGround:
    def test_it_is_where_the_pixels_lie_and_moves_with_the_view(self):
        view = camera()
        ring = [[800, 700], [1200, 700], [1200, 900], [800, 900]]
        ground = a_mask(ring).ground_3857(view)
        inside = view.px_to_3857([[1000, 800], [805, 705], [1195, 895]])
        outside = view.px_to_3857([[1000, 660], [1000, 940], [760, 800], [1240, 800]])
        assert shapely.contains_xy(ground, *inside.T).all()
        assert not shapely.contains_xy(ground, *outside.T).any()
        turned = a_mask(ring).ground_3857(camera(yaw_deg=75.0))
        assert not shapely.contains_xy(turned, *inside.T).all()

    def test_above_the_horizon_there_is_none(self):
        sky = a_mask([[0, 0], [1920, 0], [1920, 100], [0, 100]])
        view = camera(pitch_deg=10.0, roll_deg=0.0)
        assert np.isnan(view.px_to_3857([[960, 50]])).all()
        assert sky.ground_3857(view).is_empty

    def test_a_mask_across_the_horizon_hides_what_lies_below(self):
        view = camera(pitch_deg=10.0, roll_deg=0.0)
        mask = a_mask([[500, 0], [900, 0], [900, 800], [500, 800]])
        ground = mask.ground_3857(view)
        assert shapely.contains_xy(ground, *view.px_to_3857([[700, 700]]).T).all()

    def test_a_calibration_of_another_shape_is_refused(self):
        with pytest.raises(MaskError):
            a_mask(size=(1280, 960)).ground_3857(camera())


class TestKeypoints:
    MASK = PrivacyMask.read([[[300, 100], [700, 100], [700, 500], [300, 500]]], (960, 540))

    def test_none_is_of_what_is_covered_nor_of_its_edge(self):
        image = picture(the_square(), a_view())
        self.MASK.blacken(image)
        kept = without_masked(find_features(image), self.MASK)
        assert len(kept) > 60
        near = shapely.box(300, 100, 700, 500).buffer(15)
        assert not shapely.contains_xy(near, *kept.px.T).any()

    def test_brightness_is_that_of_the_rest(self):
        grey = np.full((540, 960, 3), 120, np.uint8)
        self.MASK.blacken(grey)
        assert without_masked(find_features(grey), self.MASK).brightness == pytest.approx(120, rel=0.03)

    def test_what_was_known_of_the_view_behind_it_is_forgotten(self):
        look = look_from(find_features(picture(the_square(), a_view())))
        before = ViewReference((960, 540), (look,))
        after = reference_without(before, self.MASK, least=60)
        inside = shapely.contains_xy(shapely.box(300, 100, 700, 500), *look.px.T)
        assert inside.any()
        assert not shapely.contains_xy(shapely.box(300, 100, 700, 500), *after.looks[0].px.T).any()
        assert reference_without(before, self.MASK, least=10_000) is None
