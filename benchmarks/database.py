# SPDX-License-Identifier: AGPL-3.0-or-later
"""What publishing and reading cost in the database: a zone with twenty spaces in one layout and in eight; a map of a
hundred such zones read by everyone.

On a scratch database beside the tests' own, thrown away afterwards. Processor time of this process and of its
PostgreSQL backend, for wall time on a busy machine says little; reads also in wall time.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import os
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import numpy as np
import shapely

from apps.parking.published import PublishedLayout, PublishedSpace
from apps.parking.vehicles import VehicleClass, parse_classes
from apps.parking.zones import ZoneSpec
from camera_registry.mercator import LocalFrame, lonlat_to_3857
from scripts.services import Services

Rows = list[dict[str, Any]]

FRAME = LocalFrame(tuple(lonlat_to_3857([(35.4872, 38.7223)])[0]))
BBOX = "35.48,38.70,35.50,38.74"
ZONE_M, GAP_M, SLOT = 120.0, 0.5, VehicleClass(5.0, 2.3)
CLASSES = parse_classes(("3.6x1.7", "4.2x1.8", "4.8x1.9", "5.4x2.0", "6.0x2.1", "7.0x2.3", "8.0x2.5"))
SPACES, ZONES = 20, 100
TURNS, QUICK_TURNS = 100, 20


def run(quick: bool) -> dict[str, Rows]:
    """Tables: publications and map reads."""
    turns = QUICK_TURNS if quick else TURNS
    with _scratch_database():
        return {"publications": _publications(turns), "map reads": _reads(turns)}


@contextlib.contextmanager
def _scratch_database() -> Iterator[None]:
    """Django on a database of its own in the private test services."""
    with contextlib.ExitStack() as until_the_end:
        private = Services("test")
        slot = until_the_end.enter_context(private.slot())
        started = private.start()
        url = urlsplit(started.database_url)._replace(path=f"/spark_bench_{slot}")
        os.environ |= {"DATABASE_URL": urlunsplit(url), "REDIS_URL": started.redis_url, "SPARK_ENV_FILE": ""}
        os.environ.setdefault("SECRET_KEY", "for-benchmarks-only")
        os.environ["DJANGO_SETTINGS_MODULE"] = "spark.settings"
        import django
        from django.db import connection

        django.setup()
        from django.test.utils import setup_test_environment, teardown_test_environment

        setup_test_environment()
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            yield
        finally:
            teardown_test_environment()
            connection.creation.destroy_test_db(f"spark_bench_{slot}", verbosity=0)


def _spaces(row: int, vehicle: VehicleClass, count: int, shift_m: float = 0.0) -> tuple[PublishedSpace, ...]:
    length, y = vehicle.length_m, row * 10.0
    starts = (shift_m + number * (length + GAP_M) for number in range(count))
    return tuple(
        PublishedSpace(FRAME.geometry_to_3857(shapely.box(x, y, x + length, y + 2.3)), length, 2.3, 90.0, 0.9)
        for x in starts
    )


def _layout(row: int, at: dt.datetime, *, classes: bool, shift_m: float = 0.0) -> PublishedLayout:
    by_class = {
        vehicle.key: _spaces(row, vehicle, int((ZONE_M - 10) / (vehicle.length_m + GAP_M)), shift_m)
        for vehicle in (CLASSES if classes else ())
    }
    own = _spaces(row, SLOT, SPACES, shift_m)
    return PublishedLayout(at, own, 230.0, 46.0, 0.0, classes=by_class, bound=SPACES)


def _zone(row: int) -> str:
    from apps.parking import services

    slug = f"row-{row}"
    outline = FRAME.geometry_to_3857(shapely.box(0, row * 10.0, ZONE_M, row * 10.0 + 2.3))
    services.create_zone(ZoneSpec(slug=slug, name=slug, geometry_3857=outline))
    return slug


def _publications(turns: int) -> Rows:
    from django.utils import timezone

    from apps.parking import services
    from apps.parking.models import ParkingSpace

    slug, start = _zone(0), timezone.now() - dt.timedelta(seconds=100)
    rows: Rows = []
    step = 0
    for name, classes, moves in (
        ("own layout, all stand", False, 0.0),
        ("8 layouts, all stand", True, 0.0),
        ("8 layouts, all move", True, 3.2),
    ):
        python, backend = [], _backend_ms()
        for turn in range(turns):
            step += 1
            at = start + dt.timedelta(milliseconds=step)
            layout = _layout(0, at, classes=classes, shift_m=moves * (turn % 2))
            began = time.thread_time()
            services.publish_layout(slug, layout)
            python.append((time.thread_time() - began) * 1e3)
        rows.append(
            {
                "publication": name,
                "rows": ParkingSpace.objects.count(),
                "python cpu ms": statistics.median(python),
                "postgresql cpu ms": (_backend_ms() - backend) / turns,
            }
        )
    return rows


def _backend_ms() -> float:
    """Processor time of this connection's PostgreSQL process so far, ms."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000.0 / os.sysconf("SC_CLK_TCK")


def _reads(turns: int) -> Rows:
    from django.db import connection
    from django.test import Client
    from django.utils import timezone

    from apps.parking import services

    now = timezone.now()
    for row in range(1, ZONES + 1):
        slug = _zone(row)
        for back in (1, 0):
            services.publish_layout(slug, _layout(row, now - dt.timedelta(seconds=back), classes=True))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE parking_parkingspace")
        cursor.execute("VACUUM ANALYZE parking_parkingzone")
    client, rows = Client(), []
    for what in ("spaces", "zones"):
        for whose, query in (("own", ""), ("vehicles of 5.9 m", "&vehicle_length=5.9")):
            url = f"/api/v1/{what}/?bbox={BBOX}{query}"
            answer = client.get(url)
            assert answer.status_code == 200, answer.content
            tag = {"if-none-match": answer.headers["ETag"]}
            size = {"kB": len(answer.content) / 1e3, "gzip kB": len(gzip.compress(answer.content)) / 1e3}
            features = answer.content.count(b'"Feature"')
            for status, headers in ((200, {}), (304, tag)):
                measured = _timed(partial(client.get, url, headers=headers), turns)
                sizes = size if status == 200 else {}
                rows.append(
                    {"read": what, "layout": whose, "features": features, "status": status} | measured | sizes
                )
    return rows


def _timed(ask: Callable[[], Any], turns: int) -> dict[str, float]:
    backend, python, wall = _backend_ms(), [], []
    for _ in range(turns):
        began, clock = time.thread_time(), time.perf_counter()
        ask()
        python.append((time.thread_time() - began) * 1e3)
        wall.append((time.perf_counter() - clock) * 1e3)
    return {
        "p50 ms": statistics.median(wall),
        "p95 ms": float(np.percentile(wall, 95)),
        "python cpu ms": statistics.median(python),
        "postgresql cpu ms": (_backend_ms() - backend) / turns,
    }
