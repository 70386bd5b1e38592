# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which files in the inbox are finished uploads. Pure: told of events and looks, asked at a time of the caller's.

Signs of a finished upload, from the surest to the weakest:

1. it was renamed into place: finished at once (SPARK's own SFTP door does this, and so do good cameras);
2. it was closed after writing and has been quiet since: cameras close and reopen, so a quiet time has to pass;
3. nobody said anything (network file systems, lost events): it looked the same for a while.

For 2 and 3 a file that does not look finished (empty, or a JPEG without its end) is given more time: uploads stall.
File events are hints; every file is found by the rescan as well and goes through the same gate.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass


class Hint(enum.Enum):
    """What was heard of a file."""

    RENAMED = "renamed into place"
    CLOSED = "closed after writing"
    WRITTEN = "created or written"


@dataclass(frozen=True)
class FileKey:
    """Identity and state of a file: a name says nothing, cameras overwrite `snapshot.jpg` for ever."""

    inode: int
    mtime_ns: int
    size: int


@dataclass(frozen=True)
class Patience:
    """How long a file must be unchanged, seconds: after a close, without one, and when it looks unfinished."""

    quiet_s: float = 0.3
    still_s: float = 2.0
    unfinished_s: float = 10.0


@dataclass
class _Tracked:
    key: FileKey | None
    unchanged_since: float
    hint: Hint | None


class StabilityTracker:
    """Remembers files between looks. `now` is any clock that does not go back, seconds."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self._files: dict[str, _Tracked] = {}

    def note(self, path: str, hint: Hint, now: float) -> None:
        """An event was heard of `path`."""
        self._files[path] = _Tracked(None, now, hint)

    def look(self, path: str, key: FileKey, now: float, looks_finished: Callable[[], bool]) -> bool:
        """Whether the file, found in the state `key`, is a finished upload.

        looks_finished: opens the file, so it is only asked when nothing else stands against the file.
        """
        tracked = self._files.setdefault(path, _Tracked(None, now, None))
        if tracked.hint is Hint.RENAMED and tracked.key in (None, key):
            return True
        if tracked.key is None:
            tracked.key = key
        elif tracked.key != key:
            tracked.key, tracked.unchanged_since = key, now
            tracked.hint = None if tracked.hint is Hint.RENAMED else tracked.hint
        patience = self.patience
        unchanged_s = now - tracked.unchanged_since
        if unchanged_s < (patience.quiet_s if tracked.hint is Hint.CLOSED else patience.still_s):
            return False
        return unchanged_s >= patience.unfinished_s or looks_finished()

    def forget(self, path: str) -> None:
        """The file was taken or is gone."""
        self._files.pop(path, None)

    def pending(self) -> list[str]:
        """Files heard of or seen, and not yet forgotten."""
        return list(self._files)
