# SPDX-License-Identifier: AGPL-3.0-or-later
"""Zones from GeoJSON, Shapefile (also zipped) and GeoPackage files, chosen by the file's ending. Pure: no Django.

Field names are those of `ZoneSpec` (Shapefiles cut them to ten letters, which is understood); `zone_fields` reads them.
These files hold one geometry per feature, the outline; `kerb` and `access_edges` are properties in longitude and
latitude: WKT, GeoJSON, or lists of pairs. What `zone_export` writes, this reads.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyogrio.raw
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from apps.parking.zone_archives import (
    NotThatKind,
    named_by_features,
    plain_geojson,
    require_kind,
    unpack_shapefile,
)
from apps.parking.zone_fields import SHAPEFILE_NAME_LENGTH, spec_of
from apps.parking.zones import ZoneSpec, zone_problems
from camera_registry.mercator import lonlat_to_3857, xy_3857_to_lonlat

__all__ = [
    "ENDINGS",
    "SHAPEFILE_NAME_LENGTH",
    "ZIPPED",
    "ImportReport",
    "SurveyedFeature",
    "ZoneFileRefused",
    "read_outlines",
    "read_zones",
    "refuse_problems",
    "survey_zones",
]

#: File ending -> GDAL driver.
ENDINGS = {".geojson": "GeoJSON", ".json": "GeoJSON", ".shp": "ESRI Shapefile", ".gpkg": "GPKG"}
#: A Shapefile in one file.
ZIPPED = ".zip"


class ZoneFileRefused(ValueError):
    """A file that cannot be imported; `problems` has one sentence for each thing wrong."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(
            f"{path.name}: nothing was imported.\n" + "\n".join(f"- {line}" for line in problems)
        )


@dataclass(frozen=True)
class ImportReport:
    """Slugs of the zones that an import made, changed, and found as they were."""

    created: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]


@dataclass(frozen=True)
class SurveyedFeature:
    """One feature of a file as it was found: a zone, or what is wrong with it. `label` says which feature it is.

    `spec` is the whole zone, what the file says of it on top of what there was; `given`: the attributes that the file says.
    """

    label: str
    spec: ZoneSpec | None
    problems: tuple[str, ...]
    given: frozenset[str] = frozenset()


def read_zones(path: Path, *, epsg: int | None = None) -> list[ZoneSpec]:
    """All zones of a file, in its order, each as a new one. `epsg` replaces the file's coordinate system.

    Raises ZoneFileRefused with every problem of every feature.
    """
    features = survey_zones(path, epsg=epsg)
    refuse_problems(path, features)
    return [feature.spec for feature in features if feature.spec is not None]


def refuse_problems(path: Path, features: Sequence[SurveyedFeature]) -> None:
    """Raise ZoneFileRefused with every problem of every feature, if there is one."""
    problems = [f"{feature.label}{problem}" for feature in features for problem in feature.problems]
    if problems:
        raise ZoneFileRefused(path, problems)


def survey_zones(
    path: Path, *, epsg: int | None = None, known: Mapping[str, ZoneSpec] | None = None
) -> list[SurveyedFeature]:
    """All features of a file, in its order, good and bad.

    known: slug -> zone as it is; what the file does not mention of one stays so. Raises ZoneFileRefused for a file that
    cannot be read at all.
    """
    geometries, records, to_3857 = _open(path, epsg)
    if not geometries:
        raise ZoneFileRefused(path, ["There is no zone in it; it needs one polygon feature for each zone."])
    seen: set[str] = set()
    features = []
    for index, (geometry, record) in enumerate(zip(geometries, records, strict=True), start=1):
        label = _label(index, record)
        try:
            spec, given = _zone(geometry, record, to_3857, known or {})
        except ValueError as error:
            features.append(SurveyedFeature(label, None, (f": {error}",)))
            continue
        problems = [
            f", {field}: {sentence}"
            for field, sentences in zone_problems(spec).items()
            for sentence in sentences
        ]
        problems += _double(spec, seen)
        features.append(SurveyedFeature(label, spec, tuple(problems), given))
    return features


def read_outlines(path: Path, *, epsg: int | None = None) -> list[shapely.Geometry]:
    """All geometries of a file as they are, in EPSG:3857, without their fields. Raises ZoneFileRefused."""
    geometries, _, to_3857 = _open(path, epsg)
    found = [shapely.from_wkb(wkb, on_invalid="ignore") for wkb in geometries if wkb is not None]
    return [shapely.transform(g, to_3857) for g in found if g is not None and not g.is_empty]


def _open(path: Path, epsg: int | None) -> tuple[list[Any], list[dict[str, Any]], Callable[[Any], Any]]:
    ending = path.suffix.lower()
    if ending not in (*ENDINGS, ZIPPED):
        raise ZoneFileRefused(path, [f"The ending must be one of {', '.join((*ENDINGS, ZIPPED))}."])
    if not path.is_file():
        raise ZoneFileRefused(path, ["There is no such file."])
    try:
        meta, _, geometries, columns = _read(path, ending)
    except NotThatKind as error:
        raise ZoneFileRefused(path, [str(error)]) from error
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        kind = ENDINGS.get(ending, ENDINGS[".shp"])
        raise ZoneFileRefused(path, [f"It cannot be read as {kind}: {error}"]) from error
    if geometries is None:
        raise ZoneFileRefused(path, ["It has no geometries."])
    crs = f"EPSG:{epsg}" if epsg else meta["crs"]
    if not crs:
        cure = "Add its .prj file, or name the coordinate system with --epsg."
        raise ZoneFileRefused(path, [f"It does not say which coordinate system it is in. {cure}"])
    records = _records(len(geometries), list(meta["fields"]), columns)
    if ENDINGS.get(ending) == "GeoJSON":
        records = _as_mentioned(records, named_by_features(path.read_bytes()))
    return list(geometries), records, _converter(path, crs)


def _read(path: Path, ending: str) -> Any:
    """What GDAL makes of a file whose content is of the kind that its ending says."""
    if ENDINGS.get(ending) == "GeoJSON":
        return pyogrio.raw.read(plain_geojson(path.read_bytes()), force_2d=True)
    if ending != ZIPPED:
        require_kind(path)
        return pyogrio.raw.read(path, force_2d=True)
    with tempfile.TemporaryDirectory() as folder:
        shape = unpack_shapefile(path, Path(folder))
        require_kind(shape)
        return pyogrio.raw.read(shape, force_2d=True)


def _converter(path: Path, crs: str) -> Callable[[Any], Any]:
    """From the file's CRS to EPSG:3857, x east first whatever the CRS's own axis order."""
    try:
        source = CRS.from_user_input(crs)
        to_lonlat = Transformer.from_crs(source, "EPSG:4326", always_xy=True)
    except ProjError as error:
        raise ZoneFileRefused(path, [f"Its coordinate system is not understood: {error}"]) from error

    def convert(xy: Any) -> Any:
        lon, lat = to_lonlat.transform(xy[:, 0], xy[:, 1])
        return lonlat_to_3857([[a, b] for a, b in zip(lon, lat, strict=True)])

    return convert


def _records(count: int, names: list[str], columns: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {name.lower(): _plain(column[row]) for name, column in zip(names, columns, strict=True)}
        for row in range(count)
    ]


def _as_mentioned(records: list[dict[str, Any]], mentioned: Sequence[frozenset[str]]) -> list[dict[str, Any]]:
    """GDAL gives each feature the fields of all; back to those that the feature itself has."""
    if len(mentioned) != len(records):
        return records
    return [
        {name: value for name, value in record.items() if name in names}
        for record, names in zip(records, mentioned, strict=True)
    ]


def _plain(value: Any) -> Any:
    """numpy scalars, NaN and blank strings as plain Python, with None for nothing."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, str) and not value.strip():
        return None
    return value


def _label(index: int, record: Mapping[str, Any]) -> str:
    name = record.get("slug") or record.get("name")
    return f"feature {index} (“{name}”)" if name else f"feature {index}"


def _zone(
    wkb: bytes | None, record: Mapping[str, Any], to_3857: Callable[[Any], Any], known: Mapping[str, ZoneSpec]
) -> tuple[ZoneSpec, frozenset[str]]:
    slug = record.get("slug")
    if slug is None:
        raise ValueError("it has no slug; give each zone a short name that stays the same.")
    outline = None if wkb is None else shapely.from_wkb(wkb, on_invalid="ignore")
    if outline is None or outline.is_empty:
        raise ValueError("it has no outline; draw one polygon.")
    geometry = _single(shapely.transform(outline, to_3857))
    return spec_of(record, str(slug), geometry, known.get(str(slug)))


def _single(geometry: shapely.Geometry) -> shapely.Geometry:
    """Shapefiles and GeoPackages often wrap one polygon as a multipolygon; unwrap it."""
    if geometry.geom_type == "MultiPolygon" and len(geometry.geoms) == 1:
        return geometry.geoms[0]
    return geometry


def _double(spec: ZoneSpec, seen: set[str]) -> list[str]:
    """What to say of a slug that comes again; `seen` grows."""
    if spec.slug not in seen:
        seen.add(spec.slug)
        return []
    lon, lat = xy_3857_to_lonlat([spec.geometry_3857.bounds[:2]])[0]
    sentence = (
        f": the slug “{spec.slug}” comes twice, the second time at longitude {lon:.6f}, latitude {lat:.6f}; each zone"
        " needs its own."
    )
    return [sentence]
