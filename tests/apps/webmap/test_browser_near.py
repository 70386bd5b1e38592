# SPDX-License-Identifier: AGPL-3.0-or-later
"""Near me: position after a tap only, the list by distance, and what others are told of it."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.apps.webmap.driving import make_street, open_space, place, row, standing, zone_names
from tests.apps.webmap.elsewhere import service

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

COUNT_POSITIONS = """() => {}; window.positionsAsked = 0;
for (const name of ["watchPosition", "getCurrentPosition"]) {
  const real = navigator.geolocation[name].bind(navigator.geolocation);
  navigator.geolocation[name] = (...values) => { window.positionsAsked += 1; return real(...values); };
}"""
#: A phone without any signal.
NO_SIGNAL = """navigator.geolocation.watchPosition = (ok, failed) => { setTimeout(() => failed({code: 3}), 50); return 1; };"""


@pytest.fixture(autouse=True)
def fast_polls(settings):
    settings.SPARK_POLL_S = 0.5


def boxes(urls: list[str]) -> list[list[float]]:
    return [[float(part) for part in parse_qs(urlsplit(url).query)["bbox"][0].split(",")] for url in urls]


def opened(open_page, url: str, script: str = "", **device) -> Page:
    page = open_page("about:blank", **device)
    if script:
        page.add_init_script(script)
    page.goto(url)
    expect(page.locator("#headline")).to_have_text("4 free spaces")
    return page


def test_the_list_is_by_distance_after_a_tap_and_the_position_stays_here(open_page, live_server):
    make_street()
    page = opened(open_page, live_server.url, COUNT_POSITIONS, **standing(50, 40))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    expect(page.locator("#order")).to_have_text("Nearest to the middle of the map first")
    expect(page.locator(".zone-row .far").first).to_be_hidden()
    assert page.evaluate("window.positionsAsked") == 0

    page.get_by_role("button", name="Near me").click()
    expect(page.locator("#order")).to_have_text(
        "Nearest to you first · straight line · walking at 4.8 km/h · position ± 15 m"
    )
    assert page.evaluate("window.positionsAsked") == 1
    expect(page.locator(".accuracy")).to_have_count(1)
    expect(row(page, "Park Entrance")).to_have_class(re.compile("open"))  # the nearest opens by itself
    assert zone_names(page) == ["Park Entrance", "School Lane", "Main Street"]
    expect(row(page, "Park Entrance").locator(".zone-row .far")).to_have_text("25 m · 1 min walk")
    expect(row(page, "School Lane").locator(".meta").first).to_contain_text("Residents only")
    row(page, "Main Street").locator(".zone-row").click()
    rows = row(page, "Main Street").locator(".space-row .far")
    expect(rows.first).to_have_text("40 m")
    expect(rows.nth(1)).to_have_text("55 m")

    # The driver walks on: the order follows, and a row that stays is the same element.
    element = row(page, "Main Street").element_handle()
    lon, lat = place(8, 1)
    page.context.set_geolocation({"longitude": lon, "latitude": lat, "accuracy": 8})
    expect(rows.first).to_have_text("5 m")
    assert zone_names(page)[0] == "Main Street"
    assert element.evaluate("e => e.isConnected")

    with page.expect_response("**/api/**"):
        pass  # a quick machine is here before the next poll
    # Nobody was told more than a part of the map of half a kilometre, on a grid that is the same for everybody.
    api = boxes([url for url in asked if "/api/" in url])
    assert api
    for west, south, east, north in api:
        assert min(east - west, north - south) >= 0.005
        assert all(abs(edge * 256 - round(edge * 256)) < 0.001 for edge in (west, south, east, north))
    assert {urlsplit(url).netloc for url in asked} == {urlsplit(live_server.url).netloc}

    page.get_by_role("button", name="Near me").click()
    expect(page.locator(".accuracy")).to_have_count(0)
    expect(page.locator("#order")).to_have_text("Nearest to the middle of the map first")


@pytest.mark.parametrize(
    ("script", "device", "words"),
    [
        ("", {}, "This page may not know your position."),
        (NO_SIGNAL, {}, "No position came in time."),
        ("", standing(50, 40, accuracy_m=3000), "Your position is only known to within 3.0 km."),
    ],
    ids=["denied", "timeout", "imprecise"],
)
def test_a_position_that_does_not_help_is_said_with_its_cure(open_page, live_server, script, device, words):
    make_street()
    page = opened(open_page, live_server.url, script, **device)
    page.get_by_role("button", name="Near me").click()
    expect(page.locator("#position-words")).to_contain_text(words)
    expect(page.locator("#said")).to_contain_text(words)
    expect(page.locator("#position-words")).to_contain_text(re.compile("search a place", re.IGNORECASE))
    page.locator("#position-search").click()
    expect(page.locator("#search-words")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#list")).to_be_visible()


def test_distances_by_road_come_from_the_service_which_hears_a_rounded_position(
    open_page, live_server, settings, complaints
):
    make_street()

    def table(path: str) -> dict:
        count = path.split("?")[0].count(";") + 1
        return {"code": "Ok", "distances": [[0] + [700 + 100 * n for n in range(count - 1)]]}

    with service(table) as roads:
        settings.SPARK_ROUTING_URL = f"{roads.url}/table/v1/foot"
        page = opened(open_page, live_server.url, **standing(50, 40))
        assert roads.asked == []
        expect(page.locator("#privacy")).to_contain_text("gets your position rounded to about 100 m")
        page.get_by_role("button", name="Near me").click()
        expect(page.locator("#order")).to_contain_text("by road")
        expect(page.locator(".zone-row .far").first).to_contain_text("00 m")
        asked = re.fullmatch(
            r"/table/v1/foot/([\d.]+),([\d.]+);.*\?sources=0&annotations=distance", roads.asked[0]
        )
        assert asked
        assert max(len(number.split(".")[1]) for number in asked.groups()) <= 3
        roads.answer = lambda path: None
        lon, lat = place(50, 400)
        page.context.set_geolocation({"longitude": lon, "latitude": lat, "accuracy": 8})
        host = urlsplit(roads.url).netloc
        expect(page.locator("#order")).to_contain_text(f"straight line, as {host} does not answer")
        page.context.close()
    assert all("500" in text for text in complaints)
    complaints.clear()


def test_details_say_distance_size_room_and_rules(open_page, live_server):
    make_street()
    page = opened(open_page, live_server.url, **standing(50, 40))
    page.get_by_role("button", name="Near me").click()
    expect(page.locator("#order")).to_contain_text("Nearest to you")
    open_space(page, "School Lane")
    expect(page.locator("#details-where")).to_have_text("School Lane · along the kerb · Residents only")
    expect(page.locator("#details-far")).to_have_text("25 m · 1 min walk")


def test_how_unsure_a_position_is_is_rounded_up(open_page, live_server):
    page = open_page(live_server.url, **standing(50, 40))
    metres = [3, 12, 15, 101, 995, 1210, 3000, 14_200]
    said = page.evaluate(
        """async (all) => { const { doubt } = await import("/static/webmap/format.js");
        return all.map((metres) => doubt(metres).replace("\\u00a0", " ")); }""",
        metres,
    )
    assert said == ["5 m", "15 m", "15 m", "110 m", "1.0 km", "1.3 km", "3.0 km", "15 km"]
