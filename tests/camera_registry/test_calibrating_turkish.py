# SPDX-License-Identifier: AGPL-3.0-or-later
"""The calibrating page in Turkish, and things of known height on it, from the first click to the saved version."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from camera_registry.models import Camera
from camera_registry.saying import Language, say
from scripts import translations
from tests.apps.webmap.test_i18n import SAID
from tests.camera_registry.test_calibrating_browser import (
    TABLET,
    camera,
    csv_of,
    import_csv,
    on_frame,
    open_calibrating,
    saved,
    spread,
    upload,
)
from tests.catalogues import PLACE, entries
from tests.demo.scenes import CAMERA, SIZE

__all__ = ["camera", "open_calibrating"]


def test_sentences_are_told_with_a_comma_and_a_dotted_capital():
    turkish = Language({"inside {m} m": "içinde {m} m"}.get, ",")
    assert turkish.sentence(say("inside {m} m", m="1.5")) == "İçinde 1,5 m."
    assert Language().sentence(say("inside {m} m", m="1.5")) == "Inside 1.5 m."


@pytest.mark.django_db
def test_the_server_answers_in_the_reader_s_language(admin_client, camera: Camera):
    url = f"/admin/camera_registry/camera/{camera.pk}/calibrate/"
    draft = json.dumps({"image_size": [640, 360], "points": []})
    for asks, words in (("tr", "Yerde 4 nokta daha gerekli"), ("de", "4 more points on the ground")):
        headers = {"Accept-Language": asks}
        answer = admin_client.post(url + "solve/", draft, content_type="application/json", headers=headers)
        assert answer.json()["message"].startswith(words)
    answer = admin_client.post(
        url + "points/", b"name\n", content_type="text/csv", headers={"Accept-Language": "tr"}
    )
    assert answer.json()["message"].startswith("dosya: px_x, px_y, lon, lat sütunu eksik")
    chosen = admin_client.get(url + "?language=tr")
    assert (chosen.status_code, chosen.headers["Location"]) == (302, url)
    page = admin_client.get(url)
    assert page.headers["Content-Language"] == "tr" and 'lang="tr"' in page.content.decode()
    assert "Cookie" in page.headers["Vary"]


def english() -> list[re.Pattern[str]]:
    """Patterns of English words that Turkish says otherwise: whole for single words, anywhere for sentences."""
    patterns = []
    for word, entry in entries(translations.CALIBRATING).items():
        letters = PLACE.sub("", word).strip()
        if entry.msgstr == word or len(re.sub(r"\W", "", letters)) < 3:
            continue
        pattern = ".+?".join(re.escape(part) for part in PLACE.split(word))
        patterns.append(re.compile(pattern if " " in letters else rf"^{pattern}$"))
    return patterns


def posts() -> list[tuple[np.ndarray, np.ndarray, float]]:
    """Foot and top pixels and heights of two posts, left and right in the picture."""
    found = []
    for foot, height in (((170.0, 240.0), 4.5), ((480.0, 250.0), 6.0)):
        (east, north) = CAMERA.ground_at(np.array([foot]))[0]
        top = CAMERA.project(np.array([[east, north, height]]))[0][0]
        assert (top > 20).all() and (top < np.array(SIZE) - 20).all()
        found.append((np.array(foot), top, height))
    return found


@pytest.mark.browser
@pytest.mark.timeout(300)
@pytest.mark.django_db(transaction=True)
def test_posts_are_marked_on_a_turkish_tablet(open_calibrating, camera):
    page = open_calibrating(**TABLET, locale="tr-TR")
    import_csv(page, csv_of(spread(8)))
    upload(page)
    expect(page.locator("#verdict")).to_contain_text("✓ İyi")
    first, second = posts()

    # By mouse: foot, top, and the metres where the cursor already is.
    page.click("#add-height")
    expect(page.locator("#prompt")).to_contain_text("dibine")
    page.locator("#frame").scroll_into_view_if_needed()
    page.mouse.click(*on_frame(page, first[0]))
    expect(page.locator("#prompt")).to_contain_text("H1: şimdi tepesi")
    page.mouse.click(*on_frame(page, first[1]))
    row = page.locator("#heights tr")
    expect(row.locator(".cal-metres")).to_be_focused()
    page.keyboard.type(f"{first[2]:.1f}".replace(".", ","))
    page.keyboard.press("Tab")
    said = page.locator("#height-said")
    expect(said).to_contain_text(
        re.compile(r"^Kamera \d+,\d ± 0,\d+ m yüksekte; bu yükseklikler olmadan \d+,\d ± ")
    )

    # By keyboard: a foot and a top in the middle, moved to where they belong in the table.
    page.focus("#add-height")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator('#frame .cal-marker[data-point="h2:foot"]')).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator('#frame .cal-marker[data-point="h2:top"]')).to_be_focused()
    page.keyboard.press("Enter")
    expect(row.nth(1).locator(".cal-metres")).to_be_focused()
    page.keyboard.type("40")
    for end, px in (("foot", second[0]), ("top", second[1])):
        row.nth(1).get_by_label("Dip" if end == "foot" else "Tepe").fill(f"{px[0]:.2f}, {px[1]:.2f}")
    page.keyboard.press("Tab")
    expect(row.nth(1)).to_contain_text("⚠ uyuşmuyor")  # forty metres it is not
    expect(said).to_contain_text("H2 diğerleriyle uyuşmuyor")
    row.nth(1).locator(".cal-metres").fill(f"{second[2]:g}")
    page.keyboard.press("Tab")
    expect(row.nth(1)).not_to_contain_text("⚠")
    expect(said).to_contain_text("Kamera ")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1024

    keys = page.locator("kbd").all_text_contents()  # what is printed on them stays
    said_in_all = [words for words in page.evaluate(SAID) if words not in keys]
    patterns = english()
    assert len(patterns) > 120
    left = {(text, one.pattern) for text in said_in_all for one in patterns if one.search(text)}
    assert left == set()

    page.fill("#note", "Direklerle.")
    page.click("#save")
    page.wait_for_url(re.compile(r"/change/$"))
    assert saved(camera).pose.height_m == pytest.approx(CAMERA.height_m, abs=0.7)
    kept = [point for point in camera.calibration.points if "height_m" in point]
    assert [(mark["name"], mark["height_m"]) for mark in kept] == [("H1", first[2]), ("H2", second[2])]
    assert all(mark["off_px"] < 3 for mark in kept)

    # The next calibration begins with them.
    page.goto(f"{page.url.rsplit('/change/')[0]}/calibrate/")
    page.select_option("#from-version", "1")
    expect(page.locator("#heights tr")).to_have_count(2)
    expect(page.locator("#points tr")).to_have_count(8)
