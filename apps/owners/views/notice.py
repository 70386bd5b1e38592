# SPDX-License-Identifier: AGPL-3.0-or-later
"""The notice: a sheet to print and hang up, and the public page that its code leads to."""

from __future__ import annotations

import segno
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from apps.owners import selectors
from apps.owners.views.camera import OneCameraView
from apps.owners.views.page import PublicView
from camera_registry import onboarding

__all__ = ["NoticeView", "PublicNoticeView"]


def _code(address: str) -> SafeString:
    """A QR code as inline SVG. Only the library's own drawing of it: the address becomes squares, never markup."""
    drawing = segno.make(address, error="m", micro=False)
    return mark_safe(
        drawing.svg_inline(scale=4, border=2, dark="#000", light="#fff", omitsize=True, title=None)
    )


class NoticeView(OneCameraView):
    """A4, in the language of the page; the other one is a click away."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Without words for it yet, the form for them comes first."""
        notice = selectors.notice_of(self.camera)
        agreed = self.camera.consents.first()
        if notice is None or agreed is None:
            return redirect("owners:words", self.camera.name)
        address = selectors.absolute(request, reverse("owners:public-notice", args=(notice.code,)))
        return self.page(
            "notice.html",
            camera=self.camera,
            notice=notice,
            purpose=agreed.purpose,
            address=address,
            code=_code(address),
        )


class PublicNoticeView(PublicView):
    """What passers-by are told; nothing of the account."""

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        """Who, what for, what is kept, how to object; and whether the camera is on."""
        notice = selectors.public_notice(code)
        agreed = notice.camera.consents.first()
        if agreed is None:
            raise Http404
        return self.page(
            "public-notice.html",
            notice=notice,
            purpose=agreed.purpose,
            on=notice.camera.enabled and onboarding.consent_in_force(notice.camera) is not None,
            covered=bool(notice.camera.privacy_mask),
        )
