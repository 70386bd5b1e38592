# SPDX-License-Identifier: AGPL-3.0-or-later
"""What lies around a zone, for those who draw it: other zones, and the ground that cameras are believed on.

EPSG:3857 throughout. Private zones and proposals are among the answers: they are for admins only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import shapely
from django.contrib.gis.db.models.functions import GeometryDistance

from apps.parking.choices import Standing
from apps.parking.models import ParkingZone
from apps.parking.shapes import to_geos, to_shapely
from apps.parking.zones import ZoneSpec
from camera_registry.calibration import Calibration
from camera_registry.models import Camera, CameraCalibration
from camera_registry.privacy_mask import PrivacyMask, mask_of

__all__ = ["CameraView", "camera_views", "neighbours", "zones_in"]

#: Zones farther away than this neither overlap nor touch, whatever is drawn next, EPSG:3857 units.
NEAR_UNITS = 100.0
#: More zones would slow the page.
MAX_ZONES = 500

_SHOWN = (Standing.ACCEPTED, Standing.PROPOSED)


@dataclass(frozen=True)
class CameraView:
    """The ground that a camera sees and may be believed on, without what stands in its way or lies behind its mask."""

    name: str
    ground_3857: shapely.Geometry


def zones_in(box_3857: shapely.Geometry, except_slug: str = "") -> list[ParkingZone]:
    """Zones, accepted or proposed, that meet a box, by slug."""
    rows = ParkingZone.objects.filter(standing__in=_SHOWN, geometry__intersects=to_geos(box_3857))
    return list(rows.exclude(slug=except_slug).order_by("slug")[:MAX_ZONES])


def neighbours(spec: ZoneSpec) -> list[ZoneSpec]:
    """Zones near enough to matter to this one; where there are none, the nearest that there is, to say how far it is.

    Zones that are switched off offer nothing and are left out; proposals count, since they were drawn for the same ground.
    """
    if spec.geometry_3857.is_empty:
        return []
    box = shapely.box(*spec.geometry_3857.bounds).buffer(NEAR_UNITS, join_style="mitre")
    near = [zone for zone in zones_in(box, spec.slug) if zone.enabled or zone.standing == Standing.PROPOSED]
    if not near:
        others = ParkingZone.objects.filter(enabled=True).exclude(slug=spec.slug)
        centre = to_geos(shapely.Point(shapely.box(*spec.geometry_3857.bounds).centroid))
        near = list(others.order_by(GeometryDistance("geometry", centre))[:1])
    return [zone.to_spec() for zone in near]


def camera_views(box_3857: shapely.Geometry) -> list[CameraView]:
    """The views of all cameras that are switched on and calibrated, where they meet a box."""
    views = []
    cameras = Camera.objects.filter(enabled=True, calibration__isnull=False).select_related("calibration")
    for camera in cameras.order_by("name"):
        ground = _view(camera.calibration_id, camera.max_range_m, mask_of(camera))
        if not ground.intersects(box_3857):
            continue
        blind = to_shapely(camera.blind_ground)
        if blind is not None:
            ground = shapely.difference(ground, shapely.make_valid(blind))
        views.append(CameraView(camera.title or camera.name, ground))
    return views


@lru_cache(256)
def _view(calibration_id: int, max_range_m: float, mask: PrivacyMask | None) -> shapely.Geometry:
    """A calibration is never edited: its view stays what it was. Behind a privacy mask nothing is known."""
    data = CameraCalibration.objects.values_list("data", flat=True).get(pk=calibration_id)
    calibration = Calibration.from_json(data)
    view = shapely.make_valid(calibration.view_3857(max_range_m))
    if mask is None:
        return view
    return shapely.difference(view, shapely.make_valid(mask.ground_3857(calibration)))
