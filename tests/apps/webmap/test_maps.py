# SPDX-License-Identifier: AGPL-3.0-or-later
"""Both maps behave alike: the same cases on Leaflet and on Google's API, in a real browser under the page's policy."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.apps.devices import DESKTOP, PHONE
from tests.apps.webmap.maps import BOX, MINUTE_MS, SPACES, ZONES, Bench, at, overlaps, space, strangers, zone

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Opened = Callable[..., Bench]


@pytest.fixture(params=["leaflet", "google"])
def kind(request, settings) -> str:
    if request.param == "google":
        settings.SPARK_GOOGLE_MAPS_KEY = "a-key"
    return request.param


@pytest.fixture
def bench(open_page, live_server, kind) -> Opened:
    """Opens the bench with three zones and two spaces in view."""

    def opened(**device) -> Bench:
        device = {**(device if "viewport" in device else PHONE | device)}
        device.setdefault("reduced_motion", "reduce")  # tests need not wait for what glides
        found = Bench(open_page("about:blank", **device), kind).open(live_server.url)
        found.call("open", BOX)
        found.draw()
        found.rest()
        return found

    return opened


def test_zones_and_spaces_are_drawn_with_words_and_patterns(bench):
    map = bench()
    expect(map.zones()).to_have_count(3)
    expect(map.spaces()).to_have_count(2)
    assert sorted(map.labels().all_inner_texts()) == ["2 free", "full", "unknown"]
    # Unknown and full look different without their colours too.
    expect(map.hatched()).to_have_count(1)
    assert [dash != "none" for dash in map.style(map.dotted(), "strokeDasharray")] == [True]
    for shape in map.spaces().all():
        box = shape.bounding_box()
        assert box["width"] > box["height"] > 0


def test_what_is_drawn_lies_where_the_map_says(bench):
    map = bench()
    boxes = [shape.bounding_box() for shape in map.spaces().all()]
    middles = sorted((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes)
    for middle, spot in zip(middles, SPACES, strict=True):
        assert math.dist(middle, map.pixel(spot["centre"])) < 2


def test_a_change_keeps_the_elements_that_stay(bench):
    map = bench()
    map.page.evaluate("window.kept = [...document.querySelectorAll('path')]")
    map.draw(spaces=[SPACES[0], space("c", 25)])
    expect(map.spaces()).to_have_count(2)
    map.draw(zones=[ZONES[0] | {"free": 3}, *ZONES[1:]], spaces=[space("a", 12)])
    expect(map.spaces()).to_have_count(1)
    assert map.spaces().evaluate("e => window.kept.includes(e)")
    assert "3 free" in map.labels().all_inner_texts()
    box = map.spaces().bounding_box()
    assert abs(box["x"] + box["width"] / 2 - map.pixel(at(12, 1.25))[0]) < 2
    map.draw(zones=ZONES[:1], spaces=[])
    expect(map.zones()).to_have_count(1)
    expect(map.labels()).to_have_count(1)
    expect(map.spaces()).to_have_count(0)
    expect(map.hatched()).to_have_count(0)


def test_nothing_changed_draws_nothing(bench):
    map = bench()
    map.page.evaluate(
        """() => { window.changes = 0; new MutationObserver(list => { window.changes += list.length; })
        .observe(document.getElementById("map"), {subtree: true, childList: true, attributes: true}); }"""
    )
    for now in (1000, 2000, 3000):
        map.draw(now=now)
    map.settle()
    assert map.page.evaluate("window.changes") == 0


def test_a_zone_changes_its_look_with_its_state(bench):
    map = bench()
    map.draw(zones=[ZONES[0] | {"free": 0}, ZONES[1] | {"free": None}, ZONES[2] | {"free": 1}])
    assert sorted(map.labels().all_inner_texts()) == ["1 free", "full", "unknown"]
    expect(map.hatched()).to_have_count(1)
    expect(map.dotted()).to_have_count(1)
    hatched, dotted = map.hatched().bounding_box(), map.dotted().bounding_box()
    assert abs(hatched["y"] - map.pixel(at(0, 2.5))[1]) < 4
    assert abs(dotted["y"] - map.pixel(at(0, 29))[1]) < 4


def test_a_space_fades_as_it_gets_old_and_a_chosen_one_does_not(bench):
    map = bench()
    seen = []
    for now in (0, 0.3, 0.5, 0.7, 0.95):
        map.draw(now=now * 2 * MINUTE_MS)
        [a, b] = map.style(map.spaces(), "fillOpacity")
        assert a == b
        seen.append(float(a))
    assert seen == [1, 0.8, 0.62, 0.42, 0.42]
    map.call("select", "b")
    assert sorted(map.style(map.spaces(), "fillOpacity")) == ["0.42", "1"]
    assert map.style(map.spaces(), "stroke").count(map.variable("--selected")) == 1
    map.call("select", None)
    assert map.style(map.spaces(), "fillOpacity") == ["0.42", "0.42"]


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["390x844", "1440x900"])
def test_a_tap_chooses_what_is_nearest(bench, device):
    map = bench(**device)
    assert map.tap(SPACES[0]["centre"]) == [["spaceChosen", "a"]]
    half = map.spaces().first.bounding_box()["height"] / 2
    assert map.tap(SPACES[1]["centre"], beside=(0, half + 20)) == [["spaceChosen", "b"]]
    assert map.tap(at(0, 26.5), beside=(30, 0)) == [["zoneChosen", "park"]]
    assert map.tap(at(39, 40), beside=(0, -60)) == [["nothingChosen"]]
    # A tap on a label is meant for it, whatever lies below.
    box = map.labels().filter(has_text="2 free").bounding_box()
    map.page.evaluate("window.heard.length = 0")
    map.page.mouse.click(box["x"] + 4, box["y"] + box["height"] / 2)
    assert map.heard() == [["zoneChosen", "main"]]


def test_the_view_goes_where_it_is_told_and_says_so(bench):
    map = bench()
    map.call("focus", SPACES[1]["centre"], 19)
    map.rest()
    assert map.call("zoom") == 19
    frame = map.page.locator(".engine").bounding_box()
    middle = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2
    assert math.dist(map.pixel(SPACES[1]["centre"]), middle) < 2
    map.call("focus", SPACES[0]["centre"], 17)  # never farther than it was
    map.rest()
    assert map.call("zoom") == 19
    map.call("fit", BOX, {"animate": False})
    map.rest()
    west, south, east, north = map.call("view")
    assert west < BOX[0] and south < BOX[1] and east > BOX[2] and north > BOX[3]
    map.call("fit", [*at(0, 0), *at(5, 2)], {"maxZoom": 20})
    map.rest()
    assert map.call("zoom") == 20
    map.call("showWorld")
    map.rest()
    assert map.call("zoom") < 4


def test_what_the_panel_covers_is_not_counted_as_seen(bench):
    map = bench()
    map.call("padding", {"bottom": 120, "left": 0})
    map.call("focus", SPACES[0]["centre"], 19)
    map.rest()
    stage = map.page.locator("#map").bounding_box()
    assert abs(map.pixel(SPACES[0]["centre"])[1] - (stage["y"] + (stage["height"] - 120) / 2)) < 14
    # Credits have to be seen: nothing may cover them.
    credit = map.page.locator(".gm-credit, .leaflet-bottom.leaflet-right").bounding_box()
    assert credit["y"] + credit["height"] <= stage["y"] + stage["height"] - 119


def test_it_tells_when_it_was_moved(bench):
    map = bench()
    before = map.call("view")
    frame = map.page.locator(".engine").bounding_box()
    x, y = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] * 0.8
    map.page.mouse.move(x, y)
    map.page.mouse.down()
    for step in range(1, 9):
        map.page.mouse.move(x - 10 * step, y - 5 * step)
        map.page.wait_for_timeout(20)
    map.page.mouse.up()
    map.until("window.heard.some((what) => what[0] === 'moved')")
    map.settle()
    after = map.call("view")
    assert after[0] > before[0] and after[1] < before[1]
    assert map.heard() == []  # a drag is no tap


def test_the_first_view_is_kept_until_someone_moves_the_map(bench):
    map = bench(**DESKTOP)
    map.resize(900, 500)
    west, south, east, north = map.call("view")
    assert west < BOX[0] and south < BOX[1] and east > BOX[2] and north > BOX[3]
    map.call("focus", SPACES[0]["centre"], 20)
    map.rest()
    map.resize(1200, 700)
    assert map.call("zoom") == 20


def test_buttons_zoom_and_are_large_enough(bench):
    map = bench()
    zoom = map.call("zoom")
    for name, step in (("Zoom in", 1), ("Zoom out", -1)):
        button = map.page.get_by_role("button", name=name)
        assert min(button.bounding_box()[side] for side in ("width", "height")) >= 44
        before = map.call("zoom")
        button.click()
        map.rest()
        assert map.call("zoom") == pytest.approx(round(before) + step)
    assert abs(map.call("zoom") - zoom) <= 1
    map.page.get_by_role("button", name="Show all zones").click()
    assert ["showAll"] in map.heard()


def test_the_keyboard_chooses_zones(bench):
    map = bench(**DESKTOP)
    names = {label.get_attribute("aria-label") or label.get_attribute("title")
             for label in map.page.locator("gmp-advanced-marker, .zone-label[role=button]").all()}  # fmt: skip
    assert names == {"Main: 2 free", "Park: full", "School: unknown"}
    for key in ("Enter", " "):
        map.page.locator("gmp-advanced-marker[title^=Main], .zone-label[aria-label^=Main]").focus()
        map.page.evaluate("window.heard.length = 0")
        map.page.keyboard.press(key)
        assert map.heard() == [["zoneChosen", "main"]]


def test_the_position_has_a_ring_as_wide_as_its_doubt(bench):
    map = bench()
    here = at(30, 10)
    map.call("showPosition", {"lon": here[0], "lat": here[1], "accuracyM": 12})
    dot, ring = map.page.locator(".position-dot"), map.ring()
    expect(dot).to_have_attribute("aria-label", "You are here")
    box = dot.bounding_box()
    assert math.dist((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), map.pixel(here)) < 2
    wide = map.pixel(at(42, 10))[0] - map.pixel(at(18, 10))[0]
    assert ring.bounding_box()["width"] == pytest.approx(wide, abs=4)
    there = at(50, 12)
    map.call("showPosition", {"lon": there[0], "lat": there[1], "accuracyM": 6})
    expect(dot).to_have_count(1)
    expect(ring).to_have_count(1)
    assert ring.bounding_box()["width"] == pytest.approx(wide / 2, abs=4)
    map.call("showPosition", None)
    expect(dot).to_have_count(0)
    expect(ring).to_have_count(0)


@pytest.mark.parametrize(
    ("call", "pin", "words"),
    [("showCar", ".car-pin", "Your car"), ("showPlace", ".goal-pin", "Your destination")],
)
def test_a_pin_points_at_its_place(bench, call, pin, words):
    map = bench()
    here = at(20, 12)
    map.call(call, {"lon": here[0], "lat": here[1]})
    mark = map.page.locator(pin)
    expect(mark).to_have_attribute("aria-label", words)
    box = mark.bounding_box()
    x, y = map.pixel(here)
    assert abs(box["x"] + box["width"] / 2 - x) < 2 and abs(box["y"] + box["height"] - y) < 3
    map.call(call, None)
    expect(mark).to_have_count(0)


def test_labels_never_cover_each_other_and_add_up(bench):
    map = bench(**DESKTOP)
    streets = [
        zone(f"z{town}{i:02}", (town * 900_000 + 70 * (i % 6), 60 * (i // 6), town * 900_000 + 70 * (i % 6) + 55,
             60 * (i // 6) + 3), i % 4 or None)
        for town in (0, 1) for i in range(30)
    ]  # fmt: skip
    free = sum(one["free"] or 0 for one in streets)
    map.draw(zones=streets, spaces=[])
    for zoom in (3, 6, 9, 12, 14, 15, 16, 17):
        map.call("showWorld")
        map.call("focus", at(180, 120), zoom)
        map.rest()
        boxes = [label.bounding_box() for label in map.labels().all()]
        assert not list(overlaps([box for box in boxes if box])), f"at zoom {zoom}"
        words = map.labels().all_inner_texts()
        assert sum(int(found) for text in words for found in re.findall(r"(\d+) free", text)) == free
        places = sum(int((re.match(r"(\d+) places", text) or [0, 1])[1]) for text in words)
        assert places == 60
        if zoom == 3:
            assert words == [f"60 places · {free} free"] or len(words) == 2
    # Moving the map without zooming changes no label.
    map.call("focus", at(400, 0), 17)
    map.rest()
    assert sorted(map.labels().all_inner_texts()) == sorted(words)


def test_a_joined_label_is_a_way_in(bench):
    map = bench()
    map.draw(zones=[zone("one", (0, 0, 20, 3), 2), zone("two", (30, 0, 50, 3), 0)], spaces=[])
    map.call("focus", at(25, 0), 14)
    map.call("fit", [*at(-900, -900), *at(900, 900)], {"animate": False})
    map.rest()
    expect(map.labels()).to_have_text(["2 places · 2 free"])
    box = map.labels().bounding_box()
    map.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(map.labels()).to_have_count(2)
    assert map.call("zoom") > 17
    assert ["zoneChosen", "one"] not in map.heard()


@pytest.mark.parametrize(
    ("free", "words"),
    [
        ((3, 0, None), "3 places · 3 free"),
        ((0, 0, 0), "3 places · full"),
        ((0, None, 0), "3 places · unknown"),
        ((0, "closed", 0), "3 places · full"),
        ((0, "closed", None), "3 places · unknown"),
        (("closed", "closed", 2), "3 places · 2 free"),
        (("closed", "closed", "closed"), "3 places · closed"),
    ],
)
def test_a_joined_label_promises_nothing_that_nobody_saw(bench, free, words):
    map = bench()
    zones = [zone(f"z{i}", (i, 0, i + 1, 3), one) for i, one in enumerate(free)]
    map.draw(zones=zones, spaces=[])
    expect(map.labels()).to_have_text([words])


def test_a_closed_zone_looks_like_no_other(bench):
    map = bench()
    map.draw(zones=[ZONES[0], ZONES[1], zone("school", (75, 0, 78, 40), "closed")])
    assert sorted(map.labels().all_inner_texts()) == ["2 free", "closed", "full"]
    expect(map.zones()).to_have_count(3)
    expect(map.hatched()).to_have_count(1)
    expect(map.dotted()).to_have_count(0)
    # It opens: nobody knows yet what is free.
    map.draw(zones=[ZONES[0], ZONES[1], zone("school", (75, 0, 78, 40), None)])
    assert sorted(map.labels().all_inner_texts()) == ["2 free", "full", "unknown"]
    expect(map.dotted()).to_have_count(1)


def test_dark_is_dark_and_follows_the_device(bench):
    map = bench(**DESKTOP, color_scheme="dark")
    assert set(map.style(map.spaces(), "fill")) == {map.variable("--free-fill")}
    dark = map.style(map.spaces(), "fill")
    map.page.emulate_media(color_scheme="light")
    map.until("!matchMedia('(prefers-color-scheme: dark)').matches")
    map.settle()
    assert map.style(map.spaces(), "fill") != dark
    assert set(map.style(map.spaces(), "fill")) == {map.variable("--free-fill")}


def test_nothing_is_loaded_that_is_not_configured_and_the_policy_is_kept(bench, live_server):
    map = bench()
    map.call("showPosition", {"lon": BOX[0], "lat": BOX[1], "accuracyM": 20})
    map.call("showCar", {"lon": BOX[0], "lat": BOX[1]})
    map.page.get_by_role("button", name="Zoom out").click()
    map.rest()
    assert map.violations() == []
    hosts = strangers(map.asked, live_server.url)
    google = {"maps.googleapis.com", "maps.gstatic.com", "fonts.googleapis.com"}
    assert hosts == (google if map.kind == "google" else set())


def test_motion_ends_where_it_should(bench):
    map = bench(**DESKTOP, reduced_motion="no-preference")
    map.call("focus", SPACES[0]["centre"], 20)
    map.until("window.heard.some((what) => what[0] === 'moved')")
    map.settle()
    assert map.call("zoom") == 20
    frame = map.page.locator(".engine").bounding_box()
    middle = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2
    assert math.dist(map.pixel(SPACES[0]["centre"]), middle) < 2
    expect(map.labels()).to_have_count(3)


def test_it_can_be_taken_down(bench):
    map = bench()
    map.call("destroy")
    assert map.page.locator("#map > *").count() == 0
