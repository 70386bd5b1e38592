# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who may watch the site from outside: a monitoring system with the site's token, or somebody of the staff.

Without a token in the settings only the staff may. An answer is never kept by anybody in between.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

__all__ = ["for_monitoring", "may_watch"]

View = Callable[[HttpRequest], HttpResponse]


def may_watch(request: HttpRequest) -> bool:
    """Whether the request shows the monitoring token or comes from somebody of the staff who may see cameras."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    token = settings.SPARK_MONITOR_TOKEN
    if scheme.lower() == "bearer" and token:
        return secrets.compare_digest(given.strip().encode(), token.encode())
    user = request.user
    return bool(user.is_active and user.is_staff and user.has_perm("camera_registry.view_camera"))


def for_monitoring(view: View) -> View:
    """A view that only they may read; everybody else gets 401 with how to do it."""

    @never_cache
    @require_safe
    @functools.wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if may_watch(request):
            return view(request)
        problem = {
            "type": "about:blank",
            "title": "Not signed in",
            "status": 401,
            "detail": "Send “Authorization: Bearer …” with the site's SPARK_MONITOR_TOKEN, or sign in to the admin"
            " with an account that may see cameras.",
            "instance": request.path,
        }
        return JsonResponse(
            problem,
            status=401,
            content_type="application/problem+json",
            headers={"WWW-Authenticate": 'Bearer realm="SPARK monitoring"'},
        )

    return guarded
