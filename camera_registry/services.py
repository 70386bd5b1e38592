# SPDX-License-Identifier: AGPL-3.0-or-later
"""All that changes the camera registry. Nothing else writes to its tables."""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import math
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import redis
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from camera_registry.calibration import Calibration
from camera_registry.choices import RejectReason
from camera_registry.constants import (
    ARRIVALS_KEPT,
    CAMERA_NAME_PATTERN,
    GENERATED_PASSWORD_BYTES,
    MAX_DETAIL_CHARS,
    MAX_UNKNOWN_ACCOUNTS,
    OTHER_ACCOUNTS,
)
from camera_registry.keys import parse_public_key
from camera_registry.models import (
    Camera,
    CameraActivity,
    CameraCalibration,
    CameraKey,
    CameraViewCheck,
    Rejection,
)
from camera_registry.reference_frames import reference_frames
from camera_registry.switching import check_may_be_on, keep_off, set_enabled, switch_fields
from camera_registry.view_reference import ViewReference
from camera_registry.view_status import ViewStatus
from camera_registry.view_turn import corrected, moved_reference
from camera_registry.view_watch import ViewMemory, ViewRecord

__all__ = [
    "Arrival",
    "accept_moved_view",
    "activate_calibration",
    "add_calibration",
    "add_key",
    "calibration_of",
    "check_may_be_on",
    "forget_rejections",
    "forget_view",
    "import_calibration",
    "keep_off",
    "record_analysed",
    "record_arrivals",
    "record_received",
    "record_rejection",
    "record_view",
    "register_camera",
    "remove_camera",
    "remove_key",
    "remove_password",
    "set_enabled",
    "set_generated_password",
]


logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Arrival:
    """A good frame: when it came (aware), how far its camera's clock was ahead of ours then, where known, and which time
    zone (seconds east) that was told apart from."""

    at: dt.datetime
    clock_skew_s: float | None = None
    clock_zone_s: float | None = None


def register_camera(name: str, *, public_keys: tuple[str, ...] = (), by: Any = None, **fields: Any) -> Camera:
    """Create the camera `name`, or set the given fields of the one there is.

    fields: any of title, owner, enabled, expected_interval_s, max_range_m, blind_ground; whoever gives `enabled` acts as
    an admin: `by`, or the command line. Keys are added to those the camera has. Raises ValidationError when a value is
    not acceptable.
    """
    with transaction.atomic():
        camera = Camera.objects.select_for_update().filter(name=name).first() or Camera(name=name)
        if "enabled" in fields:
            enabled = fields.pop("enabled")
            if enabled:
                check_may_be_on(camera)
            fields |= switch_fields(camera, enabled, by=by)
        for field, value in fields.items():
            setattr(camera, field, value)
        camera.full_clean()
        camera.save()
        for line in public_keys:
            add_key(camera, line)
    return camera


def add_key(camera: Camera, public_key: str, *, comment: str = "") -> CameraKey:
    """Let the camera log in with this public key; adding it twice changes nothing. Raises ValidationError."""
    try:
        key = parse_public_key(public_key)
    except ValueError as error:
        raise ValidationError({"public_key": str(error)}) from error
    row, _ = CameraKey.objects.get_or_create(
        camera=camera,
        fingerprint=key.fingerprint,
        defaults={"public_key": key.line, "comment": (comment or key.comment)[:120]},
    )
    return row


def remove_key(key: CameraKey) -> None:
    """The camera may no longer log in with this key; sessions that it opened end within seconds."""
    key.delete()


def remove_camera(camera: Camera) -> None:
    """Forget a camera with its keys, calibrations, counts and the frame that is held for calibrating it.

    What was published from its frames stays, and the proof of its consents, which end.
    """
    pk = camera.pk
    with transaction.atomic():
        camera.consents.filter(withdrawn_at=None).update(withdrawn_at=timezone.now())
        camera.delete()
    try:
        reference_frames().forget(pk)
    except redis.RedisError:  # it ends by itself, within half an hour
        logger.warning("camera %s: Redis is away; a frame that may be held ends by itself", pk)


def set_generated_password(camera: Camera) -> str:
    """Give the camera a new long random password and return it; only its hash is kept, so it is shown once."""
    password = secrets.token_urlsafe(GENERATED_PASSWORD_BYTES)
    camera.password_hash = make_password(password)
    Camera.objects.filter(pk=camera.pk).update(password_hash=camera.password_hash)
    return password


def remove_password(camera: Camera) -> None:
    """Back to keys only; a password that was being replaced goes too."""
    camera.password_hash = camera.old_password_hash = ""
    camera.old_password_until = None
    Camera.objects.filter(pk=camera.pk).update(
        password_hash="", old_password_hash="", old_password_until=None
    )


def add_calibration(
    camera: Camera,
    calibration: Calibration,
    *,
    note: str = "",
    user: Any = None,
    rmse_m: float | None = None,
    loo_rmse_m: float | None = None,
    points: Sequence[Mapping[str, Any]] = (),
) -> CameraCalibration:
    """Append a calibration as the camera's next version and use it from now on.

    points: the control points it was made from, JSON-ready, with at least name, px and lonlat.
    """
    with transaction.atomic():
        Camera.objects.select_for_update().get(pk=camera.pk)
        last = camera.calibrations.aggregate(last=Max("version"))["last"] or 0
        numbered = dataclasses.replace(calibration, name=camera.name, version=last + 1)
        row = CameraCalibration.objects.create(
            camera=camera,
            version=numbered.version,
            data=numbered.to_json(),
            rmse_m=rmse_m,
            loo_rmse_m=loo_rmse_m,
            points=list(points),
            note=note[:200],
            created_by=user,
        )
        activate_calibration(row)
    camera.refresh_from_db()
    return row


def import_calibration(
    camera: Camera, data: Mapping[str, Any], *, note: str = "", user: Any = None
) -> CameraCalibration:
    """Append what `python -m camera_registry.calibrate` wrote. Raises ValidationError when it is no calibration."""
    if not isinstance(data, Mapping):
        raise ValidationError("Not a calibration: the file must hold one JSON object.")
    try:
        calibration = Calibration.from_json(data)
    except ValueError as error:
        raise ValidationError(str(error)) from error
    return add_calibration(
        camera,
        calibration,
        note=note,
        user=user,
        rmse_m=_number(data.get("rmse_m")),
        loo_rmse_m=_number(data.get("leave_one_out_rmse_m")),
        points=_control_points(data.get("points")),
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _control_points(rows: Any) -> list[dict[str, Any]]:
    """The points of an imported calibration, as far as they are points: somebody may begin from them again."""
    points = []
    for row in rows if isinstance(rows, list) else []:
        try:
            pairs = {key: [float(value) for value in row[key]] for key in ("px", "lonlat")}
            if all(len(pair) == 2 and all(map(math.isfinite, pair)) for pair in pairs.values()):
                errors = {key: _number(row.get(key)) for key in ("residual_m", "leave_one_out_m")}
                points.append({"name": str(row["name"])[:80], **pairs, "kept": True, **errors})
        except (KeyError, TypeError, ValueError):
            continue
    return points


def activate_calibration(row: CameraCalibration) -> None:
    """Use this version, which may be an older one. The camera's expected image size follows it."""
    width, height = row.data["image_size"]
    Camera.objects.filter(pk=row.camera_id).update(calibration=row, image_width=width, image_height=height)


def calibration_of(camera: Camera) -> Calibration | None:
    """The camera's active calibration; None while it has none."""
    return Calibration.from_json(camera.calibration.data) if camera.calibration else None


def record_received(camera: Camera | int, at: dt.datetime, clock_skew_s: float | None = None) -> None:
    """A good frame came at `at`; `clock_skew_s`: how far its camera's clock was ahead of ours, where that is known."""
    record_arrivals(camera, [Arrival(at, clock_skew_s)])


def record_arrivals(camera: Camera | int, arrivals: Sequence[Arrival], *, count: int | None = None) -> None:
    """Good frames came, in any order. An older time never overwrites a newer one.

    count: how many came, when not all of them are still told of.
    """
    if not arrivals:
        return
    pk = camera if isinstance(camera, int) else camera.pk
    newest = max(arrival.at for arrival in arrivals)
    newer = Q(last_received_at__isnull=True) | Q(last_received_at__lt=newest)
    with transaction.atomic():
        Camera.objects.filter(newer, pk=pk).update(last_received_at=newest)
        activity = _activity(pk)
        if activity is not None:
            fresh = [
                [arrival.at.timestamp(), arrival.clock_skew_s, arrival.clock_zone_s] for arrival in arrivals
            ]
            kept = sorted([*activity.arrivals, *fresh], key=lambda row: row[0])[-ARRIVALS_KEPT:]
            CameraActivity.objects.filter(pk=pk).update(
                received=F("received") + (len(arrivals) if count is None else count), arrivals=kept
            )


def _activity(camera_id: int) -> CameraActivity | None:
    """The camera's row, held by this transaction; None when the camera is gone."""
    rows = CameraActivity.objects.select_for_update().filter(pk=camera_id)
    row = rows.first()
    if row is None and Camera.objects.filter(pk=camera_id).exists():
        CameraActivity.objects.bulk_create([CameraActivity(camera_id=camera_id)], ignore_conflicts=True)
        row = rows.first()
    return row


def record_analysed(
    camera: Camera | int, at: dt.datetime, cars: int, zones: Sequence[str] | None = None
) -> None:
    """The frame taken at `at` was analysed; this many cars were found in it, and these zones (slugs) were in view."""
    pk = camera if isinstance(camera, int) else camera.pk
    newer = Q(last_analysed_at__isnull=True) | Q(last_analysed_at__lte=at)
    with transaction.atomic():
        Camera.objects.filter(newer, pk=pk).update(last_analysed_at=at, last_cars=cars)
        if _activity(pk) is not None:
            seen = {} if zones is None else {"zones": sorted(zones)}
            CameraActivity.objects.filter(pk=pk).update(analysed=F("analysed") + 1, **seen)


def record_view(
    camera_id: int,
    calibration_id: int,
    at: dt.datetime,
    view: ViewRecord,
    reference: ViewReference | None = None,
) -> None:
    """Keep what the frame taken at `at` said of where its camera looks; `reference` when it is new or has grown."""
    fields = {
        "calibration_id": calibration_id,
        "status": view.memory.status.value,
        "checked_at": at,
        "detail": view.detail[:MAX_DETAIL_CHARS],
        "shift_px": view.memory.shift_px,
        "sigma_px": view.memory.sigma_px,
        "brightness": view.brightness,
        "sharpness": view.sharpness,
        "memory": view.memory.to_json(),
    }
    if reference is not None:
        fields["reference"] = reference.to_bytes()
    with transaction.atomic():
        before = (
            CameraViewCheck.objects.select_for_update()
            .filter(camera_id=camera_id)
            .only("status", "since")
            .first()
        )
        same = before is not None and before.status == fields["status"]
        fields["since"] = before.since if before and same else at
        if before is not None:
            CameraViewCheck.objects.filter(pk=before.pk).update(**fields)
        elif reference is not None:
            CameraViewCheck.objects.create(camera_id=camera_id, **fields)


def accept_moved_view(camera: Camera, *, user: Any = None) -> CameraCalibration:
    """Make the view that a camera has moved to its calibrated one: a new version, repaired by the shift that was found.

    Raises ValidationError when it is not known where the camera looks.
    """
    check = camera.current_view_check
    memory = ViewMemory.from_json(check.memory) if check else None
    before = calibration_of(camera)
    if check is None or memory is None or before is None or memory.to_reference is None or memory.lost:
        raise ValidationError(
            "It is not known where the camera looks now; wait for its next frame or calibrate anew."
        )
    repaired = corrected(before, memory.to_reference)
    with transaction.atomic():
        row = add_calibration(
            camera,
            repaired,
            note=f"version {before.version} repaired: the camera moved by {memory.shift_px:.0f} px",
            user=user,
        )
        followed = moved_reference(
            ViewReference.from_bytes(bytes(check.reference)), memory.to_reference, before
        )
        still = ViewMemory(status=ViewStatus.STEADY)
        record = ViewRecord(still, check.brightness, check.sharpness)
        record_view(camera.pk, row.pk, timezone.now(), record, followed)
    camera.refresh_from_db()
    return row


def forget_view(camera: Camera) -> None:
    """Take the camera's next frame as what its calibrated view looks like. Only a person can know that it is."""
    CameraViewCheck.objects.filter(camera=camera).delete()


def record_rejection(
    account: str,
    reason: RejectReason | str,
    detail: str = "",
    *,
    count: int = 1,
    at: dt.datetime | None = None,
) -> None:
    """Count frames of `account` that ended for `reason`. Raises ValueError for a reason that does not exist.

    Anyone can invent account names, so names without a camera share one row once there are many of them.
    """
    reason = RejectReason(reason)
    at = at or timezone.now()
    detail = _printable(detail)[:MAX_DETAIL_CHARS]
    camera = Camera.objects.filter(name=account).only("pk").first() if _plain(account) else None
    if camera is None and not _may_have_row(account):
        account = OTHER_ACCOUNTS
    for _ in range(2):
        rows = Rejection.objects.filter(account=account, reason=reason)
        if rows.update(count=F("count") + count, last_detail=detail, last_at=at, camera=camera):
            return
        try:
            with transaction.atomic():
                Rejection.objects.create(
                    account=account,
                    camera=camera,
                    reason=reason,
                    count=count,
                    last_detail=detail,
                    first_at=at,
                    last_at=at,
                )
            return
        except IntegrityError:  # somebody else made the row in between: add to it
            continue


def _printable(text: str) -> str:
    """File names may hold anything, also what is no text; what the database keeps must be text."""
    return re.sub(r"[\x00-\x1f\x7f]", "?", text.encode("utf-8", "replace").decode("utf-8"))


def _plain(account: str) -> bool:
    return re.fullmatch(CAMERA_NAME_PATTERN.strip("^$"), account) is not None


def _may_have_row(account: str) -> bool:
    if not _plain(account):
        return False
    known = Rejection.objects.filter(camera=None)
    if known.filter(account=account).exists():
        return True
    return known.values("account").distinct().count() < MAX_UNKNOWN_ACCOUNTS


def forget_rejections(account: str) -> None:
    """Start counting this account's rejections anew."""
    Rejection.objects.filter(account=account).delete()
