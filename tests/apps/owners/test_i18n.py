# SPDX-License-Identifier: AGPL-3.0-or-later
"""The owners' pages in English and Turkish: nothing is left in English."""

from __future__ import annotations

import html
import re

import pytest

from apps.owners import services
from camera_registry import services as registry
from scripts import translations
from tests.apps.owners.lending import FORM, a_lent_camera, a_person, logged_in
from tests.catalogues import PLACE, entries

TAGS = re.compile(r"<script.*?</script>|<[^>]+>", re.DOTALL)
SAID_IN = re.compile(r'(?:aria-label|data-words|data-offline|data-ended|data-label)="([^"]*)"')


def english() -> list[re.Pattern[str]]:
    """Whole sentences and words that Turkish says otherwise."""
    patterns = []
    for entry in entries(translations.OWNERS).values():
        bare = PLACE.sub("", entry.msgid).strip()
        if entry.msgid_plural or entry.msgstr == entry.msgid or len(re.sub(r"\W", "", bare)) < 4:
            continue
        middle = ".+?".join(re.escape(part) for part in PLACE.split(entry.msgid))
        patterns.append(re.compile(middle if " " in bare else rf"^{middle}:?$"))
    return patterns


@pytest.mark.django_db
def test_the_turkish_pages_say_nothing_in_english(redis_client):
    ada = a_person()
    camera = a_lent_camera(ada, title="Mimar Sinan", purpose="Boş park yeri bulmak", responsible="Ayşe")
    registry.record_rejection(camera.name, "truncated", "x")
    registry.set_generated_password(camera)
    _, token = services.invite(None)
    client = logged_in(ada)
    client.cookies["language"] = "tr"
    at = f"/my/camera/{camera.name}/"
    notice = f"/my/notice/{camera.notice.code}/"
    answers = [
        client.get(url)
        for url in (
            "/my/", "/my/new/", "/my/account/", "/my/account/password/", "/my/account/delete/", notice, at,
            f"/my/join/{token}/", "/my/join/nonsense/", *(at + end for end in ("words/", "connect/", "delete/", "mask/", "notice/", "alerts/")),
        )
    ]  # fmt: skip
    answers += [
        client.post(at + "connect/", {"method": "key", "old_stops": "3600"}),
        client.post("/my/new/", {**FORM, "purpose": "Boş park yeri bulmak", "agree": ""}),
        client.post(at + "connect/", {"method": "own"}),
        client.get(at),
    ]
    client.logout()
    client.cookies["language"] = "tr"
    answers.append(client.post("/my/login/", {"username": "ada", "password": "wrong"}))
    patterns = english()
    assert len(patterns) > 200
    left = set()
    for response in answers:
        page = response.content.decode()
        assert '<html lang="tr">' in page
        said = [html.unescape(text).strip() for text in [*TAGS.split(page), *SAID_IN.findall(page)]]
        left |= {(text, p.pattern) for text in said if text for p in patterns if p.search(text)}
    assert left == set()


@pytest.mark.django_db
def test_the_live_test_and_an_invitation_speak_the_reader_s_language(redis_client, mailoutbox):
    ada = a_person()
    camera = a_lent_camera(ada)
    client = logged_in(ada)
    client.cookies["language"] = "tr"
    found = client.get(f"/my/camera/{camera.name}/first-frame/").json()
    assert found["headline"] == "İlk görüntü bekleniyor …"
    invitation, _ = services.invite(None, email="bob@example.org", language="tr")
    services.send_invitation(invitation, "https://parking.example.org/my/join/x/")
    assert mailoutbox[0].subject == "Boş park yerleri için kameranız"
