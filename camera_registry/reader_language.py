# SPDX-License-Identifier: AGPL-3.0-or-later
"""The reader's language: what he or she chose, else what the browser asks for.

Only the driver's page, the owners' pages and the admin's two drawing pages have languages. The API's texts are English and
the same for everybody, so that its answers may be cached; that is why Django's LocaleMiddleware is not used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers

__all__ = ["PARAMETER", "answered_in_readers_language", "language_chosen", "other_languages"]

#: `?language=tr` chooses a language; it is kept in a cookie and taken off the address.
PARAMETER = "language"
COOKIE_AGE_S = 365 * 24 * 3600

Answer = TypeVar("Answer", bound=HttpResponseBase)


def answered_in_readers_language(request: HttpRequest, answer: Callable[[], Answer]) -> Answer:
    """What `answer` says, rendered in the reader's language; it says which that is."""
    language = translation.get_language_from_request(request)
    with translation.override(language):
        response = answer()
        if hasattr(response, "render"):
            response.render()
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    response["Content-Language"] = language
    return response


def language_chosen(request: HttpRequest) -> HttpResponse | None:
    """Where `?language=` chooses one: the same address without it, and a cookie that keeps the choice."""
    chosen = request.GET.get(PARAMETER, "")
    if chosen not in dict(settings.LANGUAGES):
        return None
    rest = request.GET.copy()
    del rest[PARAMETER]
    response = HttpResponseRedirect(request.path + (f"?{rest.urlencode()}" if rest else ""))
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        chosen,
        max_age=COOKIE_AGE_S,
        secure=request.is_secure(),
        samesite="Lax",
    )
    response["Cache-Control"] = "no-store"
    return response


def other_languages() -> list[tuple[str, str]]:
    """Code and own name of every language but the active one."""
    return [(code, name) for code, name in settings.LANGUAGES if code != translation.get_language()]
