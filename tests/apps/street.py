# SPDX-License-Identifier: AGPL-3.0-or-later
"""A small street for tests: true metres east and north of a corner in Kayseri, turned into zones and layouts."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence

import shapely
from shapely import affinity

from apps.parking import services
from apps.parking.models import ParkingZone, ZoneSnapshot
from apps.parking.published import FrameMeta, PublishedLayout, PublishedSpace
from apps.parking.zones import ZoneSpec
from camera_registry.mercator import LocalFrame, lonlat_to_3857

CORNER_LONLAT = (35.4872, 38.7223)
FRAME = LocalFrame(tuple(lonlat_to_3857([CORNER_LONLAT])[0]))
#: A box around the whole street.
BBOX = "35.48,38.715,35.495,38.73"


def ground(*corners_m: tuple[float, float]) -> shapely.Polygon:
    """A polygon from corners in true metres, in EPSG:3857."""
    return FRAME.geometry_to_3857(shapely.Polygon(corners_m))


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """A box in true metres, in EPSG:3857."""
    return FRAME.geometry_to_3857(shapely.box(west, south, east, north))


def zone_spec(slug: str = "main-street", **changes) -> ZoneSpec:
    """A parallel zone of 60 × 2.5 m along the street, or what is asked for."""
    values = {"name": slug.replace("-", " ").title(), "geometry_3857": box(0, 0, 60, 2.5)} | changes
    return ZoneSpec(slug=slug, **values)


def make_zone(slug: str = "main-street", **changes) -> ParkingZone:
    """A zone in the database."""
    return services.create_zone(zone_spec(slug, **changes))


def space(
    x_m: float,
    y_m: float = 1.25,
    *,
    length_m: float = 5.0,
    width_m: float = 2.3,
    bearing_deg: float = 90.0,
    confidence: float = 0.9,
    observed_at: dt.datetime | None = None,
) -> PublishedSpace:
    """A free space around a point of the street."""
    slot = shapely.box(-width_m / 2, -length_m / 2, width_m / 2, length_m / 2)
    turned = affinity.rotate(slot, -bearing_deg, origin=(0, 0))
    return PublishedSpace(
        polygon_3857=FRAME.geometry_to_3857(affinity.translate(turned, x_m, y_m)),
        length_m=length_m,
        width_m=width_m,
        bearing_deg=bearing_deg,
        confidence=confidence,
        observed_at=observed_at,
    )


def layout(
    spaces: Sequence[PublishedSpace],
    at: dt.datetime,
    *,
    unknown_m2: float = 0.0,
    bound: int | None = None,
    classes: Mapping[str, Sequence[PublishedSpace]] | None = None,
) -> PublishedLayout:
    """A layout of a zone of 150 m² with these spaces, and others for vehicle classes, by their keys."""
    free_m2 = math.fsum(found.length_m * found.width_m for found in spaces)
    return PublishedLayout(
        observed_at=at,
        spaces=tuple(spaces),
        free_m2=free_m2,
        occupied_m2=max(0.0, 150.0 - free_m2 - unknown_m2),
        unknown_m2=unknown_m2,
        cost=0.0,
        seed=7,
        model="test",
        timings_ms={"segment": 40.0},
        bound=bound,
        classes={key: tuple(found) for key, found in (classes or {}).items()},
    )


def publish(
    slug: str, spaces: Sequence[PublishedSpace], at: dt.datetime, *, times: int = 1, **more
) -> ZoneSnapshot:
    """Publish the same layout in as many frames, one second apart, the last one at `at`; `more` is for `layout`."""
    for back in reversed(range(times)):
        moment = at - dt.timedelta(seconds=back)
        snapshot = services.publish_layout(slug, layout(spaces, moment, **more), FrameMeta())
    return snapshot
