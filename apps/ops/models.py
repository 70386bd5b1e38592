# SPDX-License-Identifier: AGPL-3.0-or-later
"""No tables of this room's own: a second view of the cameras, so that the admin has a page and a place for it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from camera_registry.models import Camera


class CameraOverview(Camera):
    """The cameras as the health page shows them."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = _("camera")
        verbose_name_plural = _("camera health")
