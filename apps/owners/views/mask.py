# SPDX-License-Identifier: AGPL-3.0-or-later
"""The privacy mask, drawn on a frame that is held as the calibration page holds it; for the owner and for admins."""

from __future__ import annotations

import json
from typing import Any

import redis
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.owners import selectors
from apps.owners.views.page import OwnerView, json_said
from apps.owners.words import mask_error, mask_page_words
from camera_registry import onboarding
from camera_registry.models import Camera
from camera_registry.privacy_mask import MAX_CORNERS, MAX_POLYGONS, MaskError, PrivacyMask
from camera_registry.reference_frames import reference_frames

__all__ = ["FrameView", "LeaveView", "MaskView", "NextFrameView"]

#: Far more than the largest mask.
MAX_JSON_BYTES = 256 * 1024
UNPROCESSABLE = 422


class _Covering(OwnerView):
    """A page or an answer about the mask of one camera."""

    camera: Camera

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """404 unless it is theirs, or they are an admin who may change cameras."""
        if request.user.is_authenticated:
            self.camera = selectors.camera_to_cover(request.user, kwargs.pop("name"))
        try:
            return super().dispatch(request, *args, **kwargs)
        except redis.RedisError:
            return json_said(_("This is not possible at the moment; try again in a minute."), 503)


class MaskView(_Covering):
    """The page, and the mask that it saves."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """With the mask as it is."""
        own = self.camera.owner_id == request.user.pk
        back = (
            reverse("owners:camera", args=(self.camera.name,))
            if own
            else reverse("admin:camera_registry_camera_change", args=(self.camera.pk,))
        )
        size = self.camera.privacy_mask_size or self.camera.image_size
        config = {
            "urls": {
                "save": reverse("owners:mask", args=(self.camera.name,)),
                "frame": reverse("owners:mask-frame", args=(self.camera.name,)),
                "next": reverse("owners:mask-next", args=(self.camera.name,)),
                "leave": reverse("owners:mask-leave", args=(self.camera.name,)),
                "back": back,
            },
            "polygons": self.camera.privacy_mask,
            "imageSize": list(size) if size else None,
            "maxPolygons": MAX_POLYGONS,
            "maxCorners": MAX_CORNERS,
            "words": mask_page_words(),
        }
        return self.page("mask.html", camera=self.camera, back=back, config=config)

    def post(self, request: HttpRequest) -> HttpResponse:
        """The mask as JSON: `polygons`, and `image_size` of the picture it was drawn on. The frame goes."""
        try:
            data = json.loads(request.read(MAX_JSON_BYTES + 1))
            polygons, size = data["polygons"], data["image_size"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return json_said(_("This is no mask."), 400)
        try:
            mask = PrivacyMask.read(polygons, size) if polygons else None
        except MaskError as error:
            return json_said(mask_error(error), UNPROCESSABLE)
        onboarding.set_privacy_mask(self.camera, mask)
        return JsonResponse({"shapes": len(mask.polygons) if mask else 0})


class FrameView(_Covering):
    """The frame to draw on."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The picture, or nothing yet (204); the wish for one lives on while somebody asks."""
        frames = reference_frames()
        frame = frames.get(self.camera.pk)
        if frame is None:
            if frames.asked(self.camera.pk):
                frames.ask(self.camera.pk)
            return HttpResponse(status=204)
        kind = "image/png" if frame.image.startswith(b"\x89PNG") else "image/jpeg"
        return HttpResponse(frame.image, content_type=kind)


class NextFrameView(_Covering):
    """The camera's next frame is wished for; the one there was goes."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """204."""
        frames = reference_frames()
        frames.forget(self.camera.pk)
        frames.ask(self.camera.pk)
        return HttpResponse(status=204)


class LeaveView(_Covering):
    """Whoever drew has left without saving: the frame goes."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """204."""
        reference_frames().forget(self.camera.pk)
        return HttpResponse(status=204)
