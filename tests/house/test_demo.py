# SPDX-License-Identifier: AGPL-3.0-or-later
"""`make demo` from an empty folder: a live map, and nothing left behind after Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE_S = 240


@pytest.fixture
def var() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="spark-demo-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def processes_naming(text: str) -> list[str]:
    """Command lines or environments of living processes that mention `text`."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        for part in ("cmdline", "environ"):
            try:
                if text.encode() in (process / part).read_bytes():
                    found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
                    break
            except OSError:
                break
    return found


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bytes(answer.read())


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE_S + 60)
def test_the_demo_becomes_live_and_stops_without_a_trace(var: Path) -> None:
    environment = {
        k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY")
    }
    environment["SPARK_VAR"] = str(var)
    log = var / "demo.log"
    with log.open("w") as out:
        demo = subprocess.Popen(
            [sys.executable, "scripts/demo.py", "--every", "3"],
            cwd=REPOSITORY,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + PATIENCE_S
        while "The map is live" not in log.read_text():
            assert demo.poll() is None, log.read_text()[-4000:]
            assert time.monotonic() < deadline, log.read_text()[-4000:]
            time.sleep(0.5)
        text = log.read_text()
        assert re.search(r"Account admin, password \S{12,}", text)
        web = re.search(r"map +(http://127\.0\.0\.1:\d+/)", text).group(1)  # type: ignore[union-attr]
        assert b"<html" in get(web)
        box = ",".join(map(str, json.loads((var / "demo" / "bbox.json").read_text())))
        zones = json.loads(get(f"{web}api/v1/zones/?bbox={box}"))["features"]
        assert any(zone["properties"]["free_count"] is not None for zone in zones)
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(timeout=60)
    assert demo.returncode == 0, log.read_text()[-4000:]
    assert processes_naming(str(var)) == []
    # Frames are gone from the disk, those on their way included.
    assert not list(var.rglob("*.jpg"))
