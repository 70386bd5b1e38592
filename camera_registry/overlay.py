# SPDX-License-Identifier: AGPL-3.0-or-later
"""Set operations on ground that cannot fail: inputs mended, results on a millimetre grid, polygonal parts only.

Masks cross themselves, cuts leave lines and points behind, and a valid polygon may stop being one when its coordinates
are moved between frames. Overlay in floating point then raises a TopologyException, in the middle of somebody's
street. Snap-rounding to a grid is robust for all valid input (Hobby 1999; GEOS OverlayNG), so every set operation on
ground goes through here. A millimetre is far below any calibration's residual.
"""

from __future__ import annotations

from collections.abc import Iterable

import shapely

__all__ = ["GRID", "difference", "intersection", "polygonal", "union"]

#: Cell of the grid in the units of the coordinates, metres or EPSG:3857 units.
GRID = 0.001


def polygonal(geometry: shapely.Geometry, speck: float = 0.0) -> shapely.Geometry:
    """The valid polygonal part of any geometry, pieces of at most `speck` area left out; a (Multi)Polygon."""
    if not geometry.is_valid:
        geometry = shapely.make_valid(geometry)
    if geometry.geom_type == "Polygon":
        return geometry if geometry.area > speck else shapely.Polygon()
    parts = shapely.get_parts(shapely.get_parts(geometry))  # a collection may hold a MultiPolygon
    kept = parts[(shapely.get_dimensions(parts) == 2) & (shapely.area(parts) > speck)]
    if len(kept) == len(parts) and geometry.geom_type == "MultiPolygon":
        return geometry
    # Parts of a valid geometry do not overlap: they need no union.
    return kept[0] if len(kept) == 1 else shapely.MultiPolygon(list(kept))


def union(geometries: Iterable[shapely.Geometry], speck: float = 0.0) -> shapely.Geometry:
    """All of them together; pieces of at most `speck` area left out."""
    parts = [polygonal(geometry) for geometry in geometries]
    return polygonal(shapely.union_all(parts, grid_size=GRID), speck)


def intersection(a: shapely.Geometry, b: shapely.Geometry, speck: float = 0.0) -> shapely.Geometry:
    """What lies in both; pieces of at most `speck` area left out."""
    return polygonal(shapely.intersection(polygonal(a), polygonal(b), grid_size=GRID), speck)


def difference(a: shapely.Geometry, b: shapely.Geometry, speck: float = 0.0) -> shapely.Geometry:
    """What lies in `a` and not in `b`; pieces of at most `speck` area left out."""
    return polygonal(shapely.difference(polygonal(a), polygonal(b), grid_size=GRID), speck)
