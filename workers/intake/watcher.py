# SPDX-License-Identifier: AGPL-3.0-or-later
"""The watcher: every upload in the inbox ends in the frame store or in a counted reason, and never stays on disk.

File events make it quick, the rescan makes it sure; both go through the same gate. While Redis is away files wait,
up to an age at which they are deleted unread. While PostgreSQL is away frames go on, and counts wait in memory.
"""

from __future__ import annotations

import datetime as dt
import logging
import queue
import threading
import time
from dataclasses import dataclass, field

import redis
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver

from camera_registry.choices import RejectReason
from camera_registry.clock import ClockReading, mark_of_mtime, mark_of_name, reading
from camera_registry.constants import OTHER_ACCOUNTS
from camera_registry.frame_quality import frame_quality
from camera_registry.privacy_mask import MaskError, masked_picture
from camera_registry.reference_frames import ReferenceFrames
from camera_registry.selectors import IntakeCamera
from workers.intake.doorbell import Doorbell
from workers.intake.frame_store import FrameStore, Put
from workers.intake.inbox import Found, Inbox
from workers.intake.jpeg import Refused, check_jpeg, exif_mark
from workers.intake.registry import Registry
from workers.intake.stability import Hint, Patience, StabilityTracker

logger = logging.getLogger(__name__)

#: How often files that are not quiet yet are looked at, and how long an idle watcher sleeps, seconds.
LOOK_AGAIN_S = 0.05
IDLE_S = 1.0
POLL_S = 1.0


@dataclass(frozen=True)
class WatcherOptions:
    """rescan_s: between full scans; max_age_s: at which files are deleted unread; polling: no inotify."""

    max_bytes: int
    max_pixels: int
    max_age_s: float
    rescan_s: float
    patience: Patience = field(default_factory=Patience)
    polling: bool = False


class _Events(FileSystemEventHandler):
    """Hands watchdog's events over to the watcher's own thread."""

    def __init__(self, heard: queue.SimpleQueue[tuple[str, Hint]]) -> None:
        self.heard = heard

    def _put(self, path: bytes | str, hint: Hint, event: FileSystemEvent) -> None:
        if not event.is_directory and path:
            self.heard.put((path if isinstance(path, str) else path.decode(errors="surrogateescape"), hint))

    def on_moved(self, event: FileSystemEvent) -> None:
        self._put(event.dest_path, Hint.RENAMED, event)

    def on_closed(self, event: FileSystemEvent) -> None:
        self._put(event.src_path, Hint.CLOSED, event)

    def on_created(self, event: FileSystemEvent) -> None:
        self._put(event.src_path, Hint.WRITTEN, event)

    def on_modified(self, event: FileSystemEvent) -> None:
        self._put(event.src_path, Hint.WRITTEN, event)


class Watcher:
    """One per inbox. `run(stop)` is the loop; tests call `listen`, `rescan` and `step` themselves."""

    def __init__(
        self, inbox: Inbox, store: FrameStore, bell: Doorbell, registry: Registry, options: WatcherOptions
    ) -> None:
        self.inbox = inbox
        self.store = store
        self.bell = bell
        self.registry = registry
        self.tally = registry.tally
        self.options = options
        self.references = ReferenceFrames(store.client)
        self.tracker = StabilityTracker(options.patience)
        self.heard: queue.SimpleQueue[tuple[str, Hint]] = queue.SimpleQueue()
        self.taken = 0
        self._prepared: frozenset[str] = frozenset()
        self._received_at: dict[str, float] = {}
        self._redis_away = False

    def run(self, stop: threading.Event) -> None:
        """Watch until `stop` is set."""
        observer = self.listen()
        try:
            next_scan = 0.0
            while not stop.is_set():
                try:
                    if time.monotonic() >= next_scan:
                        next_scan = time.monotonic() + self.options.rescan_s
                        self.rescan()
                    self.step()
                except Exception:  # one odd file must not end the intake of all cameras
                    logger.exception("a pass over the inbox failed")
                    stop.wait(IDLE_S)
                waiting = LOOK_AGAIN_S if self.tracker.pending() else IDLE_S
                self._hear(min(waiting, max(0.0, next_scan - time.monotonic())))
        finally:
            observer.stop()
            observer.join(5)

    def listen(self) -> BaseObserver:
        """Start hearing of files; returns the running observer."""
        self._prepare()
        if not self.options.polling:
            try:
                return self._observe(Observer())
            except OSError as error:
                logger.warning("no file events here (%s): folders are polled instead", error)
        return self._observe(PollingObserver(timeout=POLL_S))

    def _observe(self, observer: BaseObserver) -> BaseObserver:
        observer.schedule(_Events(self.heard), str(self.inbox.root), recursive=True)
        observer.start()
        return observer

    def rescan(self) -> None:
        """Find every file, whatever events were lost; take back frames of dead workers; ring lost bells."""
        self._prepare()
        now = time.monotonic()
        for found in self.inbox.scan():
            self._consider(found, now)
        try:
            self._look_after_the_store()
        except redis.RedisError as error:
            self._note_redis(error)

    def step(self) -> None:
        """Consider what was heard of, and what was not quiet before."""
        self._hear(0.0)
        now = time.monotonic()
        for path in self.tracker.pending():
            found = self.inbox.look(path)
            if found is None:
                self.tracker.forget(path)
            else:
                self._consider(found, now)

    def _prepare(self) -> None:
        names = frozenset(self.registry.cameras.by_name)
        if names != self._prepared or not self.inbox.root.is_dir():
            self.inbox.prepare(tuple(sorted(names)))
            self._prepared = names

    def _hear(self, timeout_s: float) -> None:
        """Note events; wait up to `timeout_s` for the first one."""
        block = timeout_s > 0
        while True:
            try:
                path, hint = self.heard.get(block=block, timeout=timeout_s if block else None)
            except queue.Empty:
                return
            block = False
            found = self.inbox.look(path)
            if found and not found.is_work and not found.is_unfinished:
                self.tracker.note(path, hint, time.monotonic())

    def _consider(self, found: Found, now: float) -> None:
        """One file: leave it, wait for it, refuse it or take it."""
        try:
            if not found.account:
                detail = f"{found.name!r} lies outside the cameras' folders"
                self._refuse(found, Refused(RejectReason.BAD_NAME, detail))
            elif not found.is_plain:
                self._refuse(found, Refused(RejectReason.SYMLINK, f"{found.name} is no plain file"))
            elif time.time() - self._changed_at(found) > self.options.max_age_s:
                self._refuse(found, Refused(RejectReason.EXPIRED, f"{found.name}: deleted unread"))
            elif not found.is_unfinished and self._is_finished(found, now):
                self._decide(found)
        except OSError as error:
            logger.warning("%s: %s", found.path, error)

    def _is_finished(self, found: Found, now: float) -> bool:
        if found.is_work:  # claimed by a watcher that ended: no event will come
            return True
        return self.tracker.look(found.path, found.key, now, lambda: self.inbox.looks_finished(found.path))

    def _decide(self, found: Found) -> None:
        cameras = self.registry.cameras
        camera = cameras.by_name.get(found.account)
        if camera and camera.enabled and camera.calibrated:
            self._take(found, camera)
        elif cameras.read_at <= found.changed_at:
            # The camera may have been registered or calibrated a moment ago: wait for a newer list.
            if not found.is_work:
                self.tracker.note(found.path, Hint.RENAMED, time.monotonic())
        elif camera is None:
            detail = f"a file in the folder {found.account!r}"
            self._refuse(found, Refused(RejectReason.UNKNOWN_CAMERA, detail))
        elif not camera.enabled:
            self._refuse(found, Refused(RejectReason.DISABLED, found.name))
        else:
            self._look_only(found, camera)

    def _look_only(self, found: Found, camera: IntakeCamera) -> None:
        """A frame of a camera without a calibration: its owner is told what it is like, and whoever waits for one to
        calibrate or to draw on gets it. Then it is gone."""
        received = min(self._changed_at(found), time.time())
        try:
            image = self.inbox.read(found.path, self.options.max_bytes)
            size = check_jpeg(image, max_pixels=self.options.max_pixels)
            self._measure(camera, image, (size.width, size.height), received)
            wanted = self._offer_reference(camera, image, received)
        except Refused as refused:
            self._refuse(found, Refused(refused.reason, f"{found.name}: {refused.detail}"))
            return
        except redis.RedisError:
            wanted = False
        except FileNotFoundError:
            self._forget(found)
            return
        if wanted:
            self._forget(found)
            self.inbox.delete(found.path)
        else:
            self._refuse(found, Refused(RejectReason.NO_CALIBRATION, found.name))

    def _measure(self, camera: IntakeCamera, image: bytes, size: tuple[int, int], received: float) -> None:
        try:
            quality = frame_quality(image, size, camera.mask)
        except ValueError as error:  # a mask of another shape: nothing is looked at
            logger.info("%s: not measured: %s", camera.name, error)
            return
        self.tally.measured(camera.id, dt.datetime.fromtimestamp(received, dt.UTC), quality)

    def _offer_reference(self, camera: IntakeCamera, image: bytes, received: float) -> bool:
        """Copy the frame for a person who waits for it, whatever its size: a new calibration may want another.

        The privacy mask is asked for anew: it may have been drawn a moment ago.
        """
        if not self.references.asked(camera.id):
            return False
        now = self.registry.cameras.by_name.get(camera.name) if self.registry.refresh() else None
        if now is None:
            return False
        try:
            check_jpeg(image, max_pixels=self.options.max_pixels)
            image = masked_picture(image, now.mask)
        except (Refused, MaskError) as error:
            logger.info("%s: not offered for calibrating: %s", camera.name, error)
            return False
        return self.references.offer(camera.id, image, dt.datetime.fromtimestamp(received, dt.UTC))

    def _changed_at(self, found: Found) -> float:
        return self._received_at.get(found.path, found.changed_at)

    def _refuse(self, found: Found, refused: Refused) -> None:
        self._forget(found)
        self.inbox.delete(found.path)
        self.tally.reject(found.account or OTHER_ACCOUNTS, refused.reason, refused.detail)

    def _forget(self, found: Found) -> None:
        self.tracker.forget(found.path)
        self._received_at.pop(found.path, None)

    def _take(self, found: Found, camera: IntakeCamera) -> None:
        if self._redis_away and not self._redis_is_back():
            return
        changed_at = self._changed_at(found)
        work = found.path if found.is_work else self.inbox.claim(found.path)
        if work is None:
            self._forget(found)
            return
        try:
            image = self.inbox.read(work, self.options.max_bytes)
            # A file server's clock may go ahead of ours; no frame comes from the future.
            received = min(changed_at, time.time())
            self._offer_reference(camera, image, received)
            check_jpeg(image, max_pixels=self.options.max_pixels, expected=camera.image_size)
            clock = clock_reading(image, found, received)
            self._store(camera, image, dt.datetime.fromtimestamp(received, dt.UTC), clock)
        except Refused as refused:
            self.tally.reject(camera.name, refused.reason, f"{found.name}: {refused.detail}")
        except redis.RedisError as error:
            self._note_redis(error)
            self._give_back(found, work, changed_at)
            return
        except FileNotFoundError:
            pass
        self._forget(found)
        self.inbox.delete(work)

    def _store(
        self, camera: IntakeCamera, image: bytes, received_at: dt.datetime, clock: ClockReading | None
    ) -> None:
        outcome = self.store.put(camera.id, camera.name, image, received_at)
        self.taken += 1
        self.tally.received(camera.id, received_at, clock)
        try:
            self.bell.ring(camera.id)
        except redis.RedisError as error:  # the frame is stored: the rescan rings for it
            self._note_redis(error)
        if outcome in (Put.REPLACED, Put.OLDER):
            self.tally.reject(
                camera.name, RejectReason.REPLACED, "a newer frame came before a worker was free"
            )
        elif outcome is Put.AFTER_EXPIRED:
            self.tally.reject(camera.name, RejectReason.EXPIRED, "no worker was free in time")

    def _give_back(self, found: Found, work: str, changed_at: float) -> None:
        """Let the file wait under its own name; when it came stays known, for its age and its frame's time."""
        if not found.is_work:
            self.inbox.put_back(work, found.path)
            self._received_at[found.path] = changed_at
            self.tracker.note(found.path, Hint.RENAMED, time.monotonic())

    def _note_redis(self, error: redis.RedisError) -> None:
        if not self._redis_away:
            logger.warning("Redis is away, files wait in the inbox: %s", error)
        self._redis_away = True

    def _redis_is_back(self) -> bool:
        try:
            self.store.client.ping()
        except redis.RedisError:
            return False
        logger.info("Redis is back")
        self._redis_away = False
        return True

    def _look_after_the_store(self) -> None:
        recovered = self.store.recover()
        for account in recovered.requeued:
            logger.warning("%s: its worker stopped in the middle; the frame is given out once more", account)
        for account in recovered.lost:
            self.tally.reject(account, RejectReason.WORKER_LOST, "two workers stopped in the middle of it")
        for account in recovered.replaced:
            self.tally.reject(account, RejectReason.REPLACED, "its worker stopped; a newer frame was there")
        expired, left = self.store.sweep()
        for account in expired:
            self.tally.reject(account, RejectReason.EXPIRED, "no worker was free in time")
        self.bell.ring_again(left)
        self._redis_away = False


def clock_reading(image: bytes, found: Found, arrived: float) -> ClockReading | None:
    """How right the camera's clock was when this frame arrived (Unix seconds); None where nothing tells.

    Only told to people: what the camera says of the time never decides anything. Marks with a zone go before those
    without, and what the camera wrote into the picture before what it called the file.
    """
    named = None if found.is_work else mark_of_name(found.name)
    marks = [exif_mark(image), mark_of_mtime(found.key.mtime_ns), named]
    known = sorted((mark for mark in marks if mark is not None), key=lambda mark: not mark.zoned)
    return reading(known[0], arrived) if known else None
