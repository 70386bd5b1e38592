# SPDX-License-Identifier: AGPL-3.0-or-later
"""`manage.py demo_cameras`: the simulated street's cameras, uploading through the real SFTP door."""

from __future__ import annotations

import itertools
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.demo.demo_truth import UploadLog
from apps.demo.player import Player, Shot, shots
from apps.demo.services import demo_folder, key_path
from apps.demo.views import demo_cameras
from camera_registry.uploader import Target, Uploader, UploadFailed, host_keys_beside

DEFAULT_EVERY_S = 5.0
DEFAULT_START_HOUR = 10.0


class Command(BaseCommand):
    help = "Render the simulated street's cameras and upload their frames over SFTP until stopped."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--speed", type=float, default=1.0, help="how much faster than life (default 1)")
        parser.add_argument(
            "--every",
            type=float,
            default=DEFAULT_EVERY_S,
            help="seconds between a camera's frames (default 5)",
        )
        parser.add_argument("--limit", type=int, help="stop after so many frames of each camera")
        parser.add_argument(
            "--start-hour",
            type=float,
            default=DEFAULT_START_HOUR,
            help="the street's hour at the start (default 10)",
        )
        parser.add_argument("--seed", type=int, default=0, help="another seed is another day in the street")
        names = [view.name for view in demo_cameras()]
        parser.add_argument("--camera", choices=names, default="", help="play one camera only")
        parser.add_argument("--host", default=settings.SPARK_SFTP_HOST)
        parser.add_argument("--port", type=int, default=settings.SPARK_SFTP_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["every"] <= 0 or options["speed"] <= 0:
            raise CommandError("--every and --speed must be more than 0")
        views = [v for v in demo_cameras() if options["camera"] in ("", v.name)]
        missing = [v.name for v in views if not key_path(v.name).exists()]
        if missing:
            raise CommandError(f"no key for {', '.join(missing)}: run `manage.py demo_street_setup` first")
        start_t_s = options["start_hour"] * 3600.0
        due = shots(views, options["every"], options["speed"], start_t_s)
        if options["limit"]:
            due = itertools.islice(due, options["limit"] * len(views))
        log = UploadLog(demo_folder() / "uploads.json", seed=options["seed"], start_t_s=start_t_s)
        with ExitStack() as stack:
            uploaders = {
                view.name: stack.enter_context(Uploader(self._target(view.name, options))) for view in views
            }
            try:
                self._play(Player(options["seed"], start_t_s), due, uploaders, log, options["every"])
            except KeyboardInterrupt:
                self.stdout.write("stopped")

    def _target(self, camera: str, options: dict[str, Any]) -> Target:
        return Target(
            host=options["host"],
            port=options["port"],
            camera=camera,
            key=key_path(camera),
            host_keys=host_keys_beside(Path(settings.SPARK_SFTP_HOST_KEY)),
        )

    def _play(
        self, player: Player, due: Any, uploaders: dict[str, Uploader], log: UploadLog, every: float
    ) -> None:
        begin: float | None = None
        for shot in due:
            data = player.jpeg(shot)
            # The clock starts with the first finished frame: compiling the renderer may take a while.
            begin = time.monotonic() if begin is None else begin
            time.sleep(max(0.0, begin + shot.at_s - time.monotonic()))
            self._send(shot, data, uploaders[shot.camera.name], log, every)
            # Who fell behind (a slow machine, a door that was away) goes on from now, and does not send in a rush.
            begin = max(begin, time.monotonic() - shot.at_s - every)

    def _send(self, shot: Shot, data: bytes, uploader: Uploader, log: UploadLog, every: float) -> None:
        clock = f"{int(shot.t_s // 3600) % 24:02d}:{int(shot.t_s // 60) % 60:02d}:{int(shot.t_s) % 60:02d}"
        name = f"{shot.camera.name}-{shot.number:06d}.jpg"
        try:
            took = uploader.upload(name, data, patience_s=max(every, 2.0))
        except UploadFailed as error:
            self.stdout.write(f"{clock} {shot.camera.name}: not sent: {error}")
        else:
            log.add(shot.camera.name, shot.t_s, time.time())
            self.stdout.write(f"{clock} {shot.camera.name} {len(data) / 1024:.0f} KiB in {took * 1e3:.0f} ms")
        self.stdout.flush()
