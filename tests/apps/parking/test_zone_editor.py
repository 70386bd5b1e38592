# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the editor's page asks: judged in words with places, saved through the services, for admins alone."""

from __future__ import annotations

import json

import pytest
import shapely
from django.contrib.auth.models import Permission, User

from apps.parking import services
from apps.parking.models import ParkingZone
from apps.parking.slot_ruler import lay_ruler
from apps.parking.zone_drafts import draft_json
from apps.parking.zone_notices import findings
from apps.parking.zone_writing import fingerprint
from camera_registry import services as cameras
from tests.apps.street import FRAME, box, ground, make_zone, zone_spec
from tests.demo.scenes import CAMERA

pytestmark = pytest.mark.django_db
URL = "/admin/parking/parkingzone/draw/"


@pytest.fixture
def staff(client):
    client.force_login(User.objects.create_superuser("boss", password="x"))
    return client


def ask(client, what: str, spec, zone: ParkingZone | None = None, **more):
    data = {
        "zone": zone.slug if zone else None,
        "basedOn": fingerprint(zone.to_spec()) if zone else None,
        "draft": draft_json(spec, 120),
    } | more
    return client.post(f"{URL}{what}/", json.dumps(data), content_type="application/json")


def words(spec, *neighbours) -> str:
    return " ".join(finding.message for finding in findings(spec, neighbours))


KERB_ASIDE = FRAME.geometry_to_3857(shapely.LineString([(30, 2.5), (30, 9)]))


@pytest.mark.parametrize(
    ("changes", "said", "refused"),
    [
        ({"geometry_3857": ground((0, 0), (60, 5), (60, 0), (0, 5))}, "crosses itself at longitude", True),
        ({"geometry_3857": shapely.Polygon()}, "has no outline", True),
        ({"geometry_3857": box(0, 0, 60, 1.5)}, "too thin for a slot: at its widest place, longitude", False),
        ({"geometry_3857": ground((0, 0), (60, 0), (60, 3), (59.9, 30), (59.8, 3), (0, 3))}, "runs out into a needle at longitude", False),
        ({"geometry_3857": shapely.transform(box(0, 0, 60, 5), lambda xy: xy - FRAME.origin_3857)}, "in the sea off Africa", False),
        ({"geometry_3857": box(200_000, 0, 200_060, 5)}, "km from the nearest other one", False),
        ({"kerb_3857": KERB_ASIDE}, "does not run along the zone: at longitude", False),
        ({"geometry_3857": box(0, 8, 60, 12)}, "overlaps Yard (yard) by 120.0 m² at longitude", False),
        ({"geometry_3857": box(0, 10, 60, 20)}, "Yard (yard) is the same ground, at longitude", False),
        ({"hours": "late"}, "hours are not understood at “late”", True),
        ({"access_edges_3857": FRAME.geometry_to_3857(shapely.MultiLineString([[(0, 9), (60, 9)]]))}, "away from the zone's outline at longitude", True),
    ],
)  # fmt: skip
def test_what_is_said_of_a_zone(changes, said, refused):
    spec = zone_spec(**({"slot_width_m": 2.3} | changes))
    (found,) = [
        one
        for one in findings(spec, [zone_spec("yard", geometry_3857=box(0, 10, 60, 20))])
        if said in one.message
    ]
    assert found.refused is refused
    if "longitude" in said:
        assert found.lonlat is not None


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({}, 11),  # 5.5 n - 0.5 ≤ 60
        ({"mode": "perpendicular", "geometry_3857": box(0, 0, 60, 5.1)}, 23),
        ({"mode": "perpendicular", "geometry_3857": box(0, 0, 60, 4.9)}, 0),
        ({"mode": "diagonal", "angle_deg": 45.0, "geometry_3857": box(0, 0, 60, 5.5)}, 15),
        ({"geometry_3857": ground((0, 0), (60, 0), (60, 3), (30, 1), (0, 3))}, 2),
        ({"slot_length_m": 6.0, "spacing_m": 0.0}, 10),
    ],
)
def test_the_ruler_lays_slots_that_lie_in_the_zone_and_off_each_other(changes, count):
    spec = zone_spec(**changes)
    slots = lay_ruler(spec).slots_3857
    assert abs(len(slots) - count) <= (0 if count in (0, 2, 10, 11) else 1)
    grown = spec.geometry_3857.buffer(0.02)
    assert all(grown.covers(slot) for slot in slots)
    assert shapely.union_all(list(slots)).area == pytest.approx(sum(slot.area for slot in slots), rel=1e-6)


def test_a_draft_is_judged_with_those_who_see_it_and_those_it_touches(staff):
    from apps.demo.services import zone_specs
    from apps.demo.truth import calibration_of

    demo = zone_specs()[0]
    camera = cameras.register_camera("bahar-north", title="Bahar Street 11")
    cameras.import_calibration(camera, calibration_of(CAMERA).to_json())
    answer = ask(staff, "judge", demo).json()
    assert [one["camera"] for one in answer["seen"]] == ["Bahar Street 11"]
    assert 0 < answer["seen"][0]["share"] <= 1
    assert answer["slots"]
    make_zone("yard", geometry_3857=box(0, 2.5, 60, 12))
    answer = ask(staff, "judge", zone_spec(), line=None).json()
    assert answer["touching"] == [{"slug": "yard", "name": "Yard"}]
    assert answer["findings"] == [] and answer["area_m2"] == pytest.approx(150, rel=1e-3)
    west, south, east, north = (
        shapely.MultiPoint([ring[0] for ring in draft_json(demo, 120)["rings"]]).buffer(0.001).bounds
    )
    around = staff.get(f"{URL}around/?bbox={west},{south},{east},{north}").json()
    assert [view["name"] for view in around["views"]] == ["Bahar Street 11"]


def test_saving_needs_what_is_odd_to_be_read_and_what_is_wrong_to_be_mended(staff):
    make_zone("yard", geometry_3857=box(0, 2, 60, 12))
    refused = ask(staff, "save", zone_spec(slug="Bad Slug"))
    assert refused.status_code == 422
    assert "small letters" in refused.json()["findings"][0]["message"]
    odd = ask(staff, "save", zone_spec())
    assert odd.status_code == 422 and "overlaps Yard" in odd.json()["findings"][0]["message"]
    assert ParkingZone.objects.count() == 1
    saved = ask(staff, "save", zone_spec(hours="Mo-Fr 18:00-08:00"), confirmed=True)
    zone = ParkingZone.objects.get(slug="main-street")
    assert saved.json()["url"] == f"/admin/parking/parkingzone/{zone.pk}/draw/"
    assert (zone.hours, zone.slot_length_m, zone.version) == ("Mo-Fr 18:00-08:00", 5.0, 1)
    # Opening and saving it again moves nothing.
    config = staff.get(saved.json()["url"]).context["config"]
    again = {"zone": zone.slug, "basedOn": config["basedOn"], "draft": config["draft"], "confirmed": True}
    assert staff.post(f"{URL}save/", json.dumps(again), content_type="application/json").status_code == 200
    zone.refresh_from_db()
    assert zone.version == 1


def test_a_proposal_is_moved_into_place_and_accepted_in_one_go(staff):
    services.propose_zones([zone_spec(source="OpenStreetMap way 1", licence="ODbL")])
    zone = ParkingZone.objects.get()
    page = staff.get(f"/admin/parking/parkingzone/{zone.pk}/draw/").content.decode()
    assert "proposed, waits for an admin · OpenStreetMap way 1 · ODbL" in page and 'id="accept"' in page
    moved = zone_spec(geometry_3857=box(0, 1, 60, 3.5), enabled=False)
    assert ask(staff, "save", moved, zone).status_code == 200
    zone.refresh_from_db()
    assert (zone.standing, zone.enabled, zone.source) == ("proposed", False, "OpenStreetMap way 1")
    assert ask(staff, "save", moved, zone, accept=True).status_code == 200
    zone.refresh_from_db()
    assert (zone.standing, zone.enabled, zone.valid_until) == ("accepted", True, None)


def test_another_admins_change_is_not_overwritten(staff):
    zone = make_zone()
    stale = fingerprint(zone.to_spec())
    assert ask(staff, "save", zone_spec(name="Theirs"), zone).status_code == 200
    answer = ask(staff, "save", zone_spec(name="Mine"), zone, basedOn=stale)
    assert answer.status_code == 409 and "somebody else" in answer.json()["message"]
    zone.refresh_from_db()
    assert zone.name == "Theirs"


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{", '{"draft": 1}', '{"draft": {"fields": {}, "rings": [[[1]]]}}', '{"draft": {"fields": {}, "rings": [[[999, 0]]]}}',
     '{"draft": {"fields": {"name": 5}}}', '{"draft": {"fields": {"spacing_m": "x"}}}', "x" * 600_000],
)  # fmt: skip
def test_what_is_no_draft_is_refused_in_words(staff, body):
    response = staff.post(f"{URL}judge/", body, content_type="application/json")
    assert response.status_code == 422 and response.json()["message"]


def test_only_admins_who_may_change_zones(client):
    zone = make_zone()
    assert client.get(URL).status_code == 302
    user = User.objects.create_user("helper", password="x", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_parkingzone"))
    client.force_login(user)
    assert client.get(URL).status_code == 403
    assert client.get(f"/admin/parking/parkingzone/{zone.pk}/draw/").status_code == 403
    for what in ("judge", "save", "split", "merge"):
        assert ask(client, what, zone_spec(name="Mine"), zone).status_code == 403
    assert client.get(f"{URL}around/?bbox=35,38,36,39").status_code == 200
    assert client.get(f"{URL}around/?bbox=here").status_code == 422
    zone.refresh_from_db()
    assert zone.name == "Main Street"


def test_the_page_asks_no_third_party_but_the_tile_server(staff, settings):
    settings.SPARK_TILE_URL = ""
    policy = staff.get(URL).headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "http" not in policy
    settings.SPARK_TILE_URL = "https://{s}.tiles.example/{z}/{x}/{y}.png"
    assert (
        "img-src 'self' data: blob: https://*.tiles.example"
        in staff.get(URL).headers["Content-Security-Policy"]
    )
