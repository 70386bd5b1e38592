# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a worker does when the doorbell rings: a batch of frames, from claimed bytes to published spaces.

Whatever happens to a frame, it ends here: published, or counted with a reason on its camera, and its lease is
completed. Images are let go of as soon as they are segmented; no error message carries any of them.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import cv2
import numpy as np
import redis
from django.db import InterfaceError, OperationalError, close_old_connections
from numpy.typing import NDArray
from rq.timeouts import JobTimeoutException

from camera_registry import selectors, services
from camera_registry.choices import RejectReason
from camera_registry.models import Camera
from camera_registry.privacy_mask import MaskError
from camera_registry.stage_times import add_stage_times
from camera_registry.tally import Tally
from workers import publishing
from workers.intake.doorbell import Doorbell
from workers.intake.frame_store import ClaimedFrame, FrameStore
from workers.pipeline import CameraView, observe_frame
from workers.segmentation import CarMask, Segmenter
from workers.view_guard import LookedAt, ViewGuard

logger = logging.getLogger(__name__)

#: Fixed cameras mean their pixels as they come; a picture must never be turned by what its header says.
DECODE_FLAGS = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
MAX_DETAIL_CHARS = 160


@dataclass(eq=False)
class _Work:
    """One frame on its way; `reason` is set when it cannot go on."""

    frame: ClaimedFrame
    camera: Camera | None = None
    view: CameraView | None = None
    looked: LookedAt | None = None
    image: NDArray[np.uint8] | None = None
    masks: Sequence[CarMask] = ()
    zones: tuple[str, ...] = ()
    timings_ms: dict[str, float] = field(default_factory=dict)
    reason: RejectReason | None = None
    detail: str = ""

    def source(self) -> publishing.Provenance:
        """Where this frame came from, for what is published."""
        calibration = self.camera.calibration_id if self.camera else None
        return publishing.Provenance(
            self.frame.camera_id, calibration, self.frame.received_at, dict(self.timings_ms)
        )

    def fail(self, reason: RejectReason, detail: str) -> None:
        """The frame ends here."""
        self.reason, self.detail = reason, detail[:MAX_DETAIL_CHARS]

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage; what goes wrong in it ends this frame and no other."""
        began = time.perf_counter()
        try:
            yield
        except (OperationalError, InterfaceError) as error:
            self.fail(RejectReason.DATABASE_AWAY, _short(error))
        except redis.RedisError:
            raise
        except Exception as error:
            logger.exception("%s: %s failed", self.frame.account, name)
            self.fail(RejectReason.ANALYSIS_ERROR, f"{name}: {_short(error)}")
        self.timings_ms[name] = self.timings_ms.get(name, 0.0) + (time.perf_counter() - began) * 1e3


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


class Analyst:
    """Analyses waiting frames. One per process, used by one thread. certain: see `pipeline.observe_frame`."""

    def __init__(
        self,
        store: FrameStore,
        bell: Doorbell,
        segmenter: Segmenter,
        tally: Tally,
        *,
        name: str,
        batch: int,
        certain: float = 0.0,
    ) -> None:
        self.store = store
        self.bell = bell
        self.segmenter = segmenter
        self.tally = tally
        self.name = name
        self.batch = batch
        self.certain = certain
        self.guard = ViewGuard()
        self.frames_done = 0

    def answer(self, camera_id: int) -> int:
        """The bell rang for this camera: analyse what has waited longest. Returns how many frames were claimed."""
        close_old_connections()
        try:
            self.bell.take_down(camera_id)
            claim = self.store.claim(self.batch, self.name)
            for account in claim.expired:
                self.tally.reject(account, RejectReason.EXPIRED, "no worker was free in time")
            if claim.frames:
                self._analyse(claim.frames)
            for waiting in self.store.sweep()[1]:
                self.bell.ring(waiting)
        except redis.RedisError as error:
            logger.warning("Redis went away; frames come again: %s", error)
            return 0
        finally:
            self.tally.flush()
            close_old_connections()
        return len(claim.frames)

    def _analyse(self, frames: Sequence[ClaimedFrame]) -> None:
        began = time.time()
        batch = [_Work(frame) for frame in frames]
        try:
            for work in batch:
                arrived_ms = (began - work.frame.received_at.timestamp()) * 1e3
                work.timings_ms["intake"] = max(0.0, arrived_ms - work.frame.wait_ms)
                work.timings_ms["wait"] = work.frame.wait_ms
            self._find_cameras(batch)
            self._decode(batch)
            self._compare_views(batch)
            self._segment(batch)
            self._remember_views(batch)
            self._look_at_the_ground(batch)
            self._publish(batch)
        finally:
            for work in batch:
                if work.reason:
                    self.tally.reject(work.frame.account, work.reason, work.detail)
                self.store.complete(work.frame)
                self.frames_done += 1
            add_stage_times(self.store.client, [work.timings_ms for work in batch])

    def _find_cameras(self, batch: Sequence[_Work]) -> None:
        try:
            cameras = selectors.cameras_by_id(work.frame.camera_id for work in batch)
        except (OperationalError, InterfaceError) as error:
            for work in batch:
                work.fail(RejectReason.DATABASE_AWAY, _short(error))
            return
        for work in batch:
            work.camera = cameras.get(work.frame.camera_id)
            if work.camera is None:
                work.fail(RejectReason.UNKNOWN_CAMERA, "removed after its frame came")
            elif not work.camera.enabled:
                work.fail(RejectReason.DISABLED, "switched off after its frame came")
            elif work.camera.calibration is None:
                work.fail(RejectReason.NO_CALIBRATION, "lost its calibration after its frame came")

    def _decode(self, batch: Sequence[_Work]) -> None:
        for work in _going_on(batch):
            with work.stage("decode"):
                try:
                    work.view = publishing.camera_view(work.camera)
                except MaskError as error:
                    work.fail(RejectReason.WRONG_SIZE, str(error))
                    continue
                image = cv2.imdecode(np.frombuffer(work.frame.image, np.uint8), DECODE_FLAGS)
                width, height = work.view.calibration.image_size
                if image is None:
                    work.fail(RejectReason.TRUNCATED, "could not be decoded")
                elif image.shape[:2] != (height, width):
                    detail = f"{image.shape[1]} × {image.shape[0]} pixels instead of {width} × {height}"
                    work.fail(RejectReason.WRONG_SIZE, detail)
                else:
                    # Before anything looks at them: what the owner has covered is gone from here on.
                    if work.view.mask is not None:
                        work.view.mask.blacken(image)
                    work.image = image

    def _compare_views(self, batch: Sequence[_Work]) -> None:
        """Only a camera that looks where it was calibrated may say anything of the ground."""
        for work in _going_on(batch):
            with work.stage("view"):
                work.looked = self.guard.look(work.camera, work.view, work.image)
                if work.looked.view is None:
                    work.fail(RejectReason.VIEW_CHANGED, work.looked.record.detail)

    def _remember_views(self, batch: Sequence[_Work]) -> None:
        for work in batch:
            if work.looked is None or work.reason not in (None, RejectReason.VIEW_CHANGED):
                continue
            at = _utc(work.frame.received_at)
            with work.stage("view"):
                self.guard.remember(work.camera, at, work.looked, work.view, work.masks)
                if work.looked.silenced:
                    logger.warning("%s falls silent: %s", work.frame.account, work.looked.record.detail)
                    publishing.withdraw(work.source(), self.segmenter.name)
            work.view = work.looked.view or work.view

    def _segment(self, batch: Sequence[_Work]) -> None:
        """All images in one go; one by one when that fails, so that one odd image harms no other frame."""
        ready = _going_on(batch)
        began = time.perf_counter()
        try:
            together = self.segmenter.segment([work.image for work in ready]) if ready else []
            each_ms = (time.perf_counter() - began) * 1e3 / max(1, len(ready))
            for work, masks in zip(ready, together, strict=True):
                work.masks = masks
                work.timings_ms["segment"] = each_ms
        except JobTimeoutException as error:  # the alarm rings once: nothing may be tried again after it
            for work in ready:
                work.fail(RejectReason.ANALYSIS_ERROR, f"segment: {_short(error)}")
        except Exception:
            logger.exception("a batch of %d could not be segmented together", len(ready))
            for work in ready:
                with work.stage("segment"):
                    (work.masks,) = self.segmenter.segment([work.image])
        for work in batch:
            work.image = None
            self.store.forget_image(work.frame)

    def _look_at_the_ground(self, batch: Sequence[_Work]) -> None:
        for work in _going_on(batch):
            with work.stage("ground"):
                zones = publishing.zones_in_view(work.view)
                observation = observe_frame(work.masks, work.view, zones, self.certain)
            if work.reason is None:
                with work.stage("record"):
                    publishing.record(observation.zones, work.source())
                    work.zones = tuple(zone.zone_slug for zone in observation.zones)

    def _publish(self, batch: Sequence[_Work]) -> None:
        """Each zone once, whichever of the frames show it; its provenance is the newest of them."""
        slugs = sorted({slug for work in _going_on(batch) for slug in work.zones})
        for slug in slugs:
            showing = [work for work in _going_on(batch) if slug in work.zones]
            if not showing:
                continue
            newest = max(showing, key=lambda work: work.frame.received_at)
            source = newest.source()
            with newest.stage("publish"):
                publishing.publish(slug, source, self.segmenter.name)
            for work in showing:
                if newest.reason:
                    work.fail(newest.reason, newest.detail)
        for work in _going_on(batch):
            with work.stage("health"):
                at = _utc(work.frame.received_at)
                cars = sum(mask.score >= self.certain for mask in work.masks)
                services.record_analysed(work.frame.camera_id, at, cars, work.zones)
            work.timings_ms["arrival_to_published"] = (time.time() - at.timestamp()) * 1e3


def _going_on(batch: Sequence[_Work]) -> list[_Work]:
    return [work for work in batch if work.reason is None]


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC)
