# SPDX-License-Identifier: AGPL-3.0-or-later
"""The words in which a camera's health is told."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from camera_registry import view_status


class CameraState(models.TextChoices):
    """How a camera is doing, from when its last frame came and what became of its view."""

    LIVE = "live", _("live")
    SUSPENDED = "suspended", _("suspended: its view is not the calibrated one")
    LATE = "late", _("late: no frame for several intervals")
    NEVER = "never", _("never sent a frame")
    OFF = "off", _("switched off")


class ViewStatus(models.TextChoices):
    """What is known of where a camera looks, in the words of `camera_registry.view_status`."""

    UNCHECKED = view_status.ViewStatus.UNCHECKED.value, _("not compared yet")
    STEADY = view_status.ViewStatus.STEADY.value, _("steady")
    CORRECTED = view_status.ViewStatus.CORRECTED.value, _("moved a little; corrected on the fly")
    MOVED = view_status.ViewStatus.MOVED.value, _("moved: a repaired calibration waits for you")
    UNRECOGNISED = view_status.ViewStatus.UNRECOGNISED.value, _("not recognised")


class RejectReason(models.TextChoices):
    """Why a frame did not become free spaces. Every frame that came ends in a result or in one of these."""

    EMPTY = "empty", _("empty file (0 bytes)")
    NOT_JPEG = "not_jpeg", _("not a JPEG")
    TRUNCATED = "truncated", _("JPEG cut short or damaged")
    TOO_MANY_PIXELS = "too_many_pixels", _("more pixels than allowed")
    TOO_LARGE = "too_large", _("file larger or sent more often than allowed")
    WRONG_SIZE = "wrong_size", _("not the image size that the camera was calibrated with")
    SYMLINK = "symlink", _("a link or another thing that is no plain file")
    BAD_NAME = "bad_name", _("file name or path that is not accepted")
    UNKNOWN_CAMERA = "unknown_camera", _("no camera of this name")
    DISABLED = "disabled", _("camera is switched off")
    NO_CALIBRATION = "no_calibration", _("camera has no calibration yet")
    BAD_LOGIN = "bad_login", _("login refused: wrong key or password")
    EXPIRED = "expired", _("waited too long and was deleted unread")
    REPLACED = "replaced", _("a newer frame came first (not an error)")
    VIEW_CHANGED = "view_changed", _("the camera does not look where it was calibrated")
    WORKER_LOST = "worker_lost", _("the worker stopped in the middle of it")
    DATABASE_AWAY = "database_away", _("the database could not be reached")
    ANALYSIS_ERROR = "analysis_error", _("the analysis failed")
