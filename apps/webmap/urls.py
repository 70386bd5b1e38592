# SPDX-License-Identifier: AGPL-3.0-or-later
"""The driver's page is the site's front page."""

from __future__ import annotations

from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView

from apps.webmap import shell
from apps.webmap.basemap import BaseMapView
from apps.webmap.views import MapPageView

app_name = "webmap"

urlpatterns = [
    path("", MapPageView.as_view(), name="map"),
    path("basemap.pmtiles", BaseMapView.as_view(), name="basemap"),
    path("manifest.webmanifest", shell.manifest, name="manifest"),
    # At the top, so that its scope is the page.
    path("service-worker.js", shell.service_worker, name="service-worker"),
    # Browsers ask for it on every page that names no icon, the admin's among them.
    path("favicon.ico", RedirectView.as_view(url=static("webmap/icon.svg"))),
]
