# SPDX-License-Identifier: AGPL-3.0-or-later
"""The zone editor's page and the addresses it talks to, all of them for admins who may change zones.

The page draws and never computes: each change goes to the server as the whole draft and comes back as sentences, places
and rings. Saving, cutting and joining go through the services, each in one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import shapely
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.parking import selectors, services
from apps.parking.bbox import BBox, BBoxRefused
from apps.parking.choices import Access, Mode, Standing
from apps.parking.models import ParkingZone, default_validity_s
from apps.parking.slot_ruler import lay_ruler
from apps.parking.zone_cutting import CutRefused, parts_of, touches
from apps.parking.zone_drafts import DraftRefused, draft_json, points_lonlat, read_draft, read_line
from apps.parking.zone_editing_words import page_words
from apps.parking.zone_notices import Finding, findings
from apps.parking.zone_surroundings import CameraView, camera_views, neighbours, zones_in
from apps.parking.zone_writing import fingerprint
from apps.parking.zones import MODE_DEFAULTS, ZoneSpec
from camera_registry.mercator import LocalFrame, lonlat_to_3857
from camera_registry.page_policy import page_policy
from camera_registry.reader_language import (
    answered_in_readers_language,
    language_chosen,
    other_languages,
)

__all__ = ["editing_urls"]

View = Callable[..., HttpResponseBase]

MAX_JSON_BYTES = 512 * 1024
TILE_MAX_ZOOM = 19
#: Where what was said of a request is a sentence for a person.
UNPROCESSABLE, CONFLICT = 422, 409


def editing_urls(model_admin: Any) -> list[Any]:
    """The page's addresses, below the zones' own."""

    def guarded(view: View) -> View:
        def checked(request: HttpRequest, **values: Any) -> HttpResponseBase:
            return answered_in_readers_language(request, lambda: answered(request, values))

        def answered(request: HttpRequest, values: dict[str, Any]) -> HttpResponseBase:
            try:
                return view(request, model_admin, **values)
            except services.ZoneChangedMeanwhile as error:
                return _said(str(error), CONFLICT)
            except services.ZoneRefused as error:
                found = [
                    Finding.of(field, sentence, refused=True)
                    for field, sentences in error.problems.items()
                    for sentence in sentences
                ]
                return _said(_("The zone cannot be saved so."), UNPROCESSABLE, found)
            except ParkingZone.DoesNotExist:
                return _said(_("This zone, or one it is to be joined with, is not there any more."), CONFLICT)
            except (DraftRefused, CutRefused, BBoxRefused) as error:
                return _said(str(error), UNPROCESSABLE)

        return model_admin.admin_site.admin_view(never_cache(checked))

    addresses: list[tuple[str, str, View]] = [
        ("draw/", "draw_new", _page),
        ("draw/judge/", "draw_judge", _judge),
        ("draw/around/", "draw_around", _around),
        ("draw/save/", "draw_save", _save),
        ("draw/split/", "draw_split", _split),
        ("draw/merge/", "draw_merge", _merge),
        ("<int:pk>/draw/", "draw", _page),
    ]
    return [path(route, guarded(view), name=f"parking_parkingzone_{name}") for route, name, view in addresses]


def _url(name: str, *arguments: Any) -> str:
    return reverse(f"admin:parking_parkingzone_{name}", args=arguments)


def _said(message: str, status: int, found: list[Finding] | None = None) -> JsonResponse:
    return JsonResponse({"message": message, "findings": _findings_json(found or [])}, status=status)


def _findings_json(found: list[Finding]) -> list[dict[str, Any]]:
    return [
        {"field": one.field, "message": one.message, "refused": one.refused, "lonlat": one.lonlat}
        for one in found
    ]


# --- the page --------------------------------------------------------------------------------------------------------


@require_GET
def _page(request: HttpRequest, model_admin: Any, pk: int | None = None) -> HttpResponse:
    """The page with a policy under which no inline script or style runs and nothing but tiles comes from elsewhere.

    It speaks the reader's language; `?language=` chooses one.
    """
    chosen = language_chosen(request)
    if chosen is not None:
        return chosen
    zone = None if pk is None else get_object_or_404(ParkingZone, pk=pk)
    _require(request, model_admin, zone)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Draw a zone") if zone is None else _("Draw %s") % zone.name,
        "opts": model_admin.opts,
        "zone": zone,
        "modes": Mode.choices,
        "accesses": Access.choices,
        "waits": zone is not None and zone.standing != Standing.ACCEPTED,
        "config": _config(zone),
        "languages": other_languages(),
        "is_nav_sidebar_enabled": False,
        "is_popup": False,
    }
    response = TemplateResponse(request, "admin/parking/parkingzone/draw.html", context)
    response["Content-Security-Policy"] = page_policy(settings.SPARK_TILE_URL)
    return response


def _config(zone: ParkingZone | None) -> dict[str, Any]:
    """What the page's script needs to begin."""
    spec = None if zone is None else zone.to_spec()
    extent = selectors.public_extent()
    return {
        "zone": "" if zone is None else zone.slug,
        "isNew": zone is None,
        "standing": Standing.ACCEPTED if zone is None else zone.standing,
        "basedOn": None if spec is None else fingerprint(spec),
        "draft": draft_json(spec, default_validity_s()),
        "urls": {
            "judge": _url("draw_judge"),
            "around": _url("draw_around"),
            "save": _url("draw_save"),
            "split": _url("draw_split"),
            "merge": _url("draw_merge"),
            "list": _url("changelist") if zone is None else _url("change", zone.pk),
        },
        "defaults": {
            mode: {
                "slot_length_m": sizes.slot_length_m,
                "slot_width_m": sizes.slot_width_m,
                "spacing_m": sizes.spacing_m,
            }
            for mode, sizes in MODE_DEFAULTS.items()
        },
        "extent": None if extent is None else [extent.west, extent.south, extent.east, extent.north],
        "tileUrl": settings.SPARK_TILE_URL,
        "tileAttribution": settings.SPARK_TILE_ATTRIBUTION,
        "tileMaxZoom": TILE_MAX_ZOOM,
        "words": page_words(),
    }


def _require(request: HttpRequest, model_admin: Any, zone: ParkingZone | None) -> None:
    allowed = (
        model_admin.has_add_permission(request)
        if zone is None
        else model_admin.has_change_permission(request, zone)
    )
    if not allowed:
        raise PermissionDenied


# --- what it asks ----------------------------------------------------------------------------------------------------


def _draft(request: HttpRequest, model_admin: Any) -> tuple[ZoneSpec, ParkingZone | None, dict[str, Any]]:
    """The draft that a request carries, the zone that it is of (None: a new one), and what came beside it."""
    body = request.read(MAX_JSON_BYTES + 1)
    if len(body) > MAX_JSON_BYTES:
        raise DraftRefused(_("This is larger than %d bytes.") % MAX_JSON_BYTES)
    try:
        data = json.loads(body)
    except (UnicodeDecodeError, RecursionError, json.JSONDecodeError) as error:
        raise DraftRefused(_("Not JSON: %s") % error) from error
    if not isinstance(data, dict):
        raise DraftRefused(_("Not a draft of a zone."))
    zone = None if data.get("zone") is None else ParkingZone.objects.get(slug=str(data["zone"]))
    _require(request, model_admin, zone)
    return read_draft(data.get("draft"), None if zone is None else zone.to_spec()), zone, data


@require_POST
def _judge(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """All that is to be said of a draft, the ruler of its slots, who sees it, and what a cut would make of it."""
    spec, _zone, data = _draft(request, model_admin)
    near = neighbours(spec)
    found = findings(spec, near)
    answer: dict[str, Any] = {
        "findings": _findings_json(found),
        "area_m2": None,
        "wide_m": None,
        "slots": [],
        "seen": [],
        "touching": [],
        "split": None,
    }
    if not any(one.refused and one.field == "geometry" for one in found):
        answer |= _measures(spec)
        answer["touching"] = [{"slug": one.slug, "name": one.name} for one in near if touches(spec, one)]
        line = read_line(data.get("line"))
        if line is not None:
            answer["split"] = _cut_json(spec, line)
    return JsonResponse(answer)


def _measures(spec: ZoneSpec) -> dict[str, Any]:
    frame = LocalFrame.around(spec.geometry_3857)
    outline = frame.geometry_to_metres(spec.geometry_3857)
    measurable = spec.mode in MODE_DEFAULTS and (spec.slot_length_m or 0) > 0 and (spec.slot_width_m or 0) > 0
    slots = lay_ruler(spec).slots_3857 if measurable else ()
    shares = [
        (view.name, view.ground_3857.intersection(spec.geometry_3857).area / spec.geometry_3857.area)
        for view in camera_views(spec.geometry_3857)
    ]
    return {
        "area_m2": outline.area,
        "wide_m": 2 * shapely.maximum_inscribed_circle(outline, tolerance=0.01).length,
        "slots": [points_lonlat(slot.exterior, closed=True) for slot in slots],
        "seen": [{"camera": name, "share": share} for name, share in shares if share > 0],
    }


def _cut_json(spec: ZoneSpec, line: shapely.LineString) -> dict[str, Any]:
    try:
        parts = parts_of(spec, line)
    except CutRefused as error:
        return {"parts": [], "message": str(error), "possible": False}
    rows = []
    for number, part in enumerate(parts, start=1):
        area = LocalFrame.around(part.geometry_3857).geometry_to_metres(part.geometry_3857).area
        name = spec.name if number == 1 else f"{spec.name} {number}"
        rows.append({"name": name, "area_m2": area, "rings": _rings(part.geometry_3857)})
    message = _(
        "Cut into %(count)d zones. The largest keeps the name, the address and the history; the others are new, with the"
        " same rules. All of them are unknown until a camera has seen them again."
    ) % {"count": len(parts)}
    if spec.access_edges_3857 is not None and any(part.access_edges_3857 is None for part in parts):
        message += " " + _(
            "One part has no access edge any more: every side of it that is no kerb will count as one."
        )
    return {"parts": rows, "message": message, "possible": True}


def _rings(geometry_3857: shapely.Geometry) -> list[list[list[float]]]:
    return [
        points_lonlat(ring, closed=True)
        for polygon in shapely.get_parts(geometry_3857)
        if polygon.geom_type == "Polygon" and not polygon.is_empty
        for ring in (polygon.exterior, *polygon.interiors)
    ]


@require_GET
def _around(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """Other zones and the cameras' views in a box, for whoever may look at zones."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    box = BBox.parse(request.GET.get("bbox", ""), max_span_deg=360.0)
    corners = lonlat_to_3857([[box.west, box.south], [box.east, box.north]])
    ground = shapely.box(*corners[0], *corners[1])
    zones = zones_in(ground, request.GET.get("zone", ""))
    return JsonResponse(
        {
            "zones": [_zone_json(zone.to_spec()) for zone in zones],
            "views": [_view_json(view) for view in camera_views(ground)],
        }
    )


def _zone_json(spec: ZoneSpec) -> dict[str, Any]:
    state = "proposed" if spec.standing == Standing.PROPOSED else "on" if spec.enabled else "off"
    return {
        "slug": spec.slug,
        "name": spec.name,
        "state": state,
        "rings": _rings(spec.geometry_3857),
        "kerb": None if spec.kerb_3857 is None else points_lonlat(spec.kerb_3857),
    }


def _view_json(view: CameraView) -> dict[str, Any]:
    return {"name": view.name, "rings": _rings(view.ground_3857)}


# --- what it writes --------------------------------------------------------------------------------------------------


@require_POST
def _save(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """Store the draft; what is odd about it must have been read, which `confirmed` says."""
    spec, zone, data = _draft(request, model_admin)
    found = findings(spec, neighbours(spec))
    if any(one.refused for one in found):
        return _said(_("The zone cannot be saved so."), UNPROCESSABLE, found)
    if found and data.get("confirmed") is not True:
        return _said(_("Read what is said of the zone, and tick that you have."), UNPROCESSABLE, found)
    if zone is None:
        saved = services.create_zone(spec)
        model_admin.log_addition(request, saved, "Drawn on the map.")
    else:
        saved = services.update_zone(spec, based_on=_based_on(data))
        model_admin.log_change(request, saved, "Drawn on the map.")
    if data.get("accept") is True:
        services.accept_zones([saved.slug])
    message = _("%s is saved. It is unknown until a camera has seen it.") % saved.name
    if saved.observed_at is not None and saved.valid_until is not None:
        message = _("%s is saved.") % saved.name
    return _done(request, saved, message)


@require_POST
def _split(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """Save the draft and cut it along a line."""
    spec, zone, data = _draft(request, model_admin)
    line = read_line(data.get("line"))
    if zone is None or line is None:
        raise DraftRefused(_("Save the zone, and draw a line to split it along."))
    if not model_admin.has_add_permission(request):
        raise PermissionDenied
    zones = services.split_zone(spec, line, based_on=_based_on(data))
    names = ", ".join(part.name for part in zones)
    for part in zones:
        model_admin.log_change(request, part, f"{spec.name} was cut into {names}.")
    return _done(request, zones[0], _("Cut into %s.") % names)


@require_POST
def _merge(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """Save the draft and join touching zones to it."""
    spec, zone, data = _draft(request, model_admin)
    others = data.get("others")
    if zone is None or not isinstance(others, list) or not others:
        raise DraftRefused(_("Save the zone, and choose the zones that are to become one with it."))
    joint = services.merge_zones(spec, [str(slug) for slug in others], based_on=_based_on(data))
    message = _(
        "%(name)s now holds the ground of %(others)s too; these are kept, switched off, for their history."
    )
    words = message % {"name": joint.name, "others": ", ".join(str(slug) for slug in others)}
    model_admin.log_change(request, joint, words)
    return _done(request, joint, words)


def _based_on(data: dict[str, Any]) -> str:
    return str(data.get("basedOn") or "")


def _done(request: HttpRequest, zone: ParkingZone, message: str) -> JsonResponse:
    messages.success(request, message)
    return JsonResponse({"url": _url("draw", zone.pk), "message": message})
