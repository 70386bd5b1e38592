# SPDX-License-Identifier: AGPL-3.0-or-later
"""An alert as an e-mail: plain text, one subject, the same id however often it is tried."""

from __future__ import annotations

import smtplib
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext as _

from camera_registry.health_models import AlertEvent, CameraAlert

__all__ = ["MailFailed", "mail_is_set_up", "message", "send"]

#: Where its owner finds a camera. The registry knows no app, so the address stands here too; a test holds them together.
OWNERS_PAGE = "/my/camera/%s/"
#: From here on an SMTP answer is final.
FINAL_SMTP_CODE = 500


class MailFailed(Exception):
    """The mail server did not take the message. for_good: trying again is pointless."""

    def __init__(self, text: str, *, for_good: bool = False) -> None:
        super().__init__(text)
        self.for_good = for_good


def mail_is_set_up() -> bool:
    """Whether this site sends e-mail at all."""
    return bool(settings.SPARK_SENDS_EMAIL)


def message(alert: CameraAlert) -> EmailMessage:
    """The e-mail of an alert."""
    data = alert.body["data"]
    name = " ".join(str(data["camera"]).split())
    subjects = {
        AlertEvent.LATE: _("%s sends no pictures"),
        AlertEvent.SUSPENDED: _("%s is suspended: its view has changed"),
        AlertEvent.WELL: _("%s is well again"),
        AlertEvent.TEST: _("%s: a test of its alerts"),
    }
    title = " ".join(str(data["title"]).split())
    who = f"{title} ({name})" if title else name
    lines = [f"{who}:", alert.headline]
    if data["since"] and alert.event in (AlertEvent.LATE, AlertEvent.SUSPENDED):
        lines.append(_("Since %s.") % data["since"])
    if data["zones"] and alert.event in (AlertEvent.LATE, AlertEvent.SUSPENDED):
        lines.append(
            _("Unless another camera sees them, these zones are unknown meanwhile: %s.")
            % ", ".join(data["zones"])
        )
    if settings.SPARK_SITE_URL:
        lines.append(f"{settings.SPARK_SITE_URL.rstrip('/')}{OWNERS_PAGE % name}")
    if alert.event in (AlertEvent.LATE, AlertEvent.SUSPENDED):
        lines.append(_("You are told once, and again when the camera is well."))
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return EmailMessage(
        subject=subjects[AlertEvent(alert.event)] % (title or name),
        body="\n\n".join(lines) + "\n",
        to=[alert.target],
        headers={"Message-ID": f"<{alert.pk}@{domain}>", "Auto-Submitted": "auto-generated"},
    )


def send(mail: EmailMessage) -> None:
    """Hand it to the mail server. Raises MailFailed."""
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        said = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
        raise MailFailed(f"refused: {code} {said}", for_good=code >= FINAL_SMTP_CODE) from error
    except (OSError, smtplib.SMTPException) as error:
        raise MailFailed(f"{type(error).__name__}: {error}") from error
