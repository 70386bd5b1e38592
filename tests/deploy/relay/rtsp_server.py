# SPDX-License-Identifier: AGPL-3.0-or-later
"""A camera that speaks RTSP: just enough of RFC 2326 for a client that plays over TCP, with digest login.

ffmpeg draws and encodes its picture (H.264, a key frame each second) and sends it here as RTP; this passes it on
between the lines of the RTSP connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import subprocess
import threading
from collections.abc import Iterator

SIZE = (640, 360)
SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=street\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\nc=IN IP4 0.0.0.0\r\n"
    "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:track0\r\n"
)
NONCE = "b7c1f3"


class _Packets(asyncio.DatagramProtocol):
    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer

    def datagram_received(self, data: bytes, addr: object) -> None:
        if not self.writer.is_closing():
            self.writer.write(b"$\x00" + len(data).to_bytes(2) + data)


class RtspCamera:
    """Listens on `port` of this machine; `requests` are the methods that were asked, `refused` counts wrong logins."""

    def __init__(self, user: str = "", password: str = "") -> None:
        self.user, self.password = user, password
        self.port = 0
        self.requests: list[str] = []
        self.refused = 0

    async def start(self) -> None:
        self.server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        encoder, packets = None, None
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                while head.startswith("$"):  # receiver reports, which begin like this
                    head = head[1:]
                method, uri = re.search(r"([A-Z_]+) (\S+) RTSP/1.0", head).groups()
                number = re.search(r"CSeq: *(\d+)", head, re.I)[1]
                self.requests.append(method)
                lines, body = [f"CSeq: {number}"], ""
                status = "200 OK"
                if method != "OPTIONS" and not self._welcome(head, method, uri):
                    status = "401 Unauthorized"
                    lines.append(f'WWW-Authenticate: Digest realm="cam", nonce="{NONCE}"')
                elif method == "DESCRIBE":
                    body = SDP
                    lines += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
                elif method == "SETUP":
                    lines += ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 7"]
                else:
                    lines += ["Session: 7", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"]
                writer.write(("\r\n".join([f"RTSP/1.0 {status}", *lines]) + "\r\n\r\n" + body).encode())
                await writer.drain()
                if method == "PLAY":
                    loop = asyncio.get_running_loop()
                    packets, _ = await loop.create_datagram_endpoint(
                        lambda: _Packets(writer), local_addr=("127.0.0.1", 0)
                    )
                    encoder = _encoder(packets.get_extra_info("sockname")[1])
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            if encoder:
                encoder.kill()
                await asyncio.to_thread(encoder.wait)
            if packets:
                packets.close()
            writer.close()

    def _welcome(self, head: str, method: str, uri: str) -> bool:
        if not self.user:
            return True
        given = re.search(r'Authorization: Digest .*response="(\w+)"', head)
        hashed = lambda text: hashlib.md5(text.encode()).hexdigest()  # noqa: E731
        secret = hashed(f"{self.user}:cam:{self.password}")
        right = hashed(f"{secret}:{NONCE}:{hashed(f'{method}:{uri}')}")
        if given and given[1] != right:
            self.refused += 1
        return bool(given and given[1] == right)


def _encoder(port: int) -> subprocess.Popen:
    width, height = SIZE
    command = ["ffmpeg", "-loglevel", "error", "-nostdin", "-re", "-f", "lavfi"]
    command += ["-i", f"testsrc2=size={width}x{height}:rate=10", "-c:v", "libx264", "-preset", "ultrafast"]
    command += ["-tune", "zerolatency", "-g", "10", "-bsf:v", "dump_extra", "-f", "rtp"]
    return subprocess.Popen([*command, f"rtp://127.0.0.1:{port}?pkt_size=1200"], stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def rtsp_camera(user: str = "", password: str = "") -> Iterator[RtspCamera]:
    """A camera that is running."""
    camera = RtspCamera(user, password)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(camera.start(), loop).result(10)
    try:
        yield camera
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
