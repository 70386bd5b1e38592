# SPDX-License-Identifier: AGPL-3.0-or-later
"""Cars in images as polygons: one protocol, two engines. See `protocol` for pixel coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from workers.segmentation.protocol import CarMask, ImageError, SegmentationError, Segmenter, WeightsError
from workers.segmentation.weights import (
    DEFAULT_THRESHOLD,
    DEFAULT_WEIGHTS,
    DOUBT_THRESHOLD,
)

if TYPE_CHECKING:
    from workers.segmentation.openvino import OpenVinoSegmenter
    from workers.segmentation.ultralytics import UltralyticsSegmenter

__all__ = [
    "DEFAULT_THRESHOLD",
    "DEFAULT_WEIGHTS",
    "DOUBT_THRESHOLD",
    "CarMask",
    "ImageError",
    "SegmentationError",
    "Segmenter",
    "WeightsError",
    "load_segmenter",
]

Engine = Literal["openvino", "ultralytics"]


def load_segmenter(
    weights: Path | str | None = None,
    threshold: float | None = None,
    engine: Engine = "openvino",
    *,
    classes: Sequence[int | str] | None = None,
    long_side: int | None = None,
    threads: int | None = None,
    warm_up: bool = True,
) -> Segmenter:
    """A segmenter that is ready for its first frame.

    weights: model file; None takes the engine's default (the shipped ONNX file; for ultralytics yolov9e-seg.pt).
    threshold: least score of a car; None takes the one measured best for the shipped model.
    classes: class indices or names that count as cars; None: a model's only class, or car, bus, truck of several.
    long_side: input size of the longer image side, pixels; None: by the image, 1280 to 1600. threads: CPU threads per inference.
    Raises WeightsError, or SegmentationError for an unknown engine or one that is not installed.
    """
    path = Path(weights) if weights else None
    segmenter: OpenVinoSegmenter | UltralyticsSegmenter
    if engine == "openvino":
        from workers.segmentation.openvino import OpenVinoSegmenter

        segmenter = OpenVinoSegmenter(
            path, threshold=threshold, classes=classes, long_side=long_side, threads=threads
        )
    elif engine == "ultralytics":
        from workers.segmentation.ultralytics import UltralyticsSegmenter

        segmenter = UltralyticsSegmenter(
            path, threshold=threshold, classes=classes, long_side=long_side, threads=threads
        )
    else:
        raise SegmentationError(f"there is no engine {engine!r}; the engines are openvino and ultralytics")
    if warm_up:
        segmenter.warm_up()
    return segmenter
