# SPDX-License-Identifier: AGPL-3.0-or-later
"""The GPU engine: Ultralytics (torch) runs any YOLO segmentation weights it can load (.pt, TensorRT .engine).

Importing this module needs neither library; making a segmenter does, and says so when they are missing. Ultralytics
finds and suppresses; the outlines are traced by this room's own code from the prototypes, so that both engines give
the same polygons, and because Ultralytics' own mask step costs more than a small network.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.segmentation.letterbox import fit_letterbox
from workers.segmentation.masks import decode_cars, select_candidates
from workers.segmentation.protocol import CarMask, SegmentationError, WeightsError, check_image
from workers.segmentation.quiet import import_ultralytics
from workers.segmentation.weights import DEFAULT_THRESHOLD, choose_classes, weights_name

DEFAULT_WEIGHTS_NAME = (
    "yolov9e-seg.pt"  # the paper's model; Ultralytics downloads it where there is a network
)
PROTOTYPES = 32


class UltralyticsSegmenter:
    """Segmenter on torch. Not for sharing between threads.

    weights: any YOLO segmentation weights; None: yolov9e-seg.pt. device: torch's name ("cpu", "cuda:0"), None: the
    first GPU when there is one. Other parameters as in `OpenVinoSegmenter`.
    """

    def __init__(
        self,
        weights: Path | None = None,
        *,
        threshold: float | None = None,
        classes: Sequence[int | str] | None = None,
        long_side: int | None = None,
        threads: int | None = None,
        device: str | None = None,
    ) -> None:
        try:
            import torch

            library = import_ultralytics()
            from ultralytics.nn.autobackend import AutoBackend
        except ImportError as error:
            raise SegmentationError(
                f"the ultralytics engine is not installed ({error}): pip install -r requirements.txt, "
                "or use the openvino engine"
            ) from error
        if weights is not None and not Path(weights).is_file():
            raise WeightsError(
                f"no model file at {weights}: leave the option out to use {DEFAULT_WEIGHTS_NAME}"
            )
        self.threshold = DEFAULT_THRESHOLD if threshold is None else float(threshold)
        self._torch = torch
        if threads is not None:
            torch.set_num_threads(threads)
        self._device = torch.device(device or ("cuda:0" if torch.cuda.is_available() else "cpu"))
        path = self._load(library, AutoBackend, weights)
        self._long_side = long_side
        self._class_count = len(self._names)
        self.classes = choose_classes(self._names, self._class_count, classes, path)
        self._name = weights_name(path)

    def _load(self, library: Any, backend: Any, weights: Path | None) -> Path:
        source = str(weights or DEFAULT_WEIGHTS_NAME)
        try:
            model = library.YOLO(source, task="segment")
            path = Path(getattr(model, "ckpt_path", None) or source)
            if getattr(model, "task", "segment") != "segment":
                raise WeightsError(f"{source} is a model for {model.task}, not for segmentation")
            network = model.model if source.endswith(".pt") else source
            self._network = backend(network, device=self._device, fuse=True, verbose=False)
        except WeightsError:
            raise
        except Exception as error:  # torch, pickle and Ultralytics raise many kinds for a broken file
            raise WeightsError(f"{source} cannot be loaded by Ultralytics: {error}") from error
        self._network.eval()
        self._names = {int(k): str(v) for k, v in dict(self._network.names).items()}
        return path

    @property
    def name(self) -> str:
        return self._name

    def warm_up(self, source_size: tuple[int, int] = (1920, 1080)) -> None:
        """Run once on an empty image of this (width, height)."""
        width, height = source_size
        self.segment([np.zeros((height, width, 3), np.uint8)])

    def segment(self, images: Sequence[NDArray[np.uint8]]) -> list[list[CarMask]]:
        for position, image in enumerate(images):
            check_image(image, position)
        boxes = [fit_letterbox((image.shape[1], image.shape[0]), self._long_side) for image in images]
        cars: list[list[CarMask]] = [[] for _ in images]
        for size in {
            box.input_size for box in boxes
        }:  # images of one shape go through the network as one batch
            members = [i for i, box in enumerate(boxes) if box.input_size == size]
            batch = np.stack([boxes[i].apply(images[i]) for i in members])
            predictions, prototypes = self._infer(batch)
            for i, prediction, protos in zip(members, predictions, prototypes, strict=True):
                found = select_candidates(
                    prediction, self.classes, self._class_count, self.threshold, boxes[i].content_box
                )
                cars[i] = decode_cars(found, protos, boxes[i])
        return cars

    def _infer(self, batch: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        torch = self._torch
        tensor = torch.from_numpy(np.ascontiguousarray(batch[..., ::-1].transpose(0, 3, 1, 2))).to(
            self._device
        )
        with torch.inference_mode():
            output = self._network(tensor.float() / 255.0)
        head, prototypes = _head_and_prototypes(output)
        if head.shape[1] != 4 + self._class_count + PROTOTYPES:
            raise WeightsError(f"{self._name}: unexpected head output of shape {tuple(head.shape)}")
        return head.float().cpu().numpy(), prototypes.float().cpu().numpy()


def _head_and_prototypes(output: Any) -> tuple[Any, Any]:
    """The (N, rows, anchors) and (N, 32, h, w) tensors among what the head returns, which nests differently by model."""
    flat: list[Any] = []

    def collect(item: Any) -> None:
        if isinstance(item, (list, tuple)):
            for part in item:
                collect(part)
        elif hasattr(item, "ndim"):
            flat.append(item)

    collect(output)
    return next(t for t in flat if t.ndim == 3), next(
        t for t in flat if t.ndim == 4 and t.shape[1] == PROTOTYPES
    )
