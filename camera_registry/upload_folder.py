# SPDX-License-Identifier: AGPL-3.0-or-later
"""One camera's write-only folder, as one login sees it. Knows files and limits, nothing of SSH.

An upload is written to a hidden name and renamed when it is closed, so that the folder never shows half a picture.
A login is told only about what it uploaded itself: `stat` after `put` works even when intake has taken the file long
ago, and nothing else can be seen, read or listed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from camera_registry.choices import RejectReason
from camera_registry.upload_names import MAX_DEPTH, BadName, landing_name, split_path

#: Hidden name of an upload that is not closed yet; intake leaves these alone until they are old.
UPLOAD_PREFIX = ".upload-"
FOLDER_MODE = 0o700
FILE_MODE = 0o600
MAX_OPEN_UPLOADS = 4
MAX_FOLDERS = 64
MAX_REMEMBERED = 64
#: At most this many files wait in one folder; the oldest goes first. Only reached while intake is not running.
MAX_WAITING_FILES = 16
#: Uploads are refused when the disk has less than this many times the largest upload left.
SPARE_UPLOADS = 8
MINUTE_S = 60.0


class UploadRefused(Exception):
    """An upload that is not accepted; the text goes to the client."""


class NoSuchUpload(Exception):
    """This login has uploaded no file of that name."""


@dataclass(frozen=True)
class UploadLimits:
    """What one camera may do: bytes per file, files per minute."""

    max_bytes: int
    per_minute: int


@dataclass
class RateMeter:
    """Counts uploads of one camera over the last minute, across its logins."""

    per_minute: int
    times: deque[float] = field(default_factory=deque)

    def take(self, now: float) -> bool:
        """Count one upload at `now` (seconds, monotonic); False when the minute's share is used up."""
        while self.times and now - self.times[0] >= MINUTE_S:
            self.times.popleft()
        if len(self.times) >= self.per_minute:
            return False
        self.times.append(now)
        return True


@dataclass(eq=False)
class Upload:
    """A file being uploaded. Truthy, and compared by identity."""

    name: str
    hidden: Path
    fd: int
    size: int = 0
    refused: bool = False


@dataclass(frozen=True)
class Uploaded:
    """What the login is told about a file it uploaded: size in bytes, time of closing (Unix seconds)."""

    size: int
    mtime: float


class UploadFolder:
    """The folder `folder` as one login sees it. `refuse(reason, detail)` counts what is not accepted."""

    def __init__(
        self,
        folder: Path,
        limits: UploadLimits,
        meter: RateMeter,
        refuse: Callable[[RejectReason, str], None],
    ) -> None:
        self.folder = folder
        self.limits = limits
        self.meter = meter
        self.refuse = refuse
        self.shut: RejectReason | None = None
        self._open: set[Upload] = set()
        self._mine: dict[str, Uploaded] = {}
        self._folders: set[tuple[str, ...]] = set()

    def begin(self, path: bytes) -> Upload:
        """Start an upload to the client's `path`. Raises UploadRefused."""
        name = self._name(path)
        if self.shut:
            raise UploadRefused("this camera is switched off")
        if len(self._open) >= MAX_OPEN_UPLOADS:
            raise UploadRefused(f"{MAX_OPEN_UPLOADS} uploads are open already")
        if not self.meter.take(time.monotonic()):
            self._refuse(RejectReason.TOO_LARGE, f"more than {self.limits.per_minute} uploads a minute")
        self.folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        if shutil.disk_usage(self.folder).free < SPARE_UPLOADS * self.limits.max_bytes:
            self._refuse(RejectReason.TOO_LARGE, "the inbox's disk is nearly full")
        hidden = self.folder / f"{UPLOAD_PREFIX}{secrets.token_hex(8)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        upload = Upload(name, hidden, os.open(hidden, flags, FILE_MODE))
        self._open.add(upload)
        return upload

    def write(self, upload: Upload, offset: int, data: bytes) -> int:
        """Write `data` at `offset` bytes. Raises UploadRefused, and drops the upload, above the size limit."""
        if upload.refused or self.shut:
            raise UploadRefused("this upload was refused")
        end = offset + len(data)
        if end > self.limits.max_bytes:
            self._drop(upload)
            self._refuse(RejectReason.TOO_LARGE, f"{upload.name}: more than {self.limits.max_bytes} bytes")
        os.pwrite(upload.fd, data, offset)
        upload.size = max(upload.size, end)
        return len(data)

    def finish(self, upload: Upload) -> None:
        """The client has closed the file, or its connection ended: let it land.

        What a broken connection leaves is half a picture; intake counts it as truncated.
        """
        if upload not in self._open:
            return
        if self.shut:
            self._drop(upload)
            self.refuse(self.shut, f"{upload.name}: ended in the middle")
            return
        self._open.discard(upload)
        os.close(upload.fd)
        self._land(upload.hidden, upload.name)
        self._remember(upload.name, Uploaded(upload.size, time.time()))

    def abandon_all(self, reason: RejectReason) -> None:
        """End every open upload without letting it land, and refuse further ones."""
        self.shut = reason
        for upload in list(self._open):
            self.finish(upload)

    def rename(self, old: bytes, new: bytes) -> None:
        """Give an own upload its final name. Raises NoSuchUpload, UploadRefused.

        An earlier file of the new name is replaced: it is the same camera's, and newer frames win. When intake has
        taken the file already the rename succeeds, as far as the client is concerned.
        """
        old_name, new_name = self._name(old), self._name(new)
        uploaded = self._mine.get(old_name)
        if uploaded is None:
            raise NoSuchUpload(old_name)
        del self._mine[old_name]
        with contextlib.suppress(FileNotFoundError):
            self._land(self.folder / old_name, new_name)
        self._remember(new_name, uploaded)

    def set_time(self, target: Upload | bytes, mtime: int) -> None:
        """The client says when its file was written (Unix seconds): kept as the file's time, for its camera's clock.

        Nobody goes by it: what counts is when the file changed last, which no client can set.
        """
        # Intake may have taken the file, folders are only pretended, and the year 10^9 is no time: all of no weight.
        with contextlib.suppress(OSError, OverflowError, BadName):
            if isinstance(target, Upload):
                if target in self._open:
                    os.utime(target.fd, (mtime, mtime))
            elif (name := landing_name(target, self._folders)) in self._mine:
                os.utime(self.folder / name, (mtime, mtime), follow_symlinks=False)

    def remove(self, path: bytes) -> None:
        """Take back an own upload. Raises NoSuchUpload."""
        name = self._name(path)
        if self._mine.pop(name, None) is None:
            raise NoSuchUpload(name)
        (self.folder / name).unlink(missing_ok=True)

    def make_folder(self, path: bytes) -> None:
        """Pretend to make a folder, so that uploads below it are accepted; they land flat."""
        try:
            parts = split_path(path)
        except BadName as error:
            self._refuse(RejectReason.BAD_NAME, str(error))
        if len(self._folders) >= MAX_FOLDERS or len(parts) >= MAX_DEPTH:
            raise UploadRefused("too many folders")
        self._folders.add(parts)

    def look(self, path: bytes) -> Uploaded | None:
        """What is at `path`: an own upload, or None for a folder. Raises NoSuchUpload."""
        try:
            parts = split_path(path)
        except BadName as error:
            raise NoSuchUpload(str(error)) from error
        if not parts or parts in self._folders:
            return None
        if parts[-1] not in self._mine or (parts[:-1] and parts[:-1] not in self._folders):
            raise NoSuchUpload(parts[-1])
        return self._mine[parts[-1]]

    def _name(self, path: bytes) -> str:
        try:
            return landing_name(path, self._folders)
        except BadName as error:
            self._refuse(RejectReason.BAD_NAME, str(error))

    def _refuse(self, reason: RejectReason, detail: str) -> None:
        self.refuse(reason, detail)
        raise UploadRefused(detail)

    def _land(self, source: Path, name: str) -> None:
        target = self.folder / name
        replaced = 1 if target.exists() or target.is_symlink() else 0
        source.replace(target)
        for oldest in self._too_many():
            oldest.unlink(missing_ok=True)
            replaced += 1
        for _ in range(replaced):
            self.refuse(RejectReason.REPLACED, f"{name}: the one before it was still in the inbox")

    def _too_many(self) -> list[Path]:
        ages: list[tuple[int, Path]] = []
        for path in self.folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # intake may take it at any moment
                if not path.name.startswith("."):
                    ages.append((path.lstat().st_ctime_ns, path))
        return [path for _, path in sorted(ages)[: max(0, len(ages) - MAX_WAITING_FILES)]]

    def _drop(self, upload: Upload) -> None:
        upload.refused = True
        self._open.discard(upload)
        os.close(upload.fd)
        upload.hidden.unlink(missing_ok=True)

    def _remember(self, name: str, uploaded: Uploaded) -> None:
        self._mine.pop(name, None)
        self._mine[name] = uploaded
        while len(self._mine) > MAX_REMEMBERED:
            del self._mine[next(iter(self._mine))]
