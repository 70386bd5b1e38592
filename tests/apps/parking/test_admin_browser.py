# SPDX-License-Identifier: AGPL-3.0-or-later
"""A zone drawn with the mouse in the admin, on a plain background."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from apps.parking.models import ParkingZone
from tests.apps.devices import DESKTOP
from tests.apps.street import make_zone

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def admin_page(open_page, live_server, client) -> Page:
    client.force_login(User.objects.create_superuser("boss", password="x"))
    page = open_page("about:blank", **DESKTOP)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    return page


def test_draw_a_zone(admin_page, live_server):
    make_zone()  # a guide, and where the map begins
    page = admin_page
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(f"{live_server.url}/admin/parking/parkingzone/add/")
    page.fill("#id_name", "New street")
    canvas = page.locator("#id_geometry-map")
    canvas.locator(".leaflet-draw-draw-polygon").click()
    corners = [(300, 100), (500, 100), (500, 160), (300, 160)]
    for x, y in [*corners, corners[0]]:
        canvas.click(position={"x": x, "y": y})
        page.wait_for_timeout(150)
    expect(canvas.locator("path.leaflet-interactive")).to_have_count(1)
    page.click("[name=_continue]")
    expect(page.locator(".messagelist")).to_contain_text("was added")
    zone = ParkingZone.objects.get(slug="new-street")
    assert zone.geometry.valid
    assert len(zone.geometry.exterior_ring) == 5
    # The kerb is drawn beside the zone's outline, which is shown as a guide.
    expect(page.locator("#id_kerb-map path[stroke='#0a7a43']")).to_have_count(1)
    assert hosts == {live_server.url.split("/")[2]}
