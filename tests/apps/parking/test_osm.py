# SPDX-License-Identifier: AGPL-3.0-or-later
"""Street parking of OpenStreetMap as proposals: sides, depths, what is cut away, what is not proposed, and never live."""

from __future__ import annotations

import itertools
import json
from xml.sax.saxutils import quoteattr

import osmium
import pytest
import shapely
from django.core.management import CommandError, call_command

from apps.parking.models import ParkingZone
from apps.parking.osm_files import OsmExtract, OsmFileRefused, OsmNode, OsmWay, read_osm
from apps.parking.osm_tags import NotProposed, SideParking, area_parking, side_parking
from apps.parking.osm_zones import LICENCE, propose
from apps.parking.slot_ruler import lay_ruler
from camera_registry.mercator import xy_3857_to_lonlat
from tests.apps.street import FRAME

#: A street of 120 m to the east; a side street from its middle, a driveway, a crossing.
PLACES = {
    1: (0, 0), 2: (60, 0), 3: (120, 0), 4: (60, 50), 5: (90, 0), 6: (90, -20), 7: (30, 0), 8: (200, 0),
    9: (0, 40), 10: (20, 40), 11: (20, 45), 12: (0, 45),
}  # fmt: skip


def lonlat(node: int) -> tuple[float, float]:
    lon, lat = xy_3857_to_lonlat(FRAME.to_3857([PLACES[node]]))[0]
    return float(lon), float(lat)


def way(identity: int, nodes: list[int], **tags: str) -> OsmWay:
    named = {key.replace("__", ":"): value for key, value in tags.items()}
    return OsmWay(identity, named, tuple(nodes), tuple(lonlat(node) for node in nodes))


def street(**tags: str) -> OsmWay:
    return way(100, [1, 7, 2, 5, 3], highway="residential", name="Bahar Street", **tags)


SIDE = way(101, [2, 4], highway="residential")
DRIVEWAY = way(102, [5, 6], highway="service", service="driveway")
CROSSING = OsmNode(7, lonlat(7), {"highway": "crossing"})


def metres(geometry) -> shapely.Geometry:
    return FRAME.geometry_to_metres(geometry)


def proposed(*ways: OsmWay, nodes: tuple[OsmNode, ...] = ()):
    return propose(OsmExtract(ways, nodes))


def spans(zones) -> list[tuple[float, ...]]:
    """Bounds in true metres."""
    return [tuple(round(value, 1) for value in metres(zone.geometry_3857).bounds) for zone in zones]


class TestStrips:
    @pytest.mark.parametrize(
        ("tags", "expected"),
        [
            # Residential streets are 6 m wide unless mapped: cars stand beside the driving lanes.
            ({"parking__left": "lane"}, [(0, 3, 120, 5.5)]),
            ({"parking__right": "lane"}, [(0, -5.5, 120, -3)]),
            ({"parking__both": "lane"}, [(0, 3, 120, 5.5), (0, -5.5, 120, -3)]),
            # A mapped width is from kerb to kerb: the cars stand on it.
            ({"parking__left": "lane", "width": "10"}, [(0, 2.5, 120, 5)]),
            ({"parking__left": "street_side", "width": "10 m"}, [(0, 5, 120, 7.5)]),
            ({"parking__left": "half_on_kerb", "width": "10"}, [(0, 3.8, 120, 6.2)]),
            ({"parking__left": "on_kerb", "width": "10"}, [(0, 5, 120, 7.5)]),
            ({"parking__left": "lane", "lanes": "4"}, [(0, 6, 120, 8.5)]),
            ({"parking__left": "lane", "parking__left__orientation": "perpendicular"}, [(0, 3, 120, 8.2)]),
            ({"parking__left": "lane", "parking__left__orientation": "diagonal"}, [(0, 3, 120, 8.5)]),
            ({"parking__left": "lane", "parking__left__width": "2.0"}, [(0, 3, 120, 5)]),
            ({"parking__both": "lane", "parking__right": "no"}, [(0, 3, 120, 5.5)]),
            ({"parking__left": "no", "parking__right": "separate"}, []),
        ],
    )
    def test_side_depth_and_offset(self, tags, expected):
        zones, skipped = proposed(street(**tags))
        assert spans(zones) == expected and skipped == []

    def test_the_side_is_that_of_the_ways_direction(self):
        back = OsmWay(100, street(parking__left="lane").tags, (3, 1), (lonlat(3), lonlat(1)))
        assert spans(proposed(back)[0]) == [(0, -5.5, 120, -3)]

    @pytest.mark.parametrize("orientation", ["parallel", "perpendicular", "diagonal"])
    def test_a_strip_is_deep_enough_for_its_slots(self, orientation):
        (zone,), _ = proposed(street(parking__left="lane", parking__left__orientation=orientation))
        assert len(lay_ruler(zone).slots_3857) >= 20
        (narrow,), _ = proposed(street(parking__left="lane", parking__left__width="1.9"))
        assert narrow.slot_width_m == pytest.approx(1.7) and lay_ruler(narrow).slots_3857

    def test_kerb_access_edge_rules_and_source(self):
        (zone,), _ = proposed(
            street(parking__left="lane", parking__left__access="residents", parking__left__fee="yes")
        )
        assert metres(zone.kerb_3857).bounds == pytest.approx((0, 5.5, 120, 5.5), abs=0.1)
        assert metres(zone.access_edges_3857).bounds == pytest.approx((0, 3, 120, 3), abs=0.1)
        assert (zone.slug, zone.name, zone.access) == ("osm-100-left-1", "Bahar Street, left", "residents")
        assert zone.source == "OpenStreetMap way 100, left side; fee: yes"
        assert zone.licence == LICENCE and "ODbL" in LICENCE and "OpenStreetMap contributors" in LICENCE
        assert (zone.standing, zone.enabled) == ("proposed", False)

    def test_strips_end_before_junctions_driveways_and_crossings(self):
        zones, _ = proposed(street(parking__both="lane"), SIDE, DRIVEWAY, nodes=(CROSSING,))
        left = [span for zone, span in zip(zones, spans(zones), strict=True) if "left" in zone.slug]
        right = [span for zone, span in zip(zones, spans(zones), strict=True) if "right" in zone.slug]
        # The side street is 6 m wide: 60 ± (3 + 5); the crossing takes 30 ± 7; the driveway, on the right, 90 ± 2.75.
        assert [(west, east) for west, _, east, _ in left] == [(0, 23), (37, 52), (68, 120)]
        assert right[0][0] == 0 and right[-1][2] == 120
        gaps = [(one[2], two[0]) for one, two in itertools.pairwise(right)]
        assert gaps[0] == (23, 37) and gaps[-1] == pytest.approx((87.25, 92.75), abs=0.1)

    def test_a_street_that_goes_on_as_another_way_is_no_junction(self):
        zones, _ = proposed(street(parking__left="lane"), way(103, [3, 8], highway="residential"))
        assert spans(zones) == [(0, 3, 120, 5.5)]
        zones, _ = proposed(street(parking__left="lane"), way(103, [3, 4], highway="residential"))
        assert spans(zones)[0][2] < 118

    def test_an_area_of_its_own(self):
        area = way(200, [9, 10, 11, 12, 9], amenity="parking", parking="street_side", orientation="perpendicular",
                   opening_hours="Mo-Fr 18:00-08:00")  # fmt: skip
        (zone,), _ = proposed(area)
        assert spans([zone]) == [(0, 40, 20, 45)]
        assert (zone.slug, zone.mode, zone.hours) == ("osm-200", "perpendicular", "Mo-Fr 18:00-08:00")
        assert proposed(way(201, [9, 10, 11, 12, 9], amenity="parking", parking="surface"))[0] == []


class TestTags:
    @pytest.mark.parametrize(
        ("tags", "found"),
        [
            ({}, None),
            ({"parking:left": "no"}, None),
            ({"parking:right": "lane"}, None),
            ({"parking:both": "lane", "parking:both:orientation": "perpendicular", "parking:left:orientation": "parallel"},
             SideParking("lane", "parallel", None, "public", "", None, "")),
            ({"parking:left": "lane", "parking:left:access": "private"}, SideParking("lane", "parallel", None, "private", "", None, "")),
            ({"parking:left": "lane", "parking:left:restriction:conditional": "no_parking @ (Mo-Fr 08:00-18:00; Sa 08:00-12:00)"},
             SideParking("lane", "parallel", None, "public", "24/7; Mo-Fr 08:00-18:00 off; Sa 08:00-12:00 off", None, "")),
        ],
    )  # fmt: skip
    def test_understood(self, tags, found):
        assert side_parking(tags, "left") == found

    @pytest.mark.parametrize(
        ("tags", "reason"),
        [
            ({"parking:left:restriction": "no_stopping"}, "restriction=no_stopping"),
            ({"parking:left:restriction": "loading_only"}, "restriction=loading_only"),
            ({"parking:left:restriction:conditional": "no_parking @ (event)"}, "not understood"),
            ({"parking:left:access": "no"}, "access=no"),
            ({"parking:left:access": "disabled"}, "access=disabled"),
            ({"parking:left:access:conditional": "no @ (Mo 08:00-10:00)"}, "no counterpart"),
            ({"parking:left:orientation": "marked"}, "orientation=marked"),
            ({"parking:left": "somewhere"}, "somewhere"),
        ],
    )
    def test_not_proposed_for_a_reason(self, tags, reason):
        with pytest.raises(NotProposed, match=reason):
            side_parking({"parking:left": "lane"} | tags, "left")

    def test_an_area_with_hours_that_nobody_understands(self):
        with pytest.raises(NotProposed, match="opening_hours"):
            area_parking({"amenity": "parking", "parking": "lane", "opening_hours": "sometimes"})


# --- files ------------------------------------------------------------------------------------------------------------

WAYS = (
    street(parking__left="lane", parking__right="lane", parking__right__restriction="no_parking"),
    SIDE,
    DRIVEWAY,
)
NODES_USED = sorted({node for one in WAYS for node in one.nodes})


def overpass(*, inline: bool) -> str:
    elements: list[dict] = []
    for one in WAYS:
        item = {"type": "way", "id": one.id, "nodes": list(one.nodes), "tags": dict(one.tags)}
        if inline:
            item["geometry"] = [{"lon": lon, "lat": lat} for lon, lat in one.lonlat]
        elements.append(item)
    for node in NODES_USED if not inline else [7]:
        lon, lat = lonlat(node)
        tags = {"tags": {"highway": "crossing"}} if node == 7 else {}
        elements.append({"type": "node", "id": node, "lon": lon, "lat": lat, **tags})
    return json.dumps({"version": 0.6, "elements": elements})


def xml() -> str:
    def tags(values) -> str:
        return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in values.items())

    nodes = "".join(
        f'<node id="{node}" version="1" lon="{lonlat(node)[0]:.9f}" lat="{lonlat(node)[1]:.9f}">'
        f"{tags({'highway': 'crossing'} if node == 7 else {})}</node>"
        for node in NODES_USED
    )
    ways = "".join(
        f'<way id="{one.id}" version="1">{"".join(f"<nd ref={quoteattr(str(n))}/>" for n in one.nodes)}{tags(one.tags)}</way>'
        for one in WAYS
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><osm version="0.6" generator="by hand">{nodes}{ways}</osm>'


@pytest.fixture(params=["overpass.json", "inline.json", "extract.osm", "extract.osm.pbf"])
def extract(request, tmp_path):
    path = tmp_path / request.param
    if request.param.endswith(".json"):
        path.write_text(overpass(inline=request.param.startswith("inline")))
        return path
    plain = tmp_path / "extract.osm"
    plain.write_text(xml())
    if request.param.endswith(".pbf"):
        with osmium.SimpleWriter(str(path)) as writer:
            for item in osmium.FileProcessor(str(plain)):
                writer.add(item)
    return path


def test_every_kind_of_extract_says_the_same(extract):
    zones, skipped = propose(read_osm(extract))
    assert [zone.slug for zone in zones] == ["osm-100-left-1", "osm-100-left-2", "osm-100-left-3"]
    assert [span[0::2] for span in spans(zones)] == [(0, 23), (37, 52), (68, 120)]
    assert [(one.way, one.reason) for one in skipped] == [(100, "right: restriction=no_parking")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", "{"), ("a.json", "{}"), ("a.json", '{"elements": [{"type": "node"}]}'), ("a.json", '{"elements": []}'),
        ("a.osm", "<osm"), ("a.osm", "not xml"), ("a.osm.pbf", "no pbf"), ("a.kml", "<kml/>"),
        ("a.osm", '<?xml version="1.0"?><!DOCTYPE osm [<!ENTITY a "b">]><osm version="0.6"><node id="1" lat="&a;"/></osm>'),
    ],
)  # fmt: skip
def test_other_files_are_refused_by_name(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(OsmFileRefused, match=name):
        read_osm(path)


@pytest.mark.django_db
def test_the_command_proposes_and_never_overrules_an_admin(tmp_path, capsys):
    path = tmp_path / "extract.json"
    path.write_text(overpass(inline=True))
    call_command("import_osm", str(path), dry_run=True)
    assert "would propose 3" in capsys.readouterr().out and not ParkingZone.objects.exists()
    call_command("import_osm", str(path))
    said = capsys.readouterr().out
    assert (
        "left out: way 100, right: restriction=no_parking" in said
        and "3 zones proposed. © OpenStreetMap" in said
    )
    assert not ParkingZone.objects.filter(enabled=True).exists()
    call_command("import_osm", str(path))
    assert "proposals unchanged 3" in capsys.readouterr().out
    ParkingZone.objects.filter(slug="osm-100-left-1").update(standing="accepted", enabled=True, name="Ours")
    call_command("import_osm", str(path))
    assert "left alone, judged before 1: osm-100-left-1" in capsys.readouterr().out
    assert ParkingZone.objects.get(slug="osm-100-left-1").name == "Ours"
    with pytest.raises(CommandError, match="no such file"):
        call_command("import_osm", str(tmp_path / "none.osm"))
