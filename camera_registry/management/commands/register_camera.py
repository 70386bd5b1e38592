# SPDX-License-Identifier: AGPL-3.0-or-later
"""`manage.py register_camera`: a camera, its key and its calibration in one line, e.g. before a `replay`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import asyncssh
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from camera_registry import services


class Command(BaseCommand):
    help = "Register a camera, or bring one up to date. May be repeated."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("name", help="the camera's name: its SFTP account and folder")
        parser.add_argument("--title", help="what people call it")
        parser.add_argument("--every", type=int, help="seconds between its frames")
        parser.add_argument("--max-range", type=float, help="ground farther away is not believed, metres")
        parser.add_argument(
            "--calibration", type=Path, help="what `python -m camera_registry.calibrate` wrote"
        )
        key = parser.add_mutually_exclusive_group()
        key.add_argument("--public-key", type=Path, help="the camera's public key (.pub)")
        key.add_argument(
            "--new-key", action="store_true", help="make a key pair; the private half goes to VAR/keys/NAME"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        fields = {
            field: options[option]
            for field, option in (
                ("title", "title"),
                ("expected_interval_s", "every"),
                ("max_range_m", "max_range"),
            )
            if options[option] is not None
        }
        name = options["name"]
        try:
            with transaction.atomic():
                camera = services.register_camera(name, **fields)
                if options["public_key"]:
                    services.add_key(camera, options["public_key"].read_text())
                if options["calibration"]:
                    data = json.loads(options["calibration"].read_text(encoding="utf-8"))
                    row = services.import_calibration(camera, data, note=options["calibration"].name)
                    self.stdout.write(f"{name}: calibration version {row.version} is in use")
                if options["new_key"]:
                    path = Path(settings.SPARK_VAR) / "keys" / name
                    services.add_key(camera, self._key(path))
                    self.stdout.write(f"{name}: private key in {path}")
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{name}: registered")

    def _key(self, path: Path) -> str:
        """The public half of the key at `path`, made when it is missing (readable by this user alone)."""
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            key = asyncssh.generate_private_key("ssh-ed25519", comment=path.name)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(key.export_private_key("openssh"))
        return asyncssh.read_private_key(path).export_public_key("openssh").decode()
