# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the driver's page may load, and from where: one strict policy without Google, one with.

Scripts run by nonce. Hosts are named only when a setting names them: the tile server, the tile file, the place search,
the routing service. Google's part is the strict policy that the Maps JavaScript API documents; it is sent only when a
key is configured.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Sources", "content_security_policy", "new_nonce", "sources_of"]

_GOOGLE_IMAGES = (
    "https://*.googleapis.com",
    "https://*.gstatic.com",
    "https://*.google.com",
    "https://*.googleusercontent.com",
)
_GOOGLE_CONNECTS = (
    "https://*.googleapis.com",
    "https://*.google.com",
    "https://*.gstatic.com",
    "data:",
    "blob:",
)


@dataclass(frozen=True)
class Sources:
    """Origins beside our own, as CSP sources; empty when nothing is configured."""

    images: tuple[str, ...] = ()
    connects: tuple[str, ...] = ()
    google: bool = False


def new_nonce() -> str:
    """128 random bits, once for each answer."""
    return secrets.token_urlsafe(16)


def sources_of(settings: Any) -> Sources:
    """What the settings name: tile server, tile file, place search, routing service, Google."""
    asked = (settings.SPARK_PMTILES, settings.SPARK_GEOCODER_URL, settings.SPARK_ROUTING_URL)
    tiles = "" if settings.SPARK_PMTILES else settings.SPARK_TILE_URL
    return Sources(
        images=_origins(tiles),
        connects=_origins(*asked),
        google=bool(settings.SPARK_GOOGLE_MAPS_KEY),
    )


def content_security_policy(nonce: str, sources: Sources) -> str:
    """The policy of the page; `nonce` is the one that its script and style elements carry."""
    script = [f"'nonce-{nonce}'"]
    style = ["'self'"]
    images = ["'self'", "data:", *sources.images]
    connects = ["'self'", *sources.connects]
    workers = ["'self'"]
    google = []
    if sources.google:
        # As the API's documentation asks: it compiles code for its renderer, and its workers come as blobs.
        script += ["'strict-dynamic'", "https:", "'unsafe-eval'", "blob:"]
        style += [f"'nonce-{nonce}'", "https://fonts.googleapis.com"]
        images += _GOOGLE_IMAGES
        connects += _GOOGLE_CONNECTS
        workers += ["blob:"]
        google = ["font-src https://fonts.gstatic.com", "frame-src https://*.google.com"]
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(script)}",
            f"style-src {' '.join(style)}",
            f"img-src {' '.join(images)}",
            f"connect-src {' '.join(connects)}",
            f"worker-src {' '.join(workers)}",
            *google,
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
        ]
    )


def _origins(*addresses: str) -> tuple[str, ...]:
    """CSP sources of absolute addresses; paths on this site need none. {s} stands for one of several subdomains."""
    found: dict[str, None] = {}
    for address in addresses:
        parts = urlsplit(address)
        if parts.netloc:
            found[f"{parts.scheme or 'https'}://{parts.netloc.replace('{s}', '*')}"] = None
    return tuple(found)
