# SPDX-License-Identifier: AGPL-3.0-or-later
"""ETags and If-None-Match (RFC 9110 §8.8 and §13)."""

from __future__ import annotations

from django.utils.http import parse_etags

__all__ = ["CACHE_CONTROL", "etag_of", "matches"]

#: Browsers ask each time and mostly get a 304; a cache in front may answer for one second, so a thousand drivers cost
#: as much as one. Staleness stays below the polling interval.
CACHE_CONTROL = "public, max-age=0, s-maxage=1, must-revalidate"


def etag_of(version: str) -> str:
    """A weak ETag: the same map, whatever compression did to the bytes."""
    return f'W/"{version}"'


def matches(if_none_match: str | None, etag: str) -> bool:
    """Whether the client's copy is current; weak comparison, as If-None-Match asks for."""
    if not if_none_match:
        return False
    known = parse_etags(if_none_match)
    return "*" in known or any(tag.removeprefix("W/") == etag.removeprefix("W/") for tag in known)
