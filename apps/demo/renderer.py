# SPDX-License-Identifier: AGPL-3.0-or-later
"""Draws a frame: the kept background, the cars' shadows on it, the cars, the lens' and the sensor's marks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from apps.demo.background import SAMPLES, Background, cast_shadow, draw_background, shadow_plan
from apps.demo.body_mesh import body_mesh
from apps.demo.camera import DemoCamera
from apps.demo.car_shader import shade_cars
from apps.demo.cars import CarPlace
from apps.demo.layout import Layout
from apps.demo.light import Light
from apps.demo.noise import sunlit
from apps.demo.paint import CAR_NUMBERS, ROOF_LINES, car_numbers
from apps.demo.raster import NO_TRIANGLE, fill_triangles
from apps.demo.scenery import Scenery, build_scenery

CAR_SHADOW_CELLS_PER_M = 14.0
CONTACT_CELLS_PER_M = 8.0
CONTACT_BLUR_M = 0.28
"""How far a car darkens the sky's light on the ground around it."""

NOISE_TILE = 1024
CURVE_STEPS, CURVE_END = 4096, 8.0


@dataclass(frozen=True)
class Frame:
    """image: (H, W, 3) uint8 BGR; instance: (H, W) index into the cars drawn, −1 none; samples counted per car."""

    image: NDArray[np.uint8]
    instance: NDArray[np.int32]
    visible_samples: NDArray[np.int64]
    silhouette_samples: NDArray[np.int64]
    """Samples inside the image that the car would show were it alone."""


@dataclass(frozen=True)
class _CarMeshes:
    """All cars' triangles together, in sample coordinates and in their own frames."""

    xy: NDArray[np.float32]
    depth: NDArray[np.float32]
    world: NDArray[np.float64]
    local: NDArray[np.float32]
    normal: NDArray[np.float32]
    triangles: NDArray[np.int32]
    part: NDArray[np.uint8]
    owner: NDArray[np.int32]
    first: NDArray[np.int64]
    """(cars + 1,): where each car's triangles begin."""


class StreetRenderer:
    """Renders one layout for any camera and light; keeps the last background of each camera."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.scenery: Scenery = build_scenery(layout)
        self._kept: dict[str, tuple[DemoCamera, Background]] = {}
        self._stamp = np.zeros((0, 0), np.int32)
        self._stamped = 0
        self._scratch: dict[str, NDArray[Any]] = {}

    def background(self, camera: DemoCamera, light: Light) -> Background:
        """The empty street, drawn anew only when the camera or the light changed."""
        kept = self._kept.get(camera.name)
        if kept is None or kept[0] != camera or kept[1].light != light:
            kept = (camera, draw_background(self.layout, self.scenery, camera, light))
            self._kept[camera.name] = kept
        return kept[1]

    def render(
        self, camera: DemoCamera, light: Light, cars: Sequence[CarPlace], noise_seed: int = 0
    ) -> Frame:
        """One frame. The same arguments give the same bytes."""
        back = self.background(camera, light)
        meshes = _gather(cars, camera)
        plan, _ = shadow_plan()
        car_plan, side = shadow_plan(CAR_SHADOW_CELLS_PER_M)
        car_shadow = self._buffer("shadow", (side, side) if light.has_sun else (2, 2), np.float32)
        car_shadow.fill(0.0)
        if light.has_sun and len(meshes.triangles):
            cast_shadow(car_shadow, CAR_SHADOW_CELLS_PER_M, light.sun, meshes.world, meshes.triangles)
        numbers = np.array([_numbers(c, light) for c in cars], np.float32).reshape(len(cars), CAR_NUMBERS)
        contact_plan, contact = _contact_map(cars)
        image = np.empty_like(back.ambient)
        _lay_shadows(
            back.ambient, back.direct, back.world, light.packed, car_shadow, car_plan, contact, contact_plan,
            numbers[(~np.array([c.parked for c in cars], bool)) & (light.headlights > 0)] if len(cars) else numbers, image,
        )  # fmt: skip
        nearest = self._buffer("nearest", back.inverse_depth.shape, np.float32)
        np.copyto(nearest, back.inverse_depth)
        ids = self._buffer("ids", nearest.shape, np.int32)
        ids.fill(NO_TRIANGLE)
        alone = self._draw(meshes, nearest, ids, len(cars))
        instance = np.full(image.shape[:2], -1, np.int32)
        visible = np.zeros(len(cars), np.int64)
        if len(cars):
            shade_cars(
                ids, meshes.xy, meshes.depth, meshes.triangles, meshes.part, meshes.owner, meshes.local, meshes.normal,
                numbers, ROOF_LINES, camera.position, light.packed, self.scenery.lamps, back.shadow, car_shadow, plan,
                car_plan, image, instance, visible,
            )  # fmt: skip
        return Frame(_expose(image, light, noise_seed), instance, visible, alone)

    def _buffer(self, name: str, shape: tuple[int, ...], kind: type) -> NDArray[Any]:
        """Scratch memory kept from frame to frame: fetching it anew costs more than what is drawn into it."""
        kept = self._scratch.get(name)
        if kept is None or kept.shape != shape:
            kept = self._scratch[name] = np.zeros(shape, kind)
        return kept

    def _draw(
        self, meshes: _CarMeshes, nearest: NDArray[np.float32], ids: NDArray[np.int32], count: int
    ) -> NDArray[np.int64]:
        """Draw car by car; returns the samples that each would show were it alone."""
        if self._stamp.shape != nearest.shape or self._stamped > np.iinfo(np.int32).max - count - 1:
            self._stamp, self._stamped = np.zeros(nearest.shape, np.int32), 0
        alone = np.zeros(count, np.int64)
        for k in range(count):
            begin, end = int(meshes.first[k]), int(meshes.first[k + 1])
            # Stamps never repeat, so the buffer need not be cleared between cars or frames.
            self._stamped += 1
            alone[k] = fill_triangles(
                meshes.xy, meshes.depth, meshes.triangles[begin:end], begin, True, nearest, ids, self._stamp,
                self._stamped,
            )  # fmt: skip
        return alone


def _numbers(car: CarPlace, light: Light) -> NDArray[np.float32]:
    moving = not car.parked
    return car_numbers(
        car.look, car.x, car.y, car.heading_rad, headlights=moving and light.headlights > 0, braking=car.braking,
        seed=car.id,
    )  # fmt: skip


def _gather(cars: Sequence[CarPlace], camera: DemoCamera) -> _CarMeshes:
    local, world, normal, triangles, part, owner = [], [], [], [], [], []
    first = [0]
    offset = 0
    for index, car in enumerate(cars):
        mesh = body_mesh(car.look.body)
        points = mesh.vertices * np.array([car.look.length_scale, car.look.width_scale, 1.0])
        c, s = np.cos(car.heading_rad), np.sin(car.heading_rad)
        turned = np.column_stack([points[:, :2] @ np.array([[c, s], [-s, c]]) + (car.x, car.y), points[:, 2]])
        local.append(points)
        world.append(turned)
        normal.append(mesh.normals)
        triangles.append(mesh.triangles + offset)
        part.append(mesh.part)
        owner.append(np.full(len(mesh.triangles), index, np.int32))
        offset += len(points)
        first.append(first[-1] + len(mesh.triangles))
    every = np.concatenate(world) if world else np.zeros((0, 3))
    px, depth = camera.project(every)
    return _CarMeshes(
        (px * SAMPLES).astype(np.float32), depth.astype(np.float32), every, _joined(local, 3), _joined(normal, 3),
        _joined(triangles, 3).astype(np.int32), np.concatenate(part) if part else np.zeros(0, np.uint8),
        np.concatenate(owner) if owner else np.zeros(0, np.int32), np.array(first),
    )  # fmt: skip


def _joined(pieces: list[NDArray[np.float64]], width: int) -> NDArray[np.float32]:
    return np.concatenate(pieces).astype(np.float32) if pieces else np.zeros((0, width), np.float32)


def _contact_map(cars: Sequence[CarPlace]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Share of the sky's light left on the ground near and under cars, on the shadow plan's square."""
    plan, side = shadow_plan(CONTACT_CELLS_PER_M)
    cover = np.zeros((side, side), np.uint8)
    rings = [np.round((c.footprint() - plan[:2]) * plan[2] - 0.5).astype(np.int32) for c in cars]
    for ring in rings:
        cv2.fillPoly(cover, [ring], 255)
    blur = CONTACT_BLUR_M * CONTACT_CELLS_PER_M
    near = cv2.GaussianBlur(cover, (0, 0), blur).astype(np.float32)
    wide = cv2.GaussianBlur(cover, (0, 0), 2.6 * blur).astype(np.float32)
    return plan, 1.0 - (0.62 * near + 0.24 * wide) / 255.0


@njit(cache=True, fastmath=True)
def _lay_shadows(
    ambient: NDArray[np.float32],
    direct: NDArray[np.float32],
    world: NDArray[np.float32],
    light: NDArray[np.float32],
    car_shadow: NDArray[np.float32],
    car_plan: NDArray[np.float64],
    contact: NDArray[np.float32],
    contact_plan: NDArray[np.float64],
    beams: NDArray[np.float32],
    image: NDArray[np.float32],
) -> None:
    """Background light minus what the cars take from it, plus moving cars' headlights; beams: rows of `car_numbers`."""
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            x, y, z = world[row, column, 0], world[row, column, 1], world[row, column, 2]
            open_sky, sun, beam = 1.0, 1.0, 0.0
            if -1.0 < z < 2.5:
                gx = int((x - contact_plan[0]) * contact_plan[2])
                gy = int((y - contact_plan[1]) * contact_plan[2])
                if 0 <= gx < contact.shape[1] and 0 <= gy < contact.shape[0]:
                    open_sky = 1.0 - (1.0 - contact[gy, gx]) * max(0.0, 1.0 - z / 1.5)
                if light[3] > 0.0 and direct[row, column, 1] > 0.0:
                    sun = sunlit(car_shadow, car_plan, light, x, y, z, 0.02)
                for k in range(beams.shape[0]):
                    dx, dy = x - beams[k, 20], y - beams[k, 21]
                    ahead = dx * beams[k, 17] + dy * beams[k, 18] - beams[k, 3]
                    if 0.0 < ahead < 22.0:
                        across = (-dx * beams[k, 18] + dy * beams[k, 17]) / (0.9 + 0.16 * ahead)
                        beam += (
                            0.9 * np.exp(-across * across) * min(1.0, ahead) / (1.0 + 0.05 * ahead * ahead)
                        )
            for channel in range(3):
                value = open_sky * ambient[row, column, channel] + sun * direct[row, column, channel]
                if beam > 0.0:
                    # The beam is whitish; the surface's own brightness stands in for its albedo.
                    value += beam * ambient[row, column, channel] * (1.3 - 0.15 * channel)
                image[row, column, channel] = value


@cache
def _noise_tile() -> NDArray[np.float32]:
    """Standard normal grain, a little coarser than a pixel, as a sensor's debayering leaves it."""
    tile = np.random.default_rng(5).standard_normal((NOISE_TILE, NOISE_TILE, 3), np.float32)
    return np.asarray(cv2.GaussianBlur(tile, (0, 0), 0.6) * 1.8, np.float32)


@cache
def _film_curve() -> NDArray[np.float32]:
    """Exposed light → 0–255 at CURVE_STEPS values of sqrt(light / CURVE_END): a soft shoulder, then gamma 2.2."""
    light = CURVE_END * np.linspace(0, 1, CURVE_STEPS) ** 2
    return (255.0 * (1.0 - np.exp(-light)) ** (1 / 2.2)).astype(np.float32)


def _expose(image: NDArray[np.float32], light: Light, seed: int) -> NDArray[np.uint8]:
    """Linear light → 8-bit BGR: vignette, film-like curve, sensor noise, and the soft edge of a cheap lens."""
    shift = np.random.default_rng([seed, 3]).integers(0, NOISE_TILE, 2)
    out = np.empty(image.shape, np.uint8)
    _develop(
        image,
        _noise_tile(),
        int(shift[0]),
        int(shift[1]),
        _film_curve(),
        light.exposure * 1.25,
        light.noise,
        out,
    )
    return np.asarray(cv2.GaussianBlur(out, (0, 0), 0.55))


@njit(cache=True, fastmath=True)
def _develop(
    image: NDArray[np.float32],
    noise: NDArray[np.float32],
    shift_row: int,
    shift_column: int,
    curve: NDArray[np.float32],
    exposure: float,
    noise_level: float,
    out: NDArray[np.uint8],
) -> None:
    height, width = image.shape[:2]
    for row in range(height):
        v = (row + 0.5) / height - 0.5
        noise_row = (row + shift_row) % NOISE_TILE
        for column in range(width):
            u = (column + 0.5) / width - 0.5
            gain = exposure * (1.0 - 0.45 * (u * u + v * v)) / CURVE_END
            noise_column = (column + shift_column) % NOISE_TILE
            for channel in range(3):
                place = math.sqrt(max(0.0, gain * image[row, column, channel])) * (CURVE_STEPS - 1)
                value = curve[min(int(place + 0.5), CURVE_STEPS - 1)]
                # Amplifier noise shows in the darks; the bright parts keep less than half of it.
                grain = noise_level * (1.25 - 0.003 * value) * noise[noise_row, noise_column, channel]
                out[row, column, 2 - channel] = min(255.0, max(0.0, value + grain + 0.5))
