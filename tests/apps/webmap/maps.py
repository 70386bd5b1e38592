# SPDX-License-Identifier: AGPL-3.0-or-later
"""A bench for both maps: the real page with its real policy, its own script replaced by one that hands the map over.

`window.map` is the adapter, `window.heard` what its handlers were told. Google's servers are played by
google_stand_in.js; whatever else is asked of them is answered emptily, and anything else outside this site fails.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, Route

STAND_IN = Path(__file__).with_name("google_stand_in.js")
GOOGLE = re.compile(r"https://[\w.-]*\.(googleapis|gstatic|google)\.com/.*")
GOOGLE_SCRIPT = re.compile(r"https://maps\.googleapis\.com/maps/api/js\?.*")
PLACE = (35.4872, 38.7223)
METRES_PER_DEGREE = 111_320.0
MINUTE_MS = 60_000

BENCH = """
import { createMap, SPACES_FROM_ZOOM } from "/static/webmap/maps/index.js";
window.heard = [];
const say = (name) => (id) => { window.heard.push(id === undefined ? [name] : [name, id]); };
const names = ["moved", "spaceChosen", "zoneChosen", "nothingChosen", "showAll"];
const config = JSON.parse(document.getElementById("config").textContent);
const handlers = Object.fromEntries(names.map((name) => [name, say(name)]));
window.spacesFromZoom = SPACES_FROM_ZOOM;
window.map = await createMap(document.getElementById("map"), config, handlers);
"""
WATCH_POLICY = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
  (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


def at(east_m: float, north_m: float) -> list[float]:
    """Longitude and latitude of true metres from the corner of the bench's street."""
    lon, lat = PLACE
    return [
        lon + east_m / (METRES_PER_DEGREE * math.cos(math.radians(lat))),
        lat + north_m / METRES_PER_DEGREE,
    ]


def rings(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    """A box in true metres as closed GeoJSON rings."""
    return [[at(west, south), at(east, south), at(east, north), at(west, north), at(west, south)]]


def zone(
    name: str, box: tuple[float, float, float, float], free: int | Literal["closed"] | None
) -> dict[str, Any]:
    """A zone as the page's model has it; `free` None is unknown, "closed" a zone that no hours will open."""
    return {
        "id": name, "name": name.title(), "rings": rings(*box), "free": None if free == "closed" else free,
        "bounds": [*at(box[0], box[1]), *at(box[2], box[3])],
        "observedAt": 0, "validUntil": 2 * MINUTE_MS, "orientation": "parallel", "access": "public",
        "open": free != "closed", "closesAt": None, "opensAt": None,
    }  # fmt: skip


def space(name: str, east_m: float, north_m: float = 1.25, zone_id: str = "main") -> dict[str, Any]:
    """A space of 5 × 2.3 m around a point, seen at 0 and offered for two minutes."""
    return {
        "id": name, "zone": zone_id, "centre": at(east_m, north_m),
        "rings": rings(east_m - 2.5, north_m - 1.15, east_m + 2.5, north_m + 1.15),
        "lengthM": 5.0, "widthM": 2.3, "confidence": 0.9, "hiddenShare": 0,
        "observedAt": 0, "validUntil": 2 * MINUTE_MS, "orientation": "parallel", "access": "public",
        "roomLengthM": None, "roomWidthM": None,
    }  # fmt: skip


#: Three zones, one of each state, in a street of 60 m.
ZONES = [
    zone("main", (0, 0, 60, 2.5), 2),
    zone("park", (0, 24, 60, 29), 0),
    zone("school", (75, 0, 78, 40), None),
]
SPACES = [space("a", 10), space("b", 40)]
BOX = [*at(0, 0), *at(78, 40)]


#: Frames in a row in which neither the view nor anything drawn changes, and nothing is heard, by which a map rests. Frames
#: are the page's own time: on a busy machine they take longer, as what they wait for does.
AT_REST = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 10)));
  const drawn = document.getElementById("map");
  let before = "";
  for (let still = 0; still < 4; ) {
    await frame();
    const now = JSON.stringify([window.map.view(), window.heard.length, drawn.innerHTML]);
    still = now === before ? still + 1 : 0;
    before = now;
  }
}"""


@dataclass
class Bench:
    """One map on one page."""

    page: Page
    kind: str
    asked: list[str] = field(default_factory=list)
    hold: list[Route] = field(default_factory=list)

    def open(self, url: str, script: str = "answer") -> Bench:
        """Open the bench. `script` says what becomes of Google's: answer, fail, or wait (see `release`)."""
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.add_init_script(WATCH_POLICY)
        self.page.route(GOOGLE, lambda route: route.fulfill(body="", headers=_open(route)))
        self.page.route(GOOGLE_SCRIPT, lambda route: self._google(route, script))
        self.page.route(f"{url}/", _with_bench)
        self.page.goto(f"{url}/")
        self.until("Boolean(window.map)")
        if script == "answer":
            self.until(f"map.kind === '{self.kind}' && Boolean(document.querySelector('.engine'))")
        return self

    def _google(self, route: Route, script: str) -> None:
        if script == "fail":
            route.abort()
        elif script == "wait":
            self.hold.append(route)
        else:
            route.fulfill(path=STAND_IN, content_type="text/javascript")

    def release(self) -> None:
        """Google's script comes after all, once it was asked for."""
        for _ in range(200):
            if self.hold:
                break
            self.page.wait_for_timeout(50)
        assert self.hold, "Google's script was not asked for within ten seconds"
        for route in self.hold:
            route.fulfill(path=STAND_IN, content_type="text/javascript")

    def call(self, name: str, *arguments: Any) -> Any:
        """One call of the adapter."""
        return self.page.evaluate(f"(all) => window.map.{name}(...all)", list(arguments))

    def draw(self, zones: Any = ZONES, spaces: Any = SPACES, now: float = 0) -> None:
        """Zones and spaces at a server time, ms."""
        self.call("drawZones", zones)
        self.call("drawSpaces", spaces, now)

    def until(self, truth: str) -> None:
        """Wait for an expression to be true. Playwright's own waiting needs eval, which the policy forbids."""
        for _ in range(200):
            if self.page.evaluate(truth):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"not within ten seconds: {truth}")

    def rest(self) -> None:
        """Wait until the map has come to rest, and forget what was heard until then."""
        self.settle()
        self.page.evaluate("window.heard.length = 0")

    def settle(self) -> None:
        """Wait until the map has come to rest."""
        self.page.evaluate(AT_REST)

    def resize(self, width: int, height: int) -> None:
        """Another window, and the map come to rest in it."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.until(f"innerWidth === {width} && innerHeight === {height}")
        self.settle()

    def heard(self, but: str = "moved") -> list[list[str]]:
        return [what for what in self.page.evaluate("window.heard") if what[0] != but]

    def pixel(self, place: list[float]) -> tuple[float, float]:
        """Where on the page a place is drawn, worked out here from what the map says it shows."""
        west, south, east, north = self.call("view")
        frame = self.page.locator(".engine").bounding_box()
        down = (_mercator(north) - _mercator(place[1])) / (_mercator(north) - _mercator(south))
        across = (place[0] - west) / (east - west)
        return frame["x"] + across * frame["width"], frame["y"] + down * frame["height"]

    def tap(self, place: list[float], beside: tuple[float, float] = (0, 0)) -> list[list[str]]:
        """Click at a place, or so many pixels beside it. Returns what was heard."""
        self.page.evaluate("window.heard.length = 0")
        x, y = self.pixel(place)
        self.page.mouse.click(x + beside[0], y + beside[1])
        return self.heard()

    # What is drawn, on either map.

    def spaces(self) -> Locator:
        return self.page.locator(self._by("path.space", "[data-feature^='space ']"))

    def zones(self) -> Locator:
        return self.page.locator(self._by("path.zone", "[data-feature^='zone ']"))

    def ring(self) -> Locator:
        return self.page.locator(self._by("path.accuracy", "circle.gm-circle"))

    def hatched(self) -> Locator:
        return self.page.locator(self._by("path.zone[fill='url(#pattern-full)']", "[data-feature^='hatch ']"))

    def dotted(self) -> Locator:
        return self.page.locator(self._by("path.zone-unknown", "[data-feature^='edge ']"))

    def labels(self) -> Locator:
        return self.page.locator(".zone-label")

    def style(self, locator: Locator, name: str) -> list[str]:
        return locator.evaluate_all(f"all => all.map(e => getComputedStyle(e).{name})")

    def variable(self, name: str) -> str:
        """A colour of the page's style sheet, as computed styles spell it."""
        return self.page.evaluate(
            """name => { const e = document.createElement("i"); e.style.color = `var(${name})`;
            document.body.append(e); const c = getComputedStyle(e).color; e.remove(); return c; }""",
            name,
        )

    def violations(self) -> list[str]:
        return self.page.evaluate("window.violations")

    def _by(self, leaflet: str, google: str) -> str:
        return google if self.kind == "google" else leaflet


def strangers(asked: list[str], url: str) -> set[str]:
    """Hosts other than this site's that were asked."""
    hosts = {urlsplit(one).netloc for one in asked if urlsplit(one).scheme.startswith("http")}
    return hosts - {urlsplit(url).netloc}


def overlaps(boxes: list[dict[str, float]]) -> Iterator[tuple[int, int]]:
    """Pairs of boxes that share more than half a pixel."""
    for i, a in enumerate(boxes):
        for j, b in enumerate(boxes[:i]):
            wide = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
            high = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
            if wide > 0.5 and high > 0.5:
                yield i, j


def _open(route: Route) -> dict[str, str]:
    kinds = {"stylesheet": "text/css", "script": "text/javascript"}
    return {
        "Access-Control-Allow-Origin": "*",
        "Content-Type": kinds.get(route.request.resource_type, "text/plain"),
    }


def _with_bench(route: Route) -> None:
    """The page as it is served, with its policy; only its own script is the bench's."""
    response = route.fetch()
    page, count = re.subn(
        r'<script src="[^"]*main[^"]*\.js" nonce="([^"]*)" type="module"></script>',
        lambda found: f'<script nonce="{found[1]}" type="module">{BENCH}</script>',
        response.text(),
    )
    assert count == 1
    route.fulfill(response=response, body=page)


def _mercator(lat: float) -> float:
    return math.asinh(math.tan(math.radians(lat)))
