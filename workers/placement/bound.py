# SPDX-License-Identifier: AGPL-3.0-or-later
"""A proven upper bound on the number of slots that a zone can hold, blocked-in ones counted too.

**What is proved.** Let every slot of a layout be taken ``SHRINK_M`` smaller on each of its four sides. If these
smaller slots lie in the zone and off blocked ground, share no ground (each with its spacing, as
``feasible.spaced_size`` says), and keep their angles to ``ANGLE_SLACK_DEG``, then there are at most ``upper_bound``
of them. So it holds for every layout that is feasible exactly. Two slots that overlap by at most 1 cm2, as the
exact check of what is published allows, share no ground when made smaller: a common point would be the middle of a
disc of 6 mm in both, which is 1.13 cm2. In the same way a smaller slot cannot reach past an edge of the zone or of a
car unless more than 1 cm2 does, except at corners and spikes narrower than a right angle. What a judge's wider
tolerance (20 cm2, 1 degree) might squeeze in beyond that is not covered; ``SHRINK_M`` of 26 mm would cover it.

**How.** (1) Every slot stands in some cell of angles and depths, and all slots of a cell surely cover known chords of
the level lines around their centre (``bound_tables``). (2) Those chords must lie in free intervals of the lines, which
leaves boxes of poses, in groups whose centres lie apart (``bound_poses``); a layout's slots are shared out among the
groups, so that bounds of groups add up, each a whole number. (3) A group is bounded by measure (``bound_measure``,
``bound_weights``) and by sweeping (``bound_sweep``); the boxes that stand in the way of a better bound are halved, until
it meets what was found there, those in the way are as fine as can be, or the work allowed is done (``bound_group``,
``bound_count``). A kerb with corners is cut there, and slots are counted with the piece of kerb nearest to them
(``bound_strip``). (4) Cars make no room: what is proved once for the zone without cars holds always.

**Curved kerbs.** Along a kerb close to an arc, lines are arcs about its centre and x is arc length. The zone and the
cars are carried there edge by edge in short pieces; a piece departs from the true edge by no more than its length
squared / 8 x sqrt(2) / radius, and slots are taken smaller by as much. A chord's piece surely covered is shortened by
what its arc departs from the tangent. Chords that count overlap from line to line, so that a slot joins them by a path
that meets every arc once; for disjoint sets of that kind "west of" has no cycle, as for convex sets and straight
lines. Any other kerb gets straight lines and an angle range wide enough for all its directions.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from workers.placement.bound_count import most_in_strip
from workers.placement.bound_strip import PATIENT, SHRINK_M, USUAL, Effort, Strip, strips_of
from workers.placement.geometry import polygonal
from workers.placement.packed import PackedGround
from workers.placement.problem import PlacementProblem

Floats = NDArray[np.float64]

_KEPT_BYTES = 256_000_000


@dataclass(frozen=True, eq=False)
class Bound:
    """At most ``most`` slots.

    ``places`` (q, 5) says where more may stand than were found: points x1, y1, x2, y2 near the ground's origin between
    which their centres lie along the kerb, and how many there are at most. None when nothing is known of places.
    """

    most: int
    places: Floats | None


def upper_bound(problem: PlacementProblem, ground: PackedGround, found_xy: Floats | None = None) -> Bound:
    """At most so many slots can stand in a zone; see the module for what is proved and how.

    Args:
        problem: the problem, and ``ground`` the same packed.
        found_xy: (n, 2) the centres of slots that stand, near the ground's origin. Where the bound meets them it is
            not made finer.
    """
    plan = _plan(ground)
    if plan.empty is None:
        return _bounded(problem, ground, found_xy, plan.strips, USUAL)
    if not len(ground.cars_xy):
        return plan.empty
    bound = _bounded(problem, ground, found_xy, plan.strips, USUAL)
    # Cars make no room.
    return Bound(min(bound.most, plan.empty.most), bound.places)


def knows_empty(ground: PackedGround) -> bool:
    """Whether ``bound_empty`` was asked about this zone and slot size before."""
    return _plan(ground).empty is not None


def bound_empty(problem: PlacementProblem, ground: PackedGround, found_xy: Floats) -> Bound:
    """The bound of a zone without cars, with more patience; kept, since it holds whatever parks there.

    ``problem`` has nothing blocked; for the rest see ``upper_bound``. Takes up to a fifth of a second.
    """
    plan = _plan(ground)
    bound = _bounded(problem, ground, found_xy, plan.strips, USUAL)
    if bound.most > len(found_xy):
        closer = _bounded(problem, ground, found_xy, strips_of(ground, PATIENT), PATIENT)
        bound = closer if closer.most < bound.most else bound
    plan.empty = bound
    return bound


def _bounded(
    problem: PlacementProblem,
    ground: PackedGround,
    found_xy: Floats | None,
    strips: tuple[Strip, ...] | None,
    effort: Effort,
) -> Bound:
    if strips is None:
        return Bound(_by_area(problem), None)
    most = 0
    places = [np.empty((0, 5))]
    found_xy = _NOWHERE if found_xy is None else np.ascontiguousarray(found_xy)
    work = effort.on(ground.zone_area_m2)
    for strip in strips:
        here, unmet = most_in_strip(strip.compiled, ground.cars_xy, ground.car_starts, found_xy, work)
        most += int(here)
        if len(unmet):
            places.append(strip.stretches(unmet))
    # Strips of a kerb with many corners may count ground twice.
    if most * problem.slot_area_m2 > problem.zone.area:
        most = min(most, _by_area(problem))
    return Bound(most, np.concatenate(places) if len(places) > 1 else places[0])


_NOWHERE: Floats = np.empty((0, 2))


def _by_area(problem: PlacementProblem) -> int:
    """Free ground over a slot's area: for zones too deep for lines."""
    free = float(shapely.difference(problem.zone, polygonal(problem.blocked)).area)
    length = max(problem.slot_length_m - 2 * SHRINK_M, problem.slot_length_m / 2)
    width = max(problem.slot_width_m - 2 * SHRINK_M, problem.slot_width_m / 2)
    return int(free / (length * width) + 1e-6)


@dataclass(eq=False)
class _Plan:
    """What belongs to a zone and a slot size alone: its strips, and the bound when no car is there, once it is known."""

    strips: tuple[Strip, ...] | None
    empty: Bound | None = None


# Kept from frame to frame.
_plans: OrderedDict[tuple[object, ...], _Plan] = OrderedDict()


def _plan(ground: PackedGround) -> _Plan:
    key = (
        ground.zone_xy.tobytes(),
        ground.zone_starts.tobytes(),
        ground.kerb_xy.tobytes(),
        ground.ranges_rad.tobytes(),
        ground.length_m,
        ground.width_m,
        ground.spacing_m,
    )
    if key in _plans:
        _plans.move_to_end(key)
        return _plans[key]
    plan = _Plan(strips_of(ground, USUAL))
    _plans[key] = plan
    kept = 0
    for old in reversed(list(_plans)):
        kept += _bytes(_plans[old].strips)
        if kept > _KEPT_BYTES and old != key:
            del _plans[old]
    return plan


def _bytes(strips: tuple[Strip, ...] | None) -> int:
    return sum(strip.nbytes for strip in strips or ()) + 4000
