# SPDX-License-Identifier: AGPL-3.0-or-later
"""OpenStreetMap extracts: Overpass JSON, .osm XML and .osm.pbf, read down to streets, parking and what interrupts it.

Pure: no Django. XML and PBF are read by osmium, which resolves no entities and fetches nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import osmium
from osmium import osm

__all__ = ["OSM_ENDINGS", "OsmExtract", "OsmFileRefused", "OsmNode", "OsmWay", "read_osm"]

OSM_ENDINGS = (".osm", ".osm.pbf", ".json")
#: What is kept of the nodes: places at which nobody parks.
_NODE_KINDS = ("crossing", "bus_stop")


class OsmFileRefused(ValueError):
    """A file that is no extract; the text says what to do."""


@dataclass(frozen=True)
class OsmNode:
    """A node with a `highway` tag that matters; longitude and latitude in degrees, WGS 84."""

    id: int
    lonlat: tuple[float, float]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class OsmWay:
    """A street or a parking area; `lonlat` are its nodes' places, in its direction."""

    id: int
    tags: Mapping[str, str]
    nodes: tuple[int, ...]
    lonlat: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class OsmExtract:
    """Streets and parking areas, and the nodes at which nobody parks."""

    ways: tuple[OsmWay, ...]
    nodes: tuple[OsmNode, ...]


def read_osm(path: Path) -> OsmExtract:
    """Read an extract, by its ending. Raises OsmFileRefused."""
    if not path.is_file():
        raise OsmFileRefused(f"{path.name}: there is no such file.")
    name = path.name.lower()
    if not name.endswith(OSM_ENDINGS):
        raise OsmFileRefused(f"{path.name}: the ending must be one of {', '.join(OSM_ENDINGS)}.")
    try:
        items = list(_overpass(path) if name.endswith(".json") else _osmium(path))
    except (RuntimeError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise OsmFileRefused(
            f"{path.name}: it cannot be read as an OpenStreetMap extract: {error}"
        ) from error
    ways = tuple(item for item in items if isinstance(item, OsmWay))
    if not ways:
        raise OsmFileRefused(
            f"{path.name}: there is no street in it. Ask Overpass for ways with their nodes: “(way[highway](…);"
            " way[amenity=parking](…);); out body; >; out;”."
        )
    return OsmExtract(ways, tuple(item for item in items if isinstance(item, OsmNode)))


def _wanted_way(tags: Mapping[str, str]) -> bool:
    return "highway" in tags or tags.get("amenity") == "parking"


def _overpass(path: Path) -> Iterator[OsmWay | OsmNode]:
    elements = json.loads(path.read_bytes())["elements"]
    places = {
        int(item["id"]): (float(item["lon"]), float(item["lat"]))
        for item in elements
        if item.get("type") == "node"
    }
    for item in elements:
        tags = {str(key): str(value) for key, value in item.get("tags", {}).items()}
        if item.get("type") == "node" and tags.get("highway") in _NODE_KINDS:
            yield OsmNode(int(item["id"]), places[int(item["id"])], tags)
        elif item.get("type") == "way" and _wanted_way(tags):
            nodes = [int(node) for node in item.get("nodes", ())]
            inline = item.get("geometry")
            lonlat = (
                [(float(at["lon"]), float(at["lat"])) if at else None for at in inline]
                if inline
                else [places.get(node) for node in nodes]
            )
            yield from _way(int(item["id"]), tags, nodes, lonlat)


def _osmium(path: Path) -> Iterator[OsmWay | OsmNode]:
    for item in osmium.FileProcessor(str(path)).with_locations():
        if isinstance(item, osm.Node):
            if item.tags.get("highway") in _NODE_KINDS:
                tags = {tag.k: tag.v for tag in item.tags}
                yield OsmNode(item.id, (item.location.lon, item.location.lat), tags)
        elif isinstance(item, osm.Way):
            tags = {tag.k: tag.v for tag in item.tags}
            if _wanted_way(tags):
                nodes = [node.ref for node in item.nodes]
                lonlat = [
                    (node.location.lon, node.location.lat) if node.location.valid() else None
                    for node in item.nodes
                ]
                yield from _way(item.id, tags, nodes, lonlat)


def _way(
    identity: int, tags: Mapping[str, str], nodes: list[int], lonlat: Iterable[tuple[float, float] | None]
) -> Iterator[OsmWay]:
    """The way without the nodes that an extract has cut off; none when too little is left."""
    places = list(lonlat)
    if nodes and len(nodes) != len(places):
        raise ValueError(f"way {identity} has {len(nodes)} nodes and {len(places)} places")
    kept = [(node, place) for node, place in zip(nodes, places, strict=True) if place is not None]
    if len(kept) >= 2:
        yield OsmWay(identity, tags, tuple(node for node, _ in kept), tuple(place for _, place in kept))
