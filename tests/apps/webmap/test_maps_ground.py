# SPDX-License-Identifier: AGPL-3.0-or-later
"""What lies under the zones: a file of tiles read by ranges, a tile server, nothing; and that none of them is needed."""

from __future__ import annotations

import gzip
import io
import json
import struct
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.apps.devices import PHONE
from tests.apps.webmap.maps import BOX, PLACE, Bench, strangers

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Tile = tuple[int, int, int]
MAX_ZOOM = 6
#: Tiles with these numbers are left out of the file.
MISSING = 3
ATTRIBUTION = '© <a href="https://maps.example/credit">Tests</a><img src=x onerror="alert(1)">'


def curve(z: int) -> list[tuple[int, int]]:
    """Tiles of a zoom along the Hilbert curve, by its recursive definition: four curves of the zoom before."""
    if z == 0:
        return [(0, 0)]
    below, half = curve(z - 1), 2 ** (z - 1)
    return [
        *((y, x) for x, y in below),
        *((x, y + half) for x, y in below),
        *((x + half, y + half) for x, y in below),
        *((2 * half - 1 - y, half - 1 - x) for x, y in below),
    ]


def colour(z: int, x: int, y: int) -> tuple[int, int, int]:
    """A tile's own colour, RGB."""
    return 40 + 30 * z, 30 + 70 * (x % 4), 30 + 70 * (y % 4)


def picture(tile: Tile) -> bytes:
    pixels = np.full((256, 256, 3), colour(*tile)[::-1], np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def directory(entries: Iterable[tuple[int, int, int, int]]) -> bytes:
    """Entries (id, run, length, offset) as the format packs them, gzipped."""
    rows = list(entries)
    out = io.BytesIO(varint(len(rows)))
    out.seek(0, io.SEEK_END)
    before = 0
    for number, *_ in rows:
        out.write(varint(number - before))
        before = number
    for column in (1, 2):
        out.write(b"".join(varint(row[column]) for row in rows))
    for i, row in enumerate(rows):
        follows = i > 0 and row[3] == rows[i - 1][3] + rows[i - 1][2]
        out.write(varint(0 if follows else row[3] + 1))
    return gzip.compress(out.getvalue())


def pmtiles(path: Path) -> Path:
    """All tiles down to MAX_ZOOM, some left out, each as PNG; the root points to leaves from zoom 3 on."""
    data, entries, number = io.BytesIO(), [], 0
    for z in range(MAX_ZOOM + 1):
        for x, y in curve(z):
            if number % 97 != MISSING:
                bytes_ = picture((z, x, y))
                entries.append((number, 1, len(bytes_), data.tell()))
                data.write(bytes_)
            number += 1
    shallow, deep = entries[:20], entries[20:]
    leaves, root = io.BytesIO(), shallow
    for i in range(0, len(deep), 500):
        packed = directory(deep[i : i + 500])
        root = [*root, (deep[i][0], 0, len(packed), leaves.tell())]
        leaves.write(packed)
    metadata = gzip.compress(json.dumps({"attribution": ATTRIBUTION}).encode())
    root_bytes = directory(root)
    at = [127]
    for part in (root_bytes, metadata, leaves.getvalue()):
        at.append(at[-1] + len(part))
    header = b"PMTiles\x03" + struct.pack(
        "<11Q", at[0], len(root_bytes), at[1], len(metadata), at[2], len(leaves.getvalue()), at[3], data.tell(),
        number, len(entries), len(entries),
    ) + bytes([1, 2, 1, 2, 0, MAX_ZOOM]) + bytes(25)  # fmt: skip
    path.write_bytes(header + root_bytes + metadata + leaves.getvalue() + data.getvalue())
    return path


@pytest.fixture
def bench(open_page, live_server) -> Callable[[], Bench]:
    def opened() -> Bench:
        device = PHONE | {"reduced_motion": "reduce", "device_scale_factor": 1}
        found = Bench(open_page("about:blank", **device), "leaflet").open(live_server.url)
        found.draw()
        return found

    return opened


def test_the_curve_is_the_one_of_the_format():
    # The numbers that the format's description gives.
    assert [curve(1)[i] for i in range(4)] == [(0, 0), (0, 1), (1, 1), (1, 0)]
    assert len(set(curve(4))) == 256
    assert all(abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1 for a, b in zip(curve(4), curve(4)[1:], strict=False))


def test_every_tile_has_the_number_of_the_format(open_page, live_server):
    page = open_page("about:blank")
    page.route(f"{live_server.url}/empty", lambda route: route.fulfill(content_type="text/html", body="<p>"))
    page.goto(f"{live_server.url}/empty")
    numbers = page.evaluate(
        """async (tiles) => { const { tileId } = await import("/static/webmap/maps/pmtiles.js");
        return tiles.map((tile) => tileId(...tile)); }""",
        tiles := [[z, x, y] for z in range(6) for x, y in curve(z)],
    )
    assert numbers == list(range(len(tiles)))
    # Far beyond 32 bits: the last tiles of the curve lie at its end, the lower right corner's neighbour.
    assert page.evaluate(
        """async () => { const { tileId } = await import("/static/webmap/maps/pmtiles.js");
        return [tileId(20, 0, 0), tileId(20, 2 ** 20 - 1, 0)]; }"""
    ) == [(4**20 - 1) // 3, (4**21 - 1) // 3 - 1]


def test_a_file_of_tiles_is_the_ground(bench, live_server, settings, tmp_path):
    settings.SPARK_PMTILES = str(pmtiles(tmp_path / "world.pmtiles"))
    map = bench()
    ranges: list[str] = []
    map.page.on("request", lambda request: ranges.append(request.headers.get("range", "")))
    map.call("open", [PLACE[0] - 4, PLACE[1] - 3, PLACE[0] + 4, PLACE[1] + 3])
    map.until("document.querySelectorAll('canvas.tiles.leaflet-tile-loaded').length >= 4")
    map.rest()
    assert MAX_ZOOM - 1 < map.call("zoom") < MAX_ZOOM + 1
    assert seen_colours(map) == expected_colours(map, round(map.call("zoom")))
    # The file's own credit is shown, its links stay, its tricks do not.
    credit = map.page.locator(".leaflet-control-attribution")
    expect(credit).to_have_text("© Tests")
    expect(credit.locator("a")).to_have_attribute("href", "https://maps.example/credit")
    expect(credit.locator("img")).to_have_count(0)
    asked = [one for one in map.asked if "basemap.pmtiles" in one]
    assert asked and all("?changed=" in one for one in asked)
    assert strangers(map.asked, live_server.url) == set()
    # Nearer than the file goes, its last tiles are drawn larger.
    map.call("focus", list(PLACE), 12)
    map.rest()
    map.until("!document.querySelector('canvas.tiles:not(.leaflet-tile-loaded)')")
    map.settle()
    assert seen_colours(map) == expected_colours(map, MAX_ZOOM)
    assert map.violations() == []


def seen_colours(map: Bench) -> list[tuple[int, ...]]:
    """Colours of the ground in four places of the map, as a person sees them."""
    shot = cv2.imdecode(np.frombuffer(map.page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    return [tuple(int(v) for v in shot[int(y), int(x)][::-1]) for x, y in spots(map)]


def expected_colours(map: Bench, zoom: int) -> list[tuple[int, ...]]:
    west, _, east, north = map.call("view")
    frame = map.page.locator(".engine").bounding_box()
    degrees = (east - west) / frame["width"]
    found = []
    for x, y in spots(map):
        lon = west + (x - frame["x"]) * degrees
        down = (180 - np.degrees(np.arcsinh(np.tan(np.radians(north))))) + (y - frame["y"]) * degrees
        tile = int((lon + 180) / 360 * 2**zoom), int(down / 360 * 2**zoom)
        found.append(colour(zoom, *tile))
    return found


def spots(map: Bench) -> list[tuple[float, float]]:
    frame = map.page.locator(".engine").bounding_box()
    return [
        (frame["x"] + across * frame["width"], frame["y"] + down * frame["height"])
        for across, down in ((0.1, 0.2), (0.6, 0.25), (0.15, 0.8), (0.5, 0.7))
    ]


@pytest.mark.parametrize("content", [b"", b"GIF89a" + bytes(200), b"PMTiles\x03" + bytes(200)])
def test_a_file_that_cannot_be_read_leaves_a_plain_ground(bench, settings, tmp_path, content, complaints):
    path = tmp_path / "broken.pmtiles"
    path.write_bytes(content)
    settings.SPARK_PMTILES = str(path)
    map = bench()
    map.call("open", BOX)
    expect(map.page.locator(".plain-tile").first).to_be_visible()
    expect(map.spaces()).to_have_count(2)
    # The browser reports the answer 416 to the empty file; we report nothing.
    assert [text for text in complaints if "416" not in text] == []
    complaints.clear()


def test_openstreetmaps_policy_is_respected(bench, settings, open_page):
    """Its credit is seen, it sees who asks, and only tiles in view are asked for."""
    settings.SPARK_TILE_URL = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
    tiles: list[tuple[str, str | None]] = []
    map = bench()
    map.page.route(
        "https://tile.openstreetmap.org/**",
        lambda route: (
            tiles.append((route.request.url, route.request.all_headers().get("referer"))),
            route.fulfill(body=picture((1, 1, 1)), content_type="image/png"),
        ),
    )
    map.call("open", BOX)
    expect(map.page.locator("img.leaflet-tile-loaded").first).to_be_visible()
    map.rest()
    origin = "/".join(map.page.url.split("/")[:3]) + "/"
    assert {referer for _, referer in tiles} == {origin}
    frame = map.page.locator(".engine").bounding_box()
    in_view = (frame["width"] // 180 + 2) * (frame["height"] // 180 + 2)
    assert 0 < len({url for url, _ in tiles}) == len(tiles) <= in_view
    expect(map.page.locator(".leaflet-control-attribution")).to_have_text("© OpenStreetMap contributors")
    assert map.violations() == []
