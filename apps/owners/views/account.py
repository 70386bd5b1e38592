# SPDX-License-Identifier: AGPL-3.0-or-later
"""The owner's own account."""

from __future__ import annotations

import redis
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from apps.owners import selectors, services
from apps.owners.forms import ConfirmForm
from apps.owners.throttle import LOGINS
from apps.owners.views.page import OwnerView

__all__ = ["AccountView", "DeleteAccountView", "PasswordView"]


class AccountView(OwnerView):
    """What is kept of this person, and what can be done about it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Links to the two forms."""
        return self.page("account.html", cameras=selectors.cameras_of(request.user))


@method_decorator(sensitive_post_parameters(), name="dispatch")
class PasswordView(OwnerView):
    """Another password for this site; the cameras' are another matter."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self.page("password.html", form=PasswordChangeForm(request.user))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Other sessions of this person end."""
        form = PasswordChangeForm(request.user, request.POST)
        who = f"change {request.user.pk}"
        try:
            if LOGINS.blocked(who):
                return self.page("said.html", title=_("Wait a little"), words=_too_many(), status=429)
            if not form.is_valid():
                if "old_password" in form.errors:
                    LOGINS.failed(who)
                return self.page("password.html", form=form)
        except redis.RedisError:
            return self.unavailable()
        form.save()
        update_session_auth_hash(request, form.user)
        messages.success(request, _("Your new password is in use."))
        return redirect("owners:account")


@method_decorator(sensitive_post_parameters(), name="dispatch")
class DeleteAccountView(OwnerView):
    """The end of it, with what stays said before."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """What goes, what stays, and the password."""
        return self._form(ConfirmForm(request.user))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Gone, with all cameras; sessions at the door end within seconds."""
        form = ConfirmForm(request.user, request.POST)
        who = f"change {request.user.pk}"
        try:
            if LOGINS.blocked(who):
                return self.page("said.html", title=_("Wait a little"), words=_too_many(), status=429)
            if not form.is_valid():
                LOGINS.failed(who)
                return self._form(form)
        except redis.RedisError:
            return self.unavailable()
        try:
            services.remove_account(request.user)
        except ValidationError as error:
            form.add_error(None, error)
            return self._form(form)
        logout(request)
        words = _("Your account and your cameras are gone. Thank you for having lent them.")
        return self.page("said.html", title=_("Done"), words=words)

    def _form(self, form: ConfirmForm) -> HttpResponse:
        cameras = selectors.cameras_of(self.request.user)
        return self.page("delete-account.html", form=form, cameras=cameras)


def _too_many() -> str:
    return _("Too many wrong passwords. Wait a quarter of an hour, then try again.")
