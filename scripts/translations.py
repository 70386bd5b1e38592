# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keeps the page's translations: `python -m scripts.translations` adds new words to each .po file, drops those that
are no longer said, and compiles the .mo files, which are committed so that no machine needs gettext.

Words are the arguments of `_()` in apps/webmap/strings.py and of `{% translate %}` in its templates.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import polib

ROOM = Path(__file__).resolve().parent.parent / "apps" / "webmap"
LANGUAGES = ("tr",)
TRANSLATE = re.compile(r"""\{%\s*translate\s+"((?:[^"\\]|\\.)*)"\s*%\}""")


def words() -> list[str]:
    """Every word the page says, in English, in the order of the files."""
    found: dict[str, None] = {}
    for node in ast.walk(ast.parse((ROOM / "strings.py").read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
            found[ast.literal_eval(node.args[0])] = None
    for template in sorted((ROOM / "templates").rglob("*.html")):
        found |= dict.fromkeys(TRANSLATE.findall(template.read_text()))
    return list(found)


def catalogue(language: str) -> Path:
    """The language's .po file; the .mo file lies beside it."""
    return ROOM / "locale" / language / "LC_MESSAGES" / "django.po"


def update(language: str) -> list[str]:
    """Bring a language's files up to date. Returns the words that still want a translation."""
    path = catalogue(language)
    old = {entry.msgid: entry for entry in polib.pofile(str(path))} if path.exists() else {}
    fresh = polib.POFile(wrapwidth=110)
    fresh.metadata = {
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
    }
    for word in words():
        fresh.append(polib.POEntry(msgid=word, msgstr=old[word].msgstr if word in old else ""))
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh.save(str(path))
    fresh.save_as_mofile(str(path.with_suffix(".mo")))
    return [entry.msgid for entry in fresh if not entry.msgstr]


def main() -> int:
    missing = {language: update(language) for language in LANGUAGES}
    for language, wanted in missing.items():
        print(f"{language}: {len(wanted)} words want a translation")
        print("\n".join(f"  {word!r}" for word in wanted))
    return 1 if any(missing.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
