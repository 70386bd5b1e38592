# SPDX-License-Identifier: AGPL-3.0-or-later
"""Invitations: made by an admin, used once, expiring, revocable; the secret is kept nowhere."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from apps.owners import services
from apps.owners.models import Invitation, InvitationState
from tests.apps.owners.lending import PASSWORD, a_person, logged_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_client")]

ACCOUNT = {"username": "ada", "email": "ada@example.org", "password1": PASSWORD, "password2": PASSWORD}


def join(client, token: str, **changes):
    return client.post(f"/my/join/{token}/", ACCOUNT | changes)


def test_the_link_makes_one_account_that_is_not_staff(client):
    invitation, token = services.invite(None, email="ada@example.org")
    assert "ada@example.org" in client.get(f"/my/join/{token}/").content.decode()
    response = join(client, token, is_staff="on", is_superuser="on")
    assert (response.status_code, response.headers["Location"]) == (302, "/my/new/")
    ada = get_user_model().objects.get(username="ada")
    assert (ada.is_staff, ada.is_superuser, ada.is_active, ada.email) == (
        False,
        False,
        True,
        "ada@example.org",
    )
    assert client.session["_auth_user_id"] == str(ada.pk)
    invitation.refresh_from_db()
    assert (invitation.state(), invitation.used_by) == (InvitationState.USED, ada)
    assert logged_in(ada).get("/admin/").status_code == 302

    assert client.get(f"/my/join/{token}/").status_code == 404
    assert join(client, token, username="bob").status_code == 404
    assert get_user_model().objects.count() == 1


def test_the_secret_is_nowhere_in_the_database():
    invitation, token = services.invite(None)
    row = Invitation.objects.values().get(pk=invitation.pk)
    assert token not in str(row)
    assert len(token) >= 43, "256 bits"


@pytest.mark.parametrize("end", ["revoked", "expired", "made up"])
def test_what_is_not_open_opens_nothing_and_all_look_alike(client, end):
    invitation, token = services.invite(None)
    if end == "revoked":
        services.revoke_invitation(invitation)
    elif end == "expired":
        Invitation.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    else:
        token = token[:-1] + ("a" if token[-1] != "a" else "b")
    seen = client.get(f"/my/join/{token}/")
    assert (seen.status_code, join(client, token).status_code) == (404, 404)
    assert not get_user_model().objects.exists()
    assert "This link does not open anything" in seen.content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password2", "another phrase"),
        ("password1", "ada"),
        ("email", "nonsense"),
        ("username", ""),
        ("username", "a/b c"),
    ],
)
def test_bad_input_is_said_and_costs_nothing(client, field, value):
    _, token = services.invite(None)
    changes = {field: value} | ({"password2": value} if field == "password1" else {})
    response = join(client, token, **changes)
    assert response.status_code == 200
    assert 'class="trouble"' in response.content.decode()
    assert join(client, token).status_code == 302


def test_guessing_links_is_ended(client):
    _, token = services.invite(None)
    for number in range(20):
        client.get(f"/my/join/{number}/")
    assert client.get(f"/my/join/{token}/").status_code == 429
    assert join(client, token).status_code == 429


class TestInTheAdmin:
    ADD = "/admin/owners/invitation/add/"

    def test_the_link_is_shown_once_and_sent(self, admin_client, client, mailoutbox):
        data = {"email": "ada@example.org", "note": "Ada, corner house", "language": "tr", "days": "3"}
        shown = admin_client.post(self.ADD, data).content.decode()
        link = re.search(r'value="(http://testserver/my/join/[^"]+)"', shown).group(1)
        (letter,) = mailoutbox
        assert (letter.to, link in letter.body) == (["ada@example.org"], True)
        listed = admin_client.get("/admin/owners/invitation/").content.decode()
        assert "Ada, corner house" in listed and "○ open" in listed
        assert link not in listed
        left = Invitation.objects.get().expires_at - timezone.now()
        assert dt.timedelta(days=2) < left <= dt.timedelta(days=3)
        assert client.get(link.removeprefix("http://testserver")).status_code == 200

    def test_without_an_address_nothing_is_sent(self, admin_client, mailoutbox):
        shown = admin_client.post(self.ADD, {"email": "", "note": "", "language": "en-gb", "days": "7"})
        assert "/my/join/" in shown.content.decode()
        assert mailoutbox == []

    def test_a_mail_server_that_is_away_costs_no_invitation(self, admin_client, settings):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
        data = {"email": "ada@example.org", "note": "", "language": "en-gb", "days": "7"}
        shown = admin_client.post(self.ADD, data).content.decode()
        assert "did not take the message" in shown
        assert "/my/join/" in shown

    def test_revoking_ends_it_and_a_used_one_stays_used(self, admin_client, client):
        one, token = services.invite(None)
        used, other = services.invite(None)
        join(client, other)
        rows = {"action": "revoke", "_selected_action": [one.pk, used.pk]}
        admin_client.post("/admin/owners/invitation/", rows)
        assert client.get(f"/my/join/{token}/").status_code == 404
        states = [row.state() for row in Invitation.objects.order_by("pk")]
        assert states == [InvitationState.REVOKED, InvitationState.USED]

    def test_it_can_be_neither_changed_nor_deleted(self, admin_client):
        one, _ = services.invite(None)
        for what in ("change", "delete"):
            response = admin_client.post(f"/admin/owners/invitation/{one.pk}/{what}/", {"post": "yes"})
            assert response.status_code == 403

    def test_owners_cannot_invite(self):
        client = logged_in(a_person())
        assert client.post(self.ADD, {"days": "7"}).status_code == 302
        assert not Invitation.objects.exists()
