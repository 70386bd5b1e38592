# SPDX-License-Identifier: AGPL-3.0-or-later
"""The page's types: a fault is found, named and not drowned by the list of exceptions."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from scripts import check_types

REPOSITORY = check_types.REPOSITORY
WRONG = '/** @type {import("./types").Box} */\nexport const box = [1, 2, 3];\n'

pytestmark = pytest.mark.skipif(check_types.compiler() is None, reason="no TypeScript here (`make setup`)")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The page's types alone, with this repository's settings and compiler."""
    (tmp_path / "node_modules").symlink_to(REPOSITORY / "node_modules")
    page = tmp_path / check_types.PAGE
    page.mkdir(parents=True)
    shutil.copy(REPOSITORY / check_types.PAGE / "types.d.ts", page)
    shutil.copy(REPOSITORY / "apps/webmap/service-worker.js", tmp_path / "apps/webmap")
    for name in check_types.PROJECTS:
        shutil.copy(REPOSITORY / name, tmp_path)
    return tmp_path


def test_the_page_has_no_fault() -> None:
    assert check_types.problems() == []


def test_a_fault_is_named(copy: Path) -> None:
    (copy / check_types.PAGE / "wrong.js").write_text(WRONG)
    found = check_types.problems(copy, frozenset())
    assert len([line for line in found if line.startswith(f"{check_types.PAGE}/wrong.js(2,14): error")]) == 1


def test_an_exception_that_is_not_needed_is_a_fault(copy: Path) -> None:
    name = f"{check_types.PAGE}/wrong.js"
    (copy / name).write_text(WRONG)
    assert check_types.problems(copy, frozenset({name})) == []
    (copy / name).write_text("export const n = 1;\n")
    assert [line.split()[0] for line in check_types.problems(copy, frozenset({name}))] == [name]


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((REPOSITORY / "package-lock.json").read_text())
    packages = [package for name, package in lock["packages"].items() if name]
    assert packages
    assert all("resolved" not in package and "integrity" in package for package in packages)
    assert "://" not in (REPOSITORY / "package-lock.json").read_text()
