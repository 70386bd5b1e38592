# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the translations say, for tests."""

from __future__ import annotations

import re

import polib

from scripts import translations

#: What is filled into a sentence while the page runs.
PLACE = re.compile(r"\{\w+\}|%\(\w+\)[sd]|%[sd]")


def entries(room: translations.Room, language: str = "tr") -> dict[str, polib.POEntry]:
    """A room's words, in English, and what the catalogue makes of them."""
    return {entry.msgid: entry for entry in polib.pofile(str(translations.catalogue(language, room)))}
