# SPDX-License-Identifier: AGPL-3.0-or-later
"""A calibration that is being worked on, as the calibrating page sends it: half done, and not to be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from camera_registry.control_points import ControlPoint
from camera_registry.height_marks import HeightMark
from camera_registry.saying import say

__all__ = ["Draft", "DraftHeight", "DraftPoint", "read_draft"]

#: More points than anybody clicks; a page gone wrong must not keep the server busy.
MAX_POINTS = 200
MAX_HEIGHTS = 30
MAX_NAME_CHARS = 80
#: A pixel is at most this many; the real limit is the frame's own.
MAX_SIDE_PX = 20_000


@dataclass(frozen=True)
class DraftPoint:
    """A point as far as it is known: either half may be missing. Points that are not kept are checks, not used."""

    id: str
    name: str
    px: tuple[float, float] | None
    lonlat: tuple[float, float] | None
    kept: bool = True

    @property
    def complete(self) -> bool:
        """Whether both halves are there."""
        return self.px is not None and self.lonlat is not None


@dataclass(frozen=True)
class DraftHeight:
    """Something upright as far as it is marked: foot and top in pixels as seen, height in metres."""

    id: str
    name: str
    foot_px: tuple[float, float] | None
    top_px: tuple[float, float] | None
    height_m: float | None
    kept: bool = True

    @property
    def mark(self) -> HeightMark | None:
        """What can be computed with, when all of it is there."""
        if self.foot_px is None or self.top_px is None or self.height_m is None:
            return None
        return HeightMark(self.name, self.foot_px, self.top_px, self.height_m)


@dataclass(frozen=True)
class Draft:
    """A calibration that is being worked on. lens as in `calibrate`; place: longitude, latitude and height in metres."""

    image_size: tuple[int, int]
    points: tuple[DraftPoint, ...]
    lens: float | str | None = "auto"
    fov_deg: float | None = None
    place: tuple[float, float, float] | None = None
    heights: tuple[DraftHeight, ...] = ()

    @property
    def marks(self) -> tuple[HeightMark, ...]:
        """The complete heights that are kept. A measured place needs none."""
        if self.place is not None:
            return ()
        return tuple(row.mark for row in self.heights if row.kept and row.mark is not None)

    @property
    def used(self) -> tuple[ControlPoint, ...]:
        """The complete points that are kept."""
        return tuple(
            ControlPoint(point.name, point.px, point.lonlat)
            for point in self.points
            if point.kept and point.px is not None and point.lonlat is not None
        )


def read_draft(data: Mapping[str, Any]) -> Draft:
    """Read what the page sent. Raises ValueError naming what is wrong; nothing in it is trusted."""
    try:
        width, height = (int(value) for value in data["image_size"])
        if not (16 <= width <= MAX_SIDE_PX and 16 <= height <= MAX_SIDE_PX):
            raise ValueError(f"a picture of {width} × {height} pixels is not one")
        rows = data["points"]
        if not isinstance(rows, list) or len(rows) > MAX_POINTS:
            raise ValueError(say("at most {count} points", count=MAX_POINTS))
        heights = data.get("heights") or []
        if not isinstance(heights, list) or len(heights) > MAX_HEIGHTS:
            raise ValueError(say("at most {count} heights", count=MAX_HEIGHTS))
        lens = data.get("lens", "auto")
        fov, place = data.get("fov_deg"), data.get("place")
        return Draft(
            (width, height),
            tuple(_draft_point(row) for row in rows),
            lens if lens in ("auto", None) else float(lens),
            None if fov is None else _finite(fov),
            None if place is None else (_finite(place[0]), _finite(place[1]), _finite(place[2])),
            tuple(_draft_height(row) for row in heights),
        )
    except (KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
        raise ValueError(f"not a draft of a calibration: {type(error).__name__} {error}") from error


def _draft_point(row: Mapping[str, Any]) -> DraftPoint:
    return DraftPoint(
        id=str(row["id"])[:MAX_NAME_CHARS],
        name=str(row["name"]).strip()[:MAX_NAME_CHARS] or str(row["id"])[:MAX_NAME_CHARS],
        px=_pair(row.get("px")),
        lonlat=_pair(row.get("lonlat")),
        kept=bool(row.get("kept", True)),
    )


def _draft_height(row: Mapping[str, Any]) -> DraftHeight:
    height = row.get("height_m")
    return DraftHeight(
        id=str(row["id"])[:MAX_NAME_CHARS],
        name=str(row["name"]).strip()[:MAX_NAME_CHARS] or str(row["id"])[:MAX_NAME_CHARS],
        foot_px=_pair(row.get("foot_px")),
        top_px=_pair(row.get("top_px")),
        height_m=None if height is None else _finite(height),
        kept=bool(row.get("kept", True)),
    )


def _pair(values: Any) -> tuple[float, float] | None:
    if values is None:
        return None
    first, second = values
    return _finite(first), _finite(second)


def _finite(value: Any) -> float:
    number = float(value)
    if not np.isfinite(number):
        raise ValueError(say("coordinates must be finite numbers"))
    return number
