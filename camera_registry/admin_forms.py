# SPDX-License-Identifier: AGPL-3.0-or-later
"""Forms of the camera page: checks with sentences that say the cure. What they change goes through the services."""

from __future__ import annotations

import json
from typing import Any

import shapely
from django import forms
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from camera_registry.calibration import Calibration
from camera_registry.keys import parse_public_key
from camera_registry.mercator import lonlat_to_3857
from camera_registry.models import Camera, CameraKey
from camera_registry.services import check_may_be_on

#: Far larger than any calibration or outline of a street.
MAX_FILE_BYTES = 2 * 1024 * 1024


class CameraForm(forms.ModelForm):
    """A camera's own fields, and files that become a new calibration or its blind ground."""

    calibration_file = forms.FileField(
        required=False,
        label=_("New calibration"),
        help_text=_(
            "The JSON that `python -m camera_registry.calibrate` writes. It becomes the version in use."
        ),
    )
    calibration_note = forms.CharField(required=False, max_length=200, label=_("Note to it"))
    blind_ground_file = forms.FileField(
        required=False,
        label=_("New blind ground"),
        help_text=_(
            "GeoJSON (longitude, latitude) of ground in the picture that cannot be seen: behind trees, poles, walls."
        ),
    )

    class Meta:
        model = Camera
        fields = (
            "name", "title", "owner", "enabled", "expected_interval_s", "max_range_m", "alert_by_email", "alert_language",
            "alert_webhook",
        )  # fmt: skip

    def clean_enabled(self) -> bool:
        """Whether it may be on is the owner's to say, where there was a consent."""
        if self.cleaned_data["enabled"]:
            try:
                check_may_be_on(self.instance)
            except ValidationError as error:
                raise ValidationError(error.messages) from error
        return bool(self.cleaned_data["enabled"])

    def clean_calibration_file(self) -> dict[str, Any] | None:
        """The calibration as a mapping that can be imported."""
        data = _json(self.cleaned_data.get("calibration_file"))
        if data is None:
            return None
        try:
            Calibration.from_json(data)
        except ValueError as error:
            raise ValidationError(str(error)) from error
        return data

    def clean_blind_ground_file(self) -> MultiPolygon | None:
        """All polygons of the file as one MultiPolygon in EPSG:3857."""
        data = _json(self.cleaned_data.get("blind_ground_file"))
        if data is None:
            return None
        try:
            # Not by GDAL: older versions of it follow addresses inside what they read.
            shapes = [shapely.from_geojson(json.dumps(geometry)) for geometry in _geometries(data)]
            polygons = [
                part for shape in shapes for part in shapely.get_parts(shape) if part.geom_type == "Polygon"
            ]
        except (shapely.errors.GEOSException, TypeError, ValueError) as error:
            raise ValidationError(_("A geometry could not be read: %s") % error) from error
        if not polygons:
            raise ValidationError(_("The file holds no polygon."))
        ground = shapely.MultiPolygon(polygons)
        if not ground.is_valid:
            raise ValidationError(_("The outline crosses itself: %s") % shapely.is_valid_reason(ground))
        projected = shapely.transform(ground, lonlat_to_3857)
        return GEOSGeometry(memoryview(shapely.to_wkb(projected)), srid=3857)


def _json(file: UploadedFile | None) -> dict[str, Any] | None:
    if not file:
        return None
    if file.size is None or file.size > MAX_FILE_BYTES:
        raise ValidationError(_("The file is too large."))
    try:
        data = json.loads(file.read().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValidationError(_("Not a JSON file: %s") % error) from error
    if not isinstance(data, dict):
        raise ValidationError(_("The file must hold one JSON object."))
    return data


def _geometries(data: dict[str, Any]) -> list[Any]:
    if data.get("type") == "FeatureCollection":
        return [f.get("geometry") for f in data.get("features") or [] if isinstance(f, dict)]
    return [data.get("geometry") if data.get("type") == "Feature" else data]


class CameraKeyForm(forms.ModelForm):
    """One public key, checked as the door will read it."""

    class Meta:
        model = CameraKey
        fields = ("public_key", "comment")
        widgets = {"public_key": forms.Textarea(attrs={"rows": 2, "cols": 60})}

    def clean_public_key(self) -> str:
        """The key as it will be kept."""
        try:
            key = parse_public_key(self.cleaned_data["public_key"])
        except ValueError as error:
            raise ValidationError(str(error)) from error
        return f"{key.line} {key.comment}".strip()
