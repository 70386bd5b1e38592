# SPDX-License-Identifier: AGPL-3.0-or-later
"""Draws the app's PNG icons from apps/webmap/static/webmap/icon.svg: `python -m scripts.draw_icons`.

Plain icons are the drawing as it is. A maskable icon fills its square, and its sign lies inside the circle of 80 % that
every mask leaves. Needs Chromium (Playwright) and Pillow, which come with the tests.
"""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

STATIC = Path(__file__).resolve().parent.parent / "apps" / "webmap" / "static" / "webmap"
#: Name, side in pixels, whether it fills its square.
ICONS = (
    ("icon-192", 192, False),
    ("icon-512", 512, False),
    ("maskable-192", 192, True),
    ("maskable-512", 512, True),
    ("apple-touch-icon", 180, True),
)
#: Flat colours and their blends on the edges.
COLOURS = 32


def drawing(svg: str, full: bool) -> str:
    """The page to photograph: the drawing alone, or on a ground of its own colour."""
    ground = re.search(r'<rect[^>]*fill="([^"]+)"', svg)
    assert ground, "the icon has a ground"
    body = f"background: {ground[1]}" if full else "background: transparent"
    return f'<body style="margin: 0; {body}"><style>svg {{ width: 100vw; height: 100vh; display: block }}</style>{svg}'


def draw(page: Page, svg: str, side: int, full: bool) -> bytes:
    """One icon as PNG."""
    page.set_viewport_size({"width": side, "height": side})
    page.set_content(drawing(svg, full))
    picture = Image.open(io.BytesIO(page.screenshot(omit_background=not full)))
    out = io.BytesIO()
    small = (
        picture.convert("RGB").quantize(COLOURS)
        if full
        else picture.quantize(COLOURS, Image.Quantize.FASTOCTREE)
    )
    small.save(out, "PNG", optimize=True)
    return out.getvalue()


def main() -> None:
    svg = (STATIC / "icon.svg").read_text()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox"])
        page = browser.new_page()
        for name, side, full in ICONS:
            path = STATIC / "icons" / f"{name}.png"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(draw(page, svg, side, full))
            print(f"{path.name}: {path.stat().st_size} bytes")
        browser.close()


if __name__ == "__main__":
    main()
