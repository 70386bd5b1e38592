# SPDX-License-Identifier: AGPL-3.0-or-later
"""Documents that can be trusted: links lead somewhere, decisions are in the index, commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = [
    *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((REPOSITORY / "docs").rglob("*.md")),
    *sorted((REPOSITORY / "deploy").glob("*.md")),
]
#: Django's own commands that documents may name.
DJANGO = {"migrate", "collectstatic", "check", "createsuperuser"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_commands_exist(page: Path) -> None:
    named = set(re.findall(r"manage\.py ([a-z_]+)", page.read_text()))
    assert named <= set(get_commands()) | DJANGO


def test_every_decision_is_in_the_index() -> None:
    folder = REPOSITORY / "docs" / "decisions"
    index = (folder / "index.md").read_text()
    for record in sorted(folder.glob("[0-9]*.md")):
        title = record.read_text().splitlines()[0]
        assert re.fullmatch(rf"# {record.name[:3]} .+", title), record.name
        assert f"({record.name})" in index, record.name


def test_settings_page_is_reachable_from_the_readme() -> None:
    assert "docs/index.md" in (REPOSITORY / "README.md").read_text()
    assert "settings.md" in (REPOSITORY / "docs" / "index.md").read_text()
