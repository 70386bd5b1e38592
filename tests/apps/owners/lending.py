# SPDX-License-Identifier: AGPL-3.0-or-later
"""Owners and their cameras for tests, and the intake behind a real door."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import redis
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connections
from django.test import Client

from apps.owners import services
from apps.owners.services import CameraWords
from camera_registry.models import Camera
from camera_registry.tally import Tally
from workers.intake.doorbell import Doorbell
from workers.intake.frame_store import FrameStore
from workers.intake.inbox import Inbox
from workers.intake.registry import Registry
from workers.intake.stability import Patience
from workers.intake.watcher import Watcher, WatcherOptions

PASSWORD = "a-long-enough-phrase"
WORDS = CameraWords(
    title="Main street, third floor",
    purpose="Finding free parking spaces",
    responsible="Ada Lovelace",
    contact="ada@example.org",
    expected_interval_s=30,
)
#: What the form of a new camera sends.
FORM = {
    "title": WORDS.title,
    "purpose": WORDS.purpose,
    "responsible": WORDS.responsible,
    "contact": WORDS.contact,
    "expected_interval_s": "30",
    "agree": "on",
}


def a_person(name: str = "ada", **fields: Any) -> Any:
    return get_user_model().objects.create_user(name, f"{name}@example.org", PASSWORD, **fields)


def logged_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def a_lent_camera(user: Any, **changes: Any) -> Camera:
    """A camera that this owner added, with consent."""
    return services.add_camera(user, CameraWords(**{**WORDS.__dict__, **changes}))


def typed(html: str, name: str) -> str:
    """What the page says to type into the camera."""
    return re.search(rf'<code id="typed-{name}"[^>]*>([^<]*)</code>', html).group(1)


def photograph(width: int = 1920, height: int = 1080, *, light: float = 1.0, sharp: bool = True) -> bytes:
    """A JPEG of something with edges, as bright and as sharp as asked for."""
    chance = np.random.default_rng(7)
    blocks = chance.integers(40, 220, (height // 12, width // 12, 3), dtype=np.uint8)
    image = cv2.resize(blocks, (width, height), interpolation=cv2.INTER_NEAREST)
    if not sharp:
        image = cv2.GaussianBlur(image, (0, 0), 40)
    image = np.clip(image * light, 0, 255).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1])


@contextlib.contextmanager
def running_intake(client: redis.Redis) -> Iterator[Watcher]:
    """The watcher over the settings' inbox, in a thread of its own."""
    registry = Registry(Tally())
    options = WatcherOptions(16 << 20, 25_000_000, 300.0, 0.5, Patience(quiet_s=0.05, still_s=0.1))
    watcher = Watcher(
        Inbox(Path(settings.SPARK_INBOX)),
        FrameStore(client, ttl_s=30, lease_s=30),
        Doorbell(client, ttl_s=30, job_timeout_s=30),
        registry,
        options,
    )
    stop = threading.Event()
    registry.start()

    def run() -> None:
        try:
            watcher.run(stop)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield watcher
    finally:
        stop.set()
        thread.join(10)
        registry.stop()
