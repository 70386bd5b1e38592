# SPDX-License-Identifier: AGPL-3.0-or-later
"""`manage.py import_zones FILE`: parking zones from GeoJSON, Shapefile or GeoPackage."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.parking import services
from apps.parking.zone_files import ENDINGS, ZIPPED, ZoneFileRefused


class Command(BaseCommand):
    """Create or update all zones of a file, or none; running it again changes nothing."""

    help = (
        "Create or update parking zones from a file, known by its ending: "
        + ", ".join((*ENDINGS, ZIPPED))
        + ". Zones are matched by their slug. Fields: slug, name, mode, angle_deg, slot_length_m, slot_width_m, "
        "spacing_m, kerb, access_edges, mixed_sizes, access, hours, validity_s, enabled, standing, source, licence. When any feature is bad, nothing is imported."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, and its coordinate system when it does not say."""
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--epsg", type=int, help="EPSG code of the coordinates, in place of the file's own"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import and report; a refused file ends with exit status 1 and a line for each problem."""
        try:
            report = services.import_zones(options["file"], epsg=options["epsg"])
        except (ZoneFileRefused, services.ZoneRefused) as error:
            raise CommandError(str(error)) from error
        for word in ("created", "updated", "unchanged"):
            slugs = getattr(report, word)
            if slugs:
                self.stdout.write(f"{word} {len(slugs)}: {', '.join(slugs)}")
