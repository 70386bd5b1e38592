# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a calibration looks like: its horizon, the ground it may be believed on, zones on the frame, the expected error
as a picture, and the frame laid on the map. All in numbers and images that a page only has to show.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from camera_registry.adjustment import Adjustment
from camera_registry.calibration import Calibration
from camera_registry.mercator import xy_3857_to_lonlat
from camera_registry.overlay import intersection

__all__ = [
    "ERROR_LEVELS_M", "ErrorMap", "Warped", "error_map", "error_picture", "horizon_px", "rings_lonlat", "rings_px", "warped",
]  # fmt: skip

Float = NDArray[np.float64]

#: Straight lines on the ground are bent by the lens; they are cut into pieces this long before they are drawn.
STEP_M = 0.5
#: Of a horizon: pieces of its length, and how far beyond the picture it is followed, in picture diagonals.
HORIZON_STEPS = 161
HORIZON_REACH = 3.0
#: Cells of the error map along the longer side.
ERROR_CELLS = 96
#: Expected errors at which a line is drawn, true metres: a tenth of a metre is excellent, two are more than half a car.
ERROR_LEVELS_M = (0.1, 0.25, 0.5, 1.0, 2.0)
#: The range of the colours, true metres; their scale is logarithmic.
COLOUR_RANGE_M = (0.05, 2.0)
#: How much finer than its cells the lines of the error map are drawn.
LINE_SCALE = 4
#: Pixels of a warped picture along its longer side, and how many of them share one computed position.
WARP_SIDE = 1024
WARP_STRIDE = 4
WEBP_QUALITY = 80


def horizon_px(calibration: Calibration) -> list[list[list[float]]]:
    """The horizon as polylines of pixels as seen, inside the picture; empty when it does not show."""
    width, height = calibration.image_size
    a, b = calibration.homography.parameters[6:8]
    steepness = a * a + b * b
    if steepness == 0:
        return []
    centre = np.array([width / 2, height / 2])
    nearest = centre - np.array([a, b]) * (a * centre[0] + b * centre[1] + 1) / steepness
    reach = HORIZON_REACH * float(np.hypot(width, height))
    along = np.linspace(-reach, reach, HORIZON_STEPS)[:, None] * np.array([-b, a]) / np.sqrt(steepness)
    line = nearest + along
    seen = calibration.lens.distort(line) if calibration.lens else line
    if calibration.lens:
        # Far outside the lens's circle the model folds over; only what undistorts to the line again is the line.
        with np.errstate(invalid="ignore"):
            seen[np.abs(calibration.undistort(seen) - line).max(axis=1) > 1.0] = np.nan
    seen = seen[~np.isnan(seen).any(axis=1)]
    if len(seen) < 2:
        return []
    inside = shapely.intersection(shapely.LineString(seen), shapely.box(0, 0, width, height))
    lines = [
        part for part in shapely.get_parts(inside) if part.geom_type == "LineString" and not part.is_empty
    ]
    return [_rounded(shapely.get_coordinates(part), 1) for part in lines]


def rings_px(calibration: Calibration, geometry_3857: shapely.Geometry) -> list[list[list[float]]]:
    """The rings of a geometry that lies in the camera's view, as pixels as seen."""
    frame = calibration.frame
    metres = shapely.segmentize(frame.geometry_to_metres(geometry_3857), STEP_M)
    rings = []
    for polygon in shapely.get_parts(metres):
        for ring in (polygon.exterior, *polygon.interiors):
            px = calibration.xy_3857_to_px(frame.to_3857(shapely.get_coordinates(ring)))
            px = px[~np.isnan(px).any(axis=1)]
            if len(px) > 2:
                # A tenth of a pixel is less than any screen shows.
                kept = shapely.simplify(shapely.LineString(px), 0.1)
                rings.append(_rounded(shapely.get_coordinates(kept), 1))
    return rings


def rings_lonlat(geometry_3857: shapely.Geometry) -> list[list[list[float]]]:
    """The rings of a geometry as longitude and latitude."""
    return [
        _rounded(xy_3857_to_lonlat(shapely.get_coordinates(ring)), 8)
        for polygon in shapely.get_parts(geometry_3857)
        if polygon.geom_type == "Polygon" and not polygon.is_empty
        for ring in (polygon.exterior, *polygon.interiors)
    ]


def _rounded(points: Float, digits: int) -> list[list[float]]:
    return np.round(points, digits).tolist()


@dataclass(frozen=True)
class ErrorMap:
    """sigma_m: (rows, columns), the expected ground error at the cells' centres, NaN where nothing is believed."""

    sigma_m: Float
    image_size: tuple[int, int]

    @property
    def cell_px(self) -> tuple[float, float]:
        """Width and height of a cell."""
        rows, columns = self.sigma_m.shape
        return self.image_size[0] / columns, self.image_size[1] / rows

    def lines_px(self, level_m: float) -> list[list[list[float]]]:
        """Where the expected error is `level_m`: polylines in pixels, without the believed area's own border."""
        rows, columns = self.sigma_m.shape
        size = (columns * LINE_SCALE, rows * LINE_SCALE)
        known = cv2.resize((~np.isnan(self.sigma_m)).astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
        filled = np.log(np.nan_to_num(self.sigma_m, nan=COLOUR_RANGE_M[1] * 10)).astype(np.float32)
        fine = cv2.resize(filled, size, interpolation=cv2.INTER_LINEAR)
        inside = ((fine < np.log(level_m)) & (known > 0.5)).astype(np.uint8)
        # Only where the other side of the line is believed as well is it a line of equal error.
        open_side = cv2.dilate(((fine >= np.log(level_m)) & (known > 0.99)).astype(np.uint8), np.ones((3, 3)))
        found, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        scale = np.array(self.cell_px) / LINE_SCALE
        lines = []
        for contour in found:
            cells = contour[:, 0, :]
            real = open_side[cells[:, 1], cells[:, 0]] > 0
            lines += [(piece + 0.5) * scale for piece in _runs(cells, real) if len(piece) > LINE_SCALE]
        smooth = [cv2.approxPolyDP(line.astype(np.float32), 2.0, False)[:, 0] for line in lines]
        return [_rounded(line, 1) for line in smooth if len(line) > 1]


def _runs(points: NDArray[np.int32], wanted: NDArray[np.bool_]) -> list[NDArray[np.int32]]:
    """The stretches of a closed line whose points are wanted."""
    if wanted.all():
        return [np.vstack([points, points[:1]])]
    start = int(np.argmin(wanted))  # begin at a point that is not wanted, so that no stretch is cut in two
    points, wanted = np.roll(points, -start, axis=0), np.roll(wanted, -start)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], wanted.astype(np.int8), [0]])))
    return [points[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]


def error_map(fitted: Adjustment, calibration: Calibration, view_3857: shapely.Geometry) -> ErrorMap:
    """The expected ground error over the picture, where `view_3857` says that the ground may be believed."""
    width, height = calibration.image_size
    columns = ERROR_CELLS if width >= height else max(1, round(ERROR_CELLS * width / height))
    rows = max(1, round(columns * height / width))
    u, v = np.meshgrid((np.arange(columns) + 0.5) * width / columns, (np.arange(rows) + 0.5) * height / rows)
    px = np.column_stack([u.ravel(), v.ravel()])
    ground = calibration.px_to_3857(px)
    sigma = np.full(len(px), np.nan)
    shapely.prepare(view_3857)
    believed = np.flatnonzero(~np.isnan(ground).any(axis=1))
    believed = believed[shapely.contains_xy(view_3857, ground[believed])]
    if len(believed):
        sigma[believed] = fitted.ground_sigma_m(px[believed])
    return ErrorMap(sigma.reshape(rows, columns), calibration.image_size)


def error_picture(errors: ErrorMap, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """(H, W, 4) BGRA of the expected error, clear where nothing is believed; one pixel per cell or `size`."""
    sigma = errors.sigma_m
    low, high = np.log(COLOUR_RANGE_M[0]), np.log(COLOUR_RANGE_M[1])
    share = (np.log(np.nan_to_num(sigma, nan=COLOUR_RANGE_M[1])) - low) / (high - low)
    colours = cv2.applyColorMap((np.clip(share, 0, 1) * 255).astype(np.uint8), cv2.COLORMAP_CIVIDIS)
    picture = np.dstack([colours, np.where(np.isnan(sigma), 0, 255).astype(np.uint8)])
    return picture if size is None else cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)


@dataclass(frozen=True)
class Warped:
    """A picture as seen from above. image: a WebP with transparency; bounds: west, south, east, north in degrees."""

    image: bytes
    bounds: tuple[float, float, float, float]


def warped(calibration: Calibration, picture: NDArray[np.uint8], view_3857: shapely.Geometry) -> Warped:
    """Lay a picture of the camera (H, W, 3 or 4; any scale of its size) on the ground of `view_3857`.

    Raises ValueError when that ground is empty. Pixels of the result are square in EPSG:3857, as a web map's are.
    """
    if view_3857.is_empty:
        raise ValueError("this calibration shows no ground that may be believed")
    west, south, east, north = view_3857.bounds
    per_pixel = max(east - west, north - south) / WARP_SIDE
    columns = max(WARP_STRIDE, round((east - west) / per_pixel))
    rows = max(WARP_STRIDE, round((north - south) / per_pixel))
    x = west + (np.arange(0, columns + WARP_STRIDE, WARP_STRIDE) + 0.5) * per_pixel
    y = north - (np.arange(0, rows + WARP_STRIDE, WARP_STRIDE) + 0.5) * per_pixel
    grid = np.column_stack([axis.ravel() for axis in np.meshgrid(x, y)])
    scale = np.array([picture.shape[1], picture.shape[0]]) / calibration.image_size
    px = (calibration.xy_3857_to_px(grid) * scale - 0.5).reshape(len(y), len(x), 2)
    # Between computed positions the way is straight to a hundredth of a pixel, except beyond the horizon, cut below.
    step = 1.0 / WARP_STRIDE
    at = np.meshgrid(np.arange(columns, dtype=np.float32) * step, np.arange(rows, dtype=np.float32) * step)
    fine = cv2.remap(
        np.nan_to_num(px, nan=-1e6).astype(np.float32),
        at[0],
        at[1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    flat = cv2.remap(picture, fine[..., 0], fine[..., 1], cv2.INTER_AREA, borderMode=cv2.BORDER_CONSTANT)
    alpha = flat[..., 3] if flat.shape[2] == 4 else np.full(flat.shape[:2], 255, np.uint8)
    covered = _filled(view_3857, (west, north), per_pixel, (columns, rows))
    image = np.dstack([flat[..., :3], np.minimum(alpha, covered)])
    ok, encoded = cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, WEBP_QUALITY])
    if not ok:
        raise ValueError("the warped picture could not be written")
    corners = xy_3857_to_lonlat([[west, north - rows * per_pixel], [west + columns * per_pixel, north]])
    (w, s), (e, n) = corners.tolist()
    return Warped(encoded.tobytes(), (w, s, e, n))


def _filled(
    geometry: shapely.Geometry, corner: tuple[float, float], per_pixel: float, size: tuple[int, int]
) -> NDArray[np.uint8]:
    """255 where the geometry is, on a grid of `size` (columns, rows) from its north-west corner."""
    mask = np.zeros((size[1], size[0]), np.uint8)
    for polygon in shapely.get_parts(intersection(geometry, geometry.envelope)):
        for ring, value in ((polygon.exterior, 255), *((hole, 0) for hole in polygon.interiors)):
            points = (shapely.get_coordinates(ring) - corner) * (1, -1) / per_pixel
            cv2.fillPoly(mask, [np.round(points).astype(np.int32)], value)
    return mask
