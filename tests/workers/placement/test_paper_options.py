# SPDX-License-Identifier: AGPL-3.0-or-later
"""The paper's parameters on the command line, and the pictures of what they do."""

from __future__ import annotations

import argparse
import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from workers.placement import AS_PUBLISHED_FULL, AS_PUBLISHED_X, PaperParameters
from workers.placement.paper_options import add_paper_options, paper_parameters
from workers.placement.pictures import cost_svg
from workers.placement.pictures import main as pictures_main

STRIP: dict[str, Any] = {
    "id": "strip/1",
    "zone": [[0, 0], [20, 0], [20, 3], [0, 3]],
    "occupied": [[[6, 0], [10, 0], [10, 4], [6, 4]]],
    "slot": [5.0, 2.3],
    "mode": "parallel",
    "kerb": [[0, 0], [20, 0]],
}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", AS_PUBLISHED_X),
        ("--settings published-full", AS_PUBLISHED_FULL),
        (
            "--settings published-full --food-sources 30 --abandonment-limit 7 --iterations 9",
            replace(AS_PUBLISHED_FULL, food_sources=30, abandonment_limit=7, iterations=9),
        ),
        (
            "--outside-penalty 1 --occupied-penalty 2.5 --new-penalty 3",
            replace(AS_PUBLISHED_X, outside_penalty=1.0, occupied_penalty=2.5, new_penalty=3.0),
        ),
    ],
)
def test_each_parameter_is_an_option(arguments: str, expected: PaperParameters) -> None:
    parser = argparse.ArgumentParser()
    add_paper_options(parser)
    assert paper_parameters(parser.parse_args(arguments.split())) == expected


def test_pictures_of_the_layouts_and_of_the_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    instances = tmp_path / "in.json"
    instances.write_text(json.dumps([STRIP, {**STRIP, "id": "other"}]))
    out = tmp_path / "pictures"
    assert pictures_main([str(instances), "-o", str(out), "--id", "strip/1", "--iterations", "40"]) == 0
    assert sorted(file.name for file in out.iterdir()) == ["strip_1-cost.svg", "strip_1-layouts.svg"]
    layouts = ET.parse(out / "strip_1-layouts.svg").getroot()
    classes = [path.get("class") for path in layouts.iter("{http://www.w3.org/2000/svg}path")]
    assert classes.count("zone") == classes.count("car") == classes.count("kerb") == 2
    assert classes.count("slot") + classes.count("dropped") == 6  # N = 3, after 5 and after 40 iterations
    words = [text.text or "" for text in layouts.iter("{http://www.w3.org/2000/svg}text")]
    assert words[0].startswith("after 5 iterations: 3 slots, cost ")
    assert capsys.readouterr().out.startswith("strip/1: cost ")


def test_the_cost_curve_starts_high_and_ends_where_it_ended() -> None:
    curve = ET.fromstring(cost_svg([1000.0, 500.0, 0.0], 8.0, "a < b")).find(
        "{http://www.w3.org/2000/svg}polyline"
    )
    assert curve is not None
    heights = [float(point.split(",")[1]) for point in (curve.get("points") or "").split()]
    assert heights == [40.0, 160.0, 280.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--id", "none"], "no instance called none"),
        (["--food-sources", "1"], "food_sources is 1"),
        (["--iterations", "0"], "iterations is 0"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    (tmp_path / "in.json").write_text(json.dumps([STRIP]))
    with pytest.raises(SystemExit) as stop:
        pictures_main([str(tmp_path / "in.json"), "-o", str(tmp_path / "out"), *arguments])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
