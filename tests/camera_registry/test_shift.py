# SPDX-License-Identifier: AGPL-3.0-or-later
"""A turned camera is found out, and by how much, against the truth of a painted square."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import shapely

from camera_registry.shift import compare, learned
from camera_registry.view_features import find_features, look_from
from camera_registry.view_reference import Look, ViewReference
from camera_registry.view_turn import corrected, moved_reference, pixel_grid
from tests.camera_registry.views import SIZE, a_view, picture, the_square

HOME = a_view()
#: Degrees of a turn that moves the picture's middle by a pixel.
PIXEL_DEG = float(np.degrees(1 / 520.0))


@pytest.fixture(scope="module")
def square() -> np.ndarray:
    return the_square()


@pytest.fixture(scope="module")
def reference(square) -> ViewReference:
    return a_reference(picture(square, HOME))


def a_reference(image: np.ndarray) -> ViewReference:
    look = look_from(find_features(image))
    assert look is not None
    return ViewReference(SIZE, (look,))


def true_displacement(view) -> np.ndarray:
    """Where the pixels of `view` were in the calibrated one, less where they are, (N, 2); NaN for the sky."""
    grid = pixel_grid(SIZE)
    return HOME.xy_3857_to_px(view.px_to_3857(grid)) - grid


@pytest.mark.parametrize(
    ("name", "view"),
    [
        ("a pixel", a_view(yaw_deg=PIXEL_DEG)),
        ("down by two", a_view(pitch_deg=35 + 2 * PIXEL_DEG)),
        ("three and a little roll", a_view(yaw_deg=-3 * PIXEL_DEG, roll_deg=0.2)),
        ("twelve", a_view(yaw_deg=9 * PIXEL_DEG, pitch_deg=35 - 8 * PIXEL_DEG)),
        ("a knock", a_view(yaw_deg=7.0, pitch_deg=38.0, roll_deg=2.0)),
        ("a zoom", a_view(zoom=1.04)),
    ],
)
def test_a_turn_is_measured_to_a_fraction_of_a_pixel(square, reference, name, view):
    shift = compare(reference, find_features(picture(square, view, seed=1)), HOME)
    assert shift.recognised
    truth = true_displacement(view)
    assert shift.shift_px == pytest.approx(np.nanmax(np.linalg.norm(truth, axis=1)), rel=0.1, abs=0.7)
    repaired = corrected(HOME, shift.to_reference)
    ground = view.px_to_3857(pixel_grid(SIZE))
    error_px = np.linalg.norm(repaired.xy_3857_to_px(ground) - pixel_grid(SIZE), axis=1)
    assert np.nanmean(error_px) < 0.15
    assert np.nanmax(error_px) < 0.4


@pytest.mark.parametrize(("yaw_deg", "pitch_deg", "roll_deg"), [(-4.0, 38.0, 1.0), (6.0, 33.0, -1.0)])
def test_a_wide_lens_is_held_in_its_corners_too(square, yaw_deg, pitch_deg, roll_deg):
    """Undistorted, its corners are stretched, and what is found there must not count for less because of it."""
    lens = {"zoom": 0.8, "k": -0.3}
    home, view = a_view(**lens), a_view(yaw_deg, pitch_deg, roll_deg, **lens)
    shift = compare(
        a_reference(picture(square, home)), find_features(picture(square, view, light=0.8, seed=5)), home
    )
    grid = pixel_grid(SIZE)
    error_px = np.linalg.norm(
        corrected(home, shift.to_reference).xy_3857_to_px(view.px_to_3857(grid)) - grid, axis=1
    )
    assert np.nanmax(error_px) < 0.15


def test_a_camera_that_stands_still_has_not_moved(square, reference):
    shift = compare(reference, find_features(picture(square, HOME, light=0.8, seed=2)), HOME)
    assert shift.shift_px < 0.4


def test_cars_come_and_go(square, reference):
    cars = [shapely.box(x, y, x + 4.4, y + 1.8) for x in range(-40, 40, 6) for y in (16, 24, 32, 40)]
    shift = compare(reference, find_features(picture(square, HOME, cars_m=cars, seed=3)), HOME)
    assert shift.shift_px < 0.6


def test_without_a_pose_the_homography_is_free(square, reference):
    bare = dataclasses.replace(HOME, pose=None)
    view = a_view(yaw_deg=2.0, pitch_deg=36.0)
    shift = compare(reference, find_features(picture(square, view, seed=4)), bare)
    assert shift.recognised
    error_px = np.linalg.norm(
        corrected(bare, shift.to_reference).xy_3857_to_px(view.px_to_3857(pixel_grid(SIZE)))
        - pixel_grid(SIZE),
        axis=1,
    )
    assert np.nanmedian(error_px) < 0.8, "eight free parameters run away in the corners"


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("turned right round", lambda s: picture(s, a_view(yaw_deg=180))),
        ("another place", lambda s: picture(the_square(9), HOME)),
        ("black", lambda s: np.zeros((SIZE[1], SIZE[0], 3), np.uint8)),
        ("covered", lambda s: picture(np.full_like(s, 90), HOME)),
        ("fogged", lambda s: np.clip(picture(s, HOME) * 0.02 + 170, 0, 255).astype(np.uint8)),
    ],
)
def test_another_view_is_not_recognised(square, reference, name, image):
    shift = compare(reference, find_features(image(square)), HOME)
    assert not shift.recognised


def test_a_clock_in_the_picture_does_not_hold_the_view_still(square):
    def with_clock(image: np.ndarray) -> np.ndarray:
        image[8:40, 8:330] = (
            np.random.default_rng(5).integers(0, 2, (8, 46, 1)).repeat(4, 0).repeat(7, 1) * 255
        )
        return image

    reference = a_reference(with_clock(picture(square, HOME)))
    turned = compare(reference, find_features(with_clock(picture(square, a_view(yaw_deg=4.0)))), HOME)
    assert turned.recognised
    assert turned.shift_px > 30
    away = compare(reference, find_features(with_clock(picture(square, a_view(yaw_deg=180)))), HOME)
    assert not away.recognised


def test_a_picture_of_another_size_is_refused(reference):
    with pytest.raises(ValueError, match="640 × 360"):
        compare(reference, find_features(np.zeros((360, 640, 3), np.uint8)), HOME)


def test_keypoints_on_cars_are_not_kept(square):
    features = find_features(picture(square, HOME))
    half = np.array([[0, 0], [SIZE[0] / 2, 0], [SIZE[0] / 2, SIZE[1]], [0, SIZE[1]]])
    look = look_from(features, [half])
    assert look is not None
    assert look.px[:, 0].min() > SIZE[0] / 2


def test_a_new_look_is_learned_where_the_camera_had_crept(square, reference):
    view = a_view(yaw_deg=2 * PIXEL_DEG)
    dusk = picture(square, view, light=0.5, seed=6)
    features = find_features(dusk)
    shift = compare(reference, features, HOME)
    weak = ViewReference(SIZE, (Look(reference.looks[0].px, reference.looks[0].descriptors),))
    few = shift.__class__(shift.to_reference, shift.shift_px, 0.1, 30, 400, 0)
    grown = learned(weak, features, few, HOME, [])
    assert grown is not None
    assert [look.generation for look in grown.looks] == [0, 1]
    again = compare(ViewReference(SIZE, grown.looks[1:]), features, HOME)
    assert again.shift_px == pytest.approx(shift.shift_px, abs=0.2)
    assert learned(grown, features, again, HOME, []) is None, "well known: nothing to learn"


def test_a_full_reference_keeps_its_first_look(reference):
    full = reference
    for generation in range(1, 12):
        full = full.with_look(Look(reference.looks[0].px, reference.looks[0].descriptors, generation))
    assert len(full.looks) == 8
    assert full.looks[0] is reference.looks[0]
    assert full.looks[-1].generation == 11


def test_the_reference_follows_a_repaired_calibration(square, reference):
    view = a_view(yaw_deg=5.0, roll_deg=1.0)
    features = find_features(picture(square, view, seed=7))
    shift = compare(reference, features, HOME)
    repaired = corrected(HOME, shift.to_reference)
    followed = compare(moved_reference(reference, shift.to_reference, HOME), features, repaired)
    assert followed.shift_px < 0.7


def test_what_is_stored_holds_no_picture_and_comes_back(reference):
    stored = reference.to_bytes()
    assert len(stored) < 30_000
    again = ViewReference.from_bytes(stored)
    assert again.image_size == SIZE
    np.testing.assert_allclose(again.looks[0].px, reference.looks[0].px, atol=1e-3)
    np.testing.assert_array_equal(again.looks[0].descriptors, reference.looks[0].descriptors)
    with pytest.raises(ValueError, match="not a view reference"):
        ViewReference.from_bytes(b"something else")
