# SPDX-License-Identifier: AGPL-3.0-or-later
"""All that changes invitations, owners' accounts and notices. Cameras are changed through `camera_registry`."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import secrets
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.owners.consent import VERSION
from apps.owners.models import CameraNotice, Invitation, InvitationState
from camera_registry import onboarding
from camera_registry import services as registry
from camera_registry.models import Camera

__all__ = [
    "CameraWords",
    "InvitationGone",
    "accept_invitation",
    "add_camera",
    "after_user_saved",
    "before_user_deleted",
    "change_camera",
    "invite",
    "open_invitation",
    "remove_account",
    "revoke_invitation",
    "send_invitation",
]

logger = logging.getLogger(__name__)

TOKEN_BYTES = 32
INVITATION_DAYS = 7
_CODE_BYTES = 8


class InvitationGone(Exception):
    """The invitation does not exist, or was used, revoked or is too old; nobody is told which."""


@dataclass(frozen=True)
class CameraWords:
    """What an owner says of a camera. expected_interval_s: seconds between its frames."""

    title: str
    purpose: str
    responsible: str
    contact: str
    expected_interval_s: int


# --- invitations -------------------------------------------------------------------------------------------------------


def invite(
    admin: Any,
    *,
    email: str = "",
    note: str = "",
    language: str = settings.LANGUAGE_CODE,
    days: int = INVITATION_DAYS,
) -> tuple[Invitation, str]:
    """A new invitation and its secret, which is returned this once."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    invitation = Invitation.objects.create(
        token_hash=_digest(token),
        email=email,
        note=note,
        language=language,
        created_by=admin,
        expires_at=timezone.now() + dt.timedelta(days=days),
    )
    return invitation, token


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def send_invitation(invitation: Invitation, link: str) -> bool:
    """Write to the invited person, in their language. False when the mail server would not take it."""
    with translation.override(invitation.language):
        subject = _("Your camera for free parking spaces")
        body = _(
            "You are invited to lend SPARK a camera that looks at a street.\n\nOpen this link and choose a name and a password; it works once, until %(until)s UTC:\n\n%(link)s\n\nSPARK keeps no pictures. If you do not know what this is about, do nothing."
        ) % {"link": link, "until": invitation.expires_at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M")}
    try:
        send_mail(subject, body, None, [invitation.email])
    except OSError as error:  # smtplib's errors are OSErrors
        logger.warning("an invitation could not be sent: %s", error)
        return False
    return True


def revoke_invitation(invitation: Invitation) -> None:
    """It can be used no more. One that was used stays used."""
    Invitation.objects.filter(pk=invitation.pk, used_at=None, revoked_at=None).update(
        revoked_at=timezone.now()
    )


def open_invitation(token: str) -> Invitation:
    """The invitation of this secret. Raises InvitationGone unless it is open."""
    invitation = Invitation.objects.filter(token_hash=_digest(token)).first()
    if invitation is None or invitation.state() is not InvitationState.OPEN:
        raise InvitationGone
    return invitation


def accept_invitation(token: str, form: Any) -> Any:
    """The account that `form`, a valid user creation form, describes. Raises InvitationGone.

    Whoever comes second at the same moment waits for the first, and finds the invitation used.
    """
    with transaction.atomic():
        invitation = Invitation.objects.select_for_update().filter(token_hash=_digest(token)).first()
        if invitation is None or invitation.state() is not InvitationState.OPEN:
            raise InvitationGone
        user = form.save()
        invitation.used_at, invitation.used_by = timezone.now(), user
        invitation.save(update_fields=["used_at", "used_by"])
    return user


# --- accounts ----------------------------------------------------------------------------------------------------------


def after_user_saved(sender: Any, instance: Any, **kwargs: Any) -> None:
    """The account may have been switched off, here or in the admin."""
    if not instance.is_active:
        onboarding.switch_off_cameras_of(instance)


def before_user_deleted(sender: Any, instance: Any, **kwargs: Any) -> None:
    """The person goes, here or in the admin: consents end and lose the name, and the cameras they were for are off."""
    for camera in Camera.objects.filter(owner=instance, consents__user=instance).distinct():
        onboarding.withdraw_consent(camera)
    onboarding.forget_person(instance)


def remove_account(user: Any) -> None:
    """Forget a person with all cameras. What was published, and that there were consents, stays without a name.

    Raises ValidationError for an admin's account, which another admin must remove.
    """
    if user.is_staff or user.is_superuser:
        raise ValidationError(_("This is an admin's account; another admin must remove it."))
    with transaction.atomic():
        for camera in Camera.objects.filter(owner=user):
            registry.remove_camera(camera)
        Invitation.objects.filter(used_by=user).update(email="", note="")
        get_user_model().objects.get(pk=user.pk).delete()


# --- cameras -----------------------------------------------------------------------------------------------------------


def add_camera(user: Any, words: CameraWords) -> Camera:
    """A camera of this owner, who has agreed to the text of `consent.VERSION`. Raises ValidationError when there are
    enough already."""
    with transaction.atomic():
        get_user_model().objects.select_for_update().get(pk=user.pk)  # two requests at once count as two
        if Camera.objects.filter(owner=user).count() >= settings.SPARK_CAMERAS_PER_OWNER:
            raise ValidationError(
                _("You have %d cameras already; ask an admin for more.") % settings.SPARK_CAMERAS_PER_OWNER
            )
        camera = onboarding.register_owned_camera(user, words.title, _agreed(words))
        camera = registry.register_camera(camera.name, expected_interval_s=words.expected_interval_s)
        _say(camera, words)
    return camera


def change_camera(camera: Camera, user: Any, words: CameraWords) -> None:
    """Other words, and a consent to the text as it is now and to the purpose that they name. Switches nothing on."""
    with transaction.atomic():
        registry.register_camera(
            camera.name, title=words.title, expected_interval_s=words.expected_interval_s
        )
        onboarding.give_consent(camera, user, _agreed(words))
        _say(camera, words)


def _agreed(words: CameraWords) -> onboarding.Purpose:
    return onboarding.Purpose(words.responsible, words.purpose, VERSION, translation.get_language() or "")


def _say(camera: Camera, words: CameraWords) -> None:
    CameraNotice.objects.update_or_create(
        camera=camera,
        defaults={"responsible": words.responsible, "contact": words.contact},
        create_defaults={
            "responsible": words.responsible,
            "contact": words.contact,
            "code": secrets.token_hex(_CODE_BYTES),
        },
    )
