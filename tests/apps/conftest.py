# SPDX-License-Identifier: AGPL-3.0-or-later
"""A real Chromium on the page; every console message of weight fails the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.apps.devices import PHONE

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: How long a page may take for what a test expects of it. Nothing waits for all of it but what is broken, so that it is
#: meant for the busiest machine.
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here (Debian package: chromium)")
    # Playwright keeps an event loop in this thread, and Django would refuse to ask the database beside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


#: What Playwright says of a page whose service worker it keeps away.
WORKER_BLOCKED = "Service Worker registration blocked by Playwright"


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about; a test that expects a complaint empties it."""
    return []


@pytest.fixture
def open_page(chromium: Browser, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """Opens an address on a device; checks at the end that the browser had nothing to complain about.

    The page's service worker stays away unless `service_workers="allow"` is asked for: requests are then what the
    page itself asks.
    """
    contexts: list[BrowserContext] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and WORKER_BLOCKED not in message.text:
            complaints.append(message.text)

    def opened(url: str, **device) -> Page:
        screen = device if "viewport" in device else PHONE | device
        context = chromium.new_context(**({"service_workers": "block"} | screen))
        contexts.append(context)
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
