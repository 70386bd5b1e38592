# SPDX-License-Identifier: AGPL-3.0-or-later
"""Zones from GeoJSON, Shapefile (also zipped) and GeoPackage files, chosen by the file's ending. Pure: no Django.

Field names are those of `ZoneSpec` (Shapefiles cut them to ten letters, which is understood). These files hold one
geometry per feature, the outline; `kerb` and `access_edges` are properties in longitude and latitude: WKT, GeoJSON, or
lists of pairs. What `zone_export` writes, this reads.
"""

from __future__ import annotations

import json
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

from apps.parking.zone_archives import NotThatKind, plain_geojson, require_kind, unpack_shapefile
from apps.parking.zones import ZoneSpec, zone_problems
from camera_registry.mercator import lonlat_to_3857, xy_3857_to_lonlat

__all__ = [
    "ENDINGS",
    "ZIPPED",
    "ImportReport",
    "SurveyedFeature",
    "ZoneFileRefused",
    "read_outlines",
    "read_zones",
    "survey_zones",
]

#: File ending -> GDAL driver.
ENDINGS = {".geojson": "GeoJSON", ".json": "GeoJSON", ".shp": "ESRI Shapefile", ".gpkg": "GPKG"}
#: A Shapefile in one file.
ZIPPED = ".zip"
#: A Shapefile's field names end here.
SHAPEFILE_NAME_LENGTH = 10

_TRUE_WORDS = {"1", "true", "yes", "on", "t", "y"}
_FALSE_WORDS = {"0", "false", "no", "off", "f", "n"}


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
    """One feature of a file as it was found: a zone, or what is wrong with it. `label` says which feature it is."""

    label: str
    spec: ZoneSpec | None
    problems: tuple[str, ...]


def read_zones(path: Path, *, epsg: int | None = None) -> list[ZoneSpec]:
    """All zones of a file, in its order. `epsg` replaces the file's coordinate system.

    Raises ZoneFileRefused with every problem of every feature.
    """
    features = survey_zones(path, epsg=epsg)
    problems = [f"{feature.label}{problem}" for feature in features for problem in feature.problems]
    if problems:
        raise ZoneFileRefused(path, problems)
    return [feature.spec for feature in features if feature.spec is not None]


def survey_zones(path: Path, *, epsg: int | None = None) -> list[SurveyedFeature]:
    """All features of a file, in its order, good and bad. Raises ZoneFileRefused for a file that cannot be read at all."""
    geometries, records, to_3857 = _open(path, epsg)
    if not geometries:
        raise ZoneFileRefused(path, ["There is no zone in it; it needs one polygon feature for each zone."])
    seen: set[str] = set()
    features = []
    for index, (geometry, record) in enumerate(zip(geometries, records, strict=True), start=1):
        label = _label(index, record)
        try:
            spec = _spec(geometry, record, to_3857)
        except ValueError as error:
            features.append(SurveyedFeature(label, None, (f": {error}",)))
            continue
        problems = [
            f", {field}: {sentence}"
            for field, sentences in zone_problems(spec).items()
            for sentence in sentences
        ]
        problems += _double(spec, seen)
        features.append(SurveyedFeature(label, spec, tuple(problems)))
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
    return list(geometries), _records(len(geometries), list(meta["fields"]), columns), _converter(path, crs)


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


def _spec(wkb: bytes | None, record: Mapping[str, Any], to_3857: Callable[[Any], Any]) -> ZoneSpec:
    def value(field: str) -> Any:
        return record.get(field, record.get(field[:SHAPEFILE_NAME_LENGTH]))

    slug = value("slug")
    if slug is None:
        raise ValueError("it has no slug; give each zone a short name that stays the same.")
    outline = None if wkb is None else shapely.from_wkb(wkb, on_invalid="ignore")
    if outline is None or outline.is_empty:
        raise ValueError("it has no outline; draw one polygon.")
    geometry = _single(shapely.transform(outline, to_3857))
    mode = str(value("mode") or "parallel").lower()
    return ZoneSpec(
        slug=str(slug),
        name=str(value("name") or slug),
        geometry_3857=geometry,
        mode=mode,
        angle_deg=_number("angle_deg", value("angle_deg")),
        slot_length_m=_number("slot_length_m", value("slot_length_m")),
        slot_width_m=_number("slot_width_m", value("slot_width_m")),
        spacing_m=_number("spacing_m", value("spacing_m")),
        kerb_3857=_kerb(value("kerb")),
        access_edges_3857=_access_edges(value("access_edges")),
        mixed_sizes=_flag("mixed_sizes", value("mixed_sizes"), default=False),
        access=str(value("access") or "public").lower(),
        hours=str(value("hours") or ""),
        validity_s=_whole("validity_s", value("validity_s")),
        enabled=_flag("enabled", value("enabled"), default=True),
        standing=str(value("standing") or "accepted").lower(),
        source=str(value("source") or ""),
        licence=str(value("licence") or ""),
    )


def _single(geometry: shapely.Geometry) -> shapely.Geometry:
    """Shapefiles and GeoPackages often wrap one polygon as a multipolygon; unwrap it."""
    if geometry.geom_type == "MultiPolygon" and len(geometry.geoms) == 1:
        return geometry.geoms[0]
    return geometry


def _number(field: str, value: Any) -> float | None:
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{field}: “{value}” is no number; write e.g. 5.0, in metres, without the unit.")
    return number


def _whole(field: str, value: Any) -> int | None:
    number = _number(field, value)
    return None if number is None else round(number)


def _flag(field: str, value: Any, *, default: bool) -> bool:
    if value is None:
        return default
    word = str(value).strip().lower().removesuffix(".0")
    if word in _TRUE_WORDS | _FALSE_WORDS:
        return word in _TRUE_WORDS
    raise ValueError(f"{field}: “{value}” is neither yes nor no; write true or false.")


def _kerb(value: Any) -> shapely.LineString | None:
    """A kerb given in longitude and latitude, in EPSG:3857."""
    if value is None:
        return None
    try:
        return shapely.transform(_lonlat(value, shapely.LineString), lonlat_to_3857)
    except (ValueError, TypeError, KeyError, shapely.errors.ShapelyError) as error:
        raise ValueError(
            f"kerb: not understood ({error}); write LINESTRING(lon lat, lon lat, …) in WGS 84 degrees."
        ) from error


def _access_edges(value: Any) -> shapely.MultiLineString | None:
    """Access edges given in longitude and latitude, in EPSG:3857; a single line is taken as one edge."""
    if value is None:
        return None
    try:
        edges = _lonlat(value, shapely.MultiLineString)
        if edges.geom_type == "LineString":
            edges = shapely.MultiLineString([edges])
        return shapely.transform(edges, lonlat_to_3857)
    except (ValueError, TypeError, KeyError, shapely.errors.ShapelyError) as error:
        raise ValueError(
            f"access_edges: not understood ({error}); write MULTILINESTRING((lon lat, lon lat), …) in WGS 84 degrees."
        ) from error


def _lonlat(value: Any, kind: Callable[[Any], shapely.Geometry]) -> shapely.Geometry:
    """A geometry from WKT, GeoJSON (also as text), or bare coordinates, which are taken for a `kind`."""
    if isinstance(value, str) and not value.lstrip().startswith(("{", "[")):
        return shapely.from_wkt(value)
    parsed = json.loads(value) if isinstance(value, str) else value
    if isinstance(parsed, Mapping):
        return shapely.geometry.shape(parsed)
    return kind(parsed)


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
