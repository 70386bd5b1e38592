# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether bytes are a whole JPEG, and of what size; nothing is decoded."""

from __future__ import annotations

__all__ = ["NotAFrame", "jpeg_size"]

START, END = b"\xff\xd8\xff", b"\xff\xd9"
#: Firmware pads its files; SPARK looks for the end marker in as many bytes.
MAX_PADDING_BYTES = 4096
#: Start-of-frame markers: C0 to CF without the tables C4, C8 and CC, which lie between them.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset(range(0xD0, 0xD8)) | {0x01}


class NotAFrame(Exception):
    """What came from the camera is no whole JPEG; the text says what it is instead."""


def jpeg_size(data: bytes) -> tuple[int, int]:
    """(width, height) of a whole JPEG. Raises NotAFrame."""
    if not data:
        raise NotAFrame("the camera sent nothing")
    if not data.startswith(START):
        raise NotAFrame(f"not a JPEG, but {_looks_like(data)}")
    if END not in data[-MAX_PADDING_BYTES:]:
        raise NotAFrame(f"a JPEG that is cut off after {len(data)} bytes")
    at = 2
    while at + 9 < len(data):
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF:  # fill bytes may stand before a marker
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        elif marker in _FRAMES:
            return int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
    raise NotAFrame("a JPEG with a damaged header")


def _looks_like(data: bytes) -> str:
    head = data[:200].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page: the address is probably that of the camera's page, or of its login"
    if head.startswith(b"{"):
        return "JSON: the camera answers with an error message"
    if data.startswith(b"\x89PNG"):
        return "a PNG: set the camera's snapshots to JPEG"
    if head.startswith(b"--"):
        return "a stream of pictures (MJPEG): look for the address of a single snapshot"
    return f"something that begins with {data[:8].hex(' ')}"
