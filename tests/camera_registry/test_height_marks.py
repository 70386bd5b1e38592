# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a camera hangs, by posts of known height. The posts are projected in three dimensions, not by the formula."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from camera_registry import height_marks, pose_fit
from camera_registry.adjustment import adjust
from camera_registry.height_marks import HeightMark, HeightsError, fit_heights
from camera_registry.lens import RadialLens
from camera_registry.pose import rotation
from camera_registry.pose_fit import steps_of
from tests.camera_registry.cameras import SIZE, camera

SPREAD = np.array(
    [(180, 620), (650, 560), (1200, 570), (1760, 640), (140, 990), (700, 1010), (1250, 1000), (1790, 1000), (960, 780)],
    float,
)  # fmt: skip
FEET = np.array([(400, 800), (1500, 760), (950, 650), (1000, 900)], float)
YAW, PITCH, ROLL = 70.0, 28.0, 1.5


def scene(*, height_m=9.0, focal_px=960.0, k=-0.2, pitch_deg=PITCH):
    return camera(height_m=height_m, focal_px=focal_px, k=k, pitch_deg=pitch_deg), pitch_deg, k


def posts(truth, pitch_deg, k, heights, feet=FEET, lean_m=0.0):
    """Marks of posts that stand where the pixels `feet` show the ground."""
    ground = truth.frame.to_metres(truth.px_to_3857(feet))
    centre = np.array([0, 0, truth.pose.height_m])
    turn = rotation(YAW, pitch_deg, ROLL)
    found = []
    for i, (height, (east, north)) in enumerate(zip(heights, ground, strict=False)):
        x, y, depth = turn @ (np.array([east + lean_m, north, height]) - centre)
        flat = np.array([[x, y]]) / depth * truth.pose.focal_px + np.array(SIZE) / 2
        top = RadialLens.for_image(k, SIZE).distort(flat)[0]
        found.append(HeightMark(f"H{i + 1}", tuple(feet[i]), tuple(top), height))
    return found


def fitted(truth, *, click_px=0.0, map_m=0.0, rng=None):
    rng = rng or np.random.default_rng(0)
    ground = truth.frame.to_metres(truth.px_to_3857(SPREAD))
    clicks = SPREAD + rng.normal(0, click_px or 1e-9, SPREAD.shape)
    return adjust(clicks, ground + rng.normal(0, map_m or 1e-9, ground.shape), SIZE, k=-0.1, fits_lens=True)


@pytest.mark.parametrize("heights", [(4.0, 6.0), (2.1, 4.5, 8.0, 3.0), (12.0, 14.0, 5.0)])
@pytest.mark.parametrize("k", [0.0, -0.2])
def test_exact_posts_give_the_camera_back_also_those_higher_than_it(heights, k):
    truth, pitch, k = scene(k=k)
    found = fit_heights(fitted(truth), truth.frame, posts(truth, pitch, k, heights)).estimate
    assert found.pose.height_m == pytest.approx(9.0, abs=0.01)
    assert found.pose.focal_px == pytest.approx(960.0, rel=0.005)
    np.testing.assert_allclose(truth.frame.to_metres([found.pose.ground_3857])[0], [0, 0], atol=0.02)


def test_they_are_surer_than_the_ground_alone_and_as_sure_as_they_say():
    """A map that is good to a third of a metre: the ground hardly knows how high the camera hangs."""
    truth, pitch, k = scene(focal_px=1600.0, k=0.0)
    rng = np.random.default_rng(3)
    before, errors, said = [], [], []
    for _ in range(40):
        exact = posts(truth, pitch, k, (4.5, 6.0, 2.2))
        marks = [
            dataclasses.replace(
                mark,
                foot_px=tuple(mark.foot_px + rng.normal(0, 1, 2)),
                top_px=tuple(mark.top_px + rng.normal(0, 1, 2)),
                height_m=mark.height_m + rng.normal(0, 0.05),
            )
            for mark in exact
        ]
        found = fit_heights(fitted(truth, click_px=1.0, map_m=0.3, rng=rng), truth.frame, marks)
        errors.append(found.estimate.pose.height_m - 9.0)
        said.append(found.estimate.height_sigma_m)
        before.append(found.before)
        assert found.suspect is None
    rms = np.sqrt(np.mean(np.square(errors)))
    alone = np.sqrt(np.mean([(one.pose.height_m - 9.0) ** 2 for one in before]))
    assert rms < 0.7 * alone
    assert np.mean(said) < 0.8 * np.mean([one.height_sigma_m for one in before])
    assert 0.5 < np.sqrt(np.mean(np.square(said))) / rms < 2.5


def test_the_answer_does_not_hang_on_the_way_in_which_an_eigenvector_points(monkeypatch):
    """LAPACK may return either, and does on different processors; a mark was suspected on some of them only."""
    truth, pitch, k = scene(focal_px=1600.0, k=0.0)
    marks = posts(truth, pitch, k, (4.5, 6.0, 2.2))

    def found():
        return fit_heights(fitted(truth, click_px=1.0, map_m=0.3), truth.frame, marks)

    one_way = found()
    for module in (height_marks, pose_fit):
        monkeypatch.setattr(module, "steps_of", lambda fitted: -steps_of(fitted))
    other_way = found()
    np.testing.assert_allclose(other_way.disagreement, one_way.disagreement, rtol=1e-6)
    assert other_way.estimate.pose.height_m == pytest.approx(one_way.estimate.pose.height_m, rel=1e-9)
    assert other_way.before.height_sigma_m == pytest.approx(one_way.before.height_sigma_m, rel=1e-9)


def test_one_post_helps_where_the_ground_holds_the_pose():
    truth, pitch, k = scene()
    found = fit_heights(fitted(truth, click_px=1.0, map_m=0.3), truth.frame, posts(truth, pitch, k, (5.0,)))
    assert found.estimate.height_sigma_m < found.before.height_sigma_m
    assert found.estimate.pose.height_m == pytest.approx(9.0, abs=4 * found.estimate.height_sigma_m)


def test_looking_straight_down_posts_alone_tell_it():
    truth, pitch, k = scene(height_m=20.0, k=0.0, pitch_deg=89.95)
    marks = posts(truth, pitch, k, (4.0, 6.0, 3.0), feet=SPREAD[4:7])
    found = fit_heights(fitted(truth, click_px=0.5), truth.frame, marks)
    assert found.estimate.pose.height_m == pytest.approx(20.0, abs=1.0)
    assert found.before is None or found.before.height_sigma_m > 3 * found.estimate.height_sigma_m


def test_a_wrong_height_is_the_one_that_is_named():
    truth, pitch, k = scene()
    marks = posts(truth, pitch, k, (4.5, 6.0, 2.2, 3.0))
    assert fit_heights(fitted(truth), truth.frame, marks).suspect is None
    marks[1] = dataclasses.replace(marks[1], height_m=8.0)
    found = fit_heights(fitted(truth), truth.frame, marks)
    assert found.suspect == 1
    assert found.off_px[1] == max(found.off_px)


def nowhere(mark, **changes):
    return [dataclasses.replace(mark, **changes)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"height_m": 0.0}, "H1 cannot be 0 m high"),
        ({"height_m": 450.0}, "H1 cannot be 450 m high"),
        ({"top_px": (400.0, 800.0)}, "foot and top of H1 are the same pixel"),
        ({"foot_px": (900.0, 2.0)}, "the foot of H1 lies above the horizon"),
    ],
)
def test_marks_that_cannot_be_are_refused_by_name(change, words):
    truth, pitch, k = scene(pitch_deg=20.0)
    (mark,) = posts(truth, pitch, k, (4.0,))
    with pytest.raises(HeightsError, match=words) as told:
        fit_heights(fitted(truth), truth.frame, nowhere(mark, **change))
    assert told.value.points == ("H1",)


def test_upside_down_posts_contradict_the_ground():
    truth, pitch, k = scene()
    marks = [
        dataclasses.replace(mark, foot_px=mark.top_px, top_px=mark.foot_px)
        for mark in posts(truth, pitch, k, (2.0, 2.5, 1.5))
    ]
    try:
        found = fit_heights(fitted(truth), truth.frame, marks)
    except HeightsError as error:
        assert "H1, H2, H3" in str(error)
    else:
        assert found.suspect is not None
