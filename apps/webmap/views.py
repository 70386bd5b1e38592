# SPDX-License-Identifier: AGPL-3.0-or-later
"""One page; all that changes comes through the API."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.views.decorators.gzip import gzip_page
from django.views.generic import TemplateView

from apps.parking import selectors
from apps.webmap.basemap import map_config, needs_referrer
from apps.webmap.csp import content_security_policy, new_nonce, sources_of
from apps.webmap.language import InTheReadersLanguage
from apps.webmap.strings import page_strings
from camera_registry.reader_language import other_languages

logger = logging.getLogger(__name__)


@method_decorator(gzip_page, name="dispatch")  # no secret is in it that compression could betray
class MapPageView(InTheReadersLanguage, TemplateView):
    """The map with free spaces, for a phone in the sun."""

    template_name = "webmap/map.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page with a policy under which only our scripts run, and only what is configured comes from elsewhere."""
        nonce = new_nonce()
        response = super().get(request, *args, nonce=nonce, **kwargs)
        response["Content-Security-Policy"] = content_security_policy(nonce, sources_of(settings))
        if needs_referrer():
            response["Referrer-Policy"] = "strict-origin-when-cross-origin"
        response["Permissions-Policy"] = "geolocation=(self), camera=(), microphone=()"
        response["Cache-Control"] = "no-cache"
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the page's script needs to begin."""
        return super().get_context_data(**kwargs) | {
            "language": get_language(),
            "other_languages": other_languages(),
            "strings": page_strings(),
            "page_config": {
                "zonesUrl": reverse("api:zones"),
                "spacesUrl": reverse("api:spaces"),
                "vehicleClasses": [
                    {"length_m": found.length_m, "width_m": found.width_m}
                    for found in selectors.vehicle_classes()
                ],
                "workerUrl": reverse("webmap:service-worker"),
                "routingUrl": settings.SPARK_ROUTING_URL,
                "geocoderUrl": settings.SPARK_GEOCODER_URL,
                "geocoderAttribution": settings.SPARK_GEOCODER_ATTRIBUTION,
                "pollS": settings.SPARK_POLL_S,
                "extent": _extent(),
            }
            | map_config(),
        }


def _extent() -> list[float] | None:
    """West, south, east, north of all zones; None when there are none, or nobody to ask: the page opens anyway."""
    try:
        box = selectors.public_extent()
    except DatabaseError:
        logger.warning("the map opens without its extent: the database cannot be reached")
        return None
    return None if box is None else [box.west, box.south, box.east, box.north]
