# SPDX-License-Identifier: AGPL-3.0-or-later
"""The WSGI entry point."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "spark.settings")

application = get_wsgi_application()
