# SPDX-License-Identifier: AGPL-3.0-or-later
"""A car's place on the ground from its silhouette there: the car-shaped body whose shadow fits best.

Seen from the nadir, the ground homography throws the part of a body at height z outwards by H / (H - z). So the shadow of a
stack of rounded rectangles is a convex figure, and a convex figure is told by its support function, the farthest it
reaches in each direction:

    reach(φ) = max over slices  H / (H - z) · (centre·u + a |cos(φ - θ)| + b |sin(φ - θ)| + rounding)

Six numbers, x, y, heading, length, width and roof height, are fitted to the reach of the silhouette's hull in `DIRECTIONS`
directions: Gauss and Newton with damping, sizes held near those of cars, several headings tried, all cars of a frame at once.

What makes it worth the trouble is a low camera and a dense row. There a car's picture is cut off by the car in front of
it, and an intersection of scaled silhouettes leaves half of it or nothing. Here a direction in which another car stands in
front says only "at least this far", and the size of cars says the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["DIRECTIONS", "FittedCars", "Reach", "fit_cars", "reach_of"]

Float = NDArray[np.float64]

#: Directions in which a silhouette's reach is compared.
DIRECTIONS = 48
ANGLES: Float = np.linspace(0.0, 2 * np.pi, DIRECTIONS, endpoint=False)
UNIT: Float = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)

#: A car as slices: height as a share of the roof's, and shares of length and width there. Wheels, sill, bumper, shoulder, roof.
SLICES: Float = np.array(
    [[0.0, 0.68, 0.96], [0.16, 0.96, 0.96], [0.44, 1.0, 1.0], [0.62, 0.94, 1.0], [0.96, 0.58, 0.80]]
)
#: Rounding of the corners seen from above, metres.
CORNER_M = 0.45
#: Length, width and roof height of cars, metres, and how far they stray from it (one standard deviation).
SIZE_M: Float = np.array([4.4, 1.82, 1.52])
SIZE_SIGMA_M: Float = np.array([0.35, 0.10, 0.12])
#: A size never leaves these bounds.
LEAST_SIZE_M: Float = np.array([3.0, 1.4, 1.1])
MOST_SIZE_M: Float = np.array([6.5, 2.3, 2.7])

#: Headings that are tried, over half a turn.
HEADINGS = 6
#: Steps with all headings, then with the best so many of them.
FIRST_STEPS = 4
FINALISTS = 2
LAST_STEPS = 9
#: No step is larger than this: metres, radians, metres.
MOST_STEP: Float = np.array([1.5, 1.5, 0.4, 1.0, 0.3, 0.3])
#: A roof is at most this share of the camera's height.
HIGHEST_ROOF_SHARE = 0.8
#: What stays straight of half a side at least, metres.
LEAST_STRAIGHT_M = 0.1
#: Neighbouring directions say nearly the same; together they count as this share of their number.
INDEPENDENT = 0.35
#: Residuals beyond this many standard deviations pull no harder (Huber).
HUBER = 1.5
#: Unevenness of real bodies against the slices, metres.
SHAPE_SIGMA_M = 0.08
#: Height of the body's middle: where a silhouette's centre comes from.
MIDDLE_M = 0.7


@dataclass(frozen=True)
class Reach:
    """A silhouette as seen from the nadir: reach_m (DIRECTIONS,), its standard deviation, where it is only a lower bound."""

    reach_m: Float
    sigma_m: Float
    open: NDArray[np.bool_]
    centre_m: Float


@dataclass(frozen=True)
class FittedCars:
    """poses: (N, 6) x, y, heading in radians, length, width, roof height; metres from the nadir. misfit: (N,) root of
    the mean square residual in standard deviations."""

    poses: Float
    misfit: Float

    def outline(self, i: int) -> shapely.Polygon:
        """The ground under car `i` as a rounded rectangle, metres from the nadir."""
        x, y, heading, length, width, _ = self.poses[i]
        corner = min(CORNER_M, width / 2 - LEAST_STRAIGHT_M)
        box = shapely.box(-length / 2 + corner, -width / 2 + corner, length / 2 - corner, width / 2 - corner)
        turn = np.array([[np.cos(heading), -np.sin(heading)], [np.sin(heading), np.cos(heading)]])
        return shapely.transform(box.buffer(corner, quad_segs=3), lambda xy: xy @ turn.T + (x, y))


def reach_of(points_m: Float, open_points: NDArray[np.bool_], pixel_m: Float, centre_m: Float) -> Reach:
    """From outline points (N, 2) in metres from the nadir, with which of them are cut off by something in front.

    pixel_m: (2,) standard deviation of an outline point outwards and across the line of sight, metres.
    """
    along = points_m @ UNIT.T
    farthest = along.argmax(axis=0)
    outwards = centre_m / max(float(np.hypot(*centre_m)), 1e-6)
    radial = (UNIT @ outwards) ** 2
    sigma = np.sqrt(pixel_m[0] ** 2 * radial + pixel_m[1] ** 2 * (1 - radial) + SHAPE_SIGMA_M**2)
    return Reach(along.max(axis=0), sigma, open_points[farthest], centre_m)


def fit_cars(reaches: list[Reach], height_m: float) -> FittedCars:
    """Fit all silhouettes of one camera, which hangs `height_m` above the ground."""
    if not reaches:
        return FittedCars(np.zeros((0, 6)), np.zeros(0))
    everyone = np.repeat(np.arange(len(reaches)), HEADINGS)
    seen = _Seen.of(reaches, height_m)
    poses = np.empty((len(everyone), 6))
    shrink = 1 - min(MIDDLE_M, height_m / 2) / height_m
    poses[:, :2] = np.stack([r.centre_m for r in reaches])[everyone] * shrink
    poses[:, 2] = np.tile(np.arange(HEADINGS) * np.pi / HEADINGS, len(reaches))
    poses[:, 3:] = SIZE_M
    poses, cost, _ = _descend(poses, seen.rows(everyone), FIRST_STEPS)
    best = np.argsort(cost.reshape(-1, HEADINGS), axis=1)[:, :FINALISTS]
    rows = (best + np.arange(len(reaches))[:, None] * HEADINGS).ravel()
    poses, cost, misfit = _descend(poses[rows], seen.rows(everyone[rows]), LAST_STEPS)
    won = cost.reshape(-1, FINALISTS).argmin(axis=1) + np.arange(len(reaches)) * FINALISTS
    return FittedCars(poses[won], misfit[won])


@dataclass(frozen=True)
class _Seen:
    """What was seen, one row per car: reach, its inverse standard deviation, where it is only a lower bound."""

    reach: Float
    weight: Float
    open: NDArray[np.bool_]
    height_m: float

    @classmethod
    def of(cls, reaches: list[Reach], height_m: float) -> _Seen:
        return cls(
            np.stack([r.reach_m for r in reaches]),
            1 / np.stack([r.sigma_m for r in reaches]),
            np.stack([r.open for r in reaches]),
            height_m,
        )

    def rows(self, chosen: NDArray[np.intp]) -> _Seen:
        return _Seen(self.reach[chosen], self.weight[chosen], self.open[chosen], self.height_m)


def _descend(poses: Float, seen: _Seen, steps: int) -> tuple[Float, Float, Float]:
    """Poses (N, 6) after so many damped steps, their cost and their misfit (N,)."""
    most = np.minimum(MOST_SIZE_M, seen.height_m * HIGHEST_ROOF_SHARE)
    damping = np.full(len(poses), 1e-2)
    cost, slope, curve, misfit = _cost(poses, seen)
    diagonal = np.arange(6)
    for _ in range(steps):
        damped = curve.copy()
        damped[:, diagonal, diagonal] *= 1 + damping[:, None]
        step = -np.linalg.solve(damped, slope[..., None])[..., 0]
        trial = poses + np.clip(step, -MOST_STEP, MOST_STEP)
        trial[:, 3:] = np.clip(trial[:, 3:], LEAST_SIZE_M, np.maximum(most, LEAST_SIZE_M))
        found = _cost(trial, seen)
        better = found[0] < cost
        poses = np.where(better[:, None], trial, poses)
        cost = np.where(better, found[0], cost)
        slope = np.where(better[:, None], found[1], slope)
        curve = np.where(better[:, None, None], found[2], curve)
        misfit = np.where(better, found[3], misfit)
        damping = np.where(better, damping * 0.3, damping * 5)
    return poses, cost, misfit


def _cost(poses: Float, seen: _Seen) -> tuple[Float, Float, Float, Float]:
    """Cost (N,), its gradient (N, 6), Gauss and Newton's matrix (N, 6, 6), root mean square residual (N,)."""
    reach, derivative = _model(poses, seen.height_m)
    residual = (reach - seen.reach) * seen.weight
    silent = seen.open & (residual > 0)
    residual[silent] = 0.0
    size = np.abs(residual)
    far = size > HUBER
    pull = np.where(far, HUBER / np.maximum(size, HUBER), 1.0) * INDEPENDENT
    pull[silent] = 0.0
    loss = np.where(far, HUBER * (size - HUBER / 2), size**2 / 2).sum(axis=1) * INDEPENDENT
    jacobian = derivative * seen.weight[:, None]
    weighted = jacobian * pull[:, None]
    slope = (weighted @ residual[..., None])[..., 0]
    curve = weighted @ jacobian.transpose(0, 2, 1)
    prior = (poses[:, 3:] - SIZE_M) / SIZE_SIGMA_M
    slope[:, 3:] += prior / SIZE_SIGMA_M
    curve[:, [3, 4, 5], [3, 4, 5]] += 1 / SIZE_SIGMA_M**2
    curve[:, range(6), range(6)] += 1e-6
    misfit = np.sqrt((residual**2).sum(axis=1) / np.maximum((~silent).sum(axis=1), 1))
    return loss + (prior**2).sum(axis=1) / 2, slope, curve, misfit


def _model(poses: Float, height_m: float) -> tuple[Float, Float]:
    """Reach (N, DIRECTIONS) of the bodies and its derivative by the six numbers (N, 6, DIRECTIONS)."""
    x, y, heading, length, width, roof = (poses[:, i, None] for i in range(6))
    cos, sin = np.cos(ANGLES - heading), np.sin(ANGLES - heading)
    a, b = np.abs(cos), np.abs(sin)
    # Per slice, (N, 5): how much it grows, and the half sides of its rectangle without the rounding.
    grow = height_m / (height_m - roof * SLICES[:, 0])
    wide = width / 2 * SLICES[:, 2]
    corner = np.minimum(CORNER_M, wide - LEAST_STRAIGHT_M)
    half_l, half_w = length / 2 * SLICES[:, 1] - corner, wide - corner
    centre = x * UNIT[:, 0] + y * UNIT[:, 1]
    bases = (
        centre[:, None] + half_l[..., None] * a[:, None] + half_w[..., None] * b[:, None] + corner[..., None]
    )
    reaches = grow[..., None] * bases
    wins = reaches.argmax(axis=1)  # the slice that reaches farthest, (N, DIRECTIONS)
    base = np.take_along_axis(bases, wins[:, None], axis=1)[:, 0]
    grow, half_l, half_w = (np.take_along_axis(v, wins, axis=1) for v in (grow, half_l, half_w))
    derivative = np.empty((len(poses), 6, DIRECTIONS))
    derivative[:, 0] = grow * UNIT[:, 0]
    derivative[:, 1] = grow * UNIT[:, 1]
    derivative[:, 2] = grow * (half_l * np.sign(cos) * sin - half_w * np.sign(sin) * cos)
    derivative[:, 3] = grow * a * (SLICES[wins, 1] / 2)
    derivative[:, 4] = grow * b * (SLICES[wins, 2] / 2)
    derivative[:, 5] = base * grow**2 * SLICES[wins, 0] / height_m
    return grow * base, derivative
