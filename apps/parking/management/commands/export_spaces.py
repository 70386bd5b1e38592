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
from apps.parking.vehicles import NoClassHolds, VehicleClass, class_that_holds
from apps.parking.zone_files import ENDINGS


class Command(BaseCommand):
    """Write the spaces that are offered at this moment; an existing file is replaced."""

    help = "Write the free spaces of now to a file, known by its ending: " + ", ".join(ENDINGS) + "."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, whether private zones are wanted, and for which vehicles."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--private", action="store_true", help="also spaces of private zones")
        parser.add_argument(
            "--vehicle-length",
            type=float,
            metavar="M",
            help="the layout for vehicles of this length, true metres",
        )
        parser.add_argument(
            "--vehicle-width", type=float, metavar="M", help="and of this width, without mirrors"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write and say how many."""
        try:
            vehicle = self._vehicle(options["vehicle_length"], options["vehicle_width"])
            spaces = selectors.offered_spaces(timezone.now(), private=options["private"], vehicle=vehicle)
            write_spaces(options["file"], spaces)
        except (SpaceFileRefused, NoClassHolds) as error:
            raise CommandError(str(error)) from error
        whose = f" for vehicles up to {vehicle}" if vehicle else ""
        self.stdout.write(f"{len(spaces)} spaces{whose} written to {options['file']}")

    def _vehicle(self, length_m: float | None, width_m: float | None) -> VehicleClass | None:
        if length_m is None:
            if width_m is not None:
                raise CommandError("--vehicle-width needs --vehicle-length beside it.")
            return None
        return class_that_holds(selectors.vehicle_classes(), length_m, width_m)
