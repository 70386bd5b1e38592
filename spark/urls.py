# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses: the map at /, the API at /api/v1/, the admin, and what operators watch."""

from __future__ import annotations

from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path


def _room(prefix: str, module: str) -> list[URLResolver]:
    """Today some rooms are still being built: a room without URLs is left out."""
    try:
        return [path(prefix, include(module))] if find_spec(module) else []
    except ModuleNotFoundError:
        return []


urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    *_room("api/v1/", "apps.api.urls"),
    *_room("", "apps.ops.urls"),
    *_room("", "apps.webmap.urls"),
]
