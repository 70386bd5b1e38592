# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calibrating a camera from control points: pixels whose place on the ground is known.

Least squares on ground residuals in true metres, an optional lens term that must earn its place by leave-one-out
error, the pose where the homography holds one, and refusal, in words that name the points, of sets that determine
nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camera_registry.calibration import Calibration
from camera_registry.homography import Homography, apply_homography, fit_homography
from camera_registry.lens import RadialLens
from camera_registry.mercator import LocalFrame, lonlat_to_3857
from camera_registry.pose import homography_to_3857, pose_from_homography

__all__ = ["CalibrationError", "CalibrationReport", "ControlPoint", "calibrate", "read_control_points"]

Float = NDArray[np.float64]

MINIMUM_POINTS = 4
#: Fewer points than this leave too little over to judge a lens term by.
MINIMUM_POINTS_FOR_LENS = 7
RECOMMENDED_POINTS = 8
#: Three points whose triangle is flatter than this (height over longest side) are in a line.
COLLINEAR_RATIO = 0.01
#: Beyond this condition number of the normalised design the points are as good as degenerate.
MAXIMUM_CONDITION = 1e4
#: The range of the lens parameter that is searched: from strong barrel to mild pincushion distortion.
LENS_RANGE = (-0.6, 0.15)
#: A lens term is kept when it lowers the leave-one-out error at least to this share of what it was without.
LENS_GAIN = 0.9


class CalibrationError(ValueError):
    """These control points cannot calibrate a camera; the message names them and says what to do."""


@dataclass(frozen=True)
class ControlPoint:
    """A pixel and the place it shows: px (u, v) continuous, x right and y down; WGS 84 degrees."""

    name: str
    px: tuple[float, float]
    lonlat: tuple[float, float]


@dataclass(frozen=True)
class CalibrationReport:
    """A calibration with what is known of its quality; residuals in true metres, one per point.

    `leave_one_out_m` is how far each point lands from its place when the others alone calibrate: NaN with four
    points, whose fit is exact and proves nothing.
    """

    calibration: Calibration
    points: tuple[ControlPoint, ...]
    residuals_m: Float
    leave_one_out_m: Float
    condition_number: float

    @property
    def rmse_m(self) -> float:
        """Root mean square of the residuals' lengths."""
        return float(np.sqrt(np.mean(self.residuals_m**2)))

    @property
    def leave_one_out_rmse_m(self) -> float:
        """Root mean square of the leave-one-out errors; NaN with four points."""
        return float(np.sqrt(np.mean(self.leave_one_out_m**2)))

    def to_json(self) -> dict[str, Any]:
        """The calibration's JSON with the points and their errors; NaN becomes null."""
        return self.calibration.to_json() | {
            "rmse_m": self.rmse_m,
            "leave_one_out_rmse_m": _null(self.leave_one_out_rmse_m),
            "condition_number": self.condition_number,
            "points": [
                {
                    "name": point.name,
                    "px": list(point.px),
                    "lonlat": list(point.lonlat),
                    "residual_m": float(residual),
                    "leave_one_out_m": _null(float(left_out)),
                }
                for point, residual, left_out in zip(
                    self.points, self.residuals_m, self.leave_one_out_m, strict=True
                )
            ],
        }


def _null(value: float) -> float | None:
    return None if np.isnan(value) else value


def read_control_points(path: Path) -> tuple[ControlPoint, ...]:
    """Read `name,px_x,px_y,lon,lat` from a CSV file with a header. Raises CalibrationError naming line and column."""
    columns = ("px_x", "px_y", "lon", "lat")
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        missing = [c for c in ("name", *columns) if c not in (rows.fieldnames or [])]
        if missing:
            raise CalibrationError(
                f"{path}: column {', '.join(missing)} missing; need name,px_x,px_y,lon,lat"
            )
        points = []
        for row in rows:
            values = {}
            for column in columns:
                try:
                    values[column] = float(row[column])
                except (TypeError, ValueError):
                    raise CalibrationError(
                        f"{path}, line {rows.line_num}: {column} is {row[column]!r}, not a number"
                    ) from None
            name = (row["name"] or "").strip() or f"line {rows.line_num}"
            points.append(
                ControlPoint(name, (values["px_x"], values["px_y"]), (values["lon"], values["lat"]))
            )
    return tuple(points)


def calibrate(
    points: Sequence[ControlPoint],
    image_size: tuple[int, int],
    *,
    lens: float | str | None = "auto",
    focal_px: float | None = None,
    name: str = "",
) -> CalibrationReport:
    """Fit the eight parameters, and the lens term and pose where the points hold them.

    image_size: (width, height) of the frames the pixels were picked on. lens: "auto" searches the radial term and
    keeps it when the leave-one-out error falls by a tenth; None leaves it out; a number fixes it. focal_px: of the
    undistorted image, when the field of view is known; it makes the pose more certain. Raises CalibrationError.
    """
    px = np.array([p.px for p in points], dtype=np.float64).reshape(-1, 2)
    try:
        xy_3857 = lonlat_to_3857(np.array([p.lonlat for p in points], dtype=np.float64).reshape(-1, 2))
    except ValueError as error:
        raise CalibrationError(str(error)) from None
    names = [p.name for p in points]
    _refuse_few_or_doubled(names, px, xy_3857, image_size)
    frame = LocalFrame((float(xy_3857[:, 0].mean()), float(xy_3857[:, 1].mean())))
    ground = frame.to_metres(xy_3857)
    _refuse_lines(names, px, "pixels")
    _refuse_lines(names, ground, "places on the ground")

    k = _choose_lens(px, ground, image_size) if lens == "auto" else (float(lens) if lens is not None else 0.0)
    radial = RadialLens.for_image(k, image_size) if k else None
    undistorted = radial.undistort(px) if radial else px
    matrix, condition = fit_homography(undistorted, ground)
    if condition > MAXIMUM_CONDITION:
        raise CalibrationError(
            f"these points hardly determine a calibration (condition number {condition:.0f}): they are bunched or"
            " nearly in a line; spread them over the ground that shows the parking zones"
        )
    homography = homography_to_3857(matrix, frame)
    _refuse_impossible(names, homography, undistorted)
    pose = pose_from_homography(matrix, frame, image_size, focal_px)
    landed, _ = apply_homography(matrix, undistorted)
    return CalibrationReport(
        calibration=Calibration(image_size, homography, radial, pose, name),
        points=tuple(points),
        residuals_m=np.linalg.norm(landed - ground, axis=1),
        leave_one_out_m=_leave_one_out(undistorted, ground),
        condition_number=condition,
    )


def _leave_one_out(px: Float, ground: Float) -> Float:
    """Distance in metres of each point from where the others put it, (N,); NaN where four or fewer remain."""
    if len(px) <= MINIMUM_POINTS:
        return np.full(len(px), np.nan)
    errors = np.empty(len(px))
    for i in range(len(px)):
        others = np.arange(len(px)) != i
        matrix, _ = fit_homography(px[others], ground[others])
        landed, _ = apply_homography(matrix, px[i : i + 1])
        errors[i] = np.linalg.norm(landed[0] - ground[i])
    return errors


def _choose_lens(px: Float, ground: Float, image_size: tuple[int, int]) -> float:
    """The k of least leave-one-out error when it beats no lens term clearly, else 0."""
    if len(px) < MINIMUM_POINTS_FOR_LENS:
        return 0.0

    def error(k: float) -> float:
        undistorted = RadialLens.for_image(k, image_size).undistort(px)
        if np.isnan(undistorted).any():
            return np.inf
        return float(np.sqrt(np.mean(_leave_one_out(undistorted, ground) ** 2)))

    low, high = LENS_RANGE
    grid = np.linspace(low, high, 16)
    best = int(np.argmin([error(k) for k in grid]))
    step = grid[1] - grid[0]
    low, high = max(low, grid[best] - step), min(high, grid[best] + step)
    for _ in range(16):  # a ternary search: 0.3 to 0.0005 wide
        a, b = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, b) if error(a) < error(b) else (a, high)
    k = (low + high) / 2
    return float(k) if error(k) < LENS_GAIN * error(0.0) else 0.0


def _refuse_few_or_doubled(names: list[str], px: Float, xy_3857: Float, image_size: tuple[int, int]) -> None:
    if len(names) < MINIMUM_POINTS:
        raise CalibrationError(
            f"{len(names)} control points ({', '.join(names) or 'none'}); at least {MINIMUM_POINTS} are needed,"
            f" {RECOMMENDED_POINTS} or more recommended"
        )
    if not np.all(np.isfinite(px)):
        raise CalibrationError("pixel coordinates must be finite numbers")
    width, height = image_size
    for name, (u, v) in zip(names, px, strict=True):
        if not (0 <= u <= width and 0 <= v <= height):
            raise CalibrationError(
                f"point {name} at pixel ({u:g}, {v:g}) lies outside the {width} × {height} image"
            )
    for i, j in combinations(range(len(names)), 2):
        if np.allclose(px[i], px[j], rtol=0, atol=0.5):
            raise CalibrationError(f"points {names[i]} and {names[j]} are the same pixel; drop one of them")
        if np.allclose(xy_3857[i], xy_3857[j], rtol=0, atol=0.01):
            raise CalibrationError(f"points {names[i]} and {names[j]} are the same place; drop one of them")


def _flatness(a: Float, b: Float, c: Float) -> float:
    """Height of the triangle over its longest side: 0 for three points in a line."""
    sides = [float(np.linalg.norm(p - q)) for p, q in ((a, b), (b, c), (c, a))]
    area2 = abs(float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])))
    return area2 / max(sides) ** 2


def _refuse_lines(names: list[str], points: Float, what: str) -> None:
    """Refuse sets that leave no four points of which no three are in a line."""
    flat = {
        trio
        for trio in combinations(range(len(points)), 3)
        if _flatness(*points[list(trio)]) < COLLINEAR_RATIO
    }
    if not flat:
        return
    for four in combinations(range(len(points)), 4):
        if not any(trio in flat for trio in combinations(four, 3)):
            return
    first = min(flat)
    listed = ", ".join(names[i] for i in first)
    raise CalibrationError(
        f"the {what} of {listed} lie in a line and no four points are left without such a trio;"
        " add points away from that line"
    )


def _refuse_impossible(names: list[str], homography: Homography, undistorted: Float) -> None:
    """Refuse a fit in which the horizon runs between the points, or which shows the ground from below."""
    w = homography.denominator(undistorted)
    if np.all(w < 0):
        raise CalibrationError(
            "this calibration is mirrored: it sees the ground from below; pixels and places of some points are"
            " swapped, or px_y was counted upwards (pixels count down from the top-left corner)"
        )
    if np.any(w <= 0):
        above = ", ".join(name for name, side in zip(names, w, strict=True) if side <= 0)
        raise CalibrationError(
            f"the horizon of this calibration runs through the points: {above} would lie above it;"
            " one of them is mistaken"
        )
