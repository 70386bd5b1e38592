# SPDX-License-Identifier: AGPL-3.0-or-later
"""The forms in which answers go out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import JSONRenderer

__all__ = ["GeoJSONRenderer", "PlainJSONRenderer"]


class PlainJSONRenderer(JSONRenderer):
    """JSON; text that PostGIS has written already passes as it is."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Encode `data`, or pass text on."""
        if isinstance(data, str):
            return data.encode()
        return super().render(data, None, renderer_context)


class GeoJSONRenderer(PlainJSONRenderer):
    """RFC 7946."""

    media_type = "application/geo+json"
    format = "geojson"
