# SPDX-License-Identifier: AGPL-3.0-or-later
"""Milliseconds by stage from JPEG bytes to outlines of a 1920 x 1080 frame of the simulated street, shipped model."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import cv2
import numpy as np

from apps.demo.dataset import generate
from workers.segmentation.openvino import OpenVinoSegmenter

THREADS = (1, 2)
LONG_SIDES = (640, 960, 1280, 1600)
JPEG_QUALITY = 85


def run(quick: bool) -> dict[str, list[dict[str, Any]]]:
    rendered = next(iter(generate(1, seed=3, light="day", size=(1920, 1080))))
    jpeg = cv2.imencode(".jpg", rendered.frame.image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    repeats = 5 if quick else 20
    by_size = [measure(jpeg, side, 2, repeats) for side in LONG_SIDES]
    by_threads = [measure(jpeg, 1280, threads, repeats) for threads in THREADS]
    return {"by input size, two threads": by_size, "by threads, input 1280": by_threads}


def measure(jpeg: np.ndarray, long_side: int, threads: int, repeats: int) -> dict[str, Any]:
    """Medians over `repeats` frames after one to warm up."""
    segmenter = OpenVinoSegmenter(long_side=long_side, threads=threads)
    segmenter.warm_up()
    rows, cars = [], 0
    for _ in range(repeats):
        start = perf_counter()
        image = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
        decoded = perf_counter()
        cars = len(segmenter.segment([image])[0])
        done = perf_counter()
        times = segmenter.times
        rows.append(
            (
                (decoded - start) * 1e3,
                times.letterbox_ms,
                times.network_ms,
                times.masks_ms,
                (done - start) * 1e3,
            )
        )
    decode, letterbox, network, masks, total = np.median(rows, axis=0).tolist()
    return {
        "long side": long_side,
        "threads": threads,
        "cars": cars,
        "decode ms": decode,
        "letterbox ms": letterbox,
        "network ms": network,
        "masks ms": masks,
        "total ms": total,
        "not network %": 100 * (1 - network / total),
    }
