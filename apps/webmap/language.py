# SPDX-License-Identifier: AGPL-3.0-or-later
"""The page's language: what the driver chose, else what the browser asks for.

Only the page has languages. The API's texts are English and the same for everybody, so that its answers may be cached;
that is why Django's LocaleMiddleware is not used.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.utils.cache import patch_vary_headers

#: `?language=tr` chooses a language; it is kept in a cookie and taken off the address.
PARAMETER = "language"
COOKIE_AGE_S = 365 * 24 * 3600


class InTheReadersLanguage:
    """A view mixin: the answer is rendered in the reader's language and says which that is."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The view's answer, or a redirect that keeps the language just chosen."""
        chosen = request.GET.get(PARAMETER, "")
        if chosen in dict(settings.LANGUAGES):
            return _kept(request, chosen)
        language = translation.get_language_from_request(request)
        with translation.override(language):
            response = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
            if hasattr(response, "render"):
                response.render()
        patch_vary_headers(response, ["Accept-Language", "Cookie"])
        response["Content-Language"] = language
        return response


def others(language: str | None) -> list[tuple[str, str]]:
    """Code and own name of every language but this one."""
    return [(code, name) for code, name in settings.LANGUAGES if code != language]


def _kept(request: HttpRequest, language: str) -> HttpResponse:
    rest = request.GET.copy()
    del rest[PARAMETER]
    response = HttpResponseRedirect(request.path + (f"?{rest.urlencode()}" if rest else ""))
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=COOKIE_AGE_S,
        secure=request.is_secure(),
        samesite="Lax",
    )
    response["Cache-Control"] = "no-store"
    return response
