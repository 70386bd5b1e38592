# SPDX-License-Identifier: AGPL-3.0-or-later
"""A Shapefile as one ZIP file, in and out, and whether a file is what its ending says. Pure: no Django.

Strangers' files come this way. A name in an archive is never used as a path, only its ending counts; what is unpacked is
counted while it is unpacked, whatever the archive says of itself. GDAL picks its driver by a file's content, and some of
its drivers read other files or the network: only content that is plainly of the expected kind is handed to it.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any

__all__ = [
    "MAX_UNPACKED_BYTES",
    "NotThatKind",
    "named_by_features",
    "pack",
    "plain_geojson",
    "require_kind",
    "unpack_shapefile",
]

#: A Shapefile of 100,000 zones; beyond it somebody means harm, or another tool is wanted.
MAX_UNPACKED_BYTES = 64 * 1024 * 1024
MAX_ENTRIES = 100
#: The files that make a Shapefile; others in the archive are left where they are.
SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_REQUIRED = (".shp", ".shx", ".dbf")
_CHUNK = 256 * 1024
#: Where GDAL looks for the mark of its drivers, and somewhat more.
_HEAD_BYTES = 8192
_MARKS = {".shp": b"\x00\x00\x27\x0a", ".gpkg": b"SQLite format 3\x00"}
_GEOJSON_TYPES = (
    "FeatureCollection", "Feature", "Polygon", "MultiPolygon", "GeometryCollection", "Point", "MultiPoint", "LineString",
    "MultiLineString",
)  # fmt: skip


class NotThatKind(ValueError):
    """A file that is not what its ending says, or not a safe one; the text says what to do."""


def require_kind(path: Path) -> None:
    """Raise NotThatKind unless a .shp or .gpkg begins as such a file does."""
    ending = path.suffix.lower()
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head.startswith(_MARKS[ending]) or b"<ogrvrt" in head.lower():
        kind = {".shp": "ESRI Shapefile", ".gpkg": "GPKG"}[ending]
        raise NotThatKind(
            f"It cannot be read as {kind}: it does not begin as such a file does; export it anew."
        )


def plain_geojson(data: bytes) -> bytes:
    """A GeoJSON file's own content written anew, with nothing in it that another driver could take for its own.

    Raises NotThatKind for what is no GeoJSON.
    """
    try:
        parsed: Any = json.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise NotThatKind(f"It cannot be read as GeoJSON: {error}") from error
    if not isinstance(parsed, dict) or parsed.get("type") not in _GEOJSON_TYPES:
        raise NotThatKind("It cannot be read as GeoJSON: its type is no GeoJSON type.")
    ordered = {"type": parsed["type"]} | parsed
    return json.dumps(ordered).replace("<", "\\u003c").encode()


def named_by_features(data: bytes) -> list[frozenset[str]]:
    """The property names, in small letters, of each feature of what `plain_geojson` has taken for GeoJSON, in its order."""
    parsed: Any = json.loads(data.decode("utf-8-sig"))
    features = parsed.get("features") if parsed["type"] == "FeatureCollection" else [parsed]
    found = []
    for feature in features if isinstance(features, list) else []:
        properties = feature.get("properties") if isinstance(feature, dict) else None
        found.append(frozenset(map(str.lower, properties)) if isinstance(properties, dict) else frozenset())
    return found


def unpack_shapefile(archive: Path, folder: Path) -> Path:
    """Unpack the one Shapefile of a ZIP into an empty folder; the path of its .shp. Raises NotThatKind."""
    try:
        with zipfile.ZipFile(archive) as opened:
            parts = _parts(opened)
            left = MAX_UNPACKED_BYTES
            for ending, info in parts.items():
                left -= _extract(opened, info, folder / f"zones{ending}", left)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise NotThatKind(f"The archive cannot be read: {error}") from error
    return folder / "zones.shp"


def _parts(opened: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    infos = opened.infolist()
    if len(infos) > MAX_ENTRIES:
        raise NotThatKind(f"The archive holds {len(infos)} files; put one Shapefile into it.")
    # macOS adds a twin of each file under this name.
    infos = [info for info in infos if not info.is_dir() and not info.filename.startswith("__MACOSX")]
    shapes = [info for info in infos if _ending(info) == ".shp"]
    if len(shapes) != 1:
        names = ", ".join(info.filename[:60] for info in shapes[:5]) or "none"
        raise NotThatKind(f"The archive must hold one .shp with its .shx, .dbf and .prj; found: {names}.")
    stem = PurePosixPath(shapes[0].filename).with_suffix("").as_posix().lower()
    parts: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        own = PurePosixPath(info.filename).with_suffix("").as_posix().lower() == stem
        if own and _ending(info) in SHAPEFILE_PARTS:
            parts[_ending(info)] = info
    missing = [ending for ending in _REQUIRED if ending not in parts]
    if missing:
        raise NotThatKind(f"Beside the .shp the archive lacks {', '.join(missing)}.")
    return parts


def _ending(info: zipfile.ZipInfo) -> str:
    return PurePosixPath(info.filename).suffix.lower()


def _extract(opened: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, limit: int) -> int:
    """Unpack one file, at most `limit` bytes of it; how many it had."""
    written = 0
    with opened.open(info) as source, target.open("xb") as file:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > limit:
                raise NotThatKind(
                    f"Unpacked the archive is larger than {MAX_UNPACKED_BYTES // 2**20} MB; split it into several."
                )
            file.write(chunk)
    return written


def pack(folder: Path, archive: Path) -> None:
    """Put the files of a folder into a new ZIP, names only."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in sorted(folder.iterdir()):
            opened.write(path, path.name)
