# SPDX-License-Identifier: AGPL-3.0-or-later
"""Between shapely, which the analysis speaks, and GEOS, which the database speaks; the CRS stays EPSG:3857."""

from __future__ import annotations

import shapely
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon

__all__ = ["SRID", "to_geos", "to_multipolygon", "to_shapely"]

#: The stored frame, EPSG:3857.
SRID = 3857


def to_geos(geometry: shapely.Geometry | None) -> GEOSGeometry | None:
    """A shapely geometry in EPSG:3857 as GEOS; third dimensions are dropped."""
    if geometry is None:
        return None
    return GEOSGeometry(memoryview(shapely.to_wkb(geometry, output_dimension=2)), srid=SRID)


def to_shapely(geometry: GEOSGeometry | None) -> shapely.Geometry | None:
    """A GEOS geometry in EPSG:3857 as shapely."""
    return None if geometry is None else shapely.from_wkb(bytes(geometry.wkb))


def to_multipolygon(geometry: shapely.Geometry) -> MultiPolygon:
    """The polygonal parts of a shapely geometry in EPSG:3857; empty when there are none.

    Cutting ground along shared edges leaves lines and points behind; they have no area and mean nothing here.
    """
    parts = [
        part
        for part in shapely.get_parts(shapely.get_parts(geometry))
        if part.geom_type == "Polygon" and not part.is_empty
    ]
    return to_geos(shapely.MultiPolygon(parts))
