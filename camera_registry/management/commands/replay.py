# SPDX-License-Identifier: AGPL-3.0-or-later
"""`manage.py replay`: a folder of photographs, uploaded as a camera would upload them."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from camera_registry.uploader import Target, Uploader, UploadFailed, host_keys_beside

JPEG_ENDINGS = (".jpg", ".jpeg")


class Command(BaseCommand):
    help = "Upload the JPEGs of a folder, by name, over SFTP as one camera."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--camera", required=True, help="the camera's name, its SFTP account")
        parser.add_argument("--every", type=float, default=10.0, help="seconds between frames (default 10)")
        parser.add_argument("--key", type=Path, help="the camera's private key; default VAR/keys/CAMERA")
        parser.add_argument("--loop", action="store_true", help="begin again after the last photograph")
        parser.add_argument("--limit", type=int, help="stop after this many uploads")
        parser.add_argument("--host", default=settings.SPARK_SFTP_HOST)
        parser.add_argument("--port", type=int, default=settings.SPARK_SFTP_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        photographs = self._photographs(options["folder"])
        name = options["camera"]
        target = Target(
            host=options["host"],
            port=options["port"],
            camera=name,
            key=options["key"] or self._key_of(name),
            host_keys=host_keys_beside(Path(settings.SPARK_SFTP_HOST_KEY)),
        )
        paths = itertools.cycle(photographs) if options["loop"] else iter(photographs)
        total = options["limit"] or (None if options["loop"] else len(photographs))
        paths = itertools.islice(paths, total)
        with Uploader(target) as uploader:
            try:
                self._send(uploader, paths, total, options["every"])
            except UploadFailed as error:
                raise CommandError(str(error)) from error
            except KeyboardInterrupt:
                self.stdout.write("stopped")

    def _photographs(self, folder: Path) -> list[Path]:
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder")
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in JPEG_ENDINGS)
        if not found:
            raise CommandError(f"{folder} has no {' or '.join(JPEG_ENDINGS)} files")
        return found

    def _key_of(self, camera: str) -> Path:
        folders = (Path(settings.SPARK_VAR) / "keys", Path(settings.SPARK_VAR) / "demo" / "keys")
        for folder in folders:
            if (folder / camera).is_file():
                return folder / camera
        raise CommandError(f"no private key for {camera}: give one with --key (none in {folders[0]})")

    def _send(self, uploader: Uploader, paths: Any, total: int | None, every_s: float) -> None:
        due = time.monotonic()
        for number, path in enumerate(paths, start=1):
            time.sleep(max(0.0, due - time.monotonic()))
            data = path.read_bytes()
            took = uploader.upload(f"frame-{number:06d}.jpg", data)
            of = f"/{total}" if total else ""
            self.stdout.write(f"{number}{of} {path.name} {len(data) / 1024:.0f} KiB in {took * 1e3:.0f} ms")
            self.stdout.flush()
            due = max(due + every_s, time.monotonic())
