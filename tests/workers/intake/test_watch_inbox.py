# SPDX-License-Identifier: AGPL-3.0-or-later
"""The watcher's command; what it does is in test_watcher, and as a process in tests/workers/test_the_way_in.py."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command


def test_a_second_watcher_of_the_same_inbox_is_refused(settings):
    with open(Path(settings.SPARK_VAR) / "watcher.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(CommandError, match="Another watcher"):
            call_command("watch_inbox")
