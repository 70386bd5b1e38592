# SPDX-License-Identifier: AGPL-3.0-or-later
"""Outlines on the ground that a person who calibrates wants to see on the frame: parking zones, above all.

The registry knows cameras and no zones; whoever knows zones registers a provider when Django starts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import shapely

__all__ = ["Outline", "outlines", "provide_outlines"]


@dataclass(frozen=True)
class Outline:
    """A named (Multi)Polygon in EPSG:3857."""

    name: str
    geometry_3857: shapely.Geometry


Provider = Callable[[], list[Outline]]
_providers: list[Provider] = []


def provide_outlines(provider: Provider) -> None:
    """Ask `provider` whenever outlines are wanted; registering it twice changes nothing."""
    if provider not in _providers:
        _providers.append(provider)


def outlines() -> list[Outline]:
    """What all providers know."""
    return [outline for provider in _providers for outline in provider()]
