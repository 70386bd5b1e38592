# SPDX-License-Identifier: AGPL-3.0-or-later
"""An owner, another one with an account, a stranger and an admin, over every address there is."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from apps.owners.urls import urlpatterns
from camera_registry.models import Camera
from camera_registry.reference_frames import reference_frames
from tests.apps.owners.lending import FORM, PASSWORD, a_lent_camera, a_person, logged_in

pytestmark = pytest.mark.django_db

#: Every address about one camera, from the routes themselves: a new one is tried without being named here.
OF_A_CAMERA = [pattern.name for pattern in urlpatterns if "<slug:name>" in str(pattern.pattern)]
OF_A_MASK = [name for name in OF_A_CAMERA if name.startswith("mask")]
OF_A_PERSON = ["cameras", "account", "password", "delete-account", "new"]
PUBLIC = {"login", "logout", "join", "public-notice"}
#: What each of them would take from its owner.
SENT = {
    "words": FORM,
    "connect": {"method": "password", "old_stops": "now"},
    "switch": {"to": "off"},
    "mask": '{"polygons": [[[0, 0], [50, 0], [50, 50]]], "image_size": [640, 360]}',
}


@pytest.fixture
def ada():
    return a_person("ada")


@pytest.fixture
def camera(ada, redis_client):
    return a_lent_camera(ada)


def address(name: str, camera: Camera) -> str:
    return reverse(f"owners:{name}", args=(camera.name,))


def send(client, name: str, camera: Camera):
    data = SENT.get(name, {})
    if isinstance(data, str):
        return client.post(address(name, camera), data, content_type="application/json")
    return client.post(address(name, camera), data)


def everything(camera: Camera) -> tuple:
    now = Camera.objects.get(pk=camera.pk)
    return (
        now.title, now.enabled, now.password_hash, now.old_password_hash, now.privacy_mask, now.owner_id,
        list(now.keys.values_list("fingerprint", "stops_at")), list(now.consents.values_list("pk", "withdrawn_at")),
    )  # fmt: skip


def test_every_route_is_known_to_these_tests():
    assert len(OF_A_CAMERA) >= 13
    names = {pattern.name for pattern in urlpatterns}
    assert names == {*OF_A_CAMERA, *OF_A_PERSON, *PUBLIC}


@pytest.mark.parametrize("name", OF_A_CAMERA)
def test_another_owner_finds_nothing_and_changes_nothing(camera, name):
    before = everything(camera)
    reference_frames().ask(camera.pk)
    mallory = logged_in(a_person("mallory"))
    a_lent_camera(a_person("mallory2"))
    assert mallory.get(address(name, camera)).status_code == 404
    assert send(mallory, name, camera).status_code == 404
    assert everything(camera) == before
    assert reference_frames().asked(camera.pk)


@pytest.mark.parametrize("name", OF_A_CAMERA)
def test_it_looks_the_same_as_a_camera_that_is_not_there(client, camera, name):
    mallory = logged_in(a_person("mallory"))
    theirs = mallory.get(address(name, camera))
    nobodys = mallory.get(reverse(f"owners:{name}", args=("no-such-camera",)))
    assert (theirs.status_code, theirs.content) == (nobodys.status_code, nobodys.content)


@pytest.mark.parametrize("name", [*OF_A_CAMERA, *OF_A_PERSON])
def test_strangers_are_sent_to_the_login(client, camera, name):
    before = everything(camera)
    url = address(name, camera) if name in OF_A_CAMERA else reverse(f"owners:{name}")
    for response in (
        client.get(url),
        client.post(url, SENT.get(name) if name in ("words", "switch") else {}),
    ):
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/my/login/?next=/my/")
    assert everything(camera) == before


@pytest.mark.parametrize("name", OF_A_CAMERA)
def test_nothing_is_done_without_the_page_s_own_token(camera, ada, name):
    """Another site cannot press an owner's buttons."""
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    before = everything(camera)
    assert send(client, name, camera).status_code in (403, 405)
    assert everything(camera) == before


def test_an_admin_who_may_change_cameras_draws_any_mask_and_nothing_else(camera):
    admin = a_person("root", is_staff=True)
    client = logged_in(admin)
    for name in OF_A_CAMERA:
        assert client.get(address(name, camera)).status_code == 404
    admin.user_permissions.add(Permission.objects.get(codename="change_camera"))
    client = logged_in(type(admin).objects.get(pk=admin.pk))
    for name in OF_A_CAMERA:
        allowed = name in OF_A_MASK
        assert (client.get(address(name, camera)).status_code != 404) is allowed, name
    assert send(client, "mask", camera).json() == {"shapes": 1}
    assert "/my/camera/" in client.get(f"/admin/camera_registry/camera/{camera.pk}/change/").content.decode()


def test_the_list_shows_one_s_own_only(camera, ada):
    other = a_lent_camera(a_person("mallory"), title="Mallory's window")
    shown = logged_in(ada).get("/my/").content.decode()
    assert camera.title in shown and camera.name in shown
    assert other.title not in shown and other.name not in shown


def test_an_account_that_is_switched_off_is_out_with_its_cameras(camera, ada):
    client = logged_in(ada)
    assert client.get("/my/").status_code == 200
    ada.is_active = False
    ada.save()  # as the admin's form does
    assert client.get("/my/").status_code == 302
    camera.refresh_from_db()
    assert not camera.enabled


def test_no_page_is_kept_framed_or_lets_foreign_scripts_run(camera, ada):
    for url in ("/my/login/", "/my/", address("camera", camera), address("mask", camera)):
        response = logged_in(ada).get(url, follow=True)
        assert response.headers["Cache-Control"] == "no-store"
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        html = response.content.decode()
        assert "<style" not in html and " style=" not in html and " onclick" not in html


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("nonsense", 400),
        ("[]", 400),
        ('{"polygons": [[[0, 0], [1, 1]]], "image_size": [640, 360]}', 422),
        ('{"polygons": [[[0, 0], [50, 0], [50, 50]]], "image_size": [Infinity, 360]}', 422),
        ('{"polygons": ' + "[" * 5000 + "]" * 5000 + ', "image_size": [640, 360]}', 400),
        ('{"polygons": [[[0, 0], [640, 0], [640, 360], [0, 360]]], "image_size": [640, 360]}', 422),
        ('{"x": "' + "x" * 300_000 + '"}', 400),
    ],
)
def test_a_mask_that_is_none_is_refused_in_a_sentence(camera, ada, body, status):
    response = logged_in(ada).post(address("mask", camera), body, content_type="application/json")
    assert (response.status_code, bool(response.json()["message"])) == (status, True)
    camera.refresh_from_db()
    assert camera.privacy_mask == []


def test_a_mask_is_saved_only_where_the_frame_that_is_held_can_be_forgotten(camera, ada, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert send(logged_in(ada), "mask", camera).status_code == 503
    camera.refresh_from_db()
    assert camera.privacy_mask == []


class TestLogin:
    def test_the_right_password_leads_where_one_was_going(self, client, camera):
        data = {"username": "ada", "password": PASSWORD, "next": address("camera", camera)}
        assert client.post("/my/login/", data).headers["Location"] == address("camera", camera)

    @pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
    def test_it_leads_nowhere_else(self, client, camera, where):
        data = {"username": "ada", "password": PASSWORD, "next": where}
        assert client.post("/my/login/", data).headers["Location"] == "/my/"

    def test_guessing_is_ended_for_that_name_and_address(self, client, camera):
        for _ in range(10):
            assert client.post("/my/login/", {"username": "ada", "password": "wrong"}).status_code == 200
        blocked = client.post("/my/login/", {"username": "ada", "password": PASSWORD})
        assert blocked.status_code == 429
        assert "_auth_user_id" not in client.session

    def test_names_in_turn_from_one_address_are_ended_too(self, client, camera):
        for number in range(10):
            client.post("/my/login/", {"username": f"somebody{number}", "password": "wrong"})
        assert client.post("/my/login/", {"username": "ada", "password": PASSWORD}).status_code == 429
        elsewhere = client.post(
            "/my/login/", {"username": "ada", "password": PASSWORD}, REMOTE_ADDR="192.0.2.9"
        )
        assert elsewhere.status_code == 302

    def test_behind_a_proxy_the_address_is_what_the_proxy_says(self, client, camera, settings):
        settings.SPARK_BEHIND_TLS_PROXY = True
        for number in range(10):
            client.post(
                "/my/login/",
                {"username": f"somebody{number}", "password": "wrong"},
                headers={"X-Forwarded-For": f"10.0.0.{number}, 203.0.113.5"},
            )
        good = {"username": "ada", "password": PASSWORD}
        assert client.post("/my/login/", good, headers={"X-Forwarded-For": "203.0.113.5"}).status_code == 429
        assert client.post("/my/login/", good, headers={"X-Forwarded-For": "203.0.113.6"}).status_code == 302

    def test_while_redis_is_away_nobody_can_try(self, client, camera, settings):
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        assert client.post("/my/login/", {"username": "ada", "password": PASSWORD}).status_code == 503
