# SPDX-License-Identifier: AGPL-3.0-or-later
"""The plan of the simulated street: what lies where, in true metres.

Street frame: s along the street, t across it to the left of s, both true metres. The street runs a little off
south to north, as one with 11th-floor cameras on its west side would in Kayseri, so that the morning and noon sun
reaches it. World frame: x east, y north, true metres around `ORIGIN_LONLAT`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import LineString, Polygon

ORIGIN_LONLAT = (35.4900, 38.7300)
"""Longitude, latitude of the world frame's origin, the middle of the street."""

STREET_ANGLE_RAD = math.radians(-102.0)
"""Direction of s, anticlockwise from east: the street runs south and a little west; t points east."""

ASPHALT, BAY, PAVEMENT, GRASS, CONCRETE, KERB, MARKING, BLOCKS, SOIL = range(1, 10)
"""Ground materials."""

PARALLEL_SLOT_M = (5.0, 2.3, 0.5)
PERPENDICULAR_SLOT_M = (5.0, 2.5, 0.0)
"""Slot length, width and spacing per mode (DESIGN §4)."""


def to_world(st: NDArray[np.float64]) -> NDArray[np.float64]:
    """Street frame (N, 2) → world (N, 2), both true metres."""
    c, s = math.cos(STREET_ANGLE_RAD), math.sin(STREET_ANGLE_RAD)
    return np.asarray(st) @ np.array([[c, s], [-s, c]])


@dataclass(frozen=True)
class DemoZone:
    """A parking zone: a rectangle of the street frame. `kerb_t`/`kerb_s`: where cars' noses or wheels stop."""

    slug: str
    name: str
    mode: str
    access: str
    s0: float
    s1: float
    t0: float
    t1: float
    kerb_at: float
    """Coordinate of the kerb: t for zones along the street, s for zones across it."""
    across: bool = False
    """True when the kerb runs across the street (along t), as in the yard."""

    @property
    def slot_m(self) -> tuple[float, float, float]:
        return PARALLEL_SLOT_M if self.mode == "parallel" else PERPENDICULAR_SLOT_M

    @property
    def corners_st(self) -> NDArray[np.float64]:
        return np.array(
            [[self.s0, self.t0], [self.s1, self.t0], [self.s1, self.t1], [self.s0, self.t1]], dtype=np.float64
        )

    @property
    def polygon(self) -> Polygon:
        """World frame, true metres."""
        return Polygon(to_world(self.corners_st))

    @property
    def kerb(self) -> LineString:
        """World frame, true metres."""
        if self.across:
            ends = [[self.kerb_at, self.t0], [self.kerb_at, self.t1]]
        else:
            ends = [[self.s0, self.kerb_at], [self.s1, self.kerb_at]]
        return LineString(to_world(np.array(ends)))

    @property
    def access_edge(self) -> LineString:
        """The side that cars drive in by, opposite the kerb: the road, or the yard's aisle. World frame, true metres."""
        run = self.run_m
        return LineString(to_world(np.array([self.to_st(along, self.depth_m) for along in (0.0, run)])))

    @property
    def depth_m(self) -> float:
        """Extent at right angles to the kerb."""
        return self.s1 - self.s0 if self.across else self.t1 - self.t0

    @property
    def run_m(self) -> float:
        """Extent along the kerb."""
        return self.t1 - self.t0 if self.across else self.s1 - self.s0

    def to_st(self, along: float, inward: float) -> tuple[float, float]:
        """Metres along the kerb from the zone's start and metres from the kerb into the zone → (s, t)."""
        if self.across:
            sign = 1.0 if self.kerb_at <= self.s0 + 1e-9 else -1.0
            return self.kerb_at + sign * inward, self.t0 + along
        sign = 1.0 if self.kerb_at <= self.t0 + 1e-9 else -1.0
        return self.s0 + along, self.kerb_at + sign * inward

    @property
    def inward_rad(self) -> float:
        """Direction from the kerb into the zone, world frame."""
        a, b = self.to_st(0.0, 0.0), self.to_st(0.0, 1.0)
        return STREET_ANGLE_RAD + math.atan2(b[1] - a[1], b[0] - a[0])

    @property
    def along_rad(self) -> float:
        """Direction of growing `along`, world frame."""
        return STREET_ANGLE_RAD + (math.pi / 2 if self.across else 0.0)


@dataclass(frozen=True)
class Building:
    """A box-shaped house (street frame), its façade style 0–5 and roof style 0 flat, 1 tiled."""

    s0: float
    s1: float
    t0: float
    t1: float
    height_m: float
    style: int
    roof: int = 0


@dataclass(frozen=True)
class Tree:
    s: float
    t: float
    height_m: float
    crown_m: float
    seed: int


@dataclass(frozen=True)
class Layout:
    """Everything that does not move."""

    seed: int
    road_half_m: float
    half_length_m: float
    lanes_t: tuple[float, float]
    """t of the lane driven towards +s and of the lane driven towards −s (traffic keeps right)."""
    zones: tuple[DemoZone, ...]
    ground: NDArray[np.float32]
    """(N, 5): s0, s1, t0, t1, material; later rows lie over earlier ones."""
    buildings: tuple[Building, ...]
    trees: tuple[Tree, ...]
    lamps: tuple[tuple[float, float], ...]
    walls: tuple[tuple[float, float, float, float, float], ...]
    """Low walls and kerb stones: s0, s1, t0, t1, height."""


def build_layout(seed: int = 0, vary: bool = False) -> Layout:
    """The demo's street; with `vary` its widths, lengths, houses and trees differ with the seed."""
    rng = np.random.default_rng([seed, 11])
    road = float(rng.uniform(3.0, 4.3)) if vary else 3.5
    bay, depth = 2.4, 5.2
    gap = float(rng.uniform(3, 7)) if vary else 4.0
    end = float(rng.uniform(38, 52)) if vary else 46.0
    far, near = road + bay, -road - depth
    zones = [
        DemoZone("bahar-east-north", "Bahar Street, east side, north", "parallel", "public", -end, -gap, road, far, far),
        DemoZone("bahar-east-south", "Bahar Street, east side, south", "parallel", "public", gap, end, road, far, far),
        DemoZone("bahar-west", "Bahar Street, west side", "perpendicular", "public", -34, 22, near, -road, near),
        DemoZone("yard-north", "Yard of number 14, north row", "perpendicular", "private", -12.6, -7.4, 11.5, 31.5, -12.6,
                 across=True),
        DemoZone("yard-south", "Yard of number 14, south row", "perpendicular", "private", 7.4, 12.6, 11.5, 31.5, 12.6,
                 across=True),
    ]  # fmt: skip
    return Layout(
        seed, road, 75.0, (-road / 2, road / 2), tuple(zones), _ground(road, far, near, rng, vary),
        _buildings(rng, vary), _trees(rng, far, near, vary), _lamps(far), _walls(far, near),
    )  # fmt: skip


def _ground(
    road: float, far: float, near: float, rng: np.random.Generator, vary: bool
) -> NDArray[np.float32]:
    slabs = int(rng.choice([PAVEMENT, BLOCKS])) if vary else PAVEMENT
    rows: list[tuple[float, float, float, float, int]] = [
        (-400, 400, -400, 400, SOIL),
        (-120, 120, far, far + 4.4, slabs),
        (-120, 120, near - 3.4, near, slabs),
        (-120, 120, near - 7.4, near - 3.4, GRASS),
        (-300, 300, -road, road, ASPHALT),
        (-48, -4, road, far, BAY), (4, 48, road, far, BAY),
        (-35.5, 23.5, near, -road, BAY),
        (-4, 4, far - 2.4, 11.5, ASPHALT),
        (-13, 13, 10.3, 33, CONCRETE),
    ]  # fmt: skip
    rows += [(-80, -70, -300, 300, ASPHALT), (74, 84, -300, 300, ASPHALT), (-300, 300, 66, 73, ASPHALT)]
    # The worn line between the lanes, and a zebra crossing before the southern end.
    rows += [(s, s + 2.6, -0.06, 0.06, MARKING) for s in np.arange(-64, 60, 7.5)]
    rows += [(52.0, 54.6, t, t + 0.45, MARKING) for t in np.arange(-road + 0.3, road - 0.4, 0.95)]
    return np.array(rows, dtype=np.float32)


def _buildings(rng: np.random.Generator, vary: bool) -> tuple[Building, ...]:
    scale = float(rng.uniform(0.6, 1.3)) if vary else 1.0
    style = [int(v) for v in rng.integers(0, 6, 40)] if vary else [0, 1, 2, 3, 4, 5] * 7
    front = [
        Building(-66, -46, 11.0, 25, 14.8 * scale, style[0]), Building(-43, -29, 11.4, 24, 11.8 * scale, style[1], 1),
        Building(-26, -14, 11.0, 25, 8.8 * scale, style[2], 1), Building(14, 27, 11.2, 24, 8.8 * scale, style[3], 1),
        Building(30, 46, 11.0, 26, 14.8 * scale, style[4]), Building(49, 68, 11.5, 25, 11.8 * scale, style[5], 1),
        # Towers that carry the cameras, behind the cameras' own plane.
        Building(-42, -20, -34, -17.6, 37.0, 1), Building(14, 36, -34, -17.6, 37.0, 4),
    ]  # fmt: skip
    behind = []
    for row, t in enumerate((36.0, 77.0, 100.0, 130.0)):
        s = -150.0
        while s < 140:
            width = float(rng.uniform(12, 24))
            cross_street = s < -69 < s + width + 2 or (s < 84 and s + width > 73)
            if not cross_street and (row > 0 or abs(s + width / 2) > 0):
                depth = float(rng.uniform(11, 16))
                behind.append(
                    Building(s, s + width, t, t + depth, float(rng.choice([8.8, 11.8, 14.8, 17.8])),
                             int(rng.integers(0, 6)), int(rng.random() < 0.5))
                )  # fmt: skip
            s += width + float(rng.uniform(3, 9))
    for t in (-34.0, -60.0):
        behind += [
            Building(s, s + 18, t, t + 14, float(rng.choice([11.8, 17.8])), int(rng.integers(0, 6)))
            for s in (-140, -118, 92, 115)
        ]
    return tuple(front + behind)


def _trees(rng: np.random.Generator, far: float, near: float, vary: bool) -> tuple[Tree, ...]:
    keep = float(rng.uniform(0.3, 1.0)) if vary else 1.0
    places = [(s, far + 1.3) for s in (-58, -39.5, -27, -15.5, 9.5, 21, 33.5, 45, 57)]
    places += [(s, near - 1.3) for s in (-60, -47, -38, -20.5, 13.5, 26.5, 38, 52, 62)]
    places += [(s, near - 5.0) for s in (-9, -2, 6, 44, -55)]
    places += [
        (-10, 34.2),
        (-2, 34.6),
        (6, 34.3),
        (-28, 30),
        (25, 30),
        (40, 31),
        (-50, 32),
        (-70, 45),
        (60, 50),
    ]
    trees = []
    for s, t in places:
        height, crown = float(rng.uniform(4.6, 7.2)), float(rng.uniform(1.5, 2.4))
        jitter = rng.uniform(-0.8, 0.8, 2)
        if rng.random() <= keep:
            trees.append(Tree(s + jitter[0], t + 0.3 * jitter[1], height, crown, int(rng.integers(1 << 30))))
    return tuple(trees)


def _lamps(far: float) -> tuple[tuple[float, float], ...]:
    return (
        *tuple((s, far + 0.7) for s in (-64.0, -42.0, -20.5, 5.4, 27.5, 50.0, 72.0)),
        (-5.8, 32.3),
        (5.8, 32.3),
    )


def _walls(far: float, near: float) -> tuple[tuple[float, float, float, float, float], ...]:
    stone, high = 0.15, 0.13
    return (
        (-120, -48, far - 2.4, far - 2.4 + stone, high), (-48, -4, far, far + stone, high),
        (4, 48, far, far + stone, high), (48, 120, far - 2.4, far - 2.4 + stone, high),
        (-35.5, 23.5, near - stone, near, high), (-120, -35.5, near + 5.2 - stone, near + 5.2, high),
        (23.5, 120, near + 5.2 - stone, near + 5.2, high),
        (-13.2, -13.0, 10.4, 33.2, 0.9), (13.0, 13.2, 10.4, 33.2, 0.9), (-13.2, 13.2, 33.0, 33.2, 0.9),
        (-12.8, -12.62, 11.5, 31.5, 0.12), (12.62, 12.8, 11.5, 31.5, 0.12),
        (-120, -4, near - 3.5, near - 3.4, 0.35), (4, 120, near - 3.5, near - 3.4, 0.35),
    )  # fmt: skip
