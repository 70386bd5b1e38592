# SPDX-License-Identifier: AGPL-3.0-or-later
"""The camera registry as a Django app: what a camera is, who owns it, how it is doing."""

from __future__ import annotations

from django.apps import AppConfig


class CameraRegistryConfig(AppConfig):
    """Cameras, their keys, calibrations and the reasons for which their uploads were refused."""

    name = "camera_registry"
    label = "camera_registry"
    verbose_name = "Cameras"
    default_auto_field = "django.db.models.BigAutoField"
