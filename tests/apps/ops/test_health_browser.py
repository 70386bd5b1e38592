# SPDX-License-Identifier: AGPL-3.0-or-later
"""The health page in a real browser: it renews itself, and nothing that somebody is at is taken away."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from camera_registry import heartbeat
from camera_registry.models import Camera
from tests.apps.devices import DESKTOP, PHONE
from tests.apps.ops.cameras import a_site, sends

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGE = "/admin/ops/cameraoverview/"
AXE = Path(__file__).resolve().parents[3] / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture
def open_health(open_page, live_server, admin_client, redis_client):
    """The page as an admin sees it, of a site whose intake has been there for an hour."""
    heartbeat.beat(redis_client, "watcher", "one", {"since": timezone.now().timestamp() - 3600})
    a_site()

    def opened(**device) -> Page:
        page = open_page(f"{live_server.url}/admin/login/", **device)
        cookie = admin_client.cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        page.goto(live_server.url + PAGE)
        return page

    return opened


def ask_for_news(page: Page) -> None:
    """What the page does by itself every few seconds."""
    with page.expect_response(lambda answer: "part=1" in answer.url):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def names(page: Page) -> list[str]:
    """The cameras in the order in which they are shown."""
    return page.locator("[data-rows] > tr:visible th > a:first-child").all_inner_texts()


def test_the_page_renews_itself_and_leaves_everything_where_it_was(open_health, live_server, complaints):
    page = open_health(**DESKTOP)
    late, live = page.locator("[data-key=camera-late]"), page.locator("[data-key=camera-live]")
    assert names(page) == [
        "camera-late", "camera-moved", "camera-never", "camera-slow", "camera-live", "camera-off",
    ]  # fmt: skip
    expect(late).to_contain_text("◐ Late")
    expect(late.locator("td > .health-age")).to_contain_text(re.compile(r"6\d min"))

    late.locator("summary").click()
    page.evaluate("for (const row of document.querySelectorAll('[data-rows] > tr')) row.same = true")
    late.locator("summary").focus()
    sends(Camera.objects.get(name="camera-late"), 65, 35, 5, zones=("known", "behind-late"))
    ask_for_news(page)
    expect(late).to_contain_text("● Live")
    assert names(page)[0] == "camera-moved"
    assert late.evaluate("row => row.same") is None  # this one is new
    assert live.evaluate("row => row.same") is True  # this one was not touched
    assert late.locator("details").evaluate("details => details.open")
    assert late.locator("summary").evaluate("summary => summary === document.activeElement")

    page.fill("#health-find", "moved")
    assert names(page) == ["camera-moved"]
    page.fill("#health-find", "")
    page.check("#health-only")
    assert "camera-live" not in names(page) and "camera-moved" in names(page)
    ask_for_news(page)
    assert "camera-live" not in names(page)  # the wish outlives the news

    page.route("**/*part=1*", lambda route: route.abort())
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#health-fresh")).to_contain_text("No answer from the server")
    assert all("Failed to load resource" in words for words in complaints)
    complaints.clear()
    page.unroute("**/*part=1*")
    ask_for_news(page)
    expect(page.locator("#health-fresh")).to_be_empty()

    page.get_by_role("button", name="Use the calibration repaired by 70 px").click()
    expect(page.locator(".messagelist")).to_contain_text("The repaired calibration, version 2, is in use.")


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_on_a_phone_everybody_can_read_and_press_it(open_health, colours):
    page = open_health(**PHONE, color_scheme=colours)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = page.evaluate(
        """[...document.querySelectorAll("#health a, #health button, #health summary, #health input")]
           .filter((found) => found.closest("label") === null && found.getBoundingClientRect().height < 36)
           .filter((found) => getComputedStyle(found).display !== "inline").map((found) => found.outerHTML)"""
    )
    assert small == []
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run('#health')")
    assert [violation["id"] for violation in found["violations"]] == []
