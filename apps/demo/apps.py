# SPDX-License-Identifier: AGPL-3.0-or-later
"""The simulated street as a Django app: it has commands and no tables."""

from __future__ import annotations

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """Registers the demo's zones and cameras, and plays the cameras."""

    name = "apps.demo"
    label = "demo"
    verbose_name = "Simulated street"
