# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the calibrating page asks while somebody clicks: points in, everything it shows out, as JSON-ready mappings.

The page itself knows no geometry. What it sends may be half done, so that every answer is one of three: "waiting" for
more points, "refused" with the points that are meant, or "fitted".
"""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from camera_registry.calibration_drawing import (
    ERROR_LEVELS_M,
    Warped,
    error_map,
    error_picture,
    horizon_px,
    rings_lonlat,
    rings_px,
    warped,
)
from camera_registry.control_points import (
    MINIMUM_POINTS,
    RECOMMENDED_POINTS,
    CalibrationError,
    CalibrationReport,
    calibrate,
)
from camera_registry.draft import Draft
from camera_registry.ground_outlines import Outline
from camera_registry.height_marks import HeightFit, HeightsError
from camera_registry.mercator import lonlat_to_3857, xy_3857_to_lonlat
from camera_registry.overlay import intersection
from camera_registry.pose import focal_from_fov
from camera_registry.pose_fit import pose_of_place
from camera_registry.saying import ENGLISH, Language, Said, say

__all__ = ["fit", "number_or_none", "saved_points", "solve", "warp"]

Float = NDArray[np.float64]

#: Zones farther than this from the camera's ground, in its ranges, are not drawn.
FAR_RANGES = 2.0
#: Ground behind the camera this close to a control point of the same zone, true metres: no real camera has that.
CUT_NEAR_POINT_M = 8.0
#: A height less certain than this share of itself makes footprints no better than silhouettes.
UNSURE_HEIGHT = 0.15
#: A zone with a larger expected error than this somewhere, true metres, wants another point there.
ZONE_SIGMA_M = 0.5


def fit(draft: Draft, outlines: Sequence[Outline] = (), *, name: str = "") -> CalibrationReport:
    """Calibrate with the draft's kept points. Raises CalibrationError, also for a horizon that runs through a zone."""
    try:
        focal = None if draft.fov_deg is None else focal_from_fov(draft.fov_deg, draft.image_size[0])
    except ValueError as error:
        raise CalibrationError(error.args[0]) from None
    report = calibrate(
        draft.used, draft.image_size, lens=draft.lens, focal_px=focal, heights=draft.marks, name=name
    )
    if draft.place is not None:
        report = _with_place(report, draft, name)
    _refuse_cut_zones(report, outlines)
    return report


def _with_place(report: CalibrationReport, draft: Draft, name: str) -> CalibrationReport:
    """The same fit with the camera's measured place instead of the estimated one."""
    lon, lat, height_m = draft.place or (0.0, 0.0, 0.0)
    try:
        x, y = lonlat_to_3857([(lon, lat)])[0].tolist()
        pose = pose_of_place(
            report.adjustment.matrix, report.frame, draft.image_size, ground_3857=(x, y), height_m=height_m
        )
    except ValueError as error:
        raise CalibrationError(say("the camera's place: {problem}", problem=error.args[0])) from None
    return calibrate(draft.used, draft.image_size, lens=draft.lens, pose=pose, name=name)


def _refuse_cut_zones(report: CalibrationReport, outlines: Sequence[Outline]) -> None:
    """A zone with control points in it whose other end lies behind the camera, close by, is a horizon gone wrong."""
    calibration, frame = report.calibration, report.frame
    ground = frame.to_metres(lonlat_to_3857([point.lonlat for point in report.points]))
    for outline in outlines:
        zone = frame.geometry_to_metres(outline.geometry_3857)
        inside = shapely.intersects_xy(zone.buffer(1.0), ground)
        if not inside.any():
            continue
        edge = shapely.get_coordinates(shapely.segmentize(zone, 1.0))
        behind = edge[np.isnan(calibration.xy_3857_to_px(frame.to_3857(edge))).any(axis=1)]
        if not len(behind):
            continue
        apart = np.linalg.norm(ground[inside][:, None] - behind[None], axis=2).min(axis=1)
        if apart.min() < CUT_NEAR_POINT_M:
            near = np.flatnonzero(inside)[apart < CUT_NEAR_POINT_M]
            names = [report.points[i].name for i in near]
            raise CalibrationError(
                say(
                    "the horizon of this calibration runs through the zone {zone}, close to {names}: one of the points"
                    " there is mistaken",
                    zone=outline.name,
                    names=", ".join(names),
                ),
                names,
            )


def solve(
    draft: Draft, outlines: Sequence[Outline], max_range_m: float, language: Language = ENGLISH
) -> dict[str, Any]:
    """Everything that the page shows of a draft. `outlines` are the zones to draw back onto the frame."""
    used = draft.used
    if len(used) < MINIMUM_POINTS:
        missing = MINIMUM_POINTS - len(used)
        words = say("{count} more points on the ground, in the picture and on the map.", count=missing)
        if missing == 1:
            words = say("One more point on the ground, in the picture and on the map.")
        return {"state": "waiting", "message": language.tell(words), "named": []}
    problem: HeightsError | None = None
    try:
        try:
            report = fit(draft, outlines)
        except HeightsError as error:
            problem = error
            report = fit(dataclasses.replace(draft, heights=()), outlines)
    except CalibrationError as error:
        named = [point.id for point in draft.points if point.kept and point.name in error.points]
        return {"state": "refused", "message": language.sentence(error.message), "named": named}
    calibration = report.calibration
    view = calibration.view_3857(max_range_m)
    errors = error_map(report.adjustment, calibration, view)
    zones = _zones(report, outlines, view, max_range_m)
    return {
        "state": "fitted",
        "message": "",
        "named": [],
        "points": _points(draft, report),
        "expected": _expected(draft, report),
        "rmse_m": report.rmse_m,
        "rmse_px": float(np.sqrt(np.mean(np.sum(report.residuals_px**2, axis=1)))),
        "leave_one_out_rmse_m": number_or_none(report.leave_one_out_rmse_m),
        "condition_number": report.condition_number,
        "lens_k": calibration.lens.k if calibration.lens else None,
        "pose": _pose(report),
        "heights": _heights(draft, report, problem, language),
        "horizon_px": horizon_px(calibration),
        "believed": {"px": rings_px(calibration, view), "lonlat": rings_lonlat(view)},
        "zones": zones,
        "errors": {
            "picture": _data_url(error_picture(errors)),
            "lines": [{"level_m": level, "px": errors.lines_px(level)} for level in ERROR_LEVELS_M],
        },
        "notes": [language.tell(note) for note in _notes(report, zones)],
    }


def number_or_none(value: float) -> float | None:
    """JSON has no NaN."""
    return None if np.isnan(value) else float(value)


def _data_url(picture: NDArray[np.uint8]) -> str:
    _, encoded = cv2.imencode(".png", picture)
    return f"data:image/png;base64,{base64.b64encode(encoded.tobytes()).decode()}"


def _points(draft: Draft, report: CalibrationReport) -> list[dict[str, Any]]:
    """Residuals of all complete points, in the draft's order; those that are not kept are checked all the same."""
    complete = [point for point in draft.points if point.complete]
    calibration = report.calibration
    px = np.array([point.px for point in complete], dtype=np.float64)
    xy = lonlat_to_3857(np.array([point.lonlat for point in complete], dtype=np.float64))
    seen = calibration.xy_3857_to_px(xy)
    landed = calibration.px_to_3857(px)
    metres = np.linalg.norm(report.frame.to_metres(landed) - report.frame.to_metres(xy), axis=1)
    places = xy_3857_to_lonlat(landed)
    left_out = iter(zip(report.leave_one_out.error_m, report.leave_one_out.disagreement, strict=True))
    suspect = report.leave_one_out.suspect
    rows, used = [], -1
    for index, point in enumerate(complete):
        used += point.kept
        error_m, disagreement = next(left_out) if point.kept else (np.nan, np.nan)
        rows.append(
            {
                "id": point.id,
                "seen_px": _null_pair(seen[index]),
                "landed_lonlat": _null_pair(places[index]),
                "residual_px": number_or_none(float(np.linalg.norm(seen[index] - px[index]))),
                "residual_m": number_or_none(float(metres[index])),
                "leave_one_out_m": number_or_none(float(error_m)),
                "disagreement": number_or_none(float(disagreement)),
                "suspect": point.kept and used == suspect,
            }
        )
    return rows


def _expected(draft: Draft, report: CalibrationReport) -> list[dict[str, Any]]:
    """Where the others expect the missing half of each half-done point; not for copying, but to know where to look."""
    calibration, rows = report.calibration, []
    for point in draft.points:
        if point.px is not None and point.lonlat is None:
            place = xy_3857_to_lonlat(calibration.px_to_3857([point.px]))[0]
            rows.append({"id": point.id, "px": None, "lonlat": _null_pair(place)})
        elif point.lonlat is not None and point.px is None:
            seen = calibration.xy_3857_to_px(lonlat_to_3857([point.lonlat]))[0]
            rows.append({"id": point.id, "px": _null_pair(seen), "lonlat": None})
    return rows


def saved_points(draft: Draft, report: CalibrationReport) -> list[dict[str, Any]]:
    """The draft's complete points as a calibration keeps them: with their errors, and whether they were used."""
    rows = {row["id"]: row for row in _points(draft, report)}
    points: list[dict[str, Any]] = [
        {
            "name": point.name,
            "px": list(point.px or ()),
            "lonlat": list(point.lonlat or ()),
            "kept": point.kept,
            "residual_m": rows[point.id]["residual_m"],
            "leave_one_out_m": rows[point.id]["leave_one_out_m"],
        }
        for point in draft.points
        if point.complete
    ]
    return points + _saved_heights(draft, report.heights)


def _saved_heights(draft: Draft, fitted: HeightFit | None) -> list[dict[str, Any]]:
    """Things of known height, which stand among the points and are told from them by `height_m`."""
    off = iter(fitted.off_px.tolist() if fitted else [])
    return [
        {
            "name": row.name,
            "foot_px": list(row.foot_px or ()),
            "top_px": list(row.top_px or ()),
            "height_m": row.height_m,
            "kept": row.kept,
            "off_px": next(off) if row.kept and fitted else None,
        }
        for row in draft.heights
        if row.mark is not None
    ]


def _heights(
    draft: Draft, report: CalibrationReport, problem: HeightsError | None, language: Language
) -> dict[str, Any]:
    """What the things of known height bring, in words, and what each of them says."""
    fitted = report.heights
    named = [row.id for row in draft.heights if problem and row.kept and row.name in problem.points]
    rows = []
    if fitted:
        used = [row for row in draft.heights if row.kept and row.mark is not None]
        for index, row in enumerate(used):
            rows.append(
                {
                    "id": row.id,
                    "top_px": _null_pair(fitted.top_px[index]),
                    "off_px": number_or_none(float(fitted.off_px[index])),
                    "disagreement": number_or_none(float(fitted.disagreement[index])),
                    "suspect": index == fitted.suspect,
                }
            )
    words = language.sentence(problem.message) if problem else language.tell(_height_words(draft, fitted))
    return {"refused": problem is not None, "message": words, "named": named, "marks": rows}


def _height_words(draft: Draft, fitted: HeightFit | None) -> Said:
    if not draft.heights:
        return say("")
    if draft.place is not None:
        return say("The camera's place and height were entered; these heights are not used.")
    if fitted is None:
        return say("Mark foot and top in the picture and type the height between them.")
    after = fitted.estimate
    suspect = fitted.suspect
    if suspect is not None:
        return say(
            "{name} does not agree with the rest. Look at its foot, its top and its metres again.",
            name=fitted.marks[suspect].name,
        )
    now = {"height": f"{after.pose.height_m:.1f}", "sigma": f"{after.height_sigma_m:.2f}"}
    if fitted.before is None:
        return say(
            "The camera hangs {height} ± {sigma} m high; without these heights it is not known.", **now
        )
    return say(
        "The camera hangs {height} ± {sigma} m high; without these heights {before} ± {before_sigma} m.",
        **now,
        before=f"{fitted.before.pose.height_m:.1f}",
        before_sigma=f"{fitted.before.height_sigma_m:.2f}",
    )


def _null_pair(values: Float) -> list[float] | None:
    return None if np.isnan(values).any() else [float(value) for value in values]


def _pose(report: CalibrationReport) -> dict[str, Any] | None:
    pose, estimate = report.calibration.pose, report.pose_estimate
    if pose is None:
        return None
    width = report.calibration.image_size[0]
    return {
        "lonlat": xy_3857_to_lonlat([pose.ground_3857])[0].tolist(),
        "height_m": pose.height_m,
        "fov_deg": float(np.degrees(2 * np.arctan(width / 2 / pose.focal_px))),
        "place_sigma_m": estimate.place_sigma_m if estimate else None,
        "height_sigma_m": estimate.height_sigma_m if estimate else None,
    }


def _zones(
    report: CalibrationReport, outlines: Sequence[Outline], view: shapely.Geometry, max_range_m: float
) -> list[dict[str, Any]]:
    """Zones that the picture shows: as pixels, how much of each is seen, and the worst error to expect there."""
    calibration, frame = report.calibration, report.frame
    wide = calibration.view_3857(FAR_RANGES * max_range_m)
    found = []
    for outline in outlines:
        shown = intersection(outline.geometry_3857, wide)
        if shown.is_empty:
            continue
        seen = intersection(outline.geometry_3857, view)
        worst = None
        if not seen.is_empty:
            px = calibration.xy_3857_to_px(shapely.get_coordinates(seen))
            px = px[~np.isnan(px).any(axis=1)]
            worst = float(report.adjustment.ground_sigma_m(px).max()) if len(px) else None
        rings = rings_px(calibration, shown)
        if not rings:
            continue
        share = frame.geometry_to_metres(seen).area / frame.geometry_to_metres(outline.geometry_3857).area
        found.append(
            {
                "name": outline.name,
                "px": rings,
                "seen_share": float(share),
                "worst_sigma_m": worst,
            }
        )
    return found


def _notes(report: CalibrationReport, zones: Sequence[Mapping[str, Any]]) -> list[Said]:
    """What somebody should do next, in words, the weightiest first."""
    notes = []
    count = len(report.points)
    if report.suspect is not None:
        notes.append(
            say(
                "Point {name} does not agree with the others. Look at it again, in the picture and on the map.",
                name=report.suspect,
            )
        )
    if count == MINIMUM_POINTS:
        notes.append(say("Four points always fit exactly, right or wrong. A fifth one checks them."))
    elif count < RECOMMENDED_POINTS:
        notes.append(
            say(
                "{count} points; {good} or more, spread out, are recommended.",
                count=count,
                good=RECOMMENDED_POINTS,
            )
        )
    pose, estimate = report.calibration.pose, report.pose_estimate
    if pose is None:
        notes.append(
            say(
                "The camera's height does not follow from these points. Mark things of known height, or enter its field"
                " of view, so that far cars get the right footprints."
            )
        )
    elif estimate and estimate.height_sigma_m > UNSURE_HEIGHT * pose.height_m:
        notes.append(
            say(
                "The camera's height is uncertain (± {sigma} m). Mark things of known height, or enter its field of"
                " view.",
                sigma=f"{estimate.height_sigma_m:.1f}",
            )
        )
    notes += [
        say(
            "Zone {zone}: errors of {sigma} m must be expected at its worst place. A point near there helps.",
            zone=zone["name"],
            sigma=f"{zone['worst_sigma_m']:.1f}",
        )
        for zone in zones
        # What one bad point spoils, another point does not mend.
        if report.suspect is None and (zone["worst_sigma_m"] or 0) > ZONE_SIGMA_M
    ]
    return notes


def warp(
    draft: Draft, outlines: Sequence[Outline], max_range_m: float, picture: NDArray[np.uint8] | None
) -> Warped:
    """The frame seen from above, or without a `picture` the expected error. Raises CalibrationError and ValueError."""
    report = fit(dataclasses.replace(draft, heights=()), outlines)  # heights leave the ground as it is
    view = report.calibration.view_3857(max_range_m)
    if picture is None:
        size = (draft.image_size[0] // 2, draft.image_size[1] // 2)
        picture = error_picture(error_map(report.adjustment, report.calibration, view), size)
    return warped(report.calibration, picture, view)
