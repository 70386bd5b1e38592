# SPDX-License-Identifier: AGPL-3.0-or-later
"""The calibrating page of a camera and the addresses it talks to, all of them for admins who may change the camera."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import redis
import shapely
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import get_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from numpy.typing import NDArray

from camera_registry import services, workbench
from camera_registry.calibrating_words import page_words
from camera_registry.calibration_drawing import COLOUR_RANGE_M, rings_lonlat
from camera_registry.control_points import CalibrationError, ControlPoint, parse_control_points
from camera_registry.draft import Draft, read_draft
from camera_registry.ground_outlines import Outline, outlines
from camera_registry.mercator import LocalFrame, lonlat_to_3857
from camera_registry.models import Camera, CameraCalibration
from camera_registry.page_policy import page_policy
from camera_registry.privacy_mask import MaskError, mask_of, masked_picture, without_masked
from camera_registry.reader_language import (
    answered_in_readers_language,
    language_chosen,
    other_languages,
)
from camera_registry.reference_frames import NotAPicture, ReferenceFrame, picture_size, reference_frames
from camera_registry.saying import Language
from camera_registry.services import calibration_of
from camera_registry.view_features import find_features, look_from
from camera_registry.view_reference import ViewReference
from camera_registry.view_status import ViewStatus
from camera_registry.view_watch import ViewMemory, ViewRecord

__all__ = ["calibrating_urls"]

View = Callable[..., HttpResponseBase]

#: Far more than any draft or CSV file of points.
MAX_JSON_BYTES = 256 * 1024
#: Zones whose outlines the map shows; more of them would slow the page.
MAX_OUTLINES = 500
#: Zones farther than this from the camera's ground cannot be in its picture, true metres.
NEAR_M = 4000.0
TILE_MAX_ZOOM = 19
#: Where what was said of a request is a sentence for a person.
UNPROCESSABLE = 422


def calibrating_urls(model_admin: Any) -> list[Any]:
    """The page's addresses, below the camera's own."""

    def guarded(view: View) -> View:
        def checked(request: HttpRequest, pk: int) -> HttpResponseBase:
            camera = get_object_or_404(Camera.objects.select_related("calibration"), pk=pk)
            if not model_admin.has_change_permission(request, camera):
                raise PermissionDenied
            return answered_in_readers_language(request, lambda: answered(view, request, camera))

        def answered(view: View, request: HttpRequest, camera: Camera) -> HttpResponseBase:
            try:
                return view(request, camera)
            except CalibrationError as error:
                return _refused(error, error.points)
            except (ValueError, NotAPicture) as error:
                return _refused(error)
            except redis.RedisError:
                return _said(_("Redis cannot be reached; there is nowhere to keep a frame."), 503)

        return model_admin.admin_site.admin_view(never_cache(checked))

    views: dict[str, View] = {
        "": lambda request, camera: _page(request, camera, model_admin),
        "solve/": _solve,
        "warp/": _warp,
        "points/": _points,
        "frame/": _frame,
        "frame/next/": _next_frame,
        "leave/": _leave,
        "save/": lambda request, camera: _save(request, camera, model_admin),
    }
    return [
        path(f"<int:pk>/calibrate/{ending}", guarded(view), name=_name(ending))
        for ending, view in views.items()
    ]


def _name(ending: str) -> str:
    return "_".join(["camera_registry_camera_calibrate", *[part for part in ending.split("/") if part]])


def _said(message: str, status: int) -> JsonResponse:
    return JsonResponse({"message": message}, status=status)


def _refused(error: Exception, names: tuple[str, ...] = ()) -> JsonResponse:
    message = _language().tell(error.args[0]) if error.args and isinstance(error.args[0], str) else str(error)
    return JsonResponse({"message": message, "names": list(names)}, status=UNPROCESSABLE)


def _language() -> Language:
    """The reader's, for what the pure files say."""
    return Language(_, get_format("DECIMAL_SEPARATOR"))


@require_GET
def _page(request: HttpRequest, camera: Camera, model_admin: Any) -> HttpResponse:
    """The page with a policy under which no inline script or style runs and nothing but tiles comes from elsewhere.

    It speaks the reader's language, as the driver's page does; `?language=` chooses one, which is kept in a cookie.
    """
    chosen = language_chosen(request)
    if chosen is not None:
        return chosen
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Calibrate %s") % (camera.title or camera.name),
        "opts": model_admin.opts,
        "original": camera,
        "camera": camera,
        "config": _config(camera),
        "languages": other_languages(),
        "is_nav_sidebar_enabled": False,
        "is_popup": False,
    }
    response = TemplateResponse(request, "admin/camera_registry/camera/calibrate.html", context)
    response["Content-Security-Policy"] = page_policy(settings.SPARK_TILE_URL)
    return response


def _config(camera: Camera) -> dict[str, Any]:
    """What the page's script needs to begin."""

    def url(ending: str) -> str:
        return reverse(f"admin:{_name(ending)}", args=(camera.pk,))

    active = calibration_of(camera)
    view = [] if active is None else rings_lonlat(active.view_3857(camera.max_range_m))
    return {
        "camera": camera.name,
        "words": page_words(),
        "urls": {
            name: url(ending)
            for name, ending in {
                "solve": "solve/", "warp": "warp/", "points": "points/", "frame": "frame/", "next": "frame/next/",
                "leave": "leave/", "save": "save/",
            }.items()
        },
        "cameraUrl": reverse("admin:camera_registry_camera_change", args=(camera.pk,)),
        "imageSize": camera.image_size,
        "maxFrameBytes": settings.SPARK_MAX_UPLOAD_BYTES,
        "zones": [{"name": zone.name, "rings": rings_lonlat(zone.geometry_3857)} for zone in outlines()[:MAX_OUTLINES]],
        "view": view,
        "versions": [
            {
                "version": row.version,
                "note": row.note,
                "points": row.points,
                "imageSize": row.data["image_size"],
            }
            for row in camera.calibrations.all()
            if row.points
        ],
        "first": not camera.calibrations.exists(),
        "colourRangeM": COLOUR_RANGE_M,
        "tileUrl": settings.SPARK_TILE_URL,
        "tileAttribution": settings.SPARK_TILE_ATTRIBUTION,
        "tileMaxZoom": TILE_MAX_ZOOM,
    }  # fmt: skip


def _near(draft: Draft) -> list[Outline]:
    """The zones that this draft's camera could see."""
    places = [point.lonlat for point in draft.points if point.lonlat is not None]
    if not places:
        return []
    try:
        xy = lonlat_to_3857(places)
    except ValueError:
        return []
    x, y = np.median(xy, axis=0)
    frame = LocalFrame((float(x), float(y)))
    return [
        zone
        for zone in outlines()
        if frame.geometry_to_metres(zone.geometry_3857).distance(shapely.Point(0, 0)) < NEAR_M
    ]


def _body(request: HttpRequest, limit: int) -> bytes:
    """The request's body, never by way of a file: it may hold a frame."""
    data = request.read(limit + 1)
    if len(data) > limit:
        raise ValueError(_("This is larger than %d bytes.") % limit)
    return data


def _draft(request: HttpRequest) -> tuple[Draft, dict[str, Any]]:
    try:
        data = json.loads(_body(request, MAX_JSON_BYTES))
    except (UnicodeDecodeError, RecursionError, json.JSONDecodeError) as error:
        raise ValueError(_("Not JSON: %s") % error) from error
    if not isinstance(data, dict):
        raise ValueError(_("Not a draft of a calibration."))
    return read_draft(data), data


@require_POST
def _solve(request: HttpRequest, camera: Camera) -> HttpResponse:
    """Everything that the page shows of a draft."""
    draft, _data = _draft(request)
    return JsonResponse(workbench.solve(draft, _near(draft), camera.max_range_m, _language()))


@require_POST
def _warp(request: HttpRequest, camera: Camera) -> HttpResponse:
    """The frame, or with `"layer": "errors"` the expected error, as seen from above; its bounds in a header."""
    draft, data = _draft(request)
    picture = None
    if data.get("layer") != "errors":
        frame = reference_frames().get(camera.pk)
        if frame is None:
            return _said(_("The frame is gone; take it again."), 404)
        picture = _decoded(frame.image)
    laid = workbench.warp(draft, _near(draft), camera.max_range_m, picture)
    response = HttpResponse(laid.image, content_type="image/webp")
    response["X-Bounds"] = json.dumps(laid.bounds)
    return response


@require_POST
def _points(request: HttpRequest, camera: Camera) -> HttpResponse:
    """A CSV file's points, as `python -m camera_registry.calibrate` reads them."""
    try:
        text = _body(request, MAX_JSON_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(_("The file is not UTF-8 text.")) from None
    points = parse_control_points(text)
    return JsonResponse({"points": [_point_json(point) for point in points]})


def _point_json(point: ControlPoint) -> dict[str, Any]:
    return {"name": point.name, "px": list(point.px), "lonlat": list(point.lonlat)}


@require_http_methods(["GET", "POST"])
def _frame(request: HttpRequest, camera: Camera) -> HttpResponse:
    """GET: the reference frame, or nothing yet (204). POST: this picture becomes it."""
    frames = reference_frames()
    if request.method == "POST":
        image = _body(request, settings.SPARK_MAX_UPLOAD_BYTES)
        picture_size(image, settings.SPARK_MAX_PIXELS)
        frames.keep(camera.pk, masked_picture(image, mask_of(camera)), timezone.now())
        return HttpResponse(status=204)
    frame = frames.get(camera.pk)
    if frame is None:
        if frames.asked(camera.pk):
            frames.ask(camera.pk)  # somebody still looks: the wish lives on
        return HttpResponse(status=204)
    kind = "image/png" if frame.image.startswith(b"\x89PNG") else "image/jpeg"
    response = HttpResponse(frame.image, content_type=kind)
    response["X-Received-At"] = frame.received_at.isoformat()
    return response


@require_POST
def _next_frame(request: HttpRequest, camera: Camera) -> HttpResponse:
    """Wish for the camera's next frame; the one there was goes."""
    frames = reference_frames()
    frames.forget(camera.pk)
    frames.ask(camera.pk)
    return HttpResponse(status=204)


@require_POST
def _leave(request: HttpRequest, camera: Camera) -> HttpResponse:
    """Whoever calibrated has left without saving."""
    reference_frames().forget(camera.pk)
    return HttpResponse(status=204)


@require_POST
def _save(request: HttpRequest, camera: Camera, model_admin: Any) -> HttpResponse:
    """A new version from the draft's points, in use from now on; the frame goes."""
    draft, data = _draft(request)
    note = str(data.get("note") or "").strip()
    if not note:
        raise ValueError(_("Say in a few words why: the next admin will want to know."))
    report = workbench.fit(draft, _near(draft), name=camera.name)
    row = services.add_calibration(
        camera,
        report.calibration,
        note=note,
        user=request.user,
        rmse_m=report.rmse_m,
        loo_rmse_m=workbench.number_or_none(report.leave_one_out_rmse_m),
        points=workbench.saved_points(draft, report),
    )
    frames = reference_frames()
    _remember_view(camera, row, frames.get(camera.pk))
    frames.forget(camera.pk)
    words = gettext_noop("Calibration version %d is in use.")
    model_admin.log_change(request, camera, words % row.version)
    messages.success(request, _(words) % row.version)
    return JsonResponse({"version": row.version})


def _remember_view(camera: Camera, row: CameraCalibration, frame: ReferenceFrame | None) -> None:
    """Later frames are compared with this one, not with the next that happens to come: of it keypoints are kept."""
    if frame is None:
        return
    features = find_features(_decoded(frame.image))
    mask = mask_of(camera)
    try:
        look = look_from(without_masked(features, mask) if mask else features)
    except MaskError:  # drawn on a picture of another shape: none of this one's keypoints may be kept
        return
    if look is None or list(features.image_size) != list(row.data["image_size"]):
        return
    record = ViewRecord(ViewMemory(status=ViewStatus.STEADY), features.brightness, features.sharpness)
    services.record_view(
        camera.pk, row.pk, frame.received_at, record, ViewReference(features.image_size, (look,))
    )


def _decoded(data: bytes) -> NDArray[np.uint8]:
    """The picture (H, W, 3) BGR, as its pixels lie, whatever its header says."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise NotAPicture(_("The frame cannot be decoded; take it again."))
    return np.asarray(image, dtype=np.uint8)
