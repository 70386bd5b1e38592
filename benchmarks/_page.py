# SPDX-License-Identifier: AGPL-3.0-or-later
"""The page as it is served, and a Chromium that measures it: shared by benchmarks and by the page's own tests."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.test.utils import override_settings

from scripts.private_account import free_port
from scripts.services import REPOSITORY

#: Static files that the page does not use; leaving them out saves seconds. Whole paths: a bare name would leave out
#: folders of that name at any depth, and `camera_registry/admin/` is imported by what is collected.
NOT_THE_PAGES = ("admin/*", "gis/*", "rest_framework/*", "drf_spectacular/*", "django-rq/*", "django_rq/*")
PATIENCE_S = 60.0
ARGUMENTS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")


@contextlib.contextmanager
def served_page(var: Path, settings: Mapping[str, str]) -> Iterator[str]:
    """Collect the static files into `var`, run gunicorn as the demo does; yields its address, ends it after.

    Django has to be set up here already.

    `settings` are variables of the environment, DATABASE_URL and SECRET_KEY among them.
    """
    environment = os.environ | {"SPARK_VAR": str(var), "SPARK_ENV_FILE": "", "DEBUG": "0"} | dict(settings)
    with override_settings(STATIC_ROOT=var / "static"):
        call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=list(NOT_THE_PAGES))
    port = free_port()
    gunicorn = [
        "-m",
        "gunicorn",
        "spark.wsgi",
        "--bind",
        f"127.0.0.1:{port}",
        "--threads",
        "4",
        "--no-control-socket",
    ]
    server = subprocess.Popen(
        [sys.executable, *gunicorn, "--log-level", "error"], cwd=REPOSITORY, env=environment
    )
    try:
        _wait(f"http://127.0.0.1:{port}/service-worker.js", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"nothing answers at {url}") from None
            time.sleep(0.1)


def chromium_path() -> str | None:
    """Debian's Chromium, or another one that is there."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@dataclass(frozen=True)
class Footprint:
    """What a page holds on to, after its rubbish was collected."""

    heap_mb: float
    nodes: int
    listeners: int


def footprint(devtools: Any) -> Footprint:
    """Measure through a DevTools session of Playwright's."""
    devtools.send("Performance.enable")
    for _ in range(2):  # what the first round sets free may hold more
        devtools.send("HeapProfiler.collectGarbage")
    metrics = {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}
    return Footprint(
        round(metrics["JSHeapUsedSize"] / 1e6, 2), int(metrics["Nodes"]), int(metrics["JSEventListeners"])
    )


class Transfers:
    """Bytes that came over the wire for a page, by address, headers and compression included."""

    def __init__(self, devtools: Any) -> None:
        self._urls: dict[str, str] = {}
        self.bytes: dict[str, int] = {}
        devtools.send("Network.enable")
        devtools.on("Network.requestWillBeSent", self._asked)
        devtools.on("Network.loadingFinished", self._came)

    def _asked(self, event: dict[str, Any]) -> None:
        self._urls[event["requestId"]] = event["request"]["url"]

    def _came(self, event: dict[str, Any]) -> None:
        url = self._urls.get(event["requestId"], "?")
        self.bytes[url] = self.bytes.get(url, 0) + int(event["encodedDataLength"])
