# SPDX-License-Identifier: AGPL-3.0-or-later
"""The live test: what became of what the camera sent since the owner began to look, in words."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from django.core.exceptions import ObjectDoesNotExist
from django.utils.translation import gettext as _

from camera_registry.choices import RejectReason
from camera_registry.health import BLURRED_BELOW, DARK_BELOW, CameraHealth, RejectionLine, camera_health
from camera_registry.models import Camera, CameraFrameCheck

__all__ = ["FirstFrame", "Kind", "first_frame"]

#: Mean grey values: under the first a picture shows nothing; from the second on it is day; from the third it is glare.
BLACK_BELOW = 18.0
DAYLIGHT_FROM = 70.0
GLARING_FROM = 225.0
#: Narrower pictures show cars too small to be found across a street, pixels.
SMALL_BELOW_PX = 960
#: After so long without anything it helps to say where to look, seconds.
PATIENCE_S = 40.0
#: A good frame of a calibrated camera is analysed within this, or the site is behind, seconds.
ANALYSED_WITHIN_S = 20.0
#: Not the camera's fault, or no fault: a frame came, but was not needed or could not be used yet.
ARRIVED = frozenset({RejectReason.REPLACED, RejectReason.NO_CALIBRATION, RejectReason.EXPIRED})


class Kind(StrEnum):
    """How it stands."""

    WAITING = "waiting"
    GOOD = "good"
    ALMOST = "almost"
    BAD = "bad"
    OFF = "off"


@dataclass(frozen=True)
class FirstFrame:
    """headline: what happened; advice: what to do, sentence by sentence; at: when."""

    kind: Kind
    headline: str
    advice: tuple[str, ...] = ()
    at: dt.datetime | None = None


@dataclass(frozen=True)
class _Seen:
    at: dt.datetime
    size: tuple[int, int] | None
    brightness: float | None
    sharpness: float | None


def first_frame(camera: Camera, since: dt.datetime, now: dt.datetime) -> FirstFrame:
    """The newest that is known of the camera's uploads after `since` (aware)."""
    if camera.kept_off:
        return FirstFrame(
            Kind.OFF, _("An admin switched this camera off; only an admin can switch it on again.")
        )
    if not camera.enabled:
        return FirstFrame(
            Kind.OFF, _("The camera is switched off here."), (_("Switch it on, then test again."),)
        )
    health = camera_health(camera, now)
    seen = _seen(camera, health, since)
    refused = [line for line in health.rejections if line.last_at >= since and line.reason not in ARRIVED]
    newest = max(refused, key=lambda line: line.last_at, default=None)
    if seen and (newest is None or seen.at >= newest.last_at):
        if seen.brightness is None and (now - seen.at).total_seconds() < ANALYSED_WITHIN_S:
            return FirstFrame(Kind.WAITING, _("Your frame arrived and is being looked at …"), (), seen.at)
        return _arrived(camera, seen)
    if newest:
        return _refused(newest)
    return _waiting(now - since)


def _seen(camera: Camera, health: CameraHealth, since: dt.datetime) -> _Seen | None:
    try:
        check: CameraFrameCheck | None = camera.frame_check
    except ObjectDoesNotExist:
        check = None
    if camera.calibration_id is None:
        if check is None or check.at < since:
            return None
        return _Seen(check.at, (check.width, check.height), check.brightness, check.sharpness)
    if camera.last_received_at is None or camera.last_received_at < since:
        return None
    view = camera.current_view_check
    compared = view is not None and view.checked_at >= since
    return _Seen(
        camera.last_received_at,
        camera.image_size,
        health.brightness if compared else None,
        health.sharpness if compared else None,
    )


def _arrived(camera: Camera, seen: _Seen) -> FirstFrame:
    words, advice = [], []
    if seen.size:
        words.append(f"{seen.size[0]}×{seen.size[1]}")
        if seen.size[0] < SMALL_BELOW_PX:
            advice.append(_("The picture is small; set the camera to 1280 pixels of width or more."))
    dark = seen.brightness is not None and seen.brightness < DARK_BELOW
    if seen.sharpness is not None:
        sharp = seen.sharpness >= BLURRED_BELOW
        words.append(_("sharp") if sharp else _("blurred"))
        if not sharp and not dark:
            advice.append(_("Clean the lens and set its focus on the street."))
    if seen.brightness is not None:
        light, cure = _light(seen.brightness)
        words.append(light)
        advice += [cure] if cure else []
    headline = _("Your frame arrived: %s.") % ", ".join(words) if words else _("Your frame arrived.")
    kind = Kind.ALMOST if advice else Kind.GOOD
    if not camera.privacy_mask:
        advice.append(_("Next: draw the privacy mask."))
    if camera.calibration_id is None:
        advice.append(_("An admin then calibrates the camera; from then on it finds free spaces."))
    return FirstFrame(kind, headline, tuple(advice), seen.at)


def _light(brightness: float) -> tuple[str, str]:
    if brightness < BLACK_BELOW:
        return _("nearly black"), _(
            "Too dark to see anything: take the cover off the lens, or test again by day."
        )
    if brightness < DARK_BELOW:
        return _("in the dark"), _(
            "Too dark to find cars well: test again by day, or let the camera expose for longer."
        )
    if brightness < DAYLIGHT_FROM:
        return _("in dim light"), ""
    if brightness < GLARING_FROM:
        return _("in daylight"), ""
    return _("far too bright"), _(
        "The picture is nearly white: let the camera expose for a shorter time, or turn it from the sun."
    )


def _refused(line: RejectionLine) -> FirstFrame:
    reason = RejectReason(line.reason)
    if reason == RejectReason.BAD_LOGIN:
        return FirstFrame(
            Kind.BAD,
            _("Somebody came, but the login was refused: wrong password or key."),
            (
                _(
                    "Enter account and password in the camera again, exactly as they stand here; copying is safer than typing."
                ),
                _("When they are lost, make new ones."),
            ),
            line.last_at,
        )
    headline = _("A file came, but cannot be used: %s.") % line.words
    return FirstFrame(Kind.BAD, headline, (line.cure,), line.last_at)


def _waiting(waited: dt.timedelta) -> FirstFrame:
    if waited.total_seconds() < PATIENCE_S:
        return FirstFrame(
            Kind.WAITING,
            _("Waiting for the first frame …"),
            (_("Let the camera send a test picture now, if it can."),),
        )
    return FirstFrame(
        Kind.WAITING,
        _("Nothing has come yet."),
        (
            _("Is the camera's upload switched on, as SFTP and not FTP or FTPS?"),
            _("Are server and port right? The port is often preset to 22."),
            _("May the camera reach the internet at this port? Routers and offices sometimes forbid it."),
            _("Does the camera know the date? Some refuse to connect when their clock is years off."),
        ),
    )
