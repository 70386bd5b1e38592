# SPDX-License-Identifier: AGPL-3.0-or-later
"""`manage.py export_zones FILE`: all parking zones as GeoJSON, Shapefile or GeoPackage."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.parking import selectors
from apps.parking.zone_export import ZonesNotWritten, write_zones
from apps.parking.zone_files import ENDINGS, ZIPPED


class Command(BaseCommand):
    """Write every zone with all its rules; `import_zones` reads the file again."""

    help = (
        "Write all parking zones, private ones too, to a file, known by its ending: "
        + ", ".join((*ENDINGS, ZIPPED))
        + ". import_zones reads it again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file; an existing one is replaced."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write and say how many."""
        zones = selectors.zone_specs()
        try:
            write_zones(options["file"], zones)
        except ZonesNotWritten as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{len(zones)} zones written to {options['file']}")
