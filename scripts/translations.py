# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keeps the pages' translations: `python -m scripts.translations` adds new words to each .po file, drops those that
are no longer said, and compiles the .mo files, which are committed so that no machine needs gettext.

Words are the arguments of `_()` and its like in a room's files, of `say()` and `template()` in the pure files of the
camera registry, and of `{% translate %}` in templates.
"""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import polib

REPOSITORY = Path(__file__).resolve().parent.parent
LANGUAGES = ("tr",)


@dataclass(frozen=True)
class Room:
    """A folder with a locale of its own: which of its files speak to people in several languages."""

    folder: Path
    code: tuple[str, ...]
    templates: tuple[str, ...]


#: The driver's page, and the page on which cameras are calibrated.
WEBMAP = Room(REPOSITORY / "apps" / "webmap", ("strings.py",), ("templates/**/*.html",))
CALIBRATING = Room(
    REPOSITORY / "camera_registry",
    (
        "calibrating.py",
        "calibrating_words.py",
        "draft.py",
        "workbench.py",
        "degenerate.py",
        "control_points.py",
        "height_marks.py",
        "pose.py",
        "pose_fit.py",
    ),
    ("templates/admin/camera_registry/camera/calibrate.html",),
)
#: The page on which zones are drawn.
PARKING = Room(
    REPOSITORY / "apps" / "parking",
    ("choices.py", "zone_editing.py", "zone_editing_words.py"),
    ("templates/admin/parking/parkingzone/draw.html",),
)
#: The owners' pages, with the words of a camera's health, which they show, and of the e-mails about it.
OWNERS = Room(
    REPOSITORY / "apps" / "owners",
    (
        "consent.py",
        "first_frame.py",
        "forms.py",
        "services.py",
        "words.py",
        "views/account.py",
        "views/alerts.py",
        "views/camera.py",
        "views/login.py",
        "views/mask.py",
        "views/page.py",
        "../../camera_registry/alert_mail.py",
        "../../camera_registry/alerts.py",
        "../../camera_registry/choices.py",
        "../../camera_registry/health.py",
        "../../camera_registry/health_models.py",
        "../../camera_registry/health_words.py",
        "../../camera_registry/switching.py",
        "../../camera_registry/view_watch.py",
        "../../camera_registry/webhook_address.py",
    ),
    ("templates/owners/*.html",),
)
ROOMS = (WEBMAP, CALIBRATING, PARKING, OWNERS)
MARKS = ("_", "gettext", "gettext_lazy", "gettext_noop", "say", "template")
TRANSLATE = re.compile(r"""\{%\s*translate\s+"((?:[^"\\]|\\.)*)"(?:\s+as\s+\w+)?\s*%\}""")
BLOCK = re.compile(r"\{%\s*blocktranslate\b[^%]*%\}(.*?)\{%\s*endblocktranslate\s*%\}", re.DOTALL)
FILLED_IN = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def words(room: Room = WEBMAP) -> list[str]:
    """Every word a room says, in English, in the order of the files."""
    found: dict[str, None] = {}
    for name in room.code:
        for node in ast.walk(ast.parse((room.folder / name).read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS):
                continue
            if isinstance(node.args[0], ast.Constant) and node.args[0].value:
                found[node.args[0].value] = None
    for pattern in room.templates:
        for template in sorted(room.folder.glob(pattern)):
            text = template.read_text()
            found |= dict.fromkeys(TRANSLATE.findall(text))
            found |= dict.fromkeys(FILLED_IN.sub(r"%(\1)s", block) for block in BLOCK.findall(text))
    return list(found)


def plurals(room: Room) -> dict[str, str]:
    """What a room says of one and of several, by what it says of one: the arguments of `ngettext()`."""
    found: dict[str, str] = {}
    for name in room.code:
        for node in ast.walk(ast.parse((room.folder / name).read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ngettext":
                one, several = (ast.literal_eval(argument) for argument in node.args[:2])
                found[one] = several
    return found


def catalogue(language: str, room: Room = WEBMAP) -> Path:
    """The language's .po file; the .mo file lies beside it."""
    return room.folder / "locale" / language / "LC_MESSAGES" / "django.po"


def update(language: str, room: Room) -> list[str]:
    """Bring a language's files up to date. Returns the words that still want a translation."""
    path = catalogue(language, room)
    old = {entry.msgid: entry for entry in polib.pofile(str(path))} if path.exists() else {}
    fresh = polib.POFile(wrapwidth=110)
    fresh.metadata = {
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
    }
    for word in words(room):
        fresh.append(polib.POEntry(msgid=word, msgstr=old[word].msgstr if word in old else ""))
    for one, several in plurals(room).items():
        said = old[one].msgstr_plural if one in old else {0: "", 1: ""}
        fresh.append(polib.POEntry(msgid=one, msgid_plural=several, msgstr_plural=said))
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh.save(str(path))
    fresh.save_as_mofile(str(path.with_suffix(".mo")))
    return [entry.msgid for entry in fresh if not entry.translated()]


def main() -> int:
    missing = {
        f"{room.folder.name}, {language}": update(language, room) for room in ROOMS for language in LANGUAGES
    }
    for where, wanted in missing.items():
        print(f"{where}: {len(wanted)} words want a translation")
        print("\n".join(f"  {word!r}" for word in wanted))
    return 1 if any(missing.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
