# SPDX-License-Identifier: AGPL-3.0-or-later
"""A camera with a snapshot address: a real HTTP server that asks for logins the way cameras do."""

from __future__ import annotations

import contextlib
import email.utils
import hashlib
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

USER, PASSWORD = "viewer", 'pa"ss:wörd\\'
NONCE = "dcd98b7102dd2f0e8b11d0f600bfb0c093"


def a_jpeg(width: int = 1920, height: int = 1080, seed: int = 0) -> bytes:
    """A picture of noise that is coarse enough to stay small."""
    coarse = np.random.default_rng(seed).integers(0, 255, (18, 32, 3), np.uint8)
    return cv2.imencode(".jpg", cv2.resize(coarse, (width, height)))[1].tobytes()


class SnapshotCamera:
    """What it answers may be changed while it runs. logins: WWW-Authenticate headers, none: everybody may look."""

    def __init__(self, logins: tuple[str, ...] = ()) -> None:
        self.logins = logins
        self.picture = a_jpeg()
        self.status = 200
        self.location = ""
        self.clock_ahead_s = 0.0
        self.drip_s = 0.0
        self.asked: list[str] = []
        self.authorized: list[str] = []

    def welcome(self, method: str, uri: str, given: str) -> bool:
        """Whether an Authorization header answers one of the challenges."""
        if not self.logins:
            return True
        scheme, _, rest = given.partition(" ")
        if scheme == "Basic":
            import base64

            return base64.b64decode(rest).decode() == f"{USER}:{PASSWORD}"
        if scheme != "Digest":
            return False
        found = re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))', rest)
        said = {key: re.sub(r"\\(.)", r"\1", quoted) or plain for key, quoted, plain in found}
        name = said.get("algorithm", "MD5").upper()
        make = hashlib.sha256 if name.startswith("SHA-256") else hashlib.md5
        hashed = lambda text: make(text.encode()).hexdigest()  # noqa: E731
        secret = hashed(f"{USER}:{said['realm']}:{PASSWORD}")
        if name.endswith("-SESS"):
            secret = hashed(f"{secret}:{NONCE}:{said['cnonce']}")
        middle = f"{NONCE}:{said['nc']}:{said['cnonce']}:auth" if "qop" in said else NONCE
        right = hashed(f"{secret}:{middle}:{hashed(f'{method}:{uri}')}")
        return said["response"] == right and said["uri"] == uri and said["username"] == USER


class _Handler(BaseHTTPRequestHandler):
    camera: SnapshotCamera

    def do_GET(self) -> None:
        camera = self.camera
        camera.asked.append(self.path)
        given = self.headers.get("Authorization", "")
        if not camera.welcome("GET", self.path, given):
            self.send_response(401)
            for login in camera.logins:
                self.send_header("WWW-Authenticate", login)
            self._end(b"")
            return
        camera.authorized.append(given.partition(" ")[0])
        if camera.location and self.path != "/there":
            self.send_response(302)
            self.send_header("Location", camera.location)
            self._end(b"")
            return
        self.send_response(camera.status)
        self._end(camera.picture)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return email.utils.formatdate(time.time() + self.camera.clock_ahead_s, usegmt=True)

    def _end(self, body: bytes) -> None:
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        step = 1000 if self.camera.drip_s else len(body) or 1
        with contextlib.suppress(ConnectionError):
            for at in range(0, len(body), step):
                self.wfile.write(body[at : at + step])
                time.sleep(self.camera.drip_s)

    def log_message(self, *args: object) -> None:
        """Quiet."""


@contextlib.contextmanager
def snapshot_camera(*logins: str) -> Iterator[tuple[SnapshotCamera, str]]:
    """A camera that is running, and its address."""
    camera = SnapshotCamera(logins)
    handler = type("Handler", (_Handler,), {"camera": camera})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield camera, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
