# SPDX-License-Identifier: AGPL-3.0-or-later
"""Light and lasting: what comes over the wire as it is served in production, and what the page holds on to."""

from __future__ import annotations

import gzip
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import expect

from benchmarks._page import Transfers, footprint, served_page
from tests.apps.street import box, make_zone, publish, space
from tests.apps.webmap.driving import until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: DESIGN: the first useful view, without the base map's own scripts.
FIRST_VIEW_BYTES = 100_000
#: Leaflet's script and styles, compressed.
LEAFLET_BYTES = 55_000
HASHED = re.compile(r"\.[0-9a-f]{12}\.\w+$")
POLLS = 120


@pytest.fixture
def site(settings, tmp_path: Path) -> Iterator[str]:
    """The site on the test's database as production serves it: collected, hashed, compressed files and gunicorn."""
    database = connection.settings_dict
    host = f"{database['USER']}:{database['PASSWORD'] or ''}@{database['HOST']}:{database['PORT']}"
    var = tmp_path / "site"
    var.mkdir()
    environment = {"DATABASE_URL": f"postgis://{host}/{database['NAME']}", "REDIS_URL": settings.REDIS_URL}
    with served_page(var, environment) as url:
        yield url


@pytest.fixture
def town() -> None:
    """Twelve zones with sixty free spaces: more than a phone shows at once."""
    now = timezone.now()
    for number in range(12):
        north = 12 * number
        make_zone(f"z{number}", name=f"Street {number}", geometry_3857=box(0, north, 60, north + 2.5))
        publish(f"z{number}", [space(6 + 11 * n, north + 1.25) for n in range(5)], now, times=2)


def get(url: str, **headers: str):
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10)


def test_it_is_light_as_it_is_served(site, open_page, town):
    page = open_page("about:blank", service_workers="allow")
    transfers = Transfers(page.context.new_cdp_session(page))
    page.goto(site)
    expect(page.locator("#headline")).to_have_text("60 free spaces")
    page.wait_for_load_state("networkidle")
    own = {url: _over_the_wire(url, size) for url, size in transfers.bytes.items() if "/leaflet/" not in url}
    assert sum(own.values()) < FIRST_VIEW_BYTES, own
    leaflet = sum(size for url, size in transfers.bytes.items() if "/leaflet/" in url)
    assert leaflet < LEAFLET_BYTES
    print(f"{sum(own.values())} bytes of ours, {leaflet} of Leaflet")

    files = [url for url in transfers.bytes if "/static/" in url]
    assert len(files) > 8
    for url in files:
        assert HASHED.search(url), f"{url} may not be kept: its name does not change with it"
        with get(url, **{"Accept-Encoding": "gzip"}) as answer:
            assert "immutable" in answer.headers["Cache-Control"]
            assert answer.headers["Content-Encoding"] == "gzip" or len(answer.read()) < 500, url
    with get(site, **{"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        html = gzip.decompress(answer.read()).decode()
    _every_module_is_there(site, html)

    # The worker keeps all files, so that the next visit asks for the page and for news only.
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    transfers.bytes.clear()
    page.reload()
    expect(page.locator("#headline")).to_have_text("60 free spaces")
    page.wait_for_load_state("networkidle")
    assert sum(size for url, size in transfers.bytes.items() if "/static/" in url) == 0, transfers.bytes


def _over_the_wire(url: str, size: int) -> int:
    """Bytes of an answer; those of the API are compressed by nginx, which is not here."""
    if "/api/" not in url:
        return size
    with get(url) as answer:
        return len(gzip.compress(answer.read())) + 300  # and its headers


def _every_module_is_there(site: str, html: str) -> None:
    """What a collected module imports, at once or later, is there under the hashed name it asks for."""
    todo = [site + src for src in re.findall(r'<script src="(/static/webmap/[^"]+)"', html)]
    seen: set[str] = set()
    while todo:
        url = todo.pop()
        if url in seen:
            continue
        seen.add(url)
        assert HASHED.search(url), url
        with get(url) as answer:
            source = answer.read().decode()
        found = re.findall(r"""(?:\bfrom\s*|\bimport\(?\s*)["'](\.[^"']+\.js)["']""", source)
        todo += [urllib.parse.urljoin(url, name) for name in found]
    assert len(seen) > 8


def test_nothing_new_costs_a_304_and_nothing_else(open_page, live_server, town, settings):
    settings.SPARK_POLL_S = 0.2
    page = open_page(live_server.url)
    expect(page.locator("#headline")).to_have_text("60 free spaces")
    statuses: list[int] = []
    page.on("response", lambda response: statuses.append(response.status))
    # The map that has come to rest may be another view, which is asked for once more.
    until(page, lambda: statuses[-6:] == [304] * 6)
    statuses.clear()
    until(page, lambda: len(statuses) >= 12)
    assert set(statuses) == {304}


def test_hundreds_of_polls_leave_nothing_behind(open_page, live_server, town, settings):
    """The short form of `python -m benchmarks.soak`: spaces come and go, and the page holds what it held before."""
    settings.SPARK_POLL_S = 0.05
    settings.SPARK_FREE_AFTER = 1
    page = open_page(live_server.url)
    expect(page.locator("#headline")).to_have_text("60 free spaces")
    devtools = page.context.new_cdp_session(page)
    answers: list[int] = []
    page.on("response", lambda response: answers.append(response.status))

    def rounds(number: int) -> None:
        for turn in range(number):
            for taken in (True, False):
                publish("z0", [space(6 + 11 * n, 1.25) for n in range(4 if taken else 5)], timezone.now())
                expect(page.locator("#headline")).to_have_text(f"{59 if taken else 60} free spaces")
            # By its name: the map follows the first tap, and with it the order of the list.
            name = page.get_by_text(f"Street {turn % 12}", exact=True)
            row = page.locator(".zone-row", has=name)
            row.click()
            row.click()
        page.get_by_label("Show all zones").first.click()
        page.wait_for_timeout(600)
        expect(page.locator(".zone-item.open")).to_have_count(0)

    rounds(12)  # each of the zones was open once, so that what is counted after is no first time
    before = footprint(devtools)
    answers.clear()
    rounds(15)
    after = footprint(devtools)
    assert len(answers) > POLLS
    assert answers.count(200) >= 30
    assert after.nodes <= before.nodes + 30
    assert after.listeners <= before.listeners + 10
    assert after.heap_mb <= before.heap_mb + 0.5
