# SPDX-License-Identifier: AGPL-3.0-or-later
"""The watcher with real files, a real Redis and a real database: each upload ends in the store or in a reason."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from pathlib import Path

import pytest
import redis

from camera_registry import selectors, services
from camera_registry.tally import Tally
from tests.camera_registry.factories import a_camera
from tests.workers.intake.pictures import bomb, jpeg
from workers.intake import wiring
from workers.intake.doorbell import Doorbell
from workers.intake.frame_store import FrameStore
from workers.intake.inbox import Inbox
from workers.intake.registry import Registry
from workers.intake.stability import Patience
from workers.intake.watcher import Watcher, WatcherOptions

pytestmark = pytest.mark.django_db(transaction=True)

SIZE = (320, 180)
MAX_PIXELS = 25_000_000
DAY_S = 86_400


class Intake:
    """A watcher with short patience, and the shortest way to ask what came of a file."""

    def __init__(self, root: Path, client: redis.Redis, *, max_age_s: float = DAY_S) -> None:
        self.client = client
        self.inbox = Inbox(root)
        self.registry = Registry(Tally())
        self.store = FrameStore(client, ttl_s=30, lease_s=30)
        self.bell = Doorbell(client, ttl_s=30, job_timeout_s=30)
        patience = Patience(quiet_s=0.05, still_s=0.1, unfinished_s=0.4)
        options = WatcherOptions(1_000_000, MAX_PIXELS, max_age_s, 0.5, patience)
        self.watcher = Watcher(self.inbox, self.store, self.bell, self.registry, options)
        self.registry.refresh()

    def scan(self, seconds: float = 0.0) -> None:
        """Rescan until `seconds` have passed, at least twice, with a list of cameras newer than the files."""
        time.sleep(0.02)
        self.registry.refresh()
        until = time.monotonic() + seconds
        self.watcher.rescan()
        while time.monotonic() < until:
            self.watcher.step()
            time.sleep(0.01)
        self.watcher.rescan()

    def counts(self, account: str = "pole-north") -> dict[str, int]:
        self.registry.tally.flush()
        return selectors.rejection_counts(account)

    def files(self) -> list[str]:
        return sorted(
            str(path.relative_to(self.inbox.root)) for path in self.inbox.root.rglob("*") if not path.is_dir()
        )

    def waiting(self) -> int:
        return self.client.zcard("spark:frames:waiting")


@pytest.fixture
def root(settings) -> Path:
    return Path(settings.SPARK_INBOX)


@pytest.fixture
def camera():
    return a_camera("pole-north", image_size=SIZE)


@pytest.fixture
def intake(root, redis_client, camera) -> Intake:
    made = Intake(root, redis_client)
    made.watcher._prepare()
    return made


def land(root: Path, data: bytes, name: str = "x.jpg", account: str = "pole-north") -> Path:
    """As the SFTP door lets a file land: hidden first, then renamed."""
    folder = root / account
    folder.mkdir(exist_ok=True)
    hidden = folder / ".upload-00"
    hidden.write_bytes(data)
    return hidden.replace(folder / name)


class TestGoodFrames:
    def test_a_frame_goes_to_the_store_and_its_file_goes(self, intake, root, camera):
        before = time.time()
        land(root, jpeg())
        intake.scan(0.2)
        assert intake.files() == []
        (frame,) = intake.store.claim(1, "w").frames
        assert (frame.image, frame.account, frame.camera_id) == (jpeg(), "pole-north", camera.pk)
        assert before - 1 < frame.received_at.timestamp() < time.time()
        assert intake.counts() == {}
        camera.refresh_from_db()
        assert camera.last_received_at == frame.received_at
        assert intake.bell.queue.count == 1

    def test_only_the_newest_waits(self, intake, root):
        for seed in range(3):
            land(root, jpeg(seed=seed), f"{seed}.jpg")
            intake.scan(0.15)
        assert intake.store.claim(9, "w").frames[0].image == jpeg(seed=2)
        assert intake.counts() == {"replaced": 2}

    def test_a_file_renamed_into_place_is_taken_at_once(self, intake, root):
        stop = threading.Event()
        thread = threading.Thread(target=intake.watcher.run, args=(stop,))
        thread.start()
        try:
            time.sleep(0.3)
            land(root, jpeg())
            landed = time.monotonic()
            while not intake.waiting() and time.monotonic() < landed + 5:
                time.sleep(0.002)
            took = time.monotonic() - landed
        finally:
            stop.set()
            thread.join(5)
        assert intake.waiting() == 1
        assert took < 0.3, f"{took:.3f} s: found by the rescan, not by its event"

    def test_polling_works_where_there_are_no_events(self, root, redis_client, camera):
        intake = Intake(root, redis_client)
        object.__setattr__(intake.watcher.options, "polling", True)
        stop = threading.Event()
        thread = threading.Thread(target=intake.watcher.run, args=(stop,))
        thread.start()
        try:
            land(root, jpeg())
            until = time.monotonic() + 8
            while not intake.waiting() and time.monotonic() < until:
                time.sleep(0.02)
        finally:
            stop.set()
            thread.join(8)
        assert intake.waiting() == 1

    def test_an_upload_in_place_is_not_taken_before_it_is_whole(self, intake, root):
        path = root / "pole-north" / "slow.jpg"
        with path.open("wb") as file:
            file.write(jpeg()[:2000])
            file.flush()
            intake.scan(0.2)
            assert intake.files() == ["pole-north/slow.jpg"]
            file.write(jpeg()[2000:])
        intake.scan(0.25)
        assert intake.files() == []
        assert intake.store.claim(1, "w").frames[0].image == jpeg()

    def test_files_that_lie_there_at_the_start_go_through_the_same_gate(self, root, redis_client, camera):
        land(root, jpeg()[:5000])
        intake = Intake(root, redis_client)
        intake.watcher.rescan()
        assert intake.files() == ["pole-north/x.jpg"], "taken without a second look"
        (root / "pole-north" / "x.jpg").write_bytes(jpeg())
        intake.scan(0.25)
        assert intake.waiting() == 1

    def test_what_a_crashed_watcher_had_claimed_is_not_lost(self, intake, root):
        land(root, jpeg(), ".work-0011")
        intake.scan()
        assert (intake.files(), intake.waiting()) == ([], 1)

    def test_names_of_unfinished_uploads_wait_for_their_rename(self, intake, root):
        path = land(root, jpeg(), "x.jpg.tmp")
        intake.scan(0.2)
        assert intake.files() == ["pole-north/x.jpg.tmp"]
        path.rename(path.with_name("x.jpg"))
        intake.scan(0.2)
        assert (intake.files(), intake.waiting()) == ([], 1)

    def test_folders_that_openssh_let_a_camera_make(self, intake, root):
        deep = root / "pole-north" / "2026" / "11"
        deep.mkdir(parents=True)
        (deep / "x.jpg").write_bytes(jpeg())
        intake.scan(0.2)
        assert (intake.files(), intake.waiting()) == ([], 1)


BAD_INPUT = [
    ("0 bytes", b"", "empty"),
    ("text named .jpg", b"hello " * 1000, "not_jpeg"),
    ("truncated", jpeg()[: len(jpeg()) // 2], "truncated"),
    ("60-megapixel bomb", bomb(), "too_many_pixels"),
    ("wrong resolution", jpeg(640, 360), "wrong_size"),
    ("too many bytes", jpeg() + bytes(1_000_000), "too_large"),
]


class TestReferenceFrames:
    """What an admin who calibrates waits for is copied on the way, and nothing else ever is."""

    def test_a_frame_that_is_wished_for_is_copied_once(self, intake, root, camera):
        frames = intake.watcher.references
        land(root, jpeg())
        intake.scan(0.15)
        assert frames.get(camera.pk) is None
        frames.ask(camera.pk)
        for seed in (1, 2):
            land(root, jpeg(seed=seed))
            intake.scan(0.15)
        assert frames.get(camera.pk).image == jpeg(seed=1)
        assert intake.store.claim(1, "w").frames[0].image == jpeg(seed=2)  # analysed all the same
        assert intake.files() == []

    def test_a_camera_without_calibration_gets_its_first_one_so(self, root, redis_client):
        camera = a_camera("new-pole", image_size=None)
        intake = Intake(root, redis_client)
        intake.watcher.references.ask(camera.pk)
        land(root, jpeg(), account="new-pole")
        intake.scan(0.15)
        assert intake.watcher.references.get(camera.pk).image == jpeg()
        assert (intake.counts("new-pole"), intake.files(), intake.waiting()) == ({}, [], 0)
        land(root, jpeg(seed=1), account="new-pole")
        intake.scan(0.15)
        assert intake.counts("new-pole") == {"no_calibration": 1}

    def test_another_size_is_copied_and_refused(self, intake, root, camera):
        intake.watcher.references.ask(camera.pk)
        land(root, jpeg(640, 360))
        intake.scan(0.15)
        assert intake.watcher.references.get(camera.pk).image == jpeg(640, 360)
        assert intake.counts() == {"wrong_size": 1}

    def test_what_is_no_picture_is_not_copied(self, intake, root, camera):
        intake.watcher.references.ask(camera.pk)
        land(root, jpeg()[:-40])
        intake.scan(0.6)
        assert intake.watcher.references.get(camera.pk) is None
        assert intake.watcher.references.asked(camera.pk)


class TestBadInput:
    @pytest.mark.parametrize(("case", "data", "reason"), BAD_INPUT, ids=[row[0] for row in BAD_INPUT])
    def test_each_ends_counted_and_deleted(self, intake, root, redis_client, case, data, reason):
        land(root, data)
        intake.scan(0.6)
        assert intake.counts() == {reason: 1}
        self.nothing_left(intake, redis_client)

    def nothing_left(self, intake: Intake, client: redis.Redis) -> None:
        assert intake.files() == []
        assert intake.watcher.tracker.pending() == []
        assert [key for key in client.scan_iter() if b"frame:" in key or b"lease:" in key] == []
        assert intake.bell.queue.count == 0

    def test_links_and_other_things_that_are_no_files(self, intake, root, redis_client, tmp_path):
        secret = tmp_path / "secret.jpg"
        secret.write_bytes(jpeg())
        folder = root / "pole-north"
        (folder / "link.jpg").symlink_to(secret)
        (folder / "dangling.jpg").symlink_to("/nowhere")
        (folder / "away").symlink_to(tmp_path)
        os.mkfifo(folder / "pipe.jpg")
        with socket.socket(socket.AF_UNIX) as listener:
            with contextlib.chdir(folder):  # a socket's whole path may be too long
                listener.bind("socket.jpg")
            intake.scan(0.2)
        assert intake.counts() == {"symlink": 5}
        assert secret.read_bytes() == jpeg()
        self.nothing_left(intake, redis_client)

    def test_an_unknown_cameras_folder(self, intake, root, redis_client):
        land(root, jpeg(), account="stranger")
        intake.scan(0.2)
        assert intake.counts("stranger") == {"unknown_camera": 1}
        self.nothing_left(intake, redis_client)

    def test_a_file_outside_the_cameras_folders(self, intake, root, redis_client):
        (root / "lost.jpg").write_bytes(jpeg())
        intake.scan(0.2)
        assert intake.counts("(other names)") == {"bad_name": 1}
        self.nothing_left(intake, redis_client)

    def test_a_disabled_camera(self, intake, root, redis_client, camera):
        services.set_enabled(camera, False)
        land(root, jpeg())
        intake.scan(0.2)
        assert intake.counts() == {"disabled": 1}
        self.nothing_left(intake, redis_client)

    def test_a_camera_without_a_calibration(self, intake, root, redis_client):
        a_camera("new-pole", image_size=None)
        land(root, jpeg(), account="new-pole")
        intake.scan(0.2)
        assert intake.counts("new-pole") == {"no_calibration": 1}
        self.nothing_left(intake, redis_client)

    def test_a_camera_registered_a_moment_ago_is_not_unknown(self, intake, root):
        land(root, jpeg(), account="new-pole")
        time.sleep(0.15)
        intake.watcher.rescan()
        intake.watcher.rescan()
        assert intake.files() == ["new-pole/x.jpg"], "decided with a list older than the file"
        a_camera("new-pole", image_size=SIZE)
        intake.scan(0.2)
        assert (intake.files(), intake.waiting()) == ([], 1)

    def test_old_files_are_deleted_unread(self, root, redis_client, camera):
        intake = Intake(root, redis_client, max_age_s=0.2)
        for name in ("x.jpg", ".upload-77", "y.jpg.tmp", ".work-1"):
            (root / "pole-north").mkdir(exist_ok=True)
            (root / "pole-north" / name).write_bytes(jpeg())
        time.sleep(0.3)
        intake.scan()
        assert intake.counts() == {"expired": 4}
        self.nothing_left(intake, redis_client)

    def test_a_name_that_is_no_text_is_counted_like_any_other(self, intake, root, redis_client):
        with open(os.fsencode(root / "pole-north") + b"/\xff\x01.jpg", "wb") as file:
            file.write(b"no picture")
        intake.scan(0.2)
        assert intake.counts() == {"not_jpeg": 1}
        self.nothing_left(intake, redis_client)


def store_away(settings) -> FrameStore:
    """The store of an installation whose Redis does not answer."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    return wiring.frame_store(wiring.redis_client())


class TestServicesAway:
    def test_while_redis_is_away_files_wait(self, intake, root, settings):
        there, intake.watcher.store = intake.store, store_away(settings)
        sent = time.time()
        land(root, jpeg())
        intake.scan(0.3)
        intake.scan(0.2)
        assert intake.files() == ["pole-north/x.jpg"]
        assert intake.counts() == {}
        intake.watcher.store = there
        intake.scan(0.2)
        assert intake.files() == []
        (frame,) = intake.store.claim(1, "w").frames
        assert abs(frame.received_at.timestamp() - sent) < 0.2, "waiting must not make a frame look newer"

    def test_while_redis_is_away_a_newer_file_of_the_same_name_is_not_lost(self, intake, root, settings):
        there = intake.watcher.store
        intake.watcher.store = store_away(settings)
        land(root, jpeg(seed=1))
        intake.scan(0.2)
        land(root, jpeg(seed=2))
        intake.watcher.store = there
        intake.scan(0.3)
        assert intake.files() == []
        assert intake.store.claim(1, "w").frames[0].image == jpeg(seed=2)

    def test_while_postgresql_is_away_frames_go_on_and_counts_wait(self, intake, root, monkeypatch):
        from django.db import connections

        connections["default"].close()
        monkeypatch.setitem(connections["default"].settings_dict, "PORT", "1")
        assert intake.registry.refresh() is False
        land(root, b"no picture")
        land(root, jpeg(), "y.jpg")
        intake.watcher.rescan()
        time.sleep(0.12)
        intake.watcher.rescan()
        assert intake.registry.tally.flush() is False
        assert (intake.files(), intake.waiting()) == ([], 1)
        assert intake.registry.tally.waiting() == 2
        monkeypatch.undo()
        connections["default"].close()
        assert intake.registry.refresh() is True
        assert intake.counts() == {"not_jpeg": 1}
        assert intake.registry.tally.waiting() == 0
