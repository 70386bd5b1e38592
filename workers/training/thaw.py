# SPDX-License-Identifier: AGPL-3.0-or-later
"""From an exported ONNX file back to weights that can be trained, so that whoever has the shipped file can go on from it.

An export folds each batch normalisation into the convolution before it; trained on without any, a network drifts, and with
fresh ones it begins from nothing. Here each normalisation is put back with the mean and spread that its convolution has on
pictures like those it will be trained on, and with the scale and shift that undo them: the network says exactly what the
file says, and the normalisations are in the middle of their range.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.segmentation.protocol import WeightsError
from workers.segmentation.quiet import import_ultralytics
from workers.training.one_class import keep_only_cars

ARCHITECTURE = "yolov8n-seg.yaml"  # of the model that ships
PICTURES = 64  # per channel that is tens of thousands of values even in the coarsest layer
LEAST_VARIANCE = 1e-6  # of a channel that is the same everywhere


def thaw(onnx_file: Path, pictures: Sequence[Path], output: Path, architecture: str = ARCHITECTURE) -> Path:
    """Write a checkpoint of Ultralytics (.pt) that computes what `onnx_file` does, and return its path.

    pictures: square training tiles; the first `PICTURES` are looked at. architecture: Ultralytics' name of the network
    that was exported. Raises WeightsError when the file holds another network, or several classes.
    """
    import torch

    library = import_ultralytics()
    weights = _read_weights(onnx_file)
    model = library.YOLO(architecture, task="segment")
    network = keep_only_cars(model.model)
    _fill_in(network, weights, onnx_file, architecture)
    network.eval()
    with torch.no_grad():
        _put_normalisation_back(network, [_as_input(path) for path in pictures[:PICTURES]])
    output.parent.mkdir(parents=True, exist_ok=True)
    # Not by YOLO.save, which halves the numbers: scale and spread would no longer undo each other.
    torch.save({"model": network.float(), "ema": None, "train_args": {}}, output)
    return output


def _read_weights(path: Path) -> dict[str, NDArray[np.float32]]:
    import onnx

    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:  # protobuf's own class differs between its versions
        raise WeightsError(f"{path} cannot be read as an ONNX file: {error}") from error
    return {
        item.name: onnx.numpy_helper.to_array(item)
        for item in graph.initializer
        if item.name.startswith("model.")
    }


def _fill_in(network: Any, weights: dict[str, NDArray[np.float32]], path: Path, architecture: str) -> None:
    """The file's weights into the network, its normalisations made to do nothing but add the bias."""
    import torch
    from ultralytics.nn.modules import Conv

    known = dict(weights)

    def take(name: str, shape: torch.Size) -> torch.Tensor:
        value = known.pop(name, None)
        if value is None or value.shape != tuple(shape):
            found = "nothing" if value is None else f"shape {value.shape}"
            raise WeightsError(
                f"{path} is no {architecture.removesuffix('.yaml')} of one class: {name} should have shape {tuple(shape)}, "
                f"found {found}; an eight-bit export cannot be trained on either"
            )
        return torch.from_numpy(value.copy())

    inside = set()  # convolutions that a normalisation follows
    for name, module in network.named_modules():
        if isinstance(module, Conv):
            module.conv.weight.data = take(f"{name}.conv.weight", module.conv.weight.shape)
            module.bn.bias.data = take(f"{name}.conv.bias", module.bn.bias.shape)
            module.bn.weight.data.fill_(1.0)
            module.bn.running_mean.zero_()
            module.bn.running_var.fill_(1.0 - module.bn.eps)
            inside.add(f"{name}.conv")
        elif isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d) and name not in inside:
            if name.endswith("dfl.conv"):
                continue  # the fixed numbers 0..15, which an export may have folded away
            module.weight.data = take(f"{name}.weight", module.weight.shape)
            if module.bias is not None:
                module.bias.data = take(f"{name}.bias", module.bias.shape)
    left = [name for name in known if not name.endswith("dfl.conv.weight")]
    if left:
        raise WeightsError(
            f"{path} is no {architecture.removesuffix('.yaml')}: it also has {', '.join(left[:3])}"
        )


def _put_normalisation_back(network: Any, pictures: Sequence[Any]) -> None:
    """Mean and variance of each convolution's output over the pictures, and the scale and shift that undo them."""
    import torch
    from ultralytics.nn.modules import Conv

    sums: dict[str, list[Any]] = {}

    def watch(name: str) -> Any:
        def note(_: Any, __: Any, out: torch.Tensor) -> None:
            values = out.double()
            total = sums.setdefault(name, [0.0, 0.0, 0])
            total[0] = total[0] + values.sum(dim=(0, 2, 3))
            total[1] = total[1] + (values**2).sum(dim=(0, 2, 3))
            total[2] += values.numel() // values.shape[1]

        return note

    convolutions = {name: module for name, module in network.named_modules() if isinstance(module, Conv)}
    hooks = [module.conv.register_forward_hook(watch(name)) for name, module in convolutions.items()]
    for picture in pictures:
        network(picture)
    for hook in hooks:
        hook.remove()
    for name, module in convolutions.items():
        first, second, count = sums[name]
        mean = first / count
        variance = (second / count - mean**2).clamp_min(LEAST_VARIANCE)
        module.bn.running_mean.copy_(mean)
        module.bn.running_var.copy_(variance)
        module.bn.bias.data += mean.float()
        module.bn.weight.data = (module.bn.running_var + module.bn.eps).sqrt()


def _as_input(path: Path) -> Any:
    """A picture as the network sees it: (1, 3, H, W) RGB, 0..1."""
    import torch

    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"{path} cannot be read as a picture")
    return torch.from_numpy(np.ascontiguousarray(image[:, :, ::-1].transpose(2, 0, 1)))[None].float() / 255
