# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a file would do to the zones: shown first, carried through the browser under a signature, then done.

Of a zone that exists, what a zone file does not mention stays as it is. Nothing is kept on the server between looking and confirming. What comes back is this site's own plan, unchanged, and is
carried out only while the zones are what they were when it was shown.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import shapely
from django.core import signing
from django.core.files.uploadedfile import UploadedFile

from apps.parking.models import ParkingZone
from apps.parking.osm_files import OSM_ENDINGS, read_osm
from apps.parking.osm_zones import propose
from apps.parking.selectors import zone_specs
from apps.parking.zone_fields import left_to_defaults
from apps.parking.zone_files import ENDINGS, ZIPPED, SurveyedFeature, refuse_problems, survey_zones
from apps.parking.zone_notices import findings
from apps.parking.zone_surroundings import neighbours
from apps.parking.zone_writing import fingerprint
from apps.parking.zones import ZoneSpec, filled_in

__all__ = [
    "Plan",
    "PlanLost",
    "PlanRow",
    "PlanTooLarge",
    "read_plan",
    "sign_plan",
    "survey_file",
    "survey_osm",
    "survey_path",
]

#: A plan that was shown longer ago than this is looked at anew, seconds.
PLAN_MAX_AGE_S = 3600
#: Django takes no larger form than 2.5 MB; beyond it the command does it.
MAX_SIGNED_BYTES = 2_000_000
#: Fields of a zone whose change is named in the plan.
_GEOMETRIES = ("geometry_3857", "kerb_3857", "access_edges_3857")
_WORDS = {
    "geometry_3857": "outline",
    "kerb_3857": "kerb",
    "access_edges_3857": "access edges",
    "enabled": "switched on",
}
_SALT = "apps.parking.zone_plans"


class PlanTooLarge(ValueError):
    """A file with more zones than fit through the browser; the text names the command that does it."""


class PlanLost(ValueError):
    """A plan that is too old or was not made here."""


@dataclass(frozen=True)
class PlanRow:
    """One feature of a file. kind: new, changed, unchanged, judged or refused; `spec` is None for what is refused."""

    kind: str
    label: str
    spec: ZoneSpec | None
    based_on: str | None
    changes: tuple[str, ...]
    problems: tuple[str, ...]
    notices: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What a file would do. proposals: its zones are put forward, not switched on."""

    name: str
    proposals: bool
    rows: tuple[PlanRow, ...]
    left_out: tuple[str, ...] = ()


def survey_file(upload: UploadedFile, *, epsg: int | None) -> Plan:
    """The plan of a zone file. Raises zone_files.ZoneFileRefused for a file that cannot be read."""
    with _stored(upload, (*ENDINGS, ZIPPED)) as path:
        surveyed = survey_zones(path, epsg=epsg, known=_known())
    return _plan(upload.name or "", surveyed)


def survey_path(path: Path, *, epsg: int | None) -> Plan:
    """The plan of a zone file in which nothing is refused. Raises zone_files.ZoneFileRefused with every problem."""
    surveyed = survey_zones(path, epsg=epsg, known=_known())
    refuse_problems(path, surveyed)
    return _plan(path.name, surveyed)


def _known() -> dict[str, ZoneSpec]:
    return {zone.slug: zone for zone in zone_specs()}


def _plan(name: str, surveyed: Sequence[SurveyedFeature]) -> Plan:
    rows = [
        _row(feature.label, feature.spec, feature.problems, given=feature.given)
        if feature.spec is not None
        else PlanRow("refused", feature.label, None, None, (), _plain(feature.problems), ())
        for feature in surveyed
    ]
    return Plan(name, proposals=False, rows=tuple(rows))


def survey_osm(upload: UploadedFile) -> Plan:
    """The plan of an OpenStreetMap extract. Raises osm_files.OsmFileRefused."""
    with _stored(upload, OSM_ENDINGS) as path:
        specs, skipped = propose(read_osm(path))
    rows = [_row(spec.name, spec, (), judged=True) for spec in specs]
    left_out = tuple(f"way {one.way}, {one.reason}" for one in skipped)
    return Plan(upload.name or "", proposals=True, rows=tuple(rows), left_out=left_out)


class _stored:
    """An uploaded file under a name of our own: its given name says no more than its ending."""

    def __init__(self, upload: UploadedFile, endings: Sequence[str]) -> None:
        given = (upload.name or "").lower()
        self.upload = upload
        self.ending = max(
            (ending for ending in endings if given.endswith(ending)), key=len, default=".unknown"
        )

    def __enter__(self) -> Path:
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / f"uploaded{self.ending}"
        with path.open("wb") as file:
            for chunk in self.upload.chunks():
                file.write(chunk)
        return path

    def __exit__(self, *_: object) -> None:
        self.folder.cleanup()


def _plain(problems: Sequence[str]) -> tuple[str, ...]:
    return tuple(problem.lstrip(":, ") for problem in problems)


def _row(
    label: str,
    spec: ZoneSpec,
    problems: Sequence[str],
    *,
    judged: bool = False,
    given: frozenset[str] | None = None,
) -> PlanRow:
    """given: the attributes that a zone file says, of which a new zone is told what was left to the defaults."""
    if problems:
        return PlanRow("refused", label, None, None, (), _plain(problems), ())
    stored = ParkingZone.objects.filter(slug=spec.slug).first()
    notices = tuple(one.message for one in findings(spec, neighbours(spec)) if not one.refused)
    if stored is None:
        defaults = left_to_defaults(spec, given) if given is not None else ""
        said = (f"not in the file, so by default: {defaults}",) if defaults else ()
        return PlanRow("new", label, spec, None, said, (), notices)
    before = stored.to_spec()
    if judged and stored.standing != "proposed":
        return PlanRow("judged", label, None, None, (), (), ())
    changes = _changes(before, spec)
    kind = "changed" if changes else "unchanged"
    return PlanRow(kind, label, spec, fingerprint(before), changes, (), notices if changes else ())


def _changes(before: ZoneSpec, after: ZoneSpec) -> tuple[str, ...]:
    """What differs, in words. A validity that is left open stays what it is, and a size becomes the mode's."""
    found = []
    after = filled_in(after)
    for field in fields(ZoneSpec):
        old, new = getattr(before, field.name), getattr(after, field.name)
        word = _WORDS.get(field.name, field.name.replace("_", " "))
        if field.name in _GEOMETRIES:
            if not _same(old, new):
                found.append(word)
        elif old != new and not (new is None and field.name == "validity_s"):
            found.append(f"{word}: {'–' if old == '' else old} → {'–' if new == '' else new}")
    return tuple(found)


def _same(old: shapely.Geometry | None, new: shapely.Geometry | None) -> bool:
    if old is None or new is None:
        return old is new
    return bool(old.normalize().equals_exact(new.normalize(), 0.01))


# --- through the browser and back ------------------------------------------------------------------------------------


def sign_plan(plan: Plan, user_id: int) -> str:
    """The plan as text that only this site can have written, for this user. Raises PlanTooLarge."""
    rows = [
        [_packed(row.spec), row.based_on] for row in plan.rows if row.kind in ("new", "changed") and row.spec
    ]
    text = signing.dumps([user_id, plan.proposals, rows], salt=_SALT, compress=True)
    if len(text) > MAX_SIGNED_BYTES:
        command = "import_osm" if plan.proposals else "import_zones"
        raise PlanTooLarge(
            f"{plan.name} has {len(plan.rows)} zones, more than fit through a page; `manage.py {command}` reads it."
        )
    return text


def read_plan(text: str, user_id: int) -> tuple[bool, dict[str, tuple[ZoneSpec, str | None]]]:
    """Whether the zones are proposals, and slug -> (zone, what it was based on). Raises PlanLost."""
    try:
        owner, proposals, rows = signing.loads(text, salt=_SALT, max_age=PLAN_MAX_AGE_S)
    except signing.BadSignature:
        raise PlanLost("This preview is more than an hour old; choose the file again.") from None
    if owner != user_id:
        raise PlanLost("This preview was shown to somebody else; choose the file again.")
    specs = [(_unpacked(packed), based_on) for packed, based_on in rows]
    return bool(proposals), {spec.slug: (spec, based_on) for spec, based_on in specs}


def _packed(spec: ZoneSpec) -> dict[str, Any]:
    values = {field.name: getattr(spec, field.name) for field in fields(ZoneSpec)}
    for name in _GEOMETRIES:
        values[name] = None if values[name] is None else shapely.to_wkb(values[name], hex=True)
    return values


def _unpacked(values: dict[str, Any]) -> ZoneSpec:
    geometries = {
        name: None if values[name] is None else shapely.from_wkb(values[name]) for name in _GEOMETRIES
    }
    return ZoneSpec(**(values | geometries))
