# SPDX-License-Identifier: AGPL-3.0-or-later
"""What SPARK knows of a camera: its account at the SFTP door, its view of the ground, its health.

Written only by `camera_registry.services`. Calibrations are appended, never edited: a result names the one it was
made with, so an older one must stay as it was.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.contrib.gis.db import models
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from camera_registry.choices import CameraState, RejectReason, ViewStatus
from camera_registry.constants import (
    CAMERA_NAME_PATTERN,
    DEFAULT_INTERVAL_S,
    DEFAULT_MAX_RANGE_M,
    LATE_AFTER_INTERVALS,
    LATE_GRACE_S,
)
from camera_registry.health_models import CameraActivity, CameraAlert, CameraIncident
from camera_registry.owner_models import CameraConsent, CameraFrameCheck
from camera_registry.webhook_address import valid_webhook

__all__ = [
    "SUSPENDED",
    "Camera",
    "CameraActivity",
    "CameraAlert",
    "CameraCalibration",
    "CameraConsent",
    "CameraFrameCheck",
    "CameraIncident",
    "CameraKey",
    "CameraViewCheck",
    "Rejection",
]

#: The states of a view in which a camera says nothing.
SUSPENDED = (ViewStatus.MOVED, ViewStatus.UNRECOGNISED)


class Camera(models.Model):
    """One fixed camera: an SFTP account with a folder of its own, and a view of the street."""

    name = models.SlugField(
        max_length=40,
        unique=True,
        validators=[
            RegexValidator(
                CAMERA_NAME_PATTERN,
                "2 to 40 small letters, digits and hyphens; the first one no hyphen.",
            )
        ],
        help_text="The camera's SFTP account and folder; it cannot be changed later.",
    )
    title = models.CharField(
        max_length=120, blank=True, help_text="What people call it, e.g. “Main street, north”."
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="cameras"
    )
    enabled = models.BooleanField(default=True, help_text="Switched off: uploads end within seconds.")
    kept_off = models.BooleanField(
        default=False, editable=False, help_text="An admin switched it off; its owner cannot switch it on."
    )
    off_at = models.DateTimeField(null=True, blank=True, editable=False)
    off_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
        help_text="Who switched it off; empty at the command line, and when the person is gone.",
    )
    image_width = models.PositiveIntegerField(
        null=True, blank=True, help_text="Pixels; set by the calibration."
    )
    image_height = models.PositiveIntegerField(
        null=True, blank=True, help_text="Pixels; set by the calibration."
    )
    expected_interval_s = models.PositiveIntegerField(
        default=DEFAULT_INTERVAL_S,
        validators=[MinValueValidator(1), MaxValueValidator(24 * 3600)],
        help_text="How often a frame is expected, seconds.",
    )
    max_range_m = models.FloatField(
        default=DEFAULT_MAX_RANGE_M,
        validators=[MinValueValidator(1.0), MaxValueValidator(2000.0)],
        help_text="Ground farther from the camera than this is not believed, true metres.",
    )
    blind_ground = models.MultiPolygonField(
        srid=3857,
        null=True,
        blank=True,
        help_text="Ground in the picture that the camera cannot see: behind trees, poles, walls (EPSG:3857).",
    )
    privacy_mask = models.JSONField(
        default=list,
        blank=True,
        editable=False,
        help_text="Polygons that are blackened before anything looks at a frame: lists of [x, y] in pixels of the"
        " calibrated size, x right, y down.",
    )
    privacy_mask_size = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="[width, height] of the picture the mask was drawn on.",
    )
    password_hash = models.CharField(max_length=200, blank=True, editable=False)
    old_password_hash = models.CharField(
        max_length=200,
        blank=True,
        editable=False,
        help_text="Of the password before, while it is being replaced.",
    )
    old_password_until = models.DateTimeField(null=True, blank=True, editable=False)
    calibration = models.ForeignKey(
        "CameraCalibration",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
    )
    last_received_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_analysed_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_cars = models.PositiveIntegerField(null=True, blank=True, editable=False)
    alert_by_email = models.BooleanField(
        _("alerts by e-mail"),
        default=True,
        help_text=_(
            "Write to the owner when the camera goes late or is suspended, and when it is well again."
        ),
    )
    alert_language = models.CharField(
        _("language of the e-mails"),
        max_length=10,
        choices=settings.LANGUAGES,
        default=settings.LANGUAGE_CODE,
        help_text=_("A webhook is always sent English."),
    )
    alert_webhook = models.CharField(
        _("alerts by webhook"),
        max_length=500,
        blank=True,
        validators=[valid_webhook],
        help_text=_("An https:// address that is sent the same as JSON, signed. Empty: none."),
    )
    alert_secret = models.CharField(max_length=100, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(
                condition=Q(name__regex=CAMERA_NAME_PATTERN), name="camera_name_is_a_plain_word"
            ),
            models.CheckConstraint(
                condition=Q(enabled=False) | Q(kept_off=False), name="camera_kept_off_is_off"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def image_size(self) -> tuple[int, int] | None:
        """Expected (width, height) in pixels, or None while the camera has no calibration."""
        if self.image_width is None or self.image_height is None:
            return None
        return self.image_width, self.image_height

    @property
    def accepts_password(self) -> bool:
        """Whether the owner has opted in to a password at the SFTP door."""
        return bool(self.password_hash)

    def late_after(self) -> dt.timedelta:
        """How long the camera may be silent before it is late."""
        return dt.timedelta(seconds=LATE_AFTER_INTERVALS * self.expected_interval_s + LATE_GRACE_S)

    def state(self, now: dt.datetime) -> CameraState:
        """Whether the camera is live, suspended, late, off or has never sent a frame, at `now` (aware datetime)."""
        if not self.enabled:
            return CameraState.OFF
        if self.last_received_at is None:
            return CameraState.NEVER
        if now - self.last_received_at > self.late_after():
            return CameraState.LATE
        check = self.current_view_check
        return CameraState.SUSPENDED if check and check.suspended else CameraState.LIVE

    @property
    def current_view_check(self) -> CameraViewCheck | None:
        """What is known of where the camera looks, against the calibration in use; None before its first frame."""
        check = getattr(self, "view_check", None)
        return check if check and check.calibration_id == self.calibration_id else None


class CameraKey(models.Model):
    """A public key with which a camera may log in. A camera may have several, e.g. while one is being replaced."""

    camera = models.ForeignKey(Camera, on_delete=models.CASCADE, related_name="keys")
    public_key = models.TextField(help_text="One line as in authorized_keys: ssh-ed25519 AAAA… comment")
    fingerprint = models.CharField(
        max_length=80, editable=False, help_text="SHA-256, as ssh-keygen prints it."
    )
    comment = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    stops_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="From then on it opens the door no more."
    )

    class Meta:
        ordering = ("camera", "created_at")
        constraints = (models.UniqueConstraint(fields=("camera", "fingerprint"), name="key_once_per_camera"),)

    def __str__(self) -> str:
        return f"{self.fingerprint} {self.comment}".strip()


class CameraCalibration(models.Model):
    """One version of a camera's view of the ground. Never edited in place."""

    camera = models.ForeignKey(Camera, on_delete=models.CASCADE, related_name="calibrations")
    version = models.PositiveIntegerField()
    data = models.JSONField(help_text="The calibration as `Calibration.to_json()` writes it.")
    rmse_m = models.FloatField(null=True, blank=True, help_text="Root mean square residual, true metres.")
    loo_rmse_m = models.FloatField(
        null=True, blank=True, help_text="The same, leaving one point out, true metres."
    )
    points = models.JSONField(
        default=list,
        blank=True,
        help_text="The control points it was made from, with their errors; empty for one that was imported without.",
    )
    note = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("camera", "-version")
        constraints = (
            models.UniqueConstraint(fields=("camera", "version"), name="calibration_version_once_per_camera"),
        )

    def __str__(self) -> str:
        return f"{self.camera} v{self.version}"


class CameraViewCheck(models.Model):
    """Where a camera looks now, against the view that it was calibrated with.

    Of that view keypoints and descriptors are kept, never a picture.
    """

    camera = models.OneToOneField(Camera, on_delete=models.CASCADE, related_name="view_check")
    calibration = models.ForeignKey(CameraCalibration, on_delete=models.CASCADE, related_name="+")
    reference = models.BinaryField(help_text="`ViewReference.to_bytes()`")
    status = models.CharField(max_length=16, choices=ViewStatus.choices, default=ViewStatus.UNCHECKED)
    since = models.DateTimeField(help_text="When the status became this.")
    checked_at = models.DateTimeField(help_text="Of the frame that was compared last.")
    detail = models.CharField(
        max_length=300, blank=True, help_text="What the last unusable frame looked like."
    )
    shift_px = models.FloatField(default=0.0, help_text="Largest displacement of a pixel.")
    sigma_px = models.FloatField(default=0.0, help_text="Its standard deviation.")
    brightness = models.FloatField(default=0.0, help_text="Mean grey value of the last frame, 0 to 255.")
    sharpness = models.FloatField(default=0.0, help_text="Standard deviation of its Laplacian, grey values.")
    memory = models.JSONField(default=dict, help_text="`ViewMemory`, for the next frame.")

    class Meta:
        ordering = ("camera",)

    def __str__(self) -> str:
        return f"{self.camera}: {self.get_status_display()}"

    @property
    def suspended(self) -> bool:
        """Whether the camera's ground is unknown for now."""
        return self.status in SUSPENDED


class Rejection(models.Model):
    """How often frames of one account ended for one reason, and what was said the last time."""

    account = models.CharField(
        max_length=64, help_text="The name used at the door or the folder in the inbox."
    )
    camera = models.ForeignKey(
        Camera, null=True, blank=True, on_delete=models.CASCADE, related_name="rejections"
    )
    reason = models.CharField(max_length=20, choices=RejectReason.choices)
    count = models.PositiveBigIntegerField(default=0)
    last_detail = models.CharField(max_length=300, blank=True)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ("account", "-last_at")
        constraints = (
            models.UniqueConstraint(fields=("account", "reason"), name="rejection_once_per_reason"),
        )

    def __str__(self) -> str:
        return f"{self.account}: {self.reason} × {self.count}"
