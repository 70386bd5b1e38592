# SPDX-License-Identifier: AGPL-3.0-or-later
"""Zones and occupied ground from map files, slots to map files: sizes in true metres whatever the file's frame."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import shapely
from pyproj import Transformer
from shapely import Polygon, box
from shapely.affinity import rotate

from camera_registry.mercator import LocalFrame, lonlat_to_3857
from workers.placement_files import main

# A strip of 30 × 3 m in Kayseri with a car on its first 10 m: room for three slots of 5.5 m.
ORIGIN = tuple(lonlat_to_3857([[35.48, 38.73]])[0].tolist())
FRAME = LocalFrame(ORIGIN)  # type: ignore[arg-type]
ZONE = rotate(Polygon([(0, 0), (30, 0), (30, 3), (0, 3)]), 20, origin=(0, 0))
CAR = rotate(box(0, -1, 10, 4), 20, origin=(0, 0))


def write(path: Path, polygons: list[Polygon], epsg: int, **fields: list[object]) -> Path:
    """Polygons in true metres around ORIGIN, as a file in another coordinate system."""
    transformer = Transformer.from_crs(3857, epsg, always_xy=True)
    geometry = [
        shapely.transform(
            FRAME.geometry_to_3857(p), lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))
        )
        for p in polygons
    ]
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(np.array(geometry)),
        field_data=[np.array(values, dtype=object) for values in fields.values()],
        fields=list(fields),
        geometry_type="Polygon",
        crs=f"EPSG:{epsg}",
    )
    return path


def read(path: Path) -> tuple[list[Polygon], dict[str, list[object]], str]:
    """Outlines in true metres, fields, CRS."""
    meta, _, geometry, columns = pyogrio.raw.read(path)
    transformer = Transformer.from_crs(meta["crs"], 3857, always_xy=True)
    outlines = [
        FRAME.geometry_to_metres(
            shapely.transform(
                shapely.from_wkb(wkb), lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))
            )
        )
        for wkb in geometry
    ]
    fields = {name: list(column) for name, column in zip(meta["fields"], columns, strict=True)}
    return outlines, fields, str(meta["crs"])


@pytest.mark.parametrize(
    ("ending", "epsg", "slots_epsg"),
    [("geojson", 4326, None), ("shp", 3857, 3857), ("gpkg", 32636, None), ("shp", 4326, 32636)],
)
@pytest.mark.parametrize("mode", ["production", "paper"])
def test_files_in_files_out(
    tmp_path: Path, ending: str, epsg: int, slots_epsg: int | None, mode: str
) -> None:
    zones = write(tmp_path / f"zones.{ending}", [ZONE], epsg, slug=["bahar"], mode=["parallel"])
    cars = write(tmp_path / f"cars.{ending}", [CAR], epsg)
    out = tmp_path / f"slots.{ending}"
    more = ["--epsg", str(slots_epsg)] if slots_epsg else []
    assert main([str(zones), str(cars), "-o", str(out), "--mode", mode, *more]) == 0
    outlines, fields, crs = read(out)
    assert crs == f"EPSG:{slots_epsg or 4326}"
    assert len(outlines) == 3 if mode == "production" else 1 <= len(outlines) <= 3
    assert fields["zone"] == ["bahar"] * len(outlines)
    assert fields["number"] == list(range(1, len(outlines) + 1))
    for outline, bearing in zip(outlines, fields["bearing"], strict=True):
        assert outline.area == pytest.approx(5.0 * 2.3, rel=1e-3)  # true metres, not Mercator's
        assert outline.difference(ZONE.buffer(0.02)).area == 0.0
        assert outline.intersection(CAR.buffer(-0.02)).area == 0.0
        assert bearing == pytest.approx(70.0, abs=12.1)  # east-north-east, 20 degrees from east


def test_geojson_comes_out_longitude_first_and_counter_clockwise(tmp_path: Path) -> None:
    zones = write(tmp_path / "zones.geojson", [ZONE], 4326, slug=["bahar"])
    cars = write(tmp_path / "cars.geojson", [CAR], 4326)
    out = tmp_path / "slots.geojson"
    assert main([str(zones), str(cars), "-o", str(out)]) == 0
    for feature in json.loads(out.read_text(encoding="utf-8"))["features"]:
        ring = feature["geometry"]["coordinates"][0]
        assert ring[0] == pytest.approx([35.48, 38.73], abs=0.001)
        assert shapely.LinearRing(ring).is_ccw


def test_nothing_free_is_a_file_without_slots(tmp_path: Path) -> None:
    zones = write(tmp_path / "zones.geojson", [ZONE], 4326, slug=["bahar"])
    cars = write(tmp_path / "cars.geojson", [ZONE.buffer(3)], 4326)
    assert main([str(zones), str(cars), "-o", str(tmp_path / "slots.geojson")]) == 0
    assert json.loads((tmp_path / "slots.geojson").read_text())["features"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["zones.geojson", "none.geojson", "-o", "slots.geojson"], "There is no such file"),
        (["zones.geojson", "cars.geojson", "-o", "slots.kml"], "the ending must be one of"),
        (["zones.geojson", "cars.geojson", "-o", "slots.shp", "--epsg", "99999"], "EPSG:99999"),
        (["cars.geojson", "cars.geojson", "-o", "slots.shp"], "it has no slug"),
        (
            ["zones.geojson", "cars.geojson", "-o", "s.shp", "--mode", "paper", "--iterations", "0"],
            "iterations is 0",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "zones.geojson", [ZONE], 4326, slug=["bahar"])
    write(tmp_path / "cars.geojson", [CAR], 4326)
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
