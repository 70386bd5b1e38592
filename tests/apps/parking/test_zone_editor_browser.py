# SPDX-License-Identifier: AGPL-3.0-or-later
"""The zone editor in a real browser: one way by mouse, one by keyboard, from an empty map to a saved zone."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely
from django.conf import settings
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from apps.parking.models import ParkingZone
from apps.parking.shapes import to_shapely
from tests.apps.devices import DESKTOP
from tests.apps.street import FRAME, box, make_zone

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]

TABLET = {"viewport": {"width": 820, "height": 1180}, "has_touch": True}
AXE = Path(__file__).resolve().parents[3] / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture
def open_editor(open_page, live_server, client):
    """The editor of a zone, or of a new one, as an admin sees it."""
    client.force_login(User.objects.get_or_create(username="boss", is_staff=True, is_superuser=True)[0])

    def opened(zone: ParkingZone | None = None, **device) -> Page:
        page = open_page("about:blank", **(device or DESKTOP))
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
        )
        part = "draw" if zone is None else f"{zone.pk}/draw"
        page.goto(f"{live_server.url}/admin/parking/parkingzone/{part}/")
        expect(page.locator("body[data-looked]")).to_be_attached()
        expect(page.locator("body[data-judged]")).to_be_attached()
        return page

    return opened


def on_screen(page: Page):
    """True metres of the test street to the screen, from where the shown zones' outline lies."""
    shape = page.locator("path.zed-other").first.evaluate(
        "(path) => { const box = path.getBBox(), to = path.getScreenCTM();"
        " return { x: box.x + to.e, y: box.y + to.f, width: box.width, height: box.height }; }"
    )
    west, south, east, north = FRAME.geometry_to_metres(
        to_shapely(ParkingZone.objects.get(slug="main-street").geometry)
    ).bounds

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            shape["x"] + (x - west) / (east - west) * shape["width"],
            shape["y"] + (north - y) / (north - south) * shape["height"],
        )

    return at


def metres(zone: ParkingZone) -> shapely.Polygon:
    zone.refresh_from_db()
    return FRAME.geometry_to_metres(to_shapely(zone.geometry))


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    page.mouse.move(*end)
    page.mouse.up()


def corners(page: Page):
    return page.locator(".zed-knob.corner")


def test_by_mouse(open_editor, live_server):
    main = make_zone(geometry_3857=box(0, 0, 60, 8))  # a neighbour to snap to, and where the map begins
    page = open_editor()
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    at = on_screen(page)
    expect(page.locator("#prompt")).to_contain_text("Click the corners of the ground")

    # Draw: the corners near the neighbour's edge snap to it, and the click on the first corner closes.
    for x, y in [(10, 8.3), (40, 7.8), (40, 16), (10, 16)]:
        page.mouse.click(*at(x, y))
    page.mouse.click(*at(10, 8))
    expect(corners(page)).to_have_count(4)
    expect(page.locator("#findings .refused").first).to_contain_text("1 to 60 small letters")
    page.fill("#name", "Çınar Sokağı")
    expect(page.locator("#slug")).to_have_value("cinar-sokagi")
    page.select_option("#mode", "perpendicular")
    expect(page.locator("#all-well")).to_be_visible()
    expect(page.locator("#facts")).to_contain_text(
        "room for 12 in one row along the longest edge, without any car"
    )
    expect(page.locator("#facts")).to_contain_text("none sees it")
    expect(page.locator("path.zed-slot")).to_have_count(12)

    # Drag a corner across an edge: said at once, with the place; undo takes it back.
    drag(page, at(40, 16), at(20, 4))
    expect(page.locator("#findings .refused")).to_contain_text("The zone crosses itself at longitude")
    expect(page.locator("#save")).to_be_disabled()
    expect(page.locator(".zed-mark.refused")).to_have_count(1)
    page.click("#undo")
    expect(page.locator("#all-well")).to_be_visible()

    # Insert a corner by the knob in the middle of the far side, pull it out, delete it, redo and undo.
    page.mouse.click(*at(25, 16))
    expect(corners(page)).to_have_count(5)
    page.keyboard.press("Delete")
    expect(corners(page)).to_have_count(4)
    page.click("#undo")
    expect(corners(page)).to_have_count(5)
    page.click("#undo")
    expect(corners(page)).to_have_count(4)

    # The kerb, along the far side, snapped to its corners; an access edge on the near side.
    page.click("[data-tool=draw-kerb]")
    for x, y in [(10, 16), (40, 16), (40, 16)]:
        page.mouse.click(*at(x, y))
    page.click("[data-tool=draw-access]")
    for x, y in [(10, 8), (40, 8), (40, 8)]:
        page.mouse.click(*at(x, y))
    expect(page.locator("#lines")).to_contain_text("access edge 1 · 2 corners")
    expect(page.locator("#facts")).to_contain_text("along the kerb")
    page.click("#save")
    expect(page.locator(".messagelist")).to_contain_text("Çınar Sokağı is saved")
    zone = ParkingZone.objects.get(slug="cinar-sokagi")
    west, south, east, north = metres(zone).bounds
    assert south == pytest.approx(8, abs=0.01)  # on the neighbour's edge to the centimetre
    assert (west, east, north) == pytest.approx((10, 40, 16), abs=0.3)
    assert zone.kerb is not None and len(zone.access_edges) == 1

    # Move it whole: away, and back until it snaps to the neighbour again.
    page = open_editor(zone)
    at = on_screen(page)
    page.click("[data-tool=move]")
    drag(page, at(25, 12), at(25, 16))
    expect(page.locator("#merge")).to_be_hidden()
    drag(page, at(25, 16), at(25, 11.8))
    expect(page.locator("#touching")).to_contain_text("Main Street")

    # Split it by a line across, seen before it is done.
    page.click("[data-tool=split]")
    for x, y in [(30, 19), (30, 5), (30, 5)]:
        page.mouse.click(*at(x, y))
    expect(page.locator("#split-said")).to_contain_text("Cut into 2 zones. The largest keeps the name")
    expect(page.locator("path.zed-part")).to_have_count(2)
    page.click("#split-now")
    expect(page.locator(".messagelist")).to_contain_text("Cut into Çınar Sokağı, Çınar Sokağı 2.")
    part = ParkingZone.objects.get(slug="cinar-sokagi-2")
    assert metres(part).area == pytest.approx(80, rel=0.1)
    assert metres(zone).area == pytest.approx(160, rel=0.1)
    assert part.kerb is not None and part.access_edges is not None

    # And merge them again.
    page.get_by_label("Çınar Sokağı 2").check()
    page.click("#merge-now")
    expect(page.locator(".messagelist")).to_contain_text("now holds the ground of cinar-sokagi-2 too")
    assert metres(zone).area == pytest.approx(240, rel=0.1)
    part.refresh_from_db()
    assert (part.standing, part.enabled) == ("retired", False)
    assert hosts == {live_server.url.split("/")[2]}
    main.refresh_from_db()
    assert main.version == 1  # the neighbour was only looked at


def focused_corner(page: Page) -> str | None:
    return page.evaluate("document.activeElement.dataset.corner ?? null")


def test_by_keyboard(open_editor):
    make_zone(geometry_3857=box(0, 0, 60, 8))
    page = open_editor()
    page.locator("#map").focus()
    page.uncheck("#snap")
    page.locator("#map").focus()
    # The map begins on the neighbour; go above it and set corners under the cross.
    for _ in range(2):
        page.keyboard.press("ArrowUp")
    for step in (None, "ArrowRight", "ArrowUp", "ArrowLeft"):
        if step:
            page.keyboard.press(step)
        page.keyboard.press("Enter")
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    page.keyboard.press("f")
    expect(corners(page)).to_have_count(4)
    assert focused_corner(page) == "ring0:3"
    page.keyboard.press("i")
    expect(corners(page)).to_have_count(5)
    assert focused_corner(page) == "ring0:4"
    label = corners(page).nth(4).get_attribute("aria-label")
    page.keyboard.press("Shift+ArrowLeft")
    expect(corners(page).nth(4)).not_to_have_attribute("aria-label", label)
    page.keyboard.press("Control+z")
    expect(corners(page).nth(4)).to_have_attribute("aria-label", label)
    page.keyboard.press("Delete")
    expect(corners(page)).to_have_count(4)
    page.keyboard.press("Escape")
    expect(page.locator("#map")).to_be_focused()

    page.focus("#name")
    page.keyboard.type("By Keys")
    page.focus("#hours")
    page.keyboard.type("Mo-Fr 25h")
    expect(page.locator("#findings")).to_contain_text("not understood at “25h”")
    for _ in range(3):
        page.keyboard.press("Backspace")
    page.keyboard.type("18:00-08:00")
    expect(page.locator("#findings .refused")).to_have_count(0)

    # Move it onto its neighbour: said, and saved only by who has read it.
    page.locator("#map").focus()
    page.keyboard.press("m")
    for _ in range(16):
        page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("#findings")).to_contain_text("The zone overlaps Main Street (main-street) by")
    expect(page.locator("#save")).to_be_disabled()
    page.focus("#confirm")
    page.keyboard.press("Space")
    expect(page.locator("#save")).to_be_enabled()
    page.keyboard.press("Control+s")
    expect(page.locator(".messagelist")).to_contain_text("By Keys is saved")
    zone = ParkingZone.objects.get(slug="by-keys")
    assert zone.hours == "Mo-Fr 18:00-08:00"
    assert zone.geometry.valid


def test_on_a_tablet(open_editor):
    make_zone("yard", geometry_3857=box(0, 12, 60, 20))
    zone = make_zone(mode="diagonal", angle_deg=45, geometry_3857=box(0, 0, 60, 8))
    page = open_editor(zone, **TABLET)
    assert page.evaluate("document.documentElement.scrollWidth") <= 820
    expect(page.locator("path.zed-slot").first).to_be_attached()
    expect(page.locator("path.zed-other")).to_have_count(1)
    if AXE.exists():
        page.evaluate(AXE.read_text())
        found = page.evaluate(
            "axe.run(document.getElementById('zone-editor'), { resultTypes: ['violations'] })"
            ".then((result) => result.violations.map((fault) => fault.id + ' ' + fault.nodes.map((n) => n.target)))"
        )
        assert found == []
    assert corners(page).nth(0).get_attribute("aria-label").startswith("Corner 1 of 4, outline: 35.48")
