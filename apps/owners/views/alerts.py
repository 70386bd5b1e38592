# SPDX-License-Identifier: AGPL-3.0-or-later
"""How an owner is told when a camera is in trouble: by e-mail, by webhook, or not at all."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.owners.views.camera import OneCameraView
from camera_registry import alerts
from camera_registry import services as registry
from camera_registry.alert_mail import mail_is_set_up
from camera_registry.models import Camera
from camera_registry.webhook_address import valid_webhook

__all__ = ["AlertSecretView", "AlertTestView", "AlertsView"]

#: Messages shown with what became of them.
SHOWN = 5


class AlertsForm(forms.Form):
    """The ways to the owner."""

    alert_by_email = forms.BooleanField(required=False, label=gettext_lazy("Write me an e-mail"))
    alert_language = forms.ChoiceField(
        label=gettext_lazy("Language of the e-mails"), choices=settings.LANGUAGES
    )
    alert_webhook = forms.CharField(
        required=False,
        max_length=500,
        label=gettext_lazy("Webhook"),
        help_text=gettext_lazy(
            "An https:// address of your own that is sent the same as JSON, signed. May stay empty."
        ),
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        validators=[valid_webhook],
    )


class AlertsView(OneCameraView):
    """What is told to whom, and what became of it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form as it is now."""
        camera = self.camera
        names = ("alert_by_email", "alert_language", "alert_webhook")
        initial = {name: getattr(camera, name) for name in names}
        return self._page(AlertsForm(initial=initial))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Kept, when the address is one that something may be sent to."""
        form = AlertsForm(request.POST)
        if not form.is_valid():
            return self._page(form)
        try:
            registry.register_camera(self.camera.name, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error.messages)
            return self._page(form)
        messages.success(request, _("Kept."))
        return redirect("owners:alerts", self.camera.name)

    def _page(self, form: AlertsForm, **context: object) -> HttpResponse:
        return self.page(
            "alerts.html",
            camera=self.camera,
            form=form,
            address=self.request.user.email,
            sends_email=mail_is_set_up(),
            sent=self.camera.alerts.all()[:SHOWN],
            **context,
        )


class AlertTestView(OneCameraView):
    """A message like those that will come."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Once a minute at most: what it is sent to need not be the owner's."""
        if not alerts.may_test(self.camera):
            messages.error(request, _("A test was sent a moment ago; wait a minute."))
        elif alerts.queue_test(self.camera):
            messages.success(request, _("A test is on its way; reload the page to see what became of it."))
        else:
            messages.error(request, _("There is no way to tell you anything: choose one first."))
        return redirect("owners:alerts", self.camera.name)


class AlertSecretView(OneCameraView):
    """What the receiver of the webhook checks the signature with."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """The one time that it is seen."""
        secret = alerts.new_webhook_secret(Camera.objects.get(pk=self.camera.pk))
        return self.page("alert-secret.html", camera=self.camera, secret=secret)
