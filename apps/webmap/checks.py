# SPDX-License-Identifier: AGPL-3.0-or-later
"""System checks of the map's settings, found before the first driver sees an empty ground."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, register

from apps.webmap.basemap import pmtiles_file

#: The first bytes of a PMTiles file, the last of them the version that the page reads.
PMTILES_BEGIN = b"PMTiles\x03"
#: Where the header says what the tiles are, and what it says of PNG, JPEG, WebP and AVIF.
TILE_KIND_AT, PICTURES = 99, (2, 3, 4, 5)


@register()
def base_map(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """SPARK_PMTILES names a file that the page can read."""
    path = pmtiles_file()
    if path is None:
        return []
    if not path.is_file():
        return [Error(f"SPARK_PMTILES names {path}, which is not a file.", id="webmap.E001")]
    with path.open("rb") as file:
        begins = file.read(TILE_KIND_AT + 1)
    if not begins.startswith(PMTILES_BEGIN) or len(begins) <= TILE_KIND_AT:
        return [
            Error(f"SPARK_PMTILES names {path}, which is no PMTiles file of version 3.", id="webmap.E002")
        ]
    if begins[TILE_KIND_AT] not in PICTURES:
        return [
            Error(
                f"SPARK_PMTILES names {path}, whose tiles are no pictures.",
                hint="The map shows PNG, JPEG, WebP and AVIF tiles; draw vector tiles to pictures first (docs/admins.md).",
                id="webmap.E003",
            )
        ]
    return []
