# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tells owners of their cameras' troubles: finds incidents, writes alerts, sends them. Run by `manage.py camera_alerts`.

Finding and sending are apart. An alert is a row written in the transaction that changes its incident, under the
camera's lock and a unique constraint: however many processes look, and whenever they are stopped, a trouble is told
once. Sending claims a row for a while, talks to the mail server or the webhook outside any transaction, and writes down
what became of it; a process that dies in the middle leaves the row to be tried again.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from camera_registry import alert_mail, webhook
from camera_registry.alert_policy import Step, Trouble, hold_s, silent_together, step
from camera_registry.choices import CameraState
from camera_registry.health import CameraHealth, camera_health, health_queryset
from camera_registry.health_models import AlertChannel, AlertEvent, AlertStatus
from camera_registry.models import Camera, CameraAlert, CameraIncident

__all__ = [
    "forget_old",
    "look_after_cameras",
    "may_test",
    "new_webhook_secret",
    "queue_test",
    "send_waiting",
    "site_trouble",
]

logger = logging.getLogger(__name__)

#: Waits between the attempts to send one alert, seconds; after the last one it is given up.
RETRY_AFTER_S = (30, 120, 600, 3600, 4 * 3600, 12 * 3600)
#: A claimed alert that nobody reported on is free again after this time, seconds: longer than any attempt takes.
CLAIM_S = 180
SENT_AT_ONCE = 8
CLAIMED_AT_ONCE = 40
MAX_ERROR_CHARS = 300
#: The first half of PostgreSQL's advisory locks of this room: “alrt”.
LOCK_CLASS = 0x616C7274
TEST_EVERY_S = 60
#: Incidents that are over and their messages are kept so long: they hold addresses of people.
KEPT = dt.timedelta(days=90)
_DAY = dt.timedelta(days=1)

_KINDS = {CameraState.LATE: AlertEvent.LATE.value, CameraState.SUSPENDED: AlertEvent.SUSPENDED.value}
#: States in which a camera is neither in trouble nor well: its owner knows.
_NOBODYS_TROUBLE = (CameraState.OFF, CameraState.NEVER)


# --- finding ---------------------------------------------------------------------------------------------------------


def site_trouble(cameras: Iterable[Camera], now: dt.datetime, intake_since: dt.datetime | None) -> str:
    """Why silence is not the cameras' fault, in a sentence; "" when it may be. intake_since: when the watcher started."""
    if intake_since is None:
        return _("No watcher takes uploads out of the inbox, so every camera looks late. Start it first.")
    lately = [
        camera.state(now) == CameraState.LATE
        for camera in cameras
        if camera.enabled and camera.last_received_at and now - camera.last_received_at < _DAY
    ]
    if silent_together(lately):
        return _("Most cameras fell silent together: look at the door, the network and intake first.")
    return ""


def look_after_cameras(now: dt.datetime, intake_since: dt.datetime | None) -> int:
    """Open, go on with and close incidents as the cameras' states at `now` say. Returns how many alerts were written.

    intake_since: since when a watcher has taken uploads; None when none does, and then nobody is called late. A camera
    is late only when intake was there to notice.
    """
    cameras = list(health_queryset())
    muted = bool(site_trouble(cameras, now, intake_since))
    open_ones = {row.camera_id: row for row in CameraIncident.objects.filter(closed_at=None)}
    written = 0
    for camera in cameras:
        state = camera.state(now)
        if state == CameraState.LATE and (muted or not _noticed(camera, now, intake_since)):
            continue
        row = open_ones.get(camera.pk)
        if (state in _KINDS or row) and not _known(row, _KINDS.get(state)):
            written += _take_step(camera.pk, now)
    return written


def _known(row: CameraIncident | None, kind: str | None) -> bool:
    """Whether the trouble goes on as it was told: most looks at most troubles, so they cost nothing."""
    return row is not None and row.kind == kind and kind in row.told and row.well_since is None


def _noticed(camera: Camera, now: dt.datetime, intake_since: dt.datetime | None) -> bool:
    return intake_since is not None and now - intake_since > camera.late_after()


@transaction.atomic
def _take_step(camera_id: int, now: dt.datetime) -> int:
    """One camera, for which no other process can do the same meanwhile.

    The lock is one of its own: the camera's row is what intake and the workers write to, and they wait for nobody.
    """
    if not _alone_with(camera_id):
        return 0
    camera = health_queryset().filter(pk=camera_id).first()
    if camera is None:
        return 0
    health = camera_health(camera, now)
    row = camera.incidents.filter(closed_at=None).first()
    if health.state in _NOBODYS_TROUBLE:
        if row:
            CameraIncident.objects.filter(pk=row.pk).update(closed_at=now)
        return 0
    known = row and Trouble(row.kind, row.kind_since, row.began_at, row.well_since, tuple(row.told))
    told = camera.incidents.filter(closed_at__gt=now - _DAY).exclude(told=[]).count()
    taken = step(known or None, _KINDS.get(health.state), now, hold_s(told))
    row = _keep(camera, row, taken, now)
    return len(_write(camera, row, AlertEvent(taken.tell), health, now)) if taken.tell and row else 0


def _alone_with(camera_id: int) -> bool:
    """Take the camera's lock until the end of the transaction; False when another process has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", (LOCK_CLASS, camera_id))
        return bool(cursor.fetchone()[0])


def _keep(camera: Camera, row: CameraIncident | None, taken: Step, now: dt.datetime) -> CameraIncident | None:
    if taken.trouble is None:
        return None
    row = row or CameraIncident(camera=camera)
    trouble = taken.trouble
    row.kind, row.kind_since, row.began_at = trouble.kind, trouble.kind_since, trouble.began_at
    row.well_since, row.told = trouble.well_since, list(trouble.told)
    row.closed_at = now if taken.over else None
    row.save()
    return row


def _write(
    camera: Camera, incident: CameraIncident | None, event: AlertEvent, health: CameraHealth, now: dt.datetime
) -> list[CameraAlert]:
    """One row for each way to the owner: e-mails in the owner's language, webhooks in the site's."""
    alerts = []
    for channel, target in _ways(camera):
        language = camera.alert_language if channel == AlertChannel.EMAIL else settings.LANGUAGE_CODE
        with translation.override(language):
            headline = _headline(event, camera_health(camera, now))
        alert = CameraAlert(
            camera=camera, incident=incident, event=event, channel=channel, target=target, headline=headline,
            created_at=now,
        )  # fmt: skip
        alert.body = _body(alert, camera, incident, health)
        alerts.append(alert)
    return CameraAlert.objects.bulk_create(alerts, ignore_conflicts=True)


def _headline(event: AlertEvent, health: CameraHealth) -> str:
    if event == AlertEvent.WELL:
        return _("It is well again: its frames arrive and its view is the calibrated one.")
    if event == AlertEvent.TEST:
        return _("A test: alerts about this camera reach you this way. %s") % health.headline
    return health.headline


def _ways(camera: Camera) -> list[tuple[AlertChannel, str]]:
    """How the owner of this camera is reached now."""
    ways = []
    owner = camera.owner
    if camera.alert_by_email and owner and owner.is_active and owner.email and alert_mail.mail_is_set_up():
        ways.append((AlertChannel.EMAIL, owner.email))
    if camera.alert_webhook:
        ways.append((AlertChannel.WEBHOOK, camera.alert_webhook))
    return ways


def _body(
    alert: CameraAlert, camera: Camera, incident: CameraIncident | None, health: CameraHealth
) -> dict[str, Any]:
    """What a webhook is sent; documented for its receivers."""
    return {
        "type": f"camera.{alert.event}",
        "id": str(alert.pk),
        "timestamp": _iso(alert.created_at),
        "data": {
            "camera": camera.name,
            "title": camera.title,
            "state": health.state.value,
            "headline": alert.headline,
            "since": _iso(incident.kind_since) if incident else None,
            "last_frame_at": _iso(health.last_frame_at),
            "zones": list(health.zones),
        },
    }


def _iso(moment: dt.datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def may_test(camera: Camera) -> bool:
    """Whether the last test was long enough ago: a webhook may lead to somebody who did not ask for any."""
    since = timezone.now() - dt.timedelta(seconds=TEST_EVERY_S)
    return not CameraAlert.objects.filter(camera=camera, event=AlertEvent.TEST, created_at__gt=since).exists()


def queue_test(camera: Camera) -> list[CameraAlert]:
    """Write a test alert to every way there is to the owner; none when there is no way."""
    now = timezone.now()
    full = health_queryset().get(pk=camera.pk)
    return _write(full, None, AlertEvent.TEST, camera_health(full, now), now)


def forget_old(now: dt.datetime) -> int:
    """Delete what was over long ago. Returns how many rows went."""
    old = now - KEPT
    incidents, _rows = CameraIncident.objects.filter(closed_at__lt=old).delete()
    tests, _rows = CameraAlert.objects.filter(incident=None, created_at__lt=old).delete()
    return incidents + tests


def new_webhook_secret(camera: Camera) -> str:
    """Give the camera's webhook a new signing secret and return it; the old one signs nothing any more."""
    camera.alert_secret = webhook.new_secret()
    Camera.objects.filter(pk=camera.pk).update(alert_secret=camera.alert_secret)
    return camera.alert_secret


# --- sending ---------------------------------------------------------------------------------------------------------


def send_waiting() -> tuple[int, int]:
    """Send what is due; returns (sent, failed). Holds no lock while it talks to anybody."""
    alerts = _claim(timezone.now())
    if not alerts:
        return 0, 0
    jobs = [_job(alert) for alert in alerts]
    with ThreadPoolExecutor(min(SENT_AT_ONCE, len(jobs)), thread_name_prefix="alert") as pool:
        outcomes = list(pool.map(_talk, jobs))
    for alert, outcome in zip(alerts, outcomes, strict=True):
        _write_down(alert, outcome)
    return outcomes.count(None), len(outcomes) - outcomes.count(None)


def _claim(now: dt.datetime) -> list[CameraAlert]:
    """Alerts that are due, ours for CLAIM_S; those that nobody needs any more are put away on the way."""
    with transaction.atomic():
        due = list(
            CameraAlert.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(status=AlertStatus.WAITING, next_attempt_at__lte=now)
            .select_related("camera", "incident")
            .order_by("created_at")[:CLAIMED_AT_ONCE]
        )
        overtaken = _overtaken(due)
        _end(overtaken, _("overtaken: the trouble was over before it could be told"))
        claimed = [alert for alert in due if alert.pk not in overtaken]
        CameraAlert.objects.filter(pk__in=[alert.pk for alert in claimed]).update(
            next_attempt_at=now + dt.timedelta(seconds=CLAIM_S)
        )
    return claimed


def _overtaken(due: Sequence[CameraAlert]) -> set[Any]:
    """Of incidents that are over: troubles not told in time, and "well again" to those who were never told of one."""
    over = [alert for alert in due if alert.incident is not None and alert.incident.closed_at is not None]
    told = {
        (row["incident"], row["channel"], row["target"])
        for row in CameraAlert.objects.filter(
            incident__in={alert.incident_id for alert in over}, status=AlertStatus.SENT
        )
        .values("incident", "channel", "target")
        .annotate(sent=Count("pk"))
    }
    return {
        alert.pk
        for alert in over
        if alert.event != AlertEvent.WELL or (alert.incident_id, alert.channel, alert.target) not in told
    }


def _end(alerts: Collection[Any], why: str) -> None:
    if alerts:
        CameraAlert.objects.filter(pk__in=alerts).update(status=AlertStatus.GIVEN_UP, last_error=why)


_Job: TypeAlias = EmailMessage | tuple[str, bytes, str, str, int]


def _job(alert: CameraAlert) -> _Job:
    """All that sending needs, so that its thread asks the database nothing."""
    if alert.channel == AlertChannel.EMAIL:
        with translation.override(alert.camera.alert_language):
            return alert_mail.message(alert)
    secret = alert.camera.alert_secret or new_webhook_secret(alert.camera)
    body = json.dumps(alert.body, ensure_ascii=False, separators=(",", ":")).encode()
    return alert.target, body, secret, str(alert.pk), int(timezone.now().timestamp())


def _talk(job: _Job) -> Exception | None:
    """Send one; returns what went wrong."""
    try:
        if isinstance(job, EmailMessage):
            alert_mail.send(job)
        else:
            url, body, secret, message_id, timestamp = job
            webhook.post(url, body, secret=secret, message_id=message_id, timestamp=timestamp)
    except (alert_mail.MailFailed, webhook.WebhookFailed) as error:
        return error
    except Exception as error:  # one odd alert must not keep the others
        logger.exception("an alert could not be sent")
        return error
    return None


def _write_down(alert: CameraAlert, failed: Exception | None) -> None:
    now = timezone.now()
    attempts = alert.attempts + 1
    values: dict[str, Any] = {"attempts": attempts}
    if failed is None:
        values |= {"status": AlertStatus.SENT, "sent_at": now, "last_error": ""}
        logger.info("%s: %s told by %s", alert.camera, alert.event, alert.channel)
    else:
        values["last_error"] = " ".join(str(failed).split())[:MAX_ERROR_CHARS]
        if getattr(failed, "for_good", False) or attempts > len(RETRY_AFTER_S):
            values["status"] = AlertStatus.GIVEN_UP
        else:
            values["next_attempt_at"] = now + dt.timedelta(seconds=RETRY_AFTER_S[attempts - 1])
        logger.warning(
            "%s: %s by %s failed: %s", alert.camera, alert.event, alert.channel, values["last_error"]
        )
    CameraAlert.objects.filter(pk=alert.pk, status=AlertStatus.WAITING).update(**values)
