# SPDX-License-Identifier: AGPL-3.0-or-later
"""The reader's vehicle from query parameters, as the class whose layout answers for it."""

from __future__ import annotations

from rest_framework.request import Request

from apps.api.problems import BadParameter
from apps.parking import selectors
from apps.parking.numbers import NumberRefused, finite_number
from apps.parking.vehicles import NoClassHolds, VehicleClass, class_that_holds

__all__ = ["LENGTH", "WIDTH", "vehicle_of"]

LENGTH, WIDTH = "vehicle_length", "vehicle_width"


def vehicle_of(request: Request) -> VehicleClass | None:
    """The smallest class that holds the vehicle asked for; None when none was. Raises BadParameter."""
    length, width = _metres(request, LENGTH), _metres(request, WIDTH)
    if length is None:
        if width is not None:
            raise BadParameter(
                LENGTH, f"it is missing; a vehicle's width alone says little, send {LENGTH} too."
            )
        return None
    try:
        return class_that_holds(selectors.vehicle_classes(), length, width)
    except NoClassHolds as refusal:
        raise BadParameter(LENGTH, str(refusal)) from refusal


def _metres(request: Request, name: str) -> float | None:
    values = request.query_params.getlist(name)
    if not values:
        return None
    if len(values) > 1:
        raise BadParameter(name, f"it comes {len(values)} times; send it once.")
    try:
        value = finite_number(values[0], "metres such as 5.9")
    except NumberRefused as refusal:
        raise BadParameter(name, str(refusal)) from refusal
    if value <= 0:
        raise BadParameter(name, f"it is {value:g}; send metres, more than 0.")
    return value
