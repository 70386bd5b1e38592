# SPDX-License-Identifier: AGPL-3.0-or-later
"""Zone files in the admin: seen before written, all ticked or none, and nothing that a hostile file could reach."""

from __future__ import annotations

import io
import json
import re
import zipfile

import pyogrio.raw
import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.parking import services, zone_archives, zone_plans
from apps.parking.models import ParkingZone
from tests.apps.parking.test_osm import overpass
from tests.apps.parking.test_zone_files import BOW_TIE, SQUARE, feature
from tests.apps.street import make_zone, zone_spec

pytestmark = pytest.mark.django_db
URL = "/admin/parking/parkingzone/import/"


@pytest.fixture
def staff(client):
    client.force_login(User.objects.create_superuser("boss", password="x"))
    return client


def upload(client, name: str, data: bytes | str, **fields):
    data = data.encode() if isinstance(data, str) else data
    return client.post(URL, {"kind": "zones", "file": SimpleUploadedFile(name, data)} | fields)


def collection(*features: dict) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(features)})


def errors(response) -> str:
    return " ".join(response.context["form"].errors.get("file", []))


def confirm(client, shown, *slugs: str):
    return client.post(URL, {"plan": shown.context["signed"], "zone": slugs}, follow=True)


def kinds(response) -> dict[str, str]:
    return {row.spec.slug if row.spec else row.label: row.kind for row in response.context["plan"].rows}


def exported(client, ending: str) -> bytes:
    response = client.get(f"/admin/parking/parkingzone/export/{ending}/")
    assert re.search(rf'filename="zones-[\d-]+\.{ending}"', response.headers["Content-Disposition"])
    return response.content


class TestPreview:
    def test_what_is_new_changed_and_refused_is_seen_and_only_the_ticked_is_written(self, staff):
        services.create_zone(zone_spec("known"))
        known = json.loads(exported(staff, "geojson"))["features"][0]
        same, changed = json.loads(json.dumps(known)), json.loads(json.dumps(known))
        make_zone("same")
        same["properties"] |= {"slug": "same", "name": "Same"}
        changed["properties"] |= {"hours": "Mo-Fr 18:00-08:00", "access": "private"}
        shown = upload(staff, "zones.geojson", collection(
            changed, same, feature(slug="one"), feature(slug="two"), feature(BOW_TIE, slug="bad"), feature(slug="one"),
        ))  # fmt: skip
        assert kinds(shown) == {
            "known": "changed", "same": "unchanged", "one": "new", "two": "new",
            "feature 5 (“bad”)": "refused", "feature 6 (“one”)": "refused",
        }  # fmt: skip
        text = shown.content.decode()
        assert "access: public → private" in text and "hours: – → Mo-Fr 18:00-08:00" in text
        assert "crosses itself at longitude 35.487500" in text and "comes twice" in text
        assert set(ParkingZone.objects.values_list("slug", flat=True)) == {"known", "same"}
        assert ParkingZone.objects.get(slug="known").hours == ""
        done = confirm(staff, shown, "known", "one")
        assert "1 zones made, 1 changed" in done.content.decode()
        assert set(ParkingZone.objects.values_list("slug", flat=True)) == {"known", "same", "one"}
        assert ParkingZone.objects.get(slug="known").access == "private"

    def test_a_file_without_a_field_leaves_a_known_zone_s_own_and_names_a_new_one_s_default(self, staff):
        make_zone("north-side", access="private", hours="Mo-Fr 18:00-08:00")
        shown = upload(staff, "a.geojson", collection(feature(), feature(slug="new")))
        text = shown.content.decode()
        assert "access: private" not in text
        assert "not in the file, so by default: access public, mode parallel" in text
        confirm(staff, shown, "north-side", "new")
        assert dict(ParkingZone.objects.values_list("slug", "access")) == {
            "north-side": "private",
            "new": "public",
        }

    def test_zones_that_changed_since_are_not_overwritten_and_nothing_is_written(self, staff):
        make_zone("known")
        shown = upload(
            staff, "a.geojson", collection(feature(slug="known", name="Mine"), feature(slug="new"))
        )
        services.update_zone(zone_spec("known", name="Theirs"))
        done = confirm(staff, shown, "new", "known")
        assert "Nothing was written. Theirs has been changed by somebody else" in done.content.decode()
        assert [zone.name for zone in ParkingZone.objects.all()] == ["Theirs"]

    def test_a_plan_that_was_tampered_with_or_shown_to_another_is_refused(self, staff, client):
        shown = upload(staff, "a.geojson", collection(feature()))
        signed = shown.context["signed"]
        assert (
            "choose the file again"
            in staff.post(URL, {"plan": signed[:-2], "zone": "north-side"}, follow=True).content.decode()
        )
        client.force_login(User.objects.create_superuser("other", password="x"))
        assert (
            "somebody else"
            in client.post(URL, {"plan": signed, "zone": "north-side"}, follow=True).content.decode()
        )
        assert not ParkingZone.objects.exists()

    def test_too_many_for_a_page_are_sent_to_the_command(self, staff, monkeypatch):
        monkeypatch.setattr(zone_plans, "MAX_SIGNED_BYTES", 100)
        assert "manage.py import_zones" in errors(upload(staff, "a.geojson", collection(feature())))

    def test_an_extract_becomes_proposals(self, staff):
        shown = upload(staff, "town.json", overpass(inline=True), kind="osm")
        text = shown.content.decode()
        assert "© OpenStreetMap contributors" in text and "restriction=no_parking" in text
        done = confirm(staff, shown, "osm-100-left-1", "osm-100-left-2")
        assert "2 zones proposed" in done.content.decode()
        assert set(ParkingZone.objects.values_list("standing", "enabled")) == {("proposed", False)}
        services.decline_zones(["osm-100-left-1"])
        again = upload(staff, "town.json", overpass(inline=True), kind="osm")
        assert sorted(row.kind for row in again.context["plan"].rows) == ["judged", "new", "unchanged"]

    def test_only_those_who_may_add_and_change(self, client):
        user = User.objects.create_user("helper", password="x", is_staff=True)
        user.user_permissions.add(
            *Permission.objects.filter(codename__in=("view_parkingzone", "change_parkingzone"))
        )
        client.force_login(user)
        assert client.get(URL).status_code == 403
        assert upload(client, "a.geojson", collection(feature())).status_code == 403
        assert client.get("/admin/parking/parkingzone/export/geojson/").status_code == 200


@pytest.mark.parametrize("ending", ["geojson", "gpkg", "zip"])
def test_what_goes_out_comes_back(staff, ending):
    make_zone(
        "yard", name="Bahçe", hours="Mo-Fr 18:00-08:00", source="a survey", licence="CC0", access="residents"
    )
    before = ParkingZone.objects.get().to_spec()
    data = exported(staff, ending)
    assert kinds(upload(staff, f"zones.{ending}", data)) == {"yard": "unchanged"}
    ParkingZone.objects.all().delete()
    confirm(staff, upload(staff, f"zones.{ending}", data), "yard")
    after = ParkingZone.objects.get().to_spec()
    assert (after.name, after.hours, after.source, after.licence, after.access) == (
        before.name, before.hours, before.source, before.licence, before.access,
    )  # fmt: skip
    assert after.geometry_3857.normalize().equals_exact(before.geometry_3857.normalize(), 0.01)
    assert staff.get("/admin/parking/parkingzone/export/kml/").status_code == 404


# --- hostile and broken files -----------------------------------------------------------------------------------------


def archive(**entries: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in entries.items():
            opened.writestr(name, data)
    return buffer.getvalue()


@pytest.fixture
def shapefile(staff) -> dict[str, bytes]:
    """The parts of a good Shapefile, by ending."""
    make_zone("yard")
    with zipfile.ZipFile(io.BytesIO(exported(staff, "zip"))) as opened:
        return {name.rpartition(".")[2]: opened.read(name) for name in opened.namelist()}


def test_names_in_an_archive_are_never_paths(staff, shapefile, tmp_path):
    entries = {f"../../{tmp_path}/evil/a.{ending}": data for ending, data in shapefile.items()}
    assert kinds(upload(staff, "a.zip", archive(**entries))) == {"yard": "unchanged"}
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda parts: {"a.shp": parts["shp"], "b.shp": parts["shp"]}, "must hold one .shp"),
        (lambda parts: {"readme.txt": b"x"}, "must hold one .shp"),
        (lambda parts: {"a.shp": parts["shp"]}, "lacks .shx, .dbf"),
        (
            lambda parts: {f"a.{name}": data for name, data in parts.items() if name != "prj"},
            "coordinate system",
        ),
        (lambda parts: {f"a.{name}": b"no shape" for name in parts}, "does not begin as such a file does"),
        (lambda parts: {f"{number}.txt": b"" for number in range(200)}, "200 files"),
    ],
)
def test_archives_that_are_no_shapefile(staff, shapefile, change, words):
    assert words in errors(upload(staff, "a.zip", archive(**change(shapefile))))


def test_a_bomb_is_stopped_while_it_unpacks(staff, shapefile, monkeypatch):
    monkeypatch.setattr(zone_archives, "MAX_UNPACKED_BYTES", 1_000_000)
    bomb = {f"a.{name}": data for name, data in shapefile.items()} | {"a.dbf": b"\0" * 5_000_000}
    data = archive(**bomb)
    assert len(data) < 20_000
    assert "larger than 0 MB" in errors(upload(staff, "a.zip", data))
    lied = data.replace(
        (5_000_000).to_bytes(4, "little"), (50).to_bytes(4, "little")
    )  # as the archive says of itself
    assert errors(upload(staff, "a.zip", lied))


VRT = '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{target}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'


@pytest.mark.parametrize("name", ["a.geojson", "a.json", "a.gpkg"])
def test_a_file_that_tells_gdal_to_read_another_is_not_obeyed(staff, tmp_path, name):
    secret = tmp_path / "secret.geojson"
    secret.write_text(collection(feature(slug="secret")))
    for text in (
        VRT.format(target=secret),
        json.dumps({"type": "FeatureCollection", "features": [], "x": VRT.format(target=secret)}),
    ):
        found = upload(staff, name, text)
        assert errors(found) and "secret" not in found.content.decode()


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.kml", "<kml/>", "ending must be one of"),
        ("a.zip", "no archive", "archive cannot be read"),
        ("a.geojson", "[" * 100_000, "cannot be read as GeoJSON"),
        ("a.geojson", '{"type": "Topology"}', "no GeoJSON type"),
        ("a.geojson", collection(), "no "),
        ("../../a.geojson", collection(feature(BOW_TIE)), ""),
    ],
)
def test_other_files_are_refused_in_words(staff, name, data, words):
    found = upload(staff, name, data)
    assert words in errors(found) if words else kinds(found)
    assert not ParkingZone.objects.exists()


def test_coordinates_of_another_system_land_in_the_right_place(staff, tmp_path):
    import numpy as np
    import shapely
    from pyproj import Transformer

    ring = np.column_stack(Transformer.from_crs(4326, 5254, always_xy=True).transform(*np.array(SQUARE).T))
    path = tmp_path / "a.gpkg"
    pyogrio.raw.write(
        path, geometry=np.array([shapely.to_wkb(shapely.Polygon(ring))], dtype=object),
        field_data=[np.array(["yard"], dtype=object)], fields=["slug"], geometry_type="Polygon", crs="EPSG:5254",
    )  # fmt: skip
    (row,) = upload(staff, "a.gpkg", path.read_bytes()).context["plan"].rows
    from camera_registry.mercator import xy_3857_to_lonlat

    assert xy_3857_to_lonlat([row.spec.geometry_3857.centroid.coords[0]])[0] == pytest.approx(
        (35.4875, 38.72205), abs=1e-6
    )
