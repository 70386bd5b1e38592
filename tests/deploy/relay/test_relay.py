# SPDX-License-Identifier: AGPL-3.0-or-later
"""The relay as a whole: from a real camera through SPARK's real door, and what happens when either is away."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import asyncssh
import pytest

from camera_registry import services
from camera_registry.clock import mark_of_name, skew_s
from camera_registry.models import Camera
from spark_relay.__main__ import main
from spark_relay.clock import ClockWatch
from spark_relay.config import read_settings
from spark_relay.relay import LONGEST_WAIT_S, Relay, frame_name, wait_after
from tests.camera_registry.doors import running_door
from tests.camera_registry.factories import a_camera
from tests.deploy.relay.snapshot_camera import PASSWORD, USER, a_jpeg, snapshot_camera

RELAY = Path(__file__).resolve().parents[3] / "deploy" / "relay"
DIGEST = 'Digest realm="cam", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", qop="auth"'
ACCOUNT = "pole-north"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def street(tmp_path):
    """A camera, a door, an account, and the settings that join them."""
    with snapshot_camera(DIGEST) as (camera, address), running_door() as door:
        key = tmp_path / "camera.key"
        assert main(["--new-key", str(key)]) == 0
        public = asyncssh.read_private_key(key).export_public_key().decode()
        services.add_key(a_camera(ACCOUNT), public, comment="relay")
        yield Street(tmp_path, camera, address, door)


class Street:
    def __init__(self, folder, camera, address, door) -> None:
        self.folder, self.camera, self.address, self.door = folder, camera, address, door
        self.fingerprints = [line.split()[-1] for line in door.fingerprints]

    def write(self, host_key: list[str] | None = None, **changes: object) -> Path:
        path = self.folder / "relay.toml"
        keys = self.fingerprints if host_key is None else host_key
        lines = {"every_s": 1, "timeout_s": 5} | changes
        path.write_text(
            f"[camera]\nsnapshot = '{self.address}/snap.cgi?password=in-the-query'\nuser = '{USER}'\n"
            f"password = '{PASSWORD}'\n"
            + "".join(f"{key} = {value}\n" for key, value in lines.items())
            + f"[spark]\nhost = '127.0.0.1'\nport = {self.door.port}\naccount = '{ACCOUNT}'\n"
            + f"key = 'camera.key'\nhost_key = {keys}\n"
        )
        path.chmod(0o600)
        return path

    def relay(self, **options) -> Relay:
        return Relay(read_settings(self.write(**options)))

    def landed(self) -> dict[str, bytes]:
        folder = self.door.inbox / ACCOUNT
        return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}

    def clear(self) -> None:
        for name in self.landed():
            (self.door.inbox / ACCOUNT / name).unlink()


def rounds(relay: Relay, *steps) -> list[float]:
    """The relay's rounds, one after each step, in one event loop; returns their waits."""

    async def go() -> list[float]:
        waits = []
        for step in steps:
            step()
            waits.append(await relay.round())
        await relay.door.close()
        return waits

    return asyncio.run(go())


def relay_said(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "spark_relay"]


def nothing() -> None:
    pass


def test_pictures_arrive_whole_under_their_time(street, caplog):
    caplog.set_level(logging.INFO, "spark_relay")
    relay = street.relay()
    assert rounds(relay, nothing, nothing) == [1.0, 1.0]
    landed = street.landed()
    assert set(landed.values()) == {street.camera.picture} and len(landed) == 2
    for name in landed:
        taken = datetime.strptime(name, "%Y%m%dT%H%M%S%fZ.jpg").replace(tzinfo=UTC)
        assert abs((datetime.now(UTC) - taken).total_seconds()) < 60
    assert relay_said(caplog) == ["picture of 1920 × 1080 px uploaded"]


def test_what_arrives_after_a_break_is_new(street, caplog):
    """The camera goes away, its pictures of that time are nobody's; a broken one is never uploaded."""
    relay = street.relay()

    def fails():
        street.camera.status = 503

    def breaks():
        street.camera.status, street.camera.picture = 200, a_jpeg(seed=1)[:-500]

    def mends():
        street.camera.picture = a_jpeg(seed=2)

    waits = rounds(relay, fails, nothing, breaks, mends)
    assert list(street.landed().values()) == [a_jpeg(seed=2)]
    assert waits[-1] == 1.0
    assert [1.0 <= waits[0] <= 2.0, 2.0 <= waits[1] <= 4.0, 4.0 <= waits[2] <= 8.0] == [True] * 3
    told = [message.split("; trying")[0].partition(": ")[2] for message in relay_said(caplog)[:-1]]
    # The second failure was the same, and is not told again.
    assert [words.split(" after")[0] for words in told] == [
        "the camera answers HTTP 503",
        "a JPEG that is cut off",
    ]


def test_the_door_away_costs_no_picture_and_takes_the_next_one(street, caplog):
    relay = street.relay()
    asked = len(street.camera.asked)
    waits = rounds(relay, nothing, street.door.go_away, nothing, street.door.come_back)
    assert waits[0] == waits[-1] == 1.0
    assert relay.sent == 2
    assert [message for message in relay_said(caplog) if f"127.0.0.1:{street.door.port}" in message]
    # No picture was taken while nobody would have taken it; one went when the line broke.
    assert len(street.camera.asked) - asked <= 3 * 2


def test_an_unknown_server_is_told_nothing(street, caplog):
    strange = "SHA256:" + "A" * 43
    relay = street.relay(host_key=[strange])
    (wait,) = rounds(relay, nothing)
    assert 60 <= wait <= 120
    assert street.landed() == {} and street.camera.asked == []
    assert (
        strange in caplog.text and relay.door.shown in street.fingerprints and relay.door.shown in caplog.text
    )


def test_a_switched_off_account_is_not_hammered(street, caplog):
    Camera.objects.filter(name=ACCOUNT).update(enabled=False)
    (wait,) = rounds(street.relay(), nothing)
    assert 60 <= wait <= 120
    assert f"does not let {ACCOUNT} in with this key" in caplog.text


def test_a_camera_whose_clock_is_wrong_is_named_once(street, caplog):
    street.camera.clock_ahead_s = 7200
    rounds(street.relay(), nothing, nothing, lambda: setattr(street.camera, "clock_ahead_s", 0.0))
    told = [message for message in relay_said(caplog) if "the camera's clock" in message]
    assert len(told) == 2 and re.search("(7200|7199|7201) s behind", told[0]) and "agrees again" in told[1]
    assert "the server's clock" not in caplog.text


def test_waits_double_to_a_limit_and_are_scattered():
    assert [wait_after(failures, 0.0) for failures in (1, 2, 3, 20, 5000)] == [
        2,
        4,
        8,
        LONGEST_WAIT_S,
        LONGEST_WAIT_S,
    ]
    assert wait_after(3, 1.0) == 4
    assert wait_after(1, 0.0, refused=True) == 120


class TestClock:
    def clocks(self) -> tuple[ClockWatch, list[float]]:
        hands = [1_700_000_000.0, 50.0]
        return ClockWatch(lambda: hands[0], lambda: hands[1]), hands

    def test_a_clock_that_runs_is_not_told(self):
        watch, hands = self.clocks()
        hands[0], hands[1] = hands[0] + 3600.5, hands[1] + 3600
        assert watch.jump() is None

    @pytest.mark.parametrize(("jump", "words"), [(-120, "120 s backwards"), (86400, "86400 s forwards")])
    def test_a_clock_that_is_set_is_told_once(self, jump, words):
        watch, hands = self.clocks()
        hands[0], hands[1] = hands[0] + 15 + jump, hands[1] + 15
        assert words in watch.jump()
        assert watch.jump() is None


class TestCommand:
    def test_the_trial_says_step_by_step_what_works(self, street, capsys):
        street.camera.picture = a_jpeg(640, 360)
        assert main([str(street.write()), "--test"]) == 0
        lines = capsys.readouterr().out.splitlines()
        steps = [line.split("  ")[0].strip() + ":" + line[8:23].strip() for line in lines if line]
        assert steps[:-1] == [
            "ok:settings", "ok:server", "ok:login", "ok:camera", "note:picture", "ok:camera's clock", "ok:upload",
            "ok:server's clock",
        ]  # fmt: skip
        assert "login: digest" in lines[3] and len(street.landed()) == 1
        assert PASSWORD not in "".join(lines) and "in-the-query" not in "".join(lines)

    def test_the_trial_shows_the_fingerprint_that_is_still_missing(self, street, capsys):
        assert main([str(street.write(host_key=[])), "--test"]) == 1
        said = capsys.readouterr().out
        assert "FAILED  server" in said and street.fingerprints[0] in said
        assert "ok      camera" in said  # the camera is tried all the same
        assert street.landed() == {}

    def test_runs_as_a_service_until_it_is_told_to_stop(self, street, tmp_path):
        """As systemd runs it: ready, a picture each second, an end without complaint, no secret in the log."""
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(str(tmp_path / "notify"))
        notify.settimeout(30)
        log = tmp_path / "log"
        with log.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "spark_relay", str(street.write())],
                env={
                    "PYTHONPATH": str(RELAY),
                    "PATH": os.environ["PATH"],
                    "NOTIFY_SOCKET": str(tmp_path / "notify"),
                },
                stderr=stderr,
            )
            try:
                assert notify.recv(100) == b"READY=1"
                assert notify.recv(100) == b"WATCHDOG=1"
                deadline = time.monotonic() + 30
                while len(street.landed()) < 2 and time.monotonic() < deadline:
                    time.sleep(0.05)
                process.send_signal(signal.SIGTERM)
                assert process.wait(20) == 0
            finally:
                process.kill()
        assert len(street.landed()) >= 2
        said = log.read_text()
        assert "stopped after" in said and "picture of 1920" in said
        assert not [secret for secret in (PASSWORD, "in-the-query", "Traceback") if secret in said]

    def test_wrong_settings_end_it_with_the_code_that_systemd_does_not_retry(self, street, capsys):
        path = street.write()
        path.chmod(0o644)
        assert main([str(path)]) == 78
        assert "chmod 600" in capsys.readouterr().err
        unit = (RELAY / "spark-relay@.service").read_text()
        assert "RestartPreventExitStatus=78" in unit

    def test_a_key_that_is_there_is_never_written_over(self, street, capsys):
        before = (street.folder / "camera.key").read_bytes()
        assert main(["--new-key", str(street.folder / "camera.key")]) == 1
        assert (street.folder / "camera.key").read_bytes() == before


def test_the_unit_is_one_that_systemd_understands(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed (Debian package systemd)")
    unit = (RELAY / "spark-relay@.service").read_text()
    path = tmp_path / "spark-relay@.service"
    path.write_text(unit.replace("/usr/local/lib/spark-relay/.venv/bin/python", sys.executable))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_relay_is_pinned_to_what_the_project_runs():
    pins = [line for line in (RELAY / "requirements.txt").read_text().splitlines() if "==" in line]
    ours = (RELAY.parents[1] / "requirements-web.txt").read_text().splitlines()
    assert pins[0].startswith("asyncssh==")
    assert not set(pins) - set(ours)


def test_spark_reads_the_relay_s_clock_from_the_name():
    at = datetime(2026, 11, 22, 10, 15, 0, 123_000, tzinfo=UTC)
    mark = mark_of_name(frame_name(at))
    assert abs(skew_s(mark, at.timestamp() + 2.0)) < 3
    assert abs(skew_s(mark, at.timestamp() + 3600.0)) > 3000  # the time zone is told too
