# SPDX-License-Identifier: AGPL-3.0-or-later
"""From a car's silhouette in the image to the ground it stands on.

A ground homography throws the roof of a car metres away from the camera. For a vertical prism of height h the
silhouette on the ground S is the footprint swept away from the camera, and with the camera's nadir C and height H
the copy S' of S scaled towards C by (H - h)/H satisfies footprint ⊆ S ∩ S' (DESIGN, "Ground footprints"): a roof
point that fell on S comes back to the ground point under it. Cars are not prisms; h is the height that does best on
a body of 0.95 m with a cabin of 1.45 m.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import affinity

from camera_registry.calibration import Calibration
from camera_registry.mercator import LocalFrame

__all__ = ["CarOnGround", "car_on_ground", "polygonal"]

#: Height in metres of the prism that stands for a car.
CAR_HEIGHT_M = 1.2
#: A piece of ground smaller than this is a speck of a mask, not a car's part.
SPECK_M2 = 0.05


@dataclass(frozen=True)
class CarOnGround:
    """One car in true metres of a local frame: where it stands, and all the ground its image covers.

    `corrected` is False when the camera's pose is unknown and the footprint is the silhouette itself.
    """

    footprint_m: shapely.Geometry
    silhouette_m: shapely.Geometry
    score: float
    corrected: bool


def polygonal(geometry: shapely.Geometry, speck: float = 0.0) -> shapely.Geometry:
    """The valid polygonal part of any geometry, pieces of at most `speck` area left out; a (Multi)Polygon.

    Masks self-intersect and cuts leave lines and points behind; this is the one place that mends them.
    """
    if geometry.geom_type == "Polygon" and geometry.is_valid:
        return geometry if geometry.area > speck else shapely.Polygon()
    parts = shapely.get_parts(shapely.make_valid(geometry))
    parts = shapely.get_parts(parts)  # make_valid may nest a MultiPolygon in a collection
    parts = parts[(shapely.get_dimensions(parts) == 2) & (shapely.area(parts) > speck)]
    return shapely.union_all(parts) if len(parts) else shapely.Polygon()


def car_on_ground(
    polygons_px: Sequence[NDArray[np.float64]],
    calibration: Calibration,
    frame: LocalFrame,
    score: float = 1.0,
    car_height_m: float = CAR_HEIGHT_M,
) -> CarOnGround | None:
    """Put one car's mask on the ground.

    polygons_px: exterior rings (N, 2) in pixels, the pieces of one car's mask. Returns None when nothing of it lies
    on visible ground. Raises ValueError when the car is taller than the camera stands.
    """
    pieces = [
        polygonal(calibration.ring_to_ground_m(ring, frame), SPECK_M2)
        for ring in polygons_px
        if len(ring) >= 3
    ]
    silhouette = shapely.union_all([piece for piece in pieces if not piece.is_empty])
    if silhouette.is_empty:
        return None
    pose = calibration.pose
    if pose is None:
        return CarOnGround(silhouette, silhouette, score, corrected=False)
    if pose.height_m <= car_height_m:
        raise ValueError(
            f"a camera at {pose.height_m:.1f} m cannot look down on a car of {car_height_m:.1f} m"
        )
    nadir = frame.to_metres(np.array([pose.ground_3857]))[0]
    shrink = 1.0 - car_height_m / pose.height_m
    lowered = affinity.scale(silhouette, shrink, shrink, origin=(float(nadir[0]), float(nadir[1])))
    footprint = polygonal(silhouette & lowered, SPECK_M2)
    if footprint.is_empty:  # a sliver of a car, cut by the image's border: all of it may be ground taken
        footprint = silhouette
    return CarOnGround(footprint, silhouette, score, corrected=True)
