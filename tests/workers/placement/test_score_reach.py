# SPDX-License-Identifier: AGPL-3.0-or-later
"""The independent judge of what a car can drive into, case by case."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely import LineString, MultiLineString, Polygon, box

from workers.placement.score import main, score_instance, shared_m2
from workers.placement.score_reach import access_edges

ACROSS = math.pi / 2
Box = tuple[float, float, float, float]


def yard(width: float, depth: float, *cars: Box, **more: Any) -> dict[str, Any]:
    """A zone with its kerb along y = 0, slots of 5 × 2.5 m."""
    return {
        "id": "yard",
        "zone": [[0, 0], [width, 0], [width, depth], [0, depth]],
        "occupied": [[[a, b], [c, b], [c, d], [a, d]] for a, b, c, d in cars],
        "slot": [5.0, 2.5],
        "mode": "perpendicular",
        "kerb": [[0, 0], [width, 0]],
        **more,
    }


CASES: list[tuple[str, dict[str, Any], list[list[float]], list[bool]]] = [
    ("at the road", yard(20, 5.2), [[10, 2.6, ACROSS]], [True]),
    ("nose to the kerb or to the road", yard(20, 5.2), [[10, 2.6, -ACROSS]], [True]),
    ("six metres from the road", yard(20, 11), [[10, 2.6, ACROSS]], [True]),
    ("a car between it and the road", yard(20, 11, (9, 7, 11, 11)), [[10, 2.6, ACROSS]], [False]),
    ("a car beside the way", yard(20, 11, (11.3, 7, 13, 11)), [[10, 2.6, ACROSS]], [True]),
    ("a car that grazes the way", yard(20, 11, (11.245, 7, 13, 11)), [[10, 2.6, ACROSS]], [True]),
    ("a car 10 cm into the way", yard(20, 11, (11.15, 7, 13, 11)), [[10, 2.6, ACROSS]], [False]),
    (
        "a slot before a slot",
        yard(20, 11),
        [[10, 2.6, ACROSS], [10, 8.0, ACROSS]],
        [False, True],
    ),
    (
        "a slot beside a slot",
        yard(20, 11),
        [[10, 2.6, ACROSS], [12.5, 8.0, ACROSS]],
        [True, True],
    ),
    ("along the kerb and out at its end", yard(20, 11, (9, 7, 11, 11)), [[17, 2.6, 0.0]], [True]),
    (
        "walled in along its axis, and perpendicular",
        yard(20, 5.2, (0, 0, 5, 5.2), (15, 0, 20, 5.2)),
        [[10, 2.6, 0.0]],
        [False],
    ),
    (
        "walled in along its axis, and parallel",
        yard(20, 5.2, (0, 0, 5, 5.2), (15, 0, 20, 5.2), mode="parallel"),
        [[10, 1.3, 0.0]],
        [True],
    ),
    (
        "the same in a zone of any angle",
        yard(20, 5.2, (0, 0, 5, 5.2), (15, 0, 20, 5.2), mode="free"),
        [[10, 1.3, 0.1]],
        [True],
    ),
    (
        "parallel behind parallel",
        yard(20, 5.2, (0, 0, 5, 5.2), (15, 0, 20, 5.2), mode="parallel"),
        [[10, 1.3, 0.0], [10.5, 3.9, 0.0]],
        [False, True],
    ),
    (
        "kerb all around",
        yard(20, 5.2, kerb=[[0, 0], [20, 0], [20, 5.2], [0, 5.2], [0, 0]]),
        [[10, 2.6, ACROSS]],
        [False],
    ),
    (
        "a way in that is said",
        yard(20, 9, access=[[0, 0], [0, 9]]),
        [[10, 2.6, ACROSS], [10, 7.0, 0.0]],
        [False, True],
    ),
    (
        "two ways in that are said",
        yard(20, 9, access=[[[0, 0], [0, 9]], [[5, 9], [15, 9]]]),
        [[10, 2.6, ACROSS], [4, 6.0, ACROSS]],
        [True, False],
    ),
    ("half of it over the way in", yard(20, 5.2, access=[[0, 5.2], [10, 5.2]]), [[10, 2.6, ACROSS]], [False]),
    (
        "a tree in the way",
        yard(20, 11, holes=[[[9, 7], [11, 7], [11, 8], [9, 8]]]),
        [[10, 2.6, ACROSS]],
        [False],
    ),
    ("no kerb: every edge lets in", yard(20, 5.2, kerb=None), [[10, 2.6, ACROSS]], [True]),
    ("aslant", yard(20, 5.2, mode="diagonal"), [[10, 2.7, math.radians(60)]], [True]),
]


@pytest.mark.parametrize(
    ("item", "slots", "expected"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
@pytest.mark.parametrize(("turn", "east", "north"), [(0.0, 0.0, 0.0), (2.1, 712_345.0, 4_289_123.0)])
def test_reachable(
    item: dict[str, Any],
    slots: list[list[float]],
    expected: list[bool],
    turn: float,
    east: float,
    north: float,
) -> None:
    def moved(value: Any) -> Any:
        if isinstance(value[0], (int, float)):
            x, y = value
            cos, sin = math.cos(turn), math.sin(turn)
            return [east + x * cos - y * sin, north + x * sin + y * cos]
        return [moved(each) for each in value]

    geometry = {
        key: moved(item[key]) for key in ("zone", "occupied", "kerb", "access", "holes") if item.get(key)
    }
    placed = [[*moved([x, y]), theta + turn] for x, y, theta in slots]
    assert list(score_instance({**item, **geometry}, placed, reach=True).reachable) == expected


def test_edges_of_the_zone_that_are_not_kerb() -> None:
    zone = box(0, 0, 20, 5)
    assert access_edges(zone, None).length == pytest.approx(50.0)
    assert access_edges(zone, LineString([(0, 0), (20, 0)])).length == pytest.approx(30.0)
    # Drawn 20 cm off, and only for half the edge.
    half = access_edges(zone, LineString([(0, 0.2), (8, 0.2)]))
    assert half.length == pytest.approx(42.0)
    assert not half.intersects(shapely.Point(4, 0))
    # A bent kerb in many pieces leaves no crumbs between them.
    turns = [math.radians(k) for k in range(91)]
    bend = [(20 * math.cos(t), 20 * math.sin(t)) for t in turns]
    outer = Polygon([*bend, *[(1.25 * x, 1.25 * y) for x, y in reversed(bend)]])
    assert access_edges(outer, LineString(bend)).length == pytest.approx(5 + 5 + 25 * math.pi / 2, abs=0.01)
    given = MultiLineString([[(0, 0), (0, 5)]])
    assert access_edges(zone, None, given).length == pytest.approx(5.0)


def test_the_command_counts_them_and_refuses_a_false_claim(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    instances, results = tmp_path / "in.json", tmp_path / "out.json"
    instances.write_text(json.dumps([yard(20, 11)]))
    entry = {"id": "yard", "slots": [[10, 2.6, ACROSS], [10, 8.0, ACROSS]], "reachable": [False, True]}
    results.write_text(json.dumps([entry]))
    assert main([str(instances), str(results), "--reachable"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "total: 2, 0 infeasible, 1 reachable"
    results.write_text(json.dumps([{**entry, "reachable": [True, True]}]))
    assert main([str(instances), str(results), "--reachable"]) == 1
    assert "slot 0 is said to be reachable and is not" in capsys.readouterr().out
    assert main([str(instances), str(results)]) == 0


def test_two_slots_that_share_a_side_to_the_last_bit_but_one_do_not_overlap() -> None:
    one = Polygon(
        [
            (5.730537533237346, 8.235344989896365),
            (3.5237974320319125, 2.6558917796138526),
            (5.662587829306876, 1.8099747408184368),
            (7.869327930512309, 7.389427951100949),
        ]
    )
    other = Polygon(
        [
            (7.869327930512309, 7.389427951100949),
            (5.662587829306876, 1.809974740818436),
            (7.801378226581839, 0.9640577020230201),
            (10.008118327787273, 6.543510912305532),
        ]
    )
    assert shared_m2(one, other) == pytest.approx(0.0, abs=1e-5)
