# SPDX-License-Identifier: AGPL-3.0-or-later
"""Light over the street: sun, sky and lamps, packed for the compiled shaders."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

LIGHT_NAMES = ("day", "overcast", "dusk")

LATITUDE_RAD = math.radians(38.73)
DECLINATION_RAD = math.radians(12.0)
"""Late April or late August: long days without the midsummer sun overhead."""

SOLAR_NOON_H = 12.7
"""Local clock time of solar noon in Kayseri (UTC+3 at 35.5° E)."""

Rgb = tuple[float, float, float]


@dataclass(frozen=True)
class Light:
    """Light of one moment. Directions in the world frame; colours linear RGB, irradiance over π for surfaces."""

    name: str
    sun: tuple[float, float, float]
    """Unit vector towards the sun."""
    sun_rgb: Rgb
    zenith_rgb: Rgb
    horizon_rgb: Rgb
    lamp_rgb: Rgb
    headlights: float
    exposure: float
    noise: float
    """Standard deviation of sensor noise in the darks, of 255."""

    @property
    def has_sun(self) -> bool:
        return self.sun_rgb[0] > 0.0

    @property
    def packed(self) -> NDArray[np.float32]:
        """(16,): sun direction, sun, zenith, horizon, lamp colour, headlights."""
        return np.array(
            [*self.sun, *self.sun_rgb, *self.zenith_rgb, *self.horizon_rgb, *self.lamp_rgb, self.headlights],
            np.float32,
        )


def sun_direction(hour: float) -> tuple[float, float, float]:
    """Unit vector towards the sun (x east, y north, z up) at a local clock hour."""
    angle = (hour - SOLAR_NOON_H) * math.pi / 12
    east = -math.cos(DECLINATION_RAD) * math.sin(angle)
    north = math.cos(LATITUDE_RAD) * math.sin(DECLINATION_RAD) - math.sin(LATITUDE_RAD) * math.cos(
        DECLINATION_RAD
    ) * math.cos(angle)
    up = math.sin(LATITUDE_RAD) * math.sin(DECLINATION_RAD) + math.cos(LATITUDE_RAD) * math.cos(
        DECLINATION_RAD
    ) * math.cos(angle)
    return east, north, up


def _day(hour: float) -> Light:
    sun = sun_direction(hour)
    low = max(0.0, min(1.0, (0.5 - sun[2]) / 0.45))
    return Light(
        "day", sun, (2.3 - 0.4 * low, 2.15 - 0.75 * low, 1.95 - 1.1 * low), (0.40, 0.55, 0.82), (0.78, 0.84, 0.92),
        (0, 0, 0), 0.0, 0.80 + 0.25 * low, 1.6,
    )  # fmt: skip


_OVERCAST = Light(
    "overcast", (0.0, 0.0, 1.0), (0, 0, 0), (1.02, 1.06, 1.12), (0.80, 0.83, 0.87), (0, 0, 0), 0.0, 1.05, 2.2
)
_DUSK = Light(
    "dusk",
    (0.0, 0.0, 1.0),
    (0, 0, 0),
    (0.085, 0.115, 0.20),
    (0.20, 0.17, 0.19),
    (1.0, 0.66, 0.34),
    1.0,
    3.4,
    4.5,
)
SUNSET_HEIGHT = 0.07
"""Sine of the sun's height under which lamps burn and shadows are gone."""


def light_at(hour: float, cloud: float = 0.0) -> Light:
    """Light at a local clock hour; cloud from 0 (clear) to 1 (overcast), 0.5 and above hides the sun.

    The sun's place is taken at the nearest third of an hour, so that a rendered background serves for a while.
    """
    hour = round((hour % 24) * 3) / 3
    height = sun_direction(hour)[2]
    if height < SUNSET_HEIGHT:
        # Deep night stays as bright as late dusk: a street camera raises its gain.
        dark = max(0.55, min(1.0, 1.0 + height * 1.5))
        zenith = tuple(c * dark for c in _DUSK.zenith_rgb)
        horizon = tuple(c * dark for c in _DUSK.horizon_rgb)
        return replace(_DUSK, zenith_rgb=zenith, horizon_rgb=horizon)
    return _OVERCAST if cloud >= 0.5 else _day(hour)


def named_light(name: str, rng: np.random.Generator) -> Light:
    """A light of this name; the hour and strength within it are drawn from `rng`."""
    if name == "day":
        return _day(float(rng.uniform(8.3, 16.6)))
    if name == "overcast":
        return replace(_OVERCAST, exposure=_OVERCAST.exposure * float(rng.uniform(0.75, 1.1)))
    if name == "dusk":
        return replace(_DUSK, exposure=_DUSK.exposure * float(rng.uniform(0.7, 1.25)))
    raise ValueError(f"light must be one of {', '.join(LIGHT_NAMES)}, not {name!r}")
