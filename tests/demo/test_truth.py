# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import cv2
import numpy as np
import pytest
import shapely
from shapely import Polygon

from apps.demo.background import static_depth
from apps.demo.body_types import BODY_TYPES
from apps.demo.layout import build_layout, to_world
from apps.demo.truth import (
    blind_ground,
    calibration_of,
    frame_truth,
    free_ground,
    ground_hidden,
    mask_polygons,
    street_frame,
)
from apps.demo.views import demo_cameras
from tests.demo.scenes import CAMERA, EVENING_S, OTHER_CAMERA, SIZE, cars, frame, noon, renderer


@pytest.mark.parametrize("view", [*demo_cameras(), CAMERA], ids=lambda v: f"{v.name}-{v.width}")
def test_the_calibration_projects_as_the_renderer_does(view):
    rng = np.random.default_rng(4)
    xy = to_world(rng.uniform((-60, -12), (60, 30), (200, 2)))
    px, inverse_depth = view.project(np.column_stack([xy, np.zeros(len(xy))]))
    ahead = inverse_depth > 0
    calibration = calibration_of(view)
    xy_3857 = street_frame().to_3857(xy)
    assert np.abs(calibration.xy_3857_to_px(xy_3857)[ahead] - px[ahead]).max() < 0.02
    back = street_frame().to_metres(calibration.px_to_3857(px[ahead]))
    assert np.abs(back - xy[ahead]).max() < 0.01


@pytest.mark.parametrize("view", [CAMERA, OTHER_CAMERA], ids=lambda v: v.name)
def test_footprints_land_on_their_cars_base(view):
    """The edge of a footprint that faces the camera, projected, lies within 1.5 px of the car's lowest pixels."""
    drawn, everyone = frame(view), cars()
    calibration = calibration_of(view)
    nadir = np.array([view.x, view.y])
    checked = 0
    for k, car in enumerate(everyone):
        if (
            drawn.visible_samples[k] < 0.999 * max(1, drawn.silhouette_samples[k])
            or drawn.silhouette_samples[k] < 800
        ):
            continue
        rows, columns = np.nonzero(drawn.instance == k)
        if rows.max() > SIZE[1] - 3 or columns.min() < 2 or columns.max() > SIZE[0] - 3:
            continue
        outline = shapely.segmentize(Polygon(car.footprint()), 0.1)
        ring = np.array(outline.exterior.coords)
        near = ring[np.argmin(np.linalg.norm(ring - nadir, axis=1))]
        px = calibration.xy_3857_to_px(street_frame().to_3857(near[None]))[0]
        gap = np.hypot(columns + 0.5 - px[0], rows + 0.5 - px[1]).min()
        # The body floats 0.2–0.3 m above the road at its ends, so its lowest painted pixel lies that far up.
        lift = 0.30 * view.focal_px / np.linalg.norm([*(near - nadir), view.height_m])
        assert gap < 1.5 + lift
        checked += 1
    assert checked >= 5


@pytest.mark.parametrize("view", [CAMERA, OTHER_CAMERA], ids=lambda v: v.name)
def test_tyres_touch_the_ground_where_the_calibration_says(view):
    """The one place where image and ground meet exactly: within 1.5 px of the car's pixels, and none further out."""
    drawn, calibration = frame(view), calibration_of(view)
    checked = 0
    for k, car in enumerate(cars()):
        if (
            drawn.visible_samples[k] < 0.999 * max(1, drawn.silhouette_samples[k])
            or drawn.silhouette_samples[k] < 800
        ):
            continue
        rows, columns = np.nonzero(drawn.instance == k)
        ahead = np.array([np.cos(car.heading_rad), np.sin(car.heading_rad)])
        side = np.array([-ahead[1], ahead[0]])
        if side @ (np.array([view.x, view.y]) - (car.x, car.y)) < 0:
            side = -side
        for share in BODY_TYPES[car.look.body].axles:
            tyre = (
                (car.x, car.y)
                + ahead * car.look.length_m * (0.5 - share)
                + side * (car.look.width_m / 2 - 0.01)
            )
            for out_m, touches in ((0.0, True), (0.45, False)):
                ground = (tyre + out_m * side)[None]
                px = calibration.xy_3857_to_px(street_frame().to_3857(ground))[0]
                gap = np.hypot(columns + 0.5 - px[0], rows + 0.5 - px[1]).min()
                assert (gap < 1.5) == touches
            checked += 1
    assert checked >= 10


def test_mask_outlines_are_the_rendered_pixels():
    drawn, everyone = frame(), cars()
    for k, rings in enumerate(mask_polygons(drawn.instance, len(everyone))):
        mask = drawn.instance == k
        if mask.sum() < 150:
            continue
        drawn_again = np.zeros(mask.shape, np.uint8)
        # Ring coordinates are continuous; cv2 puts whole numbers at pixel centres and has 3 binary digits behind the point.
        cv2.fillPoly(drawn_again, [np.round((r - 0.5) * 8).astype(np.int32) for r in rings], 1, shift=3)
        area = sum(Polygon(r).area for r in rings)
        assert area == pytest.approx(mask.sum(), rel=0.1)
        assert (drawn_again.astype(bool) & mask).sum() / mask.sum() > 0.93


def test_every_marked_pixel_shows_a_car():
    """The image with cars differs from the empty street exactly where cars or their shadows are."""
    empty = renderer().render(CAMERA, noon(), [], noise_seed=1)
    difference = np.abs(frame().image.astype(int) - empty.image).max(axis=2)
    marked = frame().instance >= 0
    assert np.mean(difference[marked] > 6) > 0.9
    far_from_cars = cv2.dilate(marked.astype(np.uint8), np.ones((61, 61), np.uint8)) == 0
    assert np.mean(difference[far_from_cars] > 6) < 0.002


def test_free_ground_is_the_zone_without_footprints():
    layout, everyone = build_layout(0), cars()
    taken = shapely.union_all([Polygon(c.footprint()) for c in everyone])
    for zone in layout.zones:
        free = free_ground(layout, everyone)[zone.slug]
        assert free.intersection(taken).area < 1e-6
        assert free.area + zone.polygon.intersection(taken).area == pytest.approx(zone.polygon.area)


def test_visible_share_of_a_car_behind_a_car_is_less_than_one():
    truth = frame_truth(build_layout(0), CAMERA, EVENING_S, cars(), frame())
    shares = [c.visible_share for c in truth.cars if c.visible_px > 0]
    assert any(s > 0.999 for s in shares) and any(0.1 < s < 0.95 for s in shares)
    assert all(0.0 <= c.visible_share <= 1.0 for c in truth.cars)


def test_blind_ground_is_really_hidden_and_open_ground_is_not():
    depth, _ = static_depth(renderer().scenery, CAMERA)
    blind = blind_ground(CAMERA, depth)
    rng = np.random.default_rng(8)
    xy = to_world(rng.uniform((-60, -15), (60, 35), (6000, 2)))
    hidden = ground_hidden(CAMERA, depth, xy)
    inside_image = CAMERA.project(np.column_stack([xy, np.zeros(len(xy))]))[0]
    visible = ((inside_image > 0) & (inside_image < SIZE)).all(axis=1)
    in_blind = shapely.contains_xy(blind, xy)
    # Outlines are traced on cells of 0.2 m: judge away from them.
    clear = shapely.distance(shapely.points(xy), blind.boundary) > 0.35
    assert hidden[in_blind & clear].mean() > 0.97
    assert hidden[~in_blind & clear & visible].mean() < 0.02
    assert 50 < blind.area < 6000
