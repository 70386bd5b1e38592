# SPDX-License-Identifier: AGPL-3.0-or-later
"""Free spaces to GeoJSON, Shapefile and GeoPackage files, chosen by the file's ending. Pure: no Django."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyogrio.raw
import shapely

from apps.parking.zone_files import ENDINGS, SHAPEFILE_NAME_LENGTH
from camera_registry.mercator import xy_3857_to_lonlat

__all__ = ["OfferedSpace", "SpaceFileRefused", "write_spaces"]

#: RFC 7946 §11.2: more than seven decimals (1 cm) say nothing.
DECIMALS = 7


class SpaceFileRefused(ValueError):
    """A file that cannot be written; the text says why and what to do."""


@dataclass(frozen=True)
class OfferedSpace:
    """A free space as it is offered now; EPSG:3857, true metres, times as RFC 3339 text in UTC."""

    id: str
    zone: str
    polygon_3857: shapely.Polygon
    length_m: float
    width_m: float
    bearing_deg: float
    orientation: str
    confidence: float
    access: str
    observed_at: str
    valid_until: str


_TEXT_FIELDS = ("id", "zone", "orientation", "access", "observed_at", "valid_until")
_NUMBER_FIELDS = ("length_m", "width_m", "bearing_deg", "confidence")


def write_spaces(path: Path, spaces: Sequence[OfferedSpace]) -> None:
    """Write spaces in WGS 84, longitude first, exterior rings counter-clockwise; an existing file is replaced.

    Shapefiles cut field names to ten letters. Raises SpaceFileRefused.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise SpaceFileRefused(f"{path.name}: the ending must be one of {', '.join(ENDINGS)}.")
    names = [*_TEXT_FIELDS, *_NUMBER_FIELDS]
    columns = [np.array([getattr(space, name) for space in spaces], dtype=object) for name in _TEXT_FIELDS]
    columns += [
        np.array([getattr(space, name) for space in spaces], dtype=np.float64) for name in _NUMBER_FIELDS
    ]
    options: dict[str, object] = {}
    if ENDINGS[ending] == "GeoJSON":
        options = {"RFC7946": "YES", "ID_FIELD": "id", "COORDINATE_PRECISION": DECIMALS}
    elif ending == ".shp":
        names = [name[:SHAPEFILE_NAME_LENGTH] for name in names]
        options = {"ENCODING": "UTF-8"}
    geometry = np.array([_wgs84_wkb(space.polygon_3857) for space in spaces], dtype=object)
    try:
        pyogrio.raw.write(
            path,
            geometry=geometry,
            field_data=columns,
            fields=names,
            geometry_type="Polygon",
            crs="EPSG:4326",
            driver=ENDINGS[ending],
            layer_options=options,
        )
    except (pyogrio.errors.DataSourceError, OSError) as error:
        raise SpaceFileRefused(f"{path.name}: it cannot be written: {error}") from error


def _wgs84_wkb(polygon_3857: shapely.Polygon) -> bytes:
    lonlat = shapely.transform(polygon_3857, xy_3857_to_lonlat)
    return shapely.to_wkb(shapely.geometry.polygon.orient(lonlat))
