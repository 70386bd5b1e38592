# SPDX-License-Identifier: AGPL-3.0-or-later
"""A street for the driver's page, and a driver who stands on it."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from typing import Any

from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from tests.apps.devices import PHONE
from tests.apps.street import CORNER_LONLAT, box, make_zone, publish, space

M_PER_DEG = 111_195.0
#: The headline with the first answer; before, it says “Looking for free spaces …”.
ANSWERED = re.compile(r"^(\d+|No) free space")


def make_street() -> None:
    """Main Street with spaces at 10 and 40 m, Park Entrance north of it with one at 50 m, residents' School Lane."""
    now = timezone.now()
    make_zone(name="Main Street")
    make_zone("park", name="Park Entrance", geometry_3857=box(0, 14, 60, 19))
    make_zone("school", name="School Lane", geometry_3857=box(66, 0, 69, 40), access="residents")
    publish("main-street", [space(10), space(40)], now, times=2)
    publish("park", [space(50, 16.5)], now, times=2)
    publish("school", [space(67.5, 20, bearing_deg=0)], now, times=2)


def place(east_m: float, north_m: float) -> tuple[float, float]:
    """Longitude, latitude of a point of the street."""
    lon, lat = CORNER_LONLAT
    stretch = math.cos(math.radians(lat))
    return lon + east_m / (M_PER_DEG * stretch), lat + north_m / M_PER_DEG


def standing(east_m: float, north_m: float, accuracy_m: float = 15) -> dict[str, Any]:
    """A phone that knows where it is, for `open_page`."""
    lon, lat = place(east_m, north_m)
    position = {"longitude": lon, "latitude": lat, "accuracy": accuracy_m}
    return PHONE | {"geolocation": position, "permissions": ["geolocation"]}


def answered(page: Page) -> Page:
    """The page once it has drawn the server's first answer."""
    expect(page.locator("#headline")).to_have_text(ANSWERED)
    return page


def until(page: Page, truth: Callable[[], bool], patience_s: float = 20) -> None:
    """Let the browser go on until something is true here: requests counted, a panel come to rest."""
    deadline = time.monotonic() + patience_s
    while not truth():
        assert time.monotonic() < deadline, f"not true within {patience_s} s"
        page.wait_for_timeout(20)


def zoom_out(page: Page) -> None:
    """By the map's button, until the map has come to rest: a press while it still moves is none.

    Movement begins a frame after the press. Leaflet notes where it goes on an element of its own when it begins.
    """
    going = page.locator(".leaflet-proxy")
    before = going.get_attribute("style")
    page.get_by_label("Zoom out").click()
    until(page, lambda: going.get_attribute("style") != before)
    expect(page.locator(".leaflet-zoom-anim")).to_have_count(0)


def row(page: Page, name: str) -> Locator:
    """A zone of the list."""
    return page.locator(".zone-item", has_text=name)


def zone_names(page: Page) -> list[str]:
    """The list's zones in their order."""
    return page.locator(".zone-row .name").all_inner_texts()


def open_space(page: Page, zone: str, which: int = 0) -> None:
    """Open the details of a zone's space, by the list."""
    if not row(page, zone).locator(".space-row").first.is_visible():
        row(page, zone).locator(".zone-row").click()
    row(page, zone).locator(".space-row").nth(which).click()
