# SPDX-License-Identifier: AGPL-3.0-or-later
"""`import_zones` and `export_spaces`: three formats in and out, all or nothing, mistakes named with place and cure."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import numpy as np
import pyogrio.raw
import pytest
import shapely
from django.core.management import CommandError, call_command
from django.utils import timezone
from pyproj import Transformer

from apps.parking.models import ParkingZone
from apps.parking.shapes import to_shapely
from camera_registry.mercator import LocalFrame, lonlat_to_3857
from tests.apps.street import make_zone, publish, space

pytestmark = pytest.mark.django_db

SQUARE = [[35.4870, 38.7220], [35.4880, 38.7220], [35.4880, 38.7221], [35.4870, 38.7221], [35.4870, 38.7220]]
#: Edges cross at longitude 35.4875, latitude 38.72205.
BOW_TIE = [[35.4870, 38.7220], [35.4880, 38.7221], [35.4880, 38.7220], [35.4870, 38.7221], [35.4870, 38.7220]]


def feature(ring=SQUARE, geometry=None, **properties) -> dict:
    values = {"slug": "north-side", "name": "North side"} | properties
    return {
        "type": "Feature",
        "properties": {key: value for key, value in values.items() if value is not None},
        "geometry": geometry or {"type": "Polygon", "coordinates": [ring]},
    }


@pytest.fixture
def geojson(tmp_path):
    def write(*features: dict):
        path = tmp_path / "zones.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features)}))
        return path

    return write


def stored() -> shapely.Polygon:
    return to_shapely(ParkingZone.objects.get().geometry)


class TestImport:
    def test_geojson_with_all_its_fields(self, geojson, capsys):
        path = geojson(
            feature(
                mode="diagonal",
                angle_deg=45,
                slot_length_m=4.8,
                slot_width_m=2.4,
                spacing_m=0.1,
                access="residents",
                validity_s=90,
                kerb={"type": "LineString", "coordinates": SQUARE[:2]},
                access_edges={"type": "MultiLineString", "coordinates": [SQUARE[2:4], SQUARE[1:3]]},
                mixed_sizes=True,
            )
        )
        call_command("import_zones", str(path))
        assert "created 1: north-side" in capsys.readouterr().out
        zone = ParkingZone.objects.get()
        assert (zone.mode, zone.angle_deg, zone.access, zone.validity_s) == ("diagonal", 45, "residents", 90)
        assert (zone.slot_length_m, zone.slot_width_m, zone.spacing_m) == (4.8, 2.4, 0.1)
        assert np.allclose(list(zone.kerb.coords), lonlat_to_3857(SQUARE[:2]))
        assert zone.mixed_sizes
        assert [len(edge) for edge in zone.access_edges] == [2, 2]
        assert np.allclose(list(zone.access_edges[0].coords), lonlat_to_3857(SQUARE[2:4]))
        assert stored().equals_exact(shapely.Polygon(lonlat_to_3857(SQUARE)), 1e-6)

    def test_a_kerb_as_text(self, geojson):
        call_command("import_zones", str(geojson(feature(kerb="LINESTRING(35.487 38.722, 35.488 38.722)"))))
        assert len(ParkingZone.objects.get().kerb.coords) == 2

    @pytest.mark.parametrize(
        "edges",
        [
            "MULTILINESTRING((35.487 38.722, 35.488 38.722))",
            "LINESTRING(35.487 38.722, 35.488 38.722)",
            {"type": "LineString", "coordinates": SQUARE[:2]},
            [SQUARE[:2]],
        ],
    )
    def test_access_edges_in_any_spelling(self, geojson, edges):
        call_command("import_zones", str(geojson(feature(access_edges=edges))))
        (edge,) = ParkingZone.objects.get().access_edges
        assert np.allclose(list(edge.coords), lonlat_to_3857(SQUARE[:2]))

    def test_again_changes_nothing_and_an_edit_updates(self, geojson, capsys):
        call_command("import_zones", str(geojson(feature())))
        version = ParkingZone.objects.get().version
        call_command("import_zones", str(geojson(feature())))
        assert "unchanged 1" in capsys.readouterr().out
        assert ParkingZone.objects.get().version == version
        call_command("import_zones", str(geojson(feature(name="South side"))))
        assert "updated 1" in capsys.readouterr().out
        assert ParkingZone.objects.get().name == "South side"

    @pytest.mark.parametrize("name", ["zones.shp", "zones.gpkg"])
    @pytest.mark.parametrize("epsg", [4326, 3857, 32636, 5254])
    def test_other_formats_in_any_coordinate_system(self, tmp_path, name, epsg):
        # 5254 (TUREF / TM30) has its axes in the order north, east; x stays the easting all the same.
        to_crs = Transformer.from_crs(4326, epsg, always_xy=True)
        ring = np.column_stack(to_crs.transform(*np.array(SQUARE).T))
        pyogrio.raw.write(
            tmp_path / name,
            geometry=np.array([shapely.to_wkb(shapely.Polygon(ring))], dtype=object),
            field_data=[np.array(["yard"], dtype=object), np.array(["Yard"], dtype=object), np.array([6.0])],
            fields=["slug", "name", "slot_lengt" if name.endswith("shp") else "slot_length_m"],
            geometry_type="Polygon",
            crs=f"EPSG:{epsg}",
        )
        call_command("import_zones", str(tmp_path / name))
        zone = ParkingZone.objects.get()
        assert (zone.slug, zone.slot_length_m) == ("yard", 6.0)
        # Shapefiles turn rings round.
        assert stored().normalize().equals_exact(shapely.Polygon(lonlat_to_3857(SQUARE)).normalize(), 0.01)

    def test_sizes_are_true_metres(self, geojson):
        call_command("import_zones", str(geojson(feature())))
        outline = stored()
        true = LocalFrame.around(outline).geometry_to_metres(outline)
        assert true.area == pytest.approx(86.97 * 11.10, rel=0.003)
        assert outline.area == pytest.approx(true.area * 1.28**2, rel=0.01)

    def test_a_shapefile_without_its_crs_asks_for_it(self, tmp_path):
        path = tmp_path / "zones.shp"
        pyogrio.raw.write(
            path,
            geometry=np.array([shapely.to_wkb(shapely.Polygon(SQUARE))], dtype=object),
            field_data=[np.array(["yard"], dtype=object)],
            fields=["slug"],
            geometry_type="Polygon",
            crs="EPSG:4326",
        )
        path.with_suffix(".prj").unlink()
        with pytest.raises(CommandError, match="--epsg"):
            call_command("import_zones", str(path))
        call_command("import_zones", str(path), epsg=4326)
        assert ParkingZone.objects.get().name == "yard"


class TestWhatAFileDoesNotMention:
    """A zone that exists keeps it; a new one takes the default, and both are said."""

    RULES = {
        "mode": "diagonal", "angle_deg": 60.0, "slot_length_m": 4.9, "slot_width_m": 2.6, "spacing_m": 0.2,
        "mixed_sizes": True, "access": "private", "hours": "Mo-Fr 18:00-08:00", "validity_s": 77, "enabled": False,
        "standing": "proposed", "source": "a survey", "licence": "CC0",
    }  # fmt: skip

    @pytest.fixture
    def yard(self) -> ParkingZone:
        kerb, edge = (shapely.LineString(lonlat_to_3857(SQUARE[k : k + 2])) for k in (0, 2))
        return make_zone(
            "north-side",
            geometry_3857=shapely.Polygon(lonlat_to_3857(SQUARE)),
            kerb_3857=kerb,
            access_edges_3857=shapely.MultiLineString([edge]),
            **self.RULES,
        )

    @pytest.mark.parametrize("name", ["zones.geojson", "zones.shp", "zones.gpkg"])
    def test_a_file_of_outlines_and_names_changes_nothing_else(self, yard, tmp_path, name, capsys):
        pyogrio.raw.write(
            tmp_path / name,
            geometry=np.array([shapely.to_wkb(shapely.Polygon(SQUARE))], dtype=object),
            field_data=[np.array(["north-side"], dtype=object), np.array(["Yard"], dtype=object)],
            fields=["slug", "name"],
            geometry_type="Polygon",
            crs="EPSG:4326",
        )
        call_command("import_zones", str(tmp_path / name))
        out = capsys.readouterr().out
        assert out.splitlines() == [
            "changed: north-side",
            "  name: North Side → Yard",
            "updated 1: north-side",
        ]
        zone = ParkingZone.objects.get()
        assert {field: getattr(zone, field) for field in self.RULES} == self.RULES
        assert zone.kerb is not None and zone.access_edges is not None

    def test_each_feature_is_asked_for_itself(self, yard, geojson):
        """A GeoJSON whose other features say a field does not say it of this one."""
        other = feature(slug="other", access="public", hours="Sa 08:00-12:00", kerb=SQUARE[:2])
        call_command("import_zones", str(geojson(other, feature())))
        zone = ParkingZone.objects.get(slug="north-side")
        assert (zone.access, zone.hours) == ("private", self.RULES["hours"])
        assert zone.kerb is not None

    def test_what_is_there_and_empty_is_cleared_where_a_zone_can_be_without(self, yard, geojson, capsys):
        given = feature()
        given["properties"] |= dict.fromkeys(("hours", "kerb", "access_edges", "source", "licence", "access"))
        call_command("import_zones", str(geojson(given)))
        zone = ParkingZone.objects.get()
        assert (zone.hours, zone.kerb, zone.access_edges, zone.source, zone.licence) == (
            "",
            None,
            None,
            "",
            "",
        )
        assert zone.access == "private", "no zone is without access"
        out = capsys.readouterr().out
        assert f"hours: {self.RULES['hours']} → –" in out and "  kerb\n" in out and "access:" not in out

    def test_another_mode_brings_its_own_slot_and_says_so(self, yard, geojson, capsys):
        call_command("import_zones", str(geojson(feature(mode="perpendicular", slot_length_m=5.2))))
        zone = ParkingZone.objects.get()
        slot = (zone.angle_deg, zone.slot_length_m, zone.slot_width_m, zone.spacing_m)
        assert slot == (None, 5.2, 2.5, 0.0)
        out = capsys.readouterr().out
        assert "slot width m: 2.6 → 2.5" in out and "angle deg: 60.0 → None" in out

    def test_a_rule_that_fits_only_what_the_zone_is_is_judged_with_it(self, yard, geojson):
        call_command(
            "import_zones", str(geojson(feature(angle_deg=45)))
        )  # of a zone that is diagonal already
        assert ParkingZone.objects.get().angle_deg == 45
        with pytest.raises(CommandError, match="accept it before it is switched on"):
            call_command("import_zones", str(geojson(feature(enabled=True))))

    def test_a_new_zone_takes_the_defaults_and_says_so(self, geojson, capsys):
        call_command("import_zones", str(geojson(feature(access="residents", mode="perpendicular"))))
        out = capsys.readouterr().out
        first, second = out.splitlines()[:2]
        assert first == "new: north-side"
        assert second == (
            "  not in the file, so by default: slot length 5.0 m, slot width 2.5 m, spacing 0.0 m, hours always,"
            " enabled yes"
        )
        zone = ParkingZone.objects.get()
        assert (zone.access, zone.slot_width_m, zone.hours, zone.enabled) == ("residents", 2.5, "", True)

    def test_a_dry_run_says_it_and_writes_nothing(self, yard, geojson, capsys):
        path = geojson(feature(name="Yard", access="public"), feature(slug="new"))
        call_command("import_zones", str(path), dry_run=True)
        out = capsys.readouterr().out
        assert "access: private → public" in out and "new: new" in out and "Nothing was written." in out
        assert [zone.access for zone in ParkingZone.objects.all()] == ["private"]


class TestRefused:
    @pytest.mark.parametrize(
        ("bad", "words"),
        [
            (feature(BOW_TIE), ["crosses itself", "longitude 35.487500, latitude 38.722050", "move its corners"]),
            (feature(slug=None), ["feature 2", "no slug"]),
            (feature(slug="North Side"), ["small letters"]),
            (feature(mode="sideways"), ["sideways", "parallel, perpendicular, diagonal, free"]),
            (feature(access="club"), ["club", "public, residents, private"]),
            (feature(mode="diagonal"), ["angle between slots and kerb"]),
            (feature(angle_deg=45), ["Only diagonal zones"]),
            (feature(slot_length_m="five"), ["slot_length_m", "“five” is no number"]),
            (feature(slot_length_m=50), ["within 2 and 20 m"]),
            (feature(slot_width_m=0.5), ["within 1.4 and 5 m"]),
            (feature(enabled="perhaps"), ["neither yes nor no"]),
            (feature(kerb="somewhere"), ["kerb", "LINESTRING(lon lat"]),
            (feature(access_edges="here"), ["access_edges", "MULTILINESTRING((lon lat"]),
            (
                feature(access_edges="LINESTRING(35.487 38.7223, 35.488 38.7223)"),
                ["access_edges", "22.2 m away from the zone's outline at longitude 35.487000, latitude 38.722300"],
            ),
            (feature(access_edges=[[SQUARE[0], SQUARE[0]]]), ["access_edges", "has no length"]),
            (feature(access_edges={"type": "Point", "coordinates": SQUARE[0]}), ["lines along the zone's outline"]),
            (feature(mixed_sizes="some"), ["mixed_sizes", "neither yes nor no"]),
            (feature(kerb="LINESTRING(35.49 38.73, 35.491 38.73)"), ["m away from the zone"]),
            (feature([[x * 10, y] for x, y in SQUARE]), ["longitude must lie within ±180°"]),
            (feature([[35.0, 38.0], [36.0, 38.0], [36.0, 39.0], [35.0, 38.0]]), ["km²", "coordinate system"]),
            (feature([[35.0, 38.0], [35.000001, 38.0], [35.0, 38.000001], [35.0, 38.0]]), ["too small"]),
            (feature(geometry={"type": "Point", "coordinates": SQUARE[0]}), ["this is a Point"]),
            (
                feature(geometry={"type": "MultiPolygon", "coordinates": [[SQUARE], [[[x + 0.01, y] for x, y in SQUARE]]]}),
                ["2 separate parts"],
            ),
            (feature(slug="good"), ["“good” comes twice"]),
        ],
        ids=lambda value: value[0] if isinstance(value, list) else "",
    )  # fmt: skip
    def test_one_bad_feature_stops_all_and_is_named(self, geojson, bad, words):
        with pytest.raises(CommandError) as refusal:
            call_command("import_zones", str(geojson(feature(slug="good"), bad)))
        for word in words:
            assert word in str(refusal.value)
        assert "nothing was imported" in str(refusal.value)
        assert not ParkingZone.objects.exists()

    def test_every_mistake_is_told_at_once(self, geojson):
        path = geojson(
            feature(BOW_TIE, slug="a"), feature(slug="b", mode="no"), feature(slug="c", access="no")
        )
        with pytest.raises(CommandError) as refusal:
            call_command("import_zones", str(path))
        assert str(refusal.value).count("\n- feature") == 3

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("zones.geojson", None, "no such file"),
            ("zones.kml", "<kml/>", "ending must be one of"),
            ("zones.geojson", "not json", "cannot be read as GeoJSON"),
            ("zones.gpkg", "not a database", "cannot be read as GPKG"),
            ("zones.geojson", '{"type": "FeatureCollection", "features": []}', "no "),
        ],
    )
    def test_files_that_are_no_zone_files(self, tmp_path, name, content, words):
        path = tmp_path / name
        if content is not None:
            path.write_text(content)
        with pytest.raises(CommandError, match=words):
            call_command("import_zones", str(path))


class TestZonesOut:
    @pytest.fixture
    def zones(self):
        kerb, road = (shapely.LineString(lonlat_to_3857(SQUARE[k : k + 2])) for k in (0, 2))
        square = shapely.Polygon(lonlat_to_3857(SQUARE))
        edges = shapely.MultiLineString([road, shapely.LineString(lonlat_to_3857(SQUARE[1:3]))])
        make_zone("plain")
        make_zone(
            "yard", name="Bahçe", geometry_3857=square, kerb_3857=kerb, access_edges_3857=edges, mixed_sizes=True,
            mode="diagonal", angle_deg=60.5, slot_length_m=4.9, access="private", validity_s=77, enabled=False,
            hours="Mo-Fr 18:00-08:00; PH 00:00-24:00", standing="proposed", source="a survey", licence="CC0",
        )  # fmt: skip

    @pytest.mark.parametrize("name", ["zones.geojson", "zones.shp", "zones.gpkg", "zones.zip"])
    def test_what_goes_out_comes_back_unchanged(self, zones, tmp_path, name, capsys):
        call_command("export_zones", str(tmp_path / name))
        assert "2 zones written" in capsys.readouterr().out
        before = {zone.slug: zone.to_spec() for zone in ParkingZone.objects.all()}
        call_command("import_zones", str(tmp_path / name))
        assert "unchanged 2: plain, yard" in capsys.readouterr().out
        ParkingZone.objects.all().delete()
        call_command("import_zones", str(tmp_path / name))
        for zone in ParkingZone.objects.all():
            spec, old = zone.to_spec(), before[zone.slug]
            for field in dataclasses.fields(spec):
                value, wanted = getattr(spec, field.name), getattr(old, field.name)
                if isinstance(wanted, shapely.Geometry):
                    assert value.normalize().equals_exact(wanted.normalize(), 0.01), field.name
                else:
                    assert value == wanted, field.name

    def test_a_text_too_long_for_a_shapefile_is_refused_by_name(self, tmp_path):
        corners = np.linspace(SQUARE[0], SQUARE[1], 30)
        kerb = shapely.LineString(lonlat_to_3857(corners))
        make_zone("long", geometry_3857=shapely.Polygon(lonlat_to_3857(SQUARE)), kerb_3857=kerb)
        with pytest.raises(CommandError, match=r"the kerb of zone long .* write a \.gpkg or \.geojson"):
            call_command("export_zones", str(tmp_path / "zones.shp"))
        call_command("export_zones", str(tmp_path / "zones.gpkg"))

    def test_no_zone_is_an_empty_file_and_a_wrong_ending_is_refused(self, tmp_path):
        call_command("export_zones", str(tmp_path / "zones.gpkg"))
        assert pyogrio.read_info(tmp_path / "zones.gpkg")["features"] == 0
        with pytest.raises(CommandError, match="ending must be one of"):
            call_command("export_zones", str(tmp_path / "zones.kml"))


class TestExport:
    @pytest.fixture
    def offered(self):
        now = timezone.now()
        make_zone()
        make_zone("yard", access="private")
        publish("main-street", [space(3), space(20)], now, times=2)
        publish("yard", [space(40)], now, times=2)

    @pytest.mark.parametrize("name", ["spaces.geojson", "spaces.shp", "spaces.gpkg"])
    def test_round_trip(self, offered, tmp_path, name, capsys):
        call_command("export_spaces", str(tmp_path / name))
        assert "2 spaces written" in capsys.readouterr().out
        meta, _, geometry, columns = pyogrio.raw.read(tmp_path / name)
        assert meta["crs"] == "EPSG:4326"
        table = dict(zip(meta["fields"], columns, strict=True))
        assert list(table["zone"]) == ["main-street", "main-street"]
        assert list(table["length_m"]) == [5.0, 5.0]
        lon, lat = shapely.centroid(shapely.from_wkb(geometry[0])).coords[0]
        assert (round(lon, 3), round(lat, 3)) == (35.487, 38.722)

    def test_private_ones_only_when_asked_for(self, offered, tmp_path):
        call_command("export_spaces", str(tmp_path / "all.geojson"), private=True)
        spaces = json.loads((tmp_path / "all.geojson").read_text())["features"]
        assert {found["properties"]["zone"] for found in spaces} == {"main-street", "yard"}
        assert all(found["id"] for found in spaces)

    @pytest.mark.parametrize("name", ["none.geojson", "none.shp", "none.gpkg"])
    def test_no_space_is_an_empty_file_not_an_error(self, tmp_path, name):
        make_zone(validity_s=60)
        publish("main-street", [space(3)], timezone.now() - dt.timedelta(seconds=70), times=2)
        call_command("export_spaces", str(tmp_path / name))
        assert pyogrio.read_info(tmp_path / name)["features"] == 0

    def test_a_place_that_cannot_be_written(self, tmp_path):
        with pytest.raises(CommandError, match="cannot be written"):
            call_command("export_spaces", str(tmp_path / "no-folder" / "spaces.gpkg"))
