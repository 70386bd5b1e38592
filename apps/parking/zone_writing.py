# SPDX-License-Identifier: AGPL-3.0-or-later
"""How zones are written: one by one, all of a file or none, cut in two, put together. Reached through `services` only.

What a change does to what is known: a zone whose ground or hours change loses its current spaces and observations and is
unknown until a camera sees it again. Its history stays. A zone that was merged away is kept, switched off, for its own.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import shapely
from django.contrib.gis.geos import GEOSGeometry
from django.db import transaction
from django.utils import timezone

from apps.parking import zone_files
from apps.parking.choices import Standing
from apps.parking.models import ParkingZone
from apps.parking.shapes import to_geos, to_shapely
from apps.parking.zone_cutting import merged, parts_of
from apps.parking.zones import ZoneSpec, zone_problems

__all__ = [
    "ProposalReport",
    "ZoneChangedMeanwhile",
    "ZoneRefused",
    "accept_zones",
    "create_zone",
    "decline_zones",
    "fingerprint",
    "merge_zones",
    "note_hours",
    "propose_zones",
    "save_zone",
    "split_zone",
    "update_zone",
    "withdraw",
    "write_zones",
]

#: Corners that moved by less than this, in EPSG:3857 units (at most 1 cm), have not been moved.
SAME_GEOMETRY_UNITS = 0.01

#: A change of these makes the current spaces meaningless.
_GROUND_FIELDS = (
    "geometry", "kerb", "access_edges", "mixed_sizes", "mode", "angle_deg", "slot_length_m", "slot_width_m", "spacing_m",
    "hours", "enabled",
)  # fmt: skip
#: A change of these shows in the answers or the admin, but leaves the spaces as they are.
_LABEL_FIELDS = ("name", "access", "validity_s", "standing", "source", "licence")
#: What goes from a spec into its row as it is.
_PLAIN_FIELDS = (
    "name", "mode", "angle_deg", "slot_length_m", "slot_width_m", "spacing_m", "mixed_sizes", "access", "hours",
    "enabled", "standing", "source", "licence",
)  # fmt: skip


class ZoneRefused(ValueError):
    """A zone that cannot be used; `problems` maps field names to sentences."""

    def __init__(self, slug: str, problems: dict[str, list[str]]) -> None:
        self.slug = slug
        self.problems = problems
        super().__init__(f"zone {slug}: " + " ".join(itertools.chain(*problems.values())))


class ZoneChangedMeanwhile(ValueError):
    """Somebody else has changed the zone since it was read; nothing was written."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} has been changed by somebody else since you opened it, and nothing was saved."
            " Open it again in another tab, and make your changes there."
        )


@dataclass(frozen=True)
class ProposalReport:
    """Slugs of what a proposal made, changed, found as it was, and left alone because somebody has judged it."""

    created: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    judged: tuple[str, ...]


def fingerprint(spec: ZoneSpec) -> str:
    """A short word for all that a zone is; two readings of an unchanged zone have the same."""
    digest = hashlib.sha256()
    for field in fields(spec):
        value = getattr(spec, field.name)
        if isinstance(value, shapely.Geometry):
            value = shapely.set_precision(value, SAME_GEOMETRY_UNITS, mode="pointwise").normalize().wkt
        digest.update(f"{field.name}={value!r};".encode())
    return digest.hexdigest()[:24]


# --- one zone --------------------------------------------------------------------------------------------------------


def create_zone(spec: ZoneSpec) -> ParkingZone:
    """Add a zone. Raises ZoneRefused with sentences that name the place and the cure."""
    problems = zone_problems(spec)
    if ParkingZone.objects.filter(slug=spec.slug).exists():
        problems.setdefault("slug", []).append("There is already a zone of this short name.")
    return _write(ParkingZone(slug=spec.slug), spec, problems)


def update_zone(spec: ZoneSpec, *, based_on: str | None = None) -> ParkingZone:
    """Change the rules of the zone with the spec's slug.

    based_on: the fingerprint of what the change began from. Raises ZoneRefused, ParkingZone.DoesNotExist, and
    ZoneChangedMeanwhile when the zone is another one now.

    A new outline, slot, mode or new hours make the current spaces meaningless: they are withdrawn and the zone is
    unknown until it is seen again.
    """
    with transaction.atomic():
        zone = ParkingZone.objects.select_for_update().get(slug=spec.slug)
        if based_on is not None and fingerprint(zone.to_spec()) != based_on:
            raise ZoneChangedMeanwhile(zone.name)
        return _write(zone, spec, zone_problems(spec))


def save_zone(zone: ParkingZone) -> ParkingZone:
    """Store a zone that a form has filled in, new or known, through the same checks."""
    spec = zone.to_spec()
    return create_zone(spec) if zone.pk is None else update_zone(spec)


def _write(zone: ParkingZone, spec: ZoneSpec, problems: dict[str, list[str]]) -> ParkingZone:
    if problems:
        raise ZoneRefused(spec.slug, problems)
    ground, labels = _values(zone, _GROUND_FIELDS), _values(zone, _LABEL_FIELDS)
    for name in _PLAIN_FIELDS:
        setattr(zone, name, getattr(spec, name))
    zone.geometry = _keep_if_same(zone.geometry, spec.geometry_3857)
    zone.kerb = _keep_if_same(zone.kerb, spec.kerb_3857)
    zone.access_edges = _keep_if_same(zone.access_edges, spec.access_edges_3857)
    zone.fill_slot_defaults()
    if spec.validity_s is not None:
        zone.validity_s = spec.validity_s
    ground_changed = ground != _values(zone, _GROUND_FIELDS)
    if zone.pk is None or ground_changed or labels != _values(zone, _LABEL_FIELDS):
        now = timezone.now()
        if zone.pk is not None and ground_changed:
            withdraw(zone)
            zone.drawn_at = now
        note_hours(zone, now)
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


def withdraw(zone: ParkingZone) -> None:
    """Forget what is believed of a zone now; the caller saves the row. The history stays."""
    zone.spaces.all().delete()
    zone.observations.all().delete()
    zone.valid_until, zone.free_count, zone.seen_share = None, None, None
    zone.found_count, zone.bound, zone.class_counts = None, None, {}


def note_hours(zone: ParkingZone, now: dt.datetime) -> dt.datetime | None:
    """Look up the zone's hours at `now` (aware); the caller saves the row.

    Returns the moment from which on nothing may be believed: when the hours end, `now` itself outside them, None for
    never.
    """
    state = zone.open_state(now)
    if state.open:
        zone.closes_at = state.until
        zone.opens_at = zone.open_state(state.until).until if state.until else None
        return state.until
    zone.closes_at, zone.opens_at = now, state.until
    return now


# --- many zones ------------------------------------------------------------------------------------------------------


@transaction.atomic
def write_zones(
    specs: Sequence[ZoneSpec], based_on: Mapping[str, str | None] | None = None
) -> zone_files.ImportReport:
    """Create or update every one of these zones; all of them or none. Idempotent: an unchanged zone is left alone.

    based_on: slug -> fingerprint of what was there when the change was looked at, None for nothing. Raises ZoneRefused,
    and ZoneChangedMeanwhile where something else is there now.
    """
    known = _known(specs)
    for slug, wanted in (based_on or {}).items():
        found = fingerprint(known[slug].to_spec()) if slug in known else None
        if found != wanted:
            raise ZoneChangedMeanwhile(known[slug].name if slug in known else slug)
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


@transaction.atomic
def propose_zones(specs: Sequence[ZoneSpec]) -> ProposalReport:
    """Put zones forward for an admin to judge: switched off, whatever the spec says. All of them or none.

    Idempotent by slug: an open proposal is renewed, and a zone that somebody has accepted, declined or retired is left as
    it is. Raises ZoneRefused.
    """
    known = _known(specs)
    created, updated, unchanged, judged = [], [], [], []
    for given in specs:
        spec = replace(given, enabled=False, standing=Standing.PROPOSED.value)
        if spec.slug not in known:
            create_zone(spec)
            created.append(spec.slug)
        elif known[spec.slug].standing != Standing.PROPOSED:
            judged.append(spec.slug)
        elif update_zone(spec).version == known[spec.slug].version:
            unchanged.append(spec.slug)
        else:
            updated.append(spec.slug)
    return ProposalReport(tuple(created), tuple(updated), tuple(unchanged), tuple(judged))


def accept_zones(slugs: Iterable[str]) -> list[str]:
    """Make these zones the site's own and switch them on; they are unknown until a camera has seen them.

    Returns the slugs of those that were not accepted before. Raises ZoneRefused.
    """
    return _judge(slugs, Standing.ACCEPTED)


def decline_zones(slugs: Iterable[str]) -> list[str]:
    """Keep these proposals from being made again. Accepted zones are left alone. Returns the slugs of the others."""
    return _judge(slugs, Standing.DECLINED)


@transaction.atomic
def _judge(slugs: Iterable[str], standing: Standing) -> list[str]:
    waiting = (Standing.PROPOSED, Standing.DECLINED)
    zones = ParkingZone.objects.select_for_update().filter(slug__in=list(slugs), standing__in=waiting)
    changed = []
    for zone in zones.order_by("slug"):
        if zone.standing != standing:
            wanted = replace(zone.to_spec(), standing=standing.value, enabled=standing is Standing.ACCEPTED)
            update_zone(wanted)
            changed.append(zone.slug)
    return changed


def _known(specs: Sequence[ZoneSpec]) -> dict[str, ParkingZone]:
    return {zone.slug: zone for zone in ParkingZone.objects.filter(slug__in=[spec.slug for spec in specs])}


# --- cutting and joining ---------------------------------------------------------------------------------------------


@transaction.atomic
def split_zone(
    spec: ZoneSpec, blade_3857: shapely.LineString, *, based_on: str | None = None
) -> list[ParkingZone]:
    """Save a zone as the spec says and cut it along a line, in one transaction; the largest part comes first.

    The largest part keeps the short name and the history; each other part is a new zone with the same rules. Current
    spaces and observations of the zone are withdrawn: every part is unknown until it is seen again.
    Raises ZoneRefused, CutRefused, ZoneChangedMeanwhile and ParkingZone.DoesNotExist.
    """
    first, *others = parts_of(spec, blade_3857)
    zones = [update_zone(first, based_on=based_on)]
    for number, part in enumerate(others, start=2):
        zones.append(create_zone(replace(part, slug=_free_slug(spec.slug), name=f"{spec.name} {number}")))
    return zones


@transaction.atomic
def merge_zones(spec: ZoneSpec, other_slugs: Sequence[str], *, based_on: str | None = None) -> ParkingZone:
    """Save a zone as the spec says and join touching ones to it, in one transaction. Returns the joint zone.

    It keeps the first one's short name, rules and history. The others are retired: switched off, their spaces withdrawn,
    their history kept with them. The joint zone is unknown until it is seen again.
    Raises ZoneRefused, CutRefused, ZoneChangedMeanwhile and ParkingZone.DoesNotExist.
    """
    others = list(ParkingZone.objects.select_for_update().filter(slug__in=other_slugs).order_by("slug"))
    if len(others) < len(set(other_slugs)):
        raise ParkingZone.DoesNotExist(f"Not all of {', '.join(other_slugs)} are there any more.")
    joint = merged(spec, [zone.to_spec() for zone in others])
    for zone in others:
        note = f"merged into {spec.slug}"
        update_zone(replace(zone.to_spec(), enabled=False, standing=Standing.RETIRED.value, source=note))
    return update_zone(joint, based_on=based_on)


def _free_slug(slug: str) -> str:
    for number in itertools.count(2):
        ending = f"-{number}"
        found = slug[: 60 - len(ending)] + ending
        if not ParkingZone.objects.filter(slug=found).exists():
            return found
    raise AssertionError("unreachable")
