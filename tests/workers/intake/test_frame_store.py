# SPDX-License-Identifier: AGPL-3.0-or-later
"""The frame store against a real Redis: newest wins, claims are indivisible, images never outlive their time."""

from __future__ import annotations

import datetime as dt
import threading
import time

import pytest

from camera_registry import heartbeat
from workers.intake.frame_store import FrameStore, Put

T0 = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
IMAGE = b"\xff\xd8picture\xff\xd9"


def at(seconds: float) -> dt.datetime:
    return T0 + dt.timedelta(seconds=seconds)


@pytest.fixture
def store(redis_client) -> FrameStore:
    heartbeat.beat(redis_client, "worker", "w1", {})
    return FrameStore(redis_client, ttl_s=5, lease_s=5)


def images_without_an_end(client) -> list[str]:
    """Keys that hold an image and would live for ever."""
    return [
        key.decode()
        for key in client.scan_iter()
        if client.type(key) == b"hash" and client.hexists(key, "image") and client.ttl(key) < 0
    ]


def images(client) -> int:
    return sum(client.type(key) == b"hash" and client.hexists(key, "image") for key in client.scan_iter())


class TestPut:
    def test_the_newest_frame_wins(self, store):
        assert store.put(1, "a", b"first", at(0)) is Put.STORED
        assert store.put(1, "a", b"second", at(1)) is Put.REPLACED
        assert store.put(1, "a", b"late", at(0.5)) is Put.OLDER
        assert store.put(2, "b", b"other", at(0)) is Put.STORED
        claim = store.claim(10, "w1")
        assert [(f.camera_id, f.account, f.image, f.received_at) for f in claim.frames] == [
            (1, "a", b"second", at(1)),
            (2, "b", b"other", at(0)),
        ]
        assert store.claim(10, "w1").frames == ()

    def test_images_have_an_end_at_every_step(self, store, redis_client):
        store.put(1, "a", IMAGE, at(0))
        assert images(redis_client) == 1
        assert images_without_an_end(redis_client) == []
        (frame,) = store.claim(1, "w1").frames
        assert images_without_an_end(redis_client) == []
        heartbeat.forget(redis_client, "worker", "w1")
        store.recover()
        assert images(redis_client) == 1
        assert images_without_an_end(redis_client) == []
        (frame,) = store.claim(1, "w1").frames
        store.forget_image(frame)
        assert images(redis_client) == 0

    def test_a_frame_nobody_takes_expires_and_is_counted(self, redis_client):
        store = FrameStore(redis_client, ttl_s=0.05, lease_s=5)
        store.put(1, "a", IMAGE, at(0))
        store.put(2, "b", IMAGE, at(0))
        time.sleep(0.1)
        assert images(redis_client) == 0
        assert store.put(1, "a", IMAGE, at(1)) is Put.AFTER_EXPIRED
        expired, left = store.sweep()
        assert (expired, left) == (("b",), (1,))
        time.sleep(0.1)
        assert store.claim(5, "w1").expired == ("a",)
        assert store.sweep() == ((), ())


class TestClaim:
    def test_those_who_wait_longest_come_first_and_the_batch_has_a_limit(self, store):
        for camera_id in (3, 1, 2):
            store.put(camera_id, f"c{camera_id}", IMAGE, at(camera_id))
            time.sleep(0.003)
        store.put(3, "c3", IMAGE, at(9))  # a newer frame does not lose the camera's place
        assert [frame.camera_id for frame in store.claim(2, "w1").frames] == [3, 1]
        assert [frame.camera_id for frame in store.claim(2, "w1").frames] == [2]

    def test_a_cameras_frames_do_not_overtake_each_other(self, store):
        store.put(1, "a", b"first", at(0))
        (first,) = store.claim(1, "w1").frames
        store.put(1, "a", b"second", at(1))
        assert store.claim(1, "w2").frames == ()
        assert store.sweep() == ((), ())
        assert store.complete(first)
        assert store.claim(1, "w2").frames[0].image == b"second"

    def test_no_frame_is_claimed_twice(self, store, redis_client):
        for camera_id in range(40):
            store.put(camera_id, f"c{camera_id}", IMAGE, at(0))
        claimed: list[int] = []

        def worker(name: str) -> None:
            while frames := store.claim(3, name).frames:
                claimed.extend(frame.camera_id for frame in frames)

        threads = [threading.Thread(target=worker, args=(f"w{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(claimed) == list(range(40))

    def test_waiting_is_measured(self, store):
        store.put(1, "a", IMAGE, at(0))
        time.sleep(0.03)
        assert 25 <= store.claim(1, "w1").frames[0].wait_ms < 1000


class TestLeases:
    def test_completing_leaves_nothing(self, store, redis_client):
        store.put(1, "a", IMAGE, at(0))
        (frame,) = store.claim(1, "w1").frames
        assert store.complete(frame) is True
        assert store.complete(frame) is False
        left = {key.decode() for key in redis_client.scan_iter("spark:frames:*")}
        assert left == {"spark:frames:accounts"}

    def test_a_live_workers_lease_is_left_alone(self, store):
        store.put(1, "a", IMAGE, at(0))
        store.claim(1, "w1")
        recovered = store.recover()
        assert (recovered.requeued, recovered.lost) == ((), ())

    def test_a_dead_workers_frame_is_given_out_once_more_and_then_counted_as_lost(self, store, redis_client):
        store.put(1, "a", IMAGE, at(0))
        assert store.claim(1, "w1").frames[0].attempt == 0
        heartbeat.forget(redis_client, "worker", "w1")
        recovered = store.recover()
        assert (recovered.requeued, recovered.camera_ids, recovered.lost) == (("a",), (1,), ())
        (again,) = store.claim(1, "w2").frames
        assert (again.attempt, again.image, again.received_at) == (1, IMAGE, at(0))
        assert store.recover().lost == ("a",)
        assert images(redis_client) == 0
        assert store.recover().lost == ()

    def test_a_worker_that_takes_too_long_loses_the_lease(self, redis_client):
        heartbeat.beat(redis_client, "worker", "w1", {})
        store = FrameStore(redis_client, ttl_s=5, lease_s=0.03)
        store.put(1, "a", IMAGE, at(0))
        (frame,) = store.claim(1, "w1").frames
        time.sleep(0.06)
        assert store.recover().requeued == ("a",)
        assert store.complete(frame) is False

    def test_what_was_segmented_already_cannot_be_done_again(self, store, redis_client):
        store.put(1, "a", IMAGE, at(0))
        (frame,) = store.claim(1, "w1").frames
        store.forget_image(frame)
        heartbeat.forget(redis_client, "worker", "w1")
        assert store.recover().lost == ("a",)

    def test_a_newer_frame_makes_the_old_one_pointless(self, store, redis_client):
        store.put(1, "a", b"old", at(0))
        store.claim(1, "w1")
        store.put(1, "a", b"new", at(1))
        heartbeat.forget(redis_client, "worker", "w1")
        recovered = store.recover()
        assert (recovered.requeued, recovered.replaced) == ((), ("a",))
        assert store.claim(1, "w2").frames[0].image == b"new"
