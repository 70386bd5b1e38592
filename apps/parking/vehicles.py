# SPDX-License-Identifier: AGPL-3.0-or-later
"""Vehicle classes: the sizes for which every zone is laid out, so that "will my van fit?" is a read. Pure.

A reader who asks for 5.9 × 2.0 m gets the layout of the smallest class that holds it. Lengths are true metres; widths
are without mirrors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["DOOR_ROOM_M", "NoClassHolds", "VehicleClass", "class_that_holds", "parse_classes"]

#: Room for doors and mirrors beside the vehicle, by mode: along a kerb only one side needs to open into the road's
#: free space; side by side both neighbours' doors share it.
DOOR_ROOM_M = {"parallel": 0.3, "perpendicular": 0.6, "diagonal": 0.6, "free": 0.6}

#: What may be called a vehicle: from a Smart to a coach.
LENGTH_RANGE_M = (2.0, 20.0)
WIDTH_RANGE_M = (1.0, 3.5)
#: Each class costs every zone a layout per publication.
MAX_CLASSES = 16


class NoClassHolds(ValueError):
    """A vehicle that is larger than every class; the text names the largest."""


@dataclass(frozen=True, order=True)
class VehicleClass:
    """A size of vehicle, length first, so that classes sort from small to large."""

    length_m: float
    width_m: float

    @property
    def key(self) -> str:
        """The class's name in the database, e.g. `5.4x2`."""
        return f"{self.length_m:g}x{self.width_m:g}"

    def __str__(self) -> str:
        return f"{self.length_m:g} × {self.width_m:g} m"

    def holds(self, length_m: float, width_m: float | None) -> bool:
        """Whether a vehicle of this size belongs to the class; without a width, any that has the length."""
        return length_m <= self.length_m and (width_m is None or width_m <= self.width_m)

    def slot_m(self, mode: str) -> tuple[float, float]:
        """Length and width of the ground that a zone of this mode gives to such a vehicle."""
        return self.length_m, round(self.width_m + DOOR_ROOM_M[mode], 3)


@lru_cache(16)
def parse_classes(texts: tuple[str, ...]) -> tuple[VehicleClass, ...]:
    """Classes from words such as "5.4x2.0", sorted. Raises ValueError with the word and what to write instead."""
    classes = sorted({_class(text) for text in texts if text.strip()})
    if len(classes) > MAX_CLASSES:
        raise ValueError(
            f"{len(classes)} vehicle classes; at most {MAX_CLASSES}, for each costs every zone a layout."
        )
    keys = [found.key for found in classes]
    if len(set(keys)) < len(keys):
        raise ValueError("two vehicle classes are the same to the millimetre; leave one out.")
    return tuple(classes)


def _class(text: str) -> VehicleClass:
    parts = text.strip().lower().replace("×", "x").split("x")
    try:
        length, width = (float(part) for part in parts)
    except ValueError:
        raise ValueError(
            f"“{text}” is no vehicle class; write length x width in metres, e.g. 5.4x2.0."
        ) from None
    for name, value, (low, high) in (("length", length, LENGTH_RANGE_M), ("width", width, WIDTH_RANGE_M)):
        if not (math.isfinite(value) and low <= value <= high):
            raise ValueError(f"“{text}”: the {name} must lie within {low:g} and {high:g} m.")
    if width > length:
        raise ValueError(f"“{text}”: wider than long; write the length first.")
    return VehicleClass(length, width)


def class_that_holds(
    classes: Sequence[VehicleClass], length_m: float, width_m: float | None = None
) -> VehicleClass:
    """The smallest class that a vehicle fits into. Raises NoClassHolds, naming the largest there is."""
    for found in sorted(classes):
        if found.holds(length_m, width_m):
            return found
    asked = f"{length_m:g} m" if width_m is None else f"{length_m:g} × {width_m:g} m"
    if not classes:
        raise NoClassHolds(f"no zone is laid out for vehicle sizes here, so nothing is known for {asked}.")
    raise NoClassHolds(f"no zone is laid out for a vehicle of {asked}; the largest class is {max(classes)}.")
