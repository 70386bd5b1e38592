# SPDX-License-Identifier: AGPL-3.0-or-later
"""The room as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class OwnersConfig(AppConfig):
    """Camera owners."""

    name = "apps.owners"
    label = "owners"
    verbose_name = "Camera owners"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """An account that is switched off or deleted, also in the admin, takes its cameras along."""
        from django.contrib.auth import get_user_model
        from django.db.models.signals import post_save, pre_delete

        from apps.owners import services

        user = get_user_model()
        post_save.connect(services.after_user_saved, sender=user, dispatch_uid="owners-user-saved")
        pre_delete.connect(services.before_user_deleted, sender=user, dispatch_uid="owners-user-deleted")
