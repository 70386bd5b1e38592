# SPDX-License-Identifier: AGPL-3.0-or-later
"""Hours: OpenStreetMap's words, the zone's own time zone, and nothing offered outside them."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.utils import timezone

from apps.parking import selectors, services
from apps.parking.hours import OpenState, hours_problems, open_state
from apps.parking.models import ParkingSpace, ParkingZone
from tests.apps.street import BBOX, make_zone, publish, space, zone_spec

KAYSERI, OSLO = (35.4872, 38.7223), (10.75, 59.91)
#: A Monday.
MONDAY = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
ZONES, SPACES = f"/api/v1/zones/?bbox={BBOX}", f"/api/v1/spaces/?bbox={BBOX}"


def utc(day: int, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, 11, day, hour, minute, tzinfo=dt.UTC)


class TestWords:
    @pytest.mark.parametrize(
        ("text", "lonlat", "at", "open_now", "until"),
        [
            ("", KAYSERI, MONDAY, True, None),
            ("24/7", KAYSERI, MONDAY, True, None),
            ("off", KAYSERI, MONDAY, False, None),
            ("unknown", KAYSERI, MONDAY, False, None),  # unknown is not free
            # Kayseri is three hours ahead of UTC, Oslo one in winter.
            ("Mo-Fr 08:00-18:00", KAYSERI, MONDAY, True, utc(23, 15)),
            ("Mo-Fr 08:00-18:00", OSLO, MONDAY, True, utc(23, 17)),
            ("Mo-Fr 18:00-08:00", KAYSERI, MONDAY, False, utc(23, 15)),
            ("Mo-Fr 18:00-08:00", KAYSERI, utc(23, 22), True, utc(24, 5)),
            ('Mo-Fr 08:00-18:00 "with a disc"', KAYSERI, MONDAY, True, utc(23, 15)),
            ("Mo 08:00-16:00, Mo 16:00-17:00 unknown", KAYSERI, utc(23, 13, 30), False, utc(30, 5)),
            ("Mo-Su 08:00-18:00; PH off", OSLO, dt.datetime(2026, 12, 25, 10, tzinfo=dt.UTC), False,
             dt.datetime(2026, 12, 27, 7, tzinfo=dt.UTC)),
        ],
    )  # fmt: skip
    def test_whether_and_until_when(self, text, lonlat, at, open_now, until):
        assert open_state(text, lonlat, at) == OpenState(open_now, until)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("Mo-Fr 25h", "not understood at “25h”"),
            ("after work", "not understood at"),
            ("x" * 300, "300 letters"),
        ],
    )
    def test_others_are_refused_with_the_place_and_an_example(self, text, words):
        (sentence,) = hours_problems(text)
        assert words in sentence
        assert "Mo-Fr 18:00-08:00" in sentence or "most" in sentence


@pytest.mark.django_db
class TestOffer:
    def closed_for_an_hour(self, now: dt.datetime) -> str:
        """Hours that begin in an hour, in Kayseri's time, every day."""
        begins = now + dt.timedelta(hours=4)  # UTC+3
        ends = begins + dt.timedelta(hours=2)
        return f"{begins:%H:%M}-{ends:%H:%M}"

    def answer(self, client, url) -> list[dict]:
        return json.loads(client.get(url).content)["features"]

    def test_outside_its_hours_nothing_is_offered_and_nothing_is_called_full(self, client):
        now = timezone.now()
        zone = make_zone(hours=self.closed_for_an_hour(now))
        publish(zone.slug, [space(3)], now, times=2, classes={"6x2.1": [space(3)]})
        assert ParkingSpace.objects.exists()  # the worker goes on; it is the offer that rests
        (feature,) = self.answer(client, ZONES)
        properties = feature["properties"]
        assert (properties["status"], properties["free_count"], properties["open"]) == (
            "unknown",
            None,
            False,
        )
        assert properties["hours"] == zone.hours
        assert properties["closes_at"] is None
        opens = dt.datetime.fromisoformat(properties["opens_at"])
        assert dt.timedelta(minutes=58) < opens - now <= dt.timedelta(hours=1)
        assert self.answer(client, SPACES) == []
        assert self.answer(client, f"{SPACES}&vehicle_length=5.9") == []
        assert selectors.offered_spaces(timezone.now()) == []

    def test_what_was_offered_ends_when_the_hours_end(self, client):
        now = timezone.now()
        ends = now + dt.timedelta(hours=3, minutes=1)
        zone = make_zone(hours=f"{now + dt.timedelta(hours=1):%H:%M}-{ends:%H:%M}", validity_s=3600)
        publish(zone.slug, [space(3)], now, times=2)
        zone.refresh_from_db()
        assert zone.valid_until == zone.closes_at <= now + dt.timedelta(minutes=1)
        (feature,) = self.answer(client, SPACES)
        assert dt.datetime.fromisoformat(feature["properties"]["valid_until"]) == zone.closes_at
        (feature,) = self.answer(client, ZONES)
        assert (feature["properties"]["open"], feature["properties"]["opens_at"]) == (True, None)
        closes = dt.datetime.fromisoformat(feature["properties"]["closes_at"])
        assert closes == zone.closes_at
        assert zone.is_closed(zone.closes_at)
        assert not zone.is_live(zone.closes_at)

    def test_new_hours_make_the_zone_unknown_until_it_is_seen_again(self, client):
        make_zone()
        publish("main-street", [space(3)], timezone.now(), times=2)
        services.update_zone(zone_spec(hours="off"))
        zone = ParkingZone.objects.get()
        assert (zone.free_count, zone.spaces.count(), zone.snapshots.count()) == (None, 0, 2)
        assert zone.opens_at is None and zone.is_closed(timezone.now())
        (feature,) = self.answer(client, ZONES)
        assert (feature["properties"]["open"], feature["properties"]["opens_at"]) == (False, None)
        services.update_zone(zone_spec())
        (feature,) = self.answer(client, ZONES)
        assert (feature["properties"]["open"], feature["properties"]["hours"]) == (True, None)
