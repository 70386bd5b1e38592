# SPDX-License-Identifier: AGPL-3.0-or-later
"""How far a control point 40 m away lands from its place when the others calibrate, and how near it could land at best.

On the simulated cameras (102° barrel lens): eight points spread over the picture, clicks of one pixel, exact places. The
floor is Cramér and Rao's: what no unbiased fit of the same parameters from the same clicks can fall below, computed
from derivatives of the street's own camera model, not of the fit's.

    python -m benchmarks calibration [--quick]
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.demo.camera import DemoCamera
from apps.demo.views import demo_cameras
from camera_registry.adjustment import adjust, leave_one_out

Float = NDArray[np.float64]

SETS, SETS_QUICK = 100, 15
CLICK_PX = 1.0
AT_M, ABOUT_M = 40.0, 6.0
#: Steps of numerical derivatives, by the camera's own parameters.
STEPS = {"x": 1e-3, "y": 1e-3, "height_m": 1e-3, "yaw_deg": 1e-4, "pitch_deg": 1e-4, "roll_deg": 1e-4, "focal_px": 1e-2, "k": 1e-5}  # fmt: skip
#: How well the principal point of a camera must be known to gain something from it, pixels of 1920.
CENTRE_SIGMAS_PX = (5.0, 10.0, 20.0)


@dataclass(frozen=True)
class Errors:
    """Squared errors, m²: found by the fit, and floors of different knowledge, one per point left out."""

    found: Float
    floors: dict[str, Float]


def run(quick: bool = False) -> list[dict[str, Any]]:
    """One table."""
    errors = measure(SETS_QUICK if quick else SETS)
    rows = [_row("weighted fit, lens fitted", errors.found)]
    return rows + [_row(f"floor: {name}", values) for name, values in errors.floors.items()]


def _row(what: str, squares: Float) -> dict[str, Any]:
    return {
        "leave-one-out at 40 m": what,
        "points": len(squares),
        "root mean square m": round(float(np.sqrt(np.mean(squares))), 3),
    }


def measure(sets: int) -> Errors:
    """Calibrate `sets` times with each camera."""
    found: list[float] = []
    floors: dict[str, list[float]] = {}
    rng = np.random.default_rng(0)
    for view, px in _pictures(rng, sets):
        ground = view.ground_at(px)
        clicks = px + rng.normal(0, CLICK_PX, px.shape)
        fitted = adjust(clicks, ground, (view.width, view.image_height), k=-0.1, fits_lens=True)
        left_out = leave_one_out(fitted, clicks, ground)
        distance = np.linalg.norm(ground - view.position[:2], axis=1)
        for index in np.flatnonzero(np.abs(distance - AT_M) < ABOUT_M):
            found.append(float(left_out.error_m[index] ** 2))
            for name, value in _floors(view, px, int(index)).items():
                floors.setdefault(name, []).append(value)
    return Errors(np.array(found), {name: np.array(values) for name, values in floors.items()})


def _pictures(rng: np.random.Generator, sets: int) -> Iterator[tuple[DemoCamera, Float]]:
    for view in demo_cameras():
        for _ in range(sets):
            yield (
                view,
                np.array(
                    [
                        (x + rng.uniform(0, 330), y + rng.uniform(-60, 120))
                        for x in range(100, 1700, 430)
                        for y in (400, 800)
                    ]
                ),
            )


def _floors(view: DemoCamera, px: Float, index: int) -> dict[str, float]:
    """By what is known of the camera: expected squared error of one point's place, its own click included."""
    kept = np.arange(len(px)) != index
    by_pixel = _by_pixel(view, px)
    by_camera = np.stack([_by_parameter(view, px, name) for name in STEPS], axis=-1)
    by_homography = _by_homography(view, px)
    lens = by_camera[:, :, -1:]
    own = CLICK_PX**2 * float(np.trace(by_pixel[index] @ by_pixel[index].T))
    weights = np.linalg.inv(CLICK_PX**2 * by_pixel @ np.swapaxes(by_pixel, 1, 2))

    def floor(jacobian: Float, prior: Float | None = None) -> float:
        scaled = jacobian / np.abs(jacobian).max(axis=(0, 1))
        known = np.einsum("nki,nkl,nlj->ij", scaled[kept], weights[kept], scaled[kept])
        if prior is not None:
            known = known + np.diag(prior / np.abs(jacobian).max(axis=(0, 1)) ** 2)
        return float(np.trace(scaled[index] @ np.linalg.pinv(known, rcond=1e-13) @ scaled[index].T)) + own

    found = {
        "its own click alone": own,
        "eight parameters and the lens": floor(np.concatenate([by_homography, lens], axis=2)),
        "eight parameters, lens known": floor(by_homography),
        "a camera with its centre in the middle, and the lens": floor(by_camera),
    }
    shifted = np.concatenate([by_camera, -by_pixel], axis=2)
    for sigma in CENTRE_SIGMAS_PX:
        prior = np.append(np.zeros(len(STEPS)), [sigma**-2] * 2)
        found[f"a camera whose centre is known to {sigma:g} px, and the lens"] = floor(shifted, prior)
    return found


def _by_pixel(view: DemoCamera, px: Float, step: float = 1e-3) -> Float:
    """(N, 2, 2): metres on the ground per pixel."""
    moved = [
        (view.ground_at(px + step * axis) - view.ground_at(px - step * axis)) / (2 * step)
        for axis in np.eye(2)
    ]
    return np.stack(moved, axis=-1)


def _by_parameter(view: DemoCamera, px: Float, name: str) -> Float:
    """(N, 2): metres on the ground per unit of a parameter of the camera."""
    step = STEPS[name]
    more, less = (dataclasses.replace(view, **{name: getattr(view, name) + s}) for s in (step, -step))
    return np.asarray((more.ground_at(px) - less.ground_at(px)) / (2 * step))


def _by_homography(view: DemoCamera, px: Float) -> Float:
    """(N, 2, 8): by eight parameters of a homography that follows the camera's, x' = (x + a x + b y + c) / (1 + g x + h y)."""
    ground = view.ground_at(px) - view.position[:2]
    x, y = ground.T / AT_M
    one, zero = np.ones_like(x), np.zeros_like(x)
    east = np.stack([x, y, one, zero, zero, zero, -x * x, -x * y], axis=-1)
    north = np.stack([zero, zero, zero, x, y, one, -x * y, -y * y], axis=-1)
    return AT_M * np.stack([east, north], axis=1)
