# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is kept for a camera's owner: the consent, and what a first frame was like. Written only by
`camera_registry.onboarding`.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models

__all__ = ["CameraConsent", "CameraFrameCheck"]


class CameraFrameCheck(models.Model):
    """What the last whole frame of a camera that is not calibrated yet was like: numbers, never the picture."""

    camera = models.OneToOneField(
        "camera_registry.Camera", on_delete=models.CASCADE, related_name="frame_check"
    )
    at = models.DateTimeField(help_text="When the frame came.")
    width = models.PositiveIntegerField(help_text="Pixels.")
    height = models.PositiveIntegerField(help_text="Pixels.")
    brightness = models.FloatField(help_text="Mean grey value outside the privacy mask, 0 to 255.")
    sharpness = models.FloatField(help_text="Standard deviation of its Laplacian, grey values.")

    class Meta:
        ordering = ("camera",)

    def __str__(self) -> str:
        return f"{self.camera}: {self.width} × {self.height}"


class CameraConsent(models.Model):
    """That an owner agreed to a camera's use: who, when, to which text, for which purpose. Never edited but to withdraw.

    It outlives the camera and its owner, then without a person's name: that there was a consent must stay provable.
    """

    camera = models.ForeignKey(
        "camera_registry.Camera", null=True, blank=True, on_delete=models.SET_NULL, related_name="consents"
    )
    camera_name = models.CharField(max_length=40)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    who = models.CharField(
        max_length=200, blank=True, help_text="The name that was given; gone with the account."
    )
    purpose = models.CharField(max_length=300)
    text_version = models.CharField(max_length=20)
    language = models.CharField(max_length=10)
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-given_at", "-pk")

    def __str__(self) -> str:
        return f"{self.camera_name}, text {self.text_version}"
