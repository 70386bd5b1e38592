# SPDX-License-Identifier: AGPL-3.0-or-later
"""The only writer of zones, observations, spaces and snapshots.

Publishing one zone is one transaction that holds the zone's row: a reader sees the old layout or the new one, never
half of each, and two workers cannot interleave.
"""

from __future__ import annotations

import datetime as dt
import itertools
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import shapely
from django.conf import settings
from django.contrib.gis.geos import GEOSGeometry
from django.db import transaction
from django.utils import timezone

from apps.parking import zone_files
from apps.parking.features import space_features
from apps.parking.models import ParkingZone, ZoneObservationRecord, ZoneSnapshot
from apps.parking.published import FrameMeta, ObservedGround, PublishedLayout
from apps.parking.shapes import to_geos, to_multipolygon, to_shapely
from apps.parking.space_rows import OWN_LAYOUT, SpaceRow, replace_spaces
from apps.parking.zones import ZoneSpec, zone_problems

__all__ = [
    "LayoutFromTheFuture",
    "LayoutTooOld",
    "ZoneRefused",
    "create_zone",
    "import_zones",
    "publish_layout",
    "record_observation",
    "save_zone",
    "update_zone",
    "withdraw_observations",
]

logger = logging.getLogger(__name__)

#: A layout from further ahead than this would lock out every honest one after it.
CLOCK_TOLERANCE = dt.timedelta(seconds=5)
#: Corners that moved by less than this, in EPSG:3857 units (at most 1 cm), have not been moved.
SAME_GEOMETRY_UNITS = 0.01
#: With less of the zone seen than this, finding no space says nothing about the zone.
MIN_SEEN_SHARE_FOR_FULL = 0.5

#: A change of these makes the current spaces meaningless.
_GROUND_FIELDS = (
    "geometry", "kerb", "access_edges", "mixed_sizes", "mode", "angle_deg", "slot_length_m", "slot_width_m", "spacing_m", "enabled",
)  # fmt: skip
#: A change of these shows in the answers, but leaves the spaces as they are.
_LABEL_FIELDS = ("name", "access", "validity_s")
#: What a publication changes of a zone.
_PUBLISHED_FIELDS = (
    "version", "observed_at", "valid_until", "seen_share", "free_count", "found_count", "bound", "class_counts",
)  # fmt: skip

_NO_FRAME = FrameMeta()


class ZoneRefused(ValueError):
    """A zone that cannot be used; `problems` maps field names to sentences."""

    def __init__(self, slug: str, problems: dict[str, list[str]]) -> None:
        self.slug = slug
        self.problems = problems
        super().__init__(f"zone {slug}: " + " ".join(itertools.chain(*problems.values())))


class LayoutTooOld(ValueError):
    """A layout older than the one that is published; frames arrived out of order."""


class LayoutFromTheFuture(ValueError):
    """A layout whose observation time lies ahead of the server's clock."""


# --- zones -----------------------------------------------------------------------------------------------------------


def create_zone(spec: ZoneSpec) -> ParkingZone:
    """Add a zone. Raises ZoneRefused with sentences that name the place and the cure."""
    problems = zone_problems(spec)
    if ParkingZone.objects.filter(slug=spec.slug).exists():
        problems.setdefault("slug", []).append("There is already a zone of this short name.")
    return _write(ParkingZone(slug=spec.slug), spec, problems)


def update_zone(spec: ZoneSpec) -> ParkingZone:
    """Change the rules of the zone with the spec's slug. Raises ZoneRefused and ParkingZone.DoesNotExist.

    A new outline, slot or mode makes the current spaces meaningless: they are withdrawn and the zone is
    unknown until it is seen again.
    """
    with transaction.atomic():
        zone = ParkingZone.objects.select_for_update().get(slug=spec.slug)
        return _write(zone, spec, zone_problems(spec))


def save_zone(zone: ParkingZone) -> ParkingZone:
    """Store a zone that a form has filled in, new or known, through the same checks."""
    spec = zone.to_spec()
    return create_zone(spec) if zone.pk is None else update_zone(spec)


def _write(zone: ParkingZone, spec: ZoneSpec, problems: dict[str, list[str]]) -> ParkingZone:
    if problems:
        raise ZoneRefused(spec.slug, problems)
    ground, labels = _values(zone, _GROUND_FIELDS), _values(zone, _LABEL_FIELDS)
    zone.name, zone.mode, zone.angle_deg = spec.name, spec.mode, spec.angle_deg
    zone.slot_length_m, zone.slot_width_m = spec.slot_length_m, spec.slot_width_m
    zone.spacing_m, zone.access, zone.enabled = spec.spacing_m, spec.access, spec.enabled
    zone.geometry = _keep_if_same(zone.geometry, spec.geometry_3857)
    zone.kerb = _keep_if_same(zone.kerb, spec.kerb_3857)
    zone.access_edges = _keep_if_same(zone.access_edges, spec.access_edges_3857)
    zone.mixed_sizes = spec.mixed_sizes
    zone.fill_slot_defaults()
    if spec.validity_s is not None:
        zone.validity_s = spec.validity_s
    ground_changed = ground != _values(zone, _GROUND_FIELDS)
    if zone.pk is None or ground_changed or labels != _values(zone, _LABEL_FIELDS):
        if zone.pk is not None and ground_changed:
            _withdraw(zone)
        zone.version += 1
        zone.save()
    return zone


def _keep_if_same(stored: GEOSGeometry | None, given: shapely.Geometry | None) -> GEOSGeometry | None:
    """The stored geometry where the given one differs by rounding only, as after a way through a map or a file."""
    if stored is not None and given is not None:
        before = to_shapely(stored).normalize()
        if before.equals_exact(given.normalize(), SAME_GEOMETRY_UNITS):
            return stored
    return to_geos(given)


def _values(zone: ParkingZone, names: Iterable[str]) -> list[object]:
    values = (getattr(zone, name) for name in names)
    return [value.wkb if isinstance(value, GEOSGeometry) else value for value in values]


def _withdraw(zone: ParkingZone) -> None:
    zone.spaces.all().delete()
    zone.observations.all().delete()
    zone.valid_until, zone.free_count, zone.seen_share = None, None, None
    zone.found_count, zone.bound, zone.class_counts = None, None, {}


@transaction.atomic
def import_zones(path: Path, *, epsg: int | None = None) -> zone_files.ImportReport:
    """Create or update every zone in a GeoJSON, Shapefile or GeoPackage; all of them or none.

    Idempotent by slug: an unchanged zone is left alone. Raises zone_files.ZoneFileRefused with every problem of every
    feature, each with its place and cure.
    """
    specs = zone_files.read_zones(path, epsg=epsg)
    known = {zone.slug: zone for zone in ParkingZone.objects.filter(slug__in=[spec.slug for spec in specs])}
    created, updated, unchanged = [], [], []
    for spec in specs:
        if spec.slug not in known:
            create_zone(spec)
            created.append(spec.slug)
        elif update_zone(spec).version == known[spec.slug].version:
            unchanged.append(spec.slug)
        else:
            updated.append(spec.slug)
    return zone_files.ImportReport(tuple(created), tuple(updated), tuple(unchanged))


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
            _withdraw(zone)
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
    frame. The history keeps the last SPARK_SNAPSHOTS_KEPT layouts.
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
    validity = dt.timedelta(seconds=zone.validity_s)
    rows = replace_spaces(zone.pk, layout, validity)
    spaces = rows[OWN_LAYOUT]
    zone.version += 1
    zone.observed_at = layout.observed_at
    zone.valid_until = layout.observed_at + validity
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
