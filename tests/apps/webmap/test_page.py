# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the page's answer carries: its policy, its words, and that it opens whatever is away."""

from __future__ import annotations

import json
import re

import pytest
from django.db import OperationalError

from tests.apps.street import box, make_zone

pytestmark = pytest.mark.django_db


def embedded(response, name: str):
    found = re.search(
        rf'<script id="{name}" type="application/json">(.*?)</script>', response.content.decode(), re.S
    )
    return json.loads(found[1])


def test_no_inline_script_or_style_and_nothing_from_elsewhere(client):
    response = client.get("/")
    html = response.content.decode()
    assert response.status_code == 200
    policy = response.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert not re.search(r"<style|\sstyle=|\son\w+=", html)
    scripts = re.findall(r"<script([^>]*)>", html)
    assert all("src=" in script or 'type="application/json"' in script for script in scripts)
    assert not re.search(r"""(src|href)=["'](https?:)?//""", html)


def test_it_begins_where_the_public_zones_are(client):
    assert embedded(client.get("/"), "config")["extent"] is None
    make_zone()
    make_zone("yard", access="private", geometry_3857=box(5000, 0, 5060, 10))
    west, south, east, north = embedded(client.get("/"), "config")["extent"]
    assert (round(west, 4), round(south, 4)) == (35.4872, 38.7223)
    assert east - west < 0.001
    assert north - south < 0.0001


def test_it_opens_when_the_database_is_away(client, monkeypatch):
    def away():
        raise OperationalError("gone")

    monkeypatch.setattr("apps.parking.selectors.public_extent", away)
    response = client.get("/")
    assert response.status_code == 200
    assert embedded(response, "config")["extent"] is None


def test_the_scripts_words_and_the_strings_are_the_same(client, settings):
    strings = embedded(client.get("/"), "strings")
    folder = settings.BASE_DIR / "apps" / "webmap" / "static" / "webmap"
    source = "\n".join(path.read_text() for path in folder.rglob("*.js"))
    used = set(re.findall(r'\btext\(\s*"(\w+)"', source))
    for pair in re.findall(r'\btext\([^()"]*\? "(\w+)" : "(\w+)"', source):
        used |= set(pair)
    assert used <= set(strings)
    modes = {"parallel", "perpendicular", "diagonal", "free"}  # named by the API
    quoted = set(re.findall(r'"(\w+)"', source))
    assert modes <= set(strings)
    assert set(strings) - modes - quoted == set()
