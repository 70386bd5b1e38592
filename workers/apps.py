# SPDX-License-Identifier: AGPL-3.0-or-later
"""The workers as a Django app, so that their management commands are found. It has no models."""

from __future__ import annotations

from django.apps import AppConfig


class WorkersConfig(AppConfig):
    """Intake and analysis: `manage.py watch_inbox` and `manage.py run_worker`."""

    name = "workers"
    label = "workers"
    verbose_name = "Workers"
