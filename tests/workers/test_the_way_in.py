# SPDX-License-Identifier: AGPL-3.0-or-later
"""The whole way in with the real programs: SFTP door, watcher and worker as processes, uploads as a camera makes them.

Every good frame ends published, every bad one counted on its camera, and afterwards no picture is anywhere: not in
the inbox, not in Redis, not under var.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from apps.parking.models import ZoneSnapshot
from camera_registry import heartbeat, selectors, services
from camera_registry.uploader import Target, Uploader, UploadFailed, host_keys_beside
from tests.camera_registry.factories import a_camera_with_key
from tests.workers.intake.pictures import bomb, jpeg
from tests.workers.scene import SIZE, a_zone, photograph

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PATIENCE_S = 60
PROGRAMS = {
    "door": [sys.executable, "manage.py", "sftp_server", "--port", "0"],
    "watcher": [sys.executable, "manage.py", "watch_inbox"],
    "worker": [sys.executable, "-m", "tests.workers.worker_process", "0"],
}


class Programs:
    """The three programs, on the tests' own services and folders."""

    def __init__(self, folder: Path, settings) -> None:
        db = connection.settings_dict
        address = f"{db['USER']}:{db['PASSWORD']}@{db['HOST']}:{db['PORT']}/{db['NAME']}"
        self.environment = {
            **os.environ,
            "DATABASE_URL": f"postgis://{address}",
            "DJANGO_SETTINGS_MODULE": "spark.settings",
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONUNBUFFERED": "1",
            "SPARK_VAR": str(settings.SPARK_VAR),
            "SPARK_INBOX": str(settings.SPARK_INBOX),
            "SPARK_RESCAN_S": "1",
        }
        self.folder = folder
        self.processes: dict[str, subprocess.Popen] = {}

    def start(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                PROGRAMS[name], cwd=REPOSITORY, env=self.environment, stdout=log, stderr=log
            )

    def said(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def stop(self, name: str, signum: int = signal.SIGTERM) -> int:
        process = self.processes.pop(name)
        process.send_signal(signum)
        return process.wait(20)

    def end(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait(10)


@pytest.fixture
def programs(tmp_path, settings, redis_client) -> Iterator[Programs]:
    made = Programs(tmp_path, settings)
    for name in PROGRAMS:
        made.start(name)
    try:
        until(lambda: "Host key" in made.said("door"), made, "the door")
        for kind in ("watcher", "worker"):
            until(lambda kind=kind: heartbeat.heartbeats(redis_client, kind), made, f"the {kind}")
        yield made
    finally:
        made.end()


def until(condition, programs: Programs, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            logs = "\n".join(f"--- {name}\n{programs.said(name)}" for name in PROGRAMS)
            pytest.fail(f"waited for {what} in vain\n{logs}")
        time.sleep(0.02)


def uploader(programs: Programs, made, tmp_path: Path, settings) -> Uploader:
    key = tmp_path / f"{made.camera.name}.key"
    made.key.write_private_key(key)
    port = int(re.search(r"SFTP door open on \S+:(\d+)", programs.said("door")).group(1))
    host_keys = host_keys_beside(Path(settings.SPARK_VAR) / "sftp_host_key")
    assert host_keys, "the door keeps its host keys in the state folder"
    return Uploader(Target("127.0.0.1", port, made.camera.name, key=key, host_keys=host_keys))


def pictures_left(settings, client) -> list[str]:
    """Everything that begins like a JPEG, under var, in the inbox or in Redis."""
    folders = [Path(settings.SPARK_VAR), Path(settings.SPARK_INBOX)]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    found = [str(path) for path in files if path.read_bytes()[:2] == b"\xff\xd8"]
    for key in client.scan_iter():
        kind = client.type(key)
        values = list(client.hgetall(key).values()) if kind == b"hash" else []
        values += [client.get(key) or b""] if kind == b"string" else []
        found += [key.decode() for value in values if value[:2] == b"\xff\xd8"]
    return found


def test_good_frames_are_published_bad_ones_counted_and_nothing_stays(
    programs, redis_client, tmp_path, settings
):
    made = a_camera_with_key("pole-north", image_size=SIZE)
    new = a_camera_with_key("new-pole", image_size=None)
    off = a_camera_with_key("off-pole", enabled=False)
    a_zone()

    def counts(name: str = "pole-north") -> dict[str, int]:
        return selectors.rejection_counts(name)

    with uploader(programs, made, tmp_path, settings) as camera:
        sent = timezone.now()
        camera.upload("snapshot.jpg", photograph([0]))
        until(ZoneSnapshot.objects.exists, programs, "a snapshot")
        snapshot = ZoneSnapshot.objects.get()
        assert sent < snapshot.received_at < snapshot.published_at
        bad = {
            "empty": b"",
            "not_jpeg": b"text named .jpg " * 100,
            "truncated": photograph()[:20_000],
            "too_many_pixels": bomb(),
            "wrong_size": jpeg(640, 360),
        }
        for number, data in enumerate(bad.values()):
            camera.upload(f"bad-{number}.jpg", data)
        until(lambda: sum(counts().values()) == len(bad), programs, "five reasons")
        assert counts() == dict.fromkeys(bad, 1)
        with pytest.raises(UploadFailed, match="refused"):
            camera.upload("../../etc/cron.d/x.jpg", photograph())
        until(lambda: counts().get("bad_name"), programs, "the bad name")
    with uploader(programs, new, tmp_path, settings) as camera:
        camera.upload("x.jpg", photograph())
        until(lambda: counts("new-pole"), programs, "a reason for the new camera")
        assert counts("new-pole") == {"no_calibration": 1}
    with uploader(programs, off, tmp_path, settings) as camera, pytest.raises(UploadFailed):
        camera.upload("x.jpg", photograph())
    until(lambda: counts("off-pole") == {"disabled": 1}, programs, "the disabled camera's reason")
    assert pictures_left(settings, redis_client) == []

    # Programs end in good order, and what comes meanwhile is not lost.
    assert programs.stop("watcher") == 0
    with uploader(programs, made, tmp_path, settings) as camera:
        camera.upload("snapshot.jpg", photograph([3]))
    programs.start("watcher")
    until(lambda: ZoneSnapshot.objects.count() == 2, programs, "the frame that waited")
    services.set_enabled(made.camera, False)
    for name in PROGRAMS:
        assert programs.stop(name) == 0, programs.said(name)
    assert pictures_left(settings, redis_client) == []
    for name in PROGRAMS:
        assert "Traceback" not in programs.said(name), programs.said(name)
