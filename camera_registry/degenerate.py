# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sets of control points that calibrate nothing, refused in words that name the points and say what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from camera_registry.homography import Homography
from camera_registry.saying import say, template

__all__ = [
    "MINIMUM_POINTS",
    "RECOMMENDED_POINTS",
    "CalibrationError",
    "ControlPoint",
    "refuse_below_horizon",
    "refuse_ill_conditioned",
    "refuse_set",
]

Float = NDArray[np.float64]

MINIMUM_POINTS = 4
RECOMMENDED_POINTS = 8
#: Three points whose triangle is flatter than this (height over longest side) are in a line.
COLLINEAR_RATIO = 0.01
#: Beyond this condition number of the normalised design the points are as good as degenerate.
MAXIMUM_CONDITION = 1e4
#: Points that all lie within this share of the picture's diagonal are bunched.
BUNCHED_SHARE = 0.06
#: No camera's street is longer than this, true metres: a place farther from the others is a slip, such as a swapped pair.
MAXIMUM_EXTENT_M = 5000.0
#: Two clicks closer than this, pixels, or places closer than this, true metres, are one.
SAME_PX = 0.5
SAME_M = 0.01


IN_A_LINE_SEEN = template(
    "the pixels of {names} lie in a line and no four points are left without such a trio; add points away from that line"
)
IN_A_LINE_ON_GROUND = template(
    "the places on the ground of {names} lie in a line and no four points are left without such a trio; add points away"
    " from that line"
)


class CalibrationError(ValueError):
    """These control points cannot calibrate a camera; the message names them and says what to do.

    `points` holds the names of those that are meant, so that a page can point at them.
    """

    def __init__(self, message: str, points: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.points = tuple(points)


@dataclass(frozen=True)
class ControlPoint:
    """A pixel and the place it shows: px (u, v) continuous, x right and y down; WGS 84 degrees."""

    name: str
    px: tuple[float, float]
    lonlat: tuple[float, float]


def refuse_set(names: Sequence[str], px: Float, ground_m: Float, image_size: tuple[int, int]) -> None:
    """Refuse what cannot be calibrated whatever the fit: px (N, 2) as seen, ground_m (N, 2) true metres."""
    _refuse_few(names, px, image_size)
    _refuse_doubled(names, px, ground_m)
    _refuse_far(names, ground_m)
    _refuse_bunched(names, px, image_size)
    _refuse_lines(names, px, IN_A_LINE_SEEN)
    _refuse_lines(names, ground_m, IN_A_LINE_ON_GROUND)


def _refuse_few(names: Sequence[str], px: Float, image_size: tuple[int, int]) -> None:
    if len(names) < MINIMUM_POINTS:
        raise CalibrationError(
            say(
                "{count} control points ({names}); at least {least} are needed, {good} or more recommended",
                count=len(names),
                names=", ".join(names) or say("none"),
                least=MINIMUM_POINTS,
                good=RECOMMENDED_POINTS,
            )
        )
    if not np.all(np.isfinite(px)):
        raise CalibrationError(say("pixel coordinates must be finite numbers"))
    width, height = image_size
    for name, (u, v) in zip(names, px, strict=True):
        if not (0 <= u <= width and 0 <= v <= height):
            raise CalibrationError(
                say(
                    "point {name} at pixel ({u}, {v}) lies outside the {width} × {height} image",
                    name=name,
                    u=f"{u:g}",
                    v=f"{v:g}",
                    width=width,
                    height=height,
                ),
                [name],
            )


def _refuse_doubled(names: Sequence[str], px: Float, ground_m: Float) -> None:
    for i, j in combinations(range(len(names)), 2):
        for points, closest, words in (
            (px, SAME_PX, template("points {first} and {second} are the same pixel; drop one of them")),
            (ground_m, SAME_M, template("points {first} and {second} are the same place; drop one of them")),
        ):
            if np.all(np.abs(points[i] - points[j]) <= closest):
                raise CalibrationError(
                    say(words, first=names[i], second=names[j]),
                    [names[i], names[j]],
                )


def _refuse_far(names: Sequence[str], ground_m: Float) -> None:
    distances = np.linalg.norm(ground_m - np.median(ground_m, axis=0), axis=1)
    far = [i for i in np.argsort(-distances) if distances[i] > MAXIMUM_EXTENT_M]
    if far:
        raise CalibrationError(
            say(
                "point {name} lies {km} km from the others: longitude comes first, then latitude",
                name=names[far[0]],
                km=f"{distances[far[0]] / 1000:.0f}",
            ),
            [names[i] for i in far],
        )


def _refuse_bunched(names: Sequence[str], px: Float, image_size: tuple[int, int]) -> None:
    extent = float(np.linalg.norm(np.ptp(px, axis=0)))
    if extent < BUNCHED_SHARE * float(np.hypot(*image_size)):
        raise CalibrationError(
            say(
                "the points {names} are bunched: they all lie within {extent} pixels; spread them over the ground that"
                " shows the parking zones",
                names=", ".join(names),
                extent=f"{extent:.0f}",
            ),
            names,
        )


def _flatness(a: Float, b: Float, c: Float) -> float:
    """Height of the triangle over its longest side: 0 for three points in a line."""
    sides = [float(np.linalg.norm(p - q)) for p, q in ((a, b), (b, c), (c, a))]
    area2 = abs(float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])))
    return area2 / max(sides) ** 2


def _refuse_lines(names: Sequence[str], points: Float, words: str) -> None:
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
    listed = [names[i] for i in min(flat)]
    raise CalibrationError(
        say(words, names=", ".join(listed)),
        listed,
    )


def refuse_ill_conditioned(names: Sequence[str], px: Float, condition: float) -> None:
    """Refuse a fit whose normalised design has this condition number, and name the points that lie closest to a line."""
    if condition <= MAXIMUM_CONDITION:
        return
    flattest = min(combinations(range(len(px)), 3), key=lambda trio: _flatness(*px[list(trio)]))
    listed = [names[i] for i in flattest]
    raise CalibrationError(
        say(
            "these points hardly determine a calibration (condition number {condition}): they are bunched or nearly in"
            " a line, {names} most of all; spread them over the ground that shows the parking zones",
            condition=f"{condition:.0f}",
            names=", ".join(listed),
        ),
        listed,
    )


def refuse_below_horizon(names: Sequence[str], homography: Homography, undistorted: Float) -> None:
    """Refuse a fit in which the horizon runs between the points, or which shows the ground from below."""
    w = homography.denominator(undistorted)
    if np.all(w < 0):
        raise CalibrationError(
            say(
                "this calibration is mirrored: it sees the ground from below; pixels and places of some of {names} are"
                " swapped, or px_y was counted upwards (pixels count down from the top-left corner)",
                names=", ".join(names),
            ),
            names,
        )
    if np.any(w <= 0):
        above = [name for name, side in zip(names, w, strict=True) if side <= 0]
        raise CalibrationError(
            say(
                "the horizon of this calibration runs through the points: {names} would lie above it; one of them is"
                " mistaken",
                names=", ".join(above),
            ),
            above,
        )
