# SPDX-License-Identifier: AGPL-3.0-or-later
"""What of a camera's picture nobody looks at, neither person nor program: windows, doors, gardens.

Polygons in pixels, x right and y down, of the picture they were drawn on. They are blackened as soon as a frame is
decoded. The ground behind them is unknown, never free.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from camera_registry.calibration import BORDER_STEP_PX, Calibration
from camera_registry.overlay import union
from camera_registry.view_reference import Features, Look, ViewReference

__all__ = ["MaskError", "PrivacyMask", "mask_of", "masked_picture", "reference_without", "without_masked"]

Float = NDArray[np.float64]
Size = tuple[int, int]

MAX_POLYGONS = 20
MAX_CORNERS = 100
#: A mask may be drawn on a smaller or larger picture of the same shape; this much the shapes may differ, as a ratio.
SAME_SHAPE = 0.01
#: A smaller polygon is a slip of the finger, square pixels.
LEAST_AREA_PX = 16.0
#: A mask that leaves less of the picture than this leaves nothing to look at.
LEAST_LEFT_SHARE = 0.1
#: Blackened beyond the outline on each side, pixels: JPEG mixes pixels of one block, and a finger is not exact.
MARGIN_PX = 2.0
#: Corners so near to a mask's edge may be of the edge, which stands still whatever the camera does; in 960ths of the width.
EDGE_MARGIN_960 = 16.0
SCALE_BITS = 4
JPEG_QUALITY = 95


class MaskError(ValueError):
    """A mask that cannot be used. `code` names what is wrong and `shape` where, for pages in other languages."""

    def __init__(self, code: str, words: str, shape: int = 0) -> None:
        super().__init__(words)
        self.code = code
        self.shape = shape


@dataclass(frozen=True)
class PrivacyMask:
    """Polygons of at least three corners (x, y) in pixels of a picture of `image_size` (width, height)."""

    image_size: Size
    polygons: tuple[tuple[tuple[float, float], ...], ...]

    @classmethod
    def read(cls, polygons: Any, image_size: Any) -> PrivacyMask:
        """From JSON: a list of polygons and [width, height]. Raises MaskError naming the polygon that is wrong."""
        try:
            width, height = (int(value) for value in image_size)
        except (TypeError, ValueError, OverflowError) as error:
            raise MaskError(
                "not_a_mask", "The mask does not say on which picture size it was drawn."
            ) from error
        if not isinstance(polygons, list) or width < 1 or height < 1:
            raise MaskError("not_a_mask", "A mask is a list of polygons on a picture.")
        if len(polygons) > MAX_POLYGONS:
            raise MaskError("too_many", f"{len(polygons)} shapes; at most {MAX_POLYGONS} can be kept.")
        rings = tuple(_ring(number, ring, (width, height)) for number, ring in enumerate(polygons, start=1))
        mask = cls((width, height), rings)
        if rings and 1.0 - mask.covered_share() < LEAST_LEFT_SHARE:
            raise MaskError(
                "all_covered", "The mask leaves hardly anything of the picture; uncover the street."
            )
        return mask

    def __bool__(self) -> bool:
        return bool(self.polygons)

    def to_json(self) -> list[list[list[float]]]:
        """The polygons as `read` takes them."""
        return [[[x, y] for x, y in ring] for ring in self.polygons]

    def covered_share(self) -> float:
        """How much of the picture is covered, 0 to 1."""
        width, height = self.image_size
        covered = union(shapely.Polygon(ring) for ring in self.polygons)
        return float(shapely.intersection(covered, shapely.box(0, 0, width, height)).area / (width * height))

    def for_size(self, image_size: Size) -> PrivacyMask:
        """The same mask on a picture of `image_size`. Raises MaskError when its shape is another one."""
        if image_size == self.image_size:
            return self
        x, y = (new / old for new, old in zip(image_size, self.image_size, strict=True))
        if abs(x / y - 1.0) > SAME_SHAPE:
            raise MaskError(
                "other_shape",
                f"the privacy mask was drawn on {self.image_size[0]} × {self.image_size[1]} pixels and does not fit"
                f" {image_size[0]} × {image_size[1]}; draw it again",
            )
        return PrivacyMask(
            image_size, tuple(tuple((px * x, py * y) for px, py in ring) for ring in self.polygons)
        )

    def blacken(self, image: NDArray[np.uint8]) -> None:
        """Make the pixels inside black, in place. image: (H, W) or (H, W, 3), of any size of the same shape.

        Raises MaskError when the mask does not fit the picture; nothing must look at that picture then.
        """
        if not self.polygons:
            return
        fitted = self.for_size((image.shape[1], image.shape[0]))
        # OpenCV counts from the centre of the first pixel, SPARK from its corner.
        corners = [
            np.rint((np.array(ring) - 0.5) * (1 << SCALE_BITS)).astype(np.int32) for ring in fitted.polygons
        ]
        width = 1 + 2 * math.ceil(MARGIN_PX)
        for ring in corners:
            cv2.fillPoly(image, [ring], (0, 0, 0), shift=SCALE_BITS)
            cv2.polylines(image, [ring], True, (0, 0, 0), thickness=width, shift=SCALE_BITS)

    def covers(self, px: Float, margin_px: float = 0.0) -> NDArray[np.bool_]:
        """Which of the pixels (N, 2), of the mask's own picture size, lie inside or within `margin_px` of it."""
        area = union(shapely.Polygon(ring) for ring in self.polygons)
        grown = shapely.buffer(area, margin_px) if margin_px else area
        return np.asarray(shapely.contains_xy(grown, px[:, 0], px[:, 1]), dtype=bool)

    def ground_3857(self, calibration: Calibration) -> shapely.Geometry:
        """The ground behind the mask as this calibration sees it, EPSG:3857: what nothing is known about.

        Raises MaskError when the mask does not fit the calibration's picture size.
        """
        fitted = self.for_size(calibration.image_size)
        frame = calibration.frame
        picture = shapely.box(0, 0, *calibration.image_size)
        hidden = []
        for ring in fitted.polygons:
            grown = shapely.buffer(shapely.Polygon(ring), 2 * MARGIN_PX)
            for part in shapely.get_parts(shapely.intersection(grown, picture)):
                if (
                    part.geom_type == "Polygon"
                ):  # the lens bends straight edges: cut them before they are projected
                    border = shapely.segmentize(part.exterior, BORDER_STEP_PX)
                    hidden.append(calibration.ring_to_ground_m(shapely.get_coordinates(border)[:-1], frame))
        return frame.geometry_to_3857(union(shapely.make_valid(ground) for ground in hidden))


def mask_of(camera: Any) -> PrivacyMask | None:
    """The mask of a `Camera`; None when it has none. One that cannot be read covers the whole picture."""
    if not camera.privacy_mask:
        return None
    return _mask_from_json(
        json.dumps(camera.privacy_mask), json.dumps(camera.privacy_mask_size or camera.image_size)
    )


@lru_cache(1024)
def _mask_from_json(polygons: str, image_size: str) -> PrivacyMask:
    try:
        return PrivacyMask.read(json.loads(polygons), json.loads(image_size))
    except MaskError:
        return PrivacyMask((1, 1), (((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)),))


def masked_picture(data: bytes, mask: PrivacyMask | None) -> bytes:
    """A JPEG or PNG with the mask's pixels black, as a JPEG; without a mask the same bytes. Raises MaskError."""
    if not mask:
        return data
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if image is None:
        raise MaskError("not_a_picture", "the picture cannot be decoded, so its mask cannot be drawn")
    mask.blacken(image)
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1])


def without_masked(features: Features, mask: PrivacyMask) -> Features:
    """The keypoints that are neither behind the mask nor of its edges, which never move.

    features: of a picture in which the mask is black already; the brightness becomes that of the rest of it.
    """
    if not mask:
        return features
    kept = ~_at_mask(features.px, features.image_size, mask)
    return Features(
        features.px[kept],
        features.descriptors[kept],
        features.image_size,
        features.brightness / max(LEAST_LEFT_SHARE, 1.0 - mask.covered_share()),
        features.sharpness,
    )


def reference_without(reference: ViewReference, mask: PrivacyMask, least: int) -> ViewReference | None:
    """A view's reference without what lies behind the mask; None when less than `least` keypoints stay in any look."""
    if not mask:
        return reference
    looks = []
    for look in reference.looks:
        kept = ~_at_mask(look.px, reference.image_size, mask)
        if kept.sum() >= least:
            looks.append(Look(look.px[kept], look.descriptors[kept], look.generation))
    return ViewReference(reference.image_size, tuple(looks)) if looks else None


def _at_mask(px: Float, image_size: Size, mask: PrivacyMask) -> NDArray[np.bool_]:
    if not len(px):
        return np.zeros(0, dtype=bool)
    return mask.for_size(image_size).covers(px, EDGE_MARGIN_960 * image_size[0] / 960)


def _ring(number: int, ring: Any, image_size: Size) -> tuple[tuple[float, float], ...]:
    """One polygon, held to the picture. Raises MaskError."""
    if not isinstance(ring, list) or not 3 <= len(ring) <= MAX_CORNERS:
        raise MaskError("corners", f"Shape {number} needs 3 to {MAX_CORNERS} corners.", number)
    corners: Sequence[tuple[float, float]]
    try:
        corners = [(float(x), float(y)) for x, y in ring]
    except (TypeError, ValueError, OverflowError) as error:
        raise MaskError(
            "not_numbers", f"Shape {number} has a corner that is no pair of numbers.", number
        ) from error
    if not all(math.isfinite(value) for corner in corners for value in corner):
        raise MaskError("not_numbers", f"Shape {number} has a corner that is no pair of numbers.", number)
    width, height = image_size
    held = [(min(max(x, 0.0), float(width)), min(max(y, 0.0), float(height))) for x, y in corners]
    polygon = shapely.Polygon(held)
    if not polygon.is_valid:
        raise MaskError("crosses", f"Shape {number} crosses itself: move a corner.", number)
    if polygon.area < LEAST_AREA_PX:
        raise MaskError("too_small", f"Shape {number} is too small to cover anything.", number)
    return tuple(held)
