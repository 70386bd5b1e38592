# SPDX-License-Identifier: AGPL-3.0-or-later
"""One simulated car: how it looks and where it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.demo.body_mesh import body_mesh
from apps.demo.body_types import BODY_TYPES

PAINTS: tuple[tuple[str, tuple[float, float, float], float], ...] = (
    ("white", (0.80, 0.80, 0.78), 3.4),
    ("silver", (0.45, 0.46, 0.47), 1.5),
    ("grey", (0.19, 0.20, 0.21), 1.7),
    ("dark grey", (0.075, 0.08, 0.085), 1.0),
    ("black", (0.016, 0.016, 0.018), 1.6),
    ("red", (0.36, 0.022, 0.020), 0.7),
    ("dark red", (0.13, 0.013, 0.016), 0.3),
    ("blue", (0.025, 0.075, 0.27), 0.7),
    ("navy", (0.013, 0.024, 0.075), 0.4),
    ("light blue", (0.22, 0.36, 0.50), 0.15),
    ("beige", (0.44, 0.38, 0.28), 0.25),
    ("brown", (0.085, 0.045, 0.025), 0.2),
    ("green", (0.03, 0.10, 0.05), 0.15),
    ("yellow", (0.72, 0.45, 0.03), 0.25),
    ("orange", (0.55, 0.16, 0.02), 0.12),
)
"""Name, linear RGB albedo and weight: white, grey and black make up most of a Turkish street."""


@dataclass(frozen=True)
class CarLook:
    """What one car is: body type, size factors and paint (linear RGB)."""

    body: int
    length_scale: float
    width_scale: float
    paint: tuple[float, float, float]
    dark_roof: bool = False

    @property
    def length_m(self) -> float:
        return BODY_TYPES[self.body].length_m * self.length_scale

    @property
    def width_m(self) -> float:
        return BODY_TYPES[self.body].width_m * self.width_scale

    @property
    def height_m(self) -> float:
        return BODY_TYPES[self.body].height_m

    def outline_m(self) -> NDArray[np.float64]:
        """True outline of the body on the ground, car frame, open ring (N, 2) counter-clockwise (mirrors left out)."""
        mesh = body_mesh(self.body)
        return mesh.outline * np.array([self.length_scale, self.width_scale])


def random_look(rng: np.random.Generator) -> CarLook:
    """A car drawn with the shares of `BODY_TYPES` and `PAINTS`."""
    shares = np.array([b.share for b in BODY_TYPES])
    body = int(rng.choice(len(BODY_TYPES), p=shares / shares.sum()))
    weights = np.array([p[2] for p in PAINTS])
    paint = np.array(PAINTS[int(rng.choice(len(PAINTS), p=weights / weights.sum()))][1])
    if BODY_TYPES[body].length_m > 5 and rng.random() < 0.8:
        paint = np.array(PAINTS[0][1])
    paint = np.clip(paint * rng.uniform(0.88, 1.12) + rng.normal(0, 0.006, 3), 0.008, 0.86)
    return CarLook(
        body, float(rng.uniform(0.955, 1.045)), float(rng.uniform(0.98, 1.02)),
        (float(paint[0]), float(paint[1]), float(paint[2])), bool(rng.random() < 0.07),
    )  # fmt: skip


@dataclass(frozen=True)
class CarPlace:
    """A car at one moment: id, looks, place (world, true metres) and direction (radians anticlockwise from east)."""

    id: int
    look: CarLook
    x: float
    y: float
    heading_rad: float
    parked: bool
    braking: bool = False

    def footprint(self) -> NDArray[np.float64]:
        """True outline on the ground, world frame, open ring (N, 2) counter-clockwise."""
        c, s = np.cos(self.heading_rad), np.sin(self.heading_rad)
        return self.look.outline_m() @ np.array([[c, s], [-s, c]]) + np.array([self.x, self.y])
