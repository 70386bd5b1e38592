# SPDX-License-Identifier: AGPL-3.0-or-later
"""A YOLO-seg model in miniature, made with the onnx package: same inputs, outputs and notes as a real export.

It finds one "car" in each image: whatever is bright. Its box is the whole image and more (so it counts as cut off by the
picture's edge), its mask follows the brightness, and
the score of class i is the brightest value of one colour channel (class 0 red, 1 green, 2 blue, then nothing), so
that a test can tell colour order, scaling, classes, batches and shapes apart.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

PROTOTYPES = 32
FAR = 10_000.0  # a box this large is cut to the image
MASK_GAIN, MASK_OFFSET = 20.0, -10.0  # brightness 0..1 to mask logits: zero at half brightness


def write_tiny_network(
    path: Path,
    names: tuple[str, ...] = ("car",),
    size: tuple[int, int] | None = None,
    segmentation: bool = True,
) -> Path:
    """Save the model; size: fixed input (width, height) or None for any; segmentation=False leaves the masks out."""
    rows = 4 + len(names) + PROTOTYPES
    head = np.zeros((3, rows), np.float32)
    for i in range(min(3, len(names))):
        head[i, 4 + i] = 1.0
    bias = np.zeros(rows, np.float32)
    bias[:4] = FAR / 2, FAR / 2, FAR, FAR
    bias[4 + len(names)] = 1.0  # the mask is the first prototype
    spread = np.zeros((PROTOTYPES, 1, 1, 1), np.float32)
    spread[0] = 1.0
    constants = {
        "head": head,
        "bias": bias,
        "spread": spread,
        "gain": np.float32(MASK_GAIN),
        "offset": np.float32(MASK_OFFSET),
        "last": np.array([2], np.int64),
    }
    nodes = [
        helper.make_node("ReduceMax", ["images"], ["brightest"], axes=[2, 3], keepdims=0),
        helper.make_node("Gemm", ["brightest", "head", "bias"], ["row"]),
        helper.make_node("Unsqueeze", ["row", "last"], ["output0"]),
        helper.make_node("ReduceMean", ["images"], ["grey"], axes=[1], keepdims=1),
        helper.make_node("AveragePool", ["grey"], ["quarter"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Mul", ["quarter", "gain"], ["scaled"]),
        helper.make_node("Add", ["scaled", "offset"], ["logits"]),
        helper.make_node("Conv", ["logits", "spread"], ["output1"], kernel_shape=[1, 1]),
    ]
    height, width = ("height", "width") if size is None else (size[1], size[0])
    batch = "batch" if size is None else 1
    outputs = [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [batch, rows, 1])]
    if segmentation:
        quarter = ["mask_height", "mask_width"] if size is None else [size[1] // 4, size[0] // 4]
        outputs.append(
            helper.make_tensor_value_info("output1", TensorProto.FLOAT, [batch, PROTOTYPES, *quarter])
        )
    else:
        nodes = nodes[:3]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, height, width])],
        outputs,
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, {"names": str(dict(enumerate(names))), "task": "segment"})
    onnx.save(model, str(path))
    return path
