# SPDX-License-Identifier: AGPL-3.0-or-later
"""Zones to GeoJSON, Shapefile (also zipped) and GeoPackage files, chosen by the file's ending, as `zone_files` reads them. Pure.

These files hold one geometry per feature, the outline; kerb and access edges go beside it as WKT.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import shapely

from apps.parking.zone_archives import pack
from apps.parking.zone_files import ENDINGS, SHAPEFILE_NAME_LENGTH, ZIPPED
from apps.parking.zones import ZoneSpec
from camera_registry.mercator import xy_3857_to_lonlat

__all__ = ["ZonesNotWritten", "write_zones"]

#: 1 mm, so that what is read again is the same ground and not an edit.
DECIMALS = 8
#: A text in a Shapefile's table ends here.
SHAPEFILE_TEXT_LENGTH = 254

_TEXTS = ("slug", "name", "mode", "access", "hours", "standing", "source", "licence")
_NUMBERS = ("angle_deg", "slot_length_m", "slot_width_m", "spacing_m", "validity_s")
_FLAGS = ("mixed_sizes", "enabled")
_LINES = {"kerb": "kerb_3857", "access_edges": "access_edges_3857"}


class ZonesNotWritten(ValueError):
    """A file that cannot be written; the text says why and what to do."""


def write_zones(path: Path, zones: Sequence[ZoneSpec]) -> None:
    """Write zones in WGS 84, longitude first; an existing file is replaced. Raises ZonesNotWritten."""
    ending = path.suffix.lower()
    if ending == ZIPPED:
        with tempfile.TemporaryDirectory() as folder:
            write_zones(Path(folder) / f"{path.stem}.shp", zones)
            pack(Path(folder), path)
        return
    if ending not in ENDINGS:
        raise ZonesNotWritten(f"{path.name}: the ending must be one of {', '.join((*ENDINGS, ZIPPED))}.")
    columns: dict[str, np.ndarray[Any, Any]] = {
        name: np.array([getattr(zone, name) for zone in zones], dtype=object) for name in _TEXTS
    }
    columns |= {
        name: np.array([getattr(zone, name) for zone in zones], dtype=np.float64) for name in _NUMBERS
    }
    columns |= {
        name: np.array([int(getattr(zone, name)) for zone in zones], dtype=np.int32) for name in _FLAGS
    }
    for name, attribute in _LINES.items():
        columns[name] = np.array([_wkt(getattr(zone, attribute)) for zone in zones], dtype=object)
    options: dict[str, object] = {}
    if ENDINGS[ending] == "GeoJSON":
        options = {"RFC7946": "YES", "COORDINATE_PRECISION": DECIMALS}
    elif ending == ".shp":
        _require_short(path, zones, columns)
        columns = {name[:SHAPEFILE_NAME_LENGTH]: values for name, values in columns.items()}
        options = {"ENCODING": "UTF-8"}
    try:
        pyogrio.raw.write(
            path,
            geometry=np.array([_wkb(zone.geometry_3857) for zone in zones], dtype=object),
            field_data=list(columns.values()),
            fields=list(columns),
            geometry_type="Polygon",
            crs="EPSG:4326",
            driver=ENDINGS[ending],
            layer_options=options,
        )
    except (pyogrio.errors.DataSourceError, OSError) as error:
        raise ZonesNotWritten(f"{path.name}: it cannot be written: {error}") from error


def _lonlat(geometry_3857: shapely.Geometry) -> shapely.Geometry:
    return shapely.transform(geometry_3857, xy_3857_to_lonlat)


def _wkb(polygon_3857: shapely.Geometry) -> bytes:
    return shapely.to_wkb(shapely.orient_polygons(_lonlat(polygon_3857)))


def _wkt(line_3857: shapely.Geometry | None) -> str | None:
    return None if line_3857 is None else shapely.to_wkt(_lonlat(line_3857), rounding_precision=DECIMALS)


def _require_short(path: Path, zones: Sequence[ZoneSpec], columns: dict[str, Any]) -> None:
    """A Shapefile would cut longer texts off without a word."""
    for name in (*_TEXTS, *_LINES):
        for zone, value in zip(zones, columns[name], strict=True):
            if value is not None and len(value.encode()) > SHAPEFILE_TEXT_LENGTH:
                raise ZonesNotWritten(
                    f"{path.name}: the {name} of zone {zone.slug} needs more than the {SHAPEFILE_TEXT_LENGTH} letters"
                    " that a Shapefile can hold; write a .gpkg or .geojson."
                )
