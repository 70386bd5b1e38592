# SPDX-License-Identifier: AGPL-3.0-or-later
"""Zones are drawn and edited on a map; what was seen of them is shown, and cannot be edited."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.gis.db.models.functions import AsGeoJSON, Transform
from django.forms import Media, ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from leaflet.admin import LeafletAdminWidget, LeafletGeoAdmin

from apps.parking import selectors, services
from apps.parking.choices import ZoneState
from apps.parking.models import ParkingZone, ZoneSnapshot
from apps.parking.shapes import to_shapely

#: How many of the last layouts a zone's page shows.
LAST_SNAPSHOTS = 10
#: The outlines are a guide only; more of them would slow the page.
MAX_OUTLINES = 500
#: 1 mm, so that opening and saving a zone does not move it.
DRAWING_DECIMALS = 8


class ZoneMapWidget(LeafletAdminWidget):
    """django-leaflet's editor with the settings that a street needs."""

    geometry_field_class = "L.SparkZoneField"

    @property
    def media(self) -> Media:
        """Our field after all it builds on: lists that are merged keep no order between them, one list does."""
        leaflet = super().media
        css = {"screen": [*leaflet._css.get("screen", []), "parking/admin.css"]}
        return Media(js=[*leaflet._js, "parking/zone-field.js"], css=css)


@admin.register(ParkingZone)
class ParkingZoneAdmin(LeafletGeoAdmin):
    """Draw zones, set their rules, see what is known of them."""

    widget = ZoneMapWidget
    list_display = ("name", "slug", "state", "free_now", "found_of", "seen_ago", "mode", "access", "enabled")
    list_filter = ("enabled", "access", "mode")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = (
        "state",
        "free_now",
        "found_of",
        "for_vehicles",
        "seen_ago",
        "seen_by",
        "last_snapshots",
    )
    fieldsets = (
        (None, {"fields": ("name", "slug", "enabled", "access")}),
        (_("Ground"), {"fields": ("geometry", "kerb", "access_edges")}),
        (
            _("How cars stand"),
            {
                "fields": (
                    "mode",
                    "angle_deg",
                    "slot_length_m",
                    "slot_width_m",
                    "spacing_m",
                    "mixed_sizes",
                    "validity_s",
                )
            },
        ),
        (
            _("Now"),
            {
                "fields": (
                    "state",
                    "free_now",
                    "found_of",
                    "for_vehicles",
                    "seen_ago",
                    "seen_by",
                    "last_snapshots",
                )
            },
        ),
    )

    @property
    def settings_overrides(self) -> dict[str, Any]:
        """Tiles only from the site's own setting; without one, a plain background and no third party."""
        tiles = []
        if settings.SPARK_TILE_URL:
            options = {"attribution": settings.SPARK_TILE_ATTRIBUTION, "maxZoom": 22, "maxNativeZoom": 19}
            tiles = [(_("Map"), settings.SPARK_TILE_URL, options)]
        return {
            "TILES": tiles,
            "MAX_ZOOM": 22,
            "RESET_VIEW": False,
            "DEFAULT_PRECISION": DRAWING_DECIMALS,
            "ATTRIBUTION_PREFIX": "Leaflet",
        }

    def get_readonly_fields(self, request: HttpRequest, obj: ParkingZone | None = None) -> tuple[str, ...]:
        """A slug is in addresses, files and the cameras' results; it is given once."""
        return ("slug", *self.readonly_fields) if obj else self.readonly_fields

    def get_prepopulated_fields(self, request: HttpRequest, obj: ParkingZone | None = None) -> dict[str, Any]:
        """Nothing to fill in once the slug stands."""
        return {} if obj else self.prepopulated_fields

    def save_model(self, request: HttpRequest, obj: ParkingZone, form: ModelForm, change: bool) -> None:
        """Write through the services, like every other way in."""
        saved = services.save_zone(obj)
        obj.pk, obj.version = saved.pk, saved.version

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Hand the zones' outlines to the maps."""
        context = (extra_context or {}) | {"zone_outlines": _outlines(object_id)}
        return super().changeform_view(request, object_id, form_url, context)

    @admin.display(description=_("state"))
    def state(self, zone: ParkingZone) -> str:
        """Free, full, or unknown with the reason."""
        now = timezone.now()
        found = selectors.zone_state(zone, now)
        if not zone.enabled:
            return _("switched off")
        if found != ZoneState.UNKNOWN:
            return _("live: %(state)s") % {"state": found.label}
        if zone.observed_at is None:
            return _("unknown: no camera has seen it yet")
        if not zone.is_live(now):
            return _("unknown: not seen for longer than its validity")
        return _("unknown: too little of it is seen, or a space waits for its next frame")

    @admin.display(description=_("free spaces"))
    def free_now(self, zone: ParkingZone) -> str:
        """The count, or a dash: unknown is not 0."""
        return str(zone.free_count) if zone.is_live(timezone.now()) and zone.free_count is not None else "–"

    @admin.display(description=_("found"))
    def found_of(self, zone: ParkingZone) -> str:
        """How many spaces the last layout holds, and how many any layout could hold at most: how good the answer is."""
        if not zone.is_live(timezone.now()):
            return "–"
        return _of_at_most(zone.found_count, zone.bound)

    @admin.display(description=_("free for vehicles up to"))
    def for_vehicles(self, zone: ParkingZone) -> str:
        """The count for each vehicle class; a dash where it is not known."""
        live = zone.is_live(timezone.now())
        counts = [
            (str(vehicle), "–" if not live else _or_dash(zone.class_counts.get(vehicle.key)))
            for vehicle in selectors.vehicle_classes()
        ]
        return _table((_("vehicle"), _("free spaces")), counts) if counts else "–"

    @admin.display(description=_("seen"), ordering="observed_at")
    def seen_ago(self, zone: ParkingZone) -> str:
        """How long ago."""
        return _ago(zone.observed_at)

    @admin.display(description=_("cameras that see it"))
    def seen_by(self, zone: ParkingZone) -> str:
        """Each camera, how long ago it saw the zone, and how much of it."""
        if zone.pk is None:
            return "–"
        outline = to_shapely(zone.geometry)
        rows = [
            (row.camera.name, _ago(row.observed_at), f"{to_shapely(row.seen).area / outline.area:.0%}")
            for row in selectors.last_observations(zone)
        ]
        return _table((_("camera"), _("seen"), _("share of the zone")), rows) if rows else _("none so far")

    @admin.display(description=_("last layouts"))
    def last_snapshots(self, zone: ParkingZone) -> str:
        """The newest entries of the history."""
        if zone.pk is None:
            return "–"
        rows = [
            (
                snapshot.version,
                f"{snapshot.observed_at:%Y-%m-%d %H:%M:%S}",
                _of_at_most(snapshot.free_count, snapshot.bound),
                f"{snapshot.free_m2:.0f} / {snapshot.occupied_m2:.0f} / {snapshot.unknown_m2:.0f} m²",
                snapshot.camera.name if snapshot.camera else "–",
            )
            for snapshot in zone.snapshots.select_related("camera")[:LAST_SNAPSHOTS]
        ]
        heads = (_("version"), _("observed (UTC)"), _("found"), _("free / occupied / unknown"), _("camera"))
        return _table(heads, rows) if rows else _("none so far")


@admin.register(ZoneSnapshot)
class ZoneSnapshotAdmin(admin.ModelAdmin):
    """The history, to read."""

    list_display = (
        "zone",
        "version",
        "observed_at",
        "free_count",
        "bound",
        "gap",
        "free_m2",
        "occupied_m2",
        "unknown_m2",
        "camera",
    )
    list_filter = ("zone", "camera")
    list_select_related = ("zone", "camera")
    date_hierarchy = "observed_at"

    @admin.display(description=_("gap"))
    def gap(self, snapshot: ZoneSnapshot) -> str:
        """How many more spaces than were found there might be at most."""
        if snapshot.bound is None or snapshot.free_count is None:
            return "–"
        return str(snapshot.bound - snapshot.free_count)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only publishing appends."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: ZoneSnapshot | None = None) -> bool:
        """Never edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ZoneSnapshot | None = None) -> bool:
        """Never deleted by hand, except with its zone."""
        return request.resolver_match is not None and "parkingzone" in (request.resolver_match.url_name or "")


def _outlines(object_id: str | None) -> dict[str, Any]:
    """All zones in WGS 84; the one that is being edited says so."""
    rows = ParkingZone.objects.annotate(outline=AsGeoJSON(Transform("geometry", 4326), precision=7))
    features = [
        {"type": "Feature", "properties": {"own": str(pk) == object_id}, "geometry": json.loads(outline)}
        for pk, outline in rows.values_list("pk", "outline")[:MAX_OUTLINES]
    ]
    return {"type": "FeatureCollection", "features": features}


def _or_dash(count: int | None) -> str:
    return "–" if count is None else str(count)


def _of_at_most(count: int | None, bound: int | None) -> str:
    """A count with its proven upper limit."""
    if count is None or bound is None:
        return _or_dash(count)
    if count == bound:
        return _("%(count)d, which is the most possible") % {"count": count}
    return _("%(count)d of at most %(bound)d") % {"count": count, "bound": bound}


def _ago(moment: dt.datetime | None) -> str:
    if moment is None:
        return _("never")
    age_s = round((timezone.now() - moment).total_seconds())
    if age_s < 120:
        return _("%(n)d s ago") % {"n": age_s}
    if age_s < 2 * 3600:
        return _("%(n)d min ago") % {"n": age_s // 60}
    return _("%(n)d h ago") % {"n": age_s // 3600}


def _table(heads: tuple[Any, ...], rows: list[tuple[Any, ...]]) -> str:
    head = format_html_join("", "<th>{}</th>", ((text,) for text in heads))
    body = format_html_join(
        "", "<tr>{}</tr>", ((format_html_join("", "<td>{}</td>", ((cell,) for cell in row)),) for row in rows)
    )
    return format_html('<table class="spark-facts"><tr>{}</tr>{}</table>', head, body)
