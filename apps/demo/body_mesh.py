# SPDX-License-Identifier: AGPL-3.0-or-later
"""A car's mesh, lofted from its body type's cross-sections.

Car frame: x forward, y left, z up, true metres, origin under the middle of the body. The mesh gives the shape; windows,
lamps, grille, plates and wheel arches are painted by the shader from the car-frame position (see `paint.py`), so that
a body needs few triangles.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from apps.demo.body_types import BODY_TYPES, BodyType

PROFILE_SAMPLES = 96
"""Samples of the roof line handed to the shader, from the nose (0) to the tail (95)."""

CAP_M = 0.02
"""How far the middle of nose and tail stands out before the end cross-sections."""

SECTION_ROWS = 10
"""Points of half a cross-section, from the sill to the middle of the roof."""


@dataclass(frozen=True)
class BodyMesh:
    """A body type's mesh at its nominal size and what the shader must know of it."""

    vertices: NDArray[np.float64]
    normals: NDArray[np.float64]
    triangles: NDArray[np.int32]
    part: NDArray[np.uint8]
    """Per triangle: `BODY`, `TYRE` or `MIRROR`."""
    outline: NDArray[np.float64]
    roof_line: NDArray[np.float32]


BODY, TYRE, MIRROR = 0, 1, 2


@cache
def body_mesh(body: int) -> BodyMesh:
    """The mesh of one body type, counter-clockwise seen from outside."""
    kind = BODY_TYPES[body]
    stations = _stations(kind)
    grid = np.stack([_section(kind, u) for u in stations])
    vertices, normals, triangles = _loft(grid)
    parts = [np.full(len(triangles), BODY, np.uint8)]
    pieces = [(vertices, normals, triangles)]
    for share in kind.axles:
        for side in (-1.0, 1.0):
            centre = (kind.length_m * (0.5 - share), side * (kind.width_m / 2 - 0.12), kind.wheel_radius_m)
            pieces.append(_wheel(centre, kind.wheel_radius_m, 0.22))
            parts.append(np.full(len(pieces[-1][2]), TYRE, np.uint8))
    for side in (-1.0, 1.0):
        x = kind.length_m * (0.5 - kind.windscreen[0]) - 0.28
        pieces.append(_box((x, side * (kind.width_m / 2 + 0.05), kind.belt_m + 0.08), (0.16, 0.20, 0.15)))
        parts.append(np.full(len(pieces[-1][2]), MIRROR, np.uint8))
    shares = np.linspace(0, 1, PROFILE_SAMPLES)
    line = np.interp(shares, *np.array(kind.outline).T)
    half = np.abs(grid[:, :SECTION_ROWS, 1]).max(axis=1)
    x = grid[:, 0, 0]
    nose, tail = [x[0] + CAP_M, 0.0], [x[-1] - CAP_M, 0.0]
    # Counter-clockwise from the nose: along the left side to the tail, back along the right.
    outline = np.concatenate([[nose], np.column_stack([x, half]), [tail], np.column_stack([x, -half])[::-1]])
    return BodyMesh(
        np.concatenate([p[0] for p in pieces]),
        np.concatenate([p[1] for p in pieces]),
        _stacked(pieces),
        np.concatenate(parts),
        outline,
        line.astype(np.float32),
    )


def _stacked(
    pieces: list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]],
) -> NDArray[np.int32]:
    offsets = np.cumsum([0] + [len(p[0]) for p in pieces[:-1]])
    return np.concatenate([p[2] + o for p, o in zip(pieces, offsets, strict=True)]).astype(np.int32)


def _stations(kind: BodyType) -> NDArray[np.float64]:
    """Where cross-sections are taken, shares of the length: the outline's knots, dense ends, an even spread."""
    ends = np.array([0, 0.004, 0.012, 0.03, 0.06])
    knots = np.array([u for u, _ in kind.outline])
    between = np.linspace(0.1, 0.9, 15)
    every = np.unique(np.round(np.concatenate([ends, 1 - ends, knots, between]), 4))
    keep = np.concatenate([[True], np.diff(every) > 0.003])
    keep[-1] = True
    return every[keep]


def _half_width(kind: BodyType, u: float) -> float:
    """Half the body's width at a share of its length: corners rounded in plan, a slight barrel between."""
    half = kind.width_m / 2
    ahead, behind = u * kind.length_m, (1 - u) * kind.length_m
    nose = max(0.0, 1 - ahead / kind.nose_round_m)
    tail = max(0.0, 1 - behind / kind.tail_round_m)
    return half * (1 - 0.26 * nose**2.2 - 0.20 * tail**2.2) * (1 - 0.02 * abs(2 * u - 1) ** 2)


def _section(kind: BodyType, u: float) -> NDArray[np.float64]:
    """One cross-section at share u, (2·SECTION_ROWS − 1, 3), from the right sill over the roof to the left sill."""
    x = kind.length_m * (0.5 - u)
    half = _half_width(kind, u)
    top = float(np.interp(u, *np.array(kind.outline).T))
    sill = 0.20 + 0.10 * max(0.0, 1 - u / 0.08) + 0.10 * max(0.0, 1 - (1 - u) / 0.08)
    belt = kind.belt_m + 0.05 * (u - 0.5)
    shoulder = min(belt, top)
    glass = max(0.0, top - belt)
    inset = kind.tumblehome * glass
    rail = min(0.07, 0.3 * glass)
    rows = np.array(
        [
            (0.90 * half, sill),
            (0.985 * half, sill + 0.12),
            (half, sill + 0.5 * (shoulder - sill)),
            (0.99 * half, shoulder - 0.09),
            (0.955 * half, shoulder - 0.015),
            (0.94 * half - 0.02 * (glass > 0), shoulder + 0.10 * glass),
            (0.93 * half - 0.85 * inset, shoulder + 0.82 * glass),
            (0.90 * half - 1.05 * inset - rail, shoulder + 0.975 * glass + 0.004),
            (0.52 * half, top + 0.018),
            (0.0, top + 0.028),
        ]
    )
    right = np.column_stack([np.full(len(rows), x), -rows[:, 0], rows[:, 1]])
    left = right[-2::-1] * np.array([1, -1, 1])
    return np.concatenate([right, left])


def _loft(grid: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]:
    """Cross-sections (S, R, 3) from nose to tail → vertices, smooth normals, triangles, with both ends closed."""
    stations, rows = grid.shape[:2]
    index = np.arange(stations * rows).reshape(stations, rows)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    sides = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    vertices = grid.reshape(-1, 3)
    triangles = [_outward(vertices, sides)]
    for end, direction in ((0, 1.0), (stations - 1, -1.0)):
        ring = grid[end]
        # The fan's middle stands out a little, so that nose and tail are rounded and not cut off.
        middle = np.array([ring[0, 0] + CAP_M * direction, 0.0, ring[:, 2].mean()])
        first = len(vertices)
        vertices = np.concatenate([vertices, ring, middle[None]])
        around = np.arange(rows)
        fan = np.stack([np.full(rows, first + rows), first + around, first + np.roll(around, -1)], -1)
        triangles.append(_outward(vertices, fan))
    every = np.concatenate(triangles).astype(np.int32)
    return vertices, _smooth_normals(vertices, every), every


def _outward(vertices: NDArray[np.float64], triangles: NDArray[np.integer]) -> NDArray[np.integer]:
    """Turn triangles so that they are counter-clockwise seen from outside a body around its own middle axis."""
    corners = vertices[triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    middle = corners.mean(axis=1)
    away = middle - np.array([0, 0, 0.55]) - np.column_stack([0.8 * middle[:, 0], np.zeros((len(middle), 2))])
    flip = np.sum(normal * away, axis=1) < 0
    turned = triangles.copy()
    turned[flip] = turned[flip][:, ::-1]
    return turned


def _smooth_normals(vertices: NDArray[np.float64], triangles: NDArray[np.integer]) -> NDArray[np.float64]:
    corners = vertices[triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(total, triangles[:, corner], normal)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9)


def _wheel(
    centre: tuple[float, float, float], radius: float, width: float, sides: int = 14
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]:
    """A drum across the car: tread, and a disc on the side away from the car's middle."""
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = np.column_stack([np.cos(angle), np.zeros(sides), np.sin(angle)]) * radius
    out = np.sign(centre[1])
    offset = np.array([0, out * width / 2, 0])
    vertices = np.concatenate([ring - offset, ring + offset, ring + offset, [offset]]) + np.array(centre)
    tread = ring / radius
    disc = np.tile([0.0, out, 0.0], (sides + 1, 1))
    i = np.arange(sides)
    j = np.roll(i, -1)
    triangles = np.concatenate(
        [
            np.stack([i, j, j + sides], -1),
            np.stack([i, j + sides, i + sides], -1),
            np.stack([np.full(sides, 3 * sides), i + 2 * sides, j + 2 * sides], -1),
        ]
    )
    normals = np.concatenate([tread, tread, disc])
    return vertices, normals, _facing(vertices, normals, triangles)


def _box(
    centre: tuple[float, float, float], size: tuple[float, float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]:
    vertices, normals, triangles = [], [], []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            u, v = [k for k in range(3) if k != axis]
            normal = np.zeros(3)
            normal[axis] = sign
            for su, sv in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
                corner = normal.copy()
                corner[u], corner[v] = su, sv
                vertices.append(corner * np.array(size) / 2 + np.array(centre))
                normals.append(normal)
            first = len(vertices) - 4
            triangles += [[first, first + 1, first + 2], [first, first + 2, first + 3]]
    points, directions = np.array(vertices), np.array(normals)
    return points, directions, _facing(points, directions, np.array(triangles))


def _facing(
    vertices: NDArray[np.float64], normals: NDArray[np.float64], triangles: NDArray[np.integer]
) -> NDArray[np.int32]:
    """Turn triangles so that their winding agrees with their vertices' normals."""
    corners = vertices[triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    flip = np.sum(normal * normals[triangles].sum(axis=1), axis=1) < 0
    turned = triangles.copy()
    turned[flip] = turned[flip][:, ::-1]
    return turned.astype(np.int32)
