# SPDX-License-Identifier: AGPL-3.0-or-later
"""A box on the map in WGS 84 degrees. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from apps.parking.numbers import NumberRefused, finite_number

__all__ = ["BBox", "BBoxRefused"]

#: EPSG:3857 ends here, and so does every map.
MAX_LATITUDE_DEG = 85.06


class BBoxRefused(ValueError):
    """A box that cannot be answered; the text says why and what to send instead."""


@dataclass(frozen=True)
class BBox:
    """West, south, east, north in degrees; west < east and south < north."""

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def parse(cls, text: str, *, max_span_deg: float) -> BBox:
        """Read "west,south,east,north". Raises BBoxRefused, also for boxes wider or higher than `max_span_deg`."""
        parts = text.split(",")
        if len(parts) != 4:
            raise BBoxRefused(f"it has {len(parts)} parts; send four numbers: west,south,east,north.")
        values = [_number(part) for part in parts]
        west, south, east, north = values
        _check_ranges(west, south, east, north)
        _check_order(west, south, east, north)
        width, height = east - west, north - south
        if width > max_span_deg or height > max_span_deg:
            raise BBoxRefused(
                f"it is {width:g}° × {height:g}°, larger than the {max_span_deg:g}° allowed on each side; zoom in."
            )
        return cls(west, south, east, north)


def _number(text: str) -> float:
    try:
        return finite_number(text, "degrees such as 35.4872")
    except NumberRefused as refusal:
        raise BBoxRefused(str(refusal)) from None


def _check_ranges(west: float, south: float, east: float, north: float) -> None:
    if not (-180 <= west <= 180 and -180 <= east <= 180):
        raise BBoxRefused(f"longitudes lie within -180 and 180, got {west:g} and {east:g}.")
    if not (abs(south) <= 90 and abs(north) <= 90):
        raise BBoxRefused(
            f"latitudes lie within -90 and 90, got {south:g} and {north:g}; the order is west,south,east,north,"
            " longitude first."
        )
    if max(abs(south), abs(north)) > MAX_LATITUDE_DEG:
        raise BBoxRefused(f"the map ends at latitude ±{MAX_LATITUDE_DEG:g}; send a box within it.")


def _check_order(west: float, south: float, east: float, north: float) -> None:
    if south > north:
        raise BBoxRefused(f"south ({south:g}) lies north of north ({north:g}); swap them.")
    if west > east:
        raise BBoxRefused(
            f"west ({west:g}) lies east of east ({east:g}). Swap them; a box across the 180th meridian is asked for"
            " as two boxes."
        )
    if south == north or west == east:
        raise BBoxRefused("it has no area; send two different longitudes and two different latitudes.")
