# SPDX-License-Identifier: AGPL-3.0-or-later
"""From upload to API: the demo runs as it is, and a client polls as the map does.

A zone's `observed_at` is when its frame was in the inbox, whole. The polled latency ends when a client has the new answer
in its hands (polling itself adds half a poll on average); the published one ends with the database's transaction.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from scripts.private_account import free_port
from scripts.services import REPOSITORY, Services

FRAME_EVERY_S = 5
POLL_S = 0.2
PATIENCE_S = 300
MEASURE_S = {True: 45, False: 240}

SNAPSHOTS = """
SELECT extract(epoch FROM published_at - received_at) * 1000, timings FROM parking_zonesnapshot
WHERE received_at > to_timestamp(%s) ORDER BY id
"""


def run(quick: bool) -> dict[str, list[dict[str, Any]]]:
    """Start the demo in a folder of its own, poll it, read its snapshots, stop it."""
    var = Path(tempfile.mkdtemp(prefix="spark-latency-"))
    var.chmod(0o755)
    demo = _start(var, port := free_port())
    try:
        _wait_until_live(var, demo)
        began = time.time()
        polled = _poll(port, var, MEASURE_S[quick])
        published, stages = _snapshots(Services("demo", var).addresses().database_url, began)
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(timeout=60)
        shutil.rmtree(var, ignore_errors=True)
    return {
        f"upload to API, ms ({FRAME_EVERY_S} s between a camera's frames, two cameras)": [
            {"until": "published", **_percentiles(published)},
            {"until": f"a client has it, polling every {POLL_S} s", **_percentiles(polled)},
        ],
        "stages of a zone's publication, ms": [
            {"stage": stage, **_percentiles(values)} for stage, values in sorted(stages.items())
        ],
    }


def _start(var: Path, port: int) -> subprocess.Popen[bytes]:
    environment = {
        k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY")
    }
    command = [sys.executable, "scripts/demo.py", "--every", str(FRAME_EVERY_S), "--port", str(port)]
    with (var / "demo.log").open("w") as log:
        return subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=environment | {"SPARK_VAR": str(var)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _wait_until_live(var: Path, demo: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while "The map is live" not in (text := (var / "demo.log").read_text()):
        if demo.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the demo did not become live:\n{text[-2000:]}")
        time.sleep(0.5)
    time.sleep(2 * FRAME_EVERY_S)  # the first frames compile and warm things that later ones find ready


def _poll(port: int, var: Path, seconds: float) -> list[float]:
    """Milliseconds from each new `observed_at` to its being in a client's hands."""
    box = ",".join(f"{number:.6f}" for number in json.loads((var / "demo" / "bbox.json").read_text()))
    url = f"http://127.0.0.1:{port}/api/v1/zones/?bbox={box}"
    seen: dict[str, str] = {}
    etag = ""
    latencies: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            request = urllib.request.Request(url, headers={"If-None-Match": etag} if etag else {})
            with urllib.request.urlopen(request, timeout=10) as answer:
                etag = answer.headers["ETag"]
                zones = json.load(answer)["features"]
            now = datetime.now(UTC)
            for zone in zones:
                slug, observed = zone["id"], zone["properties"]["observed_at"]
                if observed and seen.get(slug) not in (None, observed):
                    latencies.append((now - datetime.fromisoformat(observed)).total_seconds() * 1000)
                seen[slug] = observed
        except urllib.error.HTTPError as error:
            if error.code != 304:
                raise
        time.sleep(POLL_S)
    return latencies


def _snapshots(url: str, began: float) -> tuple[list[float], dict[str, list[float]]]:
    """Milliseconds from receipt to publication, and by stage, of the snapshots since `began` (Unix time)."""
    with psycopg.connect(url.replace("postgis://", "postgresql://")) as connection:
        rows = connection.execute(SNAPSHOTS, (began,)).fetchall()
    stages: dict[str, list[float]] = {}
    for _, timings in rows:
        for stage, milliseconds in timings.items():
            stages.setdefault(stage, []).append(milliseconds)
    return [float(row[0]) for row in rows], stages


def _percentiles(values: list[float]) -> dict[str, float | int | None]:
    if not values:
        return {"n": 0, "p50": None, "p95": None, "max": None}
    p50, p95 = np.percentile(values, [50, 95])
    return {"n": len(values), "p50": round(float(p50)), "p95": round(float(p95)), "max": round(max(values))}
