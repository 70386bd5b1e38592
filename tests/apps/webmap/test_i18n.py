# SPDX-License-Identifier: AGPL-3.0-or-later
"""The page in English and Turkish: nothing of it in the other language, the API the same for all."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from scripts import translations
from tests.apps.street import BBOX, box, make_zone, publish, space
from tests.catalogues import PLACE, entries

#: All that a person sees or hears on the page.
SAID = """() => {
  const said = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const inside = walker.currentNode.parentElement.closest("script, style, noscript, template");
    if (!inside) said.push(walker.currentNode.textContent.trim());
  }
  for (const element of document.querySelectorAll("[aria-label], [title], [placeholder], [alt]")) {
    if (element.getAttribute("lang")) continue;
    for (const name of ["aria-label", "title", "placeholder", "alt"]) said.push(element.getAttribute(name) ?? "");
  }
  return said.filter(Boolean);
}"""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asks", "cookie", "language"),
    [
        ("", "", "en-gb"),
        ("en-US,en;q=0.9", "", "en-gb"),
        ("tr-TR,tr;q=0.9,en;q=0.8", "", "tr"),
        ("de,tr;q=0.5", "", "tr"),
        ("de", "", "en-gb"),
        ("tr", "en-gb", "en-gb"),
        ("en", "tr", "tr"),
        ("en", "nonsense", "en-gb"),
    ],
)
def test_the_browser_asks_and_the_driver_decides(client, asks, cookie, language):
    if cookie:
        client.cookies["language"] = cookie
    response = client.get("/", headers={"Accept-Language": asks})
    html = response.content.decode()
    assert response.headers["Content-Language"] == language
    assert f'<html lang="{language}"' in html
    assert {"Accept-Language", "Cookie"} <= set(response.headers["Vary"].split(", "))
    assert ("Bölge listesine geç" in html) == (language == "tr")
    assert f'data-language="{"en-gb" if language == "tr" else "tr"}"' in html


@pytest.mark.django_db
def test_a_choice_is_kept_and_the_place_stays(client):
    response = client.get("/?zone=main-street&language=tr")
    assert (response.status_code, response.headers["Location"]) == (302, "/?zone=main-street")
    assert client.cookies["language"]["samesite"] == "Lax"
    assert client.get("/").headers["Content-Language"] == "tr"
    assert client.get("/?language=xx").headers["Content-Language"] == "tr"


@pytest.mark.django_db
def test_nobody_gets_the_language_of_the_one_before(client):
    client.get("/", headers={"Accept-Language": "tr"})
    assert client.get("/", headers={"Accept-Language": "en"}).headers["Content-Language"] == "en-gb"
    assert client.get("/manifest.webmanifest").json()["lang"] == "en-gb"


@pytest.mark.django_db
def test_the_api_stays_english_and_cacheable(client):
    client.cookies["language"] = "tr"
    response = client.get("/api/v1/spaces/", {"bbox": "nonsense"}, headers={"Accept-Language": "tr"})
    assert response.status_code == 400
    assert response.json() == client.get("/api/v1/spaces/", {"bbox": "nonsense"}).json()
    found = client.get("/api/v1/zones/", {"bbox": BBOX}, headers={"Accept-Language": "tr"})
    assert "Accept-Language" not in found.headers.get("Vary", "")


def english(words: list[str]) -> list[re.Pattern[str]]:
    """Patterns of English words that Turkish says otherwise: whole for single words, anywhere for sentences."""
    turkish = {entry.msgid: entry.msgstr for entry in entries(translations.WEBMAP).values()}
    patterns = []
    for word in words:
        letters = PLACE.sub("", word).strip()
        if turkish[word] == word or len(re.sub(r"\W", "", letters)) < 3:
            continue
        pattern = ".+?".join(re.escape(part) for part in PLACE.split(word))
        patterns.append(re.compile(pattern if " " in letters else rf"^{pattern}$"))
    return patterns


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_turkish_page_says_nothing_in_english(open_page, live_server):
    now = timezone.now()
    make_zone(name="Mimar Sinan")
    make_zone("park", name="Park", geometry_3857=box(0, 14, 60, 19))
    make_zone("okul", name="Okul", geometry_3857=box(66, 0, 69, 40), access="residents")
    publish("main-street", [space(10), space(40)], now, times=2)
    publish("park", [], now)
    page = open_page(live_server.url, locale="tr-TR")
    expect(page.locator("#headline")).to_have_text("2 boş park yeri")
    page.locator(".zone-row").first.click()
    page.locator(".space-row").first.click()
    expect(page.locator("#details-size")).to_have_text("5,0 × 2,3\u00a0m")
    said = page.evaluate(SAID)
    assert len(said) > 30
    patterns = english(translations.words())
    assert len(patterns) > 60
    left = {
        (part, pattern.pattern)
        for text in said
        for part in text.split(" · ")
        for pattern in patterns
        if pattern.search(part)
    }
    assert left == set()
    page.get_by_label("Listeye dön").click()
    page.get_by_role("link", name="English").click()
    expect(page.locator("#headline")).to_have_text("2 free spaces")
    assert page.url.split("#")[0] == live_server.url + "/"
