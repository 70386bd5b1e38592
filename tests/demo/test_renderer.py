# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import numpy as np
import pytest

from apps.demo.body_mesh import body_mesh
from apps.demo.body_types import BODY_TYPES
from apps.demo.layout import build_layout
from apps.demo.light import light_at
from apps.demo.renderer import StreetRenderer
from tests.demo.scenes import CAMERA, OTHER_CAMERA, SIZE, cars, frame, noon, renderer


def test_the_same_arguments_give_the_same_bytes():
    again = StreetRenderer(build_layout(0)).render(CAMERA, noon(), cars(), noise_seed=1)
    assert np.array_equal(again.image, frame().image)
    assert np.array_equal(again.instance, frame().instance)


def test_noise_differs_from_frame_to_frame_and_nothing_else_does():
    other = renderer().render(CAMERA, noon(), cars(), noise_seed=2)
    difference = other.image.astype(int) - frame().image
    assert 0.3 < difference.std() < 6
    assert abs(difference.mean()) < 0.3
    assert np.array_equal(other.instance, frame().instance)


def test_a_frame_is_a_colour_image_of_the_cameras_size():
    image = frame().image
    assert image.shape == (SIZE[1], SIZE[0], 3) and image.dtype == np.uint8
    assert 70 < image.mean() < 190 and image.std() > 25


def test_both_cameras_see_the_middle_of_the_street():
    seen = []
    for view in (CAMERA, OTHER_CAMERA):
        drawn = frame(view)
        seen.append({cars()[k].id for k in np.unique(drawn.instance) if k >= 0})
    assert len(seen[0] & seen[1]) >= 8
    assert len(seen[0] | seen[1]) >= 25


@pytest.mark.parametrize(
    ("hour", "cloud", "name"),
    [(12.0, 0.0, "day"), (12.0, 1.0, "overcast"), (20.5, 0.0, "dusk"), (2.0, 1.0, "dusk")],
)
def test_light_follows_the_hour(hour, cloud, name):
    light = light_at(hour, cloud)
    assert light.name == name
    assert light.has_sun == (name == "day")


def test_cars_throw_shadows_in_the_sun_only():
    for hour, cloud, expected in ((12.0, 0.0, True), (12.0, 1.0, False)):
        light = light_at(hour, cloud)
        empty = renderer().render(CAMERA, light, [], 1).image.astype(int)
        busy = renderer().render(CAMERA, light, cars(), 1)
        ground = busy.instance < 0
        darker = (empty - busy.image).mean(axis=2) > 30
        assert (np.sum(darker & ground) > 400) == expected


@pytest.mark.parametrize("body", range(len(BODY_TYPES)), ids=[b.name for b in BODY_TYPES])
def test_bodies_have_their_size_and_face_outwards(body):
    kind, mesh = BODY_TYPES[body], body_mesh(body)
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    assert high[0] - low[0] == pytest.approx(kind.length_m, abs=0.06)
    assert np.ptp(mesh.outline[:, 1]) == pytest.approx(kind.width_m, abs=0.06)
    assert high[2] == pytest.approx(kind.height_m, abs=0.06)
    assert low[2] == pytest.approx(0.0, abs=0.03)
    corners = mesh.vertices[mesh.triangles]
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    agree = np.sum(flat * mesh.normals[mesh.triangles].sum(axis=1), axis=1)
    assert np.mean(agree >= -1e-9) > 0.99
