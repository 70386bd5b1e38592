# SPDX-License-Identifier: AGPL-3.0-or-later
"""Invitations, made and revoked; consents, to look at."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext_lazy as _

from apps.owners import selectors, services
from apps.owners.models import Invitation, InvitationState
from camera_registry.models import CameraConsent

LONGEST_DAYS = 60


class InvitationForm(forms.ModelForm):
    """Whom to invite, and for how long."""

    days = forms.IntegerField(
        label=_("valid for, days"), min_value=1, max_value=LONGEST_DAYS, initial=services.INVITATION_DAYS
    )

    class Meta:
        model = Invitation
        fields = ("email", "note", "language")


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin):
    """The link is shown once, when it is made. An invitation is never changed, only revoked."""

    form = InvitationForm
    list_display = (
        "__str__",
        "email",
        "state",
        "created_by",
        "created_at",
        "expires_at",
        "used_by",
        "used_at",
    )
    list_select_related = ("created_by", "used_by")
    search_fields = ("email", "note", "used_by__username")
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        """Only to look at."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        """Who let whom in stays known; revoking is what ends an invitation."""
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Who may invite may also revoke."""
        return self.has_add_permission(request)

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:
        """Through the services; the secret goes to `response_add` and nowhere else."""
        data = form.cleaned_data
        made, token = services.invite(
            request.user,
            email=data["email"],
            note=data["note"],
            language=data["language"],
            days=data["days"],
        )
        obj.pk, obj.expires_at, obj.created_at = made.pk, made.expires_at, made.created_at
        obj.link = selectors.absolute(request, reverse("owners:join", args=(token,)))

    def response_add(
        self, request: HttpRequest, obj: Invitation, post_url_continue: Any = None
    ) -> HttpResponse:
        """The link, this once; and whether the message went out."""
        if obj.email:
            if services.send_invitation(obj, obj.link):
                messages.success(request, _("The invitation was sent to %s.") % obj.email)
            else:
                messages.error(
                    request, _("The mail server did not take the message; pass the link on yourself.")
                )
        context = {
            **self.admin_site.each_context(request),
            "title": _("The invitation's link"),
            "opts": self.opts,
            "link": obj.link,
            "expires_at": obj.expires_at,
        }
        response = TemplateResponse(request, "admin/owners/invitation/link.html", context)
        add_never_cache_headers(response)
        return response

    @admin.display(description=_("state"))
    def state(self, invitation: Invitation) -> str:
        """In a word and a mark that needs no colour."""
        state = invitation.state()
        marks = {
            InvitationState.OPEN: "○", InvitationState.USED: "●", InvitationState.EXPIRED: "◌",
            InvitationState.REVOKED: "✕",
        }  # fmt: skip
        return f"{marks[state]} {state.label}"

    @admin.action(description=_("Revoke the chosen invitations"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        """Open ones open nothing any more."""
        for invitation in queryset:
            services.revoke_invitation(invitation)
            self.log_change(request, invitation, "Revoked.")
        messages.success(request, _("Revoked; accounts that were made stay."))


@admin.register(CameraConsent)
class CameraConsentAdmin(admin.ModelAdmin):
    """Who agreed to what, and when. To look at only."""

    list_display = (
        "camera_name",
        "who",
        "user",
        "purpose",
        "text_version",
        "language",
        "given_at",
        "withdrawn_at",
    )
    list_select_related = ("user",)
    search_fields = ("camera_name", "who", "user__username")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: CameraConsent | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: CameraConsent | None = None) -> bool:
        return False
