# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a camera is doing: what is known of it, and one sentence that says what is wrong and what to do.

Reads only. `health_queryset` brings everything that `camera_health` asks for in a fixed number of queries, for one
camera or five hundred. Sentences are made in the language that is active.
"""

from __future__ import annotations

import datetime as dt
import itertools
import statistics
from dataclasses import dataclass

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from camera_registry.choices import CameraState, RejectReason, ViewStatus
from camera_registry.health_words import CURES, SITE_REASONS, duration, is_whole_hours, zone_guess
from camera_registry.models import Camera, CameraActivity, CameraFrameCheck, CameraViewCheck, Rejection

__all__ = [
    "STATE_WORDS",
    "CameraHealth",
    "RejectionLine",
    "camera_health",
    "health_queryset",
    "health_rank",
]

#: Fewer intervals than this have no median worth telling.
LEAST_INTERVALS = 2
#: A camera whose frames come this many times more slowly than expected, and by this much, seconds, is told about.
SLOW_FACTOR = 1.5
SLOW_S = 2.0
#: A clock further off than this is told about, seconds; an upload may well take half of it.
CLOCK_TOLERANCE_S = 60.0
#: A recognised picture with a Laplacian of a smaller standard deviation is blurred, unless it is dark (mean grey value):
#: at night little can be sharp, and nothing is wrong with that.
BLURRED_BELOW = 5.0
DARK_BELOW = 40.0
#: Analysis lags when the last good frame has waited for so long, seconds, and no newer result came.
ANALYSIS_LAG_S = 120.0


@dataclass(frozen=True)
class RejectionLine:
    """Frames that ended for one reason. words: the reason; detail: what was said of the last one; cure: what to do."""

    reason: str
    words: str
    count: int
    last_at: dt.datetime
    detail: str
    cure: str


@dataclass(frozen=True)
class CameraHealth:
    """A camera's health at one moment.

    headline: “Live”, or one or two sentences on what is wrong and what to do; troubles: all that is wrong, the headline
    first; empty when nothing is. interval_s: median of the last intervals between frames; clock_skew_s: how far the
    camera's clock is ahead of ours (median), None where nothing it sends tells; clock_zone_s: the time zone, seconds east of
    Greenwich, that explains the rest of the difference, None for none or where the camera says its zone; brightness: mean grey value, 0 to 255;
    sharpness: standard deviation of the Laplacian, grey values; shift_px: largest displacement of a pixel from the
    calibrated view; cars: in the last analysed frame; image_size: (width, height) px that its frames have; zones: slugs
    of the zones it sees.
    """

    state: CameraState
    headline: str
    last_frame_at: dt.datetime | None
    interval_s: float | None
    expected_interval_s: int
    clock_skew_s: float | None
    brightness: float | None
    sharpness: float | None
    shift_px: float | None
    cars: int | None
    image_size: tuple[int, int] | None
    rejections: tuple[RejectionLine, ...]
    troubles: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    clock_zone_s: float | None = None

    @property
    def looks_like_zone(self) -> str:
        """“looks like a time zone: UTC+3”, where the clock is off by one and the camera does not say which; "" elsewhere."""
        return zone_guess(self.clock_zone_s) if self.clock_zone_s else ""

    @property
    def well(self) -> bool:
        """Whether there is nothing to do about it."""
        return not self.troubles


def health_queryset() -> QuerySet[Camera]:
    """Cameras with all that `camera_health` asks for, in two queries however many they are."""
    return (
        Camera.objects.select_related("owner", "calibration", "view_check", "activity", "frame_check")
        .defer(
            "view_check__reference",
            "view_check__memory",
            "calibration__data",
            "calibration__points",
            "blind_ground",
        )
        .prefetch_related("rejections")
    )


def camera_health(camera: Camera, now: dt.datetime) -> CameraHealth:
    """How this camera is doing at `now` (aware)."""
    state = camera.state(now)
    activity = _activity(camera)
    check = camera.current_view_check
    measured = check if camera.calibration_id else _frame_check(camera)
    compared = check if check and check.status != ViewStatus.UNCHECKED else None
    rows = sorted(camera.rejections.all(), key=lambda row: row.last_at, reverse=True)
    interval_s = _interval_s(activity)
    skew_s = _clock_skew_s(activity)
    troubles = tuple(_troubles(camera, state, now, rows, check, interval_s, skew_s))
    return CameraHealth(
        state=state,
        headline=troubles[0] if troubles else _off(camera) if state == CameraState.OFF else _("Live"),
        last_frame_at=camera.last_received_at,
        interval_s=interval_s,
        expected_interval_s=camera.expected_interval_s,
        clock_skew_s=skew_s,
        brightness=measured.brightness if measured else None,
        sharpness=measured.sharpness if measured else None,
        shift_px=compared.shift_px if compared and compared.status != ViewStatus.UNRECOGNISED else None,
        cars=camera.last_cars,
        image_size=_image_size(camera, measured),
        rejections=tuple(_line(row) for row in rows),
        troubles=troubles,
        zones=tuple(activity.zones) if activity else (),
        clock_zone_s=_clock_zone_s(activity),
    )


def health_rank(health: CameraHealth) -> int:
    """The order of a list with the worst first: late, suspended, never, live with a trouble, live, off."""
    if health.state == CameraState.LIVE and health.well:
        return 4
    order = (
        CameraState.LATE, CameraState.SUSPENDED, CameraState.NEVER, CameraState.LIVE, None, CameraState.OFF,
    )  # fmt: skip
    return order.index(health.state)


def _activity(camera: Camera) -> CameraActivity | None:
    try:
        return camera.activity
    except ObjectDoesNotExist:
        return None


def _frame_check(camera: Camera) -> CameraFrameCheck | None:
    try:
        return camera.frame_check
    except ObjectDoesNotExist:
        return None


def _image_size(
    camera: Camera, measured: CameraViewCheck | CameraFrameCheck | None
) -> tuple[int, int] | None:
    if isinstance(measured, CameraFrameCheck):
        return measured.width, measured.height
    return camera.image_size


def _interval_s(activity: CameraActivity | None) -> float | None:
    times = [row[0] for row in activity.arrivals] if activity else []
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    return round(statistics.median(gaps), 2) if len(gaps) >= LEAST_INTERVALS else None


def _clock_skew_s(activity: CameraActivity | None) -> float | None:
    skews = [row[1] for row in activity.arrivals if row[1] is not None] if activity else []
    return round(statistics.median(skews), 1) if skews else None


def _clock_zone_s(activity: CameraActivity | None) -> float | None:
    """The zone that all of the last frames agree on."""
    found = {row[2] if len(row) > 2 else None for row in activity.arrivals} if activity else set()
    return found.pop() if len(found) == 1 else None


def _line(row: Rejection) -> RejectionLine:
    reason = RejectReason(row.reason)
    return RejectionLine(
        reason=reason.value,
        words=reason.label,
        count=row.count,
        last_at=row.last_at,
        detail=row.last_detail,
        cure=str(CURES[reason]),
    )


# --- what is wrong, and what to do -----------------------------------------------------------------------------------


def _troubles(
    camera: Camera,
    state: CameraState,
    now: dt.datetime,
    rows: list[Rejection],
    check: CameraViewCheck | None,
    interval_s: float | None,
    skew_s: float | None,
) -> list[str]:
    """All that is wrong, worst first, in sentences."""
    refused = _refused_instead(camera, now, rows)
    if state == CameraState.OFF:
        return []
    if state == CameraState.NEVER:
        return [refused or _never(camera)]
    if state == CameraState.LATE:
        return [refused or _late(camera, now)]
    found = [_suspended(check)] if state == CameraState.SUSPENDED and check else []
    if camera.calibration_id is None:
        found.append(_("It is not calibrated, so its frames cannot be used. An admin has to calibrate it."))
    overdue = (
        camera.last_received_at
        and (now - camera.last_received_at).total_seconds() > camera.expected_interval_s
    )
    if state == CameraState.LIVE:
        found += [words for words in (_lagging(camera, rows), refused if overdue else "") if words]
    if interval_s and interval_s > max(
        SLOW_FACTOR * camera.expected_interval_s, camera.expected_interval_s + SLOW_S
    ):
        found.append(
            _(
                "Its frames come every %(is)s instead of every %(should)s. Check its schedule, or correct the interval expected here."
            )
            % {"is": duration(interval_s), "should": duration(camera.expected_interval_s)}
        )
    if skew_s is not None and abs(skew_s) > CLOCK_TOLERANCE_S:
        words = _("Its clock is %s ahead.") if skew_s > 0 else _("Its clock is %s behind.")
        cure = _("Set it, or give the camera a time server (NTP); frames are taken by when they arrive.")
        if is_whole_hours(skew_s, CLOCK_TOLERANCE_S):
            cure = _(
                "That looks like a time zone: set the camera's zone. Frames are taken by when they arrive."
            )
        found.append(f"{words % duration(skew_s)} {cure}")
    if (
        check
        and state == CameraState.LIVE
        and check.sharpness < BLURRED_BELOW
        and check.brightness >= DARK_BELOW
    ):
        found.append(_("Its picture is blurred. Clean the lens and check the focus."))
    return found


def _refused_instead(camera: Camera, now: dt.datetime, rows: list[Rejection]) -> str:
    """What the camera's frames were refused for since the last good one; "" when they were not, or long ago."""
    for row in rows:
        reason = RejectReason(row.reason)
        if (
            reason in (RejectReason.REPLACED, RejectReason.DISABLED, RejectReason.VIEW_CHANGED)
            or reason in SITE_REASONS
        ):
            continue
        recent = now - row.last_at <= camera.late_after()
        if recent and (camera.last_received_at is None or row.last_at > camera.last_received_at):
            if reason == RejectReason.BAD_LOGIN:
                return _("It may not log in: wrong key or password. %s") % CURES[reason]
            if reason == RejectReason.NO_CALIBRATION:
                return _("Its frames arrive, but it is not calibrated yet. %s") % CURES[reason]
            words = _("Its frames are refused: %(words)s (%(detail)s). %(cure)s")
            return words % {
                "words": reason.label,
                "detail": row.last_detail or _("no details"),
                "cure": CURES[reason],
            }
    return ""


def _off(camera: Camera) -> str:
    return _("Switched off by an admin.") if camera.kept_off else _("Switched off.")


def _never(camera: Camera) -> str:
    if camera.calibration_id is None:
        return _("It has not sent a frame yet. Enter the account in the camera; an admin then calibrates it.")
    return _("It has not sent a frame yet. Enter the account in the camera and check that it uploads.")


def _late(camera: Camera, now: dt.datetime) -> str:
    assert camera.last_received_at is not None
    return _(
        "No frame for %(silent)s; one is expected every %(every)s. Check the camera's power and network, and whether it still uploads."
    ) % {
        "silent": duration((now - camera.last_received_at).total_seconds()),
        "every": duration(camera.expected_interval_s),
    }


def _suspended(check: CameraViewCheck) -> str:
    if check.status == ViewStatus.MOVED:
        return _(
            "It was moved: its picture lies up to %d pixels off. Turn it back, or have the repaired calibration accepted."
        ) % round(check.shift_px)
    return _("%s Clean the lens, turn it back or wait for light; it comes back by itself.") % (
        _(check.detail) if check.detail else _("Its view is not recognised.")
    )


def _lagging(camera: Camera, rows: list[Rejection]) -> str:
    """Whether good frames come and no results: a fault of the site, not of the camera."""
    if camera.calibration_id is None or camera.last_received_at is None:
        return ""
    results_until = camera.last_analysed_at or dt.datetime.min.replace(tzinfo=dt.UTC)
    refused = [row for row in rows if row.reason == RejectReason.VIEW_CHANGED]
    results_until = max([results_until, *(row.last_at for row in refused)])
    if camera.last_received_at - results_until < dt.timedelta(seconds=ANALYSIS_LAG_S):
        return ""
    return _(
        "Its frames arrive, but have not been analysed. Nothing to do at the camera: see the site's workers."
    )


#: Said of each state in a word or two, for tables.
STATE_WORDS = {
    CameraState.LIVE: gettext_lazy("Live"),
    CameraState.SUSPENDED: gettext_lazy("Suspended"),
    CameraState.LATE: gettext_lazy("Late"),
    CameraState.NEVER: gettext_lazy("Never sent"),
    CameraState.OFF: gettext_lazy("Off"),
}
