# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which form an answer takes, by Accept or `?format=`; a form that is not there is refused with those that are."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import Http404
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

__all__ = ["ContentNegotiation"]


class ContentNegotiation(DefaultContentNegotiation):
    """DRF's, but for its answer to a wish that cannot be met: a 404 for `?format=`, which says nothing of formats."""

    def select_renderer(
        self, request: Request, renderers: Sequence[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The renderer and its media type. Raises NotAcceptable."""
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except (Http404, NotAcceptable) as refusal:
            known = ", ".join(f"{one.media_type} (format={one.format})" for one in renderers)
            raise NotAcceptable(f"There is no such format here; known: {known}.") from refusal
