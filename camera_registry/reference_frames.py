# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one picture that outlives its analysis: the frame on which an admin is calibrating a camera.

It lies in Redis only, never without a time to live, one per camera, and goes when the calibration is saved or left.
A frame is copied here only while somebody waits for it: the page that asked repeats its wish every few seconds, and a
wish that nobody repeats ends by itself.
"""

from __future__ import annotations

import datetime as dt
import io
import struct
import warnings
from dataclasses import dataclass

import redis
from PIL import Image

from camera_registry.redis_client import prompt_redis

__all__ = ["NotAPicture", "ReferenceFrame", "ReferenceFrames", "picture_size", "reference_frames"]

PREFIX = "spark:reference:"
#: Long enough for a careful calibration, short enough that a forgotten tab keeps nothing, seconds.
FRAME_TTL_S = 30 * 60
#: A wish that was not repeated for this long has nobody behind it any more, seconds.
WISH_TTL_S = 20
#: A Redis that does not answer for this long counts as away, seconds.
TIMEOUT_S = 5.0
FORMATS = ("JPEG", "PNG")


class NotAPicture(ValueError):
    """What was given cannot be shown and calibrated on; the message says why."""


@dataclass(frozen=True)
class ReferenceFrame:
    """image: the bytes of a JPEG or PNG; received_at: when it came (aware)."""

    image: bytes
    received_at: dt.datetime


class ReferenceFrames:
    """Raises redis.RedisError from any method while Redis is away."""

    def __init__(self, client: redis.Redis, *, prefix: str = PREFIX, frame_ttl_s: int = FRAME_TTL_S) -> None:
        self.client = client
        self.prefix = prefix
        self.frame_ttl_s = frame_ttl_s

    def ask(self, camera_id: int) -> None:
        """Wish for the camera's next frame; to be repeated while it is waited for."""
        self.client.set(self._wish(camera_id), 1, ex=WISH_TTL_S)

    def asked(self, camera_id: int) -> bool:
        """Whether somebody waits for the camera's next frame."""
        return bool(self.client.exists(self._wish(camera_id)))

    def offer(self, camera_id: int, image: bytes, received_at: dt.datetime) -> bool:
        """Keep this frame if it was wished for; the wish is then fulfilled."""
        if not self.client.delete(self._wish(camera_id)):
            return False
        self.keep(camera_id, image, received_at)
        return True

    def keep(self, camera_id: int, image: bytes, received_at: dt.datetime) -> None:
        """Make this the camera's reference frame for as long as frames are kept."""
        key = self._frame(camera_id)
        with self.client.pipeline(transaction=True) as pipeline:
            pipeline.delete(key)
            pipeline.hset(key, mapping={"image": image, "received_at": received_at.timestamp()})
            pipeline.expire(key, self.frame_ttl_s)
            pipeline.execute()

    def get(self, camera_id: int) -> ReferenceFrame | None:
        """The camera's reference frame, or None when there is none (any more)."""
        image, received_at = self.client.hmget(self._frame(camera_id), "image", "received_at")
        if image is None or received_at is None:
            return None
        return ReferenceFrame(image, dt.datetime.fromtimestamp(float(received_at), dt.UTC))

    def forget(self, camera_id: int) -> None:
        """The calibration is saved or left: neither frame nor wish stays."""
        self.client.delete(self._frame(camera_id), self._wish(camera_id))

    def _frame(self, camera_id: int) -> str:
        return f"{self.prefix}frame:{camera_id}"

    def _wish(self, camera_id: int) -> str:
        return f"{self.prefix}wish:{camera_id}"


def reference_frames() -> ReferenceFrames:
    """The frames in the Redis that the settings name."""
    return ReferenceFrames(prompt_redis(TIMEOUT_S))


def picture_size(data: bytes, max_pixels: int) -> tuple[int, int]:
    """Width and height of a JPEG or PNG that can be decoded whole. Raises NotAPicture."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
            width, height = picture.size
            if width * height > max_pixels:
                raise NotAPicture(
                    f"{width} × {height} pixels are more than the {max_pixels} that are allowed."
                )
            picture.load()
    except (
        OSError,
        SyntaxError,
        ValueError,
        IndexError,
        struct.error,
        EOFError,
        Image.DecompressionBombError,
    ) as error:
        if isinstance(error, NotAPicture):
            raise
        raise NotAPicture("This is not a whole JPEG or PNG picture.") from error
    return width, height
