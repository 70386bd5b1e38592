# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a model goes wrong on labelled images, so that training tiles are cut there.

Most of a random tile shows what the model knows already. With an hour of two cores, the tiles had better show the
cars that it misses and the ground that it takes for a car.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.segmentation.protocol import Segmenter
from workers.training.dataset import LabelledImage
from workers.training.evaluate import MATCH_RASTER, fill, match_greedily

MINING_THRESHOLD = 0.08  # of the model that looks for its mistakes: those it nearly makes count too
LEAST_WEIGHT = 0.05  # a car that is found with a score of 1 still draws some tiles


@dataclass(frozen=True)
class Spot:
    """A place, in pixels of the image, and how much there is to learn (0..1)."""

    x: float
    y: float
    weight: float


def find_spots(labelled: LabelledImage, segmenter: Segmenter) -> list[Spot]:
    """The image's cars, weighted by how unsure they are found, and what is wrongly found, weighted by how surely."""
    image, rings = labelled.read()
    scale = MATCH_RASTER / max(image.shape[:2])
    shape = round(image.shape[0] * scale), round(image.shape[1] * scale)
    cars = segmenter.segment([image])[0]
    pairs = match_greedily(
        [fill([ring * scale for ring in car.polygons], shape) for car in cars],
        [fill([ring * scale], shape) for ring in rings],
    )
    scores = {true: cars[found].score for found, (true, _) in pairs.items()}
    spots = [_spot(ring, 1.0 - scores.get(i, 0.0)) for i, ring in enumerate(rings)]
    return spots + [_spot(car.polygons[0], car.score) for i, car in enumerate(cars) if i not in pairs]


def _spot(ring: NDArray[np.float64], weight: float) -> Spot:
    x, y = (ring.min(axis=0) + ring.max(axis=0)) / 2
    return Spot(float(x), float(y), max(weight, LEAST_WEIGHT))
