# SPDX-License-Identifier: AGPL-3.0-or-later
"""The driver's page in Chromium with 2,000 spaces in view: bytes until it is useful, frame times, long tasks, heap.

Frames are those of a headless Chromium that draws with the processor; a phone has a graphics chip, but a slower
processor, hence the rows with the processor slowed down four times.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from playwright.sync_api import Page, sync_playwright

from benchmarks._page import ARGUMENTS, Transfers, chromium_path, footprint, served_page
from scripts.services import Services

CORNER_LONLAT = (35.4872, 38.7223)
SPACES_PER_ZONE = 20
ZONES = 100
QUICK_ZONES = 25
PITCH_M = 5.5
COLUMNS = 4
ZONE_PITCH_M = (125.0, 20.0)
POLL_S = 1.0
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
DESKTOP = {"viewport": {"width": 1440, "height": 900}}
#: Times of frames and tasks of more than 50 ms, between `start` and `stop`.
RECORDER = """
window.recorder = {
  start() {
    this.frames = []; this.tasks = []; this.running = true;
    this.observer = new PerformanceObserver((list) => this.tasks.push(...list.getEntries().map((e) => e.duration)));
    this.observer.observe({ entryTypes: ["longtask"] });
    const frame = (at) => { this.frames.push(at); if (this.running) requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
  },
  stop() { this.running = false; this.observer.disconnect(); return { frames: this.frames, tasks: this.tasks }; },
};
"""


def run(quick: bool) -> dict[str, list[dict[str, Any]]]:
    """Private services, a street of many spaces, the page served as in production, both screens."""
    if chromium_path() is None:
        return {"no Chromium here": []}
    var = Path(tempfile.mkdtemp(prefix="spark-webmap-"))
    var.chmod(0o755)
    services = Services("test", var)
    try:
        environment = services.start().as_environment() | {"SPARK_POLL_S": str(POLL_S), "SPARK_ENV_FILE": ""}
        os.environ.update(environment | {"DJANGO_ALLOW_ASYNC_UNSAFE": "true"})
        street = _Street(QUICK_ZONES if quick else ZONES)
        with served_page(var, environment) as url:
            return _measure(url, street, quick)
    finally:
        services.stop()
        shutil.rmtree(var, ignore_errors=True)


class _Street:
    """Zones side by side, each full of free spaces."""

    def __init__(self, zones: int) -> None:
        import django

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "spark.settings")
        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        from apps.parking import services
        from apps.parking.zones import ZoneSpec
        from camera_registry.mercator import LocalFrame, lonlat_to_3857

        self._services = services
        self._frame = LocalFrame(tuple(lonlat_to_3857([CORNER_LONLAT])[0]))
        self.zones = zones
        for number in range(zones):
            services.create_zone(
                ZoneSpec(
                    slug=f"z{number}",
                    name=f"Street {number}",
                    geometry_3857=self._box(number, -1, SPACES_PER_ZONE * PITCH_M + 1, 0, 2.5),
                )
            )
        for _ in range(2):  # a space is offered after it was seen free twice
            self.publish(range(zones))
            time.sleep(1.0)

    def _box(self, number: int, west: float, east: float, south: float, north: float) -> shapely.Polygon:
        x, y = (number % COLUMNS) * ZONE_PITCH_M[0], (number // COLUMNS) * ZONE_PITCH_M[1]
        return self._frame.geometry_to_3857(shapely.box(x + west, y + south, x + east, y + north))

    def publish(self, zones: Any, without: int = -1) -> None:
        """A frame of these zones, now; the space of number `without` is taken."""
        from apps.parking.published import FrameMeta, PublishedLayout, PublishedSpace

        for zone in zones:
            spaces = tuple(
                PublishedSpace(
                    polygon_3857=self._box(zone, n * PITCH_M, n * PITCH_M + 5.0, 0.1, 2.4),
                    length_m=5.0,
                    width_m=2.3,
                    bearing_deg=90.0,
                    confidence=0.9,
                    observed_at=None,
                )
                for n in range(SPACES_PER_ZONE)
                if n != without
            )
            layout = PublishedLayout(
                observed_at=datetime.now(UTC),
                spaces=spaces,
                free_m2=11.5 * len(spaces),
                occupied_m2=0.0,
                unknown_m2=0.0,
                cost=0.0,
                seed=1,
                model="benchmark",
                timings_ms={},
            )
            self._services.publish_layout(f"z{zone}", layout, FrameMeta())


def _measure(url: str, street: _Street, quick: bool) -> dict[str, list[dict[str, Any]]]:
    weight: list[dict[str, Any]] = []
    frames: list[dict[str, Any]] = []
    held: list[dict[str, Any]] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGUMENTS))
        for screen, device in (("phone", PHONE), ("desktop", DESKTOP)):
            context = browser.new_context(**device, service_workers="block")
            page = context.new_page()
            devtools = context.new_cdp_session(page)
            transfers = Transfers(devtools)
            page.add_init_script(RECORDER)
            began = time.monotonic()
            page.goto(url)
            page.locator(".zone-label").first.wait_for(timeout=60_000)
            if screen == "phone":
                weight = _weights(transfers, time.monotonic() - began)
            street.publish(range(street.zones))  # benchmarks take longer than news stay valid
            wanted = street.zones * SPACES_PER_ZONE
            page.wait_for_function(
                f"() => document.querySelectorAll('path.space').length >= {wanted}", timeout=60_000
            )
            for slower in (1,) if quick else (1, 4):
                devtools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
                for doing, act in _actions(page, street, device).items():
                    street.publish(range(street.zones))
                    page.wait_for_timeout(2000 * POLL_S)
                    frames.append(
                        {"screen": screen, "cpu": f"1/{slower}", "while": doing, **_frames(page, act)}
                    )
            devtools.send("Emulation.setCPUThrottlingRate", {"rate": 1})
            spaces = page.locator("path.space").count()
            held.append({"screen": screen, "spaces": spaces, **vars(footprint(devtools))})
            context.close()
        browser.close()
    return {
        "bytes until the page is useful": weight,
        f"{street.zones * SPACES_PER_ZONE} spaces in view": frames,
        "held after collecting rubbish": held,
    }


def _weights(transfers: Transfers, seconds: float) -> list[dict[str, Any]]:
    kinds = {"base map's own scripts": 0, "page": 0, "API": 0}
    for url, size in transfers.bytes.items():
        kind = "base map's own scripts" if "/leaflet/" in url else "API" if "/api/" in url else "page"
        kinds[kind] += size
    rows = [{"part": kind, "kB": round(size / 1000, 1)} for kind, size in kinds.items()]
    return [
        *rows,
        {"part": f"requests: {len(transfers.bytes)}, first labels after {seconds:.1f} s", "kB": None},
    ]


def _actions(page: Page, street: _Street, device: dict[str, Any]) -> dict[str, Any]:
    x, y = device["viewport"]["width"] * 0.6, device["viewport"]["height"] * 0.25

    def pan() -> None:
        page.mouse.move(x, y)
        page.mouse.down()
        for step in range(60):
            page.mouse.move(x - 100 * np.sin(step / 6), y + 40 * np.cos(step / 6))
        page.mouse.up()
        page.wait_for_timeout(300)

    def zoom() -> None:
        page.mouse.move(x, y)
        for delta in (-120, 120):
            page.mouse.wheel(0, delta)
            page.wait_for_timeout(600)

    def one_taken() -> None:
        street.publish([0], without=3)
        page.wait_for_timeout(2000 * POLL_S)

    def all_seen_again() -> None:
        street.publish(range(street.zones))
        page.wait_for_timeout(2500 * POLL_S)

    def nothing() -> None:
        page.wait_for_timeout(3000)

    return {
        "panning": pan,
        "zooming": zoom,
        "one space is taken": one_taken,
        "every zone is seen again": all_seen_again,
        "nothing happens": nothing,
    }


def _frames(page: Page, act: Any) -> dict[str, Any]:
    page.evaluate("recorder.start()")
    act()
    found = page.evaluate("recorder.stop()")
    gaps = np.diff(found["frames"]) if len(found["frames"]) > 1 else np.array([np.nan])
    p50, p95 = np.percentile(gaps, [50, 95])
    return {
        "frames": len(gaps),
        "p50 ms": round(float(p50), 1),
        "p95 ms": round(float(p95), 1),
        "max ms": round(float(gaps.max()), 1),
        "long tasks": len(found["tasks"]),
        "longest ms": round(max(found["tasks"], default=0.0)),
    }
