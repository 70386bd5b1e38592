# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where frames wait: at most one per camera, the newest, in Redis only, and never without a time to live.

A worker claims frames with a lease. It lets go of the image as soon as it has been segmented and completes the lease
when the result is published. A lease whose worker died, or took too long, is given out once more; a second time the
frame is counted as lost.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

import redis

from camera_registry import heartbeat
from workers.intake import frame_scripts

PREFIX = "spark:frames:"
#: An expired lease's image is kept this much longer, so that somebody can still give it out again, seconds.
LEASE_GRACE_S = 30.0


class Put(enum.Enum):
    """What became of a frame that was put into the store, and of the one before it."""

    STORED = "stored"
    REPLACED = "replaced"
    OLDER = "older"
    AFTER_EXPIRED = "after_expired"


@dataclass(frozen=True)
class ClaimedFrame:
    """A frame to analyse. image: the JPEG's bytes; received_at: when its upload was finished (aware)."""

    frame_id: str
    camera_id: int
    account: str
    image: bytes
    received_at: dt.datetime
    wait_ms: float
    attempt: int


@dataclass(frozen=True)
class Claim:
    """Frames of different cameras, oldest waiting first, and the accounts whose frames had expired unseen."""

    frames: tuple[ClaimedFrame, ...]
    expired: tuple[str, ...]


@dataclass(frozen=True)
class Recovered:
    """Accounts whose frames were taken back from dead workers: to do again, lost, or overtaken by a newer frame."""

    requeued: tuple[str, ...]
    lost: tuple[str, ...]
    replaced: tuple[str, ...]
    camera_ids: tuple[int, ...]


class FrameStore:
    """Raises redis.RedisError from any method while Redis is away."""

    def __init__(self, client: redis.Redis, *, ttl_s: float, lease_s: float, prefix: str = PREFIX) -> None:
        self.client = client
        self.ttl_ms = int(ttl_s * 1000)
        self.lease_ms = int(lease_s * 1000)
        self.prefix = prefix
        self._put = client.register_script(frame_scripts.PUT)
        self._claim = client.register_script(frame_scripts.CLAIM)
        self._complete = client.register_script(frame_scripts.COMPLETE)
        self._recover = client.register_script(frame_scripts.RECOVER)
        self._sweep = client.register_script(frame_scripts.SWEEP)

    def put(self, camera_id: int, account: str, image: bytes, received_at: dt.datetime) -> Put:
        """Make this the camera's waiting frame, unless a newer one waits already."""
        arguments = (
            camera_id,
            account,
            uuid.uuid4().hex,
            image,
            f"{received_at.timestamp():.6f}",
            self.ttl_ms,
        )
        return Put(self._put(keys=[self.prefix], args=arguments).decode())

    def claim(self, limit: int, worker: str) -> Claim:
        """Take the frames of up to `limit` cameras that have waited longest.

        A camera whose last frame is still being analysed is left out: frames must not overtake each other.
        """
        arguments = (limit, worker, self.lease_ms, int(LEASE_GRACE_S * 1000))
        flat, expired = self._claim(keys=[self.prefix], args=arguments)
        frames = []
        records = zip(*[iter(flat)] * 8, strict=True)
        for frame_id, camera, account, image, received, stored, now, attempt in records:
            frames.append(
                ClaimedFrame(
                    frame_id=frame_id.decode(),
                    camera_id=int(camera),
                    account=account.decode(),
                    image=image,
                    received_at=dt.datetime.fromtimestamp(float(received), dt.UTC),
                    wait_ms=float(now) - float(stored),
                    attempt=int(attempt),
                )
            )
        return Claim(tuple(frames), _texts(expired))

    def forget_image(self, frame: ClaimedFrame) -> None:
        """The image has been segmented and is not needed again."""
        self.client.hdel(f"{self.prefix}lease:{frame.frame_id}", "image")

    def complete(self, frame: ClaimedFrame) -> bool:
        """The frame is done with, one way or the other. False when the lease had been taken away meanwhile."""
        return bool(self._complete(keys=[self.prefix], args=(frame.frame_id, frame.camera_id)))

    def recover(self) -> Recovered:
        """Take back the frames of workers that died or took too long."""
        workers = heartbeat.key("worker", "")
        requeued, lost, replaced, cameras = self._recover(keys=[self.prefix], args=(workers, self.ttl_ms))
        return Recovered(_texts(requeued), _texts(lost), _texts(replaced), tuple(int(c) for c in cameras))

    def sweep(self) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """(accounts whose waiting frames expired unseen, ids of the cameras whose frames can be claimed)."""
        expired, left = self._sweep(keys=[self.prefix])
        return _texts(expired), tuple(int(camera) for camera in left)


def _texts(values: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(value.decode() for value in values)
