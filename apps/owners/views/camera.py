# SPDX-License-Identifier: AGPL-3.0-or-later
"""An owner's cameras: adding one, what to type into it, whether it works, switching it off, taking it away."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.owners import consent, selectors, services
from apps.owners.first_frame import first_frame
from apps.owners.forms import KEY, PASSWORD, ConnectForm, NewCameraForm, WordsForm
from apps.owners.views.page import OwnerView
from camera_registry import onboarding
from camera_registry import services as registry
from camera_registry.health import STATE_WORDS, camera_health
from camera_registry.models import Camera

__all__ = [
    "CameraView",
    "CamerasView",
    "ConnectView",
    "DeleteCameraView",
    "FirstFrameView",
    "NewCameraView",
    "OneCameraView",
    "StopOldView",
    "SwitchView",
    "WithdrawView",
    "WordsView",
]

#: A test looks no farther back than this.
LONGEST_TEST = dt.timedelta(hours=6)


def _state(camera: Camera) -> dict[str, Any]:
    health = camera_health(camera, timezone.now())
    return {"camera": camera, "health": health, "state": STATE_WORDS[health.state]}


class CamerasView(OwnerView):
    """All cameras of this owner at a glance."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Each with its state in words."""
        return self.page(
            "cameras.html", rows=[_state(camera) for camera in selectors.cameras_of(request.user)]
        )


class NewCameraView(OwnerView):
    """What the camera is called and is for, and the consent."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        initial = {"contact": request.user.email, "purpose": _("Finding free parking spaces")}
        return self._form(NewCameraForm(initial=initial))

    def post(self, request: HttpRequest) -> HttpResponse:
        """On to what is typed into the camera."""
        form = NewCameraForm(request.POST)
        if not form.is_valid():
            return self._form(form)
        try:
            camera = services.add_camera(request.user, form.words())
        except ValidationError as error:
            form.add_error(None, error)
            return self._form(form)
        return redirect("owners:connect", camera.name)

    def _form(self, form: NewCameraForm) -> HttpResponse:
        return self.page("new.html", form=form, statements=consent.statements())


class OneCameraView(OwnerView):
    """A page about one camera of this owner."""

    camera: Camera

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """404 unless it is theirs."""
        if request.user.is_authenticated:
            self.camera = selectors.camera_of(request.user, kwargs.pop("name"))
        return super().dispatch(request, *args, **kwargs)

    def back(self, words: Any) -> HttpResponse:
        """To the camera's page, with what was done."""
        messages.success(self.request, words)
        return redirect("owners:camera", self.camera.name)


class CameraView(OneCameraView):
    """How it is doing, and all that can be done with it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The camera's page."""
        agreed = onboarding.consent_in_force(self.camera)
        now = timezone.now()
        keys = selectors.keys_of(self.camera)
        old_password = self.camera.old_password_until is not None and self.camera.old_password_until > now
        return self.page(
            "camera.html",
            **_state(self.camera),
            connection=selectors.connection(self.camera, request),
            keys=keys,
            stopping=old_password or any(key.stops_at for key in keys),
            agreed=agreed,
            may_switch_on=not self.camera.kept_off or selectors.may_manage_cameras(request.user),
            agree_again=selectors.needs_new_consent(self.camera, agreed),
            notice=selectors.notice_of(self.camera),
            now=now,
        )


class WordsView(OneCameraView):
    """Other words, and with them the consent anew: it is a consent to a purpose."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form, as it was filled in last."""
        last, notice = self.camera.consents.first(), selectors.notice_of(self.camera)
        initial = {
            "title": self.camera.title,
            "expected_interval_s": self.camera.expected_interval_s,
            "purpose": last.purpose if last else _("Finding free parking spaces"),
            "responsible": notice.responsible if notice else "",
            "contact": notice.contact if notice else request.user.email,
        }
        return self._form(NewCameraForm(initial=initial))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Recorded; a camera that was off stays off until it is switched on."""
        form = NewCameraForm(request.POST)
        if not form.is_valid():
            return self._form(form)
        services.change_camera(self.camera, request.user, form.words())
        return self.back(_("Recorded, with your consent of today."))

    def _form(self, form: WordsForm) -> HttpResponse:
        return self.page("words.html", camera=self.camera, form=form, statements=consent.statements())


class ConnectView(OneCameraView):
    """What to type into the camera. The secret is made and shown in one answer, and kept nowhere."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Which way of logging in."""
        return self._form(ConnectForm(initial={"method": PASSWORD}))

    def post(self, request: HttpRequest) -> HttpResponse:
        """The one time that the secret is seen."""
        form = ConnectForm(request.POST)
        if not form.is_valid():
            return self._form(form)
        secret: dict[str, Any] = {}
        until = form.old_until()
        if form.cleaned_data["method"] == PASSWORD:
            secret["password"] = onboarding.new_password(self.camera, until)
        elif form.cleaned_data["method"] == KEY:
            secret["private_key"] = onboarding.new_private_key(self.camera, until)
        else:
            onboarding.use_own_key(self.camera, form.cleaned_data["public_key"], until)
        return self.page(
            "connected.html",
            camera=self.camera,
            connection=selectors.connection(self.camera, request),
            since=f"{timezone.now().timestamp():.3f}",
            **secret,
        )

    def _form(self, form: ConnectForm) -> HttpResponse:
        known = self.camera.accepts_password or bool(selectors.keys_of(self.camera))
        return self.page("connect.html", camera=self.camera, form=form, known=known)


class StopOldView(OneCameraView):
    """What was to stop later stops now."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Sessions that it opened end within seconds."""
        onboarding.stop_old_credentials(self.camera)
        return self.back(_("The old password or key opens nothing any more."))


class SwitchView(OneCameraView):
    """On and off; on again only by an admin when an admin switched it off."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Off ends what the camera is just uploading, within seconds."""
        on = request.POST.get("to") == "on"
        if on and onboarding.consent_in_force(self.camera) is None and self.camera.consents.exists():
            messages.error(request, _("You have withdrawn your consent; give it again first."))
            return redirect("owners:words", self.camera.name)
        as_owner = not (on and selectors.may_manage_cameras(request.user))
        try:
            registry.set_enabled(self.camera, on, by=request.user, as_owner=as_owner)
        except ValidationError as error:  # an admin switched it off, perhaps after the page was shown
            messages.error(request, " ".join(error.messages))
            return redirect("owners:camera", self.camera.name)
        return self.back(_("The camera is on.") if on else _("The camera is off."))


class WithdrawView(OneCameraView):
    """The consent ends, and with it everything."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Off at once, and no admin can switch it on."""
        onboarding.withdraw_consent(self.camera)
        return self.back(
            _("Your consent is withdrawn. The camera is off, and stays so until you agree again.")
        )


class DeleteCameraView(OneCameraView):
    """The camera goes, with what stays said before."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """What goes, what stays."""
        return self.page("delete-camera.html", camera=self.camera)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Gone."""
        registry.remove_camera(self.camera)
        messages.success(request, _("The camera is gone."))
        return redirect("owners:cameras")


class FirstFrameView(OneCameraView):
    """For the live test: what became of what was sent since."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """JSON: kind, headline, advice; and `since`, to be asked with next time."""
        now = timezone.now()
        since = _moment(request.GET.get("since", ""), now)
        found = first_frame(self.camera, since, now)
        return JsonResponse(
            {
                "kind": found.kind.value,
                "headline": found.headline,
                "advice": list(found.advice),
                "since": since.timestamp(),
            }
        )


def _moment(text: str, now: dt.datetime) -> dt.datetime:
    """A Unix time from the last hours; now for everything else."""
    try:
        moment = dt.datetime.fromtimestamp(float(text), dt.UTC)
    except (ValueError, OverflowError, OSError):
        return now
    return moment if now - LONGEST_TEST <= moment <= now else now
