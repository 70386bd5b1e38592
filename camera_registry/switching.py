# SPDX-License-Identifier: AGPL-3.0-or-later
"""Switching cameras on and off, and who may undo it. Part of `camera_registry.services`, through which it is called.

An owner may always switch off. What an admin switched off only an admin switches on again, and what an owner withdrew
the consent for only the owner.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from camera_registry.models import Camera

__all__ = ["check_may_be_on", "keep_off", "set_enabled", "switch_fields"]


def set_enabled(camera: Camera, enabled: bool, *, by: Any = None, as_owner: bool = False) -> None:
    """Switch a camera on or off. Off takes effect at its next login, and open sessions end within seconds.

    by: the person who does it, None at the command line; as_owner: with an owner's rights, not an admin's.
    Raises ValidationError when it may not be on.
    """
    with transaction.atomic():  # an admin may be switching it off at this moment
        now = Camera.objects.select_for_update().get(pk=camera.pk)
        if enabled and as_owner and now.kept_off:
            raise ValidationError(
                {"enabled": _("An admin switched this camera off; only an admin can switch it on again.")}
            )
        if enabled:
            check_may_be_on(now)
        fields = switch_fields(now, enabled, by=by, as_owner=as_owner)
        Camera.objects.filter(pk=camera.pk).update(**fields)
    for name, value in fields.items():
        setattr(camera, name, value)


def keep_off(camera: Camera, *, by: Any = None) -> None:
    """An admin switches the camera off, also when its owner has done so already: only an admin undoes it."""
    fields = {"enabled": False, "kept_off": True, "off_by": by, "off_at": timezone.now()}
    Camera.objects.filter(pk=camera.pk).update(**fields)
    for name, value in fields.items():
        setattr(camera, name, value)


def switch_fields(camera: Camera, enabled: bool, *, by: Any = None, as_owner: bool = False) -> dict[str, Any]:
    """What switching writes to the camera's row: nothing when it is so already, so that who did it stays known."""
    if enabled == camera.enabled and camera.pk is not None:
        return {}
    if enabled:
        return {"enabled": True, "kept_off": False, "off_by": None, "off_at": None}
    return {"enabled": False, "kept_off": not as_owner, "off_by": by, "off_at": timezone.now()}


def check_may_be_on(camera: Camera) -> None:
    """Raise ValidationError when the camera's owner has withdrawn the consent; no admin can give it in their place."""
    last = camera.consents.first() if camera.pk else None
    if last is not None and last.withdrawn_at is not None:
        raise ValidationError(
            {
                "enabled": "Its owner has withdrawn the consent; only the owner can give it again, on the owner's page."
            }
        )
