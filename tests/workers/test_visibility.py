# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures that show nothing make no ground free: black ones, covered lenses, white-outs."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from tests.camera_registry.views import a_view, picture, the_square
from tests.workers.scenes import CALIBRATION, TruthSegmenter, image, zone
from tests.workers.test_pipeline import STRIP, write_inputs
from workers.pipeline import CameraView, analyse_frame
from workers.pipeline_cli import main
from workers.visibility import why_nothing_can_be_said

STREET = picture(the_square(), a_view())
GRAIN = np.random.default_rng(4).normal(0, 5, STREET.shape)


def graded(share: float, veil: float) -> np.ndarray:
    """The street seen through a veil of this grey value, with sensor grain."""
    return np.clip(STREET * share + veil * (1 - share) + GRAIN, 0, 255).astype(np.uint8)


def covered_window(picture: np.ndarray) -> np.ndarray:
    masked = picture.copy()
    masked[:200, 300:800] = 0
    return masked


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        pytest.param(STREET, "", id="a street by day"),
        pytest.param(graded(0.4, 0), "", id="the same at dusk"),
        pytest.param(graded(0.5, 210), "", id="light fog"),
        pytest.param(covered_window(STREET), "", id="a privacy mask over part of it"),
        pytest.param(np.zeros_like(STREET), "black", id="black"),
        pytest.param(graded(0.02, 0), "black", id="black with sensor grain"),
        pytest.param(np.full_like(STREET, 255), "next to nothing", id="white"),
        pytest.param(graded(0.05, 220), "next to nothing", id="thick fog"),
        pytest.param(
            covered_window(graded(0.05, 220)), "next to nothing", id="thick fog round a privacy mask"
        ),
        pytest.param(cv2.GaussianBlur(STREET, (0, 0), 30), "next to nothing", id="snow on the lens"),
        pytest.param(np.zeros((8, 8, 3), np.uint8), "black", id="tiny"),
    ],
)
def test_what_shows_something(frame, told):
    said = why_nothing_can_be_said(frame)
    assert told in said and bool(said) == bool(told)


@pytest.mark.parametrize(
    "frame", [np.zeros_like(image()), np.full_like(image(), 235)], ids=["black", "white"]
)
def test_a_zone_is_unknown_not_free(frame):
    camera = CameraView(CALIBRATION)
    assert len(analyse_frame(image(), TruthSegmenter([]), camera, [zone()]).layouts[0].spaces) == 7
    analysis = analyse_frame(frame, TruthSegmenter([]), camera, [zone()])
    assert analysis.layouts == () and analysis.observation.zones == () and analysis.blind


def test_the_command_line_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("workers.pipeline_cli.load_segmenter", lambda **_: TruthSegmenter([]))
    arguments = write_inputs(tmp_path, STRIP)
    cv2.imwrite(str(tmp_path / "frame.jpg"), np.zeros_like(image()))
    assert main(arguments) == 0
    answer = json.loads((tmp_path / "out.geojson").read_text())
    assert answer["zones"][0]["free_count"] is None and answer["features"] == []
    told = capsys.readouterr()
    assert "nearly black" in told.err and "unknown" in told.out
