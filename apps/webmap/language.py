# SPDX-License-Identifier: AGPL-3.0-or-later
"""A page in the reader's language (`camera_registry.reader_language`), as a view mixin."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from camera_registry.reader_language import answered_in_readers_language, language_chosen

__all__ = ["InTheReadersLanguage"]


class InTheReadersLanguage:
    """The answer is rendered in the reader's language and says which that is."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The view's answer, or a redirect that keeps the language just chosen."""
        above = super()
        return language_chosen(request) or answered_in_readers_language(
            request,
            lambda: above.dispatch(request, *args, **kwargs),  # type: ignore[misc]
        )
