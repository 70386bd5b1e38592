# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keeps frames of a camera that looks elsewhere away from the ground: compares each with its calibrated view.

In front of segmentation, so that a silent camera costs thirty milliseconds a frame. What a view looks like is learned
after it, when it is known where the cars are.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camera_registry import services
from camera_registry.models import Camera, CameraViewCheck
from camera_registry.privacy_mask import without_masked
from camera_registry.shift import compare, learned
from camera_registry.view_features import find_features, look_from
from camera_registry.view_reference import Features, ViewReference
from camera_registry.view_status import ViewStatus
from camera_registry.view_turn import ViewShift, corrected, displacement_px
from camera_registry.view_watch import COME_BACK, ViewMemory, ViewRecord, judge, usable, why_unrecognised
from workers.pipeline import CameraView
from workers.segmentation import CarMask
from workers.visibility import why_nothing_can_be_said

__all__ = ["LookedAt", "ViewGuard"]

#: What comparing says of a picture that shows nothing.
UNRECOGNISED = ViewShift(None, float("nan"), float("nan"), 0, 0, -1)

#: A corrected view of the ground is used again while the camera has not moved by more than this, pixels: working out the
#: ground in view takes longer than a frame's own geometry.
SAME_VIEW_PX = 0.25


@dataclass(frozen=True)
class LookedAt:
    """What a frame said of its camera's view.

    view: to analyse the frame with; None when it must not be analysed, and `record.detail` says why. silenced: the
    camera falls silent with this frame, so what it said before must be withdrawn.
    """

    view: CameraView | None
    record: ViewRecord
    features: Features
    shift: ViewShift | None
    reference: ViewReference | None
    silenced: bool = False


class ViewGuard:
    """Compares frames with their cameras' views. One per worker; remembers nothing that is not in the database."""

    def __init__(self) -> None:
        self._corrected: dict[int, tuple[CameraView, NDArray[np.float64], CameraView]] = {}

    def look(self, camera: Camera, view: CameraView, image: NDArray[np.uint8]) -> LookedAt:
        """Where the camera looks in this image (H, W, 3) BGR, of the calibration's size, its mask blackened."""
        features = find_features(image)
        if view.mask is not None:
            features = without_masked(features, view.mask)
        blind = why_nothing_can_be_said(image)
        check = camera.current_view_check
        reference = _reference(check)
        if check is None or reference is None:
            # Without a reference too: in a black picture no car is seen, and its street is not free for that.
            return LookedAt(
                None if blind else view, _record(ViewMemory(), features, blind), features, None, None
            )
        before = ViewMemory.from_json(check.memory)
        shift = UNRECOGNISED if blind else compare(reference, features, view.calibration, first=before.look)
        memory = judge(before, shift, view.calibration)
        if usable(memory):
            return LookedAt(
                self._view(camera.pk, view, memory), _record(memory, features), features, shift, reference
            )
        return LookedAt(
            None,
            _record(memory, features, blind or _why(memory, features)),
            features,
            shift,
            reference,
            silenced=memory.status.suspended and not before.status.suspended,
        )

    def remember(
        self, camera: Camera, at: dt.datetime, looked: LookedAt, view: CameraView, masks: Sequence[CarMask]
    ) -> None:
        """Keep what was found, and learn the view's looks off the cars. `view` is the calibration's own."""
        if camera.calibration_id is None:
            return
        record, reference = looked.record, None
        cars_px = [polygon for mask in masks for polygon in mask.polygons]
        if looked.reference is None:
            look = look_from(looked.features, cars_px)
            if look is not None:
                reference = ViewReference(looked.features.image_size, (look,))
                steady = dataclasses.replace(record.memory, status=ViewStatus.STEADY)
                record = dataclasses.replace(record, memory=steady)
        elif looked.view is not None and looked.shift is not None:
            reference = learned(looked.reference, looked.features, looked.shift, view.calibration, cars_px)
        services.record_view(camera.pk, camera.calibration_id, at, record, reference)

    def _view(self, camera_id: int, view: CameraView, memory: ViewMemory) -> CameraView:
        if memory.status is not ViewStatus.CORRECTED or memory.to_reference is None:
            return view
        kept = self._corrected.get(camera_id)
        if kept and kept[0] is view:
            apart = np.linalg.inv(kept[1]) @ memory.to_reference
            if displacement_px(apart, view.calibration) <= SAME_VIEW_PX:
                return kept[2]
        moved = dataclasses.replace(view, calibration=corrected(view.calibration, memory.to_reference))
        self._corrected[camera_id] = (view, memory.to_reference, moved)
        return moved


def _reference(check: CameraViewCheck | None) -> ViewReference | None:
    return ViewReference.from_bytes(bytes(check.reference)) if check else None


def _record(memory: ViewMemory, features: Features, detail: str = "") -> ViewRecord:
    return ViewRecord(memory, features.brightness, features.sharpness, detail)


def _why(memory: ViewMemory, features: Features) -> str:
    if memory.lost:
        return why_unrecognised(features)
    if memory.far:
        return f"The camera has moved: the picture is shifted by up to {memory.shift_px:.0f} pixels."
    return COME_BACK
