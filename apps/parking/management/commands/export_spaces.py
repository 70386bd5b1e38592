# SPDX-License-Identifier: AGPL-3.0-or-later
"""`manage.py export_spaces FILE`: the free spaces of now as GeoJSON, Shapefile or GeoPackage."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.parking import selectors
from apps.parking.space_files import SpaceFileRefused, write_spaces
from apps.parking.zone_files import ENDINGS


class Command(BaseCommand):
    """Write the spaces that are offered at this moment; an existing file is replaced."""

    help = "Write the free spaces of now to a file, known by its ending: " + ", ".join(ENDINGS) + "."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, and whether private zones are wanted."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--private", action="store_true", help="also spaces of private zones")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write and say how many."""
        spaces = selectors.offered_spaces(timezone.now(), private=options["private"])
        try:
            write_spaces(options["file"], spaces)
        except SpaceFileRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{len(spaces)} spaces written to {options['file']}")
