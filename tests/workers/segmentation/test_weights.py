# SPDX-License-Identifier: AGPL-3.0-or-later
"""Names of weights, and which classes of a model count as cars."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.segmentation.protocol import WeightsError
from workers.segmentation.weights import check_weights, choose_classes, parse_names, weights_name

COCO = {0: "person", 1: "bicycle", 2: "car", 3: "motorcycle", 4: "airplane", 5: "bus", 6: "train", 7: "truck"}
PATH = Path("m.onnx")


@pytest.mark.parametrize(
    ("names", "count", "wanted", "chosen"),
    [
        pytest.param({0: "vehicle"}, 1, None, (0,), id="the only class"),
        pytest.param({}, 1, None, (0,), id="the only class, unnamed"),
        pytest.param(COCO, 80, None, (2, 5, 7), id="COCO: car, bus, truck"),
        pytest.param(COCO, 80, ["car"], (2,), id="the paper: car only"),
        pytest.param(COCO, 80, ["Truck", 2, "2"], (2, 7), id="names and numbers, once each"),
    ],
)
def test_classes(names, count, wanted, chosen):
    assert choose_classes(names, count, wanted, PATH) == chosen


@pytest.mark.parametrize(
    ("names", "count", "wanted", "told"),
    [
        pytest.param(
            {0: "cat", 1: "dog"}, 2, None, "none is named like a car", id="a model of something else"
        ),
        pytest.param(COCO, 80, ["tram"], "'tram' is not in m.onnx", id="unknown name"),
        pytest.param(COCO, 80, [80], "80 is not in m.onnx", id="number too high"),
        pytest.param(COCO, 80, [], "empty", id="no class at all"),
    ],
)
def test_classes_refused(names, count, wanted, told):
    with pytest.raises(WeightsError, match=told):
        choose_classes(names, count, wanted, PATH)


@pytest.mark.parametrize(
    ("text", "names"),
    [("{0: 'car'}", {0: "car"}), ("no names", {}), ("['car']", {}), ("__import__('os')", {})],
)
def test_names_are_read_but_never_run(text, names):
    assert parse_names(text) == names


def test_a_name_tells_two_versions_of_a_file_apart(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"one")
    first = weights_name(path)
    path.write_bytes(b"two")
    assert first == "model@7692c3ad3540" and weights_name(path) != first


def test_of_openvinos_two_files_the_name_tells_both_apart(tmp_path):
    path = tmp_path / "model.xml"
    path.write_bytes(b"<net/>")
    with pytest.raises(WeightsError, match=r"has no model\.bin beside it"):
        check_weights(path, (".onnx", ".xml"))
    path.with_suffix(".bin").write_bytes(b"one")
    first = weights_name(check_weights(path, (".onnx", ".xml")))
    path.with_suffix(".bin").write_bytes(b"two")
    assert weights_name(path) != first
