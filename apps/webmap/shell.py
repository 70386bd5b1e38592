# SPDX-License-Identifier: AGPL-3.0-or-later
"""What makes the page an app: its web manifest, and the service worker that keeps its own files for a bad connection.

The worker holds the page and its scripts and styles, nothing else: no answer of the API (a kept "free" would be a
lie), no tiles, nothing of Google's. docs/decisions/016-the-app-shell.md says why it goes about updates as it does.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_cache_control
from django.utils.http import quote_etag
from django.views.decorators.http import condition, require_safe

from apps.webmap.strings import app_strings
from camera_registry.reader_language import PARAMETER

ROOM = Path(__file__).resolve().parent
STATIC = ROOM / "static"
WORKER = ROOM / "service-worker.js"
LEAFLET = ("leaflet/leaflet.css", "leaflet/leaflet.js")
#: The page's ground, light and dark; the template's theme colours are the same.
THEME_LIGHT, THEME_DARK = "#f6f8f6", "#121815"
ICONS = (("icon-192", 192, "any"), ("icon-512", 512, "any"), ("maskable-192", 192, "maskable"),
         ("maskable-512", 512, "maskable"))  # fmt: skip


def file_names() -> list[str]:
    """The static files without which the page does not run."""
    own = [
        path
        for pattern in ("*.js", "*.css", "icon.svg")
        for path in sorted((STATIC / "webmap").rglob(pattern))
    ]
    return [*LEAFLET, *(path.relative_to(STATIC).as_posix() for path in own)]


def files_and_version() -> tuple[list[str], str]:
    """Addresses of the page's files, and a version that changes whenever one of the files does."""
    digest = hashlib.sha256(WORKER.read_bytes())
    urls = []
    for name in file_names():
        url = static(name)
        urls.append(url)
        digest.update(url.encode())
        if url.endswith(name):  # no hash in its name: development, tests
            found = finders.find(name)
            digest.update(Path(found).read_bytes() if found else b"")
    return urls, digest.hexdigest()[:16]


def _worker_etag(request: HttpRequest) -> str:
    return quote_etag(files_and_version()[1])


@require_safe
@condition(etag_func=_worker_etag)
def service_worker(request: HttpRequest) -> HttpResponse:
    """The worker's script; what it has to know stands in its first line."""
    files, version = files_and_version()
    knows = {"version": version, "page": reverse("webmap:map"), "files": files}
    response = HttpResponse(
        f"self.SHELL = {json.dumps(knows)};\n{WORKER.read_text()}",
        content_type="text/javascript; charset=utf-8",
    )
    # Browsers ask anew at each visit; a worker that is kept would hold drivers on an old version.
    patch_cache_control(response, no_cache=True)
    response["Content-Security-Policy"] = "default-src 'none'; script-src 'self'; connect-src 'self'"
    return response


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """The web manifest, in the language that the address names: browsers fetch it without the page's cookies."""
    asked = request.GET.get(PARAMETER, "")
    language = asked if asked in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    with translation.override(language):
        content = _manifest(language)
    response = JsonResponse(content, content_type="application/manifest+json")
    patch_cache_control(response, max_age=3600, public=True)
    return response


def _manifest(language: str) -> dict[str, Any]:
    words = app_strings()
    page = reverse("webmap:map")
    return {
        "id": page,
        "name": words["name"],
        "short_name": "SPARK",
        "description": words["description"],
        "lang": language,
        "dir": "ltr",
        "start_url": page,
        "scope": page,
        "display": "standalone",
        "orientation": "any",
        "background_color": THEME_LIGHT,
        "theme_color": THEME_LIGHT,
        "categories": ["navigation", "travel"],
        "icons": [
            {
                "src": static(f"webmap/icons/{name}.png"),
                "sizes": f"{size}x{size}",
                "type": "image/png",
                "purpose": purpose,
            }
            for name, size, purpose in ICONS
        ],
        "prefer_related_applications": False,
    }
