# SPDX-License-Identifier: AGPL-3.0-or-later
"""The camera page, used as an admin uses it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import asyncssh
import pytest
from django.contrib.auth.hashers import check_password
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from camera_registry import services
from camera_registry.keys import ensure_host_keys
from camera_registry.models import Camera
from tests.camera_registry.factories import KAYSERI_LONLAT, a_calibration, a_camera

pytestmark = pytest.mark.django_db

LIST = "/admin/camera_registry/camera/"


def page(camera: Camera, ending: str = "change/") -> str:
    return f"{LIST}{camera.pk}/{ending}"


def form(camera: Camera | None = None, **changes) -> dict:
    """What a browser posts."""
    fields = {
        "name": "pole-north",
        "title": "North",
        "owner": "",
        "enabled": "on",
        "expected_interval_s": "30",
        "max_range_m": "120",
        "alert_language": "en-gb",
        "calibration_note": "",
        "keys-TOTAL_FORMS": "1",
        "keys-INITIAL_FORMS": "0",
        "keys-0-public_key": "",
        "keys-0-comment": "",
    }
    return fields | changes


def upload(name: str, data: object) -> SimpleUploadedFile:
    text = data if isinstance(data, str) else json.dumps(data)
    return SimpleUploadedFile(name, text.encode())


@pytest.fixture
def camera() -> Camera:
    return a_camera("pole-north")


def text(response) -> str:
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def test_a_camera_is_registered_with_its_key(admin_client):
    key = asyncssh.generate_private_key("ssh-ed25519")
    fields = form(**{"keys-0-public_key": key.export_public_key().decode(), "keys-0-comment": "on the pole"})
    assert admin_client.post(f"{LIST}add/", fields).status_code == 302
    camera = Camera.objects.get()
    assert (camera.name, camera.keys.get().fingerprint) == ("pole-north", key.get_fingerprint())


def test_the_page_tells_how_the_camera_is_doing(admin_client, camera, settings):
    ensure_host_keys(Path(settings.SPARK_SFTP_HOST_KEY))
    services.record_received(camera, timezone.now())
    services.record_analysed(camera, timezone.now(), 17)
    services.record_rejection("pole-north", "wrong_size", "640 × 360 pixels <script>")
    shown = text(admin_client.get(page(camera)))
    for words in (
        "● live",
        "cars: 17",
        "wrong_size",
        "640 × 360 pixels &lt;script&gt;",
        "1920 × 1080 px",
        "in use",
    ):
        assert words in shown
    assert len(re.findall(r"SHA256:\S{43}", shown)) == 2
    listed = text(admin_client.get(LIST))
    assert "● live" in listed


@pytest.mark.parametrize(("enabled", "words"), [(True, "○ never"), (False, "✕ switched off")])
def test_states_are_words(admin_client, enabled, words):
    a_camera("quiet", enabled=enabled)
    assert words in text(admin_client.get(LIST))


def test_saving_changes_the_fields_but_never_the_name(admin_client, camera):
    assert admin_client.post(page(camera), form(name="other", title="Norden", enabled="")).status_code == 302
    camera.refresh_from_db()
    assert (camera.name, camera.title, camera.enabled) == ("pole-north", "Norden", False)


def test_enter_in_a_field_saves_and_presses_no_other_button(admin_client, camera):
    """A browser's Enter presses the form's first submit button, which must be the one that saves."""
    shown = text(admin_client.get(page(camera)))
    own = re.search(r'<form[^>]*id="camera_form".*?</form>', shown, re.DOTALL).group(0)
    buttons = re.findall(r"<(?:button|input)[^>]*type=.submit.[^>]*>", own)
    first_of_its_own = next(button for button in buttons if 'form="camera-action"' not in button)
    assert 'name="_save"' in first_of_its_own
    assert any("/password/" in button for button in buttons)
    other = re.search(r'<form id="camera-action" method="post">.*?</form>', shown, re.DOTALL).group(0)
    assert "csrfmiddlewaretoken" in other


def test_a_bad_key_is_refused_with_the_reason(admin_client, camera):
    shown = text(admin_client.post(page(camera), form(**{"keys-0-public_key": "ssh-rsa nonsense"})))
    assert "Not an SSH public key" in shown
    assert not camera.keys.exists()


def test_a_key_is_taken_away(admin_client, camera):
    key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    row = services.add_key(camera, key)
    fields = form(**{
        "keys-TOTAL_FORMS": "1", "keys-INITIAL_FORMS": "1", "keys-0-id": str(row.pk), "keys-0-camera": str(camera.pk),
        "keys-0-DELETE": "on",
    })  # fmt: skip
    assert admin_client.post(page(camera), fields).status_code == 302
    assert not camera.keys.exists()


class TestPassword:
    def test_it_is_shown_once(self, admin_client, camera):
        response = admin_client.post(page(camera, "password/"))
        password = re.search(r'id="password"[^>]*>([^<]+)<', text(response)).group(1)
        assert "no-store" in response["Cache-Control"]
        camera.refresh_from_db()
        assert check_password(password, camera.password_hash)
        shown = text(admin_client.get(page(camera)))
        assert password not in shown
        assert camera.password_hash not in shown
        assert password not in text(admin_client.get(f"/admin/camera_registry/camera/{camera.pk}/history/"))

    def test_it_is_taken_away(self, admin_client, camera):
        services.set_generated_password(camera)
        assert admin_client.post(page(camera, "no-password/")).status_code == 302
        camera.refresh_from_db()
        assert not camera.accepts_password

    @pytest.mark.parametrize("ending", ["password/", "no-password/", "use/1/", "recount/"])
    def test_nothing_happens_by_following_a_link_or_without_the_right(
        self, admin_client, client, camera, django_user_model, ending
    ):
        assert admin_client.get(page(camera, ending)).status_code == 405
        client.force_login(django_user_model.objects.create_user("guest", is_staff=True))
        assert client.post(page(camera, ending)).status_code == 403
        camera.refresh_from_db()
        assert camera.password_hash == ""


class TestCalibration:
    def test_a_file_becomes_the_next_version_in_use(self, admin_client, camera):
        data = a_calibration((1280, 720)).to_json() | {"rmse_m": 0.31, "leave_one_out_rmse_m": 0.52}
        fields = form(calibration_file=upload("cal.json", data), calibration_note="after the storm")
        assert admin_client.post(page(camera), fields).status_code == 302
        camera.refresh_from_db()
        assert (camera.calibration.version, camera.image_size) == (2, (1280, 720))
        assert camera.calibration.created_by.username == "admin"
        shown = text(admin_client.get(page(camera)))
        assert "0.31 m" in shown
        assert "0.52 m" in shown
        assert "after the storm" in shown

    @pytest.mark.parametrize("content", ["no json", "[]", '{"image_size": [1, 2]}', "[" * 100_000])
    def test_what_is_no_calibration_is_refused_and_nothing_changes(self, admin_client, camera, content):
        shown = text(admin_client.post(page(camera), form(calibration_file=upload("c.json", content))))
        assert "errornote" in shown
        assert camera.calibrations.count() == 1

    def test_an_older_version_is_used_again(self, admin_client, camera):
        services.add_calibration(camera, a_calibration((640, 360)))
        assert admin_client.post(page(camera, "use/1/")).status_code == 302
        camera.refresh_from_db()
        assert (camera.calibration.version, camera.image_size) == (1, (1920, 1080))
        assert admin_client.post(page(camera, "use/9/")).status_code == 404


class TestBlindGround:
    LON, LAT = KAYSERI_LONLAT
    SQUARE = [[LON, LAT], [LON + 1e-4, LAT], [LON + 1e-4, LAT + 1e-4], [LON, LAT + 1e-4], [LON, LAT]]

    def test_a_geojson_outline_becomes_ground(self, admin_client, camera):
        data = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [self.SQUARE]}}
        fields = form(blind_ground_file=upload("blind.geojson", data))
        assert admin_client.post(page(camera), fields).status_code == 302
        camera.refresh_from_db()
        assert camera.blind_ground.srid == 3857
        area_m2 = 1e-4 * 111_320 * 0.7803 * 1e-4 * 111_000
        shown = text(admin_client.get(page(camera)))
        assert abs(int(re.search(r"(\d+) m²", shown).group(1)) - area_m2) < 2

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            ({"type": "Point", "coordinates": [LON, LAT]}, "no polygon"),
            (
                {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]},
                "crosses itself",
            ),
            ({"type": "Polygon", "coordinates": "nonsense"}, "could not be read"),
            ({}, "could not be read"),
        ],
    )
    def test_what_is_no_ground_is_refused(self, admin_client, camera, data, said):
        shown = text(admin_client.post(page(camera), form(blind_ground_file=upload("b.json", data))))
        assert said in shown


def test_names_without_a_camera_are_listed_and_cannot_be_edited(admin_client):
    services.record_rejection("stranger", "unknown_camera", "login from 192.0.2.7")
    shown = text(admin_client.get("/admin/camera_registry/rejection/"))
    assert "stranger" in shown
    assert admin_client.get("/admin/camera_registry/rejection/add/").status_code == 403


def test_counting_anew(admin_client, camera):
    services.record_rejection("pole-north", "empty")
    assert admin_client.post(page(camera, "recount/")).status_code == 302
    assert not camera.rejections.exists()


def test_the_page_asks_nobody_else_for_anything(admin_client, camera):
    """No map or script from a third party: the page works offline and tells nobody who looks at it."""
    assert not re.search(r"""(src|href)=["'](https?:)?//""", text(admin_client.get(page(camera))))
