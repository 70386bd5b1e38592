# SPDX-License-Identifier: AGPL-3.0-or-later
"""The room as a Django app. It has no models."""

from __future__ import annotations

from django.apps import AppConfig


class OpsConfig(AppConfig):
    """Operations."""

    name = "apps.ops"
    label = "ops"
    verbose_name = "Operations"
