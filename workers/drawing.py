# SPDX-License-Identifier: AGPL-3.0-or-later
"""Results drawn back onto the photo: what was seen as car, where it stands, which spaces are free.

For the eye of whoever calibrates or debugs a camera; nothing downstream reads a picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from camera_registry.calibration import Calibration
from workers.occupancy import Zone
from workers.pipeline import FrameAnalysis

__all__ = ["draw_analysis"]

Image = NDArray[np.uint8]

# Blue, green, red. Told apart by line style and filling too, not by colour alone.
ZONE = (255, 200, 60)
MASK = (60, 170, 255)
FOOTPRINT = (50, 50, 230)
DOUBTFUL = (150, 150, 150)
SPACE = (60, 200, 60)
VEHICLE_SPACE = (230, 80, 200)
#: OpenCV draws with fixed-point coordinates: four fractional bits.
SHIFT = 4
#: Ground lines are cut into pieces of this length, for the lens bends them.
STEP_3857 = 1.0


def _ring_px(ring_3857: NDArray[np.float64], calibration: Calibration) -> NDArray[np.int32] | None:
    px = calibration.xy_3857_to_px(ring_3857)
    width, height = calibration.image_size
    if np.isnan(px).any() or np.abs(px).max() > 8 * max(width, height):
        return None
    return np.asarray(np.round((px - 0.5) * 2**SHIFT), dtype=np.int32)


def _draw(
    image: Image,
    geometry_3857: shapely.Geometry,
    calibration: Calibration,
    colour: tuple[int, int, int],
    width: int,
) -> None:
    """Outline each polygon `width` pixels wide; a negative width fills it, half transparent, too."""
    for part in shapely.get_parts(shapely.segmentize(geometry_3857, STEP_3857)):
        if part.geom_type != "Polygon":
            continue
        ring = _ring_px(shapely.get_coordinates(part.exterior), calibration)
        if ring is None:
            continue
        if width < 0:
            filled = image.copy()
            cv2.fillPoly(filled, [ring], colour, cv2.LINE_AA, SHIFT)
            cv2.addWeighted(filled, 0.45, image, 0.55, 0, dst=image)
        cv2.polylines(image, [ring], True, colour, abs(width), cv2.LINE_AA, SHIFT)


def draw_analysis(
    image: Image, analysis: FrameAnalysis, calibration: Calibration, zones: Sequence[Zone]
) -> Image:
    """A copy of the image (H, W, 3) BGR with zones, masks, footprints and free spaces drawn onto it.

    The zones' own spaces are filled, those for vehicles only outlined: layouts overlap.
    """
    drawn = image.copy()
    frame = calibration.frame
    for zone in zones:
        _draw(drawn, zone.polygon_3857, calibration, ZONE, 2)
    for layout in analysis.layouts:
        for space in layout.spaces:
            _draw(drawn, space.polygon_3857, calibration, SPACE, -2)
        for of_class in layout.classes:
            for space in of_class.spaces:
                _draw(drawn, space.polygon_3857, calibration, VEHICLE_SPACE, 2)
    for mask in analysis.masks:
        rings = [np.round((ring - 0.5) * 2**SHIFT).astype(np.int32) for ring in mask.polygons]
        cv2.polylines(drawn, rings, True, MASK, 1, cv2.LINE_AA, SHIFT)
    for car in analysis.observation.cars:
        _draw(drawn, frame.geometry_to_3857(car.footprint_m), calibration, FOOTPRINT, 1)
    for car in analysis.observation.doubtful:
        _draw(drawn, frame.geometry_to_3857(car.footprint_m), calibration, DOUBTFUL, 2)
    return drawn
