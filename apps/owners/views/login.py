# SPDX-License-Identifier: AGPL-3.0-or-later
"""In and out, and the first time."""

from __future__ import annotations

from typing import Any

import redis
from django.contrib.auth import login, logout
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from apps.owners import services
from apps.owners.forms import JoinForm
from apps.owners.throttle import INVITATIONS, LOGINS, LOGINS_OF_ONE_NAME, address_of
from apps.owners.views.page import PublicView

__all__ = ["JoinView", "LoginView", "LogoutView"]

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
MAX_NAME_CHARS = 150


@method_decorator(sensitive_post_parameters(), name="dispatch")
class LoginView(PublicView):
    """Name and password. Wrong ones are counted, by address and by name."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form; whoever is logged in goes on."""
        if request.user.is_authenticated:
            return redirect("owners:cameras")
        return self._form(AuthenticationForm(request))

    def post(self, request: HttpRequest) -> HttpResponse:
        """In, or the form again with what was wrong."""
        name = request.POST.get("username", "")[:MAX_NAME_CHARS].casefold()
        address = address_of(request)
        counted = ((LOGINS, address), (LOGINS, f"{address} {name}"), (LOGINS_OF_ONE_NAME, name))
        try:
            if any(throttle.blocked(who) for throttle, who in counted):
                return self._form(
                    AuthenticationForm(request),
                    trouble=_("Too many wrong passwords. Wait a quarter of an hour, then try again."),
                    status=429,
                )
            form = AuthenticationForm(request, data=request.POST)
            if not form.is_valid():
                for throttle, who in counted:
                    throttle.failed(who)
                return self._form(form, trouble=_("Name or password is wrong; capital letters count."))
            LOGINS.forget(f"{address} {name}")
        except redis.RedisError:
            return self.unavailable()
        login(request, form.get_user())
        return HttpResponseRedirect(self._next() or redirect("owners:cameras").url)

    def _form(self, form: AuthenticationForm, *, trouble: str = "", status: int = 200) -> HttpResponse:
        return self.page("login.html", form=form, next=self._next(), trouble=trouble, status=status)

    def _next(self) -> str:
        """Where the reader was going, when that is on this site."""
        asked = self.request.POST.get("next") or self.request.GET.get("next") or ""
        here = url_has_allowed_host_and_scheme(
            asked, allowed_hosts={self.request.get_host()}, require_https=self.request.is_secure()
        )
        return asked if here else ""


class LogoutView(PublicView):
    """Out, by a button: a link could be followed for somebody."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Back to the login."""
        logout(request)
        return redirect("owners:login")


@method_decorator(sensitive_post_parameters(), name="dispatch")
class JoinView(PublicView):
    """An invitation becomes an account. Guesses are counted by address."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """The form, filled with the address that was invited."""
        return self._guarded(
            token, lambda invitation: self._form(JoinForm(initial={"email": invitation.email}))
        )

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """The account, logged in, on the way to its first camera."""
        return self._guarded(token, lambda invitation: self._join(token))

    def _join(self, token: str) -> HttpResponse:
        form = JoinForm(self.request.POST)
        if not form.is_valid():
            return self._form(form)
        user = services.accept_invitation(token, form)
        logout(self.request)  # somebody else's session, e.g. the admin's who tries the link
        login(self.request, user, backend=MODEL_BACKEND)
        return redirect("owners:new")

    def _guarded(self, token: str, answer: Any) -> HttpResponse:
        address = address_of(self.request)
        try:
            if INVITATIONS.blocked(address):
                words = _(
                    "Too many wrong links came from your address. Wait a quarter of an hour, then try again."
                )
                return self.page("said.html", title=_("Wait a little"), words=words, status=429)
            try:
                return answer(services.open_invitation(token))
            except services.InvitationGone:
                INVITATIONS.failed(address)
                words = _(
                    "This invitation does not exist, was used already, or is too old. Ask for a new one; if you have an account, log in."
                )
                return self.page(
                    "said.html", title=_("This link does not open anything"), words=words, status=404
                )
        except redis.RedisError:
            return self.unavailable()

    def _form(self, form: JoinForm) -> HttpResponse:
        return self.page("join.html", form=form)
