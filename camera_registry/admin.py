# SPDX-License-Identifier: AGPL-3.0-or-later
"""The camera page: how it is doing, why frames were refused, how it logs in, what it was calibrated with."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from camera_registry import selectors, services
from camera_registry.admin_alerts import ALERT_FIELDS, AlertsOnThePage
from camera_registry.admin_forms import CameraForm, CameraKeyForm
from camera_registry.admin_switch import SwitchOnThePage
from camera_registry.calibrating import calibrating_urls
from camera_registry.choices import CameraState, ViewStatus
from camera_registry.keys import host_key_fingerprints
from camera_registry.models import Camera, CameraKey, Rejection


class CameraKeyInline(admin.StackedInline):
    """Keys are added and removed, never edited."""

    model = CameraKey
    form = CameraKeyForm
    fields = ("public_key", "comment", "created_at", "stops_at")
    readonly_fields = ("created_at", "stops_at")
    extra = 0

    def has_change_permission(self, request: HttpRequest, obj: Camera | None = None) -> bool:
        return False


def _ago(moment: dt.datetime | None) -> str:
    if moment is None:
        return "–"
    return _("%(ago)s ago (%(at)s UTC)") % {
        "ago": timesince(moment),
        "at": moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S"),
    }


def _door_host() -> Any:
    """What to type as the server: the address the door listens on, unless that is "all of them"."""
    host = settings.SPARK_SFTP_HOST
    return _("this machine's name") if host in ("", "0.0.0.0", "::") else host


@admin.register(Camera)
class CameraAdmin(AlertsOnThePage, SwitchOnThePage, admin.ModelAdmin):
    """Cameras, written through the services."""

    form = CameraForm
    inlines = (CameraKeyInline,)
    list_display = (
        "name", "title", "state", "view", "last_frame", "last_cars", "refused", "calibration", "enabled",
    )  # fmt: skip
    list_filter = ("enabled",)
    search_fields = ("name", "title")
    list_select_related = ("calibration", "calibration__camera", "view_check")
    readonly_fields = (
        "state", "switched_off", "headline", "view", "view_actions", "last_frame", "last_analysis", "rejections_table",
        "door", "password", "alerts_sent",
        "calibrations_table", "image_size_px", "blind_ground_m2",
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": ("name", "title", "owner", "enabled", "switched_off")}),
        (
            _("How it is doing"),
            {
                "fields": (
                    "state", "headline", "view", "view_actions", "last_frame", "last_analysis", "rejections_table",
                )
            },
        ),
        (_("Who is told when it is in trouble"), {"fields": ALERT_FIELDS}),
        (_("How it uploads"), {"fields": ("expected_interval_s", "door", "password")}),
        (
            _("What it sees"),
            {
                "fields": (
                    "image_size_px", "calibrations_table", "calibration_file", "calibration_note",
                    "max_range_m", "blind_ground_m2", "blind_ground_file",
                )
            },
        ),
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Camera | None = None) -> tuple[str, ...]:
        """The name is the account and the folder; it is given once."""
        return ("name", *self.readonly_fields) if obj else self.readonly_fields

    def get_fieldsets(self, request: HttpRequest, obj: Camera | None = None) -> Any:
        """A camera that is not there yet has no state."""
        if obj is not None:
            return self.fieldsets
        return (
            (None, {"fields": ("name", "title", "owner", "enabled", "expected_interval_s", "max_range_m")}),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Camera]:
        return super().get_queryset(request).prefetch_related("rejections")

    # --- writing -----------------------------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: Camera, form: ModelForm, change: bool) -> None:
        """Through the services, like every other way in."""
        names = (
            "title", "owner", "enabled", "expected_interval_s", "max_range_m", "alert_by_email", "alert_language",
            "alert_webhook",
        )  # fmt: skip
        fields = {name: form.cleaned_data[name] for name in names if name in form.cleaned_data}
        if form.cleaned_data.get("blind_ground_file"):
            fields["blind_ground"] = form.cleaned_data["blind_ground_file"]
        obj.pk = services.register_camera(obj.name, by=request.user, **fields).pk
        data = form.cleaned_data.get("calibration_file")
        if data:
            note = form.cleaned_data.get("calibration_note", "")
            row = services.import_calibration(obj, data, note=note, user=request.user)
            messages.info(request, _("Calibration version %d is in use.") % row.version)

    def save_formset(self, request: HttpRequest, form: ModelForm, formset: Any, change: bool) -> None:
        """Keys are added and removed through the services."""
        formset.save(commit=False)
        formset.new_objects = [
            services.add_key(form.instance, key.public_key, comment=key.comment)
            for key in formset.new_objects
        ]
        for key in formset.deleted_objects:
            services.remove_key(key)

    def delete_model(self, request: HttpRequest, obj: Camera) -> None:
        services.remove_camera(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Camera]) -> None:
        for camera in queryset:
            services.remove_camera(camera)

    # --- actions on one camera, as buttons of its form -----------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        def wrap(view: Any) -> Any:
            return self.admin_site.admin_view(never_cache(view))

        return [
            path("<int:pk>/password/", wrap(self.new_password), name="camera_registry_camera_password"),
            path("<int:pk>/no-password/", wrap(self.no_password), name="camera_registry_camera_no_password"),
            path("<int:pk>/use/<int:version>/", wrap(self.use_version), name="camera_registry_camera_use"),
            path("<int:pk>/recount/", wrap(self.recount), name="camera_registry_camera_recount"),
            path("<int:pk>/accept-view/", wrap(self.accept_view), name="camera_registry_camera_accept_view"),
            path("<int:pk>/forget-view/", wrap(self.forget_view), name="camera_registry_camera_forget_view"),
            *self.alert_urls(),
            *self.switch_urls(),
            *calibrating_urls(self),
            *super().get_urls(),
        ]

    def _camera(self, request: HttpRequest, pk: int) -> Camera | HttpResponse:
        camera = get_object_or_404(Camera, pk=pk)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_change_permission(request, camera):
            return HttpResponse(status=403)
        return camera

    def _back(self, request: HttpRequest, camera: Camera, message: Any) -> HttpResponse:
        self.log_change(request, camera, str(message))
        messages.success(request, message)
        return HttpResponseRedirect(reverse("admin:camera_registry_camera_change", args=(camera.pk,)))

    def new_password(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make a password and show it, this once."""
        camera = self._camera(request, pk)
        if isinstance(camera, HttpResponse):
            return camera
        password = services.set_generated_password(camera)
        self.log_change(request, camera, "Set a generated password.")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Password of %s") % camera.name,
            "opts": self.opts,
            "camera": camera,
            "password": password,
            "fingerprints": host_key_fingerprints(Path(settings.SPARK_SFTP_HOST_KEY)),
            "host": _door_host(),
            "port": settings.SPARK_SFTP_PORT,
        }
        return TemplateResponse(request, "admin/camera_registry/camera/password.html", context)

    def no_password(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Keys only, from now on."""
        camera = self._camera(request, pk)
        if isinstance(camera, HttpResponse):
            return camera
        services.remove_password(camera)
        return self._back(request, camera, _("The password is gone; only keys open the door now."))

    def use_version(self, request: HttpRequest, pk: int, version: int) -> HttpResponse:
        """Use another version of the calibration."""
        camera = self._camera(request, pk)
        if isinstance(camera, HttpResponse):
            return camera
        services.activate_calibration(get_object_or_404(camera.calibrations, version=version))
        return self._back(request, camera, _("Calibration version %d is in use.") % version)

    def recount(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Begin counting refused frames anew."""
        camera = self._camera(request, pk)
        if isinstance(camera, HttpResponse):
            return camera
        services.forget_rejections(camera.name)
        return self._back(request, camera, _("Refused frames are counted anew."))

    def accept_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Use the calibration repaired by the shift that was found."""
        camera = self._camera(request, pk)
        if isinstance(camera, HttpResponse):
            return camera
        try:
            row = services.accept_moved_view(camera, user=request.user)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return HttpResponseRedirect(reverse("admin:camera_registry_camera_change", args=(camera.pk,)))
        return self._back(
            request, camera, _("The repaired calibration, version %d, is in use.") % row.version
        )

    def forget_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take the next frame for what the calibrated view looks like."""
        camera = self._camera(request, pk)
        if isinstance(camera, HttpResponse):
            return camera
        services.forget_view(camera)
        return self._back(
            request, camera, _("The next frame becomes the view that later ones are compared with.")
        )

    # --- what is shown -----------------------------------------------------------------------------------------------

    @admin.display(description=_("state"))
    def state(self, camera: Camera) -> str:
        """Live, late, off or never, in words and with a mark that needs no colour."""
        state = camera.state(timezone.now())
        marks = {
            CameraState.LIVE: "●", CameraState.SUSPENDED: "‖", CameraState.LATE: "◐", CameraState.NEVER: "○",
            CameraState.OFF: "✕",
        }  # fmt: skip
        return f"{marks[state]} {state.label}"

    @admin.display(description=_("view"))
    def view(self, camera: Camera) -> str:
        """Where the camera looks against its calibration, since when, and what its last bad frame looked like."""
        check = camera.current_view_check
        if check is None:
            return _("not compared yet")
        words = check.get_status_display()
        if check.status != ViewStatus.UNRECOGNISED:
            words = f"{words}, {check.shift_px:.1f} px"
        if check.suspended:
            words = f"{words}, {_ago(check.since)}. {check.detail}"
        return words

    @admin.display(description=_("when the camera has moved"))
    def view_actions(self, camera: Camera) -> str:
        """Accepting a repaired calibration; and what only a person can know, that the view is right as it is."""
        check = camera.current_view_check
        if check is None:
            return "–"
        forget = self._button(
            "camera_registry_camera_forget_view", (camera.pk,), _("It looks right: learn the view anew")
        )
        if check.status not in (ViewStatus.MOVED, ViewStatus.CORRECTED):
            return forget
        accept = self._button(
            "camera_registry_camera_accept_view", (camera.pk,),
            _("Use the calibration repaired by %.0f px") % check.shift_px,
        )  # fmt: skip
        return format_html("{} {}", accept, forget)

    @admin.display(description=_("last frame"), ordering="last_received_at")
    def last_frame(self, camera: Camera) -> str:
        """When the last good frame came."""
        return _ago(camera.last_received_at)

    @admin.display(description=_("last analysis"))
    def last_analysis(self, camera: Camera) -> str:
        """Of which frame, and how many cars it showed."""
        if camera.last_analysed_at is None:
            return "–"
        return _("frame of %(ago)s; cars: %(cars)s") % {
            "ago": _ago(camera.last_analysed_at),
            "cars": camera.last_cars,
        }

    @admin.display(description=_("refused"))
    def refused(self, camera: Camera) -> int:
        """How many frames ended in a reason that is somebody's fault."""
        return sum(r.count for r in camera.rejections.all() if r.reason != "replaced")

    @admin.display(description=_("frames that were not analysed"))
    def rejections_table(self, camera: Camera) -> str:
        """Reasons, counts, and what was said the last time."""
        rows = sorted(camera.rejections.all(), key=lambda row: row.last_at, reverse=True)
        if not rows:
            return _("none")
        lines = format_html_join(
            "",
            "<tr><td><code>{}</code> {}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            ((r.reason, r.get_reason_display(), r.count, _ago(r.last_at), r.last_detail) for r in rows),
        )
        head = format_html(
            "<tr><th>{}</th><th>{}</th><th>{}</th><th>{}</th></tr>",
            _("reason"), _("count"), _("last time"), _("detail of the last one"),
        )  # fmt: skip
        button = self._button("camera_registry_camera_recount", (camera.pk,), _("Count anew"))
        return format_html("<table>{}{}</table>{}", head, lines, button)

    @admin.display(description=_("SFTP door"))
    def door(self, camera: Camera) -> str:
        """What the owner types into the camera, and compares with what it shows."""
        fingerprints = host_key_fingerprints(Path(settings.SPARK_SFTP_HOST_KEY))
        keys = format_html_join("", "<br>{}", ((line,) for line in fingerprints)) or _(
            " not known: it never started here"
        )
        return format_html(
            _("server {}, port {}, account <strong>{}</strong>, folder /<br>host key:{}"),
            _door_host(), settings.SPARK_SFTP_PORT, camera.name, keys,
        )  # fmt: skip

    @admin.display(description=_("password"))
    def password(self, camera: Camera) -> str:
        """Whether one is set; it can be replaced and taken away, never read."""
        new = (
            _("Replace it by a new one")
            if camera.accepts_password
            else _("Allow a password (it is shown once)")
        )
        buttons = self._button("camera_registry_camera_password", (camera.pk,), new)
        if camera.accepts_password:
            remove = self._button("camera_registry_camera_no_password", (camera.pk,), _("Remove it"))
            buttons = format_html("{} {}", buttons, remove)
        said = _("set") if camera.accepts_password else _("none: only keys open the door")
        return format_html("{} {}", said, buttons)

    @admin.display(description=_("calibrations"))
    def calibrations_table(self, camera: Camera) -> str:
        """Every version, with its error in metres; an older one can be used again."""
        rows = []
        for row in camera.calibrations.all():
            if row.pk == camera.calibration_id:
                use: Any = _("in use")
            else:
                use = self._button("camera_registry_camera_use", (camera.pk, row.version), _("Use this one"))
            error = "–" if row.rmse_m is None else f"{row.rmse_m:.2f} m"
            left_out = "–" if row.loo_rmse_m is None else f"{row.loo_rmse_m:.2f} m"
            points = sum("height_m" not in point for point in row.points) or "–"
            made = (row.version, _ago(row.created_at), row.created_by or "–")
            rows.append((*made, points, error, left_out, row.note, use))
        link = format_html(
            '<p><a class="button" href="{}">{}</a></p>',
            reverse("admin:camera_registry_camera_calibrate", args=(camera.pk,)),
            _("Calibrate on the map"),
        )
        if not rows:
            return format_html("{}{}", _("none: frames are refused until there is one"), link)
        lines = format_html_join("", "<tr>" + "<td>{}</td>" * 8 + "</tr>", rows)
        head = format_html_join(
            "",
            "<th>{}</th>",
            (
                (words,)
                for words in (
                    _("version"), _("made"), _("by"), _("points"), _("error"), _("leave-one-out"), _("why"), "",
                )
            ),
        )  # fmt: skip
        return format_html("<table><tr>{}</tr>{}</table>{}", head, lines, link)

    @admin.display(description=_("picture size"))
    def image_size_px(self, camera: Camera) -> str:
        """Width and height that frames must have; the calibration says."""
        size = camera.image_size
        return f"{size[0]} × {size[1]} px" if size else "–"

    @admin.display(description=_("blind ground"))
    def blind_ground_m2(self, camera: Camera) -> str:
        """Its area, as a check."""
        area_m2 = selectors.blind_area_m2(camera)
        return _("none") if area_m2 is None else f"{area_m2:.0f} m²"

    def _button(self, name: str, arguments: tuple[int, ...], label: Any) -> str:
        """A button of the page's second form (change_form.html), which does one thing and saves nothing else."""
        url = reverse(f"admin:{name}", args=arguments)
        return format_html(
            '<button type="submit" class="button" form="camera-action" formaction="{}">{}</button>',
            url,
            label,
        )


@admin.register(Rejection)
class RejectionAdmin(admin.ModelAdmin):
    """Everything that was refused, also of names that belong to no camera. To look at only."""

    list_display = ("account", "reason", "count", "last_at", "last_detail")
    list_filter = ("reason",)
    search_fields = ("account",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Rejection | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Rejection | None = None) -> bool:
        return False
