# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a logged-in camera may ask for over SFTP: the protocol's side of `camera_registry.upload_folder`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NoReturn

import asyncssh
from asyncssh import SFTPAttrs, SFTPFailure, SFTPName, SFTPNoSuchFile, SFTPPermissionDenied

from camera_registry.choices import RejectReason
from camera_registry.upload_folder import NoSuchUpload, Upload, UploadFolder, UploadRefused

_DIRECTORY = SFTPAttrs(size=0, permissions=0o040300, uid=0, gid=0, atime=0, mtime=0)


class CameraFiles(asyncssh.SFTPServer):
    """What a logged-in camera may ask for. Every operation of the base class is answered here, so that none of
    them ever reaches the file system by the library's own hand (a test holds this)."""

    def __init__(self, chan: asyncssh.SSHServerChannel, files: UploadFolder) -> None:
        super().__init__(chan)
        self.files = files

    def map_path(self, path: bytes) -> bytes:
        raise SFTPPermissionDenied("not allowed")

    reverse_map_path = map_path

    def realpath(self, path: bytes) -> bytes:
        """Resolved as text only: clients ask this before anything else."""
        parts: list[bytes] = []
        for part in path[:4096].split(b"/"):
            if part == b"..":
                parts = parts[:-1]
            elif part not in (b"", b"."):
                parts.append(part)
        return b"/" + b"/".join(parts)

    def open(self, path: bytes, pflags: int, attrs: SFTPAttrs) -> Upload:
        if not pflags & asyncssh.FXF_WRITE:
            raise SFTPPermissionDenied("files can only be written here")
        if pflags & asyncssh.FXF_APPEND or not pflags & asyncssh.FXF_CREAT:
            raise SFTPPermissionDenied("only whole new files; nothing is continued or changed")
        try:
            return self.files.begin(path)
        except UploadRefused as error:
            raise SFTPPermissionDenied(str(error)) from error

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        assert isinstance(file_obj, Upload)
        try:
            return self.files.write(file_obj, offset, data)
        except UploadRefused as error:
            raise SFTPFailure(str(error)) from error

    def close(self, file_obj: object) -> None:
        assert isinstance(file_obj, Upload)
        self.files.finish(file_obj)

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        try:
            self.files.rename(oldpath, newpath)
        except NoSuchUpload as error:
            raise SFTPNoSuchFile("no upload of this name") from error
        except UploadRefused as error:
            raise SFTPPermissionDenied(str(error)) from error

    posix_rename = rename

    def remove(self, path: bytes) -> None:
        try:
            self.files.remove(path)
        except NoSuchUpload as error:
            raise SFTPNoSuchFile("no upload of this name") from error
        except UploadRefused as error:
            raise SFTPPermissionDenied(str(error)) from error

    def mkdir(self, path: bytes, attrs: SFTPAttrs) -> None:
        try:
            self.files.make_folder(path)
        except UploadRefused as error:
            raise SFTPPermissionDenied(str(error)) from error

    def rmdir(self, path: bytes) -> None:
        """Folders are only pretended: there is nothing to remove."""

    def stat(self, path: bytes) -> SFTPAttrs:
        try:
            found = self.files.look(path)
        except NoSuchUpload as error:
            raise SFTPNoSuchFile("no such file") from error
        if found is None:
            return _DIRECTORY
        when = int(found.mtime)
        return SFTPAttrs(size=found.size, permissions=0o100200, uid=0, gid=0, atime=when, mtime=when)

    lstat = stat

    def fstat(self, file_obj: object) -> SFTPAttrs:
        assert isinstance(file_obj, Upload)
        return SFTPAttrs(size=file_obj.size, permissions=0o100200, uid=0, gid=0, atime=0, mtime=0)

    def scandir(self, path: bytes) -> AsyncIterator[SFTPName]:
        """A folder that the login may know of always looks empty; firmware opens it to see whether it is there."""
        if self.stat(path) is not _DIRECTORY:
            raise SFTPNoSuchFile("no such folder")
        return self._nothing()

    async def _nothing(self) -> AsyncIterator[SFTPName]:
        for name in (b".", b".."):
            yield SFTPName(name, longname=name, attrs=_DIRECTORY)

    def setstat(self, path: bytes, attrs: SFTPAttrs) -> None:
        """Times that clients set after an upload tell of their clock; all else is accepted and ignored."""
        if attrs.mtime is not None:
            self.files.set_time(path, attrs.mtime)

    lsetstat = setstat

    def fsetstat(self, file_obj: object, attrs: SFTPAttrs) -> None:
        """As `setstat`, before the file is closed."""
        assert isinstance(file_obj, Upload)
        if attrs.mtime is not None:
            self.files.set_time(file_obj, attrs.mtime)

    def fsync(self, file_obj: object) -> None:
        """Frames are not worth waiting for a disk."""

    def symlink(self, oldpath: bytes, newpath: bytes) -> NoReturn:
        self.files.refuse(RejectReason.SYMLINK, f"link {newpath[:60]!r} to {oldpath[:60]!r}")
        raise SFTPPermissionDenied("links are not allowed")

    def link(self, oldpath: bytes, newpath: bytes) -> NoReturn:
        self.symlink(oldpath, newpath)

    def _denied(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise SFTPPermissionDenied("not allowed")

    open56 = read = readlink = lock = unlock = statvfs = fstatvfs = _denied

    def exit(self) -> None:
        """The library has closed what was open."""
