# SPDX-License-Identifier: AGPL-3.0-or-later
"""/healthz and /readyz: each dependency is taken away in turn."""

from __future__ import annotations

import json

import pytest
from django.db import connection

from camera_registry import heartbeat
from tests.apps.api.test_problems import ask_without_database

pytestmark = pytest.mark.django_db


@pytest.fixture
def alive(redis_client):
    for kind in ("worker", "watcher", "alerts"):
        heartbeat.beat(redis_client, kind, "one", {})
    return redis_client


def states(body: dict) -> dict[str, str]:
    return {name: part["status"] for name, part in body["dependencies"].items()}


def test_healthz_asks_nobody(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response.headers["Cache-Control"]


def test_all_is_there(client, alive):
    response = client.get("/readyz")
    assert response.status_code == 200
    body = response.json()
    assert body["status"] == "ok"
    assert set(states(body)) == {"database", "postgis", "migrations", "redis", "worker", "watcher", "alerts"}
    assert set(states(body).values()) == {"ok"}
    assert body["dependencies"]["worker"]["detail"] == "1 alive, heard of 0 s ago"


def test_no_worker(client, alive):
    heartbeat.forget(alive, "worker", "one")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert states(response.json())["worker"] == "down"
    assert response.json()["dependencies"]["worker"]["detail"] == "no worker has been heard of for 15 s"


@pytest.mark.parametrize("kind", ["watcher", "alerts"])
def test_some_are_told_of_but_the_map_is_ready(client, alive, kind):
    heartbeat.forget(alive, kind, "one")
    response = client.get("/readyz")
    assert response.status_code == 200
    part = response.json()["dependencies"][kind]
    assert (part["status"], part["needed"]) == ("down", False)
    assert part["detail"].endswith("has been heard of for 15 s")


def test_redis_is_away(client, settings):
    settings.REDIS_URL = "redis://:secret@127.0.0.1:1/0"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert states(response.json()) == {
        "database": "ok",
        "postgis": "ok",
        "migrations": "ok",
        "redis": "down",
        "worker": "down",
        "watcher": "down",
        "alerts": "down",
    }
    assert "secret" not in response.content.decode()


def test_a_migration_is_missing(client, alive):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'parking'")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "manage.py migrate" in response.json()["dependencies"]["migrations"]["detail"]


def test_the_database_is_away():
    answers = ask_without_database("/readyz", "/healthz", "/")
    status, _, _, text = answers["/readyz"]
    found = states(json.loads(text))
    assert status == 503
    assert (found["database"], found["postgis"], found["migrations"]) == ("down", "down", "down")
    assert found["redis"] == "ok"
    assert answers["/healthz"][0] == 200
    assert answers["/"][0] == 200  # the page opens and tells what is wrong


@pytest.mark.parametrize("url", ["/healthz", "/readyz"])
def test_reading_only(client, url):
    assert client.post(url).status_code == 405
