# SPDX-License-Identifier: AGPL-3.0-or-later
"""Placement from map files to map files, as the paper works: zones and occupied ground in, slots out.

    python -m workers.placement_files ZONES OCCUPIED -o SLOTS [--mode production|paper] [options of the paper's mode]

GeoJSON, Shapefile or GeoPackage by ending, in any coordinate system that the file names. Zones have the fields that
``manage.py import_zones`` reads (a slug at least); occupied ground is polygons. Slots come out as polygons in WGS 84,
or as EPSG:3857, the paper's frame, with ``--epsg 3857``.

It stands beside ``workers/placement``, which knows true metres and no files of maps.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import shapely
from pyproj import Transformer
from pyproj.exceptions import ProjError

from apps.parking.zone_files import ENDINGS, ZoneFileRefused, read_outlines, read_zones
from apps.parking.zones import MODE_DEFAULTS, ZoneSpec
from camera_registry.mercator import LocalFrame
from workers.placement import PlacementError, PlacementProblem, Slot, place
from workers.placement.paper_options import add_paper_options, paper_parameters

_FIELDS: dict[str, type] = {
    "zone": object,
    "number": np.int64,
    "length_m": np.float64,
    "width_m": np.float64,
    "bearing": np.float64,
}


@dataclass(frozen=True)
class SlotOnMap:
    """One slot of one zone: outline in EPSG:3857, size in true metres, bearing of its length axis, degrees from north."""

    zone: str
    number: int
    polygon_3857: shapely.Polygon
    length_m: float
    width_m: float
    bearing: float


def lay_out(
    zone: ZoneSpec, occupied_3857: shapely.Geometry, solve: Callable[[PlacementProblem], Sequence[Slot]]
) -> list[SlotOnMap]:
    """One zone's slots. Raises PlacementError."""
    frame = LocalFrame.around(zone.geometry_3857)
    usual = MODE_DEFAULTS[zone.mode]
    length, width, spacing = (
        own if own is not None else default
        for own, default in (
            (zone.slot_length_m, usual.slot_length_m),
            (zone.slot_width_m, usual.slot_width_m),
            (zone.spacing_m, usual.spacing_m),
        )
    )
    access = zone.access_edges_3857
    problem = PlacementProblem(
        frame.geometry_to_metres(zone.geometry_3857),
        frame.geometry_to_metres(occupied_3857),
        length,
        width,
        spacing,
        zone.mode,  # type: ignore[arg-type]  # the file's reader has checked it
        zone.angle_deg,
        None if zone.kerb_3857 is None else frame.geometry_to_metres(zone.kerb_3857),
        access=None if access is None else frame.geometry_to_metres(access),
    )
    return [
        SlotOnMap(
            zone.slug,
            number,
            frame.geometry_to_3857(slot.polygon(length, width)),
            length,
            width,
            round((90.0 - math.degrees(slot.theta_rad)) % 180.0, 2),
        )
        for number, slot in enumerate(solve(problem), start=1)
    ]


def write_slots(path: Path, slots: Sequence[SlotOnMap], epsg: int = 4326) -> None:
    """Write slots in a coordinate system, x east first; an existing file is replaced.

    Raises ValueError, with the cure, when the ending, the system or the place will not do.
    """
    driver = ENDINGS.get(path.suffix.lower())
    if driver is None:
        raise ValueError(f"{path.name}: the ending must be one of {', '.join(ENDINGS)}")
    try:
        to_output = Transformer.from_crs(3857, epsg, always_xy=True)
    except ProjError as error:
        raise ValueError(f"EPSG:{epsg} is no coordinate system that is known: {error}") from error

    def convert(xy: Any) -> Any:
        return np.column_stack(to_output.transform(xy[:, 0], xy[:, 1]))

    outlines = [shapely.orient_polygons(shapely.transform(slot.polygon_3857, convert)) for slot in slots]
    try:
        pyogrio.raw.write(
            path,
            geometry=np.array([shapely.to_wkb(outline) for outline in outlines], dtype=object),
            field_data=[
                np.array([getattr(s, name) for s in slots], dtype=kind) for name, kind in _FIELDS.items()
            ],
            fields=list(_FIELDS),
            geometry_type="Polygon",
            crs=f"EPSG:{epsg}",
            driver=driver,
        )
    except (pyogrio.errors.DataSourceError, OSError) as error:
        raise ValueError(f"{path.name}: it cannot be written: {error}") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 2, with a line that says why, for a file or a value that cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m workers.placement_files", description=__doc__.split("\n")[0]
    )
    parser.add_argument("zones", type=Path, metavar="ZONES")
    parser.add_argument("occupied", type=Path, metavar="OCCUPIED")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="SLOTS")
    parser.add_argument(
        "--epsg", type=int, default=4326, help="coordinate system of the slots (default 4326)"
    )
    parser.add_argument("--mode", choices=("production", "paper"), default="production")
    parser.add_argument("--seed", type=int, default=0)
    add_paper_options(parser)
    options = parser.parse_args(arguments)
    try:
        parameters = paper_parameters(options) if options.mode == "paper" else None

        def solve(problem: PlacementProblem) -> Sequence[Slot]:
            return place(problem, mode=options.mode, seed=options.seed, parameters=parameters).slots

        zones = read_zones(options.zones)
        occupied = shapely.union_all(
            [g if g.is_valid else shapely.make_valid(g) for g in read_outlines(options.occupied)]
        )
        slots = [slot for zone in zones for slot in lay_out(zone, occupied, solve)]
        write_slots(options.output, slots, options.epsg)
    except (ZoneFileRefused, PlacementError, ValueError) as error:
        parser.error(str(error))
    sys.stdout.write(f"{len(slots)} slots in {len(zones)} zones\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
