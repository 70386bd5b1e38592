# SPDX-License-Identifier: AGPL-3.0-or-later
"""On the camera page: who switched a camera off, and keeping it off when its owner did."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from camera_registry import services
from camera_registry.models import Camera

__all__ = ["SwitchOnThePage"]


class SwitchOnThePage:
    """What `CameraAdmin` takes in; its `_camera`, `_back` and `_button` do the rest."""

    def switch_urls(self) -> list[Any]:
        """Below the camera's own address."""
        view = self.admin_site.admin_view(never_cache(self.keep_off))
        return [path("<int:pk>/keep-off/", view, name="camera_registry_camera_keep_off")]

    def keep_off(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What its owner switched off stays off until an admin switches it on."""
        camera = self._camera(request, pk)
        if isinstance(camera, HttpResponse):
            return camera
        services.keep_off(camera, by=request.user)
        return self._back(request, camera, _("Only an admin can switch it on again now."))

    @admin.display(description=_("switched off"))
    def switched_off(self, camera: Camera) -> str:
        """By whom and when, and who may undo it."""
        if camera.enabled:
            return _("no. What you switch off stays off until an admin switches it on.")
        at = camera.off_at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M UTC") if camera.off_at else "–"
        if camera.kept_off:
            words = _("by an admin (%(who)s), %(at)s; its owner is told and cannot switch it on")
            return words % {"who": camera.off_by or "–", "at": at}
        button = self._button("camera_registry_camera_keep_off", (camera.pk,), _("Keep it off"))
        return format_html("{} {}", _("not by an admin, %s; its owner can switch it on") % at, button)
