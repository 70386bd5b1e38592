# SPDX-License-Identifier: AGPL-3.0-or-later
"""The zone editor in Turkish: its script's words are all there, nothing of the page is left in English."""

from __future__ import annotations

import html
import json
import re

import pytest

from scripts import translations
from tests.apps.street import make_zone
from tests.catalogues import entries

ROOM = translations.PARKING
SCRIPTS = sorted((ROOM.folder / "static" / "parking" / "editor").glob("*.js"))
#: A script asks for words by name, and now and then for one of two.
ASKED = re.compile(r"""\btext\(([^()]*?)(?:,\s*\{|\))""")


def test_the_script_asks_for_words_that_there_are_and_for_all_of_them():
    from apps.parking.zone_editing_words import page_words

    asked = {
        name
        for path in SCRIPTS
        for call in ASKED.findall(path.read_text())
        for name in re.findall(r'"(\w+)"', call)
    } - {"off"}  # a zone's state, which chooses between two words
    assert asked == set(page_words())


@pytest.mark.django_db
def test_the_turkish_page_says_nothing_in_english_and_another_language_is_a_click_away(admin_client):
    zone = make_zone()
    url = f"/admin/parking/parkingzone/{zone.pk}/draw/"
    answer = admin_client.get(url, headers={"Accept-Language": "tr"})
    assert answer.headers["Content-Language"] == "tr"
    page = html.unescape(answer.content.decode())
    editor = page[page.index('id="editor-config"') :]
    said = set(
        json.loads(re.search(r'id="editor-config"[^>]*>(.*?)</script>', editor, re.DOTALL)[1])[
            "words"
        ].values()
    )
    shown = set(re.findall(r'>([^<>{}]+)<|(?:placeholder|aria-label)="([^"]+)"', editor))
    texts = said | {text.strip() for pair in shown for text in pair if text.strip()}
    english = {word for word, entry in entries(ROOM).items() if entry.msgstr != word}
    assert texts & english == set()
    assert 'href="?language=en-gb"' in page
    chosen = admin_client.get(f"{url}?language=en-gb", headers={"Accept-Language": "tr"}, follow=True)
    assert "What is to be said of it" in chosen.content.decode()


@pytest.mark.django_db
def test_the_server_answers_in_the_reader_s_language(admin_client):
    for asks, words in (("tr", "Bu bir bölge taslağı değil."), ("de", "Not a draft of a zone.")):
        answer = admin_client.post(
            "/admin/parking/parkingzone/draw/judge/",
            "[]",
            content_type="application/json",
            headers={"Accept-Language": asks},
        )
        assert answer.json()["message"] == words
