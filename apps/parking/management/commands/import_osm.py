# SPDX-License-Identifier: AGPL-3.0-or-later
"""`manage.py import_osm FILE`: street parking of an OpenStreetMap extract as proposed zones."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.parking import services
from apps.parking.osm_files import OSM_ENDINGS, OsmFileRefused, read_osm
from apps.parking.osm_zones import LICENCE, propose


class Command(BaseCommand):
    """Propose zones; an admin accepts them one by one. Running it again renews what nobody has judged yet."""

    help = (
        "Propose zones from the street-parking tags (parking:left, :right, :both; amenity=parking with parking=street_side"
        " or lane) of an OpenStreetMap extract: "
        + ", ".join(OSM_ENDINGS)
        + ". Nothing goes live: an admin accepts or"
        " declines each. The data is ODbL: name its contributors where it is shown."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, and whether only to look."""
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be proposed, write nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Propose and report; a file that cannot be read ends with exit status 1."""
        try:
            zones, skipped = propose(read_osm(options["file"]))
        except OsmFileRefused as error:
            raise CommandError(str(error)) from error
        for one in skipped:
            self.stdout.write(f"left out: way {one.way}, {one.reason}")
        if options["dry_run"]:
            self.stdout.write(f"would propose {len(zones)}: {', '.join(zone.slug for zone in zones)}")
            return
        report = services.propose_zones(zones)
        for word in ("created", "updated", "unchanged", "judged"):
            slugs = getattr(report, word)
            if slugs:
                what = "left alone, judged before" if word == "judged" else f"proposals {word}"
                self.stdout.write(f"{what} {len(slugs)}: {', '.join(slugs)}")
        self.stdout.write(f"{len(zones)} zones proposed. {LICENCE}")
