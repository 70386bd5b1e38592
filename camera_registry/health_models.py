# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is kept of a camera's health: its last arrivals, its incidents, and what was said about them to whom.

Written only by `camera_registry.services` (activity) and `camera_registry.alerts` (incidents and alerts).
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

__all__ = ["AlertChannel", "AlertEvent", "AlertStatus", "CameraActivity", "CameraAlert", "CameraIncident"]


class CameraActivity(models.Model):
    """What came from a camera lately; one row each, written by intake and the workers."""

    camera = models.OneToOneField(
        "camera_registry.Camera", on_delete=models.CASCADE, related_name="activity", primary_key=True
    )
    received = models.PositiveBigIntegerField(default=0, help_text="Good frames since counting began.")
    analysed = models.PositiveBigIntegerField(default=0, help_text="Frames that became a result.")
    arrivals = models.JSONField(
        default=list,
        help_text="Of the last frames, oldest first: Unix seconds of arrival, clock skew or null, and the time"
        " zone that was taken from it, or null.",
    )
    zones = models.JSONField(
        default=list, help_text="Slugs of the zones that the last analysed frame showed."
    )

    def __str__(self) -> str:
        return f"{self.camera_id}: {self.received} received"


class AlertEvent(models.TextChoices):
    """What an alert tells; the first two are also the kinds of an incident."""

    LATE = "late", _("late")
    SUSPENDED = "suspended", _("suspended")
    WELL = "well", _("well again")
    TEST = "test", _("a test")


class CameraIncident(models.Model):
    """A time in which a camera could not be trusted, from its first bad state until it had been well for long enough."""

    camera = models.ForeignKey("camera_registry.Camera", on_delete=models.CASCADE, related_name="incidents")
    kind = models.CharField(
        max_length=16, choices=AlertEvent.choices, help_text="The state it is in, or was in last."
    )
    kind_since = models.DateTimeField(help_text="When it came into that state.")
    began_at = models.DateTimeField()
    well_since = models.DateTimeField(
        null=True, help_text="Since when it has been well; null while it is not."
    )
    closed_at = models.DateTimeField(null=True)
    told = models.JSONField(default=list, help_text="Kinds of which the owner was told.")

    class Meta:
        ordering = ("-began_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("camera",), condition=Q(closed_at__isnull=True), name="one_open_incident_per_camera"
            ),
        )

    def __str__(self) -> str:
        return f"{self.camera}: {self.kind} since {self.began_at:%Y-%m-%d %H:%M}"


class AlertChannel(models.TextChoices):
    """How an alert travels."""

    EMAIL = "email", _("e-mail")
    WEBHOOK = "webhook", _("webhook")


class AlertStatus(models.TextChoices):
    """What became of an alert."""

    WAITING = "waiting", _("waiting")
    SENT = "sent", _("sent")
    GIVEN_UP = "given_up", _("given up")


class CameraAlert(models.Model):
    """One message about a camera to one address, and what became of it.

    It is written in the transaction that finds the reason for it, and sent later: nothing is lost with a process, and
    nothing waits for a mail server.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    camera = models.ForeignKey("camera_registry.Camera", on_delete=models.CASCADE, related_name="alerts")
    incident = models.ForeignKey(CameraIncident, null=True, on_delete=models.CASCADE, related_name="alerts")
    event = models.CharField(max_length=16, choices=AlertEvent.choices)
    channel = models.CharField(max_length=16, choices=AlertChannel.choices)
    target = models.CharField(max_length=500, help_text="The e-mail address or the webhook's address.")
    headline = models.TextField(help_text="The camera's health in one sentence, as it was then.")
    body = models.JSONField(default=dict, help_text="What a webhook is sent.")
    status = models.CharField(max_length=16, choices=AlertStatus.choices, default=AlertStatus.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("incident", "event", "channel", "target"), name="alert_once_per_incident"
            ),
        )
        indexes = (
            models.Index(
                fields=("next_attempt_at",), condition=Q(status="waiting"), name="alerts_to_be_sent"
            ),
        )

    def __str__(self) -> str:
        return f"{self.camera}: {self.event} by {self.channel}, {self.status}"
