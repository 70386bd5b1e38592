# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is said to people about a camera's health: for each trouble, what it is and what to do about it."""

from __future__ import annotations

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from camera_registry.choices import RejectReason

__all__ = ["CURES", "SITE_REASONS", "duration", "is_whole_hours", "zone_guess"]

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
#: From UTC-12 to UTC+14.
FARTHEST_ZONES_H = 26


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


def is_whole_hours(seconds: float, tolerance_s: float) -> bool:
    """Whether a clock that is off by so much may stand in another time zone: by whole hours, up to the farthest two apart."""
    hours = round(seconds / _HOUR_S)
    return 0 < abs(hours) <= FARTHEST_ZONES_H and abs(seconds - hours * _HOUR_S) <= tolerance_s


def zone_guess(zone_s: float) -> str:
    """Of a clock whose difference a time zone explains, which: “looks like a time zone: UTC+3”, “… UTC-3:30”."""
    minutes = round(abs(zone_s) / _MINUTE_S)
    hours = f"{minutes // 60}:{minutes % 60:02d}" if minutes % 60 else str(minutes // 60)
    return gettext("looks like a time zone: UTC%s") % f"{'+' if zone_s > 0 else '-'}{hours}"
