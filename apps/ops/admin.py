# SPDX-License-Identifier: AGPL-3.0-or-later
"""The health page in the admin: every camera at a glance, worst first, with what to do about it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.ops.models import CameraOverview
from apps.ops.overview import intake_since, overview

#: How often an open page asks for news, seconds; with more cameras more rarely, so that a page that somebody has
#: forgotten costs no more than a fiftieth of a core.
REFRESH_S = 10
CAMERAS_A_SECOND = 10


@admin.register(CameraOverview)
class CameraOverviewAdmin(admin.ModelAdmin):
    """One page, to look at; whoever may see cameras may see it. What can be done is done on the camera's own page."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("camera_registry.view_camera"))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The page; with `?part=1` only what changes in it, for the page itself to ask."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = overview(timezone.now(), intake_since())
        context = {
            **self.admin_site.each_context(request),
            "title": _("Camera health"),
            "opts": self.opts,
            "found": found,
            "refresh_s": max(REFRESH_S, len(found.lines) // CAMERAS_A_SECOND),
            "may_change": request.user.has_perm("camera_registry.change_camera"),
            "sends_email": settings.SPARK_SENDS_EMAIL,
        }
        part = "health_part" if request.GET.get("part") else "health"
        return TemplateResponse(request, f"admin/ops/{part}.html", context)
