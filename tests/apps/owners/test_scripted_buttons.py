# SPDX-License-Identifier: AGPL-3.0-or-later
"""A button that only a script works waits for it: what is pressed before would be lost, and nobody told."""

from __future__ import annotations

import re

import pytest

from tests.apps.owners.lending import a_lent_camera, a_person, logged_in

pytestmark = pytest.mark.django_db

BUTTON = re.compile(r'<button[^>]*type="button"[^>]*>')


def offered_too_early(html: str) -> list[str]:
    return [button for button in BUTTON.findall(html) if not re.search(r"\s(hidden|disabled)\b", button)]


@pytest.mark.parametrize("end", ["", "connect/", "mask/", "notice/", "words/", "alerts/"])
def test_before_its_script_has_come_no_page_of_a_camera_offers_what_the_script_does(end, redis_client):
    ada = a_person()
    camera = a_lent_camera(ada)
    response = logged_in(ada).get(f"/my/camera/{camera.name}/{end}")
    assert response.status_code == 200
    assert offered_too_early(response.content.decode()) == []


def test_nor_does_the_page_with_fresh_credentials(redis_client):
    ada = a_person()
    camera = a_lent_camera(ada)
    asked = {"method": "password", "old_stops": "now"}
    html = logged_in(ada).post(f"/my/camera/{camera.name}/connect/", asked).content.decode()
    assert "typed-password" in html
    assert BUTTON.search(html)
    assert offered_too_early(html) == []
