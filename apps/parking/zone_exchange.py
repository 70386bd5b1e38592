# SPDX-License-Identifier: AGPL-3.0-or-later
"""Zones to and from files in the admin: looked at first, written only when confirmed, in one transaction."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from apps.parking import selectors, services
from apps.parking.models import ParkingZone
from apps.parking.osm_files import OSM_ENDINGS, OsmFileRefused
from apps.parking.osm_zones import LICENCE
from apps.parking.zone_export import ZonesNotWritten, write_zones
from apps.parking.zone_files import ENDINGS, ZIPPED, ZoneFileRefused
from apps.parking.zone_plans import (
    Plan,
    PlanLost,
    PlanTooLarge,
    read_plan,
    sign_plan,
    survey_file,
    survey_osm,
)

__all__ = ["exchange_urls"]

#: Far more than a town's zones take.
MAX_FILE_BYTES = 20 * 1024 * 1024
EXPORTS = {
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
    "zip": "application/zip",
}
_CHANGES_URL = "admin:parking_parkingzone_changelist"


class ZoneFileForm(forms.Form):
    """A file, of what kind, and in which coordinates where it does not say."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What is in it"),
        choices=(
            ("zones", gettext_lazy("zones: GeoJSON, GeoPackage, or a Shapefile as one ZIP")),
            ("osm", gettext_lazy("an OpenStreetMap extract: its street parking becomes proposals")),
        ),
        widget=forms.RadioSelect,
        initial="zones",
    )
    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=forms.ClearableFileInput(
            attrs={"accept": ",".join(sorted({*ENDINGS, ZIPPED, *OSM_ENDINGS, ".pbf"} - {".shp"}))}
        ),
    )
    epsg = forms.IntegerField(
        label=gettext_lazy("EPSG code"),
        required=False,
        min_value=1024,
        max_value=999_999,
        help_text=gettext_lazy("Only where the file does not say its coordinate system, e.g. 32636."),
    )

    def clean_file(self) -> Any:
        """Refuse what is too large before anything looks at it."""
        file = self.cleaned_data["file"]
        if file.size > MAX_FILE_BYTES:
            raise forms.ValidationError(
                _(
                    "The file has %(have)d MB; %(most)d MB are the most. `manage.py import_zones` takes larger ones."
                )
                % {"have": file.size // 2**20, "most": MAX_FILE_BYTES // 2**20}
            )
        return file


def exchange_urls(model_admin: Any) -> list[Any]:
    """The pages' addresses, below the zones' own."""

    def wrap(view: Any) -> Any:
        def checked(request: HttpRequest, **values: Any) -> HttpResponse:
            return view(request, model_admin, **values)

        return model_admin.admin_site.admin_view(never_cache(checked))

    return [
        path("import/", wrap(_import), name="parking_parkingzone_import"),
        path("export/<str:ending>/", wrap(_export), name="parking_parkingzone_export"),
    ]


@require_http_methods(["GET", "POST"])
def _import(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """A file is chosen; what it would do is shown; what is ticked is done."""
    if not (model_admin.has_add_permission(request) and model_admin.has_change_permission(request)):
        raise PermissionDenied
    if "plan" in request.POST:
        return _carry_out(request, model_admin)
    form = ZoneFileForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        try:
            plan = _survey(form)
            context |= {
                "plan": plan,
                "signed": sign_plan(plan, request.user.pk),
                "licence": LICENCE,
            } | _counts(plan)
        except ZoneFileRefused as error:
            for problem in error.problems:
                form.add_error("file", problem)
        except OsmFileRefused as error:
            form.add_error("file", str(error).partition(": ")[2])  # without the name that it was stored under
        except PlanTooLarge as error:
            form.add_error("file", str(error))
    return _page(request, model_admin, context)


def _survey(form: ZoneFileForm) -> Plan:
    file = form.cleaned_data["file"]
    if form.cleaned_data["kind"] == "osm":
        return survey_osm(file)
    return survey_file(file, epsg=form.cleaned_data["epsg"])


def _counts(plan: Plan) -> dict[str, int]:
    return {
        f"count_{kind}": sum(row.kind == kind for row in plan.rows)
        for kind in ("new", "changed", "unchanged", "judged", "refused")
    }


def _page(request: HttpRequest, model_admin: Any, context: dict[str, Any]) -> HttpResponse:
    base = {
        **model_admin.admin_site.each_context(request),
        "title": _("Import and export zones"),
        "opts": model_admin.opts,
    }
    return TemplateResponse(request, "admin/parking/parkingzone/import.html", base | context)


def _carry_out(request: HttpRequest, model_admin: Any) -> HttpResponse:
    back = HttpResponseRedirect(reverse("admin:parking_parkingzone_import"))
    try:
        proposals, planned = read_plan(request.POST["plan"], request.user.pk)
        ticked = [planned[slug] for slug in request.POST.getlist("zone") if slug in planned]
        if not ticked:
            messages.warning(request, _("Nothing was ticked, and nothing was written."))
            return back
        specs = [spec for spec, _based_on in ticked]
        if proposals:
            written = services.propose_zones(specs)
        else:
            written = services.write_zones(specs, {spec.slug: based_on for spec, based_on in ticked})
    except (PlanLost, services.ZoneChangedMeanwhile, services.ZoneRefused) as error:
        messages.error(request, _("Nothing was written. %s") % error)
        return back
    for zone in ParkingZone.objects.filter(slug__in=[*written.created, *written.updated]):
        model_admin.log_change(
            request, zone, "Proposed by an extract." if proposals else "Imported from a file."
        )
    counts = {"new": len(written.created), "changed": len(written.updated)}
    if proposals:
        messages.success(request, _("%(new)d zones proposed, %(changed)d proposals renewed.") % counts)
        return HttpResponseRedirect(reverse(_CHANGES_URL) + "?standing__exact=proposed")
    messages.success(request, _("%(new)d zones made, %(changed)d changed.") % counts)
    return HttpResponseRedirect(reverse(_CHANGES_URL))


@require_GET
def _export(request: HttpRequest, model_admin: Any, ending: str) -> HttpResponse:
    """All zones as a file, as `manage.py export_zones` writes them."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    if ending not in EXPORTS:
        return HttpResponse(status=404)
    name = f"zones-{timezone.now():%Y-%m-%d}.{ending}"
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / name
        try:
            write_zones(target, selectors.zone_specs())
        except ZonesNotWritten as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(reverse(_CHANGES_URL))
        data = target.read_bytes()
    return HttpResponse(
        data, content_type=EXPORTS[ending], headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
