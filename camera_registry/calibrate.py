# SPDX-License-Identifier: AGPL-3.0-or-later
"""`python -m camera_registry.calibrate POINTS.csv -o CAL.json`: control points in, a camera's calibration out."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from camera_registry.control_points import (
    RECOMMENDED_POINTS,
    CalibrationError,
    CalibrationReport,
    calibrate,
    read_control_points,
    read_heights,
)
from camera_registry.pose import focal_from_fov

__all__ = ["main"]


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = (int(part) for part in text.lower().split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT, such as 1920x1080") from None
    if width < 16 or height < 16:
        raise argparse.ArgumentTypeError(f"an image of {width} x {height} pixels is too small")
    return width, height


def _lens(text: str) -> float | str | None:
    if text in ("auto", "none"):
        return None if text == "none" else text
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: give auto, none or a number") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m camera_registry.calibrate",
        description="Fit a camera's eight parameters to EPSG:3857 from control points, with residuals in true metres.",
    )
    parser.add_argument("points", type=Path, help="CSV with the columns name,px_x,px_y,lon,lat")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="where to write the calibration (JSON)"
    )
    parser.add_argument(
        "--image-size",
        type=_size,
        default=(1920, 1080),
        metavar="WxH",
        help="size of the frames (default 1920x1080)",
    )
    parser.add_argument(
        "--lens",
        type=_lens,
        default="auto",
        help="radial term: auto (when leave-one-out improves), none, or a number",
    )
    parser.add_argument(
        "--fov", type=float, help="horizontal field of view in degrees, without the lens's distortion"
    )
    parser.add_argument(
        "--heights",
        type=Path,
        help="CSV of upright things of known height, name,foot_x,foot_y,top_x,top_y,height_m: for the camera's height",
    )
    parser.add_argument("--name", default="", help="a name kept in the calibration")
    return parser


def _table(report: CalibrationReport) -> str:
    lines = [f"{'point':<20} {'residual m':>10} {'leave-one-out m':>15}"]
    for point, residual, left_out in zip(
        report.points, report.residuals_m, report.leave_one_out_m, strict=True
    ):
        shown = "-" if np.isnan(left_out) else f"{left_out:.3f}"
        lines.append(f"{point.name:<20} {residual:>10.3f} {shown:>15}")
    lines.append(
        f"RMSE {report.rmse_m:.3f} m, leave-one-out {report.leave_one_out_rmse_m:.3f} m,"
        f" condition number {report.condition_number:.0f}"
    )
    if report.suspect is not None:
        lines.append(f"point {report.suspect} does not agree with the others: look at it again")
    if report.heights is not None and report.heights.suspect is not None:
        lines.append(
            f"{report.heights.marks[report.heights.suspect].name} does not agree with the rest: look at it again"
        )
    lens, pose = report.calibration.lens, report.calibration.pose
    sigma = report.pose_estimate.height_sigma_m if report.pose_estimate else float("nan")
    lines.append(f"lens term k = {lens.k:+.4f}" if lens else "no lens term")
    if pose:
        lines.append(
            f"camera {pose.height_m:.1f} m (± {sigma:.1f}) above the ground, focal length {pose.focal_px:.0f} px"
        )
    else:
        lines.append("camera height unknown: silhouettes cannot be corrected to footprints (give --fov)")
    if len(report.points) < RECOMMENDED_POINTS:
        lines.append(
            f"only {len(report.points)} points: {RECOMMENDED_POINTS} or more, spread out, are recommended"
        )
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status: 2 for points that cannot calibrate a camera."""
    args = _parser().parse_args(argv)
    try:
        focal = focal_from_fov(args.fov, args.image_size[0]) if args.fov else None
        points = read_control_points(args.points)
        heights = read_heights(args.heights) if args.heights else ()
        report = calibrate(
            points, args.image_size, lens=args.lens, focal_px=focal, heights=heights, name=args.name
        )
    except (CalibrationError, ValueError, OSError) as error:
        print(f"calibrate: {error}", file=sys.stderr)
        return 2
    args.output.write_text(json.dumps(report.to_json(), indent=1) + "\n", encoding="utf-8")
    print(_table(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
