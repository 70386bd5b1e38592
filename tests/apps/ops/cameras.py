# SPDX-License-Identifier: AGPL-3.0-or-later
"""A site whose cameras are in every state there is, with zones that suffer from it."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from apps.parking.models import ParkingZone
from apps.parking.services import create_zone
from camera_registry import services
from camera_registry.models import Camera
from camera_registry.services import Arrival
from camera_registry.view_status import ViewStatus
from tests.apps.street import zone_spec
from tests.camera_registry.factories import a_camera
from tests.camera_registry.test_health import look_at_view


def a_zone(slug: str, *, free: int | None = None) -> ParkingZone:
    """A zone with so many free spaces, known for the next minutes; None: unknown."""
    zone = create_zone(zone_spec(slug))
    if free is not None:
        now = timezone.now()
        ParkingZone.objects.filter(pk=zone.pk).update(
            observed_at=now, valid_until=now + dt.timedelta(minutes=10), free_count=free
        )
    return zone


def sends(
    camera: Camera, *seconds_ago: float, zones: tuple[str, ...] = (), skew_s: float | None = None
) -> None:
    """Its last frames came that long ago; the newest was analysed and showed these zones and 7 cars."""
    now = timezone.now()
    arrivals = [Arrival(now - dt.timedelta(seconds=seconds), skew_s) for seconds in seconds_ago]
    services.record_arrivals(camera, arrivals)
    services.record_analysed(camera, max(arrival.at for arrival in arrivals), 7, zones)


def a_site() -> None:
    """camera-live, -slow, -late, -moved, -never and -off; zone known and three unknown ones.

    They send every five minutes: nobody becomes late while a slow machine looks at them.
    """
    a_zone("known", free=3)
    for slug in ("behind-late", "behind-moved", "nobody-sees"):
        a_zone(slug)
    five = {"expected_interval_s": 300}
    sends(a_camera("camera-live", title="Well street", **five), 605, 305, 5, zones=("known",), skew_s=-1.5)
    sends(a_camera("camera-slow", **five), 1205, 605, 5, zones=("known",))
    sends(a_camera("camera-late", **five), 4600, 4300, 4000, zones=("known", "behind-late"))
    moved = a_camera("camera-moved", **five)
    sends(moved, 605, 305, 5, zones=("behind-moved",))
    look_at_view(moved, ViewStatus.MOVED, at=timezone.now(), shift_px=70.0)
    a_camera("camera-never", image_size=None)
    services.set_enabled(a_camera("camera-off"), False)
    services.record_rejection("camera-late", "wrong_size", "640 × 360 pixels", count=12)
    services.record_rejection("camera-live", "replaced", count=4)
    services.record_rejection("nobody-home", "unknown_camera", "login from 192.0.2.1", count=5)
