# SPDX-License-Identifier: AGPL-3.0-or-later
"""`manage.py import_zones FILE`: parking zones from GeoJSON, Shapefile or GeoPackage."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.parking import services
from apps.parking.zone_files import ENDINGS, ZIPPED, ZoneFileRefused
from apps.parking.zone_plans import Plan, survey_path


class Command(BaseCommand):
    """Create or update all zones of a file, or none; running it again changes nothing."""

    help = (
        "Create or update parking zones from a file, known by its ending: "
        + ", ".join((*ENDINGS, ZIPPED))
        + ". Zones are matched by their slug. Fields: slug, name, mode, angle_deg, slot_length_m, slot_width_m, "
        "spacing_m, kerb, access_edges, mixed_sizes, access, hours, validity_s, enabled, standing, source, licence. "
        "What the file does not mention stays as it is; a new zone takes the default. When any feature is bad, nothing is imported."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, and its coordinate system when it does not say."""
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--epsg", type=int, help="EPSG code of the coordinates, in place of the file's own"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would change, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what changes, import, report; a refused file ends with exit status 1 and a line for each problem."""
        try:
            plan = survey_path(options["file"], epsg=options["epsg"])
            self._tell(plan)
            if options["dry_run"]:
                self.stdout.write("Nothing was written.")
                return
            planned = [(row.spec, row.based_on) for row in plan.rows if row.spec is not None]
            report = services.write_zones(
                [spec for spec, _ in planned], {spec.slug: based_on for spec, based_on in planned}
            )
        except (ZoneFileRefused, services.ZoneRefused, services.ZoneChangedMeanwhile) as error:
            raise CommandError(str(error)) from error
        for word in ("created", "updated", "unchanged"):
            slugs = getattr(report, word)
            if slugs:
                self.stdout.write(f"{word} {len(slugs)}: {', '.join(slugs)}")

    def _tell(self, plan: Plan) -> None:
        """One line for each zone that is new or changes, and below it what there is to know, as in the admin."""
        for row in plan.rows:
            if row.spec is not None and row.kind != "unchanged":
                self.stdout.write(f"{row.kind}: {row.spec.slug}")
                for line in (*row.changes, *(f"look at this: {notice}" for notice in row.notices)):
                    self.stdout.write(f"  {line}")
