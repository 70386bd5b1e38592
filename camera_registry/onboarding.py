# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a camera's owner may do, as far as the registry is concerned: consent, new credentials, privacy mask.

Beside `camera_registry.services` the only writer of the registry's tables; who may call what is the callers' matter.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any

import asyncssh
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.text import slugify

from camera_registry import services
from camera_registry.frame_quality import FrameQuality
from camera_registry.models import Camera, CameraConsent, CameraFrameCheck, CameraKey, CameraViewCheck
from camera_registry.privacy_mask import PrivacyMask, reference_without
from camera_registry.reference_frames import reference_frames
from camera_registry.view_reference import LEAST_KEYPOINTS, ViewReference

__all__ = [
    "Purpose",
    "consent_in_force",
    "forget_person",
    "give_consent",
    "new_password",
    "new_private_key",
    "record_frame_check",
    "register_owned_camera",
    "set_privacy_mask",
    "stop_old_credentials",
    "switch_off_cameras_of",
    "use_own_key",
    "withdraw_consent",
]

#: Letters that are said otherwise in ASCII than Unicode's own decomposition has it.
_LETTERS = str.maketrans(
    {"ı": "i", "İ": "I", "ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "æ": "ae"}
)
#: Behind the title's words, so that an account's name cannot be guessed from a notice: 32 bits.
_NAME_ENDING_BYTES = 4
_NAME_WORDS_CHARS = 30


@dataclass(frozen=True)
class Purpose:
    """What an owner agreed to. who: the responsible person's or body's name; text_version: of the text shown."""

    who: str
    purpose: str
    text_version: str
    language: str


def register_owned_camera(owner: Any, title: str, agreed: Purpose) -> Camera:
    """A new camera of `owner`, with its consent, whose language its e-mails will have; the account's name comes from the
    title and chance."""
    words = slugify(title.translate(_LETTERS)).replace("_", "-").strip("-")
    if len(words) > _NAME_WORDS_CHARS:  # at a whole word, where there is one
        words = words[: _NAME_WORDS_CHARS + 1].rpartition("-")[0] or words[:_NAME_WORDS_CHARS]
    name = f"{words.strip('-') or 'camera'}-{secrets.token_hex(_NAME_ENDING_BYTES)}"
    with transaction.atomic():
        camera = services.register_camera(
            name, title=title, owner=owner, alert_language=agreed.language or settings.LANGUAGE_CODE
        )
        give_consent(camera, owner, agreed)
    return camera


# --- consent -----------------------------------------------------------------------------------------------------------


def consent_in_force(camera: Camera) -> CameraConsent | None:
    """The owner's last consent unless it was withdrawn; None also for a camera that an admin registered."""
    last = camera.consents.first()
    return last if last and last.withdrawn_at is None else None


def give_consent(camera: Camera, user: Any, agreed: Purpose) -> CameraConsent:
    """Record that `user` agreed, in place of what was agreed before. Switches nothing on."""
    now = timezone.now()
    with transaction.atomic():
        camera.consents.filter(withdrawn_at=None).update(withdrawn_at=now)
        return CameraConsent.objects.create(
            camera=camera,
            camera_name=camera.name,
            user=user,
            who=agreed.who,
            purpose=agreed.purpose,
            text_version=agreed.text_version,
            language=agreed.language,
            given_at=now,
        )


def withdraw_consent(camera: Camera) -> None:
    """The owner agrees no more: the camera is off at once, and stays off until there is a consent again."""
    with transaction.atomic():
        camera.consents.filter(withdrawn_at=None).update(withdrawn_at=timezone.now())
        services.set_enabled(camera, False, as_owner=True)


def forget_person(user: Any) -> None:
    """Take a person's name out of all consents, which end; that they were given, and when, stays."""
    rows = CameraConsent.objects.filter(user=user)
    rows.filter(withdrawn_at=None).update(withdrawn_at=timezone.now())
    rows.update(who="", user=None)


def switch_off_cameras_of(user: Any) -> int:
    """The person's account was switched off: so are the cameras, until the account is back and its owner switches them on.
    Returns how many were on."""
    return Camera.objects.filter(owner=user, enabled=True).update(enabled=False, off_at=timezone.now())


# --- credentials -------------------------------------------------------------------------------------------------------


def new_password(camera: Camera, old_until: dt.datetime | None = None) -> str:
    """A new long random password, returned this once. What opened the door before does so until `old_until`, at most;
    without one it stops now, and sessions that it opened end within seconds."""
    with transaction.atomic():
        _stop_credentials(camera, old_until)
        password = services.set_generated_password(camera)
    return password


def new_private_key(camera: Camera, old_until: dt.datetime | None = None) -> str:
    """A new Ed25519 key pair: the private half in OpenSSH's form, returned this once and kept nowhere. The rest as
    `new_password`."""
    key = asyncssh.generate_private_key("ssh-ed25519", comment=camera.name)
    use_own_key(camera, key.export_public_key("openssh").decode(), old_until)
    return key.export_private_key("openssh").decode()


def use_own_key(camera: Camera, public_key: str, old_until: dt.datetime | None = None) -> CameraKey:
    """Let the camera log in with this public key. The rest as `new_password`. Raises ValidationError."""
    with transaction.atomic():
        row = services.add_key(camera, public_key)
        _stop_credentials(camera, old_until, besides=row)
        if row.stops_at is not None:  # the one in use until now is wanted again
            row.stops_at = None
            row.save(update_fields=["stops_at"])
    return row


def stop_old_credentials(camera: Camera) -> None:
    """Whatever was to stop later stops now."""
    camera.keys.filter(stops_at__isnull=False).delete()
    _set_old_password(camera, "", None)


def _stop_credentials(camera: Camera, until: dt.datetime | None, besides: CameraKey | None = None) -> None:
    """Everything that opens the door now stops at `until`, or now. One password at a time can be the old one."""
    now = timezone.now()
    if until is not None and until <= now:
        until = None
    current, old = camera.password_hash, (camera.old_password_hash, camera.old_password_until)
    services.remove_password(camera)
    keys = camera.keys.exclude(pk=besides.pk) if besides else camera.keys.all()
    if until is None:
        keys.delete()
        return
    keys.filter(stops_at__lte=now).delete()
    keys.filter(Q(stops_at=None) | Q(stops_at__gt=until)).update(stops_at=until)
    if current:
        _set_old_password(camera, current, until)
    elif old[1] is not None:
        _set_old_password(camera, old[0], min(old[1], until))


def _set_old_password(camera: Camera, stored: str, until: dt.datetime | None) -> None:
    camera.old_password_hash, camera.old_password_until = stored, until
    Camera.objects.filter(pk=camera.pk).update(old_password_hash=stored, old_password_until=until)


# --- what is seen ------------------------------------------------------------------------------------------------------


def set_privacy_mask(camera: Camera, mask: PrivacyMask | None) -> None:
    """Blacken this from the next frame on; None or no polygons: nothing.

    What is known of the view loses its keypoints there, and a frame kept for calibrating or drawing goes: it was kept
    without the mask. Raises redis.RedisError when that frame cannot be reached; nothing has changed then.
    """
    polygons, size = (mask.to_json(), list(mask.image_size)) if mask else ([], None)
    with transaction.atomic():
        Camera.objects.filter(pk=camera.pk).update(privacy_mask=polygons, privacy_mask_size=size)
        if mask:
            _forget_keypoints(camera, mask)
        reference_frames().forget(camera.pk)
    camera.privacy_mask, camera.privacy_mask_size = polygons, size


def _forget_keypoints(camera: Camera, mask: PrivacyMask) -> None:
    check = CameraViewCheck.objects.select_for_update().filter(camera=camera).first()
    if check is None:
        return
    try:
        rest = reference_without(ViewReference.from_bytes(bytes(check.reference)), mask, LEAST_KEYPOINTS)
    except ValueError:  # another format, or a picture of another shape
        rest = None
    if rest is None:
        check.delete()
    else:
        CameraViewCheck.objects.filter(pk=check.pk).update(reference=rest.to_bytes())


def record_frame_check(camera_id: int, at: dt.datetime, quality: FrameQuality) -> None:
    """Keep what the frame that came at `at` was like. An older one never overwrites a newer."""
    width, height = quality.image_size
    fields = {
        "at": at,
        "width": width,
        "height": height,
        "brightness": quality.brightness,
        "sharpness": quality.sharpness,
    }
    rows = CameraFrameCheck.objects.filter(camera_id=camera_id)
    if rows.exists():
        rows.filter(at__lt=at).update(**fields)
    elif Camera.objects.filter(pk=camera_id).exists():  # it may have been removed meanwhile
        CameraFrameCheck.objects.get_or_create(camera_id=camera_id, defaults=fields)
