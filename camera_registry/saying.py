# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sentences that can still be translated after they were filled in.

The pure files say what is wrong with points and pictures, and know neither Django nor anybody's language. What they
say is text all the same, and carries the template and what was filled into it for whoever can do better.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["ENGLISH", "Language", "Said", "in_words", "say", "template"]

Translate = Callable[[str], str]


class Said(str):
    """English text made of `template` and `values`; a plain string to everybody else."""

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, object]


def say(words: str, **values: object) -> Said:
    """Fill in `{name}`s. Numbers are given as text, with the digits that matter."""
    said = Said(words.format(**values))
    said.template, said.values = words, values
    return said


def template(text: str) -> str:
    """Marks a template that is filled in elsewhere, so that it is translated."""
    return text


def in_words(text: str, translate: Translate = str, point: str = ".") -> str:
    """The text by another language's templates; point: its decimal point, for values that are decimal numbers."""
    if not isinstance(text, Said):
        return translate(text)
    filled = {name: _value(value, translate, point) for name, value in text.values.items()}
    return string.Formatter().vformat(translate(text.template), (), filled)


def _value(value: object, translate: Translate, point: str) -> object:
    if isinstance(value, Said):
        return in_words(value, translate, point)
    if isinstance(value, str) and value.replace(".", "", 1).lstrip("-").isdigit():
        return value.replace(".", point)
    return value


@dataclass(frozen=True)
class Language:
    """How sentences are told: another language's templates and its decimal point. English by itself."""

    translate: Translate = str
    point: str = "."

    def tell(self, text: str) -> str:
        """A text in this language."""
        return in_words(text, self.translate, self.point)

    def sentence(self, text: str) -> str:
        """What an error says of itself, with a capital and a full stop."""
        told = self.tell(text)
        # Turkish writes its i with the dot, large too.
        first = "İ" if told[0] == "i" and self.point == "," else told[0].upper()
        return f"{first}{told[1:]}."


ENGLISH = Language()
