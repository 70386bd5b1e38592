# SPDX-License-Identifier: AGPL-3.0-or-later
"""The driver's page is the site's front page."""

from __future__ import annotations

from django.urls import path

from apps.webmap.views import MapPageView

app_name = "webmap"

urlpatterns = [path("", MapPageView.as_view(), name="map")]
