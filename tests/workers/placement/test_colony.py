# SPDX-License-Identifier: AGPL-3.0-or-later
"""The bees: they find what can be found, never lose their best, give up tired sources, and repeat for a seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from shapely import LineString, Polygon, box

from workers.placement import (
    AS_PUBLISHED_FULL,
    AS_PUBLISHED_X,
    PaperParameters,
    PlacementError,
    PlacementProblem,
)
from workers.placement.colony import Found, Ground, Search, ground, search
from workers.placement.geometry import LineTable
from workers.placement.scene import build_scene

KERB = LineString([(0, 0), (40, 0)])


def street(cars: list[Polygon]) -> tuple[Ground, LineTable]:
    problem = PlacementProblem(box(0, 0, 40, 3), shapely.union_all(cars), 5.0, 2.3, kerb=KERB)
    scene = build_scene(problem)
    return ground(scene.arrays(), (5.0, 2.3), (5.0, 2.3), AS_PUBLISHED_X), scene.lines[0].table(5.0, 0.0, 0.0)


def fly(
    n: int, parameters: PaperParameters = AS_PUBLISHED_X, seed: int = 1, cars: tuple[Polygon, ...] = ()
) -> Found:
    over, table = street(list(cars))
    if parameters.search == "full":
        task = Search(n, table, (1.5, 0.0), (0.0, 0.0, -0.2), (40.0, 3.0, 0.2), 0.0)
    else:
        task = Search(n, table, (1.5, 0.0), (0.0,), (40.0,), 0.0)
    return search(task, over, parameters, seed)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("parameters", [AS_PUBLISHED_X, AS_PUBLISHED_FULL], ids=["x", "full"])
def test_the_bees_lay_out_what_is_easy(parameters: PaperParameters, seed: int) -> None:
    found = fly(3, parameters, seed, (box(8, 0, 12, 3), box(30, 0, 32, 3)))
    assert found.cost == 0.0
    assert found.poses.shape == (3, 3)
    over, _ = street([box(8, 0, 12, 3), box(30, 0, 32, 3)])
    assert over.cost(found.poses) == 0.0


def test_the_search_improves_on_its_random_start() -> None:
    start = replace(AS_PUBLISHED_X, iterations=1)
    assert all(fly(7, seed=seed).cost < 0.5 * fly(7, start, seed).cost for seed in range(5))


def test_the_best_layout_is_never_lost() -> None:
    # A limit of one visit sends a scout away in every iteration, the best source's own bee among them.
    found = fly(9, replace(AS_PUBLISHED_X, abandonment_limit=1, iterations=200))
    assert found.cost > 0.0
    assert list(found.history) == sorted(found.history, reverse=True)
    assert found.cost == found.history[-1]
    over, _ = street([])
    assert over.cost(found.poses) == pytest.approx(found.cost)


def test_evaluations_are_counted() -> None:
    parameters = replace(AS_PUBLISHED_X, food_sources=10, iterations=30, abandonment_limit=10_000)
    found = fly(9, parameters)  # nine slots of 5 m do not fit 40 m, so it runs to the end
    assert found.evaluations == 10 + 30 * 20
    assert len(found.history) == 31
    scouts = fly(9, replace(parameters, abandonment_limit=5)).evaluations - found.evaluations
    assert 0 < scouts <= 30


def test_it_stops_at_cost_zero() -> None:
    found = fly(1)
    assert found.cost == 0.0
    assert len(found.history) < AS_PUBLISHED_X.iterations


def test_the_same_seed_finds_the_same_layout_and_another_one_another() -> None:
    first, again, other = fly(5, seed=3), fly(5, seed=3), fly(5, seed=4)
    np.testing.assert_array_equal(first.poses, again.poses)
    assert not np.array_equal(first.poses, other.poses)


def test_one_slot_on_ground_of_no_width() -> None:
    over, table = street([])
    found = search(Search(1, table, (1.5, 0.0), (2.5,), (2.5,), 5.0), over, AS_PUBLISHED_X, 0)
    assert found.cost == 0.0
    assert found.poses[0] == pytest.approx([build_scene_x(2.5), 0.0, 0.0], abs=1e-9)


def build_scene_x(s: float) -> float:
    """Arc length along the kerb as x of the aligned frame, whose origin is the middle of the zone."""
    return s - 20.0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"food_sources": 1}, "food_sources is 1"),
        ({"iterations": 0}, "iterations is 0"),
        ({"abandonment_limit": 0}, "abandonment_limit is 0"),
        ({"search": "full"}, "by_stretch=False"),
        ({"search": "y"}, "must be 'x' or 'full'"),
        ({"lane_m": -1.0}, "lane_m is -1.0"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(PlacementError, match=message.replace("(", r"\(")):
        PaperParameters(**wrong)  # type: ignore[arg-type]
