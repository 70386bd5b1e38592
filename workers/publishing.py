# SPDX-License-Identifier: AGPL-3.0-or-later
"""Between the pipeline, which knows no database, and `apps.parking`, which knows no pipeline: records one into the
other, and the two steps that write.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import shapely
from django.conf import settings
from django.utils import timezone

from apps.parking import selectors, services
from apps.parking.models import ParkingZone
from apps.parking.published import FrameMeta, ObservedGround, PublishedLayout, PublishedSpace
from camera_registry.calibration import Calibration
from camera_registry.models import Camera
from camera_registry.privacy_mask import PrivacyMask, mask_of
from workers.occupancy import Zone, ZoneObservation
from workers.pipeline import CameraView, SpaceFound, ZoneLayout, lay_out

logger = logging.getLogger(__name__)

#: Views kept ready; each is some thousand corners.
MAX_VIEWS = 256


@dataclass(frozen=True)
class Provenance:
    """Where a frame came from. timings_ms: wall time of its stages so far."""

    camera_id: int
    calibration_id: int | None
    received_at: dt.datetime
    timings_ms: Mapping[str, float]


def camera_view(camera: Camera) -> CameraView:
    """What the pipeline needs of a camera with a calibration. Raises ValueError when that cannot be read, MaskError
    when the privacy mask does not fit its picture size: nothing may be looked at then."""
    row = camera.calibration
    if row is None:
        raise ValueError("the camera has no calibration")
    blind = bytes(camera.blind_ground.wkb) if camera.blind_ground else b""
    return _view(json.dumps(row.data, sort_keys=True), camera.max_range_m, blind, mask_of(camera))


@lru_cache(MAX_VIEWS)
def _view(
    calibration_json: str, max_range_m: float, blind_wkb: bytes, mask: PrivacyMask | None
) -> CameraView:
    """Kept from frame to frame: working out the ground in view costs more than a frame's own geometry."""
    blind = shapely.from_wkb(blind_wkb) if blind_wkb else None
    calibration = Calibration.from_json(json.loads(calibration_json))
    return CameraView(
        calibration, max_range_m, blind, mask.for_size(calibration.image_size) if mask else None
    )


def zones_in_view(view: CameraView) -> list[Zone]:
    """The zones of which this camera sees something."""
    return [_zone(row) for row in selectors.zones_seen_by(view.ground_3857)]


def _zone(row: ParkingZone) -> Zone:
    spec = row.to_spec()
    return Zone(
        slug=spec.slug,
        polygon_3857=spec.geometry_3857,
        mode=spec.mode,
        slot_length_m=spec.slot_length_m,
        slot_width_m=spec.slot_width_m,
        spacing_m=spec.spacing_m,
        angle_deg=spec.angle_deg,
        kerb_3857=spec.kerb_3857,
        access_3857=spec.access_edges_3857,
        mixed_sizes=spec.mixed_sizes,
    )


def record(observations: Sequence[ZoneObservation], source: Provenance) -> None:
    """Keep what a frame says of each zone in view, in place of what its camera said before."""
    for observation in observations:
        services.record_observation(
            observation.zone_slug,
            ObservedGround(
                camera_id=source.camera_id,
                calibration_id=source.calibration_id,
                observed_at=source.received_at,
                seen_3857=observation.seen_3857,
                occupied_3857=observation.occupied_3857,
                hidden_3857=observation.hidden_3857,
            ),
        )


def publish(zone_slug: str, source: Provenance, model: str) -> None:
    """Lay a zone out anew from what all cameras lately said of it, and publish that.

    source: the frame that is the reason. Does nothing when the zone has been switched off meanwhile.
    """
    row = ParkingZone.objects.filter(slug=zone_slug, enabled=True).first()
    fresh = selectors.fresh_observations(row, timezone.now()) if row else []
    if row is None or not fresh:
        return
    began = time.perf_counter()
    layout = lay_out(
        _zone(row),
        [ZoneObservation(zone_slug, o.seen_3857, o.occupied_3857, o.hidden_3857) for o in fresh],
        standing_3857=selectors.standing_spaces(row),
        vehicles=selectors.vehicle_classes(),
        max_hidden_share=settings.SPARK_HIDDEN_SHARE,
    )
    timings = {**source.timings_ms, "placement": (time.perf_counter() - began) * 1e3}
    try:
        services.publish_layout(
            zone_slug,
            _published(layout, fresh, model, timings),
            FrameMeta(source.camera_id, source.calibration_id, source.received_at),
        )
    except services.LayoutTooOld as error:
        logger.info("%s", error)


def withdraw(source: Provenance, model: str) -> None:
    """Take back what a camera said that looks elsewhere now; its zones rest on what the others still see."""
    for slug in services.withdraw_observations(source.camera_id):
        publish(slug, source, model)


def _published(
    layout: ZoneLayout, fresh: Sequence[ObservedGround], model: str, timings: Mapping[str, float]
) -> PublishedLayout:
    return PublishedLayout(
        observed_at=max(ground.observed_at for ground in fresh),
        spaces=_spaces(layout.spaces, fresh),
        classes={of_class.vehicle.key: _spaces(of_class.spaces, fresh) for of_class in layout.classes},
        bound=layout.bound,
        free_m2=layout.free_m2,
        occupied_m2=layout.occupied_m2,
        # What stands behind a car was not seen either; it only may be used with care.
        unknown_m2=layout.unknown_m2 + layout.hidden_m2,
        cost=layout.cost,
        seed=layout.seed,
        model=model,
        timings_ms={stage: round(ms, 2) for stage, ms in timings.items()},
    )


def _spaces(found: Sequence[SpaceFound], fresh: Sequence[ObservedGround]) -> tuple[PublishedSpace, ...]:
    return tuple(
        PublishedSpace(
            polygon_3857=space.polygon_3857,
            length_m=space.length_m,
            width_m=space.width_m,
            bearing_deg=space.bearing_deg,
            confidence=space.confidence,
            hidden_share=space.hidden_share,
            observed_at=min((fresh[i].observed_at for i in space.rests_on), default=fresh[-1].observed_at),
            room_length_m=space.room_length_m,
            room_width_m=space.room_width_m,
        )
        for space in found
    )
