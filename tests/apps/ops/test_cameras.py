# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every camera's health, for people in the admin and for machines as JSON."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from camera_registry import alerts, heartbeat, services
from camera_registry.models import CameraAlert, CameraIncident
from tests.apps.ops.cameras import a_site, sends
from tests.camera_registry.factories import a_camera

pytestmark = pytest.mark.django_db

PAGE = "/admin/ops/cameraoverview/"
JSON = "/api/v1/cameras/"
TOKEN = "a-token-of-more-than-24-characters"


@pytest.fixture
def watcher(redis_client) -> None:
    """Intake has been there for an hour."""
    heartbeat.beat(redis_client, "watcher", "one", {"since": timezone.now().timestamp() - 3600})


@pytest.fixture
def site(watcher) -> None:
    a_site()


@pytest.fixture
def answer(site, client, settings) -> dict:
    settings.SPARK_MONITOR_TOKEN = TOKEN
    return client.get(JSON, headers={"authorization": f"Bearer {TOKEN}"}).json()


def of(answer: dict, name: str) -> dict:
    return next(camera for camera in answer["cameras"] if camera["camera"] == name)


def test_the_worst_come_first_and_are_counted(answer):
    assert [camera["camera"] for camera in answer["cameras"]] == [
        "camera-late", "camera-moved", "camera-never", "camera-slow", "camera-live", "camera-off",
    ]  # fmt: skip
    assert answer["counts"] == {"live": 2, "suspended": 1, "late": 1, "never": 1, "off": 1}
    assert (answer["in_trouble"], answer["site_trouble"]) == (4, None)


def test_the_names_of_the_fields_are_a_promise(answer):
    assert set(answer) == {"at", "site_trouble", "counts", "in_trouble", "cameras", "unwatched_zones"}
    late = of(answer, "camera-late")
    assert set(late) == {
        "camera", "title", "state", "well", "headline", "troubles", "last_frame_at", "last_analysed_at", "interval_s",
        "expected_interval_s", "clock_skew_s", "clock_zone_s", "brightness", "sharpness", "shift_px", "cars", "image_size",
        "calibration_version", "zones", "unknown_zones", "incident", "rejections",
    }  # fmt: skip
    assert set(late["rejections"][0]) == {"reason", "words", "count", "last_at", "detail", "cure"}
    for moment in (answer["at"], late["last_frame_at"], late["rejections"][0]["last_at"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment) and parse_datetime(moment)


def test_what_is_told_of_a_camera_that_is_well(answer):
    live = of(answer, "camera-live")
    assert (live["state"], live["well"], live["headline"], live["troubles"]) == ("live", True, "Live", [])
    assert (live["interval_s"], live["expected_interval_s"], live["clock_skew_s"]) == (300.0, 300, -1.5)
    assert (live["cars"], live["image_size"], live["calibration_version"]) == (7, [1920, 1080], 1)
    assert (live["zones"], live["unknown_zones"], live["incident"]) == (["known"], [], None)


def test_zones_that_suffer_are_named_with_their_camera(answer):
    assert of(answer, "camera-late")["unknown_zones"] == ["behind-late"]
    assert of(answer, "camera-moved")["unknown_zones"] == ["behind-moved"]
    assert of(answer, "camera-slow")["unknown_zones"] == []  # known, or another camera's matter
    assert answer["unwatched_zones"] == ["nobody-sees"]


def test_why_and_what_to_do(answer):
    late = of(answer, "camera-late")
    assert "640 × 360 pixels" in late["headline"]
    assert [(row["reason"], row["count"]) for row in late["rejections"]] == [("wrong_size", 12)]
    assert "calibrated picture size" in late["rejections"][0]["cure"]
    assert "70 pixels" in of(answer, "camera-moved")["headline"]


def test_an_incident_is_told_of(site, client, admin_client):
    camera = services.register_camera("camera-late", alert_webhook="https://hooks.example.org/x")
    now = timezone.now()
    alerts.look_after_cameras(now, now - timezone.timedelta(days=1))
    CameraIncident.objects.update(kind_since=now - timezone.timedelta(minutes=5))
    alerts.look_after_cameras(now, now - timezone.timedelta(days=1))
    CameraAlert.objects.update(last_error="it answers 500")
    incident = of(admin_client.get(JSON).json(), camera.name)["incident"]
    assert (incident["kind"], incident["told"]) == ("late", ["late"])
    assert "late, webhook: waiting (it answers 500)" in admin_client.get(PAGE).content.decode()


def test_whose_fault_it_is(client, admin_client, redis_client):
    sends(a_camera("camera-late"), 700)
    assert "No watcher takes uploads" in admin_client.get(JSON).json()["site_trouble"]
    assert "No watcher takes uploads" in admin_client.get(PAGE).content.decode()


@pytest.mark.parametrize("url", [JSON, "/metrics"])
class TestWhoMayWatch:
    def test_nobody_without_a_token(self, client, url, settings, redis_client):
        for token in ("", TOKEN):
            settings.SPARK_MONITOR_TOKEN = token
            for header in ("", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN):
                answer = client.get(url, headers={"authorization": header})
                assert answer.status_code == 401, header
                assert answer["Content-Type"] == "application/problem+json"
                assert answer["WWW-Authenticate"].startswith("Bearer")
                assert "SPARK_MONITOR_TOKEN" in answer.json()["detail"]

    def test_the_token_opens_and_nobody_keeps_the_answer(self, client, url, settings, redis_client):
        settings.SPARK_MONITOR_TOKEN = TOKEN
        answer = client.get(url, headers={"authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        assert "no-store" in answer["Cache-Control"] and "private" in answer["Cache-Control"]
        assert client.post(url, headers={"authorization": f"Bearer {TOKEN}"}).status_code == 405

    @pytest.mark.parametrize(
        ("staff", "may_see_cameras", "status"), [(False, True, 401), (True, False, 401), (True, True, 200)]
    )
    def test_the_staff_who_may_see_cameras(self, client, url, staff, may_see_cameras, status, redis_client):
        user = get_user_model().objects.create_user("mehmet", is_staff=staff)
        if may_see_cameras:
            user.user_permissions.add(Permission.objects.get(codename="view_camera"))
        client.force_login(user)
        assert client.get(url).status_code == status


class TestThePage:
    def test_everything_is_said_in_words(self, site, admin_client):
        page = admin_client.get(PAGE).content.decode()
        for words in (
            "4 cameras need somebody.", "Late: 1", "Never sent: 1", "camera-late", "Well street",
            "640 × 360 pixels", "Unknown meanwhile:", "Behind Late", "Use the calibration repaired by 70 px",
            "Unknown because no camera has ever shown them:", "Nobody Sees", "12 × not the image size",
            "of 300 s", "This site sends no e-mail",
        ):  # fmt: skip
            assert words in page, words
        for camera in ("camera-late", "camera-moved"):
            assert f">{camera}</a>" in page
        assert "<script>" not in page

    def test_only_what_changes_is_asked_for_later(self, site, admin_client):
        part = admin_client.get(PAGE, {"part": 1})
        assert "<html" not in part.content.decode() and "camera-late" in part.content.decode()
        assert "no-store" in part["Cache-Control"]

    def test_who_may_look_and_who_may_do(self, site, client):
        user = get_user_model().objects.create_user("mehmet", is_staff=True)
        client.force_login(user)
        assert client.get(PAGE).status_code == 403
        user.user_permissions.add(Permission.objects.get(codename="view_camera"))
        page = client.get(PAGE).content.decode()
        assert "camera-late" in page and "repaired by" not in page
        assert "Camera health" in client.get("/admin/").content.decode()

    def test_a_title_is_text(self, watcher, admin_client):
        a_camera("camera-1", title="<script>alert(1)</script>")
        assert "<script>alert" not in admin_client.get(PAGE).content.decode()

    @pytest.mark.parametrize("url", [PAGE, JSON, "/metrics"])
    def test_many_cameras_cost_no_more_queries_than_few(self, site, admin_client, url):
        admin_client.get(url)
        with CaptureQueriesContext(connection) as few:
            admin_client.get(url)
        for number in range(12):
            sends(a_camera(f"another-{number}"), 65, 35, 5)
            services.record_rejection(f"another-{number}", "wrong_size")
        with CaptureQueriesContext(connection) as many:
            admin_client.get(url)
        assert len(many) == len(few)

    def test_with_no_camera_at_all(self, admin_client, redis_client):
        assert "There is no camera yet." in admin_client.get(PAGE).content.decode()
