# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every room that speaks several languages: all words translated, what is filled in stands in both, compiled in step."""

from __future__ import annotations

import gettext

import polib
import pytest

from scripts import translations
from tests.catalogues import PLACE, entries

pytestmark = [
    pytest.mark.parametrize("room", translations.ROOMS, ids=lambda room: room.folder.name),
    pytest.mark.parametrize("language", translations.LANGUAGES),
]


def test_every_word_is_translated_and_none_is_left_over(room, language):
    found = entries(room, language)
    assert len(found) == len(polib.pofile(str(translations.catalogue(language, room))))
    said = {*translations.words(room), *translations.plurals(room)}
    assert set(found) == said, "run `python -m scripts.translations`"
    assert [word for word, entry in found.items() if not entry.translated()] == []


def test_what_is_filled_in_stands_in_both(room, language):
    for word, entry in entries(room, language).items():
        for said in entry.msgstr_plural.values() or [entry.msgstr]:
            assert sorted(PLACE.findall(word)) == sorted(PLACE.findall(said)), word


def test_the_compiled_file_is_in_step(room, language):
    with translations.catalogue(language, room).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for word, entry in entries(room, language).items():
        if not entry.msgid_plural:
            assert compiled.gettext(word) == entry.msgstr, "run `python -m scripts.translations`"
