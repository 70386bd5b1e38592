# SPDX-License-Identifier: AGPL-3.0-or-later
"""`manage.py sftp_server`: the door through which cameras upload."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from camera_registry.sftp import Door, DoorOptions
from camera_registry.upload_folder import UploadLimits


class Command(BaseCommand):
    help = "Run the SFTP server that cameras upload to. Accounts are the cameras of the registry."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--host", default=settings.SPARK_SFTP_HOST)
        parser.add_argument("--port", type=int, default=settings.SPARK_SFTP_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(self._serve(options["host"], options["port"]))

    async def _serve(self, host: str, port: int) -> None:
        limits = UploadLimits(settings.SPARK_MAX_UPLOAD_BYTES, settings.SPARK_UPLOADS_PER_MINUTE)
        door = Door(
            DoorOptions(Path(settings.SPARK_INBOX), host, port, Path(settings.SPARK_SFTP_HOST_KEY), limits)
        )
        stop = asyncio.Event()
        for signum in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signum, stop.set)
        try:
            fingerprints = await door.start()
        except OSError as error:
            raise CommandError(f"The SFTP door cannot listen on {host}:{port}: {error}") from error
        self.stdout.write(f"SFTP door open on {host}:{door.port}")
        for fingerprint in fingerprints:
            self.stdout.write(f"Host key {fingerprint}")
        self.stdout.flush()
        await stop.wait()
        await door.close()
