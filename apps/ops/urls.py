# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses for those who run the system."""

from __future__ import annotations

from django.urls import path

from apps.ops import views

app_name = "ops"

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
    path("api/v1/cameras/", views.cameras, name="cameras"),
]
