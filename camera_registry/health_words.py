# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is said to people about a camera's health: for each trouble, what it is and what to do about it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from camera_registry.choices import RejectReason

__all__ = ["CURES", "SITE_REASONS", "duration"]

#: What to do about frames that end for a reason.
CURES = {
    RejectReason.EMPTY: _(
        "The camera sends empty files: restart it, and check that its storage is not full."
    ),
    RejectReason.NOT_JPEG: _("Set the camera to upload pictures in the JPEG format."),
    RejectReason.TRUNCATED: _(
        "The upload breaks off: check the camera's network, let it upload under a temporary name and rename the file."
    ),
    RejectReason.TOO_MANY_PIXELS: _(
        "Choose a smaller picture size in the camera, then calibrate it for that size."
    ),
    RejectReason.TOO_LARGE: _(
        "Lower the picture's quality or size in the camera, or let it upload less often."
    ),
    RejectReason.WRONG_SIZE: _(
        "Set the camera back to the calibrated picture size, or calibrate it for the new one."
    ),
    RejectReason.SYMLINK: _("Let the camera upload plain files."),
    RejectReason.BAD_NAME: _(
        "Use a plain file name in the camera: letters, digits, dots and hyphens, no folders."
    ),
    RejectReason.UNKNOWN_CAMERA: _("Check the account's name in the camera; it is written in small letters."),
    RejectReason.DISABLED: _("Switch the camera on here, or stop its uploads."),
    RejectReason.NO_CALIBRATION: _("An admin has to calibrate the camera."),
    RejectReason.BAD_LOGIN: _("Enter the key or password in the camera again, or make a new one."),
    RejectReason.EXPIRED: _("Nobody had time for the frame: the site's workers are too slow or not running."),
    RejectReason.REPLACED: _("Nothing to do: a newer frame came before this one was needed."),
    RejectReason.VIEW_CHANGED: _(
        "See whether the camera was moved, covered or dirtied; turn it back, or accept the repaired calibration."
    ),
    RejectReason.WORKER_LOST: _("Nothing to do at the camera: a worker of the site stopped. See its log."),
    RejectReason.DATABASE_AWAY: _("Nothing to do at the camera: the site's database was away."),
    RejectReason.ANALYSIS_ERROR: _("Nothing to do at the camera: the analysis failed. See the worker's log."),
}

#: Reasons that are the site's fault, not the camera's.
SITE_REASONS = frozenset(
    {
        RejectReason.EXPIRED,
        RejectReason.WORKER_LOST,
        RejectReason.DATABASE_AWAY,
        RejectReason.ANALYSIS_ERROR,
    }
)

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400


def duration(seconds: float) -> str:
    """A length of time for people, in one unit: “45 seconds”, “12 minutes”, “3 days”."""
    whole = round(abs(seconds))
    if whole < 2 * _MINUTE_S:
        return ngettext("%d second", "%d seconds", whole) % whole
    if whole < 2 * _HOUR_S:
        return ngettext("%d minute", "%d minutes", whole // _MINUTE_S) % (whole // _MINUTE_S)
    if whole < 2 * _DAY_S:
        return ngettext("%d hour", "%d hours", whole // _HOUR_S) % (whole // _HOUR_S)
    return ngettext("%d day", "%d days", whole // _DAY_S) % (whole // _DAY_S)
