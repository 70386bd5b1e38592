# SPDX-License-Identifier: AGPL-3.0-or-later
"""What OpenStreetMap's street-parking tags say, in this project's words. Pure.

The scheme is that of `parking:left`, `parking:right` and `parking:both` with their orientation, access, restriction and
width; a side's own tag counts before that of both. The older `parking:lane:*` is deprecated and not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from apps.parking.hours import hours_problems

__all__ = ["NotProposed", "SideParking", "area_parking", "metres", "side_parking"]

#: Where cars stand against the kerb. `separate` is drawn as an area of its own.
POSITIONS = ("lane", "street_side", "on_kerb", "half_on_kerb", "shoulder")
AREA_KINDS = ("street_side", "lane", "on_kerb", "half_on_kerb")
_NOWHERE = {"no", "none", "separate", "0"}
_ACCESS = {
    "yes": "public", "public": "public", "permissive": "public", "designated": "public",
    "residents": "residents", "permit": "residents",
    "private": "private", "customers": "private", "employees": "private", "delivery": "private", "members": "private",
}  # fmt: skip
_ORIENTATIONS = {"parallel": "parallel", "diagonal": "diagonal", "perpendicular": "perpendicular"}
#: Where the tag gives none; by far the most common one.
DIAGONAL_DEG = 45.0
#: Restrictions that leave ordinary parking as it is.
_HARMLESS = {"none", "no", "disc"}
_CLAUSE = re.compile(r"([\w]+)\s*@\s*(?:\(([^()]*)\)|([^;()]+))\s*(?:;|$)")


class NotProposed(ValueError):
    """Parking that no zone is proposed for; the text says why."""


@dataclass(frozen=True)
class SideParking:
    """Parking on one side of a street, or on an area. `width_m`: how deep it is, None when not mapped."""

    position: str
    mode: str
    angle_deg: float | None
    access: str
    hours: str
    width_m: float | None
    fee: str


def side_parking(tags: Mapping[str, str], side: str) -> SideParking | None:
    """Parking on the left or right of a way, looking along it; None where there is none or none is mapped.

    Raises NotProposed, with the reason, where there is some that a driver could not use as any other.
    """

    def value(name: str = "") -> str:
        ending = f":{name}" if name else ""
        for key in (f"parking:{side}{ending}", f"parking:both{ending}"):
            if key in tags:
                return tags[key].strip()
        return ""

    position = value()
    if not position or position in _NOWHERE:
        return None
    if position == "yes":
        position = "lane"
    if position not in POSITIONS:
        raise NotProposed(f"parking:{side}={position} is not understood")
    return _parking(position, value)


def area_parking(tags: Mapping[str, str]) -> SideParking | None:
    """Parking on an area of its own beside a street; None for other areas. Raises NotProposed."""
    position = tags.get("parking", "")
    if tags.get("amenity") != "parking" or position not in AREA_KINDS:
        return None

    def value(name: str = "") -> str:
        if name == "restriction:conditional" and "opening_hours" in tags:
            return ""
        return tags.get(name, "").strip()

    found = _parking(position, value)
    hours = tags.get("opening_hours", "").strip()
    if not hours:
        return found
    if hours_problems(hours):
        raise NotProposed(f"opening_hours={hours} is not understood")
    return replace(found, hours=hours)


def _parking(position: str, value: Callable[[str], str]) -> SideParking:
    restriction = value("restriction")
    if restriction and restriction not in _HARMLESS:
        raise NotProposed(f"restriction={restriction}")
    access = value("access") or "yes"
    if access not in _ACCESS:
        raise NotProposed(f"access={access}")
    if value("access:conditional"):
        raise NotProposed(f"access:conditional={value('access:conditional')} has no counterpart here")
    mode = _ORIENTATIONS.get(value("orientation") or "parallel")
    if mode is None:
        raise NotProposed(f"orientation={value('orientation')} is not understood")
    return SideParking(
        position=position,
        mode=mode,
        angle_deg=DIAGONAL_DEG if mode == "diagonal" else None,
        access=_ACCESS[access],
        hours=_hours(value("restriction:conditional")),
        width_m=metres(value("width")),
        fee=value("fee"),
    )


def _hours(conditional: str) -> str:
    """Hours of parking from "no_parking @ (Mo-Fr 08:00-18:00)": always, less these. Raises NotProposed."""
    if not conditional:
        return ""
    rules = ["24/7"]
    rest = conditional
    for match in _CLAUSE.finditer(conditional):
        rest = rest.replace(match[0], "", 1)
        if match[1] not in _HARMLESS:
            rules += [f"{part.strip()} off" for part in (match[2] or match[3]).split(";") if part.strip()]
    hours = "; ".join(rules)
    if rest.strip() or hours_problems(hours):
        raise NotProposed(f"restriction:conditional={conditional} is not understood")
    return hours if len(rules) > 1 else ""


def metres(text: str | None) -> float | None:
    """A length as OpenStreetMap writes it, in metres without the unit; None for what is none."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*m?", (text or "").strip())
    value = float(match[1]) if match else 0.0
    return value if 0 < value < 100 else None
