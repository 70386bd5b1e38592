# SPDX-License-Identifier: AGPL-3.0-or-later
"""How cars drive in the street frame: along a lane, into a space and out again, as sampled paths.

Traffic keeps right: towards +s at t < 0, towards −s at t > 0. Headings are street-frame radians, anticlockwise from +s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.demo.layout import DemoZone, Layout

STEP_M = 0.5
"""Spacing of path samples."""

ROAD_SPEED, YARD_SPEED, MANOEUVRE_SPEED = 8.0, 3.5, 1.6
"""Metres per second."""

PAST_SLOT_M = 6.5
"""How far past a parallel slot a car stops before it reverses in."""

TURN_RADIUS_M = 4.6

Leg = tuple[NDArray[np.float64], float]
"""Poses (N, 3) of s, t, heading, and the speed along them."""


@dataclass(frozen=True)
class Path:
    """Poses over time: times (N,) seconds from the start, poses (N, 3) of s, t, heading (unwrapped)."""

    times: NDArray[np.float64]
    poses: NDArray[np.float64]

    @property
    def duration(self) -> float:
        return float(self.times[-1])

    def at(self, seconds: float) -> tuple[float, float, float]:
        """s, t, heading after so many seconds."""
        pose = [float(np.interp(seconds, self.times, self.poses[:, k])) for k in range(3)]
        return pose[0], pose[1], pose[2]


def _join(legs: list[Leg]) -> Path:
    times, poses = [np.zeros(1)], [legs[0][0][:1]]
    clock = 0.0
    previous = legs[0][0][0]
    for points, speed in legs:
        run = np.concatenate([[previous], points])
        steps = np.hypot(np.diff(run[:, 0]), np.diff(run[:, 1]))
        steps = np.maximum(steps, 1e-3) / speed
        times.append(clock + np.cumsum(steps))
        poses.append(points)
        clock = float(times[-1][-1])
        previous = points[-1]
    every = np.concatenate(poses)
    every[:, 2] = np.unwrap(every[:, 2])
    return Path(np.concatenate(times), every)


def _line(s0: float, t0: float, s1: float, t1: float, heading: float) -> NDArray[np.float64]:
    count = max(2, math.ceil(math.hypot(s1 - s0, t1 - t0) / STEP_M) + 1)
    u = np.linspace(0, 1, count)
    return np.column_stack([s0 + u * (s1 - s0), t0 + u * (t1 - t0), np.full(count, heading)])


def _sweep(
    start: tuple[float, float, float], end: tuple[float, float, float], *, reverse: bool = False
) -> NDArray[np.float64]:
    """A smooth curve (cubic Hermite) from pose to pose; in reverse the car faces against its motion."""
    sign = -1.0 if reverse else 1.0
    p0, p1 = np.array(start[:2]), np.array(end[:2])
    reach = float(np.linalg.norm(p1 - p0)) * 1.15
    d0 = sign * reach * np.array([math.cos(start[2]), math.sin(start[2])])
    d1 = sign * reach * np.array([math.cos(end[2]), math.sin(end[2])])
    u = np.linspace(0, 1, max(6, math.ceil(reach / STEP_M)))[:, None]
    points = (
        (2 * u**3 - 3 * u**2 + 1) * p0
        + (u**3 - 2 * u**2 + u) * d0
        + (3 * u**2 - 2 * u**3) * p1
        + (u**3 - u**2) * d1
    )
    slope = (
        (6 * u**2 - 6 * u) * p0
        + (3 * u**2 - 4 * u + 1) * d0
        + (6 * u - 6 * u**2) * p1
        + (3 * u**2 - 2 * u) * d1
    )
    heading = np.arctan2(sign * slope[:, 1], sign * slope[:, 0])
    heading[-1] = end[2]
    return np.column_stack([points, heading])


def passing(layout: Layout, forward: bool, offset_t: float, swerve_at: list[float]) -> Path:
    """Through traffic on a lane; swerves towards the middle of the road beside each s in `swerve_at`."""
    end = layout.half_length_m
    heading = 0.0 if forward else math.pi
    t = layout.lanes_t[0 if forward else 1] + offset_t
    s0, s1 = (-end, end) if forward else (end, -end)
    run = _line(s0, t, s1, t, heading)
    for s in swerve_at:
        # A bell, flat enough beside the obstacle: the car keeps 0.3 m off its side.
        bell = np.exp(-(((run[:, 0] - s) / 7.5) ** 4))
        target = 0.25 if not forward else -0.25
        run[:, 1] += bell * (target - t)
    run[:, 2] = np.arctan2(np.gradient(run[:, 1]), np.gradient(run[:, 0]))
    return _join([(run, ROAD_SPEED)])


def arrive(layout: Layout, zone: DemoZone, pose: tuple[float, float, float], nose_in: bool) -> Path:
    """From the street's end into a space at pose (s, t, heading)."""
    s, t, heading = pose
    end = layout.half_length_m
    if zone.across:
        lane = layout.lanes_t[1]
        side = -1.0 if zone.s0 < 0 else 1.0
        row = (side * TURN_RADIUS_M, t, heading)
        return _join(
            [
                (_line(end, lane, 5.5, lane, math.pi), ROAD_SPEED),
                (_sweep((5.5, lane, math.pi), (0.0, lane + 5.5, math.pi / 2)), YARD_SPEED),
                (_line(0, lane + 5.5, 0, max(lane + 6.0, t - TURN_RADIUS_M), math.pi / 2), YARD_SPEED),
                (_sweep((0.0, t - TURN_RADIUS_M, math.pi / 2), row), MANOEUVRE_SPEED),
                (_line(row[0], t, s, t, heading), MANOEUVRE_SPEED),
            ]
        )
    forward = zone.t1 <= 0
    lane, way, drive = (
        layout.lanes_t[0 if forward else 1],
        1.0 if forward else -1.0,
        0.0 if forward else math.pi,
    )
    if zone.mode == "parallel":
        past = s + way * PAST_SLOT_M
        return _join(
            [
                (_line(-way * end, lane, past, lane, drive), ROAD_SPEED),
                (_sweep((past, lane, drive), (s, t, heading), reverse=True), MANOEUVRE_SPEED),
            ]
        )
    wide = lane + way * 1.3
    gate_t = t + way * 1.6
    gate = (s, gate_t, heading)
    before = s - way * TURN_RADIUS_M if nose_in else s + way * TURN_RADIUS_M
    swing_from = before - way * 6.0
    return _join(
        [
            (_line(-way * end, lane, swing_from, lane, drive), ROAD_SPEED),
            (_sweep((swing_from, lane, drive), (before, wide, drive)), YARD_SPEED),
            (_sweep((before, wide, drive), gate, reverse=not nose_in), MANOEUVRE_SPEED),
            (_line(s, gate_t, s, t, heading), MANOEUVRE_SPEED),
        ]
    )


def leave(layout: Layout, zone: DemoZone, pose: tuple[float, float, float], nose_in: bool) -> Path:
    """From a space to the street's end."""
    s, t, heading = pose
    end = layout.half_length_m
    if zone.across:
        lane = layout.lanes_t[1]
        side = -1.0 if zone.s0 < 0 else 1.0
        out = (side * TURN_RADIUS_M, t, heading)
        top = t + TURN_RADIUS_M
        return _join(
            [
                (_line(s, t, out[0], t, heading), MANOEUVRE_SPEED),
                (_sweep(out, (0.0, top, -math.pi / 2), reverse=True), MANOEUVRE_SPEED),
                (_line(0, top, 0, lane + 5.5, -math.pi / 2), YARD_SPEED),
                (_sweep((0.0, lane + 5.5, -math.pi / 2), (-5.5, lane, -math.pi)), YARD_SPEED),
                (_line(-5.5, lane, -end, lane, -math.pi), ROAD_SPEED),
            ]
        )
    forward = zone.t1 <= 0
    lane, way, drive = (
        layout.lanes_t[0 if forward else 1],
        1.0 if forward else -1.0,
        0.0 if forward else math.pi,
    )
    if zone.mode == "parallel":
        ahead = s + way * 7.5
        return _join(
            [
                (_sweep((s, t, heading), (ahead, lane, drive)), MANOEUVRE_SPEED),
                (_line(ahead, lane, way * end, lane, drive), ROAD_SPEED),
            ]
        )
    gate_t = t + way * 1.6
    wide = lane + way * 1.3
    turned = s - way * TURN_RADIUS_M if nose_in else s + way * TURN_RADIUS_M
    back_in_lane = turned + way * 6.0
    return _join(
        [
            (_line(s, t, s, gate_t, heading), MANOEUVRE_SPEED),
            (_sweep((s, gate_t, heading), (turned, wide, drive), reverse=nose_in), MANOEUVRE_SPEED),
            (_sweep((turned, wide, drive), (back_in_lane, lane, drive)), YARD_SPEED),
            (_line(back_in_lane, lane, way * end, lane, drive), ROAD_SPEED),
        ]
    )


DISC_OFFSETS_M = np.array([-1.5, 0.0, 1.5])
DISC_REACH_M = 2.1
"""A car is three discs on its axis; two cars are too near when discs come nearer than this."""


def collides(first: NDArray[np.float64], second: NDArray[np.float64], reach: float = DISC_REACH_M) -> bool:
    """True when two cars' poses (N, 3), given at the same moments, are too near at any of them."""
    a = _discs(first)
    b = _discs(second)
    gap = a[:, :, None, :] - b[:, None, :, :]
    return bool(np.any(np.sum(gap**2, axis=-1) < reach**2))


def _discs(poses: NDArray[np.float64]) -> NDArray[np.float64]:
    direction = np.column_stack([np.cos(poses[:, 2]), np.sin(poses[:, 2])])
    return poses[:, None, :2] + DISC_OFFSETS_M[None, :, None] * direction[:, None, :]


def drive_and_stop(start: tuple[float, float], stop: tuple[float, float, float]) -> Path:
    """Along a lane from (s, t) and out of it to a stop at (s, t, heading) beside the parked cars."""
    way = 1.0 if stop[0] > start[0] else -1.0
    drive = 0.0 if way > 0 else math.pi
    turn_off = stop[0] - way * 9.0
    return _join(
        [
            (_line(start[0], start[1], turn_off, start[1], drive), ROAD_SPEED),
            (_sweep((turn_off, start[1], drive), stop), YARD_SPEED),
        ]
    )


def start_and_drive(start: tuple[float, float, float], end: tuple[float, float]) -> Path:
    """From a stop at (s, t, heading) back into the lane and on to (s, t)."""
    way = 1.0 if end[0] > start[0] else -1.0
    drive = 0.0 if way > 0 else math.pi
    back_in = start[0] + way * 9.0
    return _join(
        [
            (_sweep(start, (back_in, end[1], drive)), YARD_SPEED),
            (_line(back_in, end[1], end[0], end[1], drive), ROAD_SPEED),
        ]
    )
