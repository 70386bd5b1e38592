# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is odd about a zone beside what is refused outright: said while it is drawn, before an import, and at save. Pure.

A refusal (`zones.zone_problems`) cannot be saved. A notice can, by somebody who has read it: two zones may well share
ground, when residents park there by night and shops load there by day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import shapely

from apps.parking.zones import ZoneSpec, place_words, zone_problems
from camera_registry.mercator import LocalFrame

__all__ = ["Finding", "findings", "notices"]

#: Two zones of which this share is common ground are one zone that was drawn twice.
SAME_ZONE_IOU = 0.9
#: Less common ground than this is two people's idea of one line.
MIN_OVERLAP_M2 = 0.5
#: A kerb runs along its zone when it stays this close to the outline.
KERB_REACH_M = 2.0
#: Of the kerb, at least this share should run along the zone.
MIN_KERB_SHARE = 0.5
#: Zones of one site lie in one town and its villages.
FAR_M = 100_000.0
#: cos 5°: a corner at which the outline turns back on itself more sharply is a needle.
MIN_NEEDLE_COSINE = 0.9962
#: Around longitude 0, latitude 0 there is no street, only missing coordinates.
NULL_ISLAND_DEG = 0.1
_PLACE = re.compile(r"longitude (-?\d+\.\d+), latitude (-?\d+\.\d+)")


@dataclass(frozen=True)
class Finding:
    """A sentence about a zone's field, and the place that it names as longitude and latitude.

    refused: it cannot be saved so.
    """

    field: str
    message: str
    refused: bool
    lonlat: tuple[float, float] | None

    @classmethod
    def of(cls, field: str, message: str, *, refused: bool) -> Finding:
        """The sentences of this project name their place in one form; it is read from there."""
        match = _PLACE.search(message)
        place = (float(match[1]), float(match[2])) if match else None
        return cls(field, message, refused, place)


def findings(spec: ZoneSpec, neighbours: Sequence[ZoneSpec] = ()) -> list[Finding]:
    """All that is to be said of a zone among its neighbours, refusals first."""
    problems = zone_problems(spec)
    found = [
        Finding.of(field, sentence, refused=True)
        for field, sentences in problems.items()
        for sentence in sentences
    ]
    if "geometry" not in problems:
        found += [Finding.of(field, sentence, refused=False) for field, sentence in notices(spec, neighbours)]
    return found


def notices(spec: ZoneSpec, neighbours: Sequence[ZoneSpec] = ()) -> list[tuple[str, str]]:
    """What is odd about a zone with a valid outline: (field, sentence with the place and the cure)."""
    frame = LocalFrame.around(spec.geometry_3857)
    outline = frame.geometry_to_metres(spec.geometry_3857)
    return [
        *_sensible(spec, neighbours, frame, outline),
        *_thin(spec, frame, outline),
        *_spikes(frame, outline),
        *_kerb(spec, frame, outline),
        *_overlaps(spec, neighbours, frame, outline),
    ]


def _where(frame: LocalFrame, point_m: shapely.Point) -> str:
    x, y = frame.to_3857([point_m.coords[0]])[0]
    return place_words(float(x), float(y))


def _sensible(
    spec: ZoneSpec, neighbours: Sequence[ZoneSpec], frame: LocalFrame, outline: shapely.Polygon
) -> Iterable[tuple[str, str]]:
    where = _where(frame, outline.centroid)
    lon, lat = (float(value) for value in _PLACE.search(where).groups())  # type: ignore[union-attr]
    if abs(lon) < NULL_ISLAND_DEG and abs(lat) < NULL_ISLAND_DEG:
        yield (
            "geometry",
            f"The zone lies at {where}, in the sea off Africa: coordinates are missing or in another system.",
        )
    elif neighbours:
        far_m = min(frame.geometry_to_metres(other.geometry_3857).distance(outline) for other in neighbours)
        if far_m > FAR_M:
            yield (
                "geometry",
                f"The zone lies at {where}, {far_m / 1000:.0f} km from the nearest other one; check its coordinates.",
            )


def _thin(spec: ZoneSpec, frame: LocalFrame, outline: shapely.Polygon) -> Iterable[tuple[str, str]]:
    slot = spec.slot_width_m
    if slot is None:
        return
    radius = shapely.maximum_inscribed_circle(outline, tolerance=0.01)
    wide_m = 2 * radius.length
    if wide_m < slot - 0.01:
        where = _where(frame, shapely.Point(radius.coords[0]))
        yield (
            "geometry",
            (
                f"The zone is too thin for a slot: at its widest place, {where}, it has {wide_m:.2f} m, and the slot needs"
                f" {slot:g} m."
            ),
        )


def _spikes(frame: LocalFrame, outline: shapely.Polygon) -> Iterable[tuple[str, str]]:
    xy = shapely.get_coordinates(outline.exterior)[:-1]
    for index, corner in enumerate(xy):
        before, after = xy[index - 1] - corner, xy[(index + 1) % len(xy)] - corner
        cosine = (before @ after) / max(1e-12, float((before @ before) ** 0.5 * (after @ after) ** 0.5))
        if cosine > MIN_NEEDLE_COSINE:
            where = _where(frame, shapely.Point(corner))
            yield "geometry", f"The outline runs out into a needle at {where}; move or delete the corner."


def _kerb(spec: ZoneSpec, frame: LocalFrame, outline: shapely.Polygon) -> Iterable[tuple[str, str]]:
    if spec.kerb_3857 is None or spec.kerb_3857.is_empty or not spec.kerb_3857.length > 0:
        return
    kerb = frame.geometry_to_metres(spec.kerb_3857)
    along = kerb.intersection(outline.boundary.buffer(KERB_REACH_M)).length / kerb.length
    if along < MIN_KERB_SHARE:
        corners = [shapely.Point(xy) for xy in kerb.coords]
        worst = max(corners, key=outline.boundary.distance)
        yield (
            "kerb",
            (
                f"The kerb does not run along the zone: at {_where(frame, worst)} it is"
                f" {outline.boundary.distance(worst):.1f} m off its outline; draw it along the edge where cars line up."
            ),
        )


def _overlaps(
    spec: ZoneSpec, neighbours: Sequence[ZoneSpec], frame: LocalFrame, outline: shapely.Polygon
) -> Iterable[tuple[str, str]]:
    for other in neighbours:
        if not other.geometry_3857.intersects(spec.geometry_3857):
            continue
        ground = frame.geometry_to_metres(other.geometry_3857)
        common = shapely.intersection(outline, ground)
        if common.area < MIN_OVERLAP_M2:
            continue
        where = _where(frame, shapely.point_on_surface(common))
        if common.area / shapely.union(outline, ground).area >= SAME_ZONE_IOU:
            yield (
                "geometry",
                f"{other.name} ({other.slug}) is the same ground, at {where}: one zone drawn twice.",
            )
        else:
            yield (
                "geometry",
                (
                    f"The zone overlaps {other.name} ({other.slug}) by {common.area:.1f} m² at {where}; each space there"
                    " would be offered twice."
                ),
            )
