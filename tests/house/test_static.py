# SPDX-License-Identifier: AGPL-3.0-or-later
"""Hashed static files: modules find each other, in circles too, and a name changes with all that the file leads to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command

SOURCES = {
    "a.js": 'import { b } from "./sub/b.js";\n/** @param {import("./types").Box} box */\nexport const a = () => b;\n',
    "sub/b.js": 'import { a } from "../a.js";\nexport const b = () => import("./c.js").then(() => a);\n',
    "sub/c.js": "export const c = 1;\n",
    "d.js": "export const d = 1;\n",
}


@pytest.fixture
def collected(settings, tmp_path: Path):
    """Writes sources, collects them, gives the hashed name of each."""
    source = tmp_path / "source"
    settings.STATIC_ROOT = tmp_path / "collected"
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]

    def collect(**changes: str) -> dict[str, str]:
        for name, text in (
            SOURCES | {name.replace("_", "/", 1) + ".js": text for name, text in changes.items()}
        ).items():
            path = source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        # Cleared first: within one second a changed file counts as the one that lies there.
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        return {name: staticfiles_storage.stored_name(name) for name in SOURCES}

    return collect


def test_modules_import_each_other_by_hashed_names(collected, settings) -> None:
    names = collected()
    for name, hashed in names.items():
        assert re.fullmatch(re.escape(name[:-3]) + r"\.[0-9a-f]{12}\.js", hashed)
        assert (settings.STATIC_ROOT / hashed).exists()
    a, b = ((settings.STATIC_ROOT / names[name]).read_text() for name in ("a.js", "sub/b.js"))
    assert f'from "./{names["sub/b.js"]}"' in a
    assert 'import("./types")' in a  # a type in a comment is no file
    assert f'from "../{names["a.js"]}"' in b
    assert f'import("./{names["sub/c.js"].removeprefix("sub/")}")' in b


def test_a_name_changes_with_all_that_the_file_leads_to(collected) -> None:
    before = collected()
    after = collected(sub_c="export const c = 2;\n")
    assert {name for name in SOURCES if before[name] != after[name]} == {"a.js", "sub/b.js", "sub/c.js"}


def test_before_collecting_names_are_plain(settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path / "nothing"
    assert staticfiles_storage.url("webmap/main.js") == "/static/webmap/main.js"
