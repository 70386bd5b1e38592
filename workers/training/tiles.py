# SPDX-License-Identifier: AGPL-3.0-or-later
"""Square tiles of the training images, scaled so that cars have the size they will have when the model runs.

The shipped model sees a camera's frame at about 1280 pixels. Training on whole frames of that size costs four times
what a 640 pixel tile costs, and most of a frame is sky and asphalt.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.segmentation.letterbox import PADDING_GREY
from workers.training.dataset import LabelledImage, write_labelled
from workers.training.hard import Spot
from workers.training.weather import change_weather

KEPT_SHARE = 0.2  # a car of which less than this is in the tile is not labelled there
LEAST_AREA_PX2 = 40.0  # nor one that is smaller than this at the tile's scale
EMPTY_TILES = 0.35  # share of the tiles without cars that is kept: they teach what is no car
AIMED_TILES = 0.8  # share of the tiles that is cut around a hard spot, where such are known
AIM = 0.35  # a hard spot lies up to this share of the tile's side from its middle


@dataclass(frozen=True)
class Tiling:
    """side: tile side, pixels. long_side: the longer side the whole image is scaled to. jitter: scale varies by this.

    weather: whether shadows, patches and haze are thrown over the tiles (`weather.change_weather`).
    """

    side: int = 640
    long_side: int = 1280
    jitter: float = 0.25
    per_image: int = 4
    weather: bool = False


def cut_tiles(
    image: NDArray[np.uint8],
    rings: Sequence[NDArray[np.float64]],
    tiling: Tiling,
    random_source: random.Random,
    spots: Sequence[Spot] = (),
) -> Iterator[tuple[NDArray[np.uint8], list[NDArray[np.float64]]]]:
    """Tiles (side, side, 3) of one image (H, W, 3) and the rings in each, in its pixels; most lie around `spots`."""
    height, width = image.shape[:2]
    for _ in range(tiling.per_image):
        scale = tiling.long_side / max(height, width)
        scale *= random_source.uniform(1 - tiling.jitter, 1 + tiling.jitter)
        size = round(width * scale), round(height * scale)
        aimed = bool(spots) and random_source.random() < AIMED_TILES
        left, top = _corner(size, scale, tiling.side, random_source, spots if aimed else ())
        matrix = np.array([[scale, 0, scale / 2 - 0.5 - left], [0, scale, scale / 2 - 0.5 - top]])
        tile = cv2.warpAffine(
            image,
            matrix,
            (tiling.side, tiling.side),
            flags=cv2.INTER_AREA if scale < 0.7 else cv2.INTER_LINEAR,
            borderValue=(PADDING_GREY,) * 3,
        )
        inside = list(_rings_in_tile(rings, scale, (left, top), tiling.side))
        if inside or aimed or random_source.random() < EMPTY_TILES:
            yield (change_weather(tile, random_source) if tiling.weather else tile), inside


def _corner(
    size: tuple[int, int], scale: float, side: int, random_source: random.Random, spots: Sequence[Spot]
) -> tuple[float, float]:
    """Left and top of a tile in an image of this (width, height): anywhere, or around a spot drawn by weight."""
    room = max(size[0] - side, 0), max(size[1] - side, 0)
    if not spots:
        return random_source.uniform(0, room[0]), random_source.uniform(0, room[1])
    spot = random_source.choices(spots, [s.weight for s in spots])[0]
    corner = [at * scale - side * random_source.uniform(0.5 - AIM, 0.5 + AIM) for at in (spot.x, spot.y)]
    return min(max(corner[0], 0.0), room[0]), min(max(corner[1], 0.0), room[1])


def _rings_in_tile(
    rings: Sequence[NDArray[np.float64]], scale: float, corner: tuple[float, float], side: int
) -> Iterator[NDArray[np.float64]]:
    for ring in rings:
        moved = ring * scale - corner
        whole = _area(moved)
        clipped = clip_to_rectangle(moved, (side, side))
        area = _area(clipped)
        if len(clipped) >= 3 and area >= max(KEPT_SHARE * whole, LEAST_AREA_PX2):
            yield clipped


def clip_to_rectangle(ring: NDArray[np.float64], size: tuple[float, float]) -> NDArray[np.float64]:
    """The part of a ring (N, 2) inside [0, width] x [0, height] (Sutherland and Hodgman); (0, 2) when none is."""
    points = np.asarray(ring, float)
    for axis in (0, 1):
        for limit, sign in ((0.0, 1.0), (float(size[axis]), -1.0)):
            if len(points) == 0:
                return points.reshape(0, 2)
            depth = sign * (points[:, axis] - limit)
            kept: list[NDArray[np.float64]] = []
            for i in range(len(points)):
                before, here = depth[i - 1], depth[i]
                if (before < 0) != (here < 0):
                    kept.append(points[i - 1] + before / (before - here) * (points[i] - points[i - 1]))
                if here >= 0:
                    kept.append(points[i])
            points = np.array(kept).reshape(-1, 2)
    return points


def _area(ring: NDArray[np.float64]) -> float:
    return float(cv2.contourArea(ring.astype(np.float32))) if len(ring) >= 3 else 0.0


def write_tiles(
    images: Sequence[LabelledImage],
    folder: Path,
    tiling: Tiling,
    seed: int = 0,
    find_spots: Callable[[LabelledImage], Sequence[Spot]] | None = None,
) -> int:
    """Cut all images into `folder`/images and /labels, around the spots that `find_spots` gives; the number of tiles."""
    random_source = random.Random(seed)
    count = 0
    for number, labelled in enumerate(images):
        image, rings = labelled.read()
        spots = find_spots(labelled) if find_spots else ()
        for piece, (tile, inside) in enumerate(cut_tiles(image, rings, tiling, random_source, spots)):
            write_labelled(folder, f"{labelled.source}__{number:05d}_{piece}", tile, inside)
            count += 1
    return count
