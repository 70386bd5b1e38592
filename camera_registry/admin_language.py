# SPDX-License-Identifier: AGPL-3.0-or-later
"""The language of the admin's two drawing pages: the reader's, as on the driver's page; the rest of the admin is English."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers

__all__ = ["answered_in_readers_language", "language_chosen", "other_languages"]

#: How long a chosen language is remembered, seconds.
LANGUAGE_AGE_S = 365 * 24 * 3600


def answered_in_readers_language(
    request: HttpRequest, answer: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """What `answer` says, rendered in the reader's language."""
    language = translation.get_language_from_request(request)
    with translation.override(language):
        response = answer()
        if hasattr(response, "render"):
            response.render()
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    response["Content-Language"] = language
    return response


def language_chosen(request: HttpRequest) -> HttpResponse | None:
    """Where `?language=` chooses one: the same page without it, and a cookie that keeps the choice."""
    chosen = request.GET.get("language", "")
    if chosen not in dict(settings.LANGUAGES):
        return None
    redirected = HttpResponseRedirect(request.path)
    redirected.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        chosen,
        max_age=LANGUAGE_AGE_S,
        secure=request.is_secure(),
        samesite="Lax",
    )
    return redirected


def other_languages() -> list[tuple[str, str]]:
    """Code and own name of every language but the active one."""
    return [one for one in settings.LANGUAGES if one[0] != translation.get_language()]
