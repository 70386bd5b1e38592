# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calibrating a camera from control points: pixels whose place on the ground is known.

Weighted least squares on ground residuals in true metres, an optional lens term that must earn its place by
leave-one-out error, the pose where the homography holds one, the certainty of all of it, and refusal, in words that
name the points, of sets that determine nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camera_registry.adjustment import Adjustment, LeaveOneOut, adjust, leave_one_out
from camera_registry.calibration import Calibration
from camera_registry.degenerate import (
    MINIMUM_POINTS,
    RECOMMENDED_POINTS,
    CalibrationError,
    ControlPoint,
    refuse_below_horizon,
    refuse_ill_conditioned,
    refuse_set,
)
from camera_registry.height_marks import HeightFit, HeightMark, fit_heights
from camera_registry.homography import fit_homography
from camera_registry.lens import RadialLens
from camera_registry.mercator import LocalFrame, lonlat_to_3857
from camera_registry.pose import CameraPose, homography_to_3857
from camera_registry.pose_fit import PoseEstimate, estimate_pose
from camera_registry.saying import say

__all__ = [
    "MINIMUM_POINTS",
    "RECOMMENDED_POINTS",
    "CalibrationError",
    "CalibrationReport",
    "ControlPoint",
    "calibrate",
    "parse_control_points",
    "read_control_points",
    "read_heights",
]

Float = NDArray[np.float64]

THE_FILE = say("the file")

#: Fewer points than this leave too little over to judge a lens term by.
MINIMUM_POINTS_FOR_LENS = 7
#: Where the search for the lens term begins: none, the usual wide lens, a very wide one.
LENS_STARTS = (0.0, -0.15, -0.35)
#: The range of lens terms that is believed: from strong barrel to mild pincushion distortion.
LENS_RANGE = (-0.6, 0.15)
#: A lens term is kept when it lowers the leave-one-out error at least to this share of what it was without.
LENS_GAIN = 0.9
#: A leave-one-out error this small, in standard deviations of what is expected, leaves a lens term nothing to explain.
LENS_FLOOR = 0.05


@dataclass(frozen=True)
class CalibrationReport:
    """A calibration with what is known of its quality; residuals in true metres, one per point.

    `residuals_px` (N, 2) is where the calibration sees each point's place, less where it was clicked.
    `leave_one_out` is what the others say of each point: NaN with four points, whose fit is exact and proves nothing.
    """

    calibration: Calibration
    points: tuple[ControlPoint, ...]
    residuals_m: Float
    residuals_px: Float
    leave_one_out: LeaveOneOut
    condition_number: float
    adjustment: Adjustment
    frame: LocalFrame
    pose_estimate: PoseEstimate | None = None
    heights: HeightFit | None = None

    @property
    def leave_one_out_m(self) -> Float:
        """How far each point lands from its place when the others alone calibrate, true metres (N,)."""
        return self.leave_one_out.error_m

    @property
    def suspect(self) -> str | None:
        """The name of the one point that the others speak against."""
        index = self.leave_one_out.suspect
        return None if index is None else self.points[index].name

    @property
    def rmse_m(self) -> float:
        """Root mean square of the residuals' lengths."""
        return float(np.sqrt(np.mean(self.residuals_m**2)))

    @property
    def leave_one_out_rmse_m(self) -> float:
        """Root mean square of the leave-one-out errors that there are; NaN with four points."""
        known = self.leave_one_out_m[~np.isnan(self.leave_one_out_m)]
        return float(np.sqrt(np.mean(known**2))) if len(known) else float("nan")

    def points_json(self) -> list[dict[str, Any]]:
        """Each point with its errors; NaN becomes null."""
        rows = zip(self.points, self.residuals_m, self.leave_one_out_m, strict=True)
        return [
            {
                "name": point.name,
                "px": list(point.px),
                "lonlat": list(point.lonlat),
                "residual_m": float(residual),
                "leave_one_out_m": _null(float(left_out)),
            }
            for point, residual, left_out in rows
        ]

    def to_json(self) -> dict[str, Any]:
        """The calibration's JSON with the points and their errors; NaN becomes null."""
        return self.calibration.to_json() | {
            "rmse_m": self.rmse_m,
            "leave_one_out_rmse_m": _null(self.leave_one_out_rmse_m),
            "condition_number": self.condition_number,
            "pose_sigma": self.pose_estimate and self.pose_estimate.sigma_json(),
            "points": self.points_json(),
            "heights": self.heights_json(),
        }

    def heights_json(self) -> list[dict[str, Any]]:
        """Each thing of known height with how far its top is off, pixels."""
        if self.heights is None:
            return []
        return [
            {
                "name": mark.name,
                "foot_px": list(mark.foot_px),
                "top_px": list(mark.top_px),
                "height_m": mark.height_m,
                "off_px": float(off),
            }
            for mark, off in zip(self.heights.marks, self.heights.off_px, strict=True)
        ]


def _null(value: float) -> float | None:
    return None if np.isnan(value) else value


def read_control_points(path: Path) -> tuple[ControlPoint, ...]:
    """Read `name,px_x,px_y,lon,lat` from a CSV file with a header. Raises CalibrationError naming line and column."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        return _parse(file, str(path))


def parse_control_points(text: str, source: str = THE_FILE) -> tuple[ControlPoint, ...]:
    """The same of a text that was read already; `source` names it in what is said of it."""
    return _parse(io.StringIO(text.removeprefix("\ufeff"), newline=""), source)


def _parse(lines: Iterable[str], source: str) -> tuple[ControlPoint, ...]:
    columns = ("px_x", "px_y", "lon", "lat")
    rows = csv.DictReader(lines)
    missing = [c for c in ("name", *columns) if c not in (rows.fieldnames or [])]
    if missing:
        raise CalibrationError(
            say(
                "{source}: column {missing} missing; need name,px_x,px_y,lon,lat",
                source=source,
                missing=", ".join(missing),
            )
        )
    points = []
    for row in rows:
        values = {}
        for column in columns:
            try:
                values[column] = float(row[column])
            except (TypeError, ValueError):
                raise CalibrationError(
                    say(
                        "{source}, line {line}: {column} is {value}, not a number",
                        source=source,
                        line=rows.line_num,
                        column=column,
                        value=repr(row[column]),
                    )
                ) from None
        name = (row["name"] or "").strip() or f"line {rows.line_num}"
        points.append(ControlPoint(name, (values["px_x"], values["px_y"]), (values["lon"], values["lat"])))
    return tuple(points)


def read_heights(path: Path) -> tuple[HeightMark, ...]:
    """Read `name,foot_x,foot_y,top_x,top_y,height_m` from a CSV file with a header. Raises CalibrationError."""
    columns = ("foot_x", "foot_y", "top_x", "top_y", "height_m")
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        missing = [c for c in ("name", *columns) if c not in (rows.fieldnames or [])]
        if missing:
            raise CalibrationError(
                f"{path}: column {', '.join(missing)} missing; need name,{','.join(columns)}"
            )
        found = []
        for row in rows:
            try:
                foot_x, foot_y, top_x, top_y, height_m = (float(row[column]) for column in columns)
            except (TypeError, ValueError):
                raise CalibrationError(
                    f"{path}, line {rows.line_num}: {', '.join(columns)} must be numbers"
                ) from None
            name = (row["name"] or "").strip() or f"line {rows.line_num}"
            found.append(HeightMark(name, (foot_x, foot_y), (top_x, top_y), height_m))
    return tuple(found)


def calibrate(
    points: Sequence[ControlPoint],
    image_size: tuple[int, int],
    *,
    lens: float | str | None = "auto",
    focal_px: float | None = None,
    pose: CameraPose | None = None,
    heights: Sequence[HeightMark] = (),
    name: str = "",
) -> CalibrationReport:
    """Fit the eight parameters, and the lens term and pose where the points hold them.

    image_size: (width, height) of the frames the pixels were picked on. lens: "auto" searches the radial term and
    keeps it when the leave-one-out error falls by a tenth; None leaves it out; a number fixes it. focal_px: of the
    undistorted image, when the field of view is known; it makes the pose more certain. pose: when the camera's place
    and height were measured; nothing is estimated then. heights: upright things of known height, which make the
    pose more certain and leave the ground as it is. Raises CalibrationError.
    """
    px = np.array([p.px for p in points], dtype=np.float64).reshape(-1, 2)
    try:
        xy_3857 = lonlat_to_3857(np.array([p.lonlat for p in points], dtype=np.float64).reshape(-1, 2))
    except ValueError as error:
        raise CalibrationError(str(error)) from None
    names = [p.name for p in points]
    # The median, so that one place far off does not take the frame's scale with it.
    x, y = np.median(xy_3857, axis=0) if len(points) else (0.0, 0.0)
    frame = LocalFrame((float(x), float(y)))
    ground = frame.to_metres(xy_3857)
    refuse_set(names, px, ground, image_size)

    fitted, left_out = _adjusted(names, px, ground, image_size, lens)
    radial = RadialLens.for_image(fitted.k, image_size) if fitted.k else None
    undistorted = radial.undistort(px) if radial else px
    _, condition = fit_homography(undistorted, ground)
    refuse_ill_conditioned(names, px, condition)
    homography = homography_to_3857(fitted.matrix, frame)
    refuse_below_horizon(names, homography, undistorted)
    upright = None if pose or not heights else fit_heights(fitted, frame, heights, focal_px)
    estimate = None if pose else upright.estimate if upright else estimate_pose(fitted, frame, focal_px)
    found = estimate.pose if estimate else pose
    calibration = Calibration(image_size, homography, radial, found, name)
    return CalibrationReport(
        calibration=calibration,
        points=tuple(points),
        residuals_m=np.linalg.norm(fitted.ground_m(px) - ground, axis=1),
        residuals_px=calibration.xy_3857_to_px(xy_3857) - px,
        leave_one_out=left_out,
        condition_number=condition,
        adjustment=fitted,
        frame=frame,
        pose_estimate=estimate,
        heights=upright,
    )


def _adjusted(
    names: Sequence[str], px: Float, ground: Float, image_size: tuple[int, int], lens: float | str | None
) -> tuple[Adjustment, LeaveOneOut]:
    try:
        if lens != "auto":
            fitted = adjust(px, ground, image_size, k=float(lens) if lens is not None else 0.0)
            return fitted, leave_one_out(fitted, px, ground)
        return _with_lens_if_better(px, ground, image_size)
    except (np.linalg.LinAlgError, ValueError):
        raise CalibrationError(
            say(
                "the points {names} contradict each other or determine nothing; check each one",
                names=", ".join(names),
            ),
            names,
        ) from None


def _with_lens_if_better(
    px: Float, ground: Float, image_size: tuple[int, int]
) -> tuple[Adjustment, LeaveOneOut]:
    """With a lens term when it beats none clearly in what the others say of each point."""
    plain = adjust(px, ground, image_size)
    plain_out = leave_one_out(plain, px, ground)
    if len(px) < MINIMUM_POINTS_FOR_LENS:
        return plain, plain_out
    tried = [adjust(px, ground, image_size, k=k, fits_lens=True) for k in LENS_STARTS]
    bent = min(tried, key=lambda fitted: fitted.weighted_cost)
    bent_out = leave_one_out(bent, px, ground)
    before, after = _root_mean_square(plain_out.error), _root_mean_square(bent_out.error)
    if LENS_RANGE[0] <= bent.k <= LENS_RANGE[1] and before > LENS_FLOOR and after < LENS_GAIN * before:
        return bent, bent_out
    return plain, plain_out


def _root_mean_square(errors: Float) -> float:
    known = errors[~np.isnan(errors)]
    return float(np.sqrt(np.mean(known**2))) if len(known) else float("inf")
