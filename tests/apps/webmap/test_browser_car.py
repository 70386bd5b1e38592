# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fits my car: only spaces of the layout that was planned for it, named in the headline, kept on the device."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Route, expect

from tests.apps.street import make_zone, publish, space
from tests.apps.webmap.driving import answered, row

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

VAN = space(30, length_m=6.0, width_m=2.4)
LARGEST = "Spaces are planned for vehicles up to 8.0 × 2.5 m. Yours is larger, so none can be shown."


@pytest.fixture(autouse=True)
def fast_polls(settings):
    settings.SPARK_POLL_S = 0.5


@pytest.fixture
def street() -> None:
    """Two spaces of the usual size, three small ones, one for a van, none for a trailer."""
    make_zone(name="Main Street")
    small = [space(x, length_m=3.6, width_m=2.0) for x in (8, 14, 40)]
    usual = [space(10), space(40)]
    keys = {
        "3.6x1.7": small,
        "4.2x1.8": usual,
        "4.8x1.9": usual,
        "5.4x2": [VAN],
        "6x2.1": [VAN],
        "7x2.3": [],
        "8x2.5": [],
    }
    publish("main-street", usual, timezone.now(), times=2, classes=keys)


def test_only_what_fits_is_shown_and_the_headline_says_for_which_car(open_page, live_server, street):
    page = open_page(live_server.url)
    expect(page.locator("#headline")).to_have_text("2 free spaces")
    page.locator("#car-button").click()
    page.get_by_role("radio", name="Van").check()
    expect(page.locator("#headline")).to_have_text("1 free space for: Van, up to 6.0 × 2.1 m")
    expect(page.locator("path.space")).to_have_count(1)
    expect(page.locator("#car-button")).to_have_text("Van")
    page.get_by_role("button", name="Done").click()
    row(page, "Main Street").locator(".zone-row").click()
    expect(row(page, "Main Street").locator(".space-row .name")).to_have_text(["6.0 × 2.4 m"])

    # Kept on the device: the next visit asks for the van from the first request on.
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    expect(page.locator("#headline")).to_have_text("1 free space for: Van, up to 6.0 × 2.1 m")
    assert all(
        "vehicle_length=6&vehicle_width=2.1" in url for url in asked if "/spaces/" in url or "/zones/" in url
    )

    page.get_by_role("button", name="My car: Van").click()
    page.get_by_role("radio", name="Small car").check()
    expect(page.locator("#headline")).to_have_text("3 free spaces for: Small car, up to 3.6 × 1.7 m")
    page.get_by_role("radio", name="With trailer").check()
    expect(page.locator("#headline")).to_have_text("No free space for: With trailer, up to 8.0 × 2.5 m")
    page.get_by_role("radio", name="No car chosen").check()
    expect(page.locator("#headline")).to_have_text("2 free spaces")
    assert page.evaluate("localStorage.length") == 0


def test_an_own_size_with_comma_or_point_and_one_that_is_too_large(open_page, live_server, street):
    page = open_page(live_server.url)
    expect(page.locator("#headline")).to_have_text("2 free spaces")
    page.locator("#car-button").click()
    page.get_by_role("radio", name="Own size").check()
    page.get_by_label("Length, m").fill("5,2")
    page.get_by_label("Width without mirrors, m").fill("9")
    page.keyboard.press("Enter")
    expect(page.locator("#car-trouble")).to_have_text("A width from 1.0 to 3.5 m, please.")
    expect(page.locator("#headline")).to_have_text("2 free spaces")
    page.get_by_label("Width without mirrors, m").fill("1.9")
    page.keyboard.press("Enter")
    expect(page.locator("#headline")).to_have_text("1 free space for: Own size, 5.2 × 1.9 m")
    expect(page.locator("#car-trouble")).to_be_hidden()

    page.get_by_label("Length, m").fill("9.5")
    page.keyboard.press("Enter")
    expect(page.locator("#car-trouble")).to_have_text(LARGEST)
    expect(page.locator("#headline")).to_have_text("No spaces for this size for: Own size, 9.5 × 1.9 m")
    expect(page.locator("#freshness")).to_have_text(LARGEST)
    expect(page.locator("path.space")).to_have_count(0)
    page.get_by_role("button", name="Done").click()
    expect(row(page, "Main Street").locator(".count")).to_have_text("Unknown")
    expect(row(page, "Main Street").locator(".meta").first).to_have_text(
        "nothing is planned for a car this large"
    )


def test_what_was_opened_before_the_first_answer_stays_open(open_page, live_server, street):
    page = answered(open_page(live_server.url))
    held: list[Route] = []
    page.route("**/api/v1/**", lambda route: held.append(route))
    page.reload()
    page.locator("#car-button").click()
    expect(page.locator("#headline")).to_contain_text("Looking for free spaces")
    expect(page.locator("#car")).to_be_visible()
    for route in held:
        route.continue_()
    page.unroute("**/api/v1/**")
    answered(page)
    expect(page.locator("#car")).to_be_visible()
    page.get_by_role("button", name="Done").click()
    expect(page.locator("#list")).to_be_visible()


def test_nonsense_on_the_device_is_no_car(open_page, live_server, street):
    page = open_page(live_server.url)
    for stored in ("{", "[]", '"van"', '{"kind": "tank"}', '{"kind": "own", "lengthM": "x", "widthM": 2}'):
        page.evaluate(
            "s => { for (const name of ['car', 'parked', 'watch']) localStorage['spark.' + name] = s; }",
            stored,
        )
        page.reload()
        expect(page.locator("#headline")).to_have_text("2 free spaces")
        expect(page.locator("#parked")).to_be_hidden()


def test_a_site_without_sizes_offers_no_choice(open_page, live_server, settings):
    settings.SPARK_VEHICLE_CLASSES = []
    make_zone(name="Main Street")
    publish("main-street", [space(10)], timezone.now(), times=2)
    page = open_page(live_server.url)
    expect(page.locator("#headline")).to_have_text(re.compile("1 free space"))
    expect(page.locator("#car-button")).to_be_hidden()
