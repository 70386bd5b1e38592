# SPDX-License-Identifier: AGPL-3.0-or-later
"""The camera's self-check: what it misses, what it cries wolf at, what a correction leaves, and what it costs.

On the simulated street, where every turn is known: a day and a night of a camera that stands still, then knocks of
known size at all hours, each seen for three frames.

    python -m benchmarks camera_shift [--quick]
"""

from __future__ import annotations

import dataclasses
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np

from apps.demo.camera import DemoCamera
from apps.demo.layout import build_layout
from apps.demo.light import light_at
from apps.demo.renderer import StreetRenderer
from apps.demo.timeline import Street
from apps.demo.truth import calibration_of
from apps.demo.views import demo_cameras
from camera_registry.calibration import Calibration
from camera_registry.shift import compare, learned
from camera_registry.view_features import find_features, look_from
from camera_registry.view_reference import ViewReference
from camera_registry.view_turn import corrected, pixel_grid
from camera_registry.view_watch import ViewMemory, judge, usable

#: Frames of a camera that stands still, over 24 hours, and knocks of each size.
STILL_FRAMES, STILL_FRAMES_QUICK = 1000, 60
KNOCKS, KNOCKS_QUICK = 16, 3
#: Pixels at the picture's middle that a knock moves it by; zoom as a share.
SIZES_PX = (3.0, 6.0, 12.0, 25.0, 100.0, 300.0)
BEGIN_H = 9.0
FRAMES_AFTER_A_KNOCK = 3
JPEG_QUALITY = 85
#: A line on the error stream after so many frames: a thousand of them take ten minutes of one core.
SAY_EVERY = 50

Row = dict[str, Any]


class Watched:
    """A simulated camera and what its worker remembers of it."""

    def __init__(self) -> None:
        self.camera = demo_cameras()[0]
        self.calibration = calibration_of(self.camera)
        layout = build_layout(0)
        self.renderer = StreetRenderer(layout)
        self.street = Street(layout, 5, BEGIN_H * 3600)
        self.memory = ViewMemory()
        self.reference: ViewReference | None = None
        self.cost_ms: list[float] = []
        self.looks_learned = 0

    def frame(self, camera: DemoCamera, hour: float, number: int) -> np.ndarray:
        """One JPEG, decoded."""
        cloud = 1.0 if int(hour * 0.5) % 3 == 2 else 0.0
        seen = self.renderer.render(
            camera, light_at(hour % 24, cloud), self.street.state_at(hour * 3600), number
        )
        return cv2.imdecode(
            cv2.imencode(".jpg", seen.image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1], cv2.IMREAD_COLOR
        )

    def look(self, image: np.ndarray, memory: ViewMemory) -> ViewMemory:
        """The memory after a frame; the view's looks are learned as the worker learns them."""
        began = time.thread_time()
        features = find_features(image)
        if self.reference is None:
            look = look_from(features)
            assert look is not None, "the street at nine in the morning has corners"
            self.reference = ViewReference(features.image_size, (look,))
            return memory
        shift = compare(self.reference, features, self.calibration, first=memory.look)
        memory = judge(memory, shift, self.calibration)
        self.cost_ms.append((time.thread_time() - began) * 1e3)
        if usable(memory):
            grown = learned(self.reference, features, shift, self.calibration, [])
            self.looks_learned += grown is not None
            self.reference = grown or self.reference
        return memory


def run(quick: bool = False) -> dict[str, list[Row]]:
    """Tables by title."""
    cv2.setNumThreads(1)  # what a frame costs is asked of one core
    watched = Watched()
    still = _still(watched, STILL_FRAMES_QUICK if quick else STILL_FRAMES)
    knocks = [_knocks(watched, size, KNOCKS_QUICK if quick else KNOCKS) for size in SIZES_PX]
    return {"a camera that stands still, 24 h, 1920 × 1080": [still], "knocks, three frames each": knocks}


def _still(watched: Watched, frames: int) -> Row:
    silent = unusable = 0
    shifts = []
    for number in range(frames):
        hour = BEGIN_H + 24.0 * number / frames
        image = watched.frame(watched.camera, hour, number)
        watched.memory = watched.look(image, watched.memory)
        silent += watched.memory.status.suspended
        unusable += number > 0 and not usable(watched.memory)
        shifts.append(watched.memory.shift_px)
        if (number + 1) % SAY_EVERY == 0:
            say(f"{number + 1} of {frames} frames, {silent} suspended, {unusable} left out")
    return {
        "frames": frames,
        "suspended": silent,
        "left out": unusable,
        "shift px median": round(statistics.median(shifts), 2),
        "shift px worst": round(max(shifts), 2),
        "looks learned": watched.looks_learned,
        "cpu ms median": round(statistics.median(watched.cost_ms), 1),
        "cpu ms p95": round(float(np.quantile(watched.cost_ms, 0.95)), 1),
    }


def _knocks(watched: Watched, size_px: float, count: int) -> Row:
    found = recognised = silent = 0
    mean_px, worst_px = [], []
    for number, (camera, hour) in enumerate(_turned(watched.camera, size_px, count)):
        truth = calibration_of(camera)
        memory = watched.memory
        for k in range(FRAMES_AFTER_A_KNOCK):
            memory = watched.look(watched.frame(camera, hour + k / 120, number * 10 + k), memory)
        silent += memory.status.suspended
        found += memory.shift_px > 1.0 or memory.status.suspended
        if memory.to_reference is not None and memory.lost == 0:
            recognised += 1
            error = _error_px(corrected(watched.calibration, memory.to_reference), truth)
            mean_px.append(float(np.nanmean(error)))
            worst_px.append(float(np.nanmax(error)))
    say(f"{count} knocks of {size_px:g} px, {found} noticed")
    return {
        "knock px": size_px,
        "knocks": count,
        "noticed": found,
        "recognised": recognised,
        "suspended": silent,
        "left px mean": round(statistics.mean(mean_px), 2) if mean_px else None,
        "left px in the worst corner": round(max(worst_px), 2) if worst_px else None,
    }


def _turned(camera: DemoCamera, size_px: float, count: int) -> Iterator[tuple[DemoCamera, float]]:
    chance = np.random.default_rng([7, int(size_px)])
    degrees = float(np.degrees(1 / camera.focal_px))
    for number in range(count):
        way = chance.uniform(0, 2 * np.pi)
        turned = dataclasses.replace(
            camera,
            yaw_deg=camera.yaw_deg + size_px * np.cos(way) * degrees,
            pitch_deg=camera.pitch_deg + size_px * np.sin(way) * degrees,
            roll_deg=camera.roll_deg + float(chance.normal(0, 0.2 * size_px)) * degrees,
            focal_px=camera.focal_px * float(1 + chance.normal(0, 0.001)),
        )
        yield turned, 24 + BEGIN_H + 24.0 * number / count


def say(words: str) -> None:
    """Progress, beside the tables."""
    print(words, file=sys.stderr, flush=True)


def _error_px(repaired: Calibration, truth: Calibration) -> np.ndarray:
    grid = pixel_grid(truth.image_size)
    return np.asarray(np.linalg.norm(repaired.xy_3857_to_px(truth.px_to_3857(grid)) - grid, axis=1))
