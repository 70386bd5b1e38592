# SPDX-License-Identifier: AGPL-3.0-or-later
"""Alerts on the camera page: where they go, what became of the last ones, a test, and the webhook's secret."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from camera_registry import alerts
from camera_registry.alert_mail import mail_is_set_up
from camera_registry.health import camera_health
from camera_registry.models import Camera, CameraAlert

__all__ = ["ALERT_FIELDS", "AlertsOnThePage"]

#: Of the camera's form; the last is only shown.
ALERT_FIELDS = ("alert_by_email", "alert_language", "alert_webhook", "alerts_sent")
SHOWN = 5
MARK = "%Y-%m-%d %H:%M"


class AlertsOnThePage:
    """What `CameraAdmin` takes in; its `_camera`, `_back` and `_button` do the rest."""

    def alert_urls(self) -> list[Any]:
        """Below the camera's own address."""

        def wrap(view: Any) -> Any:
            return self.admin_site.admin_view(never_cache(view))

        return [
            path("<int:pk>/alert-test/", wrap(self.alert_test), name="camera_registry_camera_alert_test"),
            path(
                "<int:pk>/alert-secret/", wrap(self.alert_secret), name="camera_registry_camera_alert_secret"
            ),
        ]

    def alert_test(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Write a test alert; the process that sends alerts sends it within seconds."""
        camera = self._camera(request, pk)
        if isinstance(camera, HttpResponse):
            return camera
        if not alerts.may_test(camera):
            return self._back(request, camera, _("A test was sent a moment ago; wait a minute."))
        if not alerts.queue_test(camera):
            messages.warning(request, self.no_way(camera))
        return self._back(request, camera, _("Test alerts are on their way; below is what became of them."))

    def alert_secret(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make a new signing secret and show it, this once."""
        camera = self._camera(request, pk)
        if isinstance(camera, HttpResponse):
            return camera
        secret = alerts.new_webhook_secret(camera)
        self.log_change(request, camera, "Made a new signing secret for its webhook.")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Signing secret of the webhook of %s") % camera.name,
            "opts": self.opts,
            "camera": camera,
            "secret": secret,
        }
        return TemplateResponse(request, "admin/camera_registry/camera/alert_secret.html", context)

    def no_way(self, camera: Camera) -> Any:
        """Why nobody can be told about this camera."""
        if camera.alert_by_email and camera.owner and not camera.owner.email:
            return _("Its owner has no e-mail address.")
        if camera.alert_by_email and camera.owner and not mail_is_set_up():
            return _("This site sends no e-mail (EMAIL_URL), and the camera has no webhook.")
        return _("Nobody is told: it has neither an owner with e-mail nor a webhook.")

    @admin.display(description=_("in a sentence"))
    def headline(self, camera: Camera) -> str:
        """All that is wrong with it, and what to do."""
        health = camera_health(camera, timezone.now())
        return format_html_join(
            "", "<div>{}</div>", ((words,) for words in health.troubles or [health.headline])
        )

    @admin.display(description=_("last alerts"))
    def alerts_sent(self, camera: Camera) -> str:
        """What became of the last messages, and the buttons."""
        rows = CameraAlert.objects.filter(camera=camera)[:SHOWN]
        said = format_html_join(
            "",
            "<div>{} UTC: {}, {} {}: {} {}</div>",
            (
                (
                    row.created_at.strftime(MARK), row.get_event_display(), row.get_channel_display(), row.target,
                    row.get_status_display(), row.last_error,
                )
                for row in rows
            ),
        )  # fmt: skip
        buttons = [self._button("camera_registry_camera_alert_test", (camera.pk,), _("Send a test"))]
        if camera.alert_webhook:
            words = _("New signing secret (shown once)")
            buttons.append(self._button("camera_registry_camera_alert_secret", (camera.pk,), words))
        return format_html(
            "{}<p>{}</p>",
            said or _("none yet"),
            format_html_join(" ", "{}", ((button,) for button in buttons)),
        )
