# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses: the map at /, the API at /api/v1/, the admin, the camera owners' pages, and what operators
watch.
"""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

admin.site.site_header = admin.site.site_title = "SPARK"
admin.site.index_title = "Administration"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("apps.ops.urls")),  # before the API's, whose last address is all that there is not
    path("api/v1/", include("apps.api.urls")),
    path("my/", include("apps.owners.urls")),
    path("", include("apps.webmap.urls")),
]
