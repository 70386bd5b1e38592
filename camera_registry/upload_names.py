# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an uploaded file may be called. Pure: bytes as the SFTP client sent them in, one plain name out.

Nothing a client says is ever used as a path. Folders are only pretended: firmware that insists on `2026/11/22/x.jpg`
may make these folders, and `x.jpg` lands in the camera's one flat folder.
"""

from __future__ import annotations

import re
from collections.abc import Collection

#: Longest file name, bytes of UTF-8; ext4 allows 255, and the hidden work names need room.
MAX_NAME_BYTES = 180
MAX_PATH_BYTES = 1024
MAX_DEPTH = 8
#: Printable, no slash or backslash, none of what shells and terminals make something of.
_NAME = re.compile(
    r"[^\x00-\x20\x7f-\x9f\\/\"'`$;|&<>*?!. ~-]([^\x00-\x1f\x7f-\x9f\\/\"`$;|&<>*?]*[^\x00-\x20\x7f-\x9f\\/\"'`$;|&<>*? ])?"
)
#: Names that clients use while they are still uploading; the last word is theirs when they rename.
PARTIAL_SUFFIXES = (".tmp", ".temp", ".part", ".partial", ".filepart", ".uploading", ".upload", "_tmp", "~")


class BadName(ValueError):
    """A name or path that is not accepted; the text says why and is safe to log."""


def split_path(path: bytes) -> tuple[str, ...]:
    """The plain parts of a client's path below its root; () is the root itself.

    Raises BadName for anything that is not a chain of plain names: `..`, NUL, backslashes, leading dots, too long.
    """
    if len(path) > MAX_PATH_BYTES:
        raise BadName(f"path of {len(path)} bytes")
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        raise BadName(f"not UTF-8: {path[:60]!r}") from None
    parts = tuple(part for part in text.split("/") if part not in ("", "."))
    if len(parts) > MAX_DEPTH:
        raise BadName(f"{len(parts)} folders deep")
    for part in parts:
        if len(part.encode()) > MAX_NAME_BYTES:
            raise BadName(f"name of {len(part.encode())} bytes")
        if not _NAME.fullmatch(part):
            raise BadName(f"not a plain name: {text[:100]!r}")
    return parts


def landing_name(path: bytes, folders: Collection[tuple[str, ...]]) -> str:
    """The file name under which an upload to `path` lands. `folders`: those that the client has made before.

    Raises BadName; also when the folder part is unknown, which is how `/etc/passwd` ends.
    """
    if path.endswith((b"/", b"/.")):
        raise BadName(f"a folder, not a file: {path[:100]!r}")
    parts = split_path(path)
    if not parts:
        raise BadName("no name")
    if parts[:-1] and parts[:-1] not in folders:
        raise BadName(f"no such folder: {'/'.join(parts)[:100]!r}")
    return parts[-1]


def is_partial(name: str) -> bool:
    """Whether this is a name for an upload that its client has not finished (it will rename it)."""
    return name.startswith(".") or name.lower().endswith(PARTIAL_SUFFIXES)
