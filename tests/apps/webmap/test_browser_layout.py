# SPDX-License-Identifier: AGPL-3.0-or-later
"""The sheet under one thumb, small and wide screens, and a page that stands still while its data changes."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.apps.devices import DESKTOP, PHONE
from tests.apps.street import box, make_zone, publish, space
from tests.apps.webmap.driving import answered, make_street, open_space, row, until
from tests.apps.webmap.maps import overlaps

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SMALL = PHONE | {"viewport": {"width": 320, "height": 568}}
ON_ITS_SIDE = PHONE | {"viewport": {"width": 844, "height": 390}}


@pytest.fixture(autouse=True)
def fast_polls(settings):
    settings.SPARK_POLL_S = 0.5


def opened(open_page, url: str, **device) -> Page:
    return answered(open_page(url, **device))


@pytest.mark.parametrize("device", [SMALL, PHONE, ON_ITS_SIDE], ids=["320x568", "390x844", "844x390"])
def test_everything_fits_and_every_target_takes_a_thumb(open_page, live_server, device):
    make_street()
    page = opened(open_page, live_server.url, **device)
    width = device["viewport"]["width"]
    for act in (
        lambda: None,
        lambda: page.locator("#car-button").click(),
        lambda: open_space(page, "Main Street"),
    ):
        act()
        if page.locator("#car").is_visible():
            fits(page, width)
            page.get_by_role("button", name="Done").click()
            expect(page.locator("#list")).to_be_visible()
        fits(page, width)
    # Whoever has chosen a space need not look for the way there.
    expect(page.get_by_role("link", name="Take me there")).to_be_in_viewport(ratio=1)
    apart(page, ".map-bar", ".leaflet-control-scale")


def apart(page: Page, *selectors: str) -> None:
    """Those of these that are shown do not cover each other."""
    shown = [page.locator(one).bounding_box() for one in selectors if page.locator(one).is_visible()]
    assert list(overlaps(shown)) == []


def fits(page: Page, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (
        page.evaluate(
            "document.getElementById('panel-body').scrollWidth - document.getElementById('panel-body').clientWidth"
        )
        <= 0
    )
    # In one go: news may replace a row between two questions.
    targets = page.locator("#panel button:visible, #panel a:visible, #panel label.choice:visible")
    small = targets.evaluate_all(
        """all => all.filter(e => Math.min(e.getBoundingClientRect().width, e.getBoundingClientRect().height) < 44)
            .map(e => e.innerText)"""
    )
    assert small == []


def test_the_facts_fit_a_small_phone_in_the_longer_language(open_page, live_server):
    make_zone(name="Main Street", validity_s=3600)
    publish("main-street", [space(10)], timezone.now() - dt.timedelta(seconds=100), times=2)
    page = open_page(live_server.url, **SMALL, locale="tr-TR")
    expect(page.locator("#headline")).to_have_text("1 boş park yeri")
    open_space(page, "Main Street")
    expect(page.locator("#details-age")).to_have_text(re.compile(r"^1[01]\d sn önce$"))
    cells = page.locator(".facts > div").evaluate_all("all => all.map(e => e.scrollWidth - e.clientWidth)")
    assert cells == [0, 0, 0]
    assert page.locator(".facts").evaluate("e => e.scrollWidth - e.clientWidth") == 0
    # One line, so that the map keeps its room.
    assert page.locator("#headline-words").evaluate("e => e.getClientRects().length") == 1


def test_the_sheet_follows_a_thumb_and_its_button(open_page, live_server):
    make_street()
    page = opened(open_page, live_server.url)
    expect(page.locator("path.space")).to_have_count(4)
    top = page.locator("#panel").bounding_box()["y"]

    def drag(by: int) -> None:
        handle = page.locator("#summary").bounding_box()
        page.mouse.move(150, handle["y"] + 20)
        page.mouse.down()
        for step in range(1, 9):
            page.mouse.move(150, handle["y"] + 20 + by * step / 8)
            page.wait_for_timeout(40)
        page.wait_for_timeout(600)  # rests before it is let go: no flick
        page.mouse.up()

    drag(+330)
    expect(page.locator("#panel-toggle")).to_have_attribute("aria-expanded", "false")
    expect(page.locator("#list")).to_be_hidden()
    expect(page.locator("#headline")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Near me")).to_be_in_viewport()
    page.get_by_label("Show the list").click()
    expect(page.locator("#list")).to_be_visible()
    until(page, lambda: page.locator("#panel").bounding_box()["y"] == top)
    drag(-300)
    expect(page.locator("#app")).to_have_attribute("data-rest", "high")
    until(page, lambda: page.locator("#panel").bounding_box()["y"] < 40)
    page.locator("#headline").click()  # a tap on it lowers it, and raises it again
    expect(page.locator("#list")).to_be_hidden()
    page.locator("#headline").click()
    expect(page.locator("#list")).to_be_visible()


@pytest.mark.parametrize("device", [DESKTOP, ON_ITS_SIDE], ids=["1440x900", "844x390"])
def test_beside_the_map_where_there_is_room(open_page, live_server, device):
    make_street()
    page = opened(open_page, live_server.url, **device)
    panel, stage = (page.locator(name).bounding_box() for name in ("#panel", ".stage"))
    assert panel["x"] + panel["width"] <= stage["x"] + 1
    assert panel["height"] == stage["height"] == device["viewport"]["height"]
    expect(page.locator("#panel-toggle")).to_be_hidden()


def test_news_do_not_move_what_is_read_and_the_focus_stays(open_page, live_server):
    now = timezone.now()
    for number in range(14):
        north = 10.0 * number
        make_zone(f"z{number}", name=f"Street {number}", geometry_3857=box(0, north, 60, north + 2.5))
        publish(f"z{number}", [space(10, north + 1.25)] if number > 3 else [], now, times=2)
    page = opened(open_page, live_server.url)
    expect(page.locator("#headline")).to_have_text("10 free spaces")
    read = page.locator(".zone-row", has_text="Street 11")
    read.scroll_into_view_if_needed()
    read.focus()
    before = read.bounding_box()["y"]
    assert page.evaluate("document.getElementById('panel-body').scrollTop") > 0
    element = read.element_handle()
    # Two full zones get a space, so they rise to those with free ones; one with a space falls.
    for number, found in ((1, [space(20, 11.25)]), (2, [space(20, 21.25)]), (5, [])):
        publish(f"z{number}", found, timezone.now(), times=2)
    expect(page.locator("#headline")).to_have_text("11 free spaces")
    assert element.evaluate("e => e.isConnected && e === document.activeElement")
    assert abs(read.bounding_box()["y"] - before) <= 1.5


def test_a_space_keeps_its_row_says_its_age_and_pales(open_page, live_server):
    now = timezone.now()
    make_zone(name="Main Street", validity_s=100)
    publish("main-street", [space(10), space(40)], now - dt.timedelta(seconds=70), times=2)
    page = opened(open_page, live_server.url, **DESKTOP)
    row(page, "Main Street").locator(".zone-row").click()
    rows = page.locator(".space-item")
    expect(rows).to_have_count(2)
    expect(rows.first).to_have_class(re.compile("fade-[34]"))
    expect(rows.first.locator(".meta").first).to_have_text(re.compile(r"seen (7|8|9)\d s ago"))
    expect(page.locator("#banner-text")).to_have_text(re.compile("The cameras are silent"))
    kept = rows.first.element_handle()
    publish("main-street", [space(10), space(40)], timezone.now())
    expect(rows.first).to_have_class(re.compile("fade-0"))
    expect(page.locator("#banner")).to_be_hidden()
    assert kept.evaluate("e => e.isConnected")


def test_a_screen_reader_hears_answers_at_once_and_news_seldom(open_page, live_server):
    make_street()
    page = opened(open_page, live_server.url)
    expect(page.locator("#live")).to_have_text("4 free spaces, 3 of 3 zones known")
    assert page.locator("#banner").get_attribute("role") is None  # its age grows each second
    page.evaluate(
        """() => { window.told = []; for (const id of ["live", "said", "alarm"])
        new MutationObserver(() => window.told.push(id)).observe(document.getElementById(id), {childList: true}); }"""
    )
    publish("main-street", [space(10)], timezone.now())
    expect(page.locator("#headline")).to_have_text("3 free spaces")
    publish("main-street", [], timezone.now())
    expect(page.locator("#headline")).to_have_text("2 free spaces")
    assert page.evaluate("window.told") == []
    page.locator("#car-button").click()
    page.get_by_role("radio", name="Small car").check()
    expect(page.locator("#said")).to_have_text("Showing spaces for: Small car.")


def test_offline_and_back(open_page, live_server, complaints):
    make_street()
    page = opened(open_page, live_server.url)
    page.context.set_offline(True)
    expect(page.locator("#banner-text")).to_have_text(re.compile(r"^No connection\. Last news "))
    expect(page.locator("#said")).to_have_text(re.compile(r"^No connection\."))
    expect(page.locator("path.space")).to_have_count(4)  # still believed, with their age
    page.context.set_offline(False)
    expect(page.locator("#banner")).to_be_hidden()
    expect(page.locator("#said")).to_have_text("Connected again.")
    page.context.close()
    assert [text for text in complaints if "ERR_INTERNET_DISCONNECTED" not in text] == []
    complaints.clear()
