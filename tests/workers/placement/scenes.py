# SPDX-License-Identifier: AGPL-3.0-or-later
"""Random zones, cars and kerbs for hypothesis: ordinary ones, bent ones, ones with holes, far from the origin."""

from __future__ import annotations

import math

import shapely
from hypothesis import strategies as st
from shapely import LineString, Polygon
from shapely.affinity import rotate, translate

from workers.placement import PlacementProblem

MODES = ("parallel", "perpendicular", "diagonal", "free")


@st.composite
def polygons(draw: st.DrawFn, reach: float = 15.0) -> Polygon:
    """A star-shaped polygon, concave as often as not, sometimes with a hole."""
    count = draw(st.integers(3, 9))
    radii = draw(st.lists(st.floats(0.3, 1.0), min_size=count, max_size=count))
    turns = [2 * math.pi * k / count for k in range(count)]
    ring = [
        (reach * r * math.cos(a), 0.6 * reach * r * math.sin(a)) for r, a in zip(radii, turns, strict=True)
    ]
    hole = [(0.15 * x, 0.15 * y) for x, y in ring] if draw(st.booleans()) else None
    return Polygon(ring, [hole] if hole else None)


@st.composite
def cars(draw: st.DrawFn, reach: float = 15.0) -> shapely.Geometry:
    """A few car-sized rectangles at any angle, dissolved; sometimes none."""
    found = []
    for _ in range(draw(st.integers(0, 5))):
        x, y = draw(st.floats(-reach, reach)), draw(st.floats(-reach / 2, reach / 2))
        car = shapely.box(-2.2, -0.9, 2.2, 0.9)
        found.append(translate(rotate(car, draw(st.floats(0, 180)), origin=(0, 0)), x, y))
    return shapely.union_all(found) if found else Polygon()


@st.composite
def problems(draw: st.DrawFn) -> PlacementProblem:
    """Any zone with any cars: strips with straight or bent kerbs, lots without a kerb, all modes and offsets."""
    mode = draw(st.sampled_from(MODES))
    kerb = None
    if draw(st.booleans()):
        zone = draw(polygons())
    else:
        length, depth, bend = draw(st.floats(4, 40)), draw(st.floats(2.0, 8.0)), draw(st.floats(-0.01, 0.01))
        xs = [length * k / 12 for k in range(13)]
        near = [(x, bend * x * (length - x)) for x in xs]
        zone = Polygon([*near, *[(x, y + depth) for x, y in reversed(near)]])
        kerb = LineString(near if draw(st.booleans()) else near[::-1])
    blocked = draw(cars())
    turn = draw(st.floats(0, 360))
    east, north = draw(st.sampled_from([(0.0, 0.0), (712_345.25, 4_289_123.75), (-9e6, 9e6)]))

    def moved(geometry: shapely.Geometry) -> shapely.Geometry:
        return translate(rotate(geometry, turn, origin=(0, 0)), east, north)

    zone = moved(zone)
    return PlacementProblem(
        zone=zone if zone.is_valid else zone.buffer(0),
        blocked=moved(blocked),
        slot_length_m=draw(st.sampled_from([3.6, 5.0, 6.0])),
        slot_width_m=draw(st.sampled_from([1.9, 2.3, 2.5])),
        spacing_m=draw(st.sampled_from([0.0, 0.5])),
        mode=mode,
        angle_deg=draw(st.sampled_from([45.0, 60.0, 120.0])) if mode == "diagonal" else None,
        kerb=moved(kerb) if kerb is not None else None,
    )
