# SPDX-License-Identifier: AGPL-3.0-or-later
"""The inbox on disk: what lies there, taking a file out of it safely, and leaving nothing behind.

A file is claimed by renaming it to a hidden work name in its own folder, so that whatever the camera does next
happens to another file. It is read without following links and deleted when its bytes are in the frame store, or
refused. What a crash leaves under a work name is found at the next start.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from camera_registry.choices import RejectReason
from camera_registry.upload_folder import FOLDER_MODE, UPLOAD_PREFIX
from camera_registry.upload_names import is_partial
from workers.intake.jpeg import END, MAX_PADDING_BYTES, START, Refused, has_end
from workers.intake.stability import FileKey

WORK_PREFIX = ".work-"
#: Firmware and OpenSSH may make folders below a camera's own; deeper ones are not looked into.
MAX_DEPTH = 6
#: Such a folder is removed when it has been empty for so long, seconds.
EMPTY_FOLDER_S = 60.0


@dataclass(frozen=True)
class Found:
    """A directory entry below a camera's folder. changed_at: Unix seconds when it was last written, renamed or had
    its times set, which no client can backdate."""

    path: str
    account: str
    key: FileKey
    changed_at: float
    is_plain: bool

    @property
    def name(self) -> str:
        """The entry's own name."""
        return os.path.basename(self.path)  # noqa: PTH119 - called for every file in every pass

    @property
    def is_work(self) -> bool:
        """Whether a watcher had claimed it."""
        return self.name.startswith(WORK_PREFIX)

    @property
    def is_unfinished(self) -> bool:
        """Whether its own name says that the upload is not finished."""
        return self.name.startswith(UPLOAD_PREFIX) or (is_partial(self.name) and not self.is_work)


class Inbox:
    """The folder `root` with one folder per account."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def prepare(self, accounts: Iterator[str] | tuple[str, ...] = ()) -> None:
        """Make the inbox and the folders of these accounts, for the system user alone.

        A folder that is there already keeps its owner and mode, and one that may not be made is left to whoever may:
        another SFTP server's inbox belongs to that server.
        """
        self.root.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        for account in accounts:
            with contextlib.suppress(FileExistsError, PermissionError):
                (self.root / account).mkdir(mode=FOLDER_MODE)

    def account_of(self, path: str) -> str:
        """The account in whose folder `path` lies; "" for something in the inbox itself."""
        parts = Path(path).relative_to(self.root).parts
        return parts[0] if len(parts) > 1 else ""

    def look(self, path: str) -> Found | None:
        """What is at `path` now, or None. Links are looked at, not followed."""
        try:
            status = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if stat.S_ISDIR(status.st_mode):
            return None
        key = FileKey(status.st_ino, status.st_mtime_ns, status.st_size)
        return Found(path, self.account_of(path), key, status.st_ctime, stat.S_ISREG(status.st_mode))

    def scan(self) -> Iterator[Found]:
        """Every entry that is no folder. Empty folders below the cameras' own are removed on the way."""
        for entry in self._entries(str(self.root)):
            if entry.is_dir(follow_symlinks=False):
                yield from self._scan(entry.path, 1)
            elif not entry.name.startswith("."):
                found = self.look(entry.path)
                if found:
                    yield found

    def _scan(self, folder: str, depth: int) -> Iterator[Found]:
        for entry in self._entries(folder):
            if entry.is_dir(follow_symlinks=False):
                if depth < MAX_DEPTH:
                    yield from self._scan(entry.path, depth + 1)
                with contextlib.suppress(OSError):  # not empty
                    if time.time() - entry.stat(follow_symlinks=False).st_mtime > EMPTY_FOLDER_S:
                        Path(entry.path).rmdir()
            else:
                found = self.look(entry.path)
                if found:
                    yield found

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                return list(entries)
        except (FileNotFoundError, NotADirectoryError):
            return []

    def claim(self, path: str) -> str | None:
        """Rename the file to a work name; returns it, or None when the file is gone."""
        work = os.path.join(os.path.dirname(path), f"{WORK_PREFIX}{secrets.token_hex(8)}")  # noqa: PTH118, PTH120
        try:
            Path(path).rename(work)
        except FileNotFoundError:
            return None
        return work

    def put_back(self, work: str, path: str) -> None:
        """Undo a claim, unless the camera has sent a newer file of that name."""
        try:
            os.link(work, path, follow_symlinks=False)
        except FileExistsError:
            pass
        except FileNotFoundError:
            return
        self.delete(work)

    def delete(self, path: str) -> None:
        """Delete whatever is at `path`."""
        with contextlib.suppress(FileNotFoundError):
            Path(path).unlink()

    def read(self, path: str, max_bytes: int) -> bytes:
        """The bytes of a plain file. Raises Refused for anything else and for more than `max_bytes`."""
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise Refused(RejectReason.SYMLINK, f"cannot be opened as a file: {error.strerror}") from error
        with os.fdopen(fd, "rb") as file:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise Refused(RejectReason.SYMLINK, "no plain file")
            if status.st_size > max_bytes:
                raise Refused(RejectReason.TOO_LARGE, f"{status.st_size} bytes, more than {max_bytes}")
            return file.read(max_bytes)

    def looks_finished(self, path: str) -> bool:
        """Whether the file has an end, as far as its last bytes say: an empty file and a JPEG without an end do not."""
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return True  # nothing to wait for; it will be refused
        with os.fdopen(fd, "rb") as file:
            size = os.fstat(fd).st_size
            if size == 0:
                return False
            if file.read(len(START)) != START:
                return True
            file.seek(max(0, size - MAX_PADDING_BYTES))
            tail = file.read(MAX_PADDING_BYTES)
        return END in tail and has_end(tail)
