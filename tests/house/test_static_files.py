# SPDX-License-Identifier: AGPL-3.0-or-later
"""The project's own static files, collected as on a server: what a module or a style sheet names is there."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import CommandError, call_command

#: Compressing is whitenoise's affair, and most of the time.
NOT_COMPRESSED = ["js", "css", "svg", "txt", "json", "html", "map", "md", "xml"]
#: What a module imports, at once or later, a worker that it starts, and what a style sheet shows.
NAMED = re.compile(
    r"""(?:\bfrom\s*|\bimport\s*\(?\s*|new\s+URL\(\s*)["'](?P<module>\.{1,2}/[^"']+\.m?js)["']"""
    r"""|url\(\s*["']?(?P<picture>(?!data:|https?:|/|\#)[^"')]+?)["']?\s*\)"""
)
OURS = ("camera_registry/", "ops/", "owners/", "parking/", "webmap/")


@pytest.fixture
def collect(settings):
    """Collects what the finders find, and gives the hashed files that are ours."""
    settings.WHITENOISE_SKIP_COMPRESS_EXTENSIONS = NOT_COMPRESSED

    def collected() -> list[Path]:
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        root = Path(settings.STATIC_ROOT)
        names = (staticfiles_storage.stored_name(name) for name in staticfiles_storage.hashed_files)
        return [root / name for name in sorted(names) if name.startswith(OURS)]

    return collected


def missing(files: list[Path]) -> list[str]:
    """“a names b” for each b that is not there."""
    found = []
    for file in files:
        if file.suffix not in (".js", ".css"):
            continue
        for match in NAMED.finditer(file.read_text()):
            named = (match["module"] or match["picture"]).split("#")[0].split("?")[0]
            if not Path(posixpath.normpath(file.parent / named)).is_file():
                found.append(f"{file.name} names {named}")
    return found


def test_every_file_that_is_named_is_there(collect) -> None:
    files = collect()
    assert len([file for file in files if file.suffix == ".js"]) > 40
    assert all(re.search(r"\.[0-9a-f]{12}\.\w+$", file.name) for file in files)
    assert missing(files) == []


def test_a_name_of_nothing_stops_the_collecting(collect, settings, tmp_path: Path) -> None:
    broken = tmp_path / "broken" / "webmap"
    broken.mkdir(parents=True)
    (broken / "broken.js").write_text('import { gone } from "./maps/gone.js";\nexport const a = gone;\n')
    settings.STATICFILES_DIRS = [broken.parent]
    with pytest.raises((ValueError, CommandError), match=r"gone\.js"):
        collect()
