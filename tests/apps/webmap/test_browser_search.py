# SPDX-License-Identifier: AGPL-3.0-or-later
"""Searching a place, and links to one."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from apps.parking.models import ParkingSpace
from tests.apps.devices import DESKTOP
from tests.apps.street import box, make_zone
from tests.apps.webmap.driving import make_street, open_space, place, row, zone_names
from tests.apps.webmap.elsewhere import service

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def fast_polls(settings):
    settings.SPARK_POLL_S = 0.5


def opened(open_page, url: str, **device) -> Page:
    page = open_page(url, **device)
    expect(page.locator("#headline")).to_have_text("4 free spaces")
    return page


def test_a_zone_is_found_while_typing_and_becomes_the_destination(open_page, live_server):
    make_street()
    make_zone("far", name="Çınar Sokağı", geometry_3857=box(9000, 0, 9060, 3))  # not in view
    page = opened(open_page, live_server.url)
    page.get_by_role("button", name="Search").first.click()
    expect(page.locator("#search-words")).to_be_focused()
    page.keyboard.type("cina")
    expect(page.locator("#search-results .name")).to_have_text(["Çınar Sokağı"])
    page.locator("#search-words").fill("lane")
    expect(page.locator("#search-results .name")).to_have_text(["School Lane"])
    page.keyboard.press("Enter")
    expect(page.locator("#place-name")).to_have_text("To School Lane")
    expect(page.locator("#order")).to_have_text(
        "Nearest to School Lane first · straight line · walking at 4.8 km/h"
    )
    expect(page.locator("#said")).to_have_text("Distances are now measured to School Lane.")
    assert zone_names(page)[0] == "School Lane"
    expect(page.locator(".goal-pin")).to_have_count(1)
    page.get_by_label("Clear the destination").click()
    expect(page.locator("#place")).to_be_hidden()
    expect(page.locator(".goal-pin")).to_have_count(0)
    expect(page.locator("#order")).to_have_text("Nearest to the middle of the map first")


COORDINATES = [
    ("38.7223, 35.4872", [35.4872, 38.7223]),
    ("38,7223 35,4872", [35.4872, 38.7223]),
    ("geo:38.7223,35.4872", [35.4872, 38.7223]),
    ("33.5 S, 70.6 W", [-70.6, -33.5]),
    ("38°43'20.28\"N 35°29'13.92\"E", [35.4872, 38.7223]),
    ("38", None),
    ("98.1, 35.2", None),
    ("Main Street 5", None),
    ("5 7 9", None),
]


def test_coordinates_are_read_as_people_copy_them(open_page, live_server):
    make_street()
    page = opened(open_page, live_server.url, **(DESKTOP | {"bypass_csp": True}))
    for words, expected in COORDINATES:
        found = page.evaluate(
            """async (words) => { const { coordinatesFrom } = await import("/static/webmap/search.js");
            const at = coordinatesFrom(words); return at && [at.lon, at.lat]; }""",
            words,
        )
        assert found == (pytest.approx(expected, abs=1e-6) if expected else None), words
    lon, lat = place(0, 300)
    page.get_by_role("button", name="Search").first.click()
    page.locator("#search-words").fill(f"{lat:.5f}, {lon:.5f}")
    page.keyboard.press("Enter")
    expect(page.locator("#place-name")).to_have_text(f"To {lat:.5f}, {lon:.5f}")
    expect(row(page, "Park Entrance").locator(".zone-row .far")).to_have_text("290 m · 4 min walk")


def test_a_place_search_is_asked_on_enter_only_and_credited(open_page, live_server, settings, complaints):
    make_street()
    lon, lat = place(0, 300)
    photon = {
        "features": [
            {"geometry": {"coordinates": [lon, lat]}, "properties": {"name": "City Hall", "city": "Kayseri"}}
        ]
    }
    with service(lambda path: photon) as search:
        settings.SPARK_GEOCODER_URL = search.url + "/api?q={q}&lat={lat}&lon={lon}&limit=5"
        settings.SPARK_GEOCODER_ATTRIBUTION = "Places of tests"
        page = opened(open_page, live_server.url)
        page.get_by_role("button", name="Search").first.click()
        host = urlsplit(search.url).netloc
        expect(page.locator("#search-sends")).to_have_text(
            f"Search sends what you typed, and roughly where the map is, to {host}."
        )
        page.locator("#search-words").fill("city hall & more")
        page.wait_for_timeout(400)
        assert search.asked == []
        page.keyboard.press("Enter")
        expect(page.locator("#search-results .name")).to_have_text(["City Hall, Kayseri"])
        expect(page.locator("#search-credit")).to_have_text("Places of tests")
        asked = parse_qs(urlsplit(search.asked[0]).query)
        assert asked == {"q": ["city hall & more"], "lat": ["38.7"], "lon": ["35.5"], "limit": ["5"]}
        search.answer = lambda path: [{"lat": str(lat), "lon": str(lon), "display_name": "Hall, Kayseri"}]
        page.locator("#search-words").fill("hall")
        page.keyboard.press("Enter")
        expect(page.locator("#search-results .name")).to_have_text(["Hall, Kayseri"])
        search.answer = lambda path: None
        page.locator("#search-words").fill("main")
        page.keyboard.press("Enter")
        expect(page.locator("#search-state")).to_have_text(
            f"{host} does not answer. Zones and coordinates still work."
        )
        page.locator("#search-results .name", has_text="Main Street").click()
        expect(page.locator("#place-name")).to_have_text("To Main Street")
        page.context.close()
    assert all("500" in text for text in complaints)
    complaints.clear()


def test_what_is_open_stands_in_the_address_and_back_closes_it(open_page, live_server):
    make_street()
    page = opened(open_page, live_server.url)
    row(page, "Main Street").locator(".zone-row").click()
    expect(page).to_have_url(re.compile(r"#zone=main-street&view=38\.722\d+,35\.487\d+,[\d.]+$"))
    row(page, "Main Street").locator(".space-row").first.click()
    expect(page.locator("#details-title")).to_have_text("Free space")
    expect(page).to_have_url(re.compile(r"zone=main-street&space=[0-9a-f-]{36}"))
    shared = page.url
    page.go_back()
    expect(page.locator("#details")).to_be_hidden()
    expect(row(page, "Main Street")).to_have_class(re.compile("open"))
    page.go_back()
    expect(row(page, "Main Street")).not_to_have_class(re.compile("open"))
    page.go_forward()
    page.go_forward()
    expect(page.locator("#details-title")).to_have_text("Free space")

    other = open_page(shared)
    expect(other.locator("#details-title")).to_have_text("Free space")
    assert other.url.split("&view")[0] == shared.split("&view")[0]


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("#zone=nowhere", "There is no public zone “nowhere”."),
        ("#zone=main-street&space=6f2b0e0a-0000-4000-8000-000000000000", "The space of this link is no longer offered"),
        ("#place=north", "The place in this link cannot be read."),
    ],
)  # fmt: skip
def test_a_link_to_nothing_says_so(open_page, live_server, link, words):
    make_street()
    page = opened(open_page, f"{live_server.url}/{link}")
    expect(page.locator("#message")).to_contain_text(words)
    expect(page.locator("#list")).to_be_visible()


def test_links_to_a_place_a_zone_and_a_space(open_page, live_server):
    make_street()
    lon, lat = place(67, 60)
    page = opened(open_page, f"{live_server.url}/#place={lat:.5f},{lon:.5f}&name=Caf%C3%A9")
    expect(page.locator("#place-name")).to_have_text("To Café")
    assert zone_names(page)[0] == "School Lane"
    page = opened(open_page, f"{live_server.url}/#zone=park")
    expect(row(page, "Park Entrance").locator(".space-row")).to_have_count(1)
    public_id = ParkingSpace.objects.filter(zone__slug="park").get().public_id
    page = opened(open_page, f"{live_server.url}/#space={public_id}")
    expect(page.locator("#details-where")).to_contain_text("Park Entrance")


def test_a_link_is_shared_by_a_button(open_page, live_server):
    make_street()
    page = open_page("about:blank")
    page.add_init_script(
        "navigator.share = (what) => { window.shared = what.url; return Promise.resolve(); }"
    )
    page.goto(live_server.url)
    expect(page.locator("#headline")).to_have_text("4 free spaces")
    open_space(page, "Park Entrance")
    page.get_by_role("button", name="Share").click()
    assert re.fullmatch(
        re.escape(live_server.url) + r"/#zone=park&space=[0-9a-f-]{36}", page.evaluate("window.shared")
    )
