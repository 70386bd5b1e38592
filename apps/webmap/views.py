# SPDX-License-Identifier: AGPL-3.0-or-later
"""One page; all that changes comes through the API."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.views.decorators.gzip import gzip_page
from django.views.generic import TemplateView

from apps.parking import selectors
from apps.webmap.language import InTheReadersLanguage, others
from apps.webmap.strings import page_strings

logger = logging.getLogger(__name__)

#: Tiles sharper than this are not drawn by common tile servers; the map zooms on with the last ones.
TILE_MAX_ZOOM = 19


@method_decorator(gzip_page, name="dispatch")  # no secret is in it that compression could betray
class MapPageView(InTheReadersLanguage, TemplateView):
    """The map with free spaces, for a phone in the sun."""

    template_name = "webmap/map.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page with a policy under which no inline script or style runs and nothing comes from elsewhere."""
        response = super().get(request, *args, **kwargs)
        response["Content-Security-Policy"] = content_security_policy(settings.SPARK_TILE_URL)
        response["Permissions-Policy"] = "geolocation=(self), camera=(), microphone=()"
        response["Cache-Control"] = "no-cache"
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the page's script needs to begin."""
        return super().get_context_data(**kwargs) | {
            "language": get_language(),
            "other_languages": others(get_language()),
            "strings": page_strings(),
            "page_config": {
                "zonesUrl": reverse("api:zones"),
                "spacesUrl": reverse("api:spaces"),
                "vehicleClasses": [
                    {"length_m": found.length_m, "width_m": found.width_m}
                    for found in selectors.vehicle_classes()
                ],
                "workerUrl": reverse("webmap:service-worker"),
                "pollS": settings.SPARK_POLL_S,
                "extent": _extent(),
                "tileUrl": settings.SPARK_TILE_URL,
                "tileAttribution": settings.SPARK_TILE_ATTRIBUTION,
                "tileMaxZoom": TILE_MAX_ZOOM,
            },
        }


def _extent() -> list[float] | None:
    """West, south, east, north of all zones; None when there are none, or nobody to ask: the page opens anyway."""
    try:
        box = selectors.public_extent()
    except DatabaseError:
        logger.warning("the map opens without its extent: the database cannot be reached")
        return None
    return None if box is None else [box.west, box.south, box.east, box.north]


def content_security_policy(tile_url: str) -> str:
    """Everything from this site only; images from the tile server too, when there is one."""
    images = "img-src 'self' data:"
    if tile_url:
        parts = urlsplit(tile_url)
        if parts.netloc:
            # {s} in a tile address stands for one of several subdomains.
            images += f" {parts.scheme or 'https'}://{parts.netloc.replace('{s}', '*')}"
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            images,
            "connect-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
        ]
    )
