# SPDX-License-Identifier: AGPL-3.0-or-later
"""Owners are told once: real rows, a real mail server, a real receiver, two processes at a time."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from email.header import decode_header, make_header
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection, connections
from django.urls import resolve
from django.utils import timezone, translation

from camera_registry import alert_mail, alerts, heartbeat, services
from camera_registry.models import Camera, CameraAlert, CameraIncident
from camera_registry.services import Arrival
from camera_registry.view_status import ViewStatus
from tests.camera_registry.factories import a_camera
from tests.camera_registry.receivers import MailServer, Receiver
from tests.camera_registry.test_health import look_at_view
from tests.house.test_settings import ask_settings

pytestmark = pytest.mark.django_db

REPOSITORY = Path(__file__).resolve().parents[2]
LONG_AGO = dt.timedelta(days=30)


@pytest.fixture
def mail(settings) -> Iterator[MailServer]:
    with MailServer() as server:
        settings.SPARK_SENDS_EMAIL = True
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.DEFAULT_FROM_EMAIL = "SPARK <parking@example.org>"
        yield server


@pytest.fixture
def hook(settings) -> Iterator[Receiver]:
    settings.SPARK_WEBHOOK_PRIVATE = True
    with Receiver() as receiver:
        yield receiver


def owned_camera(name: str = "pole-north", email: str = "ayse@example.org", **fields) -> Camera:
    owner, _ = get_user_model().objects.get_or_create(username="ayse", defaults={"email": email})
    return a_camera(name, owner=owner, title="Main street, north", **fields)


def seen(camera: Camera, at: dt.datetime) -> None:
    services.record_received(camera, at)
    services.record_analysed(camera, at, 3, ["bahar-1"])


def look_at(now: dt.datetime, *, minutes: int = 0) -> None:
    """Look after the cameras once a minute, from `now` on for so many minutes."""
    for minute in range(minutes + 1):
        alerts.look_after_cameras(now + dt.timedelta(minutes=minute), now - LONG_AGO)


def said() -> list[tuple[str, str]]:
    """Every alert that was written: event and channel."""
    return list(CameraAlert.objects.order_by("created_at", "channel").values_list("event", "channel"))


def subject(letter) -> str:
    """As a mail program shows it."""
    return str(make_header(decode_header(letter.message["Subject"])))


def make_due() -> None:
    """As if the wait before the next attempt were over."""
    CameraAlert.objects.filter(status="waiting").update(next_attempt_at=timezone.now())


def test_an_e_mail_speaks_the_owner_s_language_and_a_webhook_the_site_s(mail, hook, settings):
    camera = owned_camera(alert_webhook=hook.url, alert_language="tr")
    now = timezone.now()
    seen(camera, now - dt.timedelta(minutes=10))
    look_at(now, minutes=30)
    with translation.override("tr"):  # an owner who tries it from a Turkish page
        alerts.queue_test(camera)
    assert alerts.send_waiting() == (4, 0)
    late, test = sorted(mail.letters, key=lambda letter: "deneme" in subject(letter))
    assert subject(late) == "Main street, north görüntü göndermiyor"
    assert "boyunca görüntü yok" in late.text and "şu bölgeler bu arada bilinmiyor: bahar-1" in late.text
    assert subject(test) == "Main street, north: uyarıların denemesi"
    for english in ("No frame for", "Since ", "Unless", "You are told", "A test"):
        assert english not in late.text + test.text
    headlines = [json.loads(request.body)["data"]["headline"] for request in hook.got]
    assert all(headline.startswith(("No frame for", "A test")) for headline in headlines)


def test_a_view_that_is_lost_is_told_in_turkish_to_the_last_word(mail):
    camera = owned_camera(alert_language="tr", expected_interval_s=3600)
    now = timezone.now()
    seen(camera, now)
    look_at_view(camera, ViewStatus.UNRECOGNISED, at=now, detail="The picture is nearly black.")
    look_at(now, minutes=3)
    alerts.send_waiting()
    (letter,) = mail.letters
    assert "Görüntü neredeyse siyah." in letter.text and "picture" not in letter.text


def test_late_and_well_again_by_both_ways(mail, hook, settings):
    settings.SPARK_SITE_URL = "https://parking.example.org/"
    camera = owned_camera(alert_webhook=hook.url)
    now = timezone.now()
    seen(camera, now - dt.timedelta(minutes=10))
    look_at(now, minutes=30)
    assert alerts.send_waiting() == (2, 0)
    later = now + dt.timedelta(minutes=31)
    for minute in range(7):
        seen(camera, later + dt.timedelta(minutes=minute))
        look_at(later + dt.timedelta(minutes=minute))
    make_due()
    assert alerts.send_waiting() == (2, 0)
    assert alerts.send_waiting() == (0, 0)

    first, second = mail.letters
    assert first.to == ["ayse@example.org"]
    assert first.message["Subject"] == "Main street, north sends no pictures"
    assert first.message["From"] == "SPARK <parking@example.org>"
    assert first.message["Auto-Submitted"] == "auto-generated"
    assert "No frame for 11 minutes; one is expected every 30 seconds." in first.text
    assert "bahar-1" in first.text and "https://parking.example.org/my/camera/pole-north/" in first.text
    assert second.message["Subject"] == "Main street, north is well again"

    late, well = (json.loads(request.body) for request in hook.got)
    assert (late["type"], well["type"]) == ("camera.late", "camera.well")
    assert late["id"] == hook.got[0].headers["webhook-id"] != well["id"]
    assert late["data"] == {
        "camera": "pole-north",
        "title": "Main street, north",
        "state": "late",
        "headline": late["data"]["headline"],
        "since": late["data"]["since"],
        "last_frame_at": late["data"]["last_frame_at"],
        "zones": ["bahar-1"],
    }
    assert late["data"]["since"].endswith("Z")
    camera.refresh_from_db()
    assert camera.alert_secret.startswith("whsec_")
    assert CameraIncident.objects.get().closed_at is not None


def test_a_suspended_camera_is_told_of_with_what_to_do(mail):
    camera = owned_camera()
    now = timezone.now()
    seen(camera, now)
    look_at_view(camera, ViewStatus.UNRECOGNISED, detail="The picture is nearly black.")
    camera.expected_interval_s = 3600
    camera.save()
    look_at(now, minutes=2)
    alerts.send_waiting()
    (letter,) = mail.letters
    assert "suspended" in letter.message["Subject"]
    assert "The picture is nearly black. Clean the lens" in letter.text


@pytest.mark.parametrize(
    ("change", "ways"),
    [
        ({}, ["email"]),
        ({"alert_by_email": False}, []),
        ({"alert_webhook": "https://hooks.example.org/x"}, ["email", "webhook"]),
        ({"owner": None}, []),
        ({"owner": None, "alert_webhook": "https://hooks.example.org/x"}, ["webhook"]),
    ],
)
def test_ways_to_an_owner(settings, change: dict, ways: list[str]):
    settings.SPARK_SENDS_EMAIL = True
    camera = owned_camera()
    services.register_camera(camera.name, **change)
    assert [alert.channel for alert in alerts.queue_test(camera)] == ways
    settings.SPARK_SENDS_EMAIL = False
    assert [alert.channel for alert in alerts.queue_test(camera)] == [way for way in ways if way == "webhook"]


def test_an_owner_who_may_not_log_in_any_more_is_not_written_to(settings):
    settings.SPARK_SENDS_EMAIL = True
    camera = owned_camera()
    get_user_model().objects.update(is_active=False)
    assert alerts.queue_test(camera) == []


def test_what_was_over_long_ago_is_forgotten_with_its_addresses():
    camera = owned_camera(alert_webhook="https://hooks.example.org/x")
    now = timezone.now()
    seen(camera, now - dt.timedelta(minutes=10))
    look_at(now, minutes=2)
    alerts.queue_test(camera)
    much_later = now + dt.timedelta(days=91)
    assert alerts.forget_old(now + dt.timedelta(days=89)) == 0
    assert alerts.forget_old(much_later) == 1  # the test; the incident goes on
    assert said() == [("late", "webhook")]
    services.set_enabled(camera, False)
    look_at(now + dt.timedelta(minutes=3))
    alerts.forget_old(much_later)
    assert not CameraIncident.objects.exists() and not CameraAlert.objects.exists()


def test_switching_off_ends_a_trouble_without_a_word():
    camera = owned_camera(alert_webhook="https://hooks.example.org/x")
    now = timezone.now()
    seen(camera, now - dt.timedelta(minutes=10))
    look_at(now, minutes=2)
    services.set_enabled(camera, False)
    look_at(now + dt.timedelta(minutes=3), minutes=10)
    assert said() == [("late", "webhook")]
    assert CameraIncident.objects.get().closed_at is not None


class TestNobodyIsBlamedForTheSite:
    def late_cameras(self, count: int, of: int, now: dt.datetime) -> None:
        for number in range(of):
            minutes = 10 if number < count else 0
            seen(
                owned_camera(f"camera-{number}", alert_webhook="https://hooks.example.org/x"),
                now - dt.timedelta(minutes=minutes),
            )

    @pytest.mark.parametrize(
        ("count", "of", "intake_for_s", "told"),
        [
            (1, 4, 3600, 1),
            (3, 4, 3600, 0),  # most of them together
            (3, 3, 3600, 3),  # too few to say
            (1, 4, None, 0),  # no watcher
            (1, 4, 30, 0),  # the watcher has just come back
        ],
    )
    def test_when_cameras_are_called_late(self, count, of, intake_for_s, told):
        now = timezone.now()
        self.late_cameras(count, of, now)
        for minute in (0, 2):
            since = intake_for_s and now - dt.timedelta(seconds=intake_for_s)
            Camera.objects.filter(last_received_at__gt=now - dt.timedelta(minutes=5)).update(
                last_received_at=now + dt.timedelta(minutes=minute)
            )
            moment = now + dt.timedelta(minutes=minute)
            alerts.look_after_cameras(
                moment, since and (since if intake_for_s > 60 else moment - dt.timedelta(seconds=30))
            )
        assert len(said()) == told

    def test_it_is_said_what_is_wrong_instead(self):
        now = timezone.now()
        self.late_cameras(3, 4, now)
        assert "fell silent together" in alerts.site_trouble(Camera.objects.all(), now, now - LONG_AGO)
        assert "No watcher" in alerts.site_trouble(Camera.objects.all(), now, None)


def test_a_quiet_look_costs_three_queries(django_assert_num_queries):
    now = timezone.now()
    for number in range(4):
        seen(owned_camera(f"camera-{number}"), now)
    with django_assert_num_queries(3):
        alerts.look_after_cameras(now, now - LONG_AGO)


def test_a_trouble_that_was_told_costs_no_more(django_assert_num_queries):
    now = timezone.now()
    seen(owned_camera(alert_webhook="https://hooks.example.org/x"), now - dt.timedelta(minutes=10))
    look_at(now, minutes=2)
    assert said() == [("late", "webhook")]
    with django_assert_num_queries(3):
        look_at(now + dt.timedelta(minutes=3))


class TestSending:
    def test_it_is_tried_again_and_later_each_time(self, hook):
        camera = owned_camera(alert_webhook=hook.url)
        hook.answers = [500, 503]
        alerts.queue_test(camera)
        assert alerts.send_waiting() == (0, 1)
        alert = CameraAlert.objects.get()
        assert (alert.status, alert.attempts, alert.last_error) == ("waiting", 1, "it answers 500")
        assert alerts.send_waiting() == (0, 0)  # it is not due
        make_due()
        before = CameraAlert.objects.get().next_attempt_at
        assert alerts.send_waiting() == (0, 1)
        assert CameraAlert.objects.get().next_attempt_at - before > dt.timedelta(seconds=100)
        make_due()
        assert alerts.send_waiting() == (1, 0)
        assert len({request.headers["webhook-id"] for request in hook.got}) == 1
        assert CameraAlert.objects.get().status == "sent"

    def test_it_is_given_up_in_the_end(self, hook):
        hook.answers = [500] * 99
        alerts.queue_test(owned_camera(alert_webhook=hook.url))
        for _ in range(9):
            make_due()
            alerts.send_waiting()
        assert len(hook.got) == 7
        assert CameraAlert.objects.get().status == "given_up"

    @pytest.mark.parametrize(
        ("answer", "status"), [("550 no such user", "given_up"), ("450 later", "waiting")]
    )
    def test_what_the_mail_server_says(self, mail, answer: str, status: str):
        mail.refuse = answer
        alerts.queue_test(owned_camera())
        assert alerts.send_waiting() == (0, 1)
        assert CameraAlert.objects.get().status == status
        assert answer[:3] in CameraAlert.objects.get().last_error

    def test_a_trouble_that_is_over_is_not_told_late(self, hook):
        """The receiver was away all the time: neither the trouble nor its end is news now."""
        hook.answers = [500] * 2
        camera = owned_camera(alert_webhook=hook.url)
        now = timezone.now()
        seen(camera, now - dt.timedelta(minutes=10))
        look_at(now, minutes=2)
        alerts.send_waiting()
        for minute in range(3, 12):
            seen(camera, now + dt.timedelta(minutes=minute))
            look_at(now + dt.timedelta(minutes=minute))
        assert said() == [("late", "webhook"), ("well", "webhook")]
        make_due()
        assert alerts.send_waiting() == (0, 0)
        assert set(CameraAlert.objects.values_list("status", flat=True)) == {"given_up"}

    def test_one_dead_receiver_does_not_keep_the_mail(self, mail, settings):
        settings.SPARK_WEBHOOK_PRIVATE = True
        with Receiver() as receiver:
            url = receiver.url
        alerts.queue_test(owned_camera(alert_webhook=url))
        assert alerts.send_waiting() == (1, 1)
        assert len(mail.letters) == 1

    def test_a_line_break_in_a_title_reaches_no_header(self, mail):
        camera = owned_camera()
        Camera.objects.update(title="x\r\nBcc: everyone@example.org")
        alerts.queue_test(camera)
        alerts.send_waiting()
        assert mail.letters[0].to == ["ayse@example.org"]
        assert mail.letters[0].message["Bcc"] is None


@pytest.mark.django_db(transaction=True)
def test_two_processes_tell_it_once(hook):
    camera = owned_camera(alert_webhook=hook.url)
    now = timezone.now()
    seen(camera, now - dt.timedelta(minutes=10))

    def process() -> None:
        try:
            for minute in range(3):
                look_at(now + dt.timedelta(minutes=minute))
                alerts.send_waiting()
        finally:
            connections.close_all()

    processes = [threading.Thread(target=process) for _ in range(4)]
    for thread in processes:
        thread.start()
    for thread in processes:
        thread.join(60)
    look_at(now + dt.timedelta(minutes=4))  # whoever was last may have found the lock taken
    alerts.send_waiting()
    assert said() == [("late", "webhook")]
    assert len(hook.got) == 1


@pytest.mark.django_db(transaction=True)
def test_the_command_looks_and_sends_with_a_watcher_only(hook, redis_client, settings):
    camera = owned_camera(alert_webhook=hook.url)
    now = timezone.now()
    services.record_arrivals(camera, [Arrival(now - dt.timedelta(minutes=10))])
    call_command("camera_alerts", "--once")
    assert not CameraIncident.objects.exists()
    heartbeat.beat(redis_client, "watcher", "one", {"since": now.timestamp() - 3600})
    call_command("camera_alerts", "--once")
    CameraIncident.objects.update(kind_since=now - dt.timedelta(minutes=5))
    call_command("camera_alerts", "--once")
    call_command("camera_alerts", "--once")
    assert [json.loads(request.body)["type"] for request in hook.got] == ["camera.late"]
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    call_command("camera_alerts", "--once")  # Redis is away: no harm


@pytest.mark.django_db(transaction=True)
def test_the_process_beats_writes_and_ends_when_asked(hook, redis_client):
    """As it is deployed, with the settings from the environment."""
    alerts.queue_test(owned_camera(alert_webhook=hook.url))
    db = connection.settings_dict
    address = f"{db['USER']}:{db['PASSWORD']}@{db['HOST']}:{db['PORT']}/{db['NAME']}"
    environment = os.environ | {
        "DATABASE_URL": f"postgis://{address}", "SPARK_WEBHOOK_PRIVATE": "true", "SPARK_ALERTS_EVERY_S": "0.2",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "manage.py", "camera_alerts"], env=environment, cwd=REPOSITORY
    )
    try:
        deadline = time.monotonic() + 90
        while not (hook.got and heartbeat.heartbeats(redis_client, "alerts")):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait(10)
    assert heartbeat.heartbeats(redis_client, "alerts") == []
    assert CameraAlert.objects.get().status == "sent"


def test_the_mail_server_comes_from_one_address():
    asked = (
        "[getattr(settings, 'EMAIL_' + n) for n in ('HOST', 'PORT', 'HOST_USER', 'HOST_PASSWORD', 'USE_TLS')]"
    )
    done = ask_settings(asked, EMAIL_URL="smtp+tls://spark:p%40ss@mail.example.org:587")
    assert done.stdout.strip() == "['mail.example.org', 587, 'spark', 'p@ss', True]"
    assert ask_settings("settings.SPARK_SENDS_EMAIL").stdout.strip() == "False"


def test_a_short_monitoring_token_is_refused(settings):
    settings.SPARK_MONITOR_TOKEN = "guessable"
    assert "spark.E007" in {message.id for message in run_checks()}


def test_a_new_secret_replaces_the_old_one():
    camera = owned_camera()
    first, second = alerts.new_webhook_secret(camera), alerts.new_webhook_secret(camera)
    camera.refresh_from_db()
    assert first != second == camera.alert_secret


def test_the_link_in_the_mail_leads_to_the_owners_page():
    assert resolve(alert_mail.OWNERS_PAGE % "pole-north").kwargs == {"name": "pole-north"}
