# SPDX-License-Identifier: AGPL-3.0-or-later
"""The relay's settings: what is refused, in which words, and that the example is a good one."""

from __future__ import annotations

import os
import re
from pathlib import Path

import asyncssh
import pytest

from spark_relay.config import ConfigError, read_settings

RELAY = Path(__file__).resolve().parents[3] / "deploy" / "relay"
FINGERPRINT = "SHA256:" + "a" * 43
GOOD = f"""
[camera]
snapshot = "http://192.168.1.20/snap.jpg"
user = "viewer"
password = "secret-of-the-camera"
[spark]
host = "parking.example.org"
account = "my-camera"
password = "secret-of-the-door"
host_key = "{FINGERPRINT}"
"""


@pytest.fixture
def written(tmp_path):
    def write(text: str, mode: int = 0o600) -> Path:
        path = tmp_path / "relay.toml"
        path.write_text(text)
        path.chmod(mode)
        return path

    return write


def test_defaults(written):
    settings = read_settings(written(GOOD))
    assert (settings.camera.every_s, settings.camera.timeout_s, settings.door.port) == (15.0, 20.0, 2222)
    assert settings.door.host_keys == (FINGERPRINT,)
    assert settings.camera.place == "http://192.168.1.20"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[camera]", "[kamera]", "[kamera] is not a setting"),
        ("[spark]", "[spark]\nservername = 1", "[spark] servername is not a setting of the relay. There are: host"),
        ('user = "viewer"', "user = viewer", "Text stands in double quotes"),
        ('user = "viewer"', "user = 5", "[camera] user must be text in quotes"),
        ('user = "viewer"', 'user = "a\\nb"', "[camera] user holds a line break"),
        ('user = "viewer"', 'every_s = "15"', "[camera] every_s must be a number of seconds without quotes"),
        ('user = "viewer"', "every_s = nan", "[camera] every_s must be a number"),
        ('user = "viewer"', "every_s = 0.1", "[camera] every_s lies between 1 and 3600 seconds, not 0.1"),
        ('user = "viewer"', 'rtsp = "rtsp://192.168.1.20/s"', "[camera] needs snapshot or rtsp, one of the two"),
        ('user = "viewer"', "verify_certificate = 0", "verify_certificate is true or false"),
        ("http://192", "http://viewer:pw@192", "[camera] snapshot holds a user or password before the @"),
        ("http://192", "ftp://192", "[camera] snapshot is an address such as http://"),
        ("/snap.jpg", "/snap shot.jpg", "[camera] snapshot holds a space"),
        ("/snap.jpg", "/snap'.jpg", "[camera] snapshot holds a space, a quote"),
        ("parking.example.org", "sftp://parking.example.org", "[spark] host is the server's name alone"),
        ("parking.example.org", "parking.example.org:2222", "the port is a line of its own"),
        ('account = "my-camera"', 'account = "My Camera"', "[spark] account is the camera's name"),
        ('account = "my-camera"', 'account = "a"\nport = "22"', "[spark] port is a number without quotes"),
        ('password = "secret-of-the-door"', "", "[spark] needs key"),
        ('password = "secret-of-the-door"', 'key = "gone.key"', "gone.key cannot be read: No such file"),
        (f'host_key = "{FINGERPRINT}"', "", "[spark] host_key is missing"),
        (FINGERPRINT, "MD5:00:11", "[spark] host_key is a fingerprint"),
    ],
)  # fmt: skip
def test_refusals_name_the_key_and_the_cure(written, old, new, words):
    assert old in GOOD
    with pytest.raises(ConfigError, match=re.escape(words)) as told:
        read_settings(written(GOOD.replace(old, new, 1)))
    assert "secret-of" not in str(told.value)


def test_a_file_that_others_may_read_is_refused(written):
    with pytest.raises(ConfigError, match="chmod 600"):
        read_settings(written(GOOD, 0o640))


def test_a_key_that_others_may_read_is_refused(written, tmp_path):
    key = tmp_path / "camera.key"
    key.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())
    key.chmod(0o644)
    path = written(GOOD.replace('password = "secret-of-the-door"', 'key = "camera.key"'))
    with pytest.raises(ConfigError, match=r"camera.key can be read by others.*chmod 600"):
        read_settings(path)
    key.chmod(0o600)
    assert read_settings(path).door.key == key


def test_only_the_fingerprint_may_wait_for_the_test(written):
    path = written(GOOD.replace(f'host_key = "{FINGERPRINT}"', ""))
    assert read_settings(path, needs_host_key=False).door.host_keys == ()


def test_the_example_needs_nothing_but_its_three_dots_filled_in(tmp_path):
    text = (RELAY / "relay.example.toml").read_text()
    path = tmp_path / "relay.toml"
    path.write_text(text.replace("SHA256:…", FINGERPRINT))
    path.chmod(0o600)
    with os.fdopen(os.open(tmp_path / "my-camera.key", os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        file.write(b"key")
    assert read_settings(path).camera.user == "viewer"
