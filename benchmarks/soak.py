# SPDX-License-Identifier: AGPL-3.0-or-later
"""The running demo in Chromium for many minutes: does the page hold on to more and more, does anything go wrong?

`python -m benchmarks.soak --minutes 40` starts the demo in a folder of its own, opens the page on a phone and on a
desktop, lets them poll, touches them now and then as people do, and writes what each page holds every minute, after
collecting rubbish, to var/bench/soak.json. It ends with status 1 when something leaked or went wrong. It is no part of
`make bench`, which is for minutes.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as BrowserError

from benchmarks.__main__ import OUTPUT, format_table
from benchmarks._page import ARGUMENTS, chromium_path, footprint
from benchmarks.latency import _start, _wait_until_live
from scripts.private_account import free_port

SCREENS: dict[str, dict[str, Any]] = {
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
    "desktop": {"viewport": {"width": 1440, "height": 900}},
}
MEASURE_EVERY_S = 60.0
TOUCH_EVERY_S = 7.0
#: Compiled code and caches settle in the first minutes; growth is judged after them.
SETTLED_AFTER = 0.25
#: More than this in an hour is a leak: a page with two zones holds about 5 MB and 1,000 nodes.
LEAK_MB_PER_HOUR = 1.0
LEAK_NODES_PER_HOUR = 200.0
LEAK_LISTENERS_PER_HOUR = 50.0


class Watched:
    """One open page, and all that went wrong on it."""

    def __init__(self, browser: Browser, screen: str, url: str) -> None:
        self.screen = screen
        self.errors: list[str] = []
        self.requests = 0
        self.rows: list[dict[str, Any]] = []
        self._turn = 0
        context = browser.new_context(**SCREENS[screen])
        self.page: Page = context.new_page()
        self.page.on(
            "console", lambda m: self.errors.append(m.text) if m.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)
        self.page.goto(url)
        self.page.locator(".zone-row").first.wait_for(timeout=60_000)
        self._devtools = context.new_cdp_session(self.page)

    def _failed(self, request: Any) -> None:
        if "ERR_ABORTED" not in (request.failure or ""):  # a newer question takes the place of an older one
            self.errors.append(f"{request.url}: {request.failure}")

    def _answered(self, response: Any) -> None:
        self.requests += 1
        if response.status >= 400:
            self.errors.append(f"{response.url}: {response.status}")

    def touch(self) -> None:
        """One thing that a person does; the next call does the next."""
        self._turn += 1
        page = self.page
        try:
            {
                0: lambda: page.locator(".zone-row").first.click(timeout=2000),
                1: lambda: page.locator(".space-row").first.click(timeout=2000),
                2: lambda: page.locator("#details-close").click(timeout=2000),
                3: lambda: page.locator(".zone-row").last.click(timeout=2000),
                4: lambda: page.get_by_label("Zoom out").click(timeout=2000),
                5: lambda: self._drag(),
                6: lambda: page.get_by_label("Show all zones").first.click(timeout=2000),
            }[self._turn % 7]()
        except BrowserError as error:
            if "Timeout" not in str(error):  # no free space to tap on just now
                self.errors.append(str(error).splitlines()[0])

    def _drag(self) -> None:
        box = self.page.locator("#map").bounding_box() or {"x": 0, "y": 0, "width": 300, "height": 300}
        x, y = box["x"] + box["width"] * 0.6, box["y"] + 150
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        for step in range(12):
            self.page.mouse.move(x - 8 * step, y + 3 * step)
        self.page.mouse.up()

    def measure(self, minute: float) -> None:
        """Add a row of what the page holds on to."""
        held = footprint(self._devtools)
        self.rows.append(
            {"minute": round(minute, 1), "screen": self.screen, **vars(held), "answers": self.requests,
             "errors": len(self.errors)}
        )  # fmt: skip
        print(json.dumps(self.rows[-1]), flush=True)

    def verdict(self) -> dict[str, Any]:
        """Growth per hour by least squares over the settled part, and whether that is a leak."""
        settled = self.rows[int(len(self.rows) * SETTLED_AFTER) :]
        hours = [row["minute"] / 60 for row in settled]
        growth = {
            name: round(float(np.polyfit(hours, [row[name] for row in settled], 1)[0]), 2)
            if len(settled) > 2
            else 0.0
            for name in ("heap_mb", "nodes", "listeners")
        }
        leaks = (
            growth["heap_mb"] > LEAK_MB_PER_HOUR
            or growth["nodes"] > LEAK_NODES_PER_HOUR
            or growth["listeners"] > LEAK_LISTENERS_PER_HOUR
        )
        last = {name: self.rows[-1][name] for name in ("heap_mb", "nodes", "listeners", "answers", "errors")}
        return {
            "screen": self.screen,
            **last,
            **{f"{k}/h": v for k, v in growth.items()},
            "leak": "yes" if leaks else "no",
        }


def soak(minutes: float, url: str) -> list[Watched]:
    """Watch the page at an address for so long, on both screens."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGUMENTS))
        watched = [Watched(browser, screen, url) for screen in SCREENS]
        began = measured = time.monotonic()
        for each in watched:
            each.measure(0.0)
        while time.monotonic() - began < minutes * 60:
            for each in watched:
                each.touch()
                each.page.wait_for_timeout(1000 * TOUCH_EVERY_S / len(watched))
            if time.monotonic() - measured >= MEASURE_EVERY_S:
                measured = time.monotonic()
                for each in watched:
                    each.measure((measured - began) / 60)
        for each in watched:
            each.measure((time.monotonic() - began) / 60)
        browser.close()
    return watched


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--url", help="a page that runs already, instead of a demo of its own")
    options = parser.parse_args(arguments)
    if options.url:
        watched = soak(options.minutes, options.url)
    else:
        var = Path(tempfile.mkdtemp(prefix="spark-soak-"))
        var.chmod(0o755)
        demo = _start(var, port := free_port())
        try:
            _wait_until_live(var, demo)
            watched = soak(options.minutes, f"http://127.0.0.1:{port}/")
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(timeout=60)
            shutil.rmtree(var, ignore_errors=True)
    verdicts = [each.verdict() for each in watched]
    errors = sorted({error for each in watched for error in each.errors})
    OUTPUT.mkdir(parents=True, exist_ok=True)
    record = {"minutes": options.minutes, "verdicts": verdicts, "errors": errors,
              "rows": [row for each in watched for row in each.rows]}  # fmt: skip
    (OUTPUT / "soak.json").write_text(json.dumps(record, indent=1) + "\n")
    print(format_table(verdicts))
    print("\n".join(errors) or "Nothing went wrong.")
    return 1 if errors or any(verdict["leak"] == "yes" for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
