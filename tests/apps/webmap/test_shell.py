# SPDX-License-Identifier: AGPL-3.0-or-later
"""The page as an app: what Chromium says of its manifest, how it opens without a connection, how it is renewed."""

from __future__ import annotations

import json
import re

import pytest
from django.http import HttpResponse
from django.utils import timezone
from playwright.sync_api import Page, expect

from apps.webmap import shell
from tests.apps.street import make_zone, publish, space

BROWSER = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WORKER_RUNS = "navigator.serviceWorker.ready.then(() => navigator.serviceWorker.controller !== null)"
KEPT = """async () => {
  const urls = [];
  for (const name of await caches.keys()) {
    for (const request of await (await caches.open(name)).keys()) urls.push(new URL(request.url).pathname);
  }
  return urls;
}"""


@pytest.fixture
def street(settings) -> None:
    settings.SPARK_POLL_S = 0.5
    make_zone(name="Main Street")
    publish("main-street", [space(10), space(40)], timezone.now(), times=2)


def with_worker(open_page, url: str) -> Page:
    page = open_page(url, service_workers="allow")
    expect(page.locator("#headline")).to_have_text("2 free spaces")
    page.wait_for_function(f"() => {WORKER_RUNS}")
    return page


# --- what is served ---------------------------------------------------------------------------------------------------


def test_the_worker_may_see_the_page_and_is_asked_for_anew_each_time(client):
    response = client.get("/service-worker.js")
    assert response.headers["Content-Type"].startswith("text/javascript")
    assert response.headers["Cache-Control"] == "no-cache"
    assert (
        client.get("/service-worker.js", headers={"If-None-Match": response.headers["ETag"]}).status_code
        == 304
    )
    knows = json.loads(re.match(r"self\.SHELL = (\{.*\});\n", response.content.decode())[1])
    assert knows["page"] == "/"
    assert {"/static/webmap/main.js", "/static/webmap/page.css", "/static/leaflet/leaflet.js"} <= set(
        knows["files"]
    )
    assert all(
        re.fullmatch(r"/static/(webmap|leaflet)/[\w./-]+\.(js|css|svg)", name) for name in knows["files"]
    )


def test_the_version_changes_with_any_file(monkeypatch, tmp_path):
    before = shell.files_and_version()[1]
    assert shell.files_and_version()[1] == before
    changed = tmp_path / "service-worker.js"
    changed.write_text(shell.WORKER.read_text() + "\n")
    monkeypatch.setattr(shell, "WORKER", changed)
    assert shell.files_and_version()[1] != before


def test_every_file_the_page_needs_is_kept(client, db):
    html = client.get("/").content.decode()
    needed = set(re.findall(r'(?:src|href)="(/static/[^"]+\.(?:js|css|svg))"', html))
    sources = shell.STATIC / "webmap"
    for path in sources.rglob("*.js"):
        for found in re.findall(r"""(?:from|import\()\s*["'](\.[^"']+\.js)["']""", path.read_text()):
            needed.add("/static/" + (path.parent / found).resolve().relative_to(shell.STATIC).as_posix())
    assert len(needed) > 8
    assert needed <= set(shell.files_and_version()[0])


@pytest.mark.parametrize(("language", "lang"), [("tr", "tr"), ("", "en-gb"), ("xx", "en-gb")])
def test_the_manifest_speaks_the_pages_language(client, language, lang):
    response = client.get("/manifest.webmanifest", {"language": language})
    assert response.headers["Content-Type"] == "application/manifest+json"
    manifest = response.json()
    assert manifest["lang"] == lang
    assert (manifest["name"] == "SPARK: free parking now") == (lang == "en-gb")


def test_icons_are_what_the_manifest_says(client):
    from PIL import Image

    for icon in client.get("/manifest.webmanifest").json()["icons"]:
        path = shell.STATIC / icon["src"].removeprefix("/static/")
        with Image.open(path) as picture:
            assert f"{picture.width}x{picture.height}" == icon["sizes"]
            corner = picture.convert("RGBA").getpixel((0, 0))
        # A maskable icon fills its square; the other is rounded by itself.
        assert corner[3] == (255 if icon["purpose"] == "maskable" else 0)
        assert path.stat().st_size < 8000


# --- in Chromium ------------------------------------------------------------------------------------------------------


class TestInChromium:
    pytestmark = BROWSER

    def test_nothing_stands_against_installing_it(self, open_page, live_server, street):
        page = with_worker(open_page, live_server.url)
        ask = page.context.new_cdp_session(page)
        manifest = ask.send("Page.getAppManifest")
        assert manifest["errors"] == []
        assert json.loads(manifest["data"])["display"] == "standalone"
        errors = {
            error["errorId"] for error in ask.send("Page.getInstallabilityErrors")["installabilityErrors"]
        }
        assert errors <= {"in-incognito"}  # these tests' windows keep nothing
        expect(page.locator("#install")).to_be_hidden()

    def test_it_is_offered_quietly_where_the_browser_allows(self, open_page, live_server, street):
        page = open_page(live_server.url)
        page.evaluate(
            """() => { const event = new Event("beforeinstallprompt", {cancelable: true});
            event.prompt = () => { window.prompted = true; return Promise.resolve(); };
            window.dispatchEvent(event); window.stopped = event.defaultPrevented; }"""
        )
        assert page.evaluate("window.stopped")
        page.locator("#install").click()
        assert page.evaluate("window.prompted")
        expect(page.locator("#install")).to_be_hidden()

    def test_without_a_connection_it_opens_and_offers_nothing(
        self, open_page, live_server, street, complaints
    ):
        page = with_worker(open_page, live_server.url + "/?x=1")
        page.context.set_offline(True)
        page.reload()
        expect(page.locator("#banner-text")).to_have_text("No connection to the server yet; trying again.")
        assert page.locator("path.space").count() == 0
        page.context.set_offline(False)
        expect(page.locator("#headline")).to_have_text("2 free spaces")
        assert [text for text in complaints if "ERR_INTERNET_DISCONNECTED" not in text] == []
        complaints.clear()

    def test_a_server_that_is_down_is_no_white_page(
        self, open_page, live_server, street, monkeypatch, complaints
    ):
        page = with_worker(open_page, live_server.url)
        monkeypatch.setattr("apps.webmap.views.MapPageView.get", lambda *_: HttpResponse("down", status=503))
        page.reload()
        expect(page.locator("#headline")).to_have_text("2 free spaces")
        complaints.clear()

    def test_only_the_shell_is_kept(self, open_page, live_server, street):
        page = with_worker(open_page, live_server.url)
        page.wait_for_timeout(1200)
        kept = page.evaluate(KEPT)
        assert sorted(kept) == sorted(["/", *shell.files_and_version()[0]])
        assert not [url for url in kept if "/api/" in url]

    def test_a_newer_version_takes_over_and_the_old_one_goes(
        self, open_page, live_server, street, monkeypatch
    ):
        page = with_worker(open_page, live_server.url)
        old = page.evaluate("caches.keys()")
        assert old == [f"spark-shell-{shell.files_and_version()[1]}"]
        expect(page.locator("#renewed")).to_be_hidden()
        files = shell.files_and_version()[0]
        monkeypatch.setattr(shell, "files_and_version", lambda: (files, "newer"))
        page.evaluate("navigator.serviceWorker.getRegistration().then((one) => one.update())")
        expect(page.locator("#renewed")).to_contain_text("A newer version of this page is here.")
        page.wait_for_function("() => caches.keys().then((all) => all.join() === 'spark-shell-newer')")
        page.get_by_role("button", name="Reload").click()
        expect(page.locator("#headline")).to_have_text("2 free spaces")
        expect(page.locator("#renewed")).to_be_hidden()
