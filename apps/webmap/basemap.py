# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the page is told about its maps, and the tile file on this server, which browsers read by ranges.

A PMTiles file is one file with all tiles; a browser asks for the bytes that it needs. nginx serves it better than we
do (nginx/spark.conf shows how); this view is for installations without it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, to_locale
from django.views import View

#: Tiles sharper than this are not drawn by common tile servers; the map zooms on with the last ones.
TILE_MAX_ZOOM = 19
#: No tile, no directory of tiles is larger; who asks for more wants the whole file, and blocks a worker for long.
MAX_RANGE_BYTES = 8 * 1024 * 1024
#: Its licence asks for this credit wherever its tiles are shown.
OSM_HOST = "openstreetmap.org"
OSM_CREDIT = '© <a href="https://www.openstreetmap.org/copyright">OpenStreetMap</a> contributors'


def map_config() -> dict[str, Any]:
    """The part of the page's configuration that says which map to draw, and on what ground."""
    return {
        "google": _google(),
        "leafletUrls": {"script": static("leaflet/leaflet.js"), "style": static("leaflet/leaflet.css")},
        "pmtilesUrl": _pmtiles_url(),
        "tileUrl": settings.SPARK_TILE_URL,
        "tileAttribution": settings.SPARK_TILE_ATTRIBUTION or _usual_credit(),
        "tileMaxZoom": TILE_MAX_ZOOM,
    }


def needs_referrer() -> bool:
    """Whether someone else's server must see which site asks: OSM's policy wants it, Google's keys are bound to it."""
    return bool(settings.SPARK_GOOGLE_MAPS_KEY or urlsplit(settings.SPARK_TILE_URL).netloc)


def pmtiles_file() -> Path | None:
    """The tile file on this server, when SPARK_PMTILES names one."""
    text = settings.SPARK_PMTILES
    return Path(text).expanduser() if text and not urlsplit(text).netloc else None


def _google() -> dict[str, str] | None:
    if not settings.SPARK_GOOGLE_MAPS_KEY:
        return None
    return {
        "key": settings.SPARK_GOOGLE_MAPS_KEY,
        "mapId": settings.SPARK_GOOGLE_MAP_ID,
        "version": settings.SPARK_GOOGLE_MAPS_VERSION,
        "language": to_locale(get_language() or "en").replace("_", "-"),
        "region": settings.SPARK_GOOGLE_REGION,
    }


def _pmtiles_url() -> str:
    """Its address. The time of the last change is part of it: bytes of two files must not meet in a browser's cache."""
    path = pmtiles_file()
    if path is None:
        return settings.SPARK_PMTILES
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return ""
    return f"{reverse('webmap:basemap')}?changed={changed:x}"


def _usual_credit() -> str:
    host = urlsplit(settings.SPARK_TILE_URL).hostname or ""
    return OSM_CREDIT if host == OSM_HOST or host.endswith(f".{OSM_HOST}") else ""


class BaseMapView(View):
    """GET with `Range: bytes=first-last` → 206. The whole file is not given away in one piece."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The bytes asked for; 404 without a file, 416 for a range outside it, 400 without a usable range."""
        path = pmtiles_file()
        if path is None or not path.is_file():
            raise Http404
        stat = path.stat()
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("Range", ""))
        if wanted is None:
            return HttpResponse("Ask for a range of bytes.\n", status=400, content_type="text/plain")
        first, last = int(wanted[1]), min(int(wanted[2]), stat.st_size - 1)
        if first > last or last - first >= MAX_RANGE_BYTES:
            response = HttpResponse(status=416)
            response["Content-Range"] = f"bytes */{stat.st_size}"
            return response
        with path.open("rb") as file:
            file.seek(first)
            response = HttpResponse(
                file.read(last - first + 1), status=206, content_type="application/vnd.pmtiles"
            )
        response["Content-Range"] = f"bytes {first}-{last}/{stat.st_size}"
        response["Accept-Ranges"] = "bytes"
        response["ETag"] = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
        response["Cache-Control"] = "public, max-age=86400"
        return response
