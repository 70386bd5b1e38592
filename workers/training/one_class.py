# SPDX-License-Identifier: AGPL-3.0-or-later
"""Turning an 80-class YOLO segmentation network into one that knows only cars, without forgetting what a car is.

Ultralytics builds a new classification branch when the number of classes changes, since the branch's width follows
it. A short fine-tuning on few pictures is then spent on learning cars anew. Here the branch stays, and of its last
layer only the rows of the old vehicle classes.
"""

from __future__ import annotations

from typing import Any

CAR_ROW = 2  # of COCO's 80 classes


def keep_only_cars(network: Any, car_row: int = CAR_ROW) -> Any:
    """Change the network (a torch module of Ultralytics) in place to the single class 0, car, and give it back."""
    import torch

    head = network.model[-1]
    if head.nc == 1:
        return network
    for branch in head.cv3:
        old = branch[-1]
        new = torch.nn.Conv2d(old.in_channels, 1, 1)
        with torch.no_grad():
            new.weight.copy_(old.weight[car_row : car_row + 1])
            new.bias.copy_(old.bias[car_row : car_row + 1])
        branch[-1] = new
    head.nc = 1
    head.no = 1 + head.reg_max * 4
    network.nc = 1
    network.yaml["nc"] = 1
    network.names = {0: "car"}
    return network
