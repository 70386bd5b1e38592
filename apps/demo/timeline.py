# SPDX-License-Identifier: AGPL-3.0-or-later
"""What happens in the street: cars arrive, park crookedly, double-park, pass and leave; all from one seed.

`Street.state_at(t)` answers for any moment from the street's start on; events are worked out in order as far as asked
for, so the answer does not depend on what was asked before. t counts seconds from midnight of day 0.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import replace

import numpy as np

from apps.demo import paths
from apps.demo.cars import CarLook, CarPlace, random_look
from apps.demo.kerb import Berth, find_berth, used_share
from apps.demo.layout import STREET_ANGLE_RAD, DemoZone, Layout, to_world
from apps.demo.stays import Stay, poses_of

ARRIVALS_PER_HOUR = (3, 2, 1, 1, 2, 4, 8, 16, 20, 18, 18, 20, 24, 22, 26, 44, 40, 40, 44, 40, 30, 20, 12, 6)
PASSING_PER_HOUR = (
    10,
    6,
    4,
    4,
    6,
    16,
    50,
    120,
    130,
    90,
    80,
    90,
    100,
    95,
    105,
    150,
    150,
    165,
    175,
    150,
    110,
    80,
    50,
    22,
)
FULLNESS = (0.95, 0.96, 0.96, 0.96, 0.95, 0.93, 0.86, 0.76, 0.68, 0.64, 0.62, 0.63, 0.66, 0.66, 0.68, 0.80, 0.82, 0.85,
            0.90, 0.92, 0.93, 0.93, 0.94, 0.95)  # fmt: skip
"""Per hour of the day: who comes to park, who drives through, and the share of a zone's kerb that fills up. Kayseri's
street is busy when school ends and in the evening, and fullest at night."""

CHECK_EVERY_S = 0.5
RETRY_S, RETRIES = 3.0, 25


class Street:
    """The living street of one layout and seed, from `start_s` on."""

    def __init__(self, layout: Layout, seed: int = 0, start_s: float = 0.0, fullness: float = 1.0) -> None:
        self.layout = layout
        self.start_s = start_s
        self._fullness = fullness
        self._rng = np.random.default_rng([seed, 23])
        self._stays: dict[int, Stay] = {}
        self._history: list[Stay] = []
        self._queue: list[tuple[float, int, str, int]] = []
        self._count = 0
        self._clock = start_s
        self._wishes = {z.slug: float(self._rng.uniform(0.88, 1.0)) for z in layout.zones}
        for zone in layout.zones:
            self._fill(zone)
        self._park_elsewhere()
        for kind in ("arrive", "pass"):
            self._schedule(start_s + float(self._rng.exponential(20)), kind)

    def state_at(self, t_s: float) -> list[CarPlace]:
        """Every car in the street at a moment, in order of id; ValueError before the street's start."""
        return [self._place(stay, t_s) for stay in self.stays_at(t_s)]

    def stays_at(self, t_s: float) -> list[Stay]:
        """The visits that are under way at a moment, in order of id."""
        if t_s < self.start_s:
            raise ValueError(f"the street begins at {self.start_s} s, nothing is known of {t_s} s")
        self._advance(t_s)
        now = [s for s in self._stays.values() if s.begins <= t_s < s.ends]
        if t_s < self._clock:
            # Asked about the past: look among those who left and undo what was decided later.
            seen = {s.id for s in now}
            now += [s for s in self._history if s.begins <= t_s < s.ends and s.id not in seen]
        return sorted(now, key=lambda s: s.id)

    def _place(self, stay: Stay, t_s: float) -> CarPlace:
        s, t, heading = stay.pose_at(t_s)
        x, y = to_world(np.array([[s, t]]))[0]
        moving = not stay.is_parked(t_s)
        braking = moving and stay.zone is not None and stay.parked - 25 < t_s < stay.parked
        return CarPlace(
            stay.id, stay.look, float(x), float(y), heading + STREET_ANGLE_RAD, not moving, braking
        )

    # -- events ---------------------------------------------------------------------------------------------------

    def _schedule(self, at: float, kind: str, car: int = -1) -> None:
        self._count += 1
        heapq.heappush(self._queue, (at, self._count, kind, car))

    def _advance(self, t_s: float) -> None:
        while self._queue and self._queue[0][0] <= t_s:
            at, _, kind, car = heapq.heappop(self._queue)
            self._clock = at
            if kind == "leave":
                self._start_leaving(car, at)
            elif kind == "gone":
                self._history.append(self._stays.pop(car))
            else:
                table = ARRIVALS_PER_HOUR if kind == "arrive" else PASSING_PER_HOUR
                rate = table[int(at // 3600) % 24]
                (self._arrive if kind == "arrive" else self._pass)(at)
                self._schedule(at + float(self._rng.exponential(3600 / rate)), kind)
        self._clock = max(self._clock, t_s)

    def _new_id(self) -> int:
        self._count += 1
        return self._count

    def _keep(self, stay: Stay) -> None:
        self._stays[stay.id] = stay
        if math.isfinite(stay.leaves) and stay.departure is None and stay.zone is not None:
            self._schedule(stay.leaves, "leave", stay.id)
        elif math.isfinite(stay.ends):
            self._schedule(stay.ends, "gone", stay.id)

    # -- parking --------------------------------------------------------------------------------------------------

    def _fill(self, zone: DemoZone) -> None:
        """Cars that stand in a zone when the street begins."""
        for _ in range(200):
            look = random_look(self._rng)
            found = self._find_berth(zone, self.start_s, look)
            if found is None:
                if used_share(zone, self._taken(zone)) >= self._limit(zone, self.start_s) - 0.08:
                    return
                continue
            # Residual stays of a full street are longer than fresh ones.
            leaves = self.start_s + max(
                30.0, self._duration(zone, self.start_s) * float(self._rng.uniform(0.4, 1.1))
            )
            stay = Stay(self._new_id(), look, zone.slug, found.pose, found.nose_in, -math.inf, -math.inf, leaves, math.inf,
                        None, None, found.extent)  # fmt: skip
            self._keep(stay)

    def _park_elsewhere(self) -> None:
        """A few cars that never move, outside every zone: side streets and waste ground."""
        places = [(-74.0, 20.0, 1.57), (-76.5, 42.0, 1.6), (60.0, -6.4, 0.1), (66.5, -6.2, 0.0), (80.0, 30.0, 1.5),
                  (30.5, -6.3, 3.1), (-52.0, -6.6, 0.05), (-21, 68.0, 0.0), (12, 71.0, 3.14), (-28, 33, 0.7)]  # fmt: skip
        for s, t, heading in places:
            if self._rng.random() < 0.7:
                pose = (s + float(self._rng.normal(0, 0.8)), t, heading + float(self._rng.normal(0, 0.06)))
                self._keep(
                    Stay(self._new_id(), random_look(self._rng), None, pose, True, -math.inf, -math.inf, math.inf,
                         math.inf, None, None)
                )  # fmt: skip

    def _limit(self, zone: DemoZone, at: float) -> float:
        """Share of the zone's kerb that may be taken at this hour."""
        hour = at / 3600 % 24
        share = float(np.interp(hour, np.arange(25), [*FULLNESS, FULLNESS[0]]))
        return min(0.97, share * self._wishes[zone.slug] * self._fullness)

    def _taken(self, zone: DemoZone) -> list[tuple[float, float]]:
        return [s.extent for s in self._stays.values() if s.zone == zone.slug]

    def _find_berth(self, zone: DemoZone, at: float, look: CarLook) -> Berth | None:
        return find_berth(zone, self._taken(zone), self._limit(zone, at), look, self._rng)

    def _duration(self, zone: DemoZone, at: float) -> float:
        """Seconds a driver stays: errands, visits, residents; nobody in the yard comes for a minute."""
        rng = self._rng
        hour = at / 3600 % 24
        if not 6.5 <= hour < 19 and rng.random() < 0.7:
            # Who comes home in the evening leaves in the morning.
            morning = 24.0 if hour >= 19 else 0.0
            return (morning + float(rng.normal(7.9, 0.9)) - hour) * 3600 if hour < 6 or hour >= 19 else 5400.0
        shares = (0.10, 0.30) if zone.access == "private" else (0.48, 0.34)
        draw = rng.random()
        if draw < shares[0]:
            return float(rng.uniform(4, 25)) * 60
        if draw < shares[0] + shares[1]:
            return float(rng.uniform(0.5, 2.5)) * 3600
        return float(rng.uniform(3, 11)) * 3600

    def _arrive(self, at: float) -> None:
        zones = self.layout.zones
        weights = np.array([0.3 if z.access == "private" else z.run_m / 40 for z in zones])
        zone = zones[int(self._rng.choice(len(zones), p=weights / weights.sum()))]
        look = random_look(self._rng)
        stay_s = self._duration(zone, at)
        if zone.mode == "parallel" and self._rng.random() < 0.10:
            self._double_park(zone, at, look)
            return
        found = self._find_berth(zone, at, look)
        if found is None:
            return
        path = paths.arrive(self.layout, zone, found.pose, found.nose_in)
        begins = self._free_moment(path, at)
        if begins is not None:
            parked = begins + path.duration
            self._keep(
                Stay(self._new_id(), look, zone.slug, found.pose, found.nose_in, begins, parked, parked + stay_s, math.inf,
                     path, None, found.extent)
            )  # fmt: skip

    def _start_leaving(self, car: int, at: float) -> None:
        stay = self._stays[car]
        zone = next(z for z in self.layout.zones if z.slug == stay.zone)
        path = paths.leave(self.layout, zone, stay.pose, stay.nose_in)
        leaves = self._free_moment(path, at, car)
        if leaves is None:
            later = replace(stay, leaves=at + 240.0)
            self._stays[car] = later
            self._schedule(later.leaves, "leave", car)
            return
        gone = replace(stay, leaves=leaves, ends=leaves + path.duration, departure=path)
        self._stays[car] = gone
        self._schedule(gone.ends, "gone", car)

    # -- moving cars ----------------------------------------------------------------------------------------------

    def _pass(self, at: float) -> None:
        forward = bool(self._rng.random() < 0.5)
        blocked = [s.pose[0] for s in self._stays.values() if s.zone == "road" and (s.pose[1] < 0) == forward]
        path = paths.passing(self.layout, forward, float(self._rng.normal(0, 0.12)), blocked)
        look = random_look(self._rng)
        begins = self._free_moment(path, at, give_way=True)
        if begins is not None:
            end = begins + path.duration
            self._keep(
                Stay(self._new_id(), look, None, (0, 0, 0), True, begins, math.inf, math.inf, end, path, None)
            )

    def _double_park(self, zone: DemoZone, at: float, look: CarLook) -> None:
        """Someone stops beside parked cars for a few minutes, half in the lane."""
        forward = zone.t1 <= 0
        s = float(self._rng.uniform(zone.s0 + 4, zone.s1 - 4))
        side = -1.0 if forward else 1.0
        t = side * (self.layout.road_half_m - look.width_m / 2 - 0.12)
        heading = (0.0 if forward else math.pi) + float(self._rng.normal(0, 0.03))
        way = 1.0 if forward else -1.0
        end = self.layout.half_length_m
        lane = self.layout.lanes_t[0 if forward else 1]
        come = paths.drive_and_stop((-way * end, lane), (s, t, heading))
        begins = self._free_moment(come, at)
        if begins is None or any(st.zone == "road" for st in self._stays.values()):
            return
        parked = begins + come.duration
        leaves = parked + float(self._rng.uniform(60, 420))
        go = paths.start_and_drive((s, t, heading), (way * end, lane))
        self._keep(
            Stay(self._new_id(), look, "road", (s, t, heading), True, begins, parked, leaves, leaves + go.duration, come,
                 go)
        )  # fmt: skip

    def _free_moment(
        self, path: paths.Path, at: float, own: int = -1, give_way: bool = False
    ) -> float | None:
        """The first of a few moments from `at` on at which a path meets no other moving or double-parked car."""
        for attempt in range(4 if give_way else RETRIES):
            begins = at + attempt * RETRY_S
            if not self._meets_another(path, begins, own):
                return begins
        return None

    def _meets_another(self, path: paths.Path, begins: float, own: int) -> bool:
        moments = np.arange(0.0, path.duration, CHECK_EVERY_S)
        mine = np.column_stack([np.interp(moments, path.times, path.poses[:, k]) for k in range(3)])
        for stay in self._stays.values():
            road = stay.zone == "road"
            if stay.id == own or (stay.arrival is None and stay.departure is None):
                continue
            spans = [(stay.begins, stay.ends)] if road or stay.zone is None else [(stay.begins, stay.parked)]
            if stay.departure is not None and not road:
                spans.append((stay.leaves, stay.ends))
            for first, last in spans:
                shared = (begins + moments >= first) & (begins + moments < last)
                if shared.any() and paths.collides(mine[shared], poses_of(stay, begins + moments[shared])):
                    return True
        return False
