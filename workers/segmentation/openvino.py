# SPDX-License-Identifier: AGPL-3.0-or-later
"""The CPU engine: OpenVINO runs an exported ONNX file of a YOLO segmentation model; no torch.

Scaling to 0..1, BGR to RGB and the change to channels-first are compiled into the network, so an image is only
resized here. Networks with a free input size are compiled once for each shape that cameras bring and kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.segmentation.letterbox import STRIDE, Letterbox, fit_letterbox, fit_letterbox_into
from workers.segmentation.masks import decode_cars, select_candidates
from workers.segmentation.protocol import CarMask, SegmentationError, WeightsError, check_image
from workers.segmentation.quiet import import_openvino
from workers.segmentation.weights import (
    DEFAULT_THRESHOLD,
    DEFAULT_WEIGHTS,
    check_weights,
    choose_classes,
    parse_names,
    weights_name,
)

MAX_COMPILED_SHAPES = 8  # a compiled shape holds some tens of MB of buffers
PROTOTYPES = 32  # mask prototypes of every YOLO-seg head


@dataclass
class StageTimes:
    """Milliseconds spent by stage in the last call of `segment`, summed over its images."""

    letterbox_ms: float = 0.0
    network_ms: float = 0.0
    masks_ms: float = 0.0
    images: int = field(default=0)


class OpenVinoSegmenter:
    """Segmenter on OpenVINO. Not for sharing between threads.

    weights: ONNX file (or OpenVINO's own .xml) of a YOLO segmentation model.
    threshold: least score of a car. classes: see `weights.choose_classes`.
    long_side: input size of the longer image side, pixels; None: by the image (`letterbox.usual_long_side`). Ignored when the
        file fixes its input size.
    threads: CPU threads of one inference; None leaves it to OpenVINO (all physical cores).
    """

    def __init__(
        self,
        weights: Path | None = None,
        *,
        threshold: float | None = None,
        classes: Sequence[int | str] | None = None,
        long_side: int | None = None,
        threads: int | None = None,
        device: str = "CPU",
    ) -> None:
        path = check_weights(weights or DEFAULT_WEIGHTS, (".onnx", ".xml"))
        self.threshold = DEFAULT_THRESHOLD if threshold is None else float(threshold)
        if not 0.0 < self.threshold < 1.0:
            raise SegmentationError(f"the threshold lies between 0 and 1, not at {self.threshold}")
        if long_side is not None and long_side < STRIDE:
            raise SegmentationError(
                f"an input size of {long_side} pixels is less than the network's stride of {STRIDE}"
            )
        self._ov = import_openvino()
        self._core = self._ov.Core()
        self._device = device
        self._long_side = long_side
        # LATENCY: one stream with all threads. On two cores it is as fast per image as two streams of one thread
        # each, and a lone frame, the usual case, is ready in half the time.
        self._properties: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
        if threads is not None:
            self._properties["INFERENCE_NUM_THREADS"] = threads
        self._model, names = self._read(path)
        self._class_count = self._check_outputs(path)
        self.classes = choose_classes(names, self._class_count, classes, path)
        self._fixed_batch, self._fixed_size = self._input_limits()
        self._compiled: OrderedDict[tuple[int, int, int], Any] = OrderedDict()
        self._name = weights_name(path)
        self.times = StageTimes()

    @property
    def name(self) -> str:
        return self._name

    def warm_up(self, source_size: tuple[int, int] = (1920, 1080)) -> None:
        """Compile for images of this (width, height) and run once, so that the first frame is as fast as the others."""
        width, height = source_size
        self.segment([np.zeros((height, width, 3), np.uint8)])

    def segment(self, images: Sequence[NDArray[np.uint8]]) -> list[list[CarMask]]:
        for position, image in enumerate(images):
            check_image(image, position)
        self.times = StageTimes(images=len(images))
        letterboxes = [self._letterbox((image.shape[1], image.shape[0])) for image in images]
        # One image per inference: on a CPU a batch of four takes four times as long as one (measured), and a compiled
        # network per batch size would cost memory for nothing.
        return [self._segment_one(image, box) for image, box in zip(images, letterboxes, strict=True)]

    def _segment_one(self, image: NDArray[np.uint8], letterbox: Letterbox) -> list[CarMask]:
        start = perf_counter()
        network_input = letterbox.apply(image)[None]
        begun = perf_counter()
        prediction, prototypes = self._infer(network_input)
        inferred = perf_counter()
        candidates = select_candidates(
            prediction[0], self.classes, self._class_count, self.threshold, letterbox.content_box
        )
        cars = decode_cars(candidates, prototypes[0], letterbox)
        done = perf_counter()
        self.times.letterbox_ms += (begun - start) * 1000
        self.times.network_ms += (inferred - begun) * 1000
        self.times.masks_ms += (done - inferred) * 1000
        return cars

    def _letterbox(self, source_size: tuple[int, int]) -> Letterbox:
        if self._fixed_size is not None:
            return fit_letterbox_into(source_size, self._fixed_size)
        return fit_letterbox(source_size, self._long_side)

    def _infer(self, batch: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Raw head output (N, 4 + classes + 32, anchors) and prototypes (N, 32, H / 4, W / 4) of (N, H, W, 3) uint8.

        The arrays are views of the network's buffers and hold until the next call.
        """
        count, height, width, _ = batch.shape
        if self._fixed_batch is not None and count < self._fixed_batch:
            batch = np.concatenate([batch, np.zeros((self._fixed_batch - count, height, width, 3), np.uint8)])
        request = self._request((len(batch), height, width))
        request.infer({0: batch}, share_inputs=True)
        first, second = (request.get_output_tensor(i).data for i in self._output_order)
        return first, second

    def _request(self, shape: tuple[int, int, int]) -> Any:
        if shape in self._compiled:
            self._compiled.move_to_end(shape)
            return self._compiled[shape]
        model = self._model.clone()
        count, height, width = shape
        if model.input(0).get_partial_shape().is_dynamic:
            model.reshape([count, 3, height, width])
        request = self._core.compile_model(self._with_preprocessing(model), self._device, self._properties)
        self._compiled[shape] = request.create_infer_request()
        if len(self._compiled) > MAX_COMPILED_SHAPES:
            self._compiled.popitem(last=False)
        return self._compiled[shape]

    def _with_preprocessing(self, model: Any) -> Any:
        preprocess = self._ov.preprocess
        steps = preprocess.PrePostProcessor(model)
        steps.input().tensor().set_element_type(self._ov.Type.u8).set_layout(self._ov.Layout("NHWC"))
        steps.input().tensor().set_color_format(preprocess.ColorFormat.BGR)
        steps.input().model().set_layout(self._ov.Layout("NCHW"))
        steps.input().preprocess().convert_element_type(self._ov.Type.f32)
        steps.input().preprocess().convert_color(preprocess.ColorFormat.RGB).scale(255.0)
        for output in range(2):  # half-precision exports too hand over float32
            steps.output(output).tensor().set_element_type(self._ov.Type.f32)
        return steps.build()

    def _read(self, path: Path) -> tuple[Any, dict[int, str]]:
        try:
            model = self._core.read_model(path)
        except RuntimeError as error:
            raise WeightsError(
                f"{path} cannot be read as a network: it is truncated or no {path.suffix} file at all; fetch or export it again"
            ) from error
        try:
            names = parse_names(model.get_rt_info(["framework", "names"]).astype(str))
        except RuntimeError:  # a file without Ultralytics' notes
            names = {}
        return model, names

    def _check_outputs(self, path: Path) -> int:
        """The number of classes, found from the output shapes; WeightsError when this is no segmentation head."""
        shapes = [output.get_partial_shape() for output in self._model.outputs]
        told = f"{path} is no YOLO segmentation model as `yolo export format=onnx` writes it"
        ranks = [shape.rank.get_length() if shape.rank.is_static else None for shape in shapes]
        if len(self._model.inputs) != 1 or sorted(ranks, key=str) != [3, 4]:
            raise WeightsError(
                f"{told}: its outputs are {[str(s) for s in shapes]}; a detection or other model?"
            )
        self._output_order = (ranks.index(3), ranks.index(4))
        head, prototypes = shapes[self._output_order[0]], shapes[self._output_order[1]]
        rows = head[1].get_length() if head[1].is_static else 0
        kinds = prototypes[1].get_length() if prototypes[1].is_static else 0
        class_count = rows - 4 - PROTOTYPES
        if kinds != PROTOTYPES or class_count < 1:
            raise WeightsError(
                f"{told}: expected (N, 4 + classes + {PROTOTYPES}, anchors) and (N, {PROTOTYPES}, H/4, W/4), "
                f"found {head} and {prototypes}"
            )
        return class_count

    def _input_limits(self) -> tuple[int | None, tuple[int, int] | None]:
        """Batch size and input (width, height) where the file fixes them."""
        batch, _, height, width = self._model.input(0).get_partial_shape()
        size = (width.get_length(), height.get_length()) if width.is_static and height.is_static else None
        return (batch.get_length() if batch.is_static else None), size
