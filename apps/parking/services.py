# SPDX-License-Identifier: AGPL-3.0-or-later
"""The only writer of zones (by way of `zone_writing`), observations, spaces and snapshots.

Publishing one zone is one transaction that holds the zone's row: a reader sees the old layout or the new one, never
half of each, and two workers cannot interleave.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.parking.features import space_features
from apps.parking.models import ParkingZone, ZoneObservationRecord, ZoneSnapshot
from apps.parking.published import FrameMeta, ObservedGround, PublishedLayout
from apps.parking.shapes import to_multipolygon
from apps.parking.space_rows import OWN_LAYOUT, SpaceRow, replace_spaces
from apps.parking.zone_writing import (
    ZoneChangedMeanwhile,
    ZoneRefused,
    accept_zones,
    create_zone,
    decline_zones,
    merge_zones,
    note_hours,
    propose_zones,
    save_zone,
    split_zone,
    update_zone,
    withdraw,
    write_zones,
)

__all__ = [
    "LayoutFromTheFuture",
    "LayoutTooOld",
    "ZoneChangedMeanwhile",
    "ZoneRefused",
    "accept_zones",
    "create_zone",
    "decline_zones",
    "merge_zones",
    "propose_zones",
    "publish_layout",
    "record_observation",
    "save_zone",
    "split_zone",
    "update_zone",
    "withdraw_observations",
    "write_zones",
]

logger = logging.getLogger(__name__)

#: A layout from further ahead than this would lock out every honest one after it.
CLOCK_TOLERANCE = dt.timedelta(seconds=5)
#: With less of the zone seen than this, finding no space says nothing about the zone.
MIN_SEEN_SHARE_FOR_FULL = 0.5

#: What a publication changes of a zone.
_PUBLISHED_FIELDS = (
    "version", "observed_at", "valid_until", "closes_at", "opens_at", "seen_share", "free_count", "found_count", "bound",
    "class_counts",
)  # fmt: skip

_NO_FRAME = FrameMeta()


class LayoutTooOld(ValueError):
    """A layout older than the one that is published, or than the zone's outline: it speaks of what is no more."""


class LayoutFromTheFuture(ValueError):
    """A layout whose observation time lies ahead of the server's clock."""


# --- observations and layouts ----------------------------------------------------------------------------------------


@transaction.atomic
def record_observation(zone_slug: str, ground: ObservedGround) -> bool:
    """Keep what one camera saw of one zone, in place of what it saw before.

    Returns False, and changes nothing, when a newer observation of this camera is already there.
    Raises ParkingZone.DoesNotExist and LayoutFromTheFuture.
    """
    _require_not_ahead(ground.observed_at, timezone.now())
    zone = ParkingZone.objects.select_for_update(of=("self",)).only("pk").get(slug=zone_slug)
    last = ZoneObservationRecord.objects.filter(zone=zone, camera_id=ground.camera_id)
    if last.filter(observed_at__gt=ground.observed_at).exists():
        return False
    ZoneObservationRecord.objects.update_or_create(
        zone=zone,
        camera_id=ground.camera_id,
        defaults={
            "calibration_id": ground.calibration_id,
            "seen": to_multipolygon(ground.seen_3857),
            "occupied": to_multipolygon(ground.occupied_3857),
            "hidden": to_multipolygon(ground.hidden_3857),
            "observed_at": ground.observed_at,
        },
    )
    return True


@transaction.atomic
def withdraw_observations(camera_id: int) -> list[str]:
    """Forget what a camera said, since it does not look where it was thought to. Returns the slugs of its zones.

    A zone that no other camera saw lately is unknown at once. The others keep their spaces until they are laid out anew
    from what is left, which may be older than what was withdrawn.
    """
    now = timezone.now()
    seen = ZoneObservationRecord.objects.filter(camera_id=camera_id).values("zone")
    zones = list(ParkingZone.objects.select_for_update().filter(pk__in=seen).order_by("slug"))
    ZoneObservationRecord.objects.filter(camera_id=camera_id).delete()
    for zone in zones:
        oldest = now - dt.timedelta(seconds=zone.validity_s)
        zone.observed_at = None
        if not zone.observations.filter(observed_at__gt=oldest).exists():
            withdraw(zone)
        else:
            zone.free_count, zone.class_counts = (
                None,
                {},
            )  # counts without their observation are nobody's word
        zone.version += 1
        zone.save()
    return [zone.slug for zone in zones]


@transaction.atomic
def publish_layout(zone_slug: str, layout: PublishedLayout, frame: FrameMeta = _NO_FRAME) -> ZoneSnapshot:
    """Make a layout the zone's current one: append a snapshot, replace the spaces, raise the version.

    A space that overlaps one of the last layout for the same class (IoU ≥ 0.5) keeps its public id and counts one more
    frame. Nothing is believed beyond the end of the zone's hours, nor outside them at all. The history keeps the last SPARK_SNAPSHOTS_KEPT layouts.
    Raises LayoutTooOld when a newer layout is published, LayoutFromTheFuture, and ParkingZone.DoesNotExist.
    """
    now = timezone.now()
    _require_not_ahead(layout.observed_at, now)
    zone = ParkingZone.objects.select_for_update().get(slug=zone_slug)
    if zone.observed_at is not None and layout.observed_at < zone.observed_at:
        raise LayoutTooOld(
            f"zone {zone_slug}: layout of {layout.observed_at:%H:%M:%S.%f} came after that of"
            f" {zone.observed_at:%H:%M:%S.%f}"
        )
    if zone.drawn_at is not None and layout.observed_at < zone.drawn_at:
        raise LayoutTooOld(
            f"zone {zone_slug}: layout of {layout.observed_at:%H:%M:%S.%f} is of the zone as it was before"
            f" {zone.drawn_at:%H:%M:%S.%f}"
        )
    validity = dt.timedelta(seconds=zone.validity_s)
    ends = note_hours(zone, now)
    rows = replace_spaces(zone.pk, layout, validity, ends)
    spaces = rows[OWN_LAYOUT]
    zone.version += 1
    zone.observed_at = layout.observed_at
    zone.valid_until = min(layout.observed_at + validity, ends) if ends else layout.observed_at + validity
    zone.seen_share = layout.seen_share
    zone.free_count = _free_count(spaces, layout.seen_share, layout.observed_at)
    zone.found_count, zone.bound = len(spaces), layout.bound
    zone.class_counts = {
        key: _free_count(rows[key], layout.seen_share, layout.observed_at) for key in layout.classes
    }
    zone.save(update_fields=_PUBLISHED_FIELDS)
    zone.snapshots.filter(version__lte=zone.version - settings.SPARK_SNAPSHOTS_KEPT).delete()
    return ZoneSnapshot.objects.create(
        zone=zone,
        version=zone.version,
        observed_at=layout.observed_at,
        received_at=frame.received_at,
        published_at=now,
        camera_id=frame.camera_id,
        calibration_id=frame.calibration_id,
        free_count=len(spaces) if spaces or layout.seen_share >= MIN_SEEN_SHARE_FOR_FULL else None,
        bound=layout.bound,
        free_m2=layout.free_m2,
        occupied_m2=layout.occupied_m2,
        unknown_m2=layout.unknown_m2,
        cost=layout.cost,
        seed=layout.seed,
        model=layout.model,
        timings=dict(layout.timings_ms),
        spaces=space_features(spaces),
    )


def _require_not_ahead(observed_at: dt.datetime, now: dt.datetime) -> None:
    if observed_at > now + CLOCK_TOLERANCE:
        raise LayoutFromTheFuture(
            f"observed at {observed_at.isoformat()}, but the clock says {now.isoformat()}; check the clocks"
        )


def _free_count(spaces: Sequence[SpaceRow], seen_share: float, at: dt.datetime) -> int | None:
    """How many spaces are offered; None, not 0, while that cannot be said.

    0 needs a reason: most of the zone was seen, and nothing that may be a space waits for its next frame.
    """
    offered = sum(
        space.frames_seen >= settings.SPARK_FREE_AFTER and space.valid_until > at for space in spaces
    )
    if offered or (not spaces and seen_share >= MIN_SEEN_SHARE_FOR_FULL):
        return offered
    return None
