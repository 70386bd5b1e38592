# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the page's answer says about its maps: policies, referrer, credits, and the tile file's ranges."""

from __future__ import annotations

import json
import os
import re

import pytest

from apps.webmap.checks import base_map
from apps.webmap.csp import Sources, content_security_policy, sources_of

pytestmark = pytest.mark.django_db


def directives(policy: str) -> dict[str, list[str]]:
    return {part.split()[0]: part.split()[1:] for part in policy.split("; ")}


def config_of(html: str) -> dict:
    found = re.search(r'<script id="config" type="application/json">(.*?)</script>', html, re.S)
    return json.loads(found[1])


def test_without_google_nothing_but_our_own_scripts_run(client):
    policy = directives(client.get("/").headers["Content-Security-Policy"])
    [nonce] = policy["script-src"]
    assert re.fullmatch(r"'nonce-[\w-]{22}'", nonce)
    assert policy["style-src"] == policy["connect-src"] == policy["worker-src"] == ["'self'"]
    assert policy["default-src"] == ["'none'"]
    assert "frame-src" not in policy and "font-src" not in policy
    assert "google" not in str(policy) and "unsafe" not in str(policy) and "https:" not in str(policy)


def test_every_script_carries_the_nonce_and_no_nonce_comes_twice(client, settings):
    seen = set()
    for key in ("", "a-key"):
        settings.SPARK_GOOGLE_MAPS_KEY = key
        response = client.get("/")
        html = response.content.decode()
        nonce = re.search(r"'nonce-([\w-]+)'", response.headers["Content-Security-Policy"])[1]
        scripts = [tag for tag in re.findall(r"<script([^>]*)>", html) if "application/json" not in tag]
        assert scripts
        assert all(f'nonce="{nonce}"' in tag for tag in scripts)
        seen.add(nonce)
    assert len(seen) == 2


def test_with_a_key_the_policy_is_the_one_that_google_documents(client, settings):
    settings.SPARK_GOOGLE_MAPS_KEY = "a-key"
    response = client.get("/")
    policy = directives(response.headers["Content-Security-Policy"])
    nonce = policy["script-src"][0]
    assert policy["script-src"] == [nonce, "'strict-dynamic'", "https:", "'unsafe-eval'", "blob:"]
    assert policy["style-src"] == ["'self'", nonce, "https://fonts.googleapis.com"]
    assert (
        "https://*.gstatic.com" in policy["img-src"] and "https://*.googleapis.com" in policy["connect-src"]
    )
    assert policy["worker-src"] == ["'self'", "blob:"]
    assert "'unsafe-inline'" not in str(policy)
    html = response.content.decode()
    assert f'<style nonce="{nonce[7:-1]}">' in html  # whose nonce Google's script takes
    assert "leaflet/leaflet.js" not in re.sub(r"<script id=.*?</script>", "", html, flags=re.S)
    # The key goes nowhere but into the page's configuration, and Google's script is no part of the page.
    assert html.count("a-key") == 1
    assert "maps.googleapis.com" not in html
    assert config_of(html)["google"] == {
        "key": "a-key", "mapId": "DEMO_MAP_ID", "version": "quarterly", "language": "en-GB", "region": "",
    }  # fmt: skip


def test_without_a_key_the_page_knows_nothing_of_google(client):
    assert config_of(client.get("/").content.decode())["google"] is None


@pytest.mark.parametrize(
    ("tile_url", "images"),
    [
        ("", []),
        ("https://tile.example/{z}/{x}/{y}.png", ["https://tile.example"]),
        ("https://{s}.tile.example:8443/{z}/{x}/{y}.png", ["https://*.tile.example:8443"]),
        ("//tile.example/{z}.png", ["https://tile.example"]),
        ("/tiles/{z}/{x}/{y}.png", []),
    ],
)
def test_images_come_from_the_tile_server_only(settings, tile_url, images):
    settings.SPARK_TILE_URL = tile_url
    policy = directives(content_security_policy("n", sources_of(settings)))
    assert policy["img-src"] == ["'self'", "data:", *images]


def test_only_configured_services_are_asked(settings):
    settings.SPARK_GEOCODER_URL = "https://places.example/search?q={query}"
    settings.SPARK_ROUTING_URL = "https://routes.example:5000/table/v1"
    settings.SPARK_PMTILES = "https://files.example/city.pmtiles"
    settings.SPARK_TILE_URL = "https://tile.example/{z}/{x}/{y}.png"
    sources = sources_of(settings)
    assert sources == Sources(
        images=(),  # the file goes before the tile server
        connects=("https://files.example", "https://places.example", "https://routes.example:5000"),
    )
    settings.SPARK_ROUTING_URL = "/routes"
    settings.SPARK_GEOCODER_URL = "https://files.example/places"
    settings.SPARK_PMTILES = "/srv/city.pmtiles"
    assert sources_of(settings).connects == ("https://files.example",)


@pytest.mark.parametrize(
    ("name", "value", "policy"),
    [
        ("SPARK_TILE_URL", "", "same-origin"),
        ("SPARK_TILE_URL", "/tiles/{z}/{x}/{y}.png", "same-origin"),
        # OpenStreetMap's tile policy wants to see who asks, and Google's keys are bound to the site.
        (
            "SPARK_TILE_URL",
            "https://tile.openstreetmap.org/{z}/{x}/{y}.png",
            "strict-origin-when-cross-origin",
        ),
        ("SPARK_GOOGLE_MAPS_KEY", "a-key", "strict-origin-when-cross-origin"),
    ],
)
def test_others_see_the_site_only_where_they_must(client, settings, name, value, policy):
    setattr(settings, name, value)
    response = client.get("/")
    assert response.headers["Referrer-Policy"] == policy
    assert response.headers["Permissions-Policy"].startswith("geolocation=(self)")


def test_openstreetmap_is_credited_without_being_asked_to(client, settings):
    settings.SPARK_TILE_URL = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
    assert "openstreetmap.org/copyright" in config_of(client.get("/").content.decode())["tileAttribution"]
    settings.SPARK_TILE_ATTRIBUTION = "Map of tests"
    assert config_of(client.get("/").content.decode())["tileAttribution"] == "Map of tests"


@pytest.fixture
def tile_file(settings, tmp_path):
    path = tmp_path / "city.pmtiles"
    path.write_bytes(b"PMTiles\x03" + bytes(range(200)))
    settings.SPARK_PMTILES = str(path)
    return path


@pytest.mark.parametrize(
    ("asked", "status", "content_range", "length"),
    [
        ("bytes=0-7", 206, "bytes 0-7/208", 8),
        ("bytes=200-999", 206, "bytes 200-207/208", 8),
        ("bytes=208-300", 416, "bytes */208", 0),
        ("bytes=5-4", 416, "bytes */208", 0),
        ("bytes=0-99999999", 206, "bytes 0-207/208", 208),
        ("bytes=-5", 400, None, None),
        ("bytes=0-3,9-11", 400, None, None),
        ("", 400, None, None),
    ],
)
def test_the_tile_file_is_given_in_ranges(client, tile_file, asked, status, content_range, length):
    response = client.get("/basemap.pmtiles", headers={"Range": asked} if asked else {})
    assert response.status_code == status
    assert response.headers.get("Content-Range") == content_range
    if length is not None:
        assert len(response.content) == length
    if status == 206:
        first = int(asked[6:].split("-")[0])
        assert response.content == tile_file.read_bytes()[first : first + length]


def test_no_range_is_large_enough_to_block_a_worker(client, tile_file):
    with tile_file.open("r+b") as file:
        file.truncate(1 << 30)
    assert client.get("/basemap.pmtiles", headers={"Range": "bytes=0-1073741823"}).status_code == 416
    assert client.get("/basemap.pmtiles", headers={"Range": "bytes=1000000000-1000000009"}).status_code == 206


def test_a_changed_tile_file_has_another_address(client, tile_file):
    first = config_of(client.get("/").content.decode())["pmtilesUrl"]
    assert first.startswith("/basemap.pmtiles?changed=")
    os.utime(tile_file, (1, 1))
    assert config_of(client.get("/").content.decode())["pmtilesUrl"] != first


def test_no_tile_file_is_no_address(client, settings, tmp_path):
    assert client.get("/basemap.pmtiles").status_code == 404
    settings.SPARK_PMTILES = str(tmp_path / "gone.pmtiles")
    assert config_of(client.get("/").content.decode())["pmtilesUrl"] == ""
    assert client.get("/basemap.pmtiles").status_code == 404
    settings.SPARK_PMTILES = "https://files.example/city.pmtiles"
    assert config_of(client.get("/").content.decode())["pmtilesUrl"] == "https://files.example/city.pmtiles"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "which is not a file"),
        (b"GIF89a and more", "which is no PMTiles file of version 3"),
        (b"PMTiles\x02" + bytes(120), "which is no PMTiles file of version 3"),
        (b"PMTiles\x03", "which is no PMTiles file of version 3"),
        (b"PMTiles\x03" + bytes(91) + b"\x01" + bytes(27), "whose tiles are no pictures"),
        (b"PMTiles\x03" + bytes(91) + b"\x02" + bytes(27), None),
    ],
)
def test_a_wrong_tile_file_is_found_before_the_first_driver(settings, tmp_path, content, problem):
    path = tmp_path / "city.pmtiles"
    if content is not None:
        path.write_bytes(content)
    settings.SPARK_PMTILES = str(path)
    found = [message.msg for message in base_map(None)]
    assert found == ([f"SPARK_PMTILES names {path}, {problem}."] if problem else [])
