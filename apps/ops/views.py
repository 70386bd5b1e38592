# SPDX-License-Identifier: AGPL-3.0-or-later
"""Is the process alive; is all that it needs there; how are the cameras; numbers for monitoring."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from apps.ops.camera_json import overview_json
from apps.ops.guard import for_monitoring
from apps.ops.metrics import metrics_text
from apps.ops.overview import intake_since, overview
from apps.ops.selectors import dependencies

__all__ = ["cameras", "healthz", "metrics", "readyz"]


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 as long as this process answers; asks nobody else, so a lost database restarts no web server."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when every needed part is there, else 503; each part with its state and, in words, what is wrong."""
    parts = dependencies()
    ready = all(part.ok for part in parts if part.needed)
    body = {
        "status": "ok" if ready else "down",
        "dependencies": {
            part.name: {"status": "ok" if part.ok else "down", "needed": part.needed, "detail": part.detail}
            for part in parts
        },
    }
    return JsonResponse(body, status=200 if ready else 503)


@for_monitoring
def cameras(request: HttpRequest) -> HttpResponse:
    """Every camera's health, worst first."""
    return JsonResponse(
        overview_json(overview(timezone.now(), intake_since())), json_dumps_params={"ensure_ascii": False}
    )


@for_monitoring
def metrics(request: HttpRequest) -> HttpResponse:
    """The whole site in Prometheus' text format."""
    return HttpResponse(metrics_text(), content_type=CONTENT_TYPE_LATEST)
