# SPDX-License-Identifier: AGPL-3.0-or-later
"""The driver's page in a real browser, from the database through the API to what a person sees."""

from __future__ import annotations

import datetime as dt
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Page, expect

from apps.parking import services
from apps.parking.models import ParkingSpace
from tests.apps.devices import DESKTOP, PHONE
from tests.apps.street import box, make_zone, publish, space
from tests.apps.webmap.driving import until, zoom_out

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: Longer than the slowest machine needs to open the page; its clock is turned on past it.
VALIDITY_S = 100
DEVICES = pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["390x844", "1440x900"])


@pytest.fixture(autouse=True)
def fast_polls(settings):
    settings.SPARK_POLL_S = 0.5


@pytest.fixture
def street() -> None:
    """Two free spaces, a full zone, one that no camera has seen, and a private yard."""
    now = timezone.now()
    make_zone(name="Main Street")
    make_zone("park", name="Park Entrance", geometry_3857=box(0, 14, 60, 19))
    make_zone("school", name="School Lane", geometry_3857=box(66, 0, 69, 40), access="residents")
    make_zone("yard", name="Yard", geometry_3857=box(0, 30, 60, 40), access="private")
    publish("main-street", [space(10), space(40, confidence=0.97)], now, times=2)
    publish("park", [], now)
    publish("yard", [space(30, 35)], now, times=2)


def drawn_spaces(page: Page):
    return page.locator("path.space")


def row(page: Page, name: str):
    return page.locator(".zone-item", has_text=name)


@DEVICES
def test_a_free_space_is_shown_and_goes_when_it_is_taken(open_page, live_server, street, device):
    page = open_page(live_server.url, **device)
    expect(page.locator("#headline")).to_have_text("2 free spaces")
    expect(drawn_spaces(page)).to_have_count(2)
    before = drawn_spaces(page).first.element_handle()
    publish("main-street", [space(10)], timezone.now())
    expect(page.locator("#headline")).to_have_text("1 free space")
    expect(drawn_spaces(page)).to_have_count(1)
    # What stayed is the same element: nothing flickers.
    assert page.evaluate("e => e.isConnected", before)
    publish("main-street", [], timezone.now())
    expect(page.locator("#headline")).to_have_text("No free space")
    expect(row(page, "Main Street").locator(".count")).to_have_text("Full")


@DEVICES
def test_unknown_and_full_read_and_look_different(open_page, live_server, street, device):
    page = open_page(live_server.url, **device)
    expect(row(page, "Park Entrance").locator(".count")).to_have_text("Full")
    expect(row(page, "School Lane").locator(".count")).to_have_text("Unknown")
    expect(row(page, "School Lane").locator(".meta")).to_have_text(
        "Residents only · no camera has seen it yet"
    )
    assert page.locator("path.zone-full").get_attribute("fill") == "url(#pattern-full)"
    assert page.locator("path.zone-unknown").evaluate("e => getComputedStyle(e).strokeDasharray") != "none"
    assert "Yard" not in page.content()
    labels = page.locator(".zone-label:not(.crowded)").all_inner_texts()
    assert {"2 free", "full", "unknown"} == set(labels)
    expect(page.locator("#freshness")).to_have_text(re.compile(r"seen .* · 2 of 3 zones known"))


def test_it_fits_the_phone_and_fingers(open_page, live_server, street):
    page = open_page(live_server.url)
    expect(drawn_spaces(page)).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for target in page.locator("button:visible, a:visible:not(.skip)").all():
        size = target.bounding_box()
        assert min(size["width"], size["height"]) >= 44, target.inner_text()
    for path in drawn_spaces(page).all():
        shape = path.bounding_box()
        assert shape["x"] > 0 and shape["x"] + shape["width"] < 390
        assert shape["y"] > 0 and shape["y"] + shape["height"] < page.locator("#panel").bounding_box()["y"]


@DEVICES
def test_a_tap_beside_a_small_space_tells_all_about_it(open_page, live_server, street, device):
    page = open_page(live_server.url, **device)
    expect(drawn_spaces(page)).to_have_count(2)
    shape = drawn_spaces(page).first.bounding_box()
    page.mouse.click(shape["x"] + shape["width"] / 2, shape["y"] + shape["height"] / 2 - 14)
    expect(page.locator("#details-size")).to_have_text("5.0 × 2.3 m")
    expect(page.locator("#details-age")).to_have_text(re.compile(r"just now|\d+ s ago"))
    expect(page.locator("#details-sure")).to_have_text(re.compile(r"9[07]\s%"))
    expect(page.locator("#details-where")).to_have_text("Main Street · along the kerb · Open to everyone")
    expect(page.locator("path.space.selected")).to_have_count(1)
    go = page.locator("#details-go").get_attribute("href")
    there = re.fullmatch(
        r"https://www\.google\.com/maps/dir/\?api=1&destination=(38\.722\d+)%2C(35\.487\d+)"
        r"&travelmode=driving&dir_action=navigate",
        go,
    )
    assert there
    assert page.locator("#go-geo").get_attribute("href").startswith(f"geo:{there[1]},{there[2]}?q=")
    # It is taken: the page says so instead of sending the driver there.
    publish("main-street", [], timezone.now())
    expect(page.locator("#details-title")).to_have_text("This space is no longer free")
    expect(page.locator("#details-go")).to_be_hidden()
    page.get_by_label("Back to the list").click()
    expect(page.locator("#details")).to_be_hidden()


def test_the_keyboard_reaches_everything(open_page, live_server, street):
    page = open_page(live_server.url, **DESKTOP)
    expect(drawn_spaces(page)).to_have_count(2)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(row(page, "Main Street").locator(".zone-row")).to_be_focused()
    page.keyboard.press("Enter")
    expect(row(page, "Main Street").locator(".space-row")).to_have_count(2)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#details-title")).to_be_focused()
    expect(page.locator("#details-size")).to_have_text("5.0 × 2.3 m")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(row(page, "Main Street").locator(".zone-row")).to_be_focused()


def test_a_screen_reader_is_told(open_page, live_server, street):
    page = open_page(live_server.url)
    live = page.locator("#live")
    assert live.get_attribute("aria-live") == "polite"
    expect(live).to_have_text("2 free spaces, 2 of 3 zones known")


def test_nothing_changed_is_a_304_and_nothing_is_drawn_again(open_page, live_server, street):
    page = open_page(live_server.url)
    expect(drawn_spaces(page)).to_have_count(2)
    page.evaluate(
        """() => { window.changes = 0; new MutationObserver(list => { window.changes += list.length; })
        .observe(document.getElementById("map"), {subtree: true, childList: true}); }"""
    )
    statuses: list[int] = []
    page.on("response", lambda response: "/api/" in response.url and statuses.append(response.status))
    until(page, lambda: len(statuses) >= 6)
    assert set(statuses) == {304}
    assert page.evaluate("window.changes") == 0


def test_a_hidden_tab_does_not_poll(open_page, live_server, street):
    page = open_page(live_server.url)
    expect(drawn_spaces(page)).to_have_count(2)
    asked: list[str] = []
    ended: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for end in ("requestfinished", "requestfailed"):
        page.on(end, lambda request: ended.append(request.url))
    page.evaluate(
        """() => { Object.defineProperty(document, "hidden", {get: () => window.away, configurable: true});
        window.away = true; document.dispatchEvent(new Event("visibilitychange")); }"""
    )
    until(page, lambda: len(ended) >= len(asked))
    asked.clear()
    page.wait_for_timeout(1500)  # three polls' time: that nothing is asked takes time to be seen
    assert asked == []
    publish("main-street", [], timezone.now())
    page.evaluate("() => { window.away = false; document.dispatchEvent(new Event('visibilitychange')); }")
    expect(page.locator("#headline")).to_have_text("No free space")


def test_only_this_site_is_asked_and_it_works_without_tiles(open_page, live_server, street):
    page = open_page("about:blank")
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(live_server.url)
    expect(drawn_spaces(page)).to_have_count(2)
    with page.expect_response("**/api/v1/zones/**"):
        zoom_out(page)
    expect(page.locator(".plain-tile").first).to_be_attached()
    assert hosts == {live_server.url.split("/")[2]}


def test_tiles_that_do_not_come_stop_nothing(open_page, live_server, street, settings, complaints):
    settings.SPARK_TILE_URL = "https://127.0.0.1:1/{z}/{x}/{y}.png"
    settings.SPARK_TILE_ATTRIBUTION = "Map of tests"
    page = open_page(live_server.url)
    expect(drawn_spaces(page)).to_have_count(2)
    expect(page.locator(".leaflet-control-attribution")).to_have_text("Map of tests")
    assert all("ERR_CONNECTION_REFUSED" in text or "ERR_UNSAFE_PORT" in text for text in complaints)
    page.context.close()
    complaints.clear()


def test_old_data_is_admitted(open_page, live_server):
    make_zone(name="Main Street")
    publish("main-street", [space(10)], timezone.now() - dt.timedelta(seconds=200), times=2)
    page = open_page(live_server.url)
    expect(page.locator("#headline")).to_have_text("Nothing known right now")
    expect(page.locator("#banner")).to_have_text(
        "The cameras are silent: the newest picture is from 3 min ago."
    )
    expect(row(page, "Main Street").locator(".meta")).to_have_text("last seen 3 min ago")
    expect(drawn_spaces(page)).to_have_count(0)


def test_a_camera_that_seldom_sends_is_not_called_silent(open_page, live_server):
    """An owner may lend one that sends every five minutes, for a zone that is believed for ten."""
    zone = make_zone(name="Main Street", validity_s=600)
    publish(zone.slug, [space(10)], timezone.now() - dt.timedelta(seconds=250), times=2)
    page = open_page(live_server.url)
    expect(page.locator("#headline")).to_have_text("1 free space")
    expect(page.locator("#freshness")).to_have_text("seen 4 min ago")
    expect(page.locator("#banner")).to_be_hidden()
    services.update_zone(replace(zone.to_spec(), validity_s=480))
    publish(zone.slug, [space(10)], timezone.now() - dt.timedelta(seconds=245), times=2)
    expect(page.locator("#banner")).to_have_text(
        "The cameras are silent: the newest picture is from 4 min ago."
    )


def test_a_map_without_zones_says_so(open_page, live_server):
    page = open_page(live_server.url)
    expect(page.locator("#headline")).to_have_text("No parking zones here")


def test_a_phone_whose_clock_is_wrong_still_tells_the_age(open_page, live_server, street):
    page = open_page("about:blank")
    page.clock.install(time=timezone.now() + dt.timedelta(hours=3))
    page.goto(live_server.url)
    expect(page.locator("#headline")).to_have_text("2 free spaces")
    page.clock.run_for(1500)
    expect(page.locator("#freshness")).to_have_text(re.compile(r"seen (just now|\d+ s ago) "))
    expect(drawn_spaces(page)).to_have_count(2)


@pytest.fixture
def server(settings) -> Iterator[tuple[str, subprocess.Popen]]:
    """The site in a process of its own, on the test's database, to be killed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    database = connection.settings_dict
    host = f"{database['USER']}:{database['PASSWORD'] or ''}@{database['HOST']}:{database['PORT']}"
    environment = os.environ | {
        "DATABASE_URL": f"postgis://{host}/{database['NAME']}",
        "SPARK_POLL_S": "0.5",
        "DEBUG": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"],
        cwd=settings.BASE_DIR, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    for _ in range(400):  # a busy machine takes long to import Django
        try:
            urllib.request.urlopen(url, timeout=1).close()
            break
        except OSError:
            time.sleep(0.1)
    yield url, process
    process.kill()
    process.wait()


@DEVICES
def test_spaces_disappear_by_themselves_when_the_server_is_gone(open_page, server, complaints, device):
    url, process = server
    make_zone(name="Main Street", validity_s=VALIDITY_S)
    publish("main-street", [space(10), space(40)], timezone.now(), times=2)
    page = open_page("about:blank", **device)
    page.clock.install()
    page.goto(url)
    expect(page.locator("#headline")).to_have_text("2 free spaces")
    row(page, "Main Street").locator(".zone-row").click()
    row(page, "Main Street").locator(".space-row").first.click()
    expect(page.locator("#details-go")).to_be_visible()
    process.kill()
    expect(page.locator("#banner-text")).to_have_text(re.compile(r"^No connection\. Last news "))
    page.clock.fast_forward(VALIDITY_S * 1000)
    expect(drawn_spaces(page)).to_have_count(0)
    expect(page.locator("#headline")).to_have_text("Nothing known right now")
    # Nobody saw a car there: it is not "taken", it is unknown.
    expect(page.locator("#details-title")).to_have_text("This space may be taken by now")
    expect(page.locator("#details-go")).to_be_hidden()
    page.get_by_label("Back to the list").click()
    expect(row(page, "Main Street").locator(".count")).to_have_text("Unknown")
    assert ParkingSpace.objects.count() == 2  # nobody took them: they ran out
    page.context.close()
    # The browser reports each request that found nobody; anything else would be ours.
    assert [text for text in complaints if "net::ERR_" not in text] == []
    complaints.clear()
