# SPDX-License-Identifier: AGPL-3.0-or-later
"""Invitations, and what a camera's notice says. Written only by `apps.owners.services`.

The camera itself, its consents and its credentials are `camera_registry`'s.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

__all__ = ["CameraNotice", "Invitation", "InvitationState"]


class InvitationState(models.TextChoices):
    """What became of an invitation."""

    OPEN = "open", _("open")
    USED = "used", _("used")
    EXPIRED = "expired", _("expired")
    REVOKED = "revoked", _("revoked")


class Invitation(models.Model):
    """Leave to make one account. The link's secret is kept as a digest only: who reads the database cannot use it."""

    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    email = models.EmailField(
        _("e-mail"), blank=True, help_text=_("Empty: nothing is sent; pass the link on yourself.")
    )
    note = models.CharField(
        _("note"), max_length=120, blank=True, help_text=_("Who it is for; only admins see it.")
    )
    language = models.CharField(
        _("language"), max_length=10, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    used_at = models.DateTimeField(null=True, editable=False)
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.note or self.email or f"{self.created_at:%Y-%m-%d %H:%M}"

    def state(self, now: dt.datetime | None = None) -> InvitationState:
        """Open, used, expired or revoked at `now` (aware)."""
        if self.used_at is not None:
            return InvitationState.USED
        if self.revoked_at is not None:
            return InvitationState.REVOKED
        expired = self.expires_at <= (now or timezone.now())
        return InvitationState.EXPIRED if expired else InvitationState.OPEN


class CameraNotice(models.Model):
    """What passers-by are told of a camera: who is responsible and how to reach them, at an address of its own."""

    camera = models.OneToOneField(
        "camera_registry.Camera", on_delete=models.CASCADE, related_name="notice", primary_key=True
    )
    code = models.CharField(
        max_length=16, unique=True, help_text="Of the public page; not the account's name."
    )
    responsible = models.CharField(max_length=200)
    contact = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"{self.camera_id}: {self.responsible}"
