# SPDX-License-Identifier: AGPL-3.0-or-later
"""The room as a Django app. It has no models."""

from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """REST API v1."""

    name = "apps.api"
    label = "api"
    verbose_name = "REST API v1"
