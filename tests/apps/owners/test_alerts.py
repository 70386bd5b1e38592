# SPDX-License-Identifier: AGPL-3.0-or-later
"""The owner says how to be told, tries it, and gets the webhook's secret once."""

from __future__ import annotations

import pytest
from django.utils import timezone, translation

from camera_registry.models import Camera, CameraAlert
from tests.apps.owners.lending import a_lent_camera, a_person, logged_in, typed

pytestmark = pytest.mark.django_db

HOOK = "https://hooks.example.org/spark"
#: What the form sends beside what is chosen.
ENGLISH = {"alert_language": "en-gb"}


@pytest.fixture
def ada():
    return a_person()


@pytest.fixture
def camera(ada, redis_client) -> Camera:
    return a_lent_camera(ada)


@pytest.fixture
def at(camera) -> str:
    return f"/my/camera/{camera.name}/alerts/"


@pytest.fixture
def client(ada):
    return logged_in(ada)


def now(camera: Camera) -> tuple[bool, str]:
    camera.refresh_from_db()
    return camera.alert_by_email, camera.alert_webhook


def test_choosing_how_to_be_told(client, camera, at):
    page = client.get(at).content.decode()
    assert "ada@example.org" in page and "checked" in page  # e-mail is on from the start
    client.post(at, ENGLISH | {"alert_webhook": HOOK})
    assert now(camera) == (False, HOOK)
    client.post(at, ENGLISH | {"alert_by_email": "on", "alert_webhook": ""})
    assert now(camera) == (True, "")
    assert "You are told when it stops sending" in client.get(f"/my/camera/{camera.name}/").content.decode()
    client.post(at, ENGLISH)
    assert "You are not told." in client.get(f"/my/camera/{camera.name}/").content.decode()


def test_e_mails_come_in_the_language_the_owner_came_with_until_another_is_chosen(client, ada, camera, at):
    assert camera.alert_language == "en-gb"
    with translation.override("tr"):
        assert a_lent_camera(ada).alert_language == "tr"
    page = client.get(at).content.decode()
    assert '<option value="en-gb" selected>English</option>' in page
    client.post(at, {"alert_by_email": "on", "alert_language": "tr", "alert_webhook": ""})
    camera.refresh_from_db()
    assert camera.alert_language == "tr"
    assert "not one of the available choices" in client.post(at, {"alert_language": "xx"}).content.decode()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://hooks.example.org/", "must begin with https://"),
        ("https://192.168.1.1/", "private network"),
        ("https://[::1]/", "private network"),
    ],
)
def test_an_address_inside_the_servers_network_is_refused_with_its_cure(client, camera, at, url, said):
    page = client.post(at, ENGLISH | {"alert_webhook": url}).content.decode()
    assert said in page and url in page  # nothing that was typed is lost
    assert now(camera) == (True, "")


def test_a_test_at_most_once_a_minute(client, camera, at, settings):
    settings.SPARK_SENDS_EMAIL = True
    assert "on its way" in client.post(at + "test/", follow=True).content.decode()
    assert "wait a minute" in client.post(at + "test/", follow=True).content.decode()
    assert CameraAlert.objects.count() == 1
    CameraAlert.objects.update(created_at=timezone.now() - timezone.timedelta(minutes=2))
    client.post(at + "test/")
    assert CameraAlert.objects.count() == 2
    assert "a test" in client.get(at).content.decode()


def test_a_test_without_a_way(client, at):
    assert "choose one first" in client.post(at + "test/", follow=True).content.decode()


def test_the_secret_is_shown_once(client, camera, at):
    client.post(at, ENGLISH | {"alert_webhook": HOOK})
    secret = typed(client.post(at + "secret/").content.decode().replace("&#x3D;", "="), "secret")
    camera.refresh_from_db()
    assert camera.alert_secret == secret and secret.startswith("whsec_")
    assert "whsec_" not in client.get(at).content.decode()


@pytest.mark.parametrize("ending", ["", "test/", "secret/"])
def test_nobody_else_can(at, camera, ending):
    before = now(camera)
    assert logged_in(a_person("mallory")).post(at + ending, {"alert_webhook": HOOK}).status_code == 404
    assert (now(camera), CameraAlert.objects.count(), camera.alert_secret) == (before, 0, "")
