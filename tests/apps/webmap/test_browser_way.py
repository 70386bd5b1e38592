# SPDX-License-Identifier: AGPL-3.0-or-later
"""On the way: navigation, being told that the space was taken, the next best one, and finding the car again."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.apps.devices import DESKTOP, PHONE
from tests.apps.street import make_zone, publish, space
from tests.apps.webmap.driving import make_street, open_space, place, row, standing, zoom_out

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: Links open nothing here; what the phone would do is remembered.
STAY = """window.pulses = [];
navigator.vibrate = (pattern) => window.pulses.push(pattern);
document.addEventListener("click", (event) => event.target.closest("a[target]") && event.preventDefault());"""
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1"
ANDROID = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36"
POINT = r"38\.722\d{3}%2C35\.487\d{3}"


@pytest.fixture(autouse=True)
def fast_polls(settings):
    settings.SPARK_POLL_S = 0.5


def opened(open_page, url: str, count: int = 4, **device) -> Page:
    page = open_page("about:blank", **device)
    page.add_init_script(STAY)
    page.goto(url)
    expect(page.locator("#headline")).to_have_text(f"{count} free spaces")
    return page


@pytest.mark.parametrize(
    ("agent", "suited"),
    [
        (IPHONE, rf"https://maps\.apple\.com/\?daddr={POINT}&dirflg=d"),
        (ANDROID, rf"geo:38\.722\d{{3}},35\.487\d{{3}}\?q={POINT}"),
        (None, rf"https://www\.google\.com/maps/dir/\?api=1&destination={POINT}&travelmode=driving&dir_action=navigate"),
    ],
    ids=["iphone", "android", "other"],
)  # fmt: skip
def test_take_me_there_suits_the_device_and_the_others_are_near(open_page, live_server, agent, suited):
    make_street()
    page = opened(open_page, live_server.url, **(PHONE | ({"user_agent": agent} if agent else {})))
    open_space(page, "Main Street")
    go = page.get_by_role("link", name="Take me there")
    assert re.fullmatch(suited, go.get_attribute("href"))
    assert go.bounding_box()["height"] >= 56
    expect(page.get_by_role("link", name="Apple Maps")).to_be_hidden()
    page.get_by_text("Choose the map app").click()
    assert "maps.apple.com" in page.get_by_role("link", name="Apple Maps").get_attribute("href")
    assert "google.com/maps" in page.get_by_role("link", name="Google Maps").get_attribute("href")
    assert page.get_by_role("link", name="Another app").get_attribute("href").startswith("geo:38.722")


def test_a_watched_space_that_is_taken_is_said_at_once_and_the_next_is_a_tap_away(open_page, live_server):
    make_street()
    page = opened(open_page, live_server.url)
    open_space(page, "Main Street", 0)
    watched = re.search(r"%2C(35\.\d+)", page.locator("#go-google").get_attribute("href"))
    left = space(40) if float(watched[1]) < place(25, 0)[0] else space(10)
    page.get_by_role("button", name="Watch").click()
    expect(page.locator("#details-watch")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#said")).to_contain_text("You will be told")
    page.get_by_label("Back to the list").click()
    # Far out, single spaces are not asked for any more; the watched one is.
    for _ in range(5):
        zoom_out(page)
    expect(page.locator("path.space")).to_have_count(0)

    publish("main-street", [left], timezone.now())
    expect(page.locator("#notice-title")).to_have_text("Your space was taken")
    expect(page.locator("#alarm")).to_contain_text("The one at Main Street is no longer free.")
    assert page.evaluate("window.pulses") == [[180, 90, 180]]
    expect(page.locator("#notice-next")).to_have_text(
        re.compile(r"Next best: \d+\sm from it, 5\.0\s×\s2\.3\sm\.")
    )
    assert "google.com/maps" in page.locator("#notice-go").get_attribute("href")
    page.get_by_role("button", name="Show it").click()
    expect(page.locator("#notice")).to_be_hidden()
    expect(page.locator("#details-title")).to_have_text("Free space")
    expect(page.locator("#details-watch")).to_have_attribute("aria-pressed", "true")
    # School Lane is nearer to some, but it is for residents.
    expect(page.locator("#details-where")).not_to_contain_text("Residents")


def test_nobody_is_shaken_who_asked_for_stillness(open_page, live_server):
    make_street()
    page = opened(open_page, live_server.url, **(PHONE | {"reduced_motion": "reduce"}))
    open_space(page, "Park Entrance")
    page.get_by_role("link", name="Take me there").click()  # watches as well
    publish("park", [], timezone.now())
    expect(page.locator("#notice-title")).to_have_text("Your space was taken")
    assert page.evaluate("window.pulses") == []
    page.locator("#notice").get_by_label("Close").click()
    expect(page.locator("#notice")).to_be_hidden()


def test_ran_out_is_not_taken(open_page, live_server):
    make_zone(name="Main Street", validity_s=20)  # time enough to watch one, on a busy machine
    publish("main-street", [space(10), space(40)], timezone.now(), times=2)
    page = opened(open_page, live_server.url, 2)
    open_space(page, "Main Street")
    page.get_by_role("button", name="Watch").click()
    expect(page.locator("#notice-title")).to_have_text("Your space may be taken", timeout=40_000)
    expect(page.locator("#notice-next")).to_have_text("No other free space is known near it.")
    expect(page.locator("#notice-go")).to_be_hidden()
    expect(page.locator("#details-title")).to_have_text("This space may be taken by now")


def test_the_watch_outlives_the_page(open_page, live_server):
    make_street()
    page = opened(open_page, live_server.url)
    open_space(page, "Park Entrance")
    page.get_by_role("link", name="Take me there").click()
    page.get_by_label("Back to the list").click()
    page.goto("about:blank")  # the page is gone when the space is taken
    publish("park", [], timezone.now())
    page.goto(live_server.url)
    expect(page.locator("#notice-title")).to_have_text("Your space was taken")


def test_the_car_is_marked_led_back_to_and_forgotten_on_this_device(open_page, live_server):
    make_street()
    page = opened(open_page, live_server.url, **standing(50, 40))
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    open_space(page, "Main Street")
    page.get_by_role("button", name="Watch").click()
    page.get_by_role("button", name="I parked here").click()
    expect(page.locator("#parked-text")).to_have_text(re.compile("left just now|left .* ago · Main Street"))
    expect(page.locator("#parked-show")).to_be_focused()
    expect(page.locator("#parked-text")).to_be_in_viewport()
    publish("main-street", [], timezone.now())  # by this very car
    expect(row(page, "Main Street").locator(".count")).to_have_text("Full")
    expect(page.locator("#notice")).to_be_hidden()
    expect(page.locator(".car-pin")).to_have_count(1)
    walk = page.get_by_role("link", name="Walk to my car").get_attribute("href")
    assert re.search(POINT, walk)
    assert "travelmode=walking" in walk
    page.reload()
    expect(page.locator("#parked-text")).to_contain_text("Main Street")
    expect(page.locator(".car-pin")).to_have_count(1)
    page.get_by_role("button", name="Forget it").click()
    expect(page.locator("#parked")).to_be_hidden()
    expect(page.locator(".car-pin")).to_have_count(0)
    assert page.evaluate("JSON.stringify(localStorage)") == "{}"
    # Where the device is, without a space.
    page.get_by_role("button", name="Mark where my car is").click()
    expect(page.locator("#parked-text")).to_contain_text("left")
    expect(page.locator(".car-pin")).to_have_count(1)
    assert set(sent) == {"GET"}


def test_a_browser_that_keeps_nothing_works_all_the_same(open_page, live_server):
    make_street()
    page = open_page("about:blank", **DESKTOP)
    page.add_init_script(
        'Object.defineProperty(window, "localStorage", {get() { throw new DOMException("no", "SecurityError"); }});'
    )
    page.goto(live_server.url)
    expect(page.locator("#headline")).to_have_text("4 free spaces")
    open_space(page, "Main Street")
    page.get_by_role("button", name="I parked here").click()
    expect(page.locator("#parked-text")).to_contain_text("Main Street")
    expect(page.locator("#said")).to_have_text(
        "This browser keeps nothing; the mark is gone when the page closes."
    )
