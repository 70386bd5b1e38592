# SPDX-License-Identifier: AGPL-3.0-or-later
"""From a car's silhouette in the image to the ground it stands on.

A ground homography throws every point of a car away from the camera, the more the higher it is. Take a body that is a
vertical prism from height c to height h over its footprint F, seen by a camera with nadir C at height H. The part of it
at height z falls on F scaled from C by H/(H - z), so its silhouette on the ground, S, holds all of these; and F lies in
every copy of S that is scaled back by (H - z)/H, in particular in

    S scaled by (H - c)/H   ∩   S scaled by (H - h)/H.

A car stands on wheels: between them its near edge in the image is the sill, a hand's breadth up, and the farthest edge of
its picture is mostly that of its body, not its roof, which is set in. The two heights below are those of sill and bonnet.

That intersection is a bound. From a camera 8 m up it is a loose one, and where a car in front hides the lower half of
a car it is too small by half. So a car-shaped body is fitted to each silhouette (`car_fit`), told which of its edges are cut
off by cars in front or by the image's border, and the intersection is what remains for things that are no cars: buses, a
mask of two cars at once. Decisions 003 and 024 have the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import affinity

from camera_registry.calibration import Calibration
from camera_registry.car_fit import FittedCars, Reach, fit_cars, reach_of
from camera_registry.mercator import LocalFrame
from camera_registry.overlay import intersection, polygonal, union

__all__ = ["CarOnGround", "Ring", "car_on_ground", "cars_on_ground"]

#: An exterior ring (N, 2) in pixels.
Ring = NDArray[np.float64]

#: Height in metres of the prism that stands for a car's body: bonnet and shoulders.
BODY_HEIGHT_M = 0.95
#: Height in metres of its lower edge: sills and bumpers.
CLEARANCE_M = 0.25
#: A piece of ground smaller than this is a speck of a mask, not a car's part.
SPECK_M2 = 0.05

#: A body is fitted from cameras at least this high; below, a roof is as high as the camera.
LEAST_FIT_HEIGHT_M = 3.0
#: A fit whose residuals are larger than this many standard deviations is that of no car.
MOST_MISFIT = 2.5
#: Nor is a silhouette that covers more ground than this: masks near the horizon.
MOST_SILHOUETTE_M = 60.0
#: How well a mask's outline is known, as a share of the image's width.
OUTLINE_SIGMA = 0.0012
#: An outline this near to the image's border (share of its width) is cut off by it.
BORDER_SHARE = 0.008
#: An outline within this of another car's on the ground, metres, or twice its own uncertainty, touches it.
TOUCH_M = 0.3
#: A lesser piece of a mask belongs to another car when that one's mask covers more of it than this.
FOREIGN_SHARE = 0.5


@dataclass(frozen=True)
class CarOnGround:
    """One car in true metres of a local frame: where it stands, and all the ground its image covers.

    `corrected` is False when the camera's pose is unknown and the footprint is the silhouette itself; `fitted` is True
    when the footprint is a car-sized rounded rectangle, False when it is cut out of the silhouette.
    """

    footprint_m: shapely.Geometry
    silhouette_m: shapely.Geometry
    score: float
    corrected: bool
    fitted: bool = False


def cars_on_ground(
    masks_px: Sequence[Sequence[Ring]],
    calibration: Calibration,
    frame: LocalFrame,
    scores: Sequence[float] | None = None,
) -> list[CarOnGround | None]:
    """Put all cars of one image on the ground, since which of them stands in front of which matters.

    masks_px: per car the exterior rings of its mask's pieces, largest first. None stands for a car of which nothing
    lies on visible ground. Raises ValueError when the camera hangs lower than a car's body.
    """
    scores = [1.0] * len(masks_px) if scores is None else scores
    cars = [
        car_on_ground(mask, calibration, frame, score) for mask, score in zip(masks_px, scores, strict=True)
    ]
    pose = calibration.pose
    if pose is None or pose.height_m < LEAST_FIT_HEIGHT_M:
        return cars
    nadir = frame.to_metres(np.array([pose.ground_3857]))[0]
    places = [i for i, car in enumerate(cars) if car is not None]
    outlines = _own_outlines([masks_px[i] for i in places], [cars[i] for i in places], calibration, frame)
    small = [k for k, outline in enumerate(outlines) if _extent_m(outline) <= MOST_SILHOUETTE_M]
    reaches = _reaches(outlines, small, calibration, frame, nadir)
    fits = fit_cars(reaches, pose.height_m)
    for k, fit in zip(small, range(len(reaches)), strict=True):
        car = cars[places[k]]
        if car is not None and fits.misfit[fit] <= MOST_MISFIT:
            cars[places[k]] = replace(car, footprint_m=_moved(fits, fit, nadir), fitted=True)
    return cars


def _own_outlines(
    masks_px: Sequence[Sequence[Ring]],
    cars: Sequence[CarOnGround | None],
    calibration: Calibration,
    frame: LocalFrame,
) -> list[shapely.Geometry]:
    """Silhouettes without the pieces that another car's mask covers: a mask at times takes a bite of its neighbour."""
    largest = [polygonal(shapely.Polygon(mask[0])) for mask in masks_px]
    tree = shapely.STRtree(largest)
    outlines = []
    for i, (mask, car) in enumerate(zip(masks_px, cars, strict=True)):
        own = [mask[0]]
        for ring in mask[1:]:
            piece = polygonal(shapely.Polygon(ring))
            covered = (intersection(largest[j], piece).area for j in tree.query(piece) if j != i)
            if max(covered, default=0.0) <= FOREIGN_SHARE * piece.area:
                own.append(ring)
        outline = car.silhouette_m if car else shapely.Polygon()
        if len(own) < len(mask):
            kept = union(polygonal(calibration.ring_to_ground_m(ring, frame), SPECK_M2) for ring in own)
            outline = outline if kept.is_empty else kept
        outlines.append(outline)
    return outlines


def _extent_m(outline: shapely.Geometry) -> float:
    west, south, east, north = outline.bounds
    return float(max(east - west, north - south))


def _reaches(
    outlines: Sequence[shapely.Geometry],
    chosen: Sequence[int],
    calibration: Calibration,
    frame: LocalFrame,
    nadir: NDArray[np.float64],
) -> list[Reach]:
    """What each chosen silhouette says to the fit: how far it reaches, how surely, and where it is cut off."""
    pose, (width, height) = calibration.pose, calibration.image_size
    assert pose is not None
    near_m = [float(np.hypot(*(shapely.get_coordinates(o) - nadir).T).min()) for o in outlines]
    border = BORDER_SHARE * width
    tree = shapely.STRtree(list(outlines))
    reaches = []
    for i in chosen:
        hull = shapely.get_coordinates(outlines[i].convex_hull)[:-1]
        centre = hull.mean(axis=0) - nadir
        away = float(np.hypot(pose.height_m, np.hypot(*centre)))
        across = OUTLINE_SIGMA * width * away / pose.focal_px
        px = calibration.xy_3857_to_px(frame.to_3857(hull))
        cut = np.any((px < border) | (px > np.array([width, height]) - border), axis=1)
        touching_m = max(2 * across, TOUCH_M)
        for j in tree.query(outlines[i], predicate="dwithin", distance=touching_m):
            if near_m[j] < near_m[i]:
                cut |= shapely.dwithin(shapely.points(hull), outlines[j], touching_m)
        sigma = np.array([across * away / pose.height_m, across])
        reaches.append(reach_of(hull - nadir, np.asarray(cut), sigma, centre))
    return reaches


def _moved(fits: FittedCars, i: int, nadir: NDArray[np.float64]) -> shapely.Geometry:
    return affinity.translate(fits.outline(i), float(nadir[0]), float(nadir[1]))


def car_on_ground(
    polygons_px: Sequence[NDArray[np.float64]],
    calibration: Calibration,
    frame: LocalFrame,
    score: float = 1.0,
    *,
    body_height_m: float = BODY_HEIGHT_M,
    clearance_m: float = CLEARANCE_M,
) -> CarOnGround | None:
    """Put one car's mask on the ground by itself, by the intersection rule.

    polygons_px: exterior rings (N, 2) in pixels, the pieces of one car's mask. Returns None when nothing of it lies
    on visible ground. Raises ValueError when the body is taller than the camera stands.
    """
    pieces = [
        polygonal(calibration.ring_to_ground_m(ring, frame), SPECK_M2)
        for ring in polygons_px
        if len(ring) >= 3
    ]
    silhouette = union(pieces)
    if silhouette.is_empty:
        return None
    pose = calibration.pose
    if pose is None:
        return CarOnGround(silhouette, silhouette, score, corrected=False)
    if pose.height_m <= body_height_m:
        raise ValueError(
            f"a camera at {pose.height_m:.1f} m cannot look down on a car of {body_height_m:.1f} m"
        )
    x, y = frame.to_metres(np.array([pose.ground_3857]))[0]
    lower, upper = (
        affinity.scale(silhouette, shrink, shrink, origin=(float(x), float(y)))
        for shrink in (1.0 - height / pose.height_m for height in (clearance_m, body_height_m))
    )
    footprint = intersection(lower, upper, SPECK_M2)
    if footprint.is_empty:  # a sliver of a car, cut by the image's border: all of it may be ground taken
        footprint = silhouette
    return CarOnGround(footprint, silhouette, score, corrected=True)
