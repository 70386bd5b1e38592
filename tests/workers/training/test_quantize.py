# SPDX-License-Identifier: AGPL-3.0-or-later
"""Eight-bit weights: what is asked for first, and (where NNCF is installed) that the result runs and finds the same."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.workers.models import FULL, HAVE_NNCF, needs_nncf
from workers.segmentation import SegmentationError, WeightsError, load_segmenter
from workers.training.quantize import LEAST_PICTURES, quantize, spread


@pytest.fixture
def pictures(tmp_path) -> list[Path]:
    """Streets of the simulated town, small."""
    from apps.demo.dataset import generate

    paths = []
    for i, rendered in enumerate(generate(LEAST_PICTURES, seed=4, vary=True, size=(320, 192))):
        paths.append(tmp_path / f"{i}.jpg")
        cv2.imwrite(str(paths[-1]), rendered.frame.image)
    return paths


def test_pictures_are_taken_from_all_over() -> None:
    many = [Path(str(i)) for i in range(100)]
    assert [p.name for p in spread(many, 5)] == ["0", "25", "50", "74", "99"]
    assert spread(many[:3], 5) == many[:3]


@pytest.mark.parametrize(
    ("weights", "output", "count", "error", "told"),
    [
        ("none.onnx", "small.xml", 20, WeightsError, "no model file"),
        ("some.pt", "small.xml", 20, WeightsError, r"does not end in \.onnx"),
        (FULL, "small.onnx", 20, ValueError, r"end in \.xml"),
        (FULL, "small.xml", 3, ValueError, "3 pictures are too few"),
    ],
)
def test_what_is_refused(weights, output, count, error, told, tmp_path) -> None:
    (tmp_path / "some.pt").write_bytes(b"")
    with pytest.raises(error, match=told):
        quantize(tmp_path / weights, [Path("x.jpg")] * count, tmp_path / output)


@pytest.mark.skipif(HAVE_NNCF, reason="nncf is installed here")
def test_without_nncf_it_says_how_to_get_it(tmp_path) -> None:
    with pytest.raises(SegmentationError, match=r"requirements\.txt"):
        quantize(FULL, [Path("x.jpg")] * 20, tmp_path / "small.xml")


@needs_nncf
def test_the_result_runs_in_the_engine_and_is_a_quarter_as_large(pictures, tmp_path) -> None:
    small = quantize(FULL, pictures, tmp_path / "small.xml", long_side=320)
    assert small.with_suffix(".bin").stat().st_size < 0.3 * FULL.stat().st_size
    image = cv2.imread(str(pictures[0]))
    before, after = (load_segmenter(w, 0.3, long_side=320).segment([image])[0] for w in (FULL, small))
    assert before and len(after) == pytest.approx(len(before), abs=2)
    middles = [np.mean(car.polygons[0], axis=0) for car in after]
    for car in before:
        if car.score > 0.5:
            at = np.mean(car.polygons[0], axis=0)
            assert min(np.hypot(*(at - middle)) for middle in middles) < 3
