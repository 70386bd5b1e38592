# SPDX-License-Identifier: AGPL-3.0-or-later
"""Uploading as a camera, and replaying a folder of photographs, against a real door."""

from __future__ import annotations

import io
from pathlib import Path

import asyncssh
import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command

from camera_registry import services
from camera_registry.uploader import Target, Uploader, UploadFailed, host_keys_beside
from tests.camera_registry.doors import running_door
from tests.camera_registry.factories import CameraWithKey, a_camera_with_key

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pole(tmp_path) -> CameraWithKey:
    made = a_camera_with_key("pole-north")
    made.key.write_private_key(tmp_path / "key")
    return made


@pytest.fixture
def door():
    with running_door() as running:
        yield running


def target(port: int, tmp_path: Path) -> Target:
    host_keys = host_keys_beside(Path(django_settings.SPARK_SFTP_HOST_KEY))
    return Target("127.0.0.1", port, "pole-north", key=tmp_path / "key", host_keys=host_keys)


def test_uploads_arrive_whole_and_over_one_connection(door, pole, tmp_path):
    with Uploader(target(door.port, tmp_path)) as uploader:
        for number in range(3):
            assert uploader.upload(f"{number}.jpg", bytes([number]) * 100_000) < 5
            assert len(door.door.visits) == 1
    assert sorted(path.name for path in (door.inbox / "pole-north").iterdir()) == ["0.jpg", "1.jpg", "2.jpg"]


def test_a_broken_connection_is_opened_again(door, pole, tmp_path):
    with Uploader(target(door.port, tmp_path)) as uploader:
        uploader.upload("a.jpg", b"a")
        door.loop.call_soon_threadsafe(lambda: [visit.leave(None) for visit in list(door.door.visits)])
        uploader.upload("b.jpg", b"b")
    assert (door.inbox / "pole-north" / "b.jpg").read_bytes() == b"b"


def test_a_door_that_is_not_there_is_given_up_on(pole, tmp_path):
    with (
        Uploader(target(1, tmp_path)) as uploader,
        pytest.raises(UploadFailed, match="does not take uploads"),
    ):
        uploader.upload("a.jpg", b"a", patience_s=0.6)


@pytest.mark.parametrize("trouble", ["switched off", "another door"])
def test_refusals_are_told_at_once(door, pole, tmp_path, trouble):
    where = target(door.port, tmp_path)
    if trouble == "switched off":
        services.set_enabled(pole.camera, False)
    else:
        stranger = tmp_path / "stranger.pub"
        asyncssh.generate_private_key("ssh-ed25519").write_public_key(stranger)
        where = Target(where.host, where.port, where.camera, key=where.key, host_keys=(stranger,))
    with Uploader(where) as uploader, pytest.raises(UploadFailed):
        uploader.upload("a.jpg", b"a")


class TestReplay:
    def test_a_folder_is_uploaded_by_name_with_progress(self, door, pole, tmp_path):
        photographs = tmp_path / "photographs"
        photographs.mkdir()
        for name in ("b.JPG", "a.jpeg", "notes.txt"):
            (photographs / name).write_bytes(name.encode())
        out = io.StringIO()
        options = {"key": tmp_path / "key", "port": door.port, "stdout": out}
        call_command(
            "replay", str(photographs), camera="pole-north", every=0.01, loop=True, limit=3, **options
        )
        landed = {path.name: path.read_bytes() for path in (door.inbox / "pole-north").iterdir()}
        assert landed == {
            "frame-000001.jpg": b"a.jpeg",
            "frame-000002.jpg": b"b.JPG",
            "frame-000003.jpg": b"a.jpeg",
        }
        assert [line.split()[:2] for line in out.getvalue().splitlines()] == [
            ["1/3", "a.jpeg"],
            ["2/3", "b.JPG"],
            ["3/3", "a.jpeg"],
        ]

    def test_an_empty_folder_is_said_to_be_empty(self, tmp_path):
        with pytest.raises(CommandError, match=r"has no \.jpg"):
            call_command("replay", str(tmp_path), camera="pole-north", key=tmp_path / "key")

    def test_a_camera_without_a_key_here_is_named(self, tmp_path):
        (tmp_path / "a.jpg").write_bytes(b"a")
        with pytest.raises(CommandError, match="no private key for pole-north"):
            call_command("replay", str(tmp_path), camera="pole-north")
