# SPDX-License-Identifier: AGPL-3.0-or-later
"""One picture from the camera, by its snapshot address or out of its RTSP stream, in memory and nowhere else."""

from __future__ import annotations

import asyncio
import email.utils
import http.client
import shutil
import socket
import ssl
import time
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urljoin, urlsplit

from spark_relay.config import CameraSettings
from spark_relay.httpauth import UnknownChallenge, answer, challenges
from spark_relay.jpeg import jpeg_size

__all__ = [
    "CameraError",
    "NoFfmpeg",
    "Picture",
    "fetch",
    "ffmpeg_command",
    "ffmpeg_script",
    "without_secrets",
]

MAX_BYTES = 16 << 20
MAX_REDIRECTS = 3
CHUNK_BYTES = 64 << 10
#: The last words of ffmpeg that are told.
MAX_COMPLAINT_CHARS = 300
_MOVED = (301, 302, 303, 307, 308)
_PROTOCOLS = "pipe,fd,rtp,udp,tcp,tls,rtsp,rtsps,crypto,http,https"


class CameraError(Exception):
    """The camera gave no picture; the text says why and what to do, without any password."""


class NoFfmpeg(CameraError):
    """RTSP needs ffmpeg, and it is not there."""


@dataclass(frozen=True)
class Picture:
    """A whole JPEG; size: (width, height). camera_time: what the camera's clock said, where it says so."""

    data: bytes
    size: tuple[int, int]
    camera_time: datetime | None = None
    login: str = "none"


async def fetch(camera: CameraSettings) -> Picture:
    """The camera's picture now. Raises CameraError, and NotAFrame for what is no whole JPEG."""
    if camera.rtsp is not None:
        return await _from_stream(camera, camera.rtsp)
    return await asyncio.to_thread(_snapshot, camera, camera.snapshot or "")


# --- a snapshot address --------------------------------------------------------------------------------------------


def _snapshot(camera: CameraSettings, address: str) -> Picture:
    deadline = time.monotonic() + camera.timeout_s
    for _ in range(MAX_REDIRECTS + 1):
        try:
            response, body, login = _ask(camera, address, deadline)
        except ssl.SSLCertVerificationError:
            raise CameraError(
                "the camera's certificate is not signed by anybody known. In a network of your own:"
                " [camera] verify_certificate = false, or an http:// address"
            ) from None
        except TimeoutError:
            raise CameraError(f"the camera did not answer within {camera.timeout_s:g} s") from None
        except socket.gaierror:
            raise CameraError("the camera's name is not known in this network: use its IP address") from None
        except (OSError, http.client.HTTPException) as error:
            raise CameraError(f"the camera cannot be reached: {_words(error)}") from None
        if response.status in _MOVED:
            address = _elsewhere(address, response.getheader("Location") or "")
            continue
        if response.status != 200:
            raise CameraError(_status_words(camera, response.status))
        return Picture(body, jpeg_size(body), _date(response.getheader("Date")), login)
    raise CameraError("the camera sends us from address to address; use the last one")


def _ask(
    camera: CameraSettings, address: str, deadline: float
) -> tuple[http.client.HTTPResponse, bytes, str]:
    """One picture's request, and a second one with the login when the camera asks for it."""
    parts = urlsplit(address)
    uri = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"User-Agent": "spark-relay", "Accept": "image/jpeg, */*;q=0.1", "Connection": "close"}
    response, body = _request(camera, address, uri, headers, deadline)
    if response.status != 401 or not camera.user:
        return response, body, "none"
    offered = challenges(response.headers.get_all("WWW-Authenticate") or [])
    try:
        login = answer(offered, "GET", uri, camera.user, camera.password)
    except UnknownChallenge as error:
        raise CameraError(f"the camera wants a login of a kind that is not known here: {error}") from None
    response, body = _request(camera, address, uri, headers | {"Authorization": login}, deadline)
    return response, body, login.split()[0].lower()


def _request(
    camera: CameraSettings, address: str, uri: str, headers: dict[str, str], deadline: float
) -> tuple[http.client.HTTPResponse, bytes]:
    parts = urlsplit(address)
    left = max(0.1, deadline - time.monotonic())
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        if not camera.verify_certificate:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, parts.port, timeout=left, context=context)
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=left)
    try:
        connection.request("GET", uri, headers=headers)
        response = connection.getresponse()
        body = bytearray()
        while chunk := response.read(CHUNK_BYTES):
            body += chunk
            if len(body) > MAX_BYTES:
                raise CameraError(
                    f"the camera sends more than {MAX_BYTES >> 20} MB: that is a stream, no snapshot"
                )
            if time.monotonic() > deadline:
                raise TimeoutError
        return response, bytes(body)
    finally:
        connection.close()


def _elsewhere(address: str, location: str) -> str:
    """Where a camera sends us, if that is the camera itself: a login is not carried to strangers."""
    there = urljoin(address, location)
    before, after = urlsplit(address), urlsplit(there)
    if after.scheme not in ("http", "https") or after.hostname != before.hostname:
        raise CameraError("the camera sends us to another host; use the address it really has")
    if before.scheme == "https" and after.scheme != "https":
        raise CameraError("the camera sends us from https to http; use the http:// address if that is meant")
    return there


def _status_words(camera: CameraSettings, status: int) -> str:
    if status == 401:
        return (
            "the camera refuses this user and password"
            if camera.user
            else "the camera wants a user and a password"
        ) + ": [camera] user, password"
    if status == 403:
        return "the camera forbids this user its snapshots (HTTP 403): give it the right to view"
    if status == 404:
        return "the camera has nothing at this address (HTTP 404): [camera] snapshot"
    return f"the camera answers HTTP {status}"


def _date(header: str | None) -> datetime | None:
    try:
        found = email.utils.parsedate_to_datetime(header or "")
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else None


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


# --- an RTSP stream ------------------------------------------------------------------------------------------------


def ffmpeg_command(program: str = "ffmpeg") -> list[str]:
    """The first key frame of a stream as a JPEG on standard output.

    The address comes by standard input, as a list of one (`ffmpeg_script`): on the command line every user of the
    computer could read its password. Key frames only, since what precedes the first one is grey.
    """
    return [
        program, "-hide_banner", "-loglevel", "error",
        "-f", "concat", "-safe", "0", "-protocol_whitelist", _PROTOCOLS, "-threads", "1", "-skip_frame", "nokey",
        "-i", "pipe:0",
        "-an", "-frames:v", "1", "-q:v", "2", "-f", "image2pipe", "-c:v", "mjpeg", "pipe:1",
    ]  # fmt: skip


def ffmpeg_script(camera: CameraSettings) -> str:
    """The list that ffmpeg reads: the stream's address with its login, over TCP."""
    parts = urlsplit(camera.rtsp or "")
    login = f"{quote(camera.user, safe='')}:{quote(camera.password, safe='')}@" if camera.user else ""
    address = parts._replace(netloc=login + parts.netloc).geturl()
    return f"ffconcat version 1.0\nfile '{address}'\noption rtsp_transport tcp\n"


async def _from_stream(camera: CameraSettings, address: str) -> Picture:
    program = shutil.which("ffmpeg")
    if program is None:
        raise NoFfmpeg("RTSP needs ffmpeg, which is not installed: sudo apt install ffmpeg")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *ffmpeg_command(program), stdin=pipe, stdout=pipe, stderr=pipe, limit=MAX_BYTES
    )
    try:
        data, complaint = await asyncio.wait_for(
            process.communicate(ffmpeg_script(camera).encode()), camera.timeout_s
        )
    except TimeoutError:
        raise CameraError(f"no picture came out of the stream within {camera.timeout_s:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode or not data:
        raise CameraError(f"ffmpeg got no picture: {_complaint(complaint, camera)}")
    return Picture(data, jpeg_size(data))


def _complaint(output: bytes, camera: CameraSettings) -> str:
    words = without_secrets(output.decode(errors="replace"), camera)
    if "401" in words:
        return "the camera refuses this user and password: [camera] user, password"
    if "404" in words:
        return "the camera has no such stream (404): [camera] rtsp"
    return " ".join(words.split())[-MAX_COMPLAINT_CHARS:] or "the stream ended"


def without_secrets(text: str, camera: CameraSettings) -> str:
    """ffmpeg names the address in its complaints; its login and query are cut out."""
    parts = urlsplit(camera.rtsp or camera.snapshot or "")
    secrets = {
        camera.password,
        quote(camera.password, safe=""),
        camera.user,
        quote(camera.user, safe=""),
        parts.query,
    }
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "…")
    return text
