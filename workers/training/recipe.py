# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a model is trained: the recipe of the paper that SPARK began with, and the one its shipped model comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

NO_AUGMENTATION: Mapping[str, float] = MappingProxyType(
    dict.fromkeys(
        ("mosaic", "fliplr", "flipud", "degrees", "scale", "translate", "hsv_h", "hsv_s", "hsv_v", "erasing"),
        0.0,
    )
)
WHILE_TRAINING: Mapping[str, float] = MappingProxyType(
    {
        "mosaic": 0.3,
        "fliplr": 0.5,
        "flipud": 0.0,
        "degrees": 8.0,
        "scale": 0.25,
        "translate": 0.1,
        "hsv_h": 0.015,
        "hsv_s": 0.6,
        "hsv_v": 0.4,
    }
)


@dataclass(frozen=True)
class Recipe:
    """How to train.

    minutes: a limit, or None. freeze: this many of the network's first layers stay as they are, or its whole backbone.
    nominal_batch: the weights change each time so many images were seen. step_epochs: the learning rate falls to a
    tenth each time so many epochs are over; None: along a cosine. best_by: what chooses the best epoch and stops when
    it has not got better for `patience` epochs. copies: augmented copies of each training image that are written
    instead of tiles; 0: tiles. side: side of what the network is trained on, pixels. bfloat16: convolutions in sixteen
    bits, half the time on CPUs that have them; weights, loss and validation stay in 32. augment: Ultralytics' settings
    for what happens to each picture while training.
    """

    name: str = "spark"
    epochs: int = 10
    minutes: float | None = None
    freeze: int | Literal["backbone"] = 0
    batch: int = 8
    nominal_batch: int = 16
    optimizer: str = "AdamW"
    learning_rate: float = 5e-4
    step_epochs: int | None = None
    best_by: Literal["map", "loss"] = "map"
    patience: int = 5
    threads: int = 2
    seed: int = 0
    side: int = 640
    copies: int = 0
    bfloat16: bool = False
    augment: Mapping[str, float] = field(default_factory=lambda: WHILE_TRAINING)


SPARK = Recipe()

# Four copies of each image, flipped, cropped, with other colours and noise; the backbone frozen; a tenth of the
# learning rate each 20 epochs; stopped after 5 epochs without a smaller validation loss, 120 at most. The paper names
# neither optimiser nor learning rate. Unlike there, images are split by source before any is augmented, and colours
# are only divided by 255, as the weights that training starts from expect.
PAPER = Recipe(
    name="paper",
    epochs=120,
    freeze="backbone",
    batch=16,
    learning_rate=1e-3,
    step_epochs=20,
    best_by="loss",
    copies=4,
    augment=NO_AUGMENTATION,
)

RECIPES = {recipe.name: recipe for recipe in (SPARK, PAPER)}
STEP_FACTOR = 0.1
