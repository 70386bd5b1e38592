# SPDX-License-Identifier: AGPL-3.0-or-later
"""The tracked files themselves: licence lines, valid YAML, no machine's own paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import check_files

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_tree_is_clean() -> None:
    assert check_files.problems(check_files.tracked()) == []


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("a.py", "x = 1\n", "licence line"),
        ("a.yml", "a: [1,\n", "not valid YAML"),
        ("a.md", "see /hom" + "e/anna/spark\n", "path of one machine"),
        ("a.py", "# SPDX-License-Identifier: AGPL-3.0-or-later\nx = 1\n", None),
        ("a.py", "", None),
        ("a.yml", "a: [1]\n", None),
    ],
)
def test_what_is_complained_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, complaint: str | None
) -> None:
    monkeypatch.setattr(check_files, "REPOSITORY", tmp_path)
    (tmp_path / name).write_text(text)
    found = check_files.problems([tmp_path / name])
    if complaint is None:
        assert found == []
    else:
        assert len(found) == 1
        assert complaint in found[0]


def test_the_licence_is_the_agpl() -> None:
    text = (REPOSITORY / "LICENSE").read_text()
    assert "GNU AFFERO GENERAL PUBLIC LICENSE" in text.splitlines()[0]
    assert len(text) > 34_000
