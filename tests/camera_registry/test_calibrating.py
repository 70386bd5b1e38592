# SPDX-License-Identifier: AGPL-3.0-or-later
"""The calibrating page's addresses: who may, what is kept of the frame and for how long, and what saving leaves behind."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.db import connection
from django.test import Client

from apps.parking.services import create_zone
from camera_registry import reference_frames as frames_module
from camera_registry import services
from camera_registry.models import Camera
from camera_registry.reference_frames import FRAME_TTL_S, WISH_TTL_S, reference_frames
from camera_registry.view_reference import ViewReference
from camera_registry.view_status import ViewStatus
from tests.apps.street import zone_spec
from tests.camera_registry.factories import a_camera
from tests.camera_registry.test_workbench import SIZE, draft

pytestmark = pytest.mark.django_db

ENDINGS = ("", "solve/", "warp/", "points/", "frame/", "frame/next/", "leave/", "save/")


@pytest.fixture
def camera(redis_client):
    return a_camera("pole-north")


def url(camera, ending: str = "") -> str:
    return f"/admin/camera_registry/camera/{camera.pk}/calibrate/{ending}"


def picture(ending: str = ".jpg", size=SIZE) -> bytes:
    noise = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3)).astype(np.uint8)
    return cv2.imencode(ending, noise)[1].tobytes()


def post(client, camera, ending: str, data) -> object:
    body, kind = (
        (data, "application/octet-stream") if isinstance(data, bytes) else (json.dumps(data), "application/json")
    )  # fmt: skip
    return client.post(url(camera, ending), body, content_type=kind)


def keep_frame(camera, image: bytes) -> None:
    reference_frames().keep(camera.pk, image, dt.datetime.now(dt.UTC))


class TestWhoMay:
    @pytest.mark.parametrize("ending", ENDINGS)
    def test_only_who_may_change_the_camera(self, client, django_user_model, camera, ending):
        assert client.post(url(camera, ending)).status_code == 302  # to the login
        client.force_login(django_user_model.objects.create_user("guest", is_staff=True))
        assert client.get(url(camera, ending)).status_code == 403
        assert client.post(url(camera, ending)).status_code == 403

    @pytest.mark.parametrize("ending", [e for e in ENDINGS if e])
    def test_nothing_is_done_without_the_page_s_token(self, admin_user, camera, ending):
        client = Client(enforce_csrf_checks=True)
        client.force_login(admin_user)
        assert client.post(url(camera, ending), b"{}", content_type="application/json").status_code == 403

    @pytest.mark.parametrize("ending", ["solve/", "warp/", "points/", "frame/next/", "leave/", "save/"])
    def test_nothing_is_done_by_following_a_link(self, admin_client, camera, ending):
        assert admin_client.get(url(camera, ending)).status_code == 405


class TestThePage:
    def test_it_asks_nobody_else_for_anything(self, admin_client, camera):
        response = admin_client.get(url(camera))
        text = response.content.decode()
        assert 'src="http' not in text and 'href="http' not in text
        policy = response["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy

    def test_tiles_come_from_the_site_s_setting_only(self, admin_client, camera, settings):
        settings.SPARK_TILE_URL = "https://{s}.tiles.example.org/{z}/{x}/{y}.png"
        policy = admin_client.get(url(camera))["Content-Security-Policy"]
        assert "img-src 'self' data: blob: https://*.tiles.example.org" in policy

    def test_zones_and_earlier_points_are_there(self, admin_client, camera):
        create_zone(zone_spec())
        points = [{"name": "kerb", "px": [1, 2], "lonlat": [35.4, 38.7], "kept": True}]
        services.add_calibration(camera, services.calibration_of(camera), points=points, note="by hand")
        text = admin_client.get(url(camera)).content.decode()
        config = json.loads(
            text.split('id="calibrate-config" type="application/json">')[1].split("</script>")[0]
        )
        assert [zone["name"] for zone in config["zones"]] == ["Main Street"]
        assert [(row["version"], row["points"]) for row in config["versions"]] == [(2, points)]

    def test_the_camera_s_page_leads_there(self, admin_client, camera):
        text = admin_client.get(f"/admin/camera_registry/camera/{camera.pk}/change/").content.decode()
        assert f'href="{url(camera)}"' in text


class TestTheFrame:
    @pytest.mark.parametrize("ending", [".jpg", ".png"])
    def test_it_lies_in_redis_for_a_while_and_nowhere_else(
        self, admin_client, camera, redis_client, monkeypatch, tmp_path, settings, ending
    ):
        """Larger than what Django would write to a temporary file, had it come as a form's file."""
        written = []
        for name in ("NamedTemporaryFile", "TemporaryFile", "mkstemp", "SpooledTemporaryFile"):
            monkeypatch.setattr(tempfile, name, lambda *a, name=name, **k: written.append(name))
        image = picture(ending)
        assert len(image) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE / 2
        before = rows_with_bytes()
        assert post(admin_client, camera, "frame/", image).status_code == 204
        (key,) = redis_client.keys("spark:reference:*")
        assert 0 < redis_client.ttl(key) <= FRAME_TTL_S == 1800
        got = admin_client.get(url(camera, "frame/"))
        assert got.content == image
        assert "no-store" in got["Cache-Control"]
        assert written == []
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
        assert rows_with_bytes() == before

    def test_it_goes_by_itself(self, camera, redis_client):
        frames = frames_module.ReferenceFrames(redis_client, frame_ttl_s=1)
        frames.keep(camera.pk, b"picture", dt.datetime.now(dt.UTC))
        assert frames.get(camera.pk) is not None
        redis_client.pexpire(f"spark:reference:frame:{camera.pk}", 1)
        time.sleep(0.05)
        assert frames.get(camera.pk) is None
        assert redis_client.keys("spark:reference:*") == []

    @pytest.mark.parametrize("ending", ["leave/", "frame/next/"])
    def test_it_goes_when_somebody_leaves_or_wants_another(self, admin_client, camera, ending):
        keep_frame(camera, picture())
        assert admin_client.post(url(camera, ending)).status_code == 204
        assert reference_frames().get(camera.pk) is None

    def test_it_goes_when_saved(self, admin_client, camera, redis_client):
        keep_frame(camera, picture())
        assert post(admin_client, camera, "save/", draft() | {"note": "new lens"}).status_code == 200
        assert redis_client.keys("spark:reference:*") == []

    def test_its_keypoints_stay_so_that_the_camera_notices_when_it_moves(self, admin_client, camera):
        keep_frame(camera, picture())
        post(admin_client, camera, "save/", draft() | {"note": "new lens"})
        check = Camera.objects.get(pk=camera.pk).current_view_check
        assert check.calibration.version == 2
        assert check.status == ViewStatus.STEADY
        assert ViewReference.from_bytes(bytes(check.reference)).image_size == SIZE

    def test_a_wish_lives_while_somebody_looks(self, admin_client, camera, redis_client):
        assert admin_client.get(url(camera, "frame/")).status_code == 204
        assert not reference_frames().asked(camera.pk)  # looking alone wishes for nothing
        admin_client.post(url(camera, "frame/next/"))
        wish = f"spark:reference:wish:{camera.pk}"
        assert 0 < redis_client.ttl(wish) <= WISH_TTL_S
        redis_client.expire(wish, 2)
        admin_client.get(url(camera, "frame/"))
        assert redis_client.ttl(wish) > 2

    @pytest.mark.parametrize(
        ("data", "said"),
        [(b"GIF89a", "not a whole JPEG"), (picture()[:5000], "not a whole"), (b"", "not a whole")],
    )
    def test_what_is_no_picture_is_refused(self, admin_client, camera, data, said):
        response = post(admin_client, camera, "frame/", data)
        assert response.status_code == 422
        assert said in response.json()["message"]
        assert reference_frames().get(camera.pk) is None

    def test_what_is_too_large_is_refused(self, admin_client, camera, settings):
        settings.SPARK_MAX_PIXELS = 1000
        assert "more than the 1000" in post(admin_client, camera, "frame/", picture()).json()["message"]
        settings.SPARK_MAX_UPLOAD_BYTES = 1000
        assert "larger than 1000" in post(admin_client, camera, "frame/", picture()).json()["message"]

    def test_without_redis_it_is_said(self, admin_client, camera, settings):
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        response = admin_client.get(url(camera, "frame/"))
        assert response.status_code == 503
        assert "Redis" in response.json()["message"]


def rows_with_bytes() -> int:
    """How much the camera tables hold, bytes: a frame in one of them would show."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(octet_length(t::text)) FROM camera_registry_camera t"
            " UNION ALL SELECT sum(octet_length(t::text)) FROM camera_registry_cameracalibration t"
        )
        return sum(size or 0 for (size,) in cursor.fetchall())


class TestWorking:
    def test_a_draft_is_judged(self, admin_client, camera):
        found = post(admin_client, camera, "solve/", draft(noise_px=1.0)).json()
        assert found["state"] == "fitted"

    def test_a_draft_s_frame_is_laid_on_the_map(self, admin_client, camera):
        assert post(admin_client, camera, "warp/", draft()).status_code == 404
        keep_frame(camera, picture())
        for layer in ("frame", "errors"):
            response = post(admin_client, camera, "warp/", draft() | {"layer": layer})
            assert response["Content-Type"] == "image/webp"
            west, south, east, north = json.loads(response["X-Bounds"])
            assert 35.4 < west < east < 35.6 and 38.7 < south < north < 38.8

    @pytest.mark.parametrize("body", [b"no json", b"[]", b"{}", b"[" * 100_000, b'{"points": 3}', b"\xff"])
    def test_nonsense_is_said_to_be_it(self, admin_client, camera, body):
        response = admin_client.post(url(camera, "solve/"), body, content_type="application/json")
        assert response.status_code == 422
        assert response.json()["message"]

    def test_a_csv_is_read_as_the_command_reads_it(self, admin_client, camera):
        csv = "\ufeffname,px_x,px_y,lon,lat\r\nkerb,412,873.5,35.4871,38.7205\r\n"
        found = post(admin_client, camera, "points/", csv.encode()).json()
        assert found == {"points": [{"name": "kerb", "px": [412.0, 873.5], "lonlat": [35.4871, 38.7205]}]}
        bad = post(admin_client, camera, "points/", b"name,px_x,px_y,lon\nA,1,2,3\n")
        assert bad.status_code == 422
        assert "column lat missing" in bad.json()["message"]


class TestSaving:
    def test_a_new_version_knows_who_when_why_and_which_points(self, admin_client, camera):
        data = draft(noise_px=1.0) | {"note": "the camera was moved"}
        data["points"][1]["kept"] = False
        assert post(admin_client, camera, "save/", data).json() == {"version": 2}
        camera.refresh_from_db()
        row = camera.calibration
        assert (row.version, row.note, row.created_by.username) == (2, "the camera was moved", "admin")
        assert len(row.points) == 9
        assert row.points[0]["name"] == "P0" and row.points[0]["kept"] and row.points[0]["residual_m"] < 1
        assert row.points[1]["kept"] is False
        assert 0 < row.rmse_m < row.loo_rmse_m
        assert services.calibration_of(camera).pose is not None
        assert camera.calibrations.get(version=1).points == []  # the old one is as it was
        text = admin_client.get(f"/admin/camera_registry/camera/{camera.pk}/change/").content.decode()
        assert "the camera was moved" in text

    @pytest.mark.parametrize(
        ("change", "said"), [({"note": " "}, "why"), ({"points": []}, "at least 4 are needed")]
    )
    def test_what_is_not_ready_is_refused(self, admin_client, camera, change, said):
        response = post(admin_client, camera, "save/", draft() | {"note": "x"} | change)
        assert response.status_code == 422
        assert said in response.json()["message"]
        assert camera.calibrations.count() == 1

    def test_points_of_an_imported_file_are_kept_too(self, camera):
        rows = [{"name": "a", "px": [1, 2], "lonlat": [3, 4], "residual_m": 0.1}, {"px": "?"}, 7]
        data = services.calibration_of(camera).to_json() | {"points": rows}
        assert [p["name"] for p in services.import_calibration(camera, data).points] == ["a"]


def test_the_inbox_is_not_where_frames_of_the_page_go(admin_client, camera, settings):
    post(admin_client, camera, "frame/", picture())
    assert list(Path(settings.SPARK_INBOX).iterdir()) == []
