# SPDX-License-Identifier: AGPL-3.0-or-later
"""Zones: their rules and what is known of them. Their ground is drawn in the editor (`zone_editing`), files come and go by
`zone_exchange`; what was seen of a zone is shown, and cannot be edited."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from apps.parking import selectors, services
from apps.parking.choices import Standing, ZoneState
from apps.parking.models import ParkingZone, ZoneSnapshot
from apps.parking.shapes import to_shapely
from apps.parking.zone_editing import editing_urls
from apps.parking.zone_exchange import exchange_urls

#: How many of the last layouts a zone's page shows.
LAST_SNAPSHOTS = 10


@admin.register(ParkingZone)
class ParkingZoneAdmin(admin.ModelAdmin):
    """Set zones' rules, see what is known of them, judge proposals; the way to the editor and to files."""

    list_display = (
        "name", "on_the_map", "state", "free_now", "found_of", "seen_ago", "mode", "access", "hours", "enabled",
    )  # fmt: skip

    class Media:
        css = {"screen": ["parking/admin.css"]}

    list_filter = ("standing", "enabled", "access", "mode")
    search_fields = ("name", "slug", "source")
    actions = ("accept", "decline")
    change_list_template = "admin/parking/parkingzone/change_list.html"
    readonly_fields = (
        "slug",
        "on_the_map",
        "standing",
        "source",
        "licence",
        "state",
        "free_now",
        "found_of",
        "for_vehicles",
        "seen_ago",
        "seen_by",
        "last_snapshots",
    )
    fieldsets = (
        (None, {"fields": ("name", "slug", "enabled", "access", "hours", "on_the_map")}),
        (_("Where it comes from"), {"fields": ("standing", "source", "licence")}),
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

    def get_urls(self) -> list[Any]:
        """The editor and the files, before the addresses of single zones."""
        return [*editing_urls(self), *exchange_urls(self), *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A zone begins with its ground: in the editor."""
        return HttpResponseRedirect(reverse("admin:parking_parkingzone_draw_new"))

    def get_form(self, request: HttpRequest, obj: ParkingZone | None = None, **kwargs: Any) -> Any:
        """What waits to be accepted cannot be switched on."""
        form = super().get_form(request, obj, **kwargs)
        if obj is not None and obj.standing != Standing.ACCEPTED and "enabled" in form.base_fields:
            form.base_fields["enabled"].disabled = True
        return form

    @admin.action(description=_("Accept and switch on"), permissions=["change"])
    def accept(self, request: HttpRequest, queryset: QuerySet[ParkingZone]) -> None:
        """Make proposals the site's own."""
        self._judged(request, services.accept_zones(queryset.values_list("slug", flat=True)), _("accepted"))

    @admin.action(description=_("Decline"), permissions=["change"])
    def decline(self, request: HttpRequest, queryset: QuerySet[ParkingZone]) -> None:
        """Keep proposals from coming again."""
        self._judged(request, services.decline_zones(queryset.values_list("slug", flat=True)), _("declined"))

    def _judged(self, request: HttpRequest, slugs: list[str], word: Any) -> None:
        for zone in ParkingZone.objects.filter(slug__in=slugs):
            self.log_change(request, zone, str(word))
        messages.success(request, _("%(count)d %(word)s.") % {"count": len(slugs), "word": word})

    @admin.display(description=_("map"))
    def on_the_map(self, zone: ParkingZone) -> str:
        """The way to the editor."""
        url = reverse("admin:parking_parkingzone_draw", args=(zone.pk,))
        return format_html('<a class="button" href="{}">{}</a>', url, _("Draw"))

    def save_model(self, request: HttpRequest, obj: ParkingZone, form: ModelForm, change: bool) -> None:
        """Write through the services, like every other way in."""
        saved = services.save_zone(obj)
        obj.pk, obj.version = saved.pk, saved.version

    @admin.display(description=_("state"))
    def state(self, zone: ParkingZone) -> str:
        """Free, full, or unknown with the reason."""
        now = timezone.now()
        found = selectors.zone_state(zone, now)
        if zone.standing != Standing.ACCEPTED:
            return zone.get_standing_display()
        if not zone.enabled:
            return _("switched off")
        if zone.is_closed(now):
            return _("closed by its hours")
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
