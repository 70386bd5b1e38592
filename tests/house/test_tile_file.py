# SPDX-License-Identifier: AGPL-3.0-or-later
"""The tile file behind nginx: ranges of it, with and without the file on nginx's side."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
CONTENT = bytes(range(256)) * 8

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


class Web(BaseHTTPRequestHandler):
    """Stands where gunicorn stands; says which range it was asked for."""

    def do_GET(self) -> None:
        self.send_response(206)
        self.end_headers()
        self.wfile.write(f"web {self.headers['Range']}".encode())

    def log_message(self, *_: object) -> None:
        pass


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Callable[[str], tuple[int, str | None, bytes]]]:
    """Asks nginx, configured as we ship it but without TLS, for a range of the tile file."""
    web = HTTPServer(("127.0.0.1", 0), Web)
    Thread(target=web.serve_forever, daemon=True).start()
    port = free_port()
    text = (REPOSITORY / "nginx" / "spark.conf").read_text()
    text = text.replace("web:8000", f"127.0.0.1:{web.server_port}")
    text = text.replace("/var/cache/nginx/spark", str(tmp_path / "cache")).replace(
        "/var/lib/spark", str(tmp_path)
    )
    text = re.sub(r"server \{\n    listen 80;.*?\n\}\n", "", text, flags=re.S)
    text = re.sub(r"    (listen \[::\]:443|ssl_|http2).*\n", "", text)
    text = text.replace("listen 443 ssl http2", f"listen 127.0.0.1:{port}")
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/nginx.pid;\nerror_log stderr;\ndaemon off;\nmaster_process off;\nevents {{}}\n"
        f"http {{\naccess_log off;\nclient_body_temp_path {tmp_path}/body;\nproxy_temp_path {tmp_path}/proxy;\n"
        f"fastcgi_temp_path {tmp_path}/f;\nuwsgi_temp_path {tmp_path}/u;\nscgi_temp_path {tmp_path}/s;\n{text}\n}}\n"
    )
    command = [str(NGINX), "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

    def asked(wanted: str) -> tuple[int, str | None, bytes]:
        url = f"http://127.0.0.1:{port}/basemap.pmtiles?changed=1"
        request = urllib.request.Request(url, headers={"Range": wanted})
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, response.headers.get("Content-Range"), response.read()

    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.05)
    yield asked
    process.terminate()
    process.wait(timeout=10)
    web.shutdown()


def test_nginx_gives_parts_of_the_tile_file_itself(ask, tmp_path: Path) -> None:
    (tmp_path / "basemap.pmtiles").write_bytes(CONTENT)
    assert ask("bytes=300-309") == (206, "bytes 300-309/2048", CONTENT[300:310])


def test_without_the_file_the_web_is_asked_for_the_same_range(ask) -> None:
    assert ask("bytes=300-309") == (206, None, b"web bytes=300-309")
