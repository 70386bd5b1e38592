# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the demo's database and files need before its programs start, in one Django process (each costs a second).

`python -m scripts.demo_prepare`; where to find the services is in the environment.
"""

from __future__ import annotations

import json
from pathlib import Path

import django


def prepare() -> None:
    """Migrations, static files, the admin account, the street."""
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("admin_password")
    call_command("demo_street_setup")
    _write_extent(Path(settings.SPARK_VAR) / "demo" / "bbox.json")


def _write_extent(path: Path) -> None:
    """West, south, east, north of all zones in degrees, for the demo's question whether the map is live."""
    from django.contrib.gis.db.models import Extent
    from django.contrib.gis.db.models.functions import Transform

    from apps.parking.models import ParkingZone

    zones = ParkingZone.objects.annotate(wgs84=Transform("geometry", 4326))
    box = zones.aggregate(box=Extent("wgs84"))["box"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(box))


if __name__ == "__main__":
    django.setup()
    prepare()
