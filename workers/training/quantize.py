# SPDX-License-Identifier: AGPL-3.0-or-later
"""Eight-bit weights for CPUs: from an exported ONNX file to OpenVINO's own pair of files (.xml and .bin).

Post-training quantisation (NNCF): weights per channel, activations by what a few dozen pictures show, no training. What
turns the head's numbers into boxes stays in floating point: a step of eight bits would be several pixels there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.segmentation.images import read_image
from workers.segmentation.letterbox import fit_letterbox
from workers.segmentation.protocol import SegmentationError, WeightsError
from workers.segmentation.quiet import import_nncf, import_openvino
from workers.segmentation.weights import check_weights

PICTURES = 72  # spread evenly over those given; more change nothing that can be measured
LEAST_PICTURES = 8
#: The number of the layer to which an operation belongs, in the names that the export gives.
LAYER = re.compile(r"/model\.(\d+)/")


def quantize(onnx_file: Path, pictures: Sequence[Path], output: Path, long_side: int | None = None) -> Path:
    """Write `output` (.xml) with its .bin and return it.

    pictures: what the model will see, of all lights and places there are; empty ground as well as cars.
    long_side: input size of their longer side, pixels, where the model will not run at the usual one.
    Raises WeightsError for a file that is no network, ValueError for too few pictures or another ending, SegmentationError
    without NNCF.
    """
    check_weights(onnx_file, (".onnx",))
    if output.suffix != ".xml":
        raise ValueError(f"eight-bit models are written in OpenVINO's format: let {output} end in .xml")
    if len(pictures) < LEAST_PICTURES:
        raise ValueError(
            f"{len(pictures)} pictures are too few to learn ranges from: give {LEAST_PICTURES} or more"
        )
    openvino = import_openvino()
    try:
        nncf = import_nncf()
    except ImportError as error:
        raise SegmentationError(
            f"quantising needs nncf ({error}): pip install -r requirements.txt"
        ) from error
    try:
        model = openvino.Core().read_model(onnx_file)
    except RuntimeError as error:
        raise WeightsError(f"{onnx_file} cannot be read as a network: {error}") from error
    chosen = spread(pictures, PICTURES)
    small = nncf.quantize(
        model,
        nncf.Dataset(chosen, lambda path: _as_input(path, long_side)),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(chosen),
        ignored_scope=nncf.IgnoredScope(patterns=[_after_the_convolutions_of_the_head(model)]),
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    openvino.save_model(small, output, compress_to_fp16=False)
    return output


def _after_the_convolutions_of_the_head(model: Any) -> str:
    """Names of the operations that make boxes out of distances; the head is the last layer."""
    numbers = [int(m[1]) for op in model.get_ops() if (m := LAYER.match(op.get_friendly_name()))]
    if not numbers:
        raise WeightsError("the network's operations are not named as Ultralytics names them in an export")
    return rf"/model\.{max(numbers)}/(?!cv\d|proto).*"


def spread(items: Sequence[Path], count: int) -> list[Path]:
    """`count` of the items, evenly spread; all when there are fewer."""
    if len(items) <= count:
        return list(items)
    return [items[round(i)] for i in np.linspace(0, len(items) - 1, count)]


def _as_input(path: Path, long_side: int | None) -> NDArray[np.float32]:
    """A picture as the bare network sees it: (1, 3, H, W) RGB, 0..1."""
    image = read_image(path)
    fitted = fit_letterbox((image.shape[1], image.shape[0]), long_side).apply(image)
    return cv2.cvtColor(fitted, cv2.COLOR_BGR2RGB).transpose(2, 0, 1)[None].astype(np.float32) / 255
