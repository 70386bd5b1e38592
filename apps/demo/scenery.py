# SPDX-License-Identifier: AGPL-3.0-or-later
"""Meshes of what does not move: houses with balconies and roofs, trees, lamp posts, low walls. World frame, metres."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.demo import surfaces
from apps.demo.layout import Building, Layout, Tree, to_world

LAMP_HEIGHT_M = 8.2
LAMP_ARM_M = 1.9
LAMP_POWER = 11.0
MAX_EDGE_M = 2.5
"""Walls are cut into cells no longer than this: the lens bends an edge between its projected ends."""


@dataclass(frozen=True)
class Scenery:
    """Triangles of the fixed world: vertices (N, 3), triangles (M, 3), material (M,), normal (M, 3), parameters (M, 8)."""

    vertices: NDArray[np.float64]
    triangles: NDArray[np.int32]
    material: NDArray[np.uint8]
    normal: NDArray[np.float32]
    parameters: NDArray[np.float32]
    lamps: NDArray[np.float32]
    """(L, 4): x, y, z, power of the lamp heads."""


class _Builder:
    """Collects quads and triangles in the street frame (s, t, z)."""

    def __init__(self) -> None:
        self.corners: list[NDArray[np.float64]] = []
        self.material: list[NDArray[np.uint8]] = []
        self.parameters: list[NDArray[np.float32]] = []

    def add(self, corners: NDArray[np.float64], material: int, parameters: NDArray[np.float32]) -> None:
        """corners: (M, 3, 3); parameters (8,) or (M, 8)."""
        self.corners.append(corners)
        self.material.append(np.full(len(corners), material, np.uint8))
        self.parameters.append(
            np.broadcast_to(np.asarray(parameters, np.float32), (len(corners), 8)).astype(np.float32)
        )

    def quad(
        self, origin: list[float], u: list[float], v: list[float], material: int, parameters: object
    ) -> None:
        """A parallelogram cut into cells; counter-clockwise from outside when u × v points outwards."""
        o, du, dv = np.array(origin), np.array(u), np.array(v)
        across = max(1, math.ceil(float(np.linalg.norm(du)) / MAX_EDGE_M))
        up = max(1, math.ceil(float(np.linalg.norm(dv)) / MAX_EDGE_M))
        i, j = (g.ravel() for g in np.meshgrid(np.arange(across), np.arange(up)))
        a = o + du * (i / across)[:, None] + dv * (j / up)[:, None]
        b, d = a + du / across, a + dv / up
        c = b + dv / up
        both = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
        self.add(both, material, np.asarray(parameters, np.float32))

    def box(self, s0: float, s1: float, t0: float, t1: float, z0: float, z1: float, material: int) -> None:
        """Four walls and a lid of one material."""
        none = np.zeros(8, np.float32)
        for origin, u in _walls(s0, s1, t0, t1):
            self.quad([*origin, z0], [*u, 0.0], [0, 0, z1 - z0], material, none)
        self.quad([s0, t0, z1], [s1 - s0, 0, 0], [0, t1 - t0, 0], material, none)


def _walls(s0: float, s1: float, t0: float, t1: float) -> list[tuple[list[float], list[float]]]:
    """Foot corner and run of the four walls of a box, anticlockwise from above (outside on the right)."""
    return [
        ([s0, t0], [s1 - s0, 0.0]),
        ([s1, t0], [0.0, t1 - t0]),
        ([s1, t1], [s0 - s1, 0.0]),
        ([s0, t1], [0.0, t0 - t1]),
    ]


def build_scenery(layout: Layout) -> Scenery:
    """All fixed triangles of a layout."""
    builder = _Builder()
    for number, building in enumerate(layout.buildings):
        _add_building(builder, building, number, np.random.default_rng([layout.seed, 5, number]))
    for tree in layout.trees:
        _add_tree(builder, tree)
    heads = [_add_lamp(builder, s, t) for s, t in layout.lamps]
    for s0, s1, t0, t1, height in layout.walls:
        builder.box(s0, s1, t0, t1, 0.0, height, surfaces.STONE)
    corners = np.concatenate(builder.corners)
    flat = corners.reshape(-1, 3)
    vertices = np.column_stack([to_world(flat[:, :2]), flat[:, 2]])
    turned = vertices.reshape(-1, 3, 3)
    normal = np.cross(turned[:, 1] - turned[:, 0], turned[:, 2] - turned[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    material = np.concatenate(builder.material)
    parameters = np.concatenate(builder.parameters)
    # Leaves are lit as parts of their crown, not as loose sheets: the builder keeps the crown's normal for them.
    leaf = material == surfaces.LEAF
    normal[leaf] = np.column_stack([to_world(parameters[leaf, 2:4]), parameters[leaf, 4]])
    lamps = np.array(heads, np.float64).reshape(-1, 3)
    lamp_rows = np.column_stack([to_world(lamps[:, :2]), lamps[:, 2], np.full(len(lamps), LAMP_POWER)])
    return Scenery(
        vertices, np.arange(len(vertices), dtype=np.int32).reshape(-1, 3), material, normal.astype(np.float32),
        parameters, lamp_rows.astype(np.float32),
    )  # fmt: skip


def _add_building(builder: _Builder, house: Building, number: int, rng: np.random.Generator) -> None:
    height = house.height_m
    for origin, u in _walls(house.s0, house.s1, house.t0, house.t1):
        length = math.hypot(*u)
        foot = to_world(np.array([origin]))[0]
        run = to_world(np.array([u]))[0] / length
        parameters = [foot[0], foot[1], run[0], run[1], length, height, house.style, number]
        builder.quad([*origin, 0.0], [*u, 0.0], [0, 0, height], surfaces.FACADE, parameters)
    if height < 30:
        _add_balconies(builder, house)
    if house.roof == 1:
        _add_tiled_roof(builder, house, number)
        return
    none = np.zeros(8, np.float32)
    builder.quad(
        [house.s0, house.t0, height - 0.5], [house.s1 - house.s0, 0, 0], [0, house.t1 - house.t0, 0],
        surfaces.FLAT_ROOF, none,
    )  # fmt: skip
    rim = 0.25
    for s0, s1, t0, t1 in (
        (house.s0, house.s1, house.t0, house.t0 + rim), (house.s0, house.s1, house.t1 - rim, house.t1),
        (house.s0, house.s0 + rim, house.t0, house.t1), (house.s1 - rim, house.s1, house.t0, house.t1),
    ):  # fmt: skip
        builder.box(s0, s1, t0, t1, height - 0.5, height + 0.25, surfaces.BALCONY)
    for _ in range(int(rng.integers(3, 7))):
        s, t = rng.uniform(house.s0 + 2, house.s1 - 3), rng.uniform(house.t0 + 2, house.t1 - 3)
        size = rng.uniform(0.5, 1.6, 2)
        builder.box(
            s, s + size[0], t, t + size[1], height - 0.5, height + rng.uniform(0.5, 1.6), surfaces.FITTING
        )


def _add_balconies(builder: _Builder, house: Building) -> None:
    """Balconies towards the street, on every floor but the lowest."""
    floors = int(house.height_m / surfaces.FLOOR_M)
    bays = max(2, int((house.s1 - house.s0) / 6.0))
    cell = (house.s1 - house.s0) / bays
    for floor in range(1, floors):
        z = floor * surfaces.FLOOR_M
        for bay in range(bays):
            if (bay + house.style) % 2:
                continue
            s = house.s0 + (bay + 0.5) * cell
            builder.box(s - 1.7, s + 1.7, house.t0 - 1.15, house.t0, z - 0.12, z + 0.06, surfaces.BALCONY)
            builder.box(
                s - 1.7, s + 1.7, house.t0 - 1.15, house.t0 - 1.08, z + 0.06, z + 0.95, surfaces.BALCONY
            )


def _add_tiled_roof(builder: _Builder, house: Building, number: int) -> None:
    """A hipped roof with eaves."""
    eave, rise = 0.5, 0.28 * min(house.s1 - house.s0, house.t1 - house.t0)
    s0, s1, t0, t1 = house.s0 - eave, house.s1 + eave, house.t0 - eave, house.t1 + eave
    half = min(s1 - s0, t1 - t0) / 2
    z0, z1 = house.height_m, house.height_m + rise
    if s1 - s0 >= t1 - t0:
        ridge = ([s0 + half, (t0 + t1) / 2, z1], [s1 - half, (t0 + t1) / 2, z1])
    else:
        ridge = ([(s0 + s1) / 2, t0 + half, z1], [(s0 + s1) / 2, t1 - half, z1])
    corner = [[s0, t0, z0], [s1, t0, z0], [s1, t1, z0], [s0, t1, z0]]
    near, far = ridge
    if s1 - s0 >= t1 - t0:
        faces = [[corner[0], corner[1], far, near], [corner[1], corner[2], far], [corner[2], corner[3], near, far],
                 [corner[3], corner[0], near]]  # fmt: skip
    else:
        faces = [[corner[0], corner[1], near], [corner[1], corner[2], far, near], [corner[2], corner[3], far],
                 [corner[3], corner[0], near, far]]  # fmt: skip
    for index, face in enumerate(faces):
        points = np.array(face, np.float64)
        run = to_world((points[1] - points[0])[None, :2])[0]
        run /= np.linalg.norm(run)
        parameters = np.array([0, 0, run[0], run[1], 0, 0, 0, number * 7 + index], np.float32)
        triangles = [[points[0], points[k], points[k + 1]] for k in range(1, len(points) - 1)]
        builder.add(_cut(np.array(triangles), 3), surfaces.TILED_ROOF, parameters)


def _cut(triangles: NDArray[np.float64], times: int) -> NDArray[np.float64]:
    """Each triangle (M, 3, 3) into four, `times` times."""
    for _ in range(times):
        a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        triangles = np.concatenate(
            [np.stack(t, 1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
        )
    return triangles


def _add_tree(builder: _Builder, tree: Tree) -> None:
    rng = np.random.default_rng(tree.seed)
    crown_z = tree.height_m - tree.crown_m * 0.95
    _add_post(builder, tree.s, tree.t, 0.16, 0.0, crown_z, surfaces.TRUNK)
    # A crown is a few overlapping lumps, each a shell of leaf clumps.
    lumps = rng.normal(0, 0.42, (9, 3)) * tree.crown_m * np.array([1, 1, 0.62])
    lumps[0] = 0
    count = int(230 * tree.crown_m**2)
    which = rng.integers(0, len(lumps), count)
    direction = rng.normal(0, 1, (count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    radius = tree.crown_m * 0.62 * rng.uniform(0.55, 1.0, count) ** 0.5
    centre = lumps[which] + direction * radius[:, None]
    centre += np.array([tree.s, tree.t, crown_z + 0.35 * tree.crown_m])
    first = rng.normal(0, 1, (count, 3))
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(first, direction)
    second /= np.maximum(np.linalg.norm(second, axis=1, keepdims=True), 1e-9)
    size = rng.uniform(0.14, 0.30, count)[:, None]
    corners = np.stack(
        [centre + size * first, centre - size * first * 0.6 + size * second, centre - size * 0.5 * first - size * second],
        axis=1,
    )  # fmt: skip
    blend = direction * 0.7 + lumps[which] / tree.crown_m * 0.5 + np.array([0, 0, 0.25])
    blend /= np.linalg.norm(blend, axis=1, keepdims=True)
    parameters = np.zeros((count, 8), np.float32)
    parameters[:, 0] = rng.integers(0, 1000, count)
    parameters[:, 1] = tree.seed % 997
    parameters[:, 2:5] = blend
    builder.add(corners, surfaces.LEAF, parameters)


def _add_post(
    builder: _Builder, s: float, t: float, radius: float, z0: float, z1: float, material: int, sides: int = 7
) -> None:
    none = np.zeros(8, np.float32)
    angle = np.linspace(0, 2 * math.pi, sides + 1)
    for k in range(sides):
        a = [s + radius * math.cos(angle[k]), t + radius * math.sin(angle[k])]
        b = [s + radius * math.cos(angle[k + 1]), t + radius * math.sin(angle[k + 1])]
        builder.quad([*a, z0], [b[0] - a[0], b[1] - a[1], 0], [0, 0, z1 - z0], material, none)


def _add_lamp(builder: _Builder, s: float, t: float) -> tuple[float, float, float]:
    """A lamp post with an arm over the road; returns the head's place (s, t, z)."""
    arm = -LAMP_ARM_M
    _add_post(builder, s, t, 0.09, 0.0, LAMP_HEIGHT_M, surfaces.METAL)
    builder.box(s - 0.05, s + 0.05, t + arm, t, LAMP_HEIGHT_M - 0.1, LAMP_HEIGHT_M, surfaces.METAL)
    builder.box(
        s - 0.16,
        s + 0.16,
        t + arm - 0.5,
        t + arm,
        LAMP_HEIGHT_M - 0.14,
        LAMP_HEIGHT_M + 0.02,
        surfaces.FITTING,
    )
    return s, t + arm - 0.25, LAMP_HEIGHT_M - 0.15
