# SPDX-License-Identifier: AGPL-3.0-or-later
"""The map's two answers: RFC 7946, what is offered and what is not, ETags that follow publications and expiries."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import json
from typing import Any

import jsonschema
import pytest
import shapely
from django.utils import timezone
from geojson_pydantic import FeatureCollection

from apps.api import schemas
from apps.parking import selectors, services
from apps.parking.bbox import BBox
from apps.parking.models import ParkingZone
from tests.apps.street import BBOX, box, make_zone, publish, space, zone_spec

pytestmark = pytest.mark.django_db

ZONES = f"/api/v1/zones/?bbox={BBOX}"
SPACES = f"/api/v1/spaces/?bbox={BBOX}"
VAN = "&vehicle_length=5.9&vehicle_width=2.0"
AROUND = BBox.parse(BBOX, max_span_deg=1)


@pytest.fixture
def now() -> dt.datetime:
    return timezone.now()


def seconds(number: float) -> dt.timedelta:
    return dt.timedelta(seconds=number)


def plain_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI 3.0's `nullable` in the words of JSON Schema."""
    schema = copy.deepcopy(schema)

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if node.pop("nullable", False):
                node["type"] = [node["type"], "null"]
            for child in node.values():
                walk(child)
        elif isinstance(node, list):
            for child in node:
                walk(child)

    walk(schema)
    return schema


class TestForm:
    @pytest.fixture
    def street(self, now):
        make_zone()
        make_zone("yard", mode="diagonal", angle_deg=60, geometry_3857=box(0, 10, 60, 16).reverse())
        make_zone("unseen", geometry_3857=box(0, 30, 60, 36))
        van = space(4, length_m=6.0, width_m=2.4)
        roomy = dataclasses.replace(space(3), room_length_m=6.25, room_width_m=2.4)
        spaces = [roomy, space(12.3, bearing_deg=92.5)]
        publish("main-street", spaces, now, times=2, classes={"6x2.1": [van], "8x2.5": []})
        publish("yard", [], now)

    @pytest.mark.parametrize(
        ("url", "schema"),
        [
            (ZONES, schemas.ZONES),
            (SPACES, schemas.SPACES),
            (ZONES + VAN, schemas.ZONES),
            (SPACES + VAN, schemas.SPACES),
        ],
    )
    def test_rfc_7946_and_our_own_schema(self, client, street, url, schema):
        response = client.get(url)
        assert response.headers["Content-Type"] == "application/geo+json"
        body = json.loads(response.content)
        assert FeatureCollection(**body).features
        jsonschema.validate(body, plain_schema(schema), format_checker=jsonschema.FormatChecker())
        assert "crs" not in body
        for feature in body["features"]:
            assert feature["id"]
            ring = feature["geometry"]["coordinates"][0]
            assert shapely.LinearRing(ring).is_ccw
            assert ring[0] == ring[-1]
            assert all(35.48 < lon < 35.495 and 38.715 < lat < 38.73 for lon, lat in ring)
            assert all(len(str(number).split(".")[1]) <= 7 for point in ring for number in point)

    def test_properties_of_a_space(self, client, street, now):
        feature = json.loads(client.get(SPACES).content)["features"][1]
        properties = feature["properties"]
        assert (properties["zone"], properties["status"], properties["access"]) == (
            "main-street",
            "free",
            "public",
        )
        assert (properties["length_m"], properties["width_m"], properties["bearing_deg"]) == (5.0, 2.3, 92.5)
        assert (properties["orientation"], properties["confidence"]) == ("parallel", 0.9)
        for name, moment in (("observed_at", now), ("valid_until", now + seconds(120))):
            assert properties[name].endswith("Z")
            assert abs(dt.datetime.fromisoformat(properties[name]) - moment) < dt.timedelta(milliseconds=1)

    def test_rooms_and_the_vehicle_s_class(self, client, street):
        own, other = [f["properties"] for f in json.loads(client.get(SPACES).content)["features"]]
        assert (own["room_length_m"], own["room_width_m"]) == (6.25, 2.4)
        assert (other["room_length_m"], own["vehicle_length_m"], own["vehicle_width_m"]) == (None, None, None)
        (van,) = [f["properties"] for f in json.loads(client.get(SPACES + VAN).content)["features"]]
        assert (van["length_m"], van["width_m"]) == (6.0, 2.4)
        assert (van["vehicle_length_m"], van["vehicle_width_m"]) == (6.0, 2.1)

    def test_zones_count_for_the_vehicle(self, client, street):
        def counts(query: str) -> dict[str, tuple[str, int | None]]:
            features = json.loads(client.get(ZONES + query).content)["features"]
            return {f["id"]: (f["properties"]["status"], f["properties"]["free_count"]) for f in features}

        unseen, yard = ("unknown", None), ("unknown", None)  # the yard was never laid out for classes
        assert counts("") == {"main-street": ("free", 2), "unseen": unseen, "yard": ("full", 0)}
        assert counts(VAN) == {"main-street": ("free", 1), "unseen": unseen, "yard": yard}
        assert counts("&vehicle_length=7.5") == {"main-street": ("full", 0), "unseen": unseen, "yard": yard}

    def test_properties_of_zones(self, client, street):
        zones = {f["id"]: f["properties"] for f in json.loads(client.get(ZONES).content)["features"]}
        assert list(zones) == ["main-street", "unseen", "yard"]
        assert (zones["main-street"]["status"], zones["main-street"]["free_count"]) == ("free", 2)
        assert (zones["yard"]["status"], zones["yard"]["free_count"]) == ("full", 0)
        assert (zones["unseen"]["status"], zones["unseen"]["free_count"]) == ("unknown", None)
        assert zones["unseen"]["observed_at"] is None
        assert (zones["yard"]["orientation"], zones["yard"]["angle_deg"]) == ("diagonal", 60)

    def test_the_same_version_is_the_same_bytes(self, client, street):
        assert client.get(ZONES).content == client.get(ZONES).content
        assert client.get(SPACES).content == client.get(SPACES).content

    def test_plain_json_for_those_who_ask(self, client, street):
        response = client.get(ZONES, headers={"accept": "application/json"})
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Vary"] == "Accept, Accept-Encoding"
        assert FeatureCollection(**json.loads(response.content)).features

    def test_only_what_meets_the_box(self, client, street):
        far = json.loads(client.get("/api/v1/zones/?bbox=35.6,38.7,35.7,38.8").content)
        assert far == {"type": "FeatureCollection", "features": []}
        # The first space lies 0.5 to 5.5 m east of the corner, 1 m being 0.0000115 degrees here.
        near = json.loads(client.get("/api/v1/spaces/?bbox=35.487,38.722,35.48722,38.723").content)
        assert len(near["features"]) == 1


class TestWhatIsOffered:
    def offered(self, client) -> list[str]:
        return [feature["id"] for feature in json.loads(client.get(SPACES).content)["features"]]

    def zones(self, client) -> dict[str, Any]:
        return {f["id"]: f["properties"] for f in json.loads(client.get(ZONES).content)["features"]}

    def test_a_space_seen_once_is_not_offered_yet(self, client, now):
        make_zone()
        publish("main-street", [space(3)], now - seconds(1))
        assert self.offered(client) == []
        assert self.zones(client)["main-street"]["status"] == "unknown"
        publish("main-street", [space(3)], now)
        assert len(self.offered(client)) == 1
        assert self.zones(client)["main-street"]["free_count"] == 1

    def test_a_space_taken_is_gone_at_once(self, client, now):
        make_zone()
        publish("main-street", [space(3), space(20)], now - seconds(1), times=2)
        (kept,) = set(self.offered(client)[1:])
        publish("main-street", [space(20)], now)
        assert self.offered(client) == [kept]

    @pytest.mark.parametrize("changes", [{"access": "private"}, {"enabled": False}])
    def test_private_and_closed_zones_are_in_no_answer(self, client, now, changes):
        make_zone("yard", **changes)
        publish("yard", [space(3)], now, times=2)
        assert self.offered(client) == []
        assert self.zones(client) == {}
        assert selectors.public_extent() is None

    def test_residents_zones_say_so(self, client, now):
        make_zone("yard", access="residents")
        publish("yard", [space(3)], now, times=2)
        assert self.zones(client)["yard"]["access"] == "residents"

    def test_an_expired_zone_is_unknown_never_0(self, client, now):
        make_zone(validity_s=60)
        make_zone("full-street", geometry_3857=box(0, 10, 60, 12.5), validity_s=60)
        publish("main-street", [space(3)], now - seconds(61), times=2)
        publish("full-street", [], now - seconds(61))
        assert self.offered(client) == []
        for zone in self.zones(client).values():
            assert (zone["status"], zone["free_count"], zone["seen_share"]) == ("unknown", None, None)

    def test_spaces_run_out_one_by_one_and_the_last_leaves_unknown(self, now):
        make_zone(validity_s=60)
        old, older = now - seconds(20), now - seconds(40)
        for later in (0, 1):
            spaces = [
                space(3, observed_at=older + seconds(later)),
                space(20, observed_at=old + seconds(later)),
            ]
            publish("main-street", spaces, now - seconds(1 - later))

        def count(at: dt.datetime) -> int | None:
            (zone,) = json.loads(selectors.zones_geojson(AROUND, at).geojson)["features"]
            return zone["properties"]["free_count"]

        assert [count(now + seconds(at)) for at in (0, 25, 45, 65)] == [2, 1, None, None]


class TestETag:
    @pytest.fixture
    def street(self, now):
        make_zone(validity_s=60)
        publish("main-street", [space(3)], now, times=2)

    @pytest.mark.parametrize("url", [ZONES, SPACES])
    def test_304_has_no_body_and_the_same_tag(self, client, street, url, django_assert_num_queries):
        with django_assert_num_queries(1):
            first = client.get(url)
        etag = first.headers["ETag"]
        with django_assert_num_queries(1):
            again = client.get(url, headers={"if-none-match": etag})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == etag
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
        assert again.headers["Vary"] == first.headers["Vary"] == "Accept, Accept-Encoding"

    @pytest.mark.parametrize("url", [ZONES, SPACES])
    def test_each_class_has_its_own_tag_and_sizes_within_it_share_it(
        self, client, now, url, django_assert_num_queries
    ):
        make_zone()
        publish("main-street", [space(3)], now, times=2, classes={"6x2.1": [space(3)]})
        tags = {}
        for query in ("", "&vehicle_length=5.9&vehicle_width=2", "&vehicle_length=5.5", "&vehicle_length=7"):
            with django_assert_num_queries(1):
                tags[query] = client.get(url + query).headers["ETag"]
            with django_assert_num_queries(1):
                again = client.get(url + query, headers={"if-none-match": tags[query]})
            assert again.status_code == 304
        own, van, other_van, bus = tags.values()
        assert van == other_van
        assert len({own, van, bus}) == 3

    @pytest.mark.parametrize(
        ("sent", "status"),
        [
            ("{etag}", 304),
            ("{strong}", 304),
            ('"old", {etag}', 304),
            ("*", 304),
            ('"old"', 200),
            ('W/"old"', 200),
            ("nonsense", 200),
            ("", 200),
        ],
    )
    def test_if_none_match_in_all_its_forms(self, client, street, sent, status):
        etag = client.get(ZONES).headers["ETag"]
        header = sent.format(etag=etag, strong=etag.removeprefix("W/"))
        assert client.get(ZONES, headers={"if-none-match": header}).status_code == status

    @pytest.mark.parametrize("url", [ZONES, SPACES])
    def test_a_changed_map_costs_two_queries(self, client, street, url, django_assert_num_queries):
        with django_assert_num_queries(2):
            assert client.get(url, headers={"if-none-match": '"old"'}).status_code == 200

    def test_what_changes_the_tag(self, now):
        make_zone(validity_s=60)
        seen: list[str] = [selectors.map_version(AROUND, now)]

        def changed(at: dt.datetime = now) -> bool:
            seen.append(selectors.map_version(AROUND, at))
            return seen[-1] != seen[-2]

        publish("main-street", [space(3)], now - seconds(2))
        assert changed()
        publish("main-street", [space(3)], now - seconds(1))
        assert changed()
        assert not changed()
        services.update_zone(zone_spec(name="New name", validity_s=60))
        assert changed()
        make_zone("far", geometry_3857=box(5000, 5000, 5060, 5010))
        assert not changed()  # outside the box
        assert not changed(now + seconds(58))
        assert changed(now + seconds(60))  # the zone and its space have run out
        ParkingZone.objects.filter(slug="main-street").delete()
        assert changed(now + seconds(60))
        assert len(set(seen)) == len(seen) - 3

    def test_a_space_that_runs_out_changes_the_tag_before_its_zone_does(self, now):
        make_zone(validity_s=60)
        for later in (1, 0):
            old = space(3, observed_at=now - seconds(30 + later))
            publish("main-street", [old, space(20)], now - seconds(later))
        before = selectors.map_version(AROUND, now + seconds(29))
        after = selectors.map_version(AROUND, now + seconds(31))
        assert before != after
        assert len(json.loads(selectors.spaces_geojson(AROUND, now + seconds(31)).geojson)["features"]) == 1

    def test_the_answer_and_its_tag_come_from_one_look(self, now):
        make_zone()
        answer = selectors.spaces_geojson(AROUND, now)
        assert answer.version == selectors.map_version(AROUND, now)


class TestBBox:
    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("", "bbox: it is missing; send bbox=west,south,east,north"),
            ("bbox=", "it has 1 parts"),
            ("bbox=1,2,3", "it has 3 parts"),
            ("bbox=1,2,3,4,5,6", "it has 6 parts"),
            ("bbox=1,2,3,4&bbox=1,2,3,4", "it comes 2 times"),
            ("bbox=a,2,3,4", "“a” is no number"),
            ("bbox=1,,3,4", "is no number"),
            ("bbox=1_0,2,3,4", "is no number"),
            ("bbox=%D9%A1,2,3,4", "is no number"),
            ("bbox=nan,2,3,4", "not a finite number"),
            ("bbox=1,2,inf,4", "not a finite number"),
            ("bbox=1,2,1e999,4", "not a finite number"),
            ("bbox=181,2,182,3", "longitudes lie within -180 and 180"),
            ("bbox=38.7,135.4,38.8,135.5", "longitude first"),
            ("bbox=1,-86,2,-85.5", "the map ends at latitude"),
            ("bbox=1,3,2,2", "south (3) lies north of north (2)"),
            ("bbox=3,1,2,2", "west (3) lies east of east (2)"),
            ("bbox=179.9,1,-179.9,1.1", "180th meridian"),
            ("bbox=1,1,1,2", "no area"),
            ("bbox=1,1,2,1", "no area"),
            ("bbox=-180,-85,180,85", "zoom in"),
            ("bbox=1,1,1.1,1.1'%20OR%201=1", "is no number"),
            ("bbox=" + "9" * 5000 + ",1,2,3", "is not a finite number"),
            ("bbox=35.4,38.7,35.5,38.8&box=1", "box: there is no such parameter here; known: bbox"),
            ("bbox=35.4,38.7,35.5,38.8&vehicle=5.9", "vehicle: there is no such parameter"),
        ],
    )
    @pytest.mark.parametrize("endpoint", ["zones", "spaces"])
    def test_bad_values_are_refused_by_name_with_the_cure(
        self, client, endpoint, query, words, django_assert_num_queries
    ):
        with django_assert_num_queries(0):
            response = client.get(f"/api/v1/{endpoint}/?{query}")
        body = json.loads(response.content)
        assert response.status_code == 400
        assert response.headers["Content-Type"] == "application/problem+json"
        assert words in body["detail"]
        assert body["errors"][0]["parameter"] == body["detail"].split(":")[0]

    @pytest.mark.parametrize(
        ("query", "parameter", "words"),
        [
            ("vehicle_length=-5", "vehicle_length", "more than 0"),
            ("vehicle_length=0", "vehicle_length", "more than 0"),
            ("vehicle_length=", "vehicle_length", "is no number; send metres such as 5.9"),
            ("vehicle_length=long", "vehicle_length", "is no number"),
            ("vehicle_length=5,9", "vehicle_length", "is no number"),
            ("vehicle_length=5_9", "vehicle_length", "is no number"),
            ("vehicle_length=nan", "vehicle_length", "not a finite number"),
            ("vehicle_length=1e999", "vehicle_length", "not a finite number"),
            ("vehicle_length=5&vehicle_length=6", "vehicle_length", "it comes 2 times"),
            ("vehicle_length=590", "vehicle_length", "the largest class is 8 × 2.5 m"),
            ("vehicle_length=8.01", "vehicle_length", "of 8.01 m; the largest class is 8 × 2.5 m"),
            ("vehicle_length=5&vehicle_width=2.6", "vehicle_length", "of 5 × 2.6 m; the largest class"),
            ("vehicle_length=5&vehicle_width=-1", "vehicle_width", "more than 0"),
            ("vehicle_width=2", "vehicle_length", "it is missing"),
        ],
    )
    @pytest.mark.parametrize("endpoint", ["zones", "spaces"])
    def test_vehicles_that_make_no_sense(
        self, client, endpoint, query, parameter, words, django_assert_num_queries
    ):
        with django_assert_num_queries(0):
            response = client.get(f"/api/v1/{endpoint}/?bbox={BBOX}&{query}")
        body = json.loads(response.content)
        assert (response.status_code, body["errors"][0]["parameter"]) == (400, parameter)
        assert response.headers["Content-Type"] == "application/problem+json"
        assert words in body["detail"]

    def test_a_site_without_classes_says_so(self, client, settings):
        settings.SPARK_VEHICLE_CLASSES = []
        detail = json.loads(client.get(SPACES + VAN).content)["detail"]
        assert "no zone is laid out for vehicle sizes here" in detail

    def test_spaces_take_smaller_boxes_than_zones(self, client):
        wide = "bbox=35.4,38.6,35.8,38.9"
        assert client.get(f"/api/v1/zones/?{wide}").status_code == 200
        assert "0.25°" in json.loads(client.get(f"/api/v1/spaces/?{wide}").content)["detail"]

    @pytest.mark.parametrize(
        "query", ["bbox=35.4,38.7,35.5,38.8", "bbox=%2035.4,%2038.7,35.5,+38.8", "bbox=-1e-1,-.1,0,0"]
    )
    def test_good_values(self, client, query):
        assert client.get(f"/api/v1/spaces/?{query}").status_code == 200
