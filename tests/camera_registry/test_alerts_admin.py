# SPDX-License-Identifier: AGPL-3.0-or-later
"""Alerts on the camera page of the admin."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth import get_user_model

from camera_registry.models import Camera, CameraAlert
from tests.camera_registry.factories import a_camera

pytestmark = pytest.mark.django_db

HOOK = "https://hooks.example.org/spark"


def page_of(camera: Camera, *ending: str) -> str:
    return "/".join(["/admin/camera_registry/camera", str(camera.pk), *(ending or ("change",)), ""])


def save(admin_client, camera: Camera, **fields):
    data = {
        "title": "", "enabled": "on", "expected_interval_s": 30, "max_range_m": 120, "alert_language": "en-gb", "keys-TOTAL_FORMS": 0,
        "keys-INITIAL_FORMS": 0, **fields,
    }  # fmt: skip
    return admin_client.post(page_of(camera), data, follow=True)


def test_where_alerts_go_is_set_there_and_a_bad_address_is_refused_with_its_cure(admin_client):
    camera = a_camera()
    answer = save(admin_client, camera, alert_webhook="https://10.0.0.1/x")
    assert "is an address of a private network; give a public one" in answer.content.decode()
    save(admin_client, camera, alert_webhook=HOOK)
    camera.refresh_from_db()
    assert (camera.alert_webhook, camera.alert_by_email) == (HOOK, False)


def test_a_test_goes_every_way_and_what_became_of_it_is_shown(admin_client, settings):
    settings.SPARK_SENDS_EMAIL = True
    owner = get_user_model().objects.create_user("ayse", email="ayse@example.org")
    camera = a_camera(owner=owner, alert_webhook=HOOK)
    page = admin_client.post(page_of(camera, "alert-test"), follow=True).content.decode()
    assert "a test, e-mail ayse@example.org: waiting" in page
    assert f"a test, webhook {HOOK}: waiting" in page
    assert CameraAlert.objects.count() == 2


def test_when_nobody_can_be_told_it_says_so(admin_client):
    page = admin_client.post(page_of(a_camera(), "alert-test"), follow=True).content.decode()
    assert "Nobody is told: it has neither an owner with e-mail nor a webhook." in page


def test_the_secret_is_shown_once(admin_client):
    camera = a_camera(alert_webhook=HOOK)
    page = admin_client.post(page_of(camera, "alert-secret")).content.decode()
    camera.refresh_from_db()
    assert camera.alert_secret.startswith("whsec_")
    assert camera.alert_secret in page.replace("&#x3D;", "=")
    assert "whsec_" not in admin_client.get(page_of(camera)).content.decode()


@pytest.mark.parametrize("button", ["alert-test", "alert-secret"])
def test_a_link_cannot_press_the_buttons(admin_client, button):
    camera = a_camera(alert_webhook=HOOK)
    assert admin_client.get(page_of(camera, button)).status_code == 405
    camera.refresh_from_db()
    assert not camera.alert_secret and not CameraAlert.objects.exists()


def test_the_page_says_in_a_sentence_what_to_do(admin_client):
    page = admin_client.get(page_of(a_camera())).content.decode()
    assert re.search(r"It has not sent a frame yet. Enter the account in the camera", page)


def test_the_list_leads_to_the_health_of_all(admin_client):
    page = admin_client.get("/admin/camera_registry/camera/").content.decode()
    assert 'href="/admin/ops/cameraoverview/"' in page and "Health of all cameras" in page
