# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses beneath /api/v1/."""

from __future__ import annotations

from django.urls import path, re_path

from apps.api import views

app_name = "api"

urlpatterns = [
    path("", views.IndexView.as_view(), name="index"),
    path("zones/", views.ZonesView.as_view(), name="zones"),
    path("spaces/", views.SpacesView.as_view(), name="spaces"),
    path("vehicle-classes/", views.VehicleClassesView.as_view(), name="vehicle-classes"),
    path("schema/", views.SchemaView.as_view(), name="schema"),
    re_path(r"^(?:zones|spaces|vehicle-classes|schema)$", views.slash_missing),
    re_path("", views.NothingHereView.as_view()),
]
