# SPDX-License-Identifier: AGPL-3.0-or-later
"""The page for everyone: axe on every state, fingers, the keyboard alone, and no motion where none is wanted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.apps.devices import DESKTOP, PHONE
from tests.apps.street import box, make_zone, publish, space

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = Path(django_settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
RUN_AXE = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations
    .filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ").slice(0, 400)}`);
}"""
#: The smallest side that a finger hits, CSS pixels.
FINGER_PX = 44
#: Controls that can be seen and touched, with their sizes. Labels on the map let touches through to the map itself,
#: which has its own radius; links inside a sentence are as large as its words.
TARGETS = """() => [...document.querySelectorAll(
    "button, a[href], input, select, textarea, summary, [role=button], [role=checkbox], [role=option]")]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }) && getComputedStyle(e).pointerEvents !== "none"
    && !e.closest(".leaflet-control-attribution, .skip, .visually-hidden"))
  .map((e) => {
    const own = e.getBoundingClientRect();
    const label = e.matches("input") && e.closest("label")?.getBoundingClientRect();
    const box = label && label.height > own.height ? label : own;
    return { what: e.outerHTML.slice(0, 90), width: box.width, height: box.height };
  })"""
FOCUSED = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const box = e.getBoundingClientRect();
  const style = getComputedStyle(e);
  const name = e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.[0]?.textContent.trim()
    || document.getElementById(e.getAttribute("aria-labelledby"))?.textContent.trim() || e.title;
  return {
    what: `${e.tagName.toLowerCase()}#${e.id}.${e.className}`, name,
    ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    seen: box.width > 0 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
  };
}"""


@pytest.fixture(autouse=True)
def slow_polls(settings):
    settings.SPARK_POLL_S = 60


@pytest.fixture
def street() -> None:
    now = timezone.now()
    make_zone(name="Main Street")
    make_zone("park", name="Park Entrance", geometry_3857=box(0, 14, 60, 19))
    make_zone("school", name="School Lane", geometry_3857=box(66, 0, 69, 40), access="residents")
    make_zone("yard", name="Yard Street", geometry_3857=box(0, 30, 60, 34), hours="off")
    publish("main-street", [space(10), space(40, confidence=0.97)], now, times=2)
    publish("park", [], now)


def opened_zone(page: Page) -> None:
    page.locator(".zone-row").first.click()
    expect(page.locator(".space-row").first).to_be_visible()


def details(page: Page) -> None:
    page.locator(".space-row").first.click()
    expect(page.locator("#details")).to_be_visible()


def gone(page: Page) -> None:
    """The chosen space is taken: the page says so, and what else there is."""
    publish("main-street", [space(10)], timezone.now())
    page.evaluate("() => window.dispatchEvent(new Event('online'))")  # asks for news at once
    expect(page.locator("#details-gone")).to_be_visible()


def searching(page: Page) -> None:
    page.locator("#details-close").click()
    page.locator("#search-button").click()
    page.locator("#search-words").fill("zzz")
    page.keyboard.press("Enter")
    expect(page.locator("#search-state")).to_be_visible()


def results(page: Page) -> None:
    page.locator("#search-words").fill("38.7224, 35.4874")
    expect(page.locator("#search-results li").first).to_be_visible()


def own_car(page: Page) -> None:
    page.locator("#search [data-close]").click()
    page.locator("#car-button").click()
    page.locator("#car-kinds label").last.click()
    expect(page.locator("#car-length")).to_be_visible()
    page.locator("#car-length").fill("99")
    page.locator("#car-length").blur()


def without_position(page: Page) -> None:
    page.locator("#car [data-close]").first.click()
    page.locator("#near-button").click()
    expect(page.locator("#position-trouble")).to_be_visible()


def banner(page: Page) -> None:
    page.evaluate(
        """() => { document.getElementById("banner").hidden = false;
        document.getElementById("banner-text").textContent = "No connection."; }"""
    )


#: One after the other on the same page.
STATES: list[Callable[[Page], None]] = [
    lambda page: None,
    opened_zone,
    details,
    gone,
    searching,
    results,
    own_car,
    without_position,
    banner,
]


def axe(page: Page) -> list[str]:
    if not AXE.exists():
        pytest.skip("axe-core is not installed (`make setup`)")
    page.evaluate(AXE.read_text())
    return page.evaluate(RUN_AXE)


@pytest.mark.parametrize(
    ("device", "scheme", "locale"),
    [
        pytest.param(PHONE, "light", "en-GB", id="phone-light-en"),
        pytest.param(PHONE, "dark", "tr-TR", id="phone-dark-tr"),
        pytest.param(DESKTOP, "light", "tr-TR", id="desktop-light-tr"),
        pytest.param(DESKTOP, "dark", "en-GB", id="desktop-dark-en"),
    ],
)
def test_axe_finds_nothing_serious_and_fingers_hit_all(
    open_page, live_server, street, device, scheme, locale
):
    page = open_page(live_server.url, **device, color_scheme=scheme, locale=locale)
    expect(page.locator("path.space")).to_have_count(2)
    for state in STATES:
        state(page)
        assert axe(page) == [], state.__name__
        small = [t for t in page.evaluate(TARGETS) if min(t["width"], t["height"]) < FINGER_PX]
        assert small == [], state.__name__


def test_a_page_without_zones_is_for_everyone_too(open_page, live_server):
    page = open_page(live_server.url)
    expect(page.locator("#headline")).to_have_text("No parking zones here")
    assert axe(page) == []


def test_axe_does_find_what_is_wrong(open_page, live_server, street):
    page = open_page(live_server.url)
    page.evaluate("() => document.getElementById('panel-toggle').removeAttribute('aria-label')")
    assert [found.split(":")[0] for found in axe(page)] == ["button-name"]


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_keyboard_walks_through_all_and_is_always_seen(open_page, live_server, street, device):
    page = open_page(live_server.url, **device)
    expect(page.locator("path.space")).to_have_count(2)
    walked: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        here = page.evaluate(FOCUSED)
        if here is None:  # past the last one, back to the browser's own controls
            break
        assert here["name"], here
        assert here["ring"], f"nothing shows that {here['what']} has the focus"
        assert here["seen"], f"{here['what']} has the focus out of sight"
        walked.append(here["what"])
    else:
        pytest.fail(f"the focus does not come out again: {walked}")
    reachable = len([t for t in page.evaluate(TARGETS) if 'tabindex="-1"' not in t["what"]])
    assert len(walked) >= reachable + 1, walked  # and the way past the map


def test_nothing_moves_where_no_motion_is_wanted(open_page, live_server, street):
    page = open_page(live_server.url, reduced_motion="reduce")
    expect(page.locator("path.space")).to_have_count(2)
    page.get_by_label("Zoom out").click()
    page.locator("#panel-toggle").click()
    moving = page.evaluate("() => document.getAnimations().filter((a) => a.playState === 'running').length")
    assert moving == 0
    assert page.locator(".leaflet-zoom-anim").count() == 0
