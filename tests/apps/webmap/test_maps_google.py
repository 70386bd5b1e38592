# SPDX-License-Identifier: AGPL-3.0-or-later
"""Google's map when it comes, and the other one when it does not: same view, same drawings, a quiet word."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.apps.devices import DESKTOP, PHONE
from tests.apps.street import make_zone, publish
from tests.apps.street import space as street_space
from tests.apps.webmap.maps import BOX, GOOGLE, GOOGLE_SCRIPT, SPACES, STAND_IN, Bench, strangers

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NOTE = "Google Maps is not available. This map shows the same spaces."
PATIENCE_MS = 10_000
TYPES = Path("node_modules/@types/google.maps/index.d.ts")


@pytest.fixture
def bench(open_page, live_server, settings) -> Callable[..., Bench]:
    def opened(*, key: str = "a-key", script: str = "answer", clock: bool = False, **device) -> Bench:
        settings.SPARK_GOOGLE_MAPS_KEY = key
        page = open_page("about:blank", **((device or PHONE) | {"reduced_motion": "reduce"}))
        if clock:
            page.clock.install()
        found = Bench(page, "google").open(live_server.url, script)
        found.call("open", BOX)
        found.draw()
        return found

    return opened


def fallen_back(map: Bench) -> None:
    """The other map is there, with everything that was drawn, and says so."""
    map.until("map.kind === 'leaflet' && Boolean(document.querySelector('.leaflet-container'))")
    map.kind = "leaflet"
    expect(map.spaces()).to_have_count(2)
    expect(map.zones()).to_have_count(3)
    expect(map.labels()).to_have_count(3)
    expect(map.page.get_by_role("status").filter(has_text=NOTE)).to_be_visible()
    assert map.page.locator(".engine-google").count() == 0
    assert map.violations() == []


def test_it_is_loaded_as_documented(bench, settings):
    settings.SPARK_GOOGLE_REGION = "TR"
    map = bench()
    assert map.page.evaluate("standIn.parameters") == {
        "key": "a-key", "v": "quarterly", "loading": "async", "callback": "sparkGoogleMapsReady",
        "language": "en-GB", "region": "TR", "auth_referrer_policy": "origin",
    }  # fmt: skip
    options = map.page.evaluate("standIn.maps.map((one) => one.options)")
    assert len(options) == 1
    assert options[0]["mapId"] == "DEMO_MAP_ID"
    assert options[0]["colorScheme"] == "FOLLOW_SYSTEM"
    assert options[0]["gestureHandling"] == "greedy"
    assert not options[0]["headingInteractionEnabled"] and not options[0]["tiltInteractionEnabled"]
    # Leaflet is not loaded beside it.
    assert not [one for one in map.asked if "leaflet.js" in one.rsplit("/", 1)[-1] and "/maps/" not in one]


def test_its_script_is_asked_for_once_and_only_with_a_key(bench, live_server):
    map = bench()
    assert sum(bool(GOOGLE_SCRIPT.fullmatch(one)) for one in map.asked) == 1
    without = bench(key="", script="ignored")
    without.rest()
    assert without.call("zoom") > 3
    assert strangers(without.asked, live_server.url) == set()
    assert without.page.evaluate("map.kind") == "leaflet"
    assert not [one for one in without.asked if "google" in one.rsplit("/", 1)[-1]]


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["390x844", "1440x900"])
def test_a_refused_key_brings_the_other_map_with_the_same_view(bench, device):
    map = bench(**device)
    map.call("select", "a")
    map.call("focus", SPACES[0]["centre"], 20)
    map.call("showPosition", {"lon": BOX[0], "lat": BOX[1], "accuracyM": 20})
    map.call("showCar", {"lon": BOX[0], "lat": BOX[1]})
    before = map.call("view")
    map.page.evaluate("window.gm_authFailure()")  # the documented call, at any time after loading
    fallen_back(map)
    after = map.call("view")
    # The other frame reaches below the panel's edge; its middle and its scale are the same.
    assert (after[0] + after[2]) / 2 == pytest.approx((before[0] + before[2]) / 2, abs=1e-5)
    assert map.call("zoom") == 20
    assert map.style(map.spaces(), "stroke").count(map.variable("--selected")) == 1
    expect(map.page.locator(".position-dot")).to_have_count(1)
    expect(map.page.locator(".car-pin")).to_have_count(1)
    assert map.tap(SPACES[0]["centre"]) == [["spaceChosen", "a"]]


def test_a_blocked_script_brings_the_other_map(bench, complaints):
    map = bench(script="fail")
    fallen_back(map)
    west, south, east, north = map.call("view")
    assert west < BOX[0] and south < BOX[1] and east > BOX[2] and north > BOX[3]
    # The browser says that a script did not load; we say nothing.
    assert [text for text in complaints if "net::ERR_FAILED" not in text] == []
    complaints.clear()


@pytest.mark.parametrize("library", ["core", "maps", "marker"])
def test_a_library_that_does_not_load_brings_the_other_map(bench, open_page, live_server, library):
    # The stand-in reads it when the library is asked for.
    original = Bench.open

    def with_break(self, url, script="answer"):
        self.page.add_init_script(f"window.standInBreaks = '{library}'")
        return original(self, url, "break")

    Bench.open = with_break  # type: ignore[method-assign]
    try:
        map = bench(script="break")
    finally:
        Bench.open = original  # type: ignore[method-assign]
    fallen_back(map)


def test_nobody_waits_for_a_slow_script(bench):
    map = bench(script="wait", clock=True)
    # Before anything is drawn the page already knows what to ask for.
    assert map.page.evaluate("map.kind") == "google"
    west, south, east, north = map.call("view")
    assert west < BOX[0] and south < BOX[1] and east > BOX[2] and north > BOX[3]
    assert map.call("zoom") > 16
    map.page.clock.run_for(PATIENCE_MS - 500)
    assert map.page.evaluate("map.kind") == "google"
    map.page.clock.run_for(600)
    map.page.clock.resume()
    fallen_back(map)
    # It comes after all: too late, nobody takes the map from under the driver's finger.
    map.release()
    map.page.wait_for_timeout(300)
    assert map.page.evaluate("map.kind") == "leaflet"
    expect(map.page.locator(".engine")).to_have_count(1)


def test_what_was_told_before_it_came_is_drawn_when_it_comes(bench):
    map = bench(script="wait")
    map.call("select", "b")
    map.call("showCar", {"lon": BOX[0], "lat": BOX[1]})
    map.release()
    map.until("Boolean(document.querySelector('.gm-style'))")
    expect(map.spaces()).to_have_count(2)
    expect(map.labels()).to_have_count(3)
    expect(map.page.locator(".car-pin")).to_have_count(1)
    assert map.style(map.spaces(), "stroke").count(map.variable("--selected")) == 1
    west, south, east, north = map.call("view")
    assert west < BOX[0] and south < BOX[1] and east > BOX[2] and north > BOX[3]
    assert map.page.get_by_text(NOTE).count() == 0


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["390x844", "1440x900"])
def test_the_whole_page_on_googles_map(open_page, live_server, settings, device):
    """From the database to Google's map: the page's own script, a tap, the details, a space that goes."""
    settings.SPARK_GOOGLE_MAPS_KEY = "a-key"
    settings.SPARK_POLL_S = 0.5
    make_zone(name="Main Street")
    publish("main-street", [street_space(10), street_space(40)], timezone.now(), times=2)
    page = open_page("about:blank", **device)
    page.route(GOOGLE, lambda route: route.fulfill(body="", headers={"Access-Control-Allow-Origin": "*"}))
    page.route(GOOGLE_SCRIPT, lambda route: route.fulfill(path=STAND_IN, content_type="text/javascript"))
    page.goto(live_server.url)
    expect(page.locator("#headline")).to_have_text("2 free spaces")
    spaces = page.locator("[data-feature^='space ']")
    expect(spaces).to_have_count(2)
    shape = spaces.first.bounding_box()
    page.mouse.click(shape["x"] + shape["width"] / 2, shape["y"] + shape["height"] / 2)
    expect(page.locator("#details-size")).to_have_text("5.0 × 2.3 m")
    publish("main-street", [], timezone.now())
    expect(page.locator("#headline")).to_have_text("No free space")
    expect(spaces).to_have_count(0)
    expect(page.locator("[data-feature^='hatch ']")).to_have_count(1)


@pytest.mark.parametrize(
    "name",
    ["MapOptions", "AdvancedMarkerElementOptions", "StyleOptions", "CircleOptions", "DataOptions",
     "FeatureOptions", "CameraOptions", "IconSequence", "Symbol"],
)  # fmt: skip
def test_the_stand_in_knows_the_options_that_the_published_types_know(settings, name):
    types = settings.BASE_DIR / TYPES
    if not types.is_file():
        pytest.skip("the published types are not installed (make setup)")
    block = re.search(rf"export interface {name} {{\n(.*?)\n  }}", types.read_text(), re.S)[1]
    fields = re.findall(r"((?:/\*\*(?:(?!\*/).)*\*/\s*)?)^ {4}(\w+)\??:", block, re.S | re.M)
    published = {field for comment, field in fields if "@deprecated" not in comment}
    known = set(re.search(rf'{name}: "([\w ]+)"', STAND_IN.read_text())[1].split())
    assert known == published
