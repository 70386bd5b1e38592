# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures out of cameras: real HTTP with the logins that cameras ask for, and a real RTSP stream where ffmpeg is."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil

import pytest

from spark_relay import httpauth
from spark_relay.camera import CameraError, fetch, ffmpeg_command, ffmpeg_script, without_secrets
from spark_relay.config import CameraSettings
from spark_relay.jpeg import NotAFrame, jpeg_size
from tests.deploy.relay.rtsp_server import SIZE, rtsp_camera
from tests.deploy.relay.snapshot_camera import NONCE, PASSWORD, USER, a_jpeg, snapshot_camera

DIGEST = f'Digest realm="IP \\"Cam\\", Basic", nonce="{NONCE}", qop="auth", opaque="5c,cc"'
PATH = "/cgi-bin/snapshot.cgi?channel=1&user=x"


def settings(snapshot: str | None = None, rtsp: str | None = None, **changes) -> CameraSettings:
    given = CameraSettings(snapshot, rtsp, USER, PASSWORD, True, 15.0, 20.0)
    return dataclasses.replace(given, **changes)


def fetched(camera: CameraSettings):
    return asyncio.run(fetch(camera))


@pytest.mark.parametrize(
    ("logins", "scheme"),
    [
        ((), "none"),
        (('Basic realm="camera"',), "basic"),
        ((DIGEST,), "digest"),
        ((f'Digest realm="old", nonce="{NONCE}"',), "digest"),  # RFC 2069, as in old firmware
        ((f'Digest realm="r", nonce="{NONCE}", algorithm=MD5-sess, qop="auth,auth-int"',), "digest"),
        ((f'Digest realm="r", nonce="{NONCE}", algorithm=SHA-256, qop=auth',), "digest"),
        (('Basic realm="camera"', DIGEST), "digest"),  # the password is not shown when it need not be
        ((f'Basic realm="a", {DIGEST}',), "digest"),  # two in one header
        (("Negotiate", 'Basic realm="camera"'), "basic"),
    ],
)
def test_logs_in_the_way_the_camera_asks(logins, scheme):
    with snapshot_camera(*logins) as (camera, address):
        picture = fetched(settings(address + PATH))
    assert (picture.data, picture.size, picture.login) == (camera.picture, (1920, 1080), scheme)
    assert set(camera.asked) == {PATH}
    assert picture.camera_time is not None


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_standard_s_own_example(monkeypatch, algorithm, response):
    """RFC 7616, section 3.9.1."""
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    monkeypatch.setattr(httpauth.secrets, "token_hex", lambda _: cnonce)
    header = (
        'Digest realm="http-auth@example.org", qop="auth, auth-int", nonce='
        f'"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", algorithm={algorithm}, opaque="FQhe/qaU925kfnzjCev0ci"'
    )
    said = httpauth.answer(
        httpauth.challenges([header]), "GET", "/dir/index.html", "Mufasa", "Circle of Life"
    )
    assert f'response="{response}"' in said


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": 404}, "nothing at this address"),
        ({"status": 500}, "HTTP 500"),
        ({"picture": b"<html>login</html>"}, "web page"),
        ({"picture": b"--boundary\r\nContent-Type: image/jpeg"}, "single snapshot"),
        ({"picture": a_jpeg()[:-2000]}, "cut off"),
        ({"picture": b""}, "sent nothing"),
        ({"picture": b"\xff\xd8\xff" + bytes(100) + b"\xff\xd9"}, "damaged header"),
        ({"picture": bytes((16 << 20) + 1)}, "stream, no snapshot"),
        ({"location": "http://elsewhere.invalid/x.jpg"}, "another host"),
        ({"location": "/there?again"}, "from address to address"),
        ({"drip_s": 0.2}, "within 1 s"),
        ({"logins": (DIGEST.replace('qop="auth"', 'qop="auth-int"'),)}, "not known here"),
        ({"logins": ("Digest nonce=x, algorithm=SHA-512",)}, "not known here: digest SHA-512"),
    ],
)
def test_says_what_is_wrong_with_the_camera(changes, words):
    with snapshot_camera() as (camera, address):
        for name, value in changes.items():
            setattr(camera, name, value)
        with pytest.raises((CameraError, NotAFrame), match=words) as told:
            fetched(settings(address + PATH, timeout_s=1.0 if "drip_s" in changes else 20.0))
    assert PASSWORD not in str(told.value)


def test_a_wrong_password_is_one_attempt_and_named():
    with snapshot_camera(DIGEST) as (camera, address):
        with pytest.raises(CameraError, match=r"\[camera\] user, password"):
            fetched(settings(address + PATH, password="wrong"))
        assert len(camera.asked) == 2
        with pytest.raises(CameraError, match="wants a user and a password"):
            fetched(settings(address + PATH, user=""))


def test_follows_the_camera_to_another_address_of_its_own():
    with snapshot_camera('Basic realm="camera"') as (camera, address):
        camera.location = "/there"
        assert fetched(settings(address + "/here")).size == (1920, 1080)


def test_no_camera_at_all():
    with snapshot_camera() as (_, address):
        pass
    with pytest.raises(CameraError, match="cannot be reached: Connection refused"):
        fetched(settings(address))


def test_sizes_are_read_past_fill_bytes_and_comments():
    plain = a_jpeg(320, 200)
    assert jpeg_size(plain) == (320, 200)
    noted = plain[:2] + b"\xff\xff\xfe\x00\x04hi" + plain[2:] + bytes(4000)
    assert jpeg_size(noted) == (320, 200)


class TestStream:
    @pytest.fixture(autouse=True)
    def ffmpeg(self):
        if shutil.which("ffmpeg") is None:
            pytest.skip("ffmpeg is not installed (Debian package ffmpeg): no RTSP stream can be read")

    def test_a_key_frame_comes_out_of_the_stream(self):
        with rtsp_camera(USER, PASSWORD) as camera:
            address = f"rtsp://127.0.0.1:{camera.port}/cam/realmonitor?channel=1&subtype=0"
            assert fetched(settings(rtsp=address)).size == SIZE
            assert camera.refused == 0 and "PLAY" in camera.requests

    def test_a_wrong_password_is_named_and_never_told(self):
        with rtsp_camera(USER, "another") as camera:
            address = f"rtsp://127.0.0.1:{camera.port}/stream1"
            with pytest.raises(CameraError, match=r"\[camera\] user, password") as told:
                fetched(settings(rtsp=address, timeout_s=15.0))
        assert PASSWORD not in str(told.value) and camera.refused


def test_the_stream_s_login_is_not_on_the_command_line():
    camera = settings(rtsp="rtsp://10.0.0.9/s?token=abc")
    assert not [word for word in ffmpeg_command() if "10.0.0.9" in word]
    assert "viewer:pa%22ss%3Aw%C3%B6rd%5C@10.0.0.9/s?token=abc'" in ffmpeg_script(camera)
    complaint = ffmpeg_script(camera) + PASSWORD
    told = without_secrets(complaint, camera)
    assert not [secret for secret in (PASSWORD, "pa%22ss", "viewer", "abc") if secret in told]
