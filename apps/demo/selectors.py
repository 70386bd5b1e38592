# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the demo's map says now, held against what was true in the street when it was photographed."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from dataclasses import dataclass

from shapely import Polygon

from apps.demo.demo_truth import moment_at, score_street
from apps.demo.layout import build_layout
from apps.demo.scoring import Score
from apps.demo.services import demo_folder
from apps.demo.timeline import Street
from apps.demo.truth import street_frame
from apps.parking.models import ParkingZone
from apps.parking.selectors import offered_spaces


@dataclass(frozen=True)
class ZoneCheck:
    """One zone's offered spaces against the truth of the street's moment `t_s`."""

    zone: str
    t_s: float
    score: Score


def published_against_truth(now: dt.datetime) -> list[ZoneCheck]:
    """A check per zone that is known at `now`. Raises FileNotFoundError when the demo's cameras have sent nothing yet."""
    log = json.loads((demo_folder() / "uploads.json").read_text())
    layout = build_layout(0)
    street = Street(layout, int(log["seed"]), float(log["start_t_s"]))
    frame = street_frame()
    found: dict[str, list[Polygon]] = defaultdict(list)
    for space in offered_spaces(now, private=True):
        found[space.zone].append(frame.geometry_to_metres(space.polygon_3857))
    checks = []
    known = ParkingZone.objects.filter(slug__in=[z.slug for z in layout.zones], valid_until__gt=now)
    for zone in known.order_by("slug"):
        t_s = moment_at(log, zone.observed_at.timestamp())
        if t_s is not None:
            score = score_street(street, t_s, {zone.slug: found[zone.slug]}, layout)[zone.slug]
            checks.append(ZoneCheck(zone.slug, t_s, score))
    return checks
