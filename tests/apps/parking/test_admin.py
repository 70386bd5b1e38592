# SPDX-License-Identifier: AGPL-3.0-or-later
"""The zones' pages in the admin: rules, state in words, proposals judged. Drawing: test_zone_editor."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from apps.parking import services
from apps.parking.models import ParkingSpace, ParkingZone
from apps.parking.published import ObservedGround
from camera_registry.models import Camera
from tests.apps.street import box, make_zone, publish, space, zone_spec

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    client.force_login(User.objects.create_superuser("boss", password="x"))
    return client


def form(**changes) -> dict:
    """What the zone's page sends; its ground is drawn in the editor."""
    values = {
        "name": "North side",
        "enabled": "on",
        "access": "public",
        "hours": "",
        "mode": "parallel",
        "angle_deg": "",
        "slot_length_m": "",
        "slot_width_m": "",
        "spacing_m": "",
        "validity_s": "120",
    }
    return values | changes


def change_url(zone: ParkingZone) -> str:
    return f"/admin/parking/parkingzone/{zone.pk}/change/"


def test_a_new_zone_begins_in_the_editor(staff):
    response = staff.get("/admin/parking/parkingzone/add/")
    assert response.headers["Location"] == "/admin/parking/parkingzone/draw/"


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"mode": "diagonal"}, "angle_deg", "angle between slots and kerb"),
        ({"slot_length_m": "50"}, "slot_length_m", "within 2 and 20 m"),
        ({"hours": "after work"}, "hours", "not understood at “after work”"),
        ({"name": ""}, "name", "required"),
    ],
)
def test_bad_rules_are_refused_in_words(staff, changes, field, words):
    zone = make_zone()
    response = staff.post(change_url(zone), form(**changes))
    assert response.status_code == 200
    assert words in " ".join(response.context["adminform"].form.errors[field])


def test_rules_are_changed_and_ground_spaces_and_slug_stay(staff):
    zone = make_zone()
    publish(zone.slug, [space(3)], timezone.now(), times=2)
    before = zone.geometry.wkb
    sizes = {"slot_length_m": "5", "slot_width_m": "2.3", "spacing_m": "0.5"}
    response = staff.post(change_url(zone), form(name="High Street", slug="other", **sizes))
    assert response.status_code == 302, response.context["adminform"].form.errors
    zone.refresh_from_db()
    assert (zone.name, zone.slug, zone.geometry.wkb) == ("High Street", "main-street", before)
    assert ParkingSpace.objects.count() == 1
    assert "across which cars drive in" not in staff.get(change_url(zone)).content.decode()
    assert f"/admin/parking/parkingzone/{zone.pk}/draw/" in staff.get(change_url(zone)).content.decode()


def test_proposals_are_accepted_and_declined_and_cannot_be_switched_on_before(staff):
    services.propose_zones([zone_spec("a"), zone_spec("b", geometry_3857=box(0, 20, 60, 22.5))])
    one, two = ParkingZone.objects.order_by("slug")
    assert not one.enabled
    staff.post(change_url(one), form())
    one.refresh_from_db()
    assert not one.enabled
    url = "/admin/parking/parkingzone/"
    staff.post(url, {"action": "accept", "_selected_action": [one.pk]})
    staff.post(url, {"action": "decline", "_selected_action": [two.pk]})
    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.standing, one.enabled, one.valid_until) == ("accepted", True, None)
    assert (two.standing, two.enabled) == ("declined", False)
    report = services.propose_zones([zone_spec("a", name="Other"), zone_spec("b", name="Other")])
    assert report.judged == ("a", "b")
    assert not ParkingZone.objects.filter(name="Other").exists()


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
