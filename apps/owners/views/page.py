# SPDX-License-Identifier: AGPL-3.0-or-later
"""What all owners' pages have in common: language, policy, never kept, and only for those who are logged in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.mixins import AccessMixin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.generic import View

from apps.webmap.language import InTheReadersLanguage
from camera_registry.reader_language import other_languages

__all__ = ["OwnerView", "PublicView", "json_said"]

#: No inline script or style runs, nothing comes from elsewhere, and no other site may frame or be sent anything.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class PublicView(InTheReadersLanguage, View):
    """A page that needs no account."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The answer, which no cache keeps: it may hold a secret, or a picture."""
        response = super().dispatch(request, *args, **kwargs)
        response["Content-Security-Policy"] = POLICY
        response["Cache-Control"] = "no-store"
        response["Referrer-Policy"] = "same-origin"
        response["Permissions-Policy"] = "geolocation=(), camera=(), microphone=()"
        return response

    def page(self, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
        """A rendered page in the active language."""
        language = get_language()
        common = {"language": language, "other_languages": other_languages()}
        return render(self.request, f"owners/{template}", common | context, status=status)

    def unavailable(self) -> HttpResponse:
        """Redis is away: nothing can be counted or held."""
        words = _("This is not possible at the moment; try again in a minute.")
        return self.page("said.html", title=_("Not now"), words=words, status=503)


class OwnerView(AccessMixin, PublicView):
    """A page for somebody who is logged in; everybody else is sent to the login."""

    login_url = reverse_lazy("owners:login")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """404 for what is not this person's comes from the selectors."""
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        return super().dispatch(request, *args, **kwargs)


def json_said(words: str, status: int) -> JsonResponse:
    """A refusal for a script, in a sentence."""
    return JsonResponse({"message": words}, status=status)
