# SPDX-License-Identifier: AGPL-3.0-or-later
"""The ASGI entry point."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "spark.settings")

application = get_asgi_application()
