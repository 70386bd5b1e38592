# SPDX-License-Identifier: AGPL-3.0-or-later
"""The words in which a camera's health is told."""

from __future__ import annotations

from django.db import models


class CameraState(models.TextChoices):
    """How a camera is doing, from when its last frame came."""

    LIVE = "live", "live"
    LATE = "late", "late: no frame for several intervals"
    NEVER = "never", "never sent a frame"
    OFF = "off", "switched off"


class RejectReason(models.TextChoices):
    """Why a frame did not become free spaces. Every frame that came ends in a result or in one of these."""

    EMPTY = "empty", "empty file (0 bytes)"
    NOT_JPEG = "not_jpeg", "not a JPEG"
    TRUNCATED = "truncated", "JPEG cut short or damaged"
    TOO_MANY_PIXELS = "too_many_pixels", "more pixels than allowed"
    TOO_LARGE = "too_large", "file larger or sent more often than allowed"
    WRONG_SIZE = "wrong_size", "not the image size that the camera was calibrated with"
    SYMLINK = "symlink", "a link or another thing that is no plain file"
    BAD_NAME = "bad_name", "file name or path that is not accepted"
    UNKNOWN_CAMERA = "unknown_camera", "no camera of this name"
    DISABLED = "disabled", "camera is switched off"
    NO_CALIBRATION = "no_calibration", "camera has no calibration yet"
    BAD_LOGIN = "bad_login", "login refused: wrong key or password"
    EXPIRED = "expired", "waited too long and was deleted unread"
    REPLACED = "replaced", "a newer frame came first (not an error)"
    WORKER_LOST = "worker_lost", "the worker stopped in the middle of it"
    DATABASE_AWAY = "database_away", "the database could not be reached"
    ANALYSIS_ERROR = "analysis_error", "the analysis failed"
