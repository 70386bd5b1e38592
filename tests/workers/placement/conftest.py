# SPDX-License-Identifier: AGPL-3.0-or-later
"""Compile the kernels before the first test, so that no test's time limit has to hold for the compiler."""

from __future__ import annotations

import pytest

from workers.placement import warm_up


def pytest_collection_finish(session: pytest.Session) -> None:
    if any("workers/placement" in str(item.path) for item in session.items):
        warm_up()
