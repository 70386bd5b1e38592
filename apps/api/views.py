# SPDX-License-Identifier: AGPL-3.0-or-later
"""REST v1, to read. The views declare; `apps.parking.selectors` knows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, ClassVar

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.views.decorators.gzip import gzip_page
from drf_spectacular.utils import OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from apps.api import schemas
from apps.api.conditional import CACHE_CONTROL, etag_of, matches
from apps.api.negotiation import ContentNegotiation
from apps.api.problems import BadParameter, exception_handler
from apps.api.renderers import GeoJSONRenderer, PlainJSONRenderer
from apps.api.vehicle import LENGTH, WIDTH, vehicle_of
from apps.parking import selectors
from apps.parking.bbox import BBox, BBoxRefused
from apps.parking.selectors import MapAnswer
from apps.parking.vehicles import VehicleClass

__all__ = [
    "IndexView", "NothingHereView", "SchemaView", "SpacesView", "VehicleClassesView", "ZonesView", "slash_missing",
]  # fmt: skip


class PublicView(APIView):
    """Open to everyone, no cookies, errors as problem details, readable from other sites' pages."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = (PlainJSONRenderer,)
    content_negotiation_class = ContentNegotiation
    #: Query parameters that the view knows; any other is refused, since an ignored wish gives a wrong answer.
    parameters: ClassVar[tuple[str, ...]] = ()

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response]:
        """Ours, whatever the site's settings say."""
        return exception_handler

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse parameters that nobody would read."""
        super().initial(request, *args, **kwargs)
        for name in request.query_params:
            if name not in (*self.parameters, "format"):
                known = ", ".join(self.parameters) or "none"
                raise BadParameter(name, f"there is no such parameter here; known: {known}.")

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Let pages of other sites read the answer and its version; problems are JSON whatever was asked for."""
        if response.status_code >= 400:
            request.accepted_renderer, request.accepted_media_type = PlainJSONRenderer(), "application/json"
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Expose-Headers"] = "ETag, Date, Retry-After"
        if request.method == "OPTIONS":
            response["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
            response["Access-Control-Allow-Headers"] = "If-None-Match, Accept"
            response["Access-Control-Max-Age"] = "86400"
        return response


@method_decorator(gzip_page, name="dispatch")  # no secret is in it that compression could betray
class MapView(PublicView):
    """A part of the map as GeoJSON, for a box, with an ETag."""

    renderer_classes = (GeoJSONRenderer, PlainJSONRenderer)
    parameters = ("bbox", LENGTH, WIDTH)
    #: The largest box that is answered, degrees on each side.
    max_span_deg: ClassVar[float]

    def answer(self, bbox: BBox, now: dt.datetime, vehicle: VehicleClass | None) -> MapAnswer:
        """What is in the box at `now`, for a class of vehicles or as each zone's own slots say."""
        raise NotImplementedError

    def get(self, request: Request) -> Response:
        """304 for one cheap query when the client's copy is current, else the answer, in one query too."""
        bbox, vehicle = self._bbox(request), vehicle_of(request)
        now = timezone.now()
        asked = request.headers.get("If-None-Match")
        if asked:
            etag = etag_of(selectors.map_version(bbox, now, vehicle))
            if matches(asked, etag):
                return _fresh(Response(status=304), etag)
        answer = self.answer(bbox, now, vehicle)
        return _fresh(Response(answer.geojson), etag_of(answer.version))

    def _bbox(self, request: Request) -> BBox:
        values = request.query_params.getlist("bbox")
        if len(values) != 1:
            what = "it is missing" if not values else f"it comes {len(values)} times"
            raise BadParameter("bbox", f"{what}; send bbox=west,south,east,north once, in WGS 84 degrees.")
        try:
            return BBox.parse(values[0], max_span_deg=self.max_span_deg)
        except BBoxRefused as refusal:
            raise BadParameter("bbox", str(refusal)) from refusal


def _fresh(response: Response, etag: str) -> Response:
    response["ETag"] = etag
    response["Cache-Control"] = CACHE_CONTROL
    # A 304 and a short answer are never compressed, but another answer of this address may be.
    patch_vary_headers(response, ("Accept", "Accept-Encoding"))
    return response


class ZonesView(MapView):
    """Zones with their counts."""

    max_span_deg = 5.0

    @extend_schema(
        operation_id="listZones",
        summary="Parking zones in a box, with the count of free spaces",
        description=schemas.ZONES_TEXT,
        parameters=[schemas.bbox_parameter(5.0), *schemas.VEHICLE, schemas.IF_NONE_MATCH],
        responses=schemas.map_responses(schemas.ZONES),
    )
    def get(self, request: Request) -> Response:
        """See MapView."""
        return super().get(request)

    def answer(self, bbox: BBox, now: dt.datetime, vehicle: VehicleClass | None) -> MapAnswer:
        """Zones by slug."""
        return selectors.zones_geojson(bbox, now, vehicle)


class SpacesView(MapView):
    """Single free spaces."""

    max_span_deg = 0.25

    @extend_schema(
        operation_id="listSpaces",
        summary="Free spaces in a box",
        description=schemas.SPACES_TEXT,
        parameters=[schemas.bbox_parameter(0.25), *schemas.VEHICLE, schemas.IF_NONE_MATCH],
        responses=schemas.map_responses(schemas.SPACES),
    )
    def get(self, request: Request) -> Response:
        """See MapView."""
        return super().get(request)

    def answer(self, bbox: BBox, now: dt.datetime, vehicle: VehicleClass | None) -> MapAnswer:
        """Spaces that are offered now."""
        return selectors.spaces_geojson(bbox, now, vehicle)


class VehicleClassesView(PublicView):
    """The vehicle sizes that zones are laid out for."""

    @extend_schema(
        operation_id="listVehicleClasses",
        summary="Vehicle sizes that zones are laid out for, from small to large",
        description=schemas.VEHICLE_CLASSES_TEXT,
        responses={200: OpenApiResponse(schemas.VEHICLE_CLASSES)},
    )
    def get(self, request: Request) -> Response:
        """A setting of the site; it changes when the site is started anew."""
        classes = [
            {"length_m": found.length_m, "width_m": found.width_m} for found in selectors.vehicle_classes()
        ]
        return Response({"classes": classes}, headers={"Cache-Control": "public, max-age=300"})


class IndexView(PublicView):
    """Where things are."""

    @extend_schema(
        operation_id="getIndex", summary="Where things are", responses={200: OpenApiResponse(schemas.INDEX)}
    )
    def get(self, request: Request) -> Response:
        """Absolute addresses."""
        links = [
            ("self", "api:index", "application/json", "This page"),
            (
                "service-desc",
                "api:schema",
                "application/vnd.oai.openapi+json",
                "The API's OpenAPI description",
            ),
            ("zones", "api:zones", "application/geo+json", "Parking zones; needs bbox=west,south,east,north"),
            ("spaces", "api:spaces", "application/geo+json", "Free spaces; needs bbox=west,south,east,north"),
            ("vehicle-classes", "api:vehicle-classes", "application/json", "Vehicle sizes that zones know"),
        ]
        return Response(
            {
                "title": "SPARK",
                "description": "Free parking on streets without marked stalls.",
                "links": [
                    {"rel": rel, "href": reverse(name, request=request), "type": kind, "title": title}
                    for rel, name, kind, title in links
                ],
            }
        )


def slash_missing(request: HttpRequest) -> HttpResponse:
    """To the address with its slash; Django's own redirect cannot be followed by pages of other sites."""
    response = HttpResponsePermanentRedirect(request.get_full_path(force_append_slash=True))
    response["Access-Control-Allow-Origin"] = "*"
    return response


class NothingHereView(PublicView):
    """Every other address beneath the API, so that its 404 is a problem document too."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Whatever is asked, there is nothing."""
        raise Http404


class SchemaView(PublicView, SpectacularAPIView):
    """The OpenAPI description, YAML or JSON by Accept or `?format=`."""

    renderer_classes = SpectacularAPIView.renderer_classes
    parameters = ("lang",)
