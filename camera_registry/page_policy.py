# SPDX-License-Identifier: AGPL-3.0-or-later
"""Under what policy the admin's map pages run. Pure: no Django."""

from __future__ import annotations

from urllib.parse import urlsplit

__all__ = ["page_policy"]


def page_policy(tile_url: str) -> str:
    """A Content-Security-Policy without inline scripts or styles, and with pictures from the tile server alone."""
    tiles = ""
    if tile_url and urlsplit(tile_url).netloc:
        parts = urlsplit(tile_url)
        tiles = f" {parts.scheme or 'https'}://{parts.netloc.replace('{s}', '*')}"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none';"
        f" form-action 'self'; frame-ancestors 'none'; img-src 'self' data: blob:{tiles}"
    )
