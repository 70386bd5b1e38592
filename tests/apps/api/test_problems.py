# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every error is a problem document; the index and the schema describe what there is."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from drf_spectacular.validation import validate_schema

from tests.apps.street import BBOX

ZONES = f"/api/v1/zones/?bbox={BBOX}"

#: Asks for addresses in a process whose database is at a port where nobody listens.
ASK_WITHOUT_DATABASE = """
import json, sys, django
django.setup()
from django.test import Client
answers = {}
headers = json.loads(sys.argv[1])
for url in sys.argv[2:]:
    r = Client(raise_request_exception=False).get(url, headers={"host": "localhost", **headers})
    answers[url] = [r.status_code, r.headers.get("Content-Type"), r.headers.get("Retry-After"), r.content.decode()]
print(json.dumps(answers))
"""


def ask_without_database(*urls: str, **headers: str) -> dict[str, list]:
    """What a real process answers while PostgreSQL is away."""
    environment = os.environ | {
        "DATABASE_URL": "postgis://nobody@127.0.0.1:1/nothing",
        "DJANGO_SETTINGS_MODULE": "spark.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", ASK_WITHOUT_DATABASE, json.dumps(headers), *urls],
        env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "url", "headers", "status"),
    [
        ("get", "/api/v1/nothing", {}, 404),
        ("get", "/api/v1/zones/7/", {}, 404),
        ("delete", "/api/v1/nothing/at/all/", {}, 404),
        ("post", ZONES, {}, 405),
        ("put", "/api/v1/", {}, 405),
        ("delete", "/api/v1/schema/", {}, 405),
        ("get", ZONES, {"accept": "text/csv"}, 406),
        ("get", "/api/v1/", {"accept": "image/png"}, 406),
        ("get", ZONES + "&format=xml", {}, 406),
        ("get", "/api/v1/zones/", {}, 400),
    ],
)
def test_errors_are_problem_documents(client, method, url, headers, status):
    response = getattr(client, method)(url, headers=headers)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    body = json.loads(response.content)
    assert body["status"] == status
    assert body["instance"] == url
    assert body["title"] and body["detail"] and body["type"]
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_the_database_is_away():
    zones, index = ZONES, "/api/v1/"
    answers = ask_without_database(zones, index)
    status, kind, retry_after, text = answers[zones]
    assert (status, kind, retry_after) == (503, "application/problem+json", "5")
    assert "database cannot be reached" in json.loads(text)["detail"]
    assert "127.0.0.1" not in text
    assert answers[index][0] == 200


@pytest.mark.django_db
def test_something_unexpected_says_nothing_of_the_inside(client, monkeypatch, caplog):
    def burst(*args):
        raise RuntimeError("secret inside")

    monkeypatch.setattr("apps.parking.selectors.zones_geojson", burst)
    response = client.get(ZONES)
    assert (response.status_code, response.headers["Content-Type"]) == (500, "application/problem+json")
    assert "secret" not in response.content.decode()
    assert "secret inside" in caplog.text


@pytest.mark.django_db
def test_the_index_leads_to_everything(client):
    links = {link["rel"]: link["href"] for link in json.loads(client.get("/api/v1/").content)["links"]}
    assert links["zones"] == "http://testserver/api/v1/zones/"
    assert client.get(links["spaces"] + f"?bbox={BBOX}").status_code == 200
    assert client.get(links["service-desc"]).status_code == 200
    classes = json.loads(client.get(links["vehicle-classes"]).content)["classes"]
    assert classes[0] == {"length_m": 3.6, "width_m": 1.7}
    assert len(classes) == 7


@pytest.mark.parametrize(
    ("url", "headers", "detail"),
    [
        (ZONES, {"accept": "text/csv"},
         "There is no such format here; known: application/geo+json (format=geojson), application/json (format=json)."),
        ("/api/v1/?format=xml", {}, "There is no such format here; known: application/json (format=json)."),
    ],
)  # fmt: skip
def test_a_format_that_is_not_there_is_refused_with_those_that_are(client, url, headers, detail):
    assert json.loads(client.get(url, headers=headers).content)["detail"] == detail


def test_a_method_that_is_not_there_is_refused_with_those_that_are(client):
    detail = json.loads(client.post(ZONES).content)["detail"]
    assert detail == "POST does nothing here; there are: GET, HEAD, OPTIONS."


@pytest.mark.parametrize("name", ["zones", "spaces", "vehicle-classes", "schema"])
def test_a_missing_slash_is_mended_for_pages_of_other_sites_too(client, name):
    answer = client.get(f"/api/v1/{name}?bbox=1%2C2&x=%C3%A7")
    assert (answer.status_code, answer.headers["Location"]) == (301, f"/api/v1/{name}/?bbox=1%2C2&x=%C3%A7")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert client.get(f"/api/v1/{name}").headers["Location"] == f"/api/v1/{name}/"


def test_the_schema_is_valid_and_complete(client):
    response = client.get("/api/v1/schema/?format=json")
    schema = json.loads(response.content)
    validate_schema(schema)
    assert set(schema["paths"]) >= {
        "/api/v1/",
        "/api/v1/zones/",
        "/api/v1/spaces/",
        "/api/v1/vehicle-classes/",
    }
    answers = schema["paths"]["/api/v1/spaces/"]["get"]["responses"]
    assert set(answers) == {"200", "304", "400", "406", "503"}
    assert "application/geo+json" in answers["200"]["content"]


@pytest.mark.django_db
def test_pages_of_other_sites_may_read(client):
    preflight = client.options(ZONES, headers={"origin": "https://example.org"})
    assert preflight.status_code == 200
    assert "If-None-Match" in preflight.headers["Access-Control-Allow-Headers"]
    answer = client.get(ZONES, headers={"origin": "https://example.org"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    assert "Set-Cookie" not in answer.headers
