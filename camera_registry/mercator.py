# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one place where EPSG:3857, WGS 84 and true metres meet.

EPSG:3857 is the stored frame, as in the SPARK paper, but its unit is not a metre: it is stretched by about
1/cos φ, 1.28 in Kayseri and 2.0 in Oslo. Every size, distance, residual and area that means something on the
ground is computed in a `LocalFrame`, and nothing else in the project converts.

The scale is the ellipsoid's, along each axis. The sphere's single cos φ would be wrong by -0.13 % to the east and
+0.28 % to the north in Kayseri, 28 cm over 100 m: more than a calibration's residual.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "LocalFrame",
    "axis_scales",
    "lonlat_to_3857",
    "true_metres_per_unit",
    "xy_3857_to_lonlat",
]

Float = NDArray[np.float64]
Geometry = TypeVar("Geometry", bound=shapely.Geometry)

#: Semi-major axis of WGS 84 in metres; EPSG:3857 uses it as the radius of its sphere.
WGS84_A_M = 6_378_137.0
#: First eccentricity squared of WGS 84.
WGS84_E2 = 0.00669437999014
#: EPSG:3857 ends here; the poles are at infinity.
MAX_LATITUDE_DEG = 85.06


def lonlat_to_3857(lonlat: ArrayLike) -> Float:
    """Longitude and latitude (N, 2) in degrees, WGS 84, to EPSG:3857 (N, 2), x east, y north.

    Raises ValueError for coordinates outside ±180° and ±85.06°; swapped pairs are the usual cause.
    """
    degrees = np.asarray(lonlat, dtype=np.float64)
    lon, lat = degrees[..., 0], degrees[..., 1]
    if (
        np.any(np.abs(lon) > 180)
        or np.any(np.abs(lat) > MAX_LATITUDE_DEG)
        or not np.all(np.isfinite(degrees))
    ):
        raise ValueError(
            "longitude must lie within ±180° and latitude within ±85.06°, longitude first;"
            f" got lon {np.min(lon):g} to {np.max(lon):g}, lat {np.min(lat):g} to {np.max(lat):g}"
        )
    x = WGS84_A_M * np.radians(lon)
    y = WGS84_A_M * np.arcsinh(np.tan(np.radians(lat)))
    return np.stack([x, y], axis=-1)


def xy_3857_to_lonlat(xy_3857: ArrayLike) -> Float:
    """EPSG:3857 (N, 2) to longitude and latitude (N, 2) in degrees, WGS 84."""
    xy = np.asarray(xy_3857, dtype=np.float64)
    lon = np.degrees(xy[..., 0] / WGS84_A_M)
    lat = np.degrees(np.arctan(np.sinh(xy[..., 1] / WGS84_A_M)))
    return np.stack([lon, lat], axis=-1)


def axis_scales(y_3857: float) -> tuple[float, float]:
    """True metres per EPSG:3857 unit along east and along north, at the given northing.

    The radii of curvature of the ellipsoid over the projection's own derivatives (Snyder, Map Projections:
    A Working Manual, 1987, eqs. 4-20 and 4-21, and 7-3 for the sphere's scale).
    """
    latitude = np.arctan(np.sinh(y_3857 / WGS84_A_M))
    shrink = 1.0 - WGS84_E2 * np.sin(latitude) ** 2
    east = np.cos(latitude) / np.sqrt(shrink)
    north = np.cos(latitude) * (1.0 - WGS84_E2) / shrink**1.5
    return float(east), float(north)


def true_metres_per_unit(y_3857: float) -> float:
    """Geometric mean of the two axis scales: its square turns EPSG:3857 areas into m²."""
    east, north = axis_scales(y_3857)
    return float(np.sqrt(east * north))


@dataclass(frozen=True)
class LocalFrame:
    """True metres, x east and y north, around an origin in EPSG:3857.

    Good for a street or a lot: the scale is the origin's, and 1 km to the north changes it by 0.013 % in Kayseri.
    """

    origin_3857: tuple[float, float]

    @classmethod
    def around(cls, geometry_3857: shapely.Geometry) -> LocalFrame:
        """The frame at the centre of a geometry's bounding box."""
        west, south, east, north = geometry_3857.bounds
        return cls(((west + east) / 2, (south + north) / 2))

    @cached_property
    def scales(self) -> Float:
        """True metres per unit along x and y, shape (2,)."""
        return np.array(axis_scales(self.origin_3857[1]))

    def to_metres(self, xy_3857: ArrayLike) -> Float:
        """EPSG:3857 (N, 2) to true metres (N, 2) east and north of the origin."""
        return np.asarray((np.asarray(xy_3857, dtype=np.float64) - self.origin_3857) * self.scales)

    def to_3857(self, xy_m: ArrayLike) -> Float:
        """True metres (N, 2) east and north of the origin to EPSG:3857 (N, 2)."""
        return np.asarray(np.asarray(xy_m, dtype=np.float64) / self.scales + self.origin_3857)

    def geometry_to_metres(self, geometry_3857: Geometry) -> Geometry:
        """A shapely geometry in EPSG:3857 to the same in true metres."""
        return shapely.transform(geometry_3857, self.to_metres)

    def geometry_to_3857(self, geometry_m: Geometry) -> Geometry:
        """A shapely geometry in true metres to the same in EPSG:3857."""
        return shapely.transform(geometry_m, self.to_3857)
