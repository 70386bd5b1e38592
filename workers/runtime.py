# SPDX-License-Identifier: AGPL-3.0-or-later
"""The worker process's one analyst: model loaded and warm, one thread, for as long as the process lives."""

from __future__ import annotations

import os
import secrets
import socket
from functools import cache

from django.conf import settings

from camera_registry.tally import Tally
from workers import placement
from workers.analysis import Analyst
from workers.intake.wiring import doorbell, frame_store, redis_client
from workers.placement import settle
from workers.segmentation import load_segmenter


@cache
def worker_name() -> str:
    """The name of this process among the workers. Never used twice: in a container every process has the same id,
    and a successor must not be taken for the dead worker whose frames are to be given out again."""
    return f"{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(3)}"


@cache
def analyst() -> Analyst:
    """Load and warm what analysing needs; the same analyst ever after. Raises SegmentationError without a model."""
    client = redis_client()
    segmenter = load_segmenter(
        settings.SPARK_WEIGHTS or None,
        min(settings.SPARK_THRESHOLD, settings.SPARK_DOUBT_THRESHOLD),
        settings.SPARK_ENGINE,
        classes=settings.SPARK_CLASSES or None,
        long_side=settings.SPARK_LONG_SIDE,
    )
    placement.warm_up()
    settle.warm_up()
    return Analyst(
        frame_store(client),
        doorbell(client),
        segmenter,
        Tally(),
        name=worker_name(),
        batch=settings.SPARK_BATCH,
        certain=settings.SPARK_THRESHOLD,
    )
