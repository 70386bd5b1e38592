# SPDX-License-Identifier: AGPL-3.0-or-later
"""The admin: a zone that crosses itself is refused with the place; state in words; no third party for the map."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from apps.parking import services
from apps.parking.models import ParkingSpace, ParkingZone
from apps.parking.published import ObservedGround
from camera_registry.models import Camera
from tests.apps.parking.test_zone_files import BOW_TIE, SQUARE
from tests.apps.street import box, make_zone, publish, space

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    client.force_login(User.objects.create_superuser("boss", password="x"))
    return client


def form(ring=SQUARE, **changes) -> dict:
    values = {
        "name": "North side",
        "slug": "north-side",
        "enabled": "on",
        "access": "public",
        "geometry": json.dumps({"type": "Polygon", "coordinates": [ring]}) if ring else "",
        "kerb": "",
        "access_edges": "",
        "mode": "parallel",
        "angle_deg": "",
        "slot_length_m": "",
        "slot_width_m": "",
        "spacing_m": "",
        "validity_s": "120",
    }
    return values | changes


def lines(*coordinates: list) -> str:
    """As the map's editor sends access edges."""
    return json.dumps({"type": "MultiLineString", "coordinates": list(coordinates)})


def change_url(zone: ParkingZone) -> str:
    return f"/admin/parking/parkingzone/{zone.pk}/change/"


def test_a_zone_is_drawn_and_gets_its_modes_slot(staff):
    response = staff.post("/admin/parking/parkingzone/add/", form())
    assert response.status_code == 302, response.context["adminform"].form.errors
    zone = ParkingZone.objects.get()
    assert (zone.slot_length_m, zone.slot_width_m, zone.spacing_m) == (5.0, 2.3, 0.5)
    assert response.headers["Location"] == "/admin/parking/parkingzone/"


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"ring": BOW_TIE}, "geometry", "crosses itself at longitude 35.487500, latitude 38.722050"),
        ({"ring": None}, "geometry", "No geometry value provided"),
        ({"mode": "diagonal"}, "angle_deg", "angle between slots and kerb"),
        ({"slot_length_m": "50"}, "slot_length_m", "within 2 and 20 m"),
        ({"slug": "North Side"}, "slug", "valid"),
        (
            {
                "access_edges": lines(
                    [[35.4870, 38.7220], [35.4880, 38.7220]], [[35.4870, 38.7224], [35.4880, 38.7224]]
                )
            },
            "access_edges",
            "33.3 m away from the zone's outline at longitude 35.487000, latitude 38.722400; draw it along the outline",
        ),
        (
            {"access_edges": lines([[35.4875, 38.7221], [35.4875, 38.7223]])},
            "access_edges",
            "22.2 m away from the zone's outline at longitude 35.487500, latitude 38.722300",
        ),
    ],
)
def test_a_bad_zone_is_refused_in_words(staff, changes, field, words):
    response = staff.post("/admin/parking/parkingzone/add/", form(**changes))
    assert response.status_code == 200
    assert words in " ".join(response.context["adminform"].form.errors[field])
    assert not ParkingZone.objects.exists()


def test_access_edges_and_mixed_sizes_are_kept(staff):
    road = [[35.4870, 38.72200], [35.4880, 38.722005]]  # drawn by hand, half a metre off at one end
    response = staff.post("/admin/parking/parkingzone/add/", form(access_edges=lines(road), mixed_sizes="on"))
    assert response.status_code == 302, response.context["adminform"].form.errors
    zone = ParkingZone.objects.get()
    assert zone.mixed_sizes
    assert zone.access_edges.geom_type == "MultiLineString"
    text = staff.get(change_url(zone)).content.decode()
    assert "across which cars drive in, usually along the road" in text
    assert "offer spaces for smaller cars too" in text


def test_editing_into_a_crossing_is_refused_too(staff):
    zone = make_zone()
    response = staff.post(change_url(zone), form(BOW_TIE))
    assert "crosses itself" in response.content.decode()
    zone.refresh_from_db()
    assert zone.geometry.valid


def test_renaming_through_the_map_keeps_ground_spaces_and_slug(staff):
    staff.post("/admin/parking/parkingzone/add/", form())
    zone = ParkingZone.objects.get()
    publish(zone.slug, [space(3)], timezone.now(), times=2)
    page = staff.get(change_url(zone))
    shown = page.context["adminform"].form["geometry"]
    drawn = shown.field.widget.get_context("geometry", shown.value(), {})["serialized"]
    staff.post(change_url(zone), form(geometry=drawn, name="High Street", slug="other"))
    zone.refresh_from_db()
    assert (zone.name, zone.slug) == ("High Street", "north-side")
    assert ParkingSpace.objects.count() == 1


def test_the_page_tells_what_is_known(staff):
    now = timezone.now()
    zone = make_zone()
    camera = Camera.objects.create(name="cam-a")
    nothing = box(0, 0, 0.1, 0.1)
    services.record_observation(
        zone.slug, ObservedGround(camera.pk, None, now, box(0, 0, 30, 2.5), nothing, nothing)
    )
    assert "no camera has seen it yet" in staff.get(change_url(zone)).content.decode()
    publish(zone.slug, [space(3)], now, times=2, bound=2, classes={"3.6x1.7": [space(3)], "8x2.5": []})
    text = staff.get(change_url(zone)).content.decode()
    assert "live: free spaces" in text
    assert "1 of at most 2" in text
    assert "<td>3.6 × 1.7 m</td><td>1</td>" in text
    assert "<td>8 × 2.5 m</td><td>0</td>" in text
    assert "<td>6 × 2.1 m</td><td>–</td>" in text
    assert "1 of at most 2" in staff.get("/admin/parking/parkingzone/").content.decode()
    history = staff.get("/admin/parking/zonesnapshot/").content.decode()
    assert '<td class="field-bound">2</td><td class="field-gap">1</td>' in history
    assert re.search(r"<td>cam-a</td><td>\d+ s ago</td><td>50%</td>", text)
    assert "<tr><td>3</td>" in text
    ParkingZone.objects.update(valid_until=now - dt.timedelta(seconds=1))
    assert "unknown: not seen for longer than its validity" in staff.get(change_url(zone)).content.decode()
    listed = staff.get("/admin/parking/parkingzone/").content.decode()
    assert '<td class="field-free_now">–</td>' in listed


def test_no_tiles_no_third_party(staff, settings):
    zone = make_zone()
    make_zone("yard", geometry_3857=box(0, 20, 60, 30))
    settings.SPARK_TILE_URL = ""
    page = staff.get(change_url(zone)).content.decode()
    assert "openstreetmap" not in page
    assert '"layers": []' in page
    assert page.count('"Polygon"') >= 1  # the yard, as a guide
    settings.SPARK_TILE_URL = "https://tiles.example/{z}/{x}/{y}.png"
    assert "tiles.example" in staff.get(change_url(zone)).content.decode()


def test_the_history_is_for_reading(staff):
    make_zone()
    snapshot = publish("main-street", [space(3)], timezone.now())
    assert staff.get("/admin/parking/zonesnapshot/").status_code == 200
    assert staff.get("/admin/parking/zonesnapshot/add/").status_code == 403
    assert staff.post(f"/admin/parking/zonesnapshot/{snapshot.pk}/change/", {}).status_code == 403


def test_a_zone_with_history_can_be_deleted(staff):
    zone = make_zone()
    publish("main-street", [space(3)], timezone.now())
    response = staff.post(f"/admin/parking/parkingzone/{zone.pk}/delete/", {"post": "yes"})
    assert response.status_code == 302
    assert not ParkingZone.objects.exists()
