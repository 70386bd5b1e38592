# SPDX-License-Identifier: AGPL-3.0-or-later
"""The page's types: a fault is found, and named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from scripts import check_types

REPOSITORY = check_types.REPOSITORY
PAGE = "apps/webmap/static/webmap"
WRONG = '/** @type {import("./types").Box} */\nexport const box = [1, 2, 3];\n'

pytestmark = pytest.mark.skipif(check_types.compiler() is None, reason="no TypeScript here (`make setup`)")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The page's types alone, with this repository's settings and compiler."""
    (tmp_path / "node_modules").symlink_to(REPOSITORY / "node_modules")
    page = tmp_path / PAGE
    page.mkdir(parents=True)
    shutil.copy(REPOSITORY / PAGE / "types.d.ts", page)
    shutil.copy(REPOSITORY / "apps/webmap/service-worker.js", tmp_path / "apps/webmap")
    shutil.copy(REPOSITORY / "apps" / "webmap" / "service-worker.js", page.parent.parent)
    for name in check_types.PROJECTS:
        shutil.copy(REPOSITORY / name, tmp_path)
    return tmp_path


def test_the_page_has_no_fault() -> None:
    assert check_types.problems() == []


def test_a_fault_is_named(copy: Path) -> None:
    (copy / PAGE / "wrong.js").write_text(WRONG)
    found = check_types.problems(copy)
    assert len([line for line in found if line.startswith(f"{PAGE}/wrong.js(2,14): error")]) == 1


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((REPOSITORY / "package-lock.json").read_text())
    packages = [package for name, package in lock["packages"].items() if name]
    assert packages
    assert all("resolved" not in package and "integrity" in package for package in packages)
    assert "://" not in (REPOSITORY / "package-lock.json").read_text()
