# SPDX-License-Identifier: AGPL-3.0-or-later
"""Hours on the driver's page: closed is said, and until when; it is neither full nor unknown; it comes by the clock."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from apps.parking.models import ParkingZone
from tests.apps.devices import DESKTOP, PHONE
from tests.apps.street import box, make_zone, publish, space
from tests.apps.webmap.driving import open_space, row, zone_names

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: The street is in Kayseri, and so are the hours on its signs and the phone's clock.
KAYSERI = ZoneInfo("Europe/Istanbul")
THERE = PHONE | {"timezone_id": "Europe/Istanbul"}
DEVICES = pytest.mark.parametrize(
    "device", [THERE, DESKTOP | {"timezone_id": "Europe/Istanbul"}], ids=["390x844", "1440x900"]
)


@pytest.fixture(autouse=True)
def fast_polls(settings):
    settings.SPARK_POLL_S = 0.5


def hours(now: dt.datetime, begin_min: int, end_min: int) -> str:
    """Hours of every day that begin and end so many minutes from now, on the street's own clock."""
    begin, end = (now.astimezone(KAYSERI) + dt.timedelta(minutes=minutes) for minutes in (begin_min, end_min))
    return f"{begin:%H:%M}-{end:%H:%M}"


def told(at: dt.datetime, days: str = "Mon Tue Wed Thu Fri Sat Sun") -> str:
    """A moment of the next hours as the page says it: after midnight with its day."""
    there = at.astimezone(KAYSERI)
    today = there.date() == dt.datetime.now(KAYSERI).date()
    return f"{there:%H:%M}" if today else f"{days.split()[there.weekday()]} {there:%H:%M}"


@pytest.fixture
def street() -> Iterator[dt.datetime]:
    """Main Street is open with a space, School Lane opens in an hour, a camera sees both. Yields when it opens."""
    now = timezone.now()
    make_zone(name="Main Street")
    make_zone("school", name="School Lane", geometry_3857=box(0, 14, 60, 19), hours=hours(now, 60, 180))
    publish("main-street", [space(10)], now, times=2)
    publish("school", [space(10, 16.5), space(20, 16.5)], now, times=2)
    yield ParkingZone.objects.get(slug="school").opens_at


def label(page: Page, words: str):
    return page.locator(".zone-label", has_text=re.compile(f"^{words}$"))


@DEVICES
def test_a_closed_zone_says_until_when_in_list_and_map(open_page, live_server, street, device):
    page = open_page(live_server.url, **device)
    expect(page.locator("#headline")).to_have_text("1 free space")
    words = f"closed until {told(street)}"
    expect(row(page, "School Lane").locator(".count")).to_have_text("Closed")
    expect(row(page, "School Lane").locator(".meta")).to_have_text(words)
    expect(label(page, words)).to_have_count(1)
    assert zone_names(page) == ["Main Street", "School Lane"]
    # It is no gap in what is known: nobody would be helped by looking there.
    expect(page.locator("#freshness")).to_have_text(re.compile(r"^seen [^·]* · 1 zone closed$"))
    expect(page.locator("#live")).to_have_text("1 free space, 1 of 1 zones known, 1 zone closed")
    # Its shape is neither hatched like a full one nor dotted like an unknown one.
    shape = page.locator("path.zone-closed")
    assert shape.get_attribute("fill") == "transparent"
    assert shape.evaluate("e => getComputedStyle(e).strokeDasharray") == "none"


def test_turkish_says_when_it_opens(open_page, live_server, street):
    page = open_page(live_server.url, **THERE, locale="tr-TR")
    expect(page.locator("#headline")).to_have_text("1 boş park yeri")
    words = f"kapalı, açılış {told(street, 'Pzt Sal Çar Per Cum Cmt Paz')}"
    expect(row(page, "School Lane").locator(".meta")).to_have_text(words)
    expect(label(page, words)).to_have_count(1)
    expect(row(page, "School Lane").locator(".count")).to_have_text("Kapalı")
    expect(page.locator("#freshness")).to_have_text(re.compile(r"1 bölge kapalı$"))


def test_when_all_is_closed_the_headline_says_when_the_first_opens(open_page, live_server, street):
    now = timezone.now()
    ParkingZone.objects.filter(slug="main-street").delete()
    make_zone("yard", name="Yard Street", geometry_3857=box(0, 30, 60, 34), hours=hours(now, 120, 180))
    publish("yard", [], now - dt.timedelta(seconds=100))
    page = open_page(live_server.url, **THERE)
    expect(page.locator("#headline")).to_have_text(f"Closed until {told(street)}")
    expect(page.locator("#panel")).to_have_attribute("data-state", "closed")
    # Whether the cameras look at what nobody may use is no driver's trouble.
    expect(page.locator("#banner")).to_be_hidden()


def test_a_zone_that_no_hours_will_open_is_just_closed(open_page, live_server):
    make_zone(name="Main Street", hours="off")
    publish("main-street", [space(10)], timezone.now(), times=2)
    page = open_page(live_server.url, **THERE)
    expect(page.locator("#headline")).to_have_text("Closed now")
    expect(row(page, "Main Street").locator(".meta")).to_have_text("closed")
    expect(label(page, "closed")).to_have_count(1)


def test_what_is_free_says_until_when_one_may_stay_and_ends_then_without_the_server(
    open_page, live_server, complaints
):
    now = timezone.now()
    make_zone(name="Main Street", validity_s=3600, hours=hours(now, -60, 4))
    publish("main-street", [space(10)], now, times=2)
    closes = ParkingZone.objects.get().closes_at
    page = open_page("about:blank", **THERE)
    page.clock.install(time=timezone.now())
    page.goto(live_server.url)
    expect(page.locator("#headline")).to_have_text("1 free space")
    until = f"parking until {told(closes)}"
    expect(row(page, "Main Street").locator(".meta")).to_have_text(
        re.compile(f" · along the kerb · {until}$")
    )
    open_space(page, "Main Street")
    expect(page.locator("#details-where")).to_have_text(re.compile(f" · Open to everyone · {until}$"))
    page.get_by_role("button", name="Watch").click()

    page.context.set_offline(True)
    page.clock.run_for(250_000)
    expect(page.locator("#notice-title")).to_have_text("Your space has closed")
    expect(page.locator("#alarm")).to_have_text(
        "Your space has closed. The hours of Main Street have ended: no parking there now."
    )
    expect(page.locator("#details-title")).to_have_text("No parking here now")
    expect(page.locator("#details-where")).to_have_text("Main Street: closed")
    expect(page.locator("#details-go")).to_be_hidden()
    page.get_by_label("Back to the list").click()
    expect(row(page, "Main Street").locator(".count")).to_have_text("Closed")
    page.context.close()
    assert [text for text in complaints if "net::ERR_" not in text] == []
    complaints.clear()


def test_a_zone_opens_by_the_clock_and_is_unknown_until_it_is_seen(open_page, live_server, complaints):
    now = timezone.now()
    make_zone(name="Main Street", hours=hours(now, 4, 180))
    publish("main-street", [space(10)], now)
    page = open_page("about:blank", **THERE)
    page.clock.install(time=timezone.now())
    page.goto(live_server.url)
    expect(row(page, "Main Street").locator(".count")).to_have_text("Closed")
    page.context.set_offline(True)
    page.clock.run_for(250_000)
    expect(row(page, "Main Street").locator(".count")).to_have_text("Unknown")
    page.context.close()
    assert [text for text in complaints if "net::ERR_" not in text] == []
    complaints.clear()


def test_an_end_that_is_months_away_is_not_said(open_page, live_server):
    far = timezone.now().astimezone(KAYSERI) + dt.timedelta(days=40)
    make_zone(name="Main Street", hours=f"{timezone.now():%b %d}-{far:%b %d}")
    publish("main-street", [space(10)], timezone.now(), times=2)
    assert ParkingZone.objects.get().closes_at is not None
    page = open_page(live_server.url, **THERE)
    expect(page.locator("#headline")).to_have_text("1 free space")
    expect(row(page, "Main Street").locator(".meta")).to_have_text(re.compile("along the kerb$"))


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-11-23T20:00", "20:00"),
        ("2026-11-24T00:00", "Tue 00:00"),
        ("2026-11-29T08:05", "Sun 08:05"),
        # A week on it would be Monday again, and nobody knows which.
        ("2026-11-30T08:00", "30 Nov 08:00"),
        ("2027-01-04T08:00", "4 Jan 08:00"),
    ],
)
def test_a_moment_is_said_as_short_as_it_can_be_understood(open_page, live_server, at, words):
    page = open_page(live_server.url, **THERE)
    said = page.evaluate(
        """async (at) => { const { moment } = await import("/static/webmap/format.js");
        return moment(Date.parse(at), Date.parse("2026-11-23T12:00")); }""",
        at,
    )
    assert said == words
