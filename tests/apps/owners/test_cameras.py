# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an owner does with a camera, and what the real door makes of it."""

from __future__ import annotations

import asyncio
import datetime as dt
import re

import asyncssh
import pytest
from django.contrib.auth import get_user_model
from django.db import connections
from django.utils import timezone

from apps.owners import consent
from camera_registry import onboarding
from camera_registry import services as registry
from camera_registry.models import Camera, CameraConsent
from camera_registry.reference_frames import reference_frames
from tests.apps.owners.lending import FORM, PASSWORD, WORDS, a_lent_camera, a_person, logged_in, typed
from tests.camera_registry.doors import running_door

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_client")]


@pytest.fixture
def ada():
    return a_person("ada")


@pytest.fixture
def owner(ada):
    return logged_in(ada)


@pytest.fixture
def camera(ada):
    return a_lent_camera(ada)


@pytest.fixture
def door(settings):
    with running_door() as opened:
        settings.SPARK_SFTP_PORT = opened.port
        yield opened


def page(camera: Camera, ending: str = "") -> str:
    return f"/my/camera/{camera.name}/{ending}"


def opens(door, camera: Camera, **credential) -> bool:
    async def go() -> bool:
        try:
            async with door.connect(camera.name, **credential):
                return True
        except asyncssh.PermissionDenied:
            return False

    return asyncio.run(go())


def connect(owner, camera: Camera, **data) -> str:
    response = owner.post(page(camera, "connect/"), {"method": "password", "old_stops": "now"} | data)
    assert response.status_code == 200
    return response.content.decode()


class TestAdding:
    def test_the_consent_is_recorded_and_the_camera_is_theirs(self, owner, ada):
        response = owner.post("/my/new/", FORM)
        camera = Camera.objects.get()
        assert response.headers["Location"] == page(camera, "connect/")
        assert (camera.owner, camera.title, camera.expected_interval_s) == (ada, FORM["title"], 30)
        assert re.fullmatch(r"main-street-third-floor-[0-9a-f]{8}", camera.name)
        (agreed,) = camera.consents.all()
        assert (agreed.user, agreed.who, agreed.text_version) == (ada, "Ada Lovelace", consent.VERSION)
        assert (agreed.purpose, agreed.withdrawn_at) == (FORM["purpose"], None)

    def test_without_consent_there_is_no_camera(self, owner):
        response = owner.post("/my/new/", {**FORM, "agree": ""})
        assert "Without your consent" in response.content.decode()
        assert not Camera.objects.exists()

    def test_there_is_an_end_to_how_many(self, owner, settings):
        settings.SPARK_CAMERAS_PER_OWNER = 1
        owner.post("/my/new/", FORM)
        assert "You have 1 cameras already" in owner.post("/my/new/", FORM).content.decode()
        assert Camera.objects.count() == 1

    @pytest.mark.parametrize(
        "title", ["<script>alert(1)</script>", "🚗🚗", "ÇĞİÖŞÜ çığ", "a" * 120, "../../etc"]
    )
    def test_any_title_gives_a_plain_account(self, owner, title):
        owner.post("/my/new/", {**FORM, "title": title})
        camera = Camera.objects.get()
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{9,39}", camera.name)
        html = owner.get(page(camera)).content.decode()
        assert "<script>alert" not in html


class TestCredentials:
    def test_what_is_shown_once_opens_the_door(self, owner, camera, door):
        html = connect(owner, camera)
        assert typed(html, "account") == camera.name
        assert typed(html, "port") == str(door.port)
        for fingerprint in door.fingerprints:
            assert fingerprint in html
        password = typed(html, "password")
        assert len(password) >= 32
        assert opens(door, camera, password=password)
        assert password not in owner.get(page(camera)).content.decode()
        assert password not in str(Camera.objects.values().get())

    def test_a_key_made_here_opens_it_and_is_kept_nowhere(self, owner, camera, door):
        html = connect(owner, camera, method="key")
        key = re.search(r"-----BEGIN OPENSSH PRIVATE KEY-----[^<]+", html).group(0)
        assert opens(door, camera, client_keys=[asyncssh.import_private_key(key)])
        assert "PRIVATE KEY" not in str(Camera.objects.values().get()) + str(camera.keys.values())

    def test_one_s_own_public_key_will_do(self, owner, camera, door):
        key = asyncssh.generate_private_key("ssh-ed25519")
        connect(owner, camera, method="own", public_key=key.export_public_key().decode())
        assert opens(door, camera, client_keys=[key])

    @pytest.mark.parametrize(
        ("text", "said"),
        [("", "Paste the public key"), ("nonsense", "not a public key"), ("PRIVATE", "private key")],
    )
    def test_what_is_no_public_key_changes_nothing(self, owner, camera, text, said):
        before = connect(owner, camera)
        if text == "PRIVATE":
            text = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
        response = owner.post(page(camera, "connect/"), {"method": "own", "public_key": text})
        assert said in response.content.decode()
        camera.refresh_from_db()
        assert camera.accepts_password and typed(before, "password")

    @pytest.mark.parametrize("first", ["password", "key"])
    def test_the_new_works_at_once_and_the_old_until_then(self, owner, camera, door, first):
        html = connect(owner, camera, method=first)
        if first == "password":
            old = {"password": typed(html, "password")}
        else:
            text = re.search(r"-----BEGIN OPENSSH PRIVATE KEY-----[^<]+", html).group(0)
            old = {"client_keys": [asyncssh.import_private_key(text)]}
        new = {"password": typed(connect(owner, camera, old_stops="3600"), "password")}
        assert opens(door, camera, **new) and opens(door, camera, **old)
        assert "Stop the old one now" in owner.get(page(camera)).content.decode()
        over = timezone.now() - dt.timedelta(seconds=1)
        Camera.objects.update(old_password_until=over)
        camera.keys.update(stops_at=over)
        assert opens(door, camera, **new) and not opens(door, camera, **old)

    def test_at_once_means_at_once(self, owner, camera, door):
        old = typed(connect(owner, camera), "password")
        new = typed(connect(owner, camera), "password")
        assert opens(door, camera, password=new) and not opens(door, camera, password=old)

    def test_what_was_to_stop_later_can_be_stopped_now(self, owner, camera, door):
        old = typed(connect(owner, camera), "password")
        new = typed(connect(owner, camera, old_stops="604800"), "password")
        assert owner.post(page(camera, "stop-old/")).status_code == 302
        assert opens(door, camera, password=new) and not opens(door, camera, password=old)

    def test_an_admin_who_takes_the_password_away_takes_the_old_one_too(self, owner, camera, door):
        old = typed(connect(owner, camera), "password")
        connect(owner, camera, old_stops="604800")
        registry.remove_password(Camera.objects.get())
        assert not opens(door, camera, password=old)


def closing(act) -> None:
    """In a thread: with no connection to the database left behind."""
    try:
        act()
    finally:
        connections.close_all()


@pytest.mark.parametrize("how", ["switch", "withdraw", "delete", "new password", "delete account", "admin"])
def test_an_open_session_ends_at_once_and_what_it_uploads_never_lands(owner, ada, camera, door, how):
    password = typed(connect(owner, camera), "password")

    def act() -> None:
        if how == "switch":
            owner.post(page(camera, "switch/"), {"to": "off"})
        elif how == "new password":
            connect(owner, camera)
        elif how == "delete account":
            owner.post("/my/account/delete/", {"password": PASSWORD})
        elif how == "admin":
            ada.is_active = False
            ada.save()
        else:
            owner.post(page(camera, f"{how}/"))

    async def go() -> None:
        async with (
            door.connect(camera.name, password=password) as connection,
            connection.start_sftp_client() as sftp,
        ):
            file = await sftp.open("half.jpg", "wb")
            await file.write(b"half a picture")
            await asyncio.to_thread(closing, act)
            await asyncio.to_thread(door.check)  # what the door does by itself every two seconds
            await asyncio.wait_for(connection.wait_closed(), 10)

    asyncio.run(go())
    assert [path for path in door.inbox.rglob("*") if path.is_file()] == []
    assert not opens(door, camera, password=password)


class TestConsent:
    def test_withdrawn_means_off_and_nobody_else_can_switch_it_on(self, owner, admin_client, camera):
        owner.post(page(camera, "withdraw/"))
        camera.refresh_from_db()
        assert not camera.enabled
        assert camera.consents.get().withdrawn_at is not None
        owner.post(page(camera, "switch/"), {"to": "on"})
        change = f"/admin/camera_registry/camera/{camera.pk}/change/"
        form = {"title": "x", "enabled": "on", "expected_interval_s": "30", "max_range_m": "120"}
        form["alert_language"] = "en-gb"
        keys = {"keys-TOTAL_FORMS": "0", "keys-INITIAL_FORMS": "0"}
        shown = admin_client.post(change, form | keys)
        assert "withdrawn the consent" in shown.content.decode()
        camera.refresh_from_db()
        assert not camera.enabled

    def test_given_again_it_may_be_on_again(self, owner, camera):
        owner.post(page(camera, "withdraw/"))
        owner.post(page(camera, "words/"), {**FORM, "purpose": "Counting free spaces"})
        camera.refresh_from_db()
        assert not camera.enabled, "a consent switches nothing on by itself"
        owner.post(page(camera, "switch/"), {"to": "on"})
        camera.refresh_from_db()
        assert camera.enabled
        purposes = [(row.purpose, row.withdrawn_at is None) for row in camera.consents.all()]
        assert purposes == [("Counting free spaces", True), (WORDS.purpose, False)]

    def test_a_new_text_asks_again(self, owner, camera):
        assert "has changed since you agreed" not in owner.get(page(camera)).content.decode()
        CameraConsent.objects.update(text_version="an older one")
        assert "has changed since you agreed" in owner.get(page(camera)).content.decode()

    def test_another_owner_is_asked_too(self, camera):
        bob = a_person("bob")
        registry.register_camera(camera.name, owner=bob)
        assert "Read and agree" in logged_in(bob).get(page(camera)).content.decode()


class TestWhoMayUndoASwitch:
    """An owner may always switch off; what an admin switched off, only an admin switches on."""

    @pytest.fixture
    def off_by_admin(self, admin_client, camera):
        """Through the admin's form, as an admin does it."""
        form = {"title": "x", "owner": camera.owner_id, "expected_interval_s": "30", "max_range_m": "120"}
        form["alert_language"] = "en-gb"
        keys = {"keys-TOTAL_FORMS": "0", "keys-INITIAL_FORMS": "0"}
        answer = admin_client.post(f"/admin/camera_registry/camera/{camera.pk}/change/", form | keys)
        assert answer.status_code == 302
        camera.refresh_from_db()
        return camera

    def test_the_owner_s_own_switch_is_the_owner_s_to_undo(self, owner, camera):
        owner.post(page(camera, "switch/"), {"to": "off"})
        camera.refresh_from_db()
        assert (camera.enabled, camera.kept_off, camera.off_by) == (False, False, camera.owner)
        assert 'value="on"' in owner.get(page(camera)).content.decode()
        owner.post(page(camera, "switch/"), {"to": "on"})
        camera.refresh_from_db()
        assert (camera.enabled, camera.off_by, camera.off_at) == (True, None, None)

    def test_an_admin_s_switch_is_not(self, owner, admin_user, off_by_admin):
        assert (off_by_admin.enabled, off_by_admin.kept_off, off_by_admin.off_by) == (False, True, admin_user)
        answer = owner.post(page(off_by_admin, "switch/"), {"to": "on"}, follow=True).content.decode()
        assert "only an admin can switch it on again" in answer
        off_by_admin.refresh_from_db()
        assert not off_by_admin.enabled

    def test_the_owner_is_told_and_finds_no_button(self, owner, off_by_admin):
        html = owner.get(page(off_by_admin)).content.decode()
        assert "An admin switched this camera off on" in html and 'value="on"' not in html
        assert "Switched off by an admin." in owner.get("/my/").content.decode()
        assert "An admin switched" in owner.get(page(off_by_admin, "first-frame/")).json()["headline"]
        html = owner.get(page(off_by_admin), headers={"accept-language": "tr"}).content.decode()
        assert "Bu kamerayı bir yönetici" in html

    @pytest.mark.parametrize("detour", ["switch off", "withdraw and agree", "change the words"])
    def test_no_detour_leads_around_it(self, owner, off_by_admin, detour):
        if detour == "switch off":
            owner.post(page(off_by_admin, "switch/"), {"to": "off"})
        elif detour == "withdraw and agree":
            owner.post(page(off_by_admin, "withdraw/"))
        owner.post(page(off_by_admin, "words/"), FORM)
        owner.post(page(off_by_admin, "switch/"), {"to": "on"})
        off_by_admin.refresh_from_db()
        assert (off_by_admin.enabled, off_by_admin.kept_off) == (False, True)

    def test_an_account_that_was_off_and_is_back_leads_not_around_it_either(self, owner, ada, off_by_admin):
        for active in (False, True):
            ada.is_active = active
            ada.save()
        logged_in(ada).post(page(off_by_admin, "switch/"), {"to": "on"})
        off_by_admin.refresh_from_db()
        assert not off_by_admin.enabled

    def test_another_admin_may_undo_it_and_then_it_is_the_owner_s_again(self, owner, off_by_admin):
        registry.set_enabled(off_by_admin, True)
        for to, on in (("off", False), ("on", True)):
            owner.post(page(off_by_admin, "switch/"), {"to": to})
            off_by_admin.refresh_from_db()
            assert off_by_admin.enabled is on

    def test_an_admin_may_keep_off_what_the_owner_switched_off(self, owner, admin_client, camera):
        owner.post(page(camera, "switch/"), {"to": "off"})
        change = f"/admin/camera_registry/camera/{camera.pk}/"
        shown = admin_client.get(f"{change}change/").content.decode()
        assert "not by an admin" in shown and f"{change}keep-off/" in shown
        assert admin_client.post(f"{change}keep-off/").status_code == 302
        owner.post(page(camera, "switch/"), {"to": "on"})
        camera.refresh_from_db()
        assert (camera.enabled, camera.kept_off) == (False, True)
        assert "by an admin (admin)" in admin_client.get(f"{change}change/").content.decode()

    def test_it_outlives_the_admin(self, owner, admin_user, off_by_admin):
        admin_user.delete()
        owner.post(page(off_by_admin, "switch/"), {"to": "on"})
        off_by_admin.refresh_from_db()
        assert (off_by_admin.enabled, off_by_admin.kept_off, off_by_admin.off_by) == (False, True, None)

    def test_saving_other_fields_does_not_change_whose_switch_it_was(self, owner, camera):
        owner.post(page(camera, "switch/"), {"to": "off"})
        registry.register_camera(camera.name, title="North", enabled=False)
        camera.refresh_from_db()
        assert (camera.kept_off, camera.off_by) == (False, camera.owner)

    def test_an_owner_who_is_an_admin_may_undo_it(self, admin_user, admin_client):
        camera = a_lent_camera(admin_user)
        registry.keep_off(camera, by=admin_user)
        admin_client.post(page(camera, "switch/"), {"to": "on"})
        camera.refresh_from_db()
        assert camera.enabled


class TestTheEnd:
    def test_a_camera_goes_and_the_proof_of_consent_stays(self, owner, camera):
        reference_frames().keep(camera.pk, b"picture", timezone.now())
        said = owner.get(page(camera, "delete/")).content.decode()
        assert "What goes" in said and "What stays" in said
        owner.post(page(camera, "delete/"))
        assert not Camera.objects.exists()
        assert reference_frames().get(camera.pk) is None
        (proof,) = CameraConsent.objects.all()
        assert (proof.camera, proof.camera_name) == (None, camera.name)
        assert proof.withdrawn_at is not None

    def test_an_account_goes_with_its_name(self, owner, ada, camera):
        assert owner.post("/my/account/delete/", {"password": "wrong"}).status_code == 200
        assert Camera.objects.exists()
        owner.post("/my/account/delete/", {"password": PASSWORD})
        assert not get_user_model().objects.exists() and not Camera.objects.exists()
        (proof,) = CameraConsent.objects.all()
        assert (proof.who, proof.user) == ("", None)
        assert "Lovelace" not in str(CameraConsent.objects.values())

    def test_an_account_that_an_admin_deletes_ends_its_consents_and_its_cameras(self, ada, camera):
        ada.delete()
        camera.refresh_from_db()
        assert (camera.enabled, camera.owner) == (False, None)
        proof = camera.consents.get()
        assert (proof.who, proof.withdrawn_at is not None) == ("", True)

    def test_an_admin_s_account_is_no_owner_s_to_delete(self):
        admin = a_person("root", is_staff=True)
        logged_in(admin).post("/my/account/delete/", {"password": PASSWORD})
        assert get_user_model().objects.filter(pk=admin.pk).exists()


class TestNotice:
    def test_the_sheet_and_the_public_page_say_who_and_what_for(self, owner, client, camera):
        sheet = owner.get(page(camera, "notice/")).content.decode()
        address = re.search(r"http://testserver(/my/notice/[0-9a-f]+/)", sheet).group(1)
        public = client.get(address).content.decode()
        for said in (WORDS.responsible, WORDS.contact, WORDS.purpose):
            assert said in sheet and said in public
        assert "<svg" in sheet and "No picture is kept." in sheet
        assert "This camera is in use." in public
        assert camera.name not in public and camera.name not in address, "the account stays unknown"
        registry.set_enabled(camera, False)
        assert "switched off" in client.get(address).content.decode()
        assert client.get("/my/notice/0123456789abcdef/").status_code == 404

    def test_a_camera_that_nobody_described_is_described_first(self, owner, ada):
        camera = registry.register_camera("pole-north", owner=ada)
        assert owner.get(page(camera, "notice/")).headers["Location"] == page(camera, "words/")


def test_rotating_to_the_key_that_is_in_use_keeps_it(camera):
    key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    onboarding.use_own_key(camera, key)
    onboarding.use_own_key(camera, key, timezone.now() + dt.timedelta(hours=1))
    (row,) = camera.keys.all()
    assert row.stops_at is None
