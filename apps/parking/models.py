# SPDX-License-Identifier: AGPL-3.0-or-later
"""Parking zones, what cameras saw of them, the free spaces of now, and the history of layouts.

Written only by `apps.parking.services`. Geometries are EPSG:3857; sizes and areas are true metres. A null count
means unknown: ground that no camera saw lately is never coded as 0.
"""

from __future__ import annotations

import datetime as dt
import uuid

from django.conf import settings
from django.contrib.gis.db import models
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.parking.choices import Access, Mode, Standing
from apps.parking.hours import ALWAYS, OpenState, open_state
from apps.parking.shapes import to_shapely
from apps.parking.zones import MODE_DEFAULTS, SLOT_SIZES, ZoneSpec, zone_problems
from camera_registry.mercator import xy_3857_to_lonlat


def default_validity_s() -> int:
    """The site's validity time, seconds."""
    return int(settings.SPARK_VALIDITY_S)


class ParkingZone(models.Model):
    """A piece of ground where parking is allowed, the rules of it, and what is known of it now."""

    slug = models.SlugField(max_length=60, unique=True, help_text=_("Short name in addresses and files."))
    name = models.CharField(max_length=120, help_text=_("As people on the street call it."))
    geometry = models.PolygonField(srid=3857, help_text=_("Outline of the ground where cars may stand."))
    mode = models.CharField(max_length=16, choices=Mode.choices, default=Mode.PARALLEL)
    angle_deg = models.FloatField(
        _("angle (degrees)"),
        null=True,
        blank=True,
        help_text=_("Between slots and kerb, diagonal zones only."),
    )
    slot_length_m = models.FloatField(
        _("slot length (m)"), blank=True, help_text=_("Empty: the mode's default.")
    )
    slot_width_m = models.FloatField(
        _("slot width (m)"), blank=True, help_text=_("Empty: the mode's default.")
    )
    spacing_m = models.FloatField(
        _("spacing (m)"), blank=True, help_text=_("Gap between neighbours. Empty: the mode's default.")
    )
    kerb = models.LineStringField(
        srid=3857,
        null=True,
        blank=True,
        help_text=_("The line that cars line up along. Empty: the longest edge."),
    )
    access_edges = models.MultiLineStringField(
        srid=3857,
        null=True,
        blank=True,
        help_text=_(
            "The sides of the outline across which cars drive in, usually along the road. Only spaces that a car can"
            " reach from there are offered. Empty: every side that is not the kerb."
        ),
    )
    mixed_sizes = models.BooleanField(
        _("mixed sizes"),
        default=False,
        help_text=_(
            "Where no space of the size below fits any more, offer spaces for smaller cars too. Without it all spaces"
            " have one size."
        ),
    )
    access = models.CharField(max_length=16, choices=Access.choices, default=Access.PUBLIC)
    hours = models.CharField(
        max_length=255,
        blank=True,
        default="",
        help_text=_(
            "When parking is allowed, as OpenStreetMap writes it: Mo-Fr 18:00-08:00; Sa,Su 00:00-24:00. Empty: always."
            " Outside these hours nothing is offered."
        ),
    )
    validity_s = models.PositiveIntegerField(
        _("validity (s)"),
        default=default_validity_s,
        help_text=_("How long an observation is believed; after it the zone is unknown."),
    )
    enabled = models.BooleanField(default=True, help_text=_("Switched off: neither analysed nor shown."))
    standing = models.CharField(max_length=16, choices=Standing.choices, default=Standing.ACCEPTED)
    source = models.CharField(
        max_length=200,
        blank=True,
        default="",
        help_text=_("What the zone was made from, e.g. a survey or a way."),
    )
    licence = models.CharField(
        max_length=200, blank=True, default="", help_text=_("The terms of the source, and whom to name.")
    )

    version = models.PositiveBigIntegerField(default=0, editable=False)
    observed_at = models.DateTimeField(null=True, editable=False)
    valid_until = models.DateTimeField(null=True, editable=False)
    closes_at = models.DateTimeField(null=True, editable=False, help_text="Begin of the hours' closed time.")
    drawn_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When its ground or rules changed last: older layouts are of another zone.",
    )
    opens_at = models.DateTimeField(null=True, editable=False, help_text="Its end; null: not within a year.")
    free_count = models.PositiveIntegerField(null=True, editable=False)
    seen_share = models.FloatField(null=True, editable=False)
    found_count = models.PositiveIntegerField(null=True, editable=False)
    bound = models.PositiveIntegerField(null=True, editable=False)
    class_counts = models.JSONField(
        default=dict,
        editable=False,
        help_text="As free_count, by vehicle class; a class not in it is unknown.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("slug",)
        verbose_name = _("parking zone")
        constraints = (
            models.CheckConstraint(
                condition=Q(free_count__isnull=True) | Q(observed_at__isnull=False),
                name="zone_count_needs_an_observation",
            ),
            models.CheckConstraint(
                condition=Q(enabled=False) | Q(standing=Standing.ACCEPTED),
                name="zone_switched_on_is_accepted",
            ),
        )

    def __str__(self) -> str:
        return self.name or self.slug

    def to_spec(self) -> ZoneSpec:
        """The zone's rules as a plain record."""
        return ZoneSpec(
            slug=self.slug,
            name=self.name,
            geometry_3857=to_shapely(self.geometry),
            mode=self.mode,
            angle_deg=self.angle_deg,
            slot_length_m=self.slot_length_m,
            slot_width_m=self.slot_width_m,
            spacing_m=self.spacing_m,
            kerb_3857=to_shapely(self.kerb),
            access_edges_3857=to_shapely(self.access_edges),
            mixed_sizes=self.mixed_sizes,
            access=self.access,
            hours=self.hours,
            validity_s=self.validity_s,
            enabled=self.enabled,
            standing=self.standing,
            source=self.source,
            licence=self.licence,
        )

    def clean(self) -> None:
        """Refuse a zone that cannot be used, naming the place and the cure; fill what was left to the mode."""
        super().clean()
        problems = zone_problems(self.to_spec())
        if self.geometry is None:
            problems.pop("geometry", None)  # the field itself has said that it is missing or unreadable
        if problems:
            raise ValidationError(dict(problems))
        self.fill_slot_defaults()

    def fill_slot_defaults(self) -> None:
        """Give the slot its mode's size where none was chosen."""
        defaults = MODE_DEFAULTS[self.mode]
        for name in SLOT_SIZES:
            if getattr(self, name) is None:
                setattr(self, name, getattr(defaults, name))

    def open_state(self, at: dt.datetime) -> OpenState:
        """Whether its hours allow parking at `at` (aware), and until when that holds."""
        if not self.hours:
            return ALWAYS
        lon, lat = xy_3857_to_lonlat(self.geometry.centroid.coords)
        return open_state(self.hours, (float(lon), float(lat)), at)

    def is_closed(self, now: dt.datetime) -> bool:
        """Whether its hours forbid parking at `now`, as far as they were looked up with the last publication."""
        return (
            self.closes_at is not None
            and self.closes_at <= now
            and (self.opens_at is None or now < self.opens_at)
        )

    def is_live(self, now: dt.datetime) -> bool:
        """Whether an observation of it is still believed at `now` (aware datetime)."""
        return self.enabled and self.valid_until is not None and self.valid_until > now


class ZoneObservationRecord(models.Model):
    """What one camera saw of one zone last: one row each, replaced by the next frame."""

    zone = models.ForeignKey(ParkingZone, on_delete=models.CASCADE, related_name="observations")
    camera = models.ForeignKey("camera_registry.Camera", on_delete=models.CASCADE, related_name="+")
    calibration = models.ForeignKey(
        "camera_registry.CameraCalibration", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    seen = models.MultiPolygonField(srid=3857)
    occupied = models.MultiPolygonField(srid=3857)
    hidden = models.MultiPolygonField(srid=3857)
    observed_at = models.DateTimeField()

    class Meta:
        ordering = ("zone", "camera")
        constraints = (
            models.UniqueConstraint(fields=("zone", "camera"), name="one_observation_per_zone_and_camera"),
        )

    def __str__(self) -> str:
        return f"{self.zone} by {self.camera}"


class ZoneSnapshot(models.Model):
    """One published layout of one zone. Appended, never edited; the oldest go when there are too many."""

    zone = models.ForeignKey(ParkingZone, on_delete=models.CASCADE, related_name="snapshots")
    version = models.PositiveBigIntegerField()
    observed_at = models.DateTimeField()
    received_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField()
    camera = models.ForeignKey(
        "camera_registry.Camera", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    calibration = models.ForeignKey(
        "camera_registry.CameraCalibration", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    free_count = models.PositiveIntegerField(null=True, help_text="Spaces found; null when unknown.")
    bound = models.PositiveIntegerField(null=True, help_text="No layout can hold more; null when not proven.")
    free_m2 = models.FloatField()
    occupied_m2 = models.FloatField()
    unknown_m2 = models.FloatField()
    cost = models.FloatField(null=True)
    seed = models.BigIntegerField(null=True)
    model = models.CharField(max_length=200, blank=True)
    timings = models.JSONField(default=dict, help_text="Milliseconds by stage.")
    spaces = models.JSONField(default=list, help_text="GeoJSON Features, WGS 84, of what was found.")

    class Meta:
        ordering = ("zone", "-version")
        constraints = (models.UniqueConstraint(fields=("zone", "version"), name="snapshot_once_per_version"),)
        indexes = (models.Index(fields=("zone", "-observed_at"), name="snapshot_by_time"),)

    def __str__(self) -> str:
        return f"{self.zone} v{self.version}"


class ParkingSpace(models.Model):
    """A free space of now. It keeps its public id for as long as it stays where it is.

    A zone has one layout of its own (`vehicle_class` empty) and one for each vehicle class; spaces of different
    layouts may overlap. All rows of a zone are written anew with each publication, most of them where they were: no
    column that changes then is indexed, so that PostgreSQL updates them in place, without touching an index.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    zone = models.ForeignKey(ParkingZone, on_delete=models.CASCADE, related_name="spaces", db_index=False)
    vehicle_class = models.CharField(max_length=16, default="", blank=True)
    geometry = models.PolygonField(srid=3857, spatial_index=False)
    length_m = models.FloatField()
    width_m = models.FloatField()
    room_length_m = models.FloatField(null=True)
    room_width_m = models.FloatField(null=True)
    bearing_deg = models.FloatField(help_text="Of the length axis, degrees clockwise from north, 0 to 180.")
    confidence = models.FloatField()
    hidden_share = models.FloatField(default=0.0)
    observed_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    first_seen_at = models.DateTimeField()
    frames_seen = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("zone", "pk")
        indexes = (models.Index(fields=("zone", "vehicle_class"), name="space_by_zone_and_class"),)

    def __str__(self) -> str:
        return str(self.public_id)
