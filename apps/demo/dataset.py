# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rendered frames with labels on disk: images, YOLO segmentation labels, truth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from apps.demo.camera import DemoCamera
from apps.demo.cars import PAINTS, CarPlace
from apps.demo.layout import build_layout
from apps.demo.light import LIGHT_NAMES, Light, named_light
from apps.demo.renderer import Frame, StreetRenderer
from apps.demo.timeline import Street
from apps.demo.truth import FrameTruth, frame_truth, truth_json
from apps.demo.views import demo_cameras, random_camera

JPEG_QUALITY = 85
LEAST_LABEL_PX = 45
LEAST_LABEL_SHARE = 0.12
"""A car that shows fewer pixels, or less of itself, gets no label: a person would not see a car there either."""

PIECE_SHARE = 0.12
"""Pieces of a car smaller than this share of its biggest piece are left out of its label."""

WARM_UP_S = 900.0
FRAMES_PER_SCENE = 3
"""A new street, camera and light is drawn for every so many frames: the background is the dear part."""

VIEWS_TRIED = 3
"""Of so many random cameras the one that has the most cars before it is taken."""

LEAST_CAR_PX_PER_M = 5.0

FRAME_STEP_S = 1700.0

HARD_SHARES = (1.0, 0.3, 0.0)
"""How many of the cars stay in the frames of a hard scene."""

DARK_PAINTS = frozenset({"black", "dark grey", "navy", "dark red", "green", "brown"})
DARK_SHARE = 0.75


@dataclass(frozen=True)
class RenderedFrame:
    """One frame of a data set."""

    name: str
    camera: DemoCamera
    light: Light
    frame: Frame
    truth: FrameTruth


def generate(
    count: int, *, seed: int = 0, light: str = "mixed", camera: str = "", vary: bool = False,
    size: tuple[int, int] | None = None, hard: bool = False,
) -> Iterator[RenderedFrame]:  # fmt: skip
    """`count` frames; with `vary` every scene has its own street, camera and light, else the demo's street.

    light: day, dusk, overcast or mixed; camera: a demo camera's name ('' takes both in turn). hard: mostly dark cars,
    and of each scene a frame with a few cars and one with none: what cameras confuse is dark cars and bare ground.
    """
    scenes = _varied_scenes if vary else _demo_scenes
    done = 0
    for number, (renderer, view, lamp, street, times) in enumerate(scenes(seed, light, camera, size)):
        for turn, t_s in enumerate(times):
            if done == count:
                return
            cars = street.state_at(t_s)
            if hard:
                cars = _hard_to_see(cars, HARD_SHARES[turn % len(HARD_SHARES)], [seed, 47, done])
            frame = renderer.render(view, lamp, cars, noise_seed=seed * 100003 + done)
            truth = frame_truth(renderer.layout, view, t_s, cars, frame)
            yield RenderedFrame(
                f"{'v' if vary else 'd'}{seed}-{number:04d}-{done:05d}", view, lamp, frame, truth
            )
            done += 1


def _hard_to_see(cars: list[CarPlace], share: float, seed: list[int]) -> list[CarPlace]:
    """About this share of the cars, most of them painted dark."""
    rng = np.random.default_rng(seed)
    dark = [paint for name, paint, _ in PAINTS if name in DARK_PAINTS]
    kept = []
    for car in cars:
        if rng.random() >= share:
            continue
        if rng.random() < DARK_SHARE:
            car = replace(car, look=replace(car.look, paint=dark[int(rng.integers(len(dark)))]))
        kept.append(car)
    return kept


Scene = tuple[StreetRenderer, DemoCamera, Light, Street, list[float]]


def _pick_light(light: str, rng: np.random.Generator) -> Light:
    name = str(rng.choice(LIGHT_NAMES, p=[0.5, 0.25, 0.25])) if light == "mixed" else light
    return named_light(name, rng)


def _varied_scenes(seed: int, light: str, camera: str, size: tuple[int, int] | None) -> Iterator[Scene]:
    for number in range(1 << 20):
        rng = np.random.default_rng([seed, 41, number])
        layout = build_layout(seed * 7919 + number, vary=True)
        start = float(rng.uniform(0, 24)) * 3600
        street = Street(layout, seed * 7919 + number, start, fullness=float(rng.uniform(0.7, 1.25)))
        tried = [
            random_camera(rng, layout, f"vary-{number}-{k}", size or (1280, 720)) for k in range(VIEWS_TRIED)
        ]
        view = max(tried, key=lambda v: _cars_in_view(v, street.state_at(start)))
        times = [start + WARM_UP_S + k * FRAME_STEP_S for k in range(FRAMES_PER_SCENE)]
        yield StreetRenderer(layout), view, _pick_light(light, rng), street, times


def _cars_in_view(view: DemoCamera, cars: list[CarPlace]) -> int:
    """How many cars stand inside the image, hidden or not, near enough to be more than specks."""
    middle = np.array([[c.x, c.y, 0.7] for c in cars])
    px, inverse_depth = view.project(middle)
    inside = (px > 0).all(axis=1) & (px[:, 0] < view.width) & (px[:, 1] < view.image_height)
    return int(np.sum(inside & (inverse_depth * view.focal_px > LEAST_CAR_PX_PER_M)))


def _demo_scenes(seed: int, light: str, camera: str, size: tuple[int, int] | None) -> Iterator[Scene]:
    layout = build_layout(0)
    views = [v for v in demo_cameras() if not camera or v.name == camera]
    if not views:
        raise ValueError(f"no demo camera is called {camera!r}")
    renderer = StreetRenderer(layout)
    street = Street(layout, seed, 7 * 3600.0)
    for number in range(1 << 20):
        rng = np.random.default_rng([seed, 43, number])
        view = views[number % len(views)]
        if size:
            view = _resized(view, size)
        begin = 7 * 3600.0 + WARM_UP_S + (number // len(views)) * FRAMES_PER_SCENE * FRAME_STEP_S
        times = [begin + k * FRAME_STEP_S for k in range(FRAMES_PER_SCENE)]
        yield renderer, view, _pick_light(light, rng), street, times


def _resized(view: DemoCamera, size: tuple[int, int]) -> DemoCamera:
    scale = size[0] / view.width
    return DemoCamera(
        view.name, view.title, view.x, view.y, view.height_m, view.yaw_deg, view.pitch_deg, view.roll_deg,
        view.focal_px * scale, view.k, *size,
    )  # fmt: skip


def joined_ring(rings: tuple[NDArray[np.float64], ...]) -> NDArray[np.float64]:
    """The pieces of one car as a single ring, bridged there and back, as the YOLO label format needs (N, 2)."""
    ring = rings[0]
    for piece in rings[1:]:
        gaps = np.sum((ring[:, None] - piece[None]) ** 2, axis=-1)
        i, j = np.unravel_index(int(np.argmin(gaps)), gaps.shape)
        loop = np.concatenate([piece[j:], piece[: j + 1]])
        ring = np.concatenate([ring[: i + 1], loop, ring[i:]])
    return ring


def yolo_label(truth: FrameTruth, size: tuple[int, int]) -> str:
    """YOLO segmentation lines: class 0 and the ring as shares of width and height."""
    lines = []
    for car in truth.cars:
        if car.visible_px < LEAST_LABEL_PX or car.visible_share < LEAST_LABEL_SHARE or not car.polygons_px:
            continue
        areas = [cv2.contourArea(r.astype(np.float32)) for r in car.polygons_px]
        pieces = tuple(r for r, a in zip(car.polygons_px, areas, strict=True) if a >= PIECE_SHARE * areas[0])
        ring = np.clip(joined_ring(pieces) / np.array(size), 0.0, 1.0)
        lines.append("0 " + " ".join(f"{v:.5f}" for v in ring.ravel()))
    return "\n".join(lines) + ("\n" if lines else "")


def write_frame(rendered: RenderedFrame, folder: Path, *, labels: bool) -> Path:
    """Write images/NAME.jpg, truth/NAME.json and, if asked, labels/NAME.txt; returns the image's path."""
    for sub in ("images", "truth", *(["labels"] if labels else [])):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    path = folder / "images" / f"{rendered.name}.jpg"
    if not cv2.imwrite(str(path), rendered.frame.image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]):
        raise OSError(f"cannot write {path}")
    view = rendered.camera
    truth = truth_json(rendered.truth, view) | {"light": rendered.light.name}
    (folder / "truth" / f"{rendered.name}.json").write_text(json.dumps(truth))
    if labels:
        label = yolo_label(rendered.truth, (view.width, view.image_height))
        (folder / "labels" / f"{rendered.name}.txt").write_text(label)
    return path
