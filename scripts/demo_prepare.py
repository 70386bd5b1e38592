# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the demo's database and files need. Django takes seconds to start, so each step is one process.

`python -m scripts.demo_prepare database|street`; where to find the services is in the environment.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command


def database() -> None:
    """Migrations, static files, the admin account: what the web needs."""
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("admin_password")


def street() -> None:
    """The simulated street's zones and cameras, which take a few seconds to work out."""
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


STEPS = {"database": database, "street": street}

if __name__ == "__main__":
    step = STEPS[sys.argv[1]]
    django.setup()
    step()
