# SPDX-License-Identifier: AGPL-3.0-or-later
"""Level lines along a kerb: a frame whose x runs along them, straight lines or arcs about a point.

Along a kerb close to an arc, x is arc length on the kerb. An edge carried there in pieces departs from the true one by
no more than a piece's length squared / 8 x sqrt(2) / radius.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# A kerb that turns by more at one vertex has a corner there (as ``geometry``).
_CORNER_DEG = 25.0
PIECE_M = 0.5
# A kerb counts as an arc when it departs from one by no more, and turns by more than that.
_ARC_ERROR_M = 0.05
_ARC_TURN_DEG = 2.0


@dataclass(frozen=True, eq=False)
class Frame:
    """Level lines along a chain of the kerb: straight ones (radius 0), or arcs about ``origin``.

    ``ahead`` (2,) is the direction of x at the origin of straight lines, and from an arc's centre to where x is 0;
    ``left`` is 1.0 where the kerb turns left, else -1.0.
    """

    origin: Floats
    ahead: Floats
    radius: float
    left: float

    @property
    def numbers(self) -> Floats:
        """The frame as one array (6,), for compiled code."""
        return np.array([*self.origin, *self.ahead, self.radius, self.left])

    def into(self, xy: Floats) -> Floats:
        """Points (n, 2) as (along, across)."""
        return np.asarray(into(self.numbers, np.ascontiguousarray(xy)))

    def out_of(self, sy: Floats) -> Floats:
        """The other way round."""
        normal = np.array([-self.ahead[1], self.ahead[0]])
        if self.radius == 0.0:
            return self.origin + sy[:, :1] * self.ahead + sy[:, 1:] * normal
        turn = self.left * sy[:, 0] / self.radius
        out = self.radius - self.left * sy[:, 1]
        return (
            self.origin + (out * np.cos(turn))[:, None] * self.ahead + (out * np.sin(turn))[:, None] * normal
        )


@njit(cache=True, error_model="numpy")
def into(frame, xy):  # type: ignore[no-untyped-def]
    """Points (n, 2) as (along, across) the level lines of ``Frame.numbers``."""
    radius, left = frame[4], frame[5]
    out = np.empty(xy.shape)
    for i in range(xy.shape[0]):
        x, y = xy[i, 0] - frame[0], xy[i, 1] - frame[1]
        along, across = frame[2] * x + frame[3] * y, frame[2] * y - frame[3] * x
        if radius == 0.0:
            out[i, 0], out[i, 1] = along, across
        else:
            out[i, 0] = left * radius * math.atan2(across, along)
            out[i, 1] = left * (radius - math.hypot(x, y))
    return out


@njit(cache=True, error_model="numpy")
def _in_pieces(xy, starts, longest):  # type: ignore[no-untyped-def]
    """Rings with their edges cut into equal pieces no longer than ``longest``."""
    count = 0
    for ring in range(starts.shape[0] - 1):
        for i in range(starts[ring], starts[ring + 1]):
            j = i + 1 if i + 1 < starts[ring + 1] else starts[ring]
            count += int(np.hypot(xy[j, 0] - xy[i, 0], xy[j, 1] - xy[i, 1]) / longest) + 1
    cut, cut_starts = np.empty((count, 2)), np.zeros(starts.shape[0], dtype=np.int64)
    at = 0
    for ring in range(starts.shape[0] - 1):
        for i in range(starts[ring], starts[ring + 1]):
            j = i + 1 if i + 1 < starts[ring + 1] else starts[ring]
            pieces = int(np.hypot(xy[j, 0] - xy[i, 0], xy[j, 1] - xy[i, 1]) / longest) + 1
            for p in range(pieces):
                for c in range(2):
                    cut[at, c] = xy[i, c] + (xy[j, c] - xy[i, c]) * p / pieces
                at += 1
        cut_starts[ring + 1] = at
    return cut, cut_starts


@njit(cache=True, error_model="numpy")
def rings_into(frame, xy, starts):  # type: ignore[no-untyped-def]
    """Rings as ``into``, cut into pieces where lines are arcs."""
    if frame[4] > 0.0 and xy.shape[0] > 0:
        xy, starts = _in_pieces(xy, starts, PIECE_M)
    return into(frame, xy), starts


def chains(kerb: Floats) -> list[Floats]:
    """The kerb cut at its corners."""
    steps = np.diff(kerb, axis=0)
    turns = np.arctan2(
        steps[:-1, 0] * steps[1:, 1] - steps[:-1, 1] * steps[1:, 0], (steps[:-1] * steps[1:]).sum(axis=1)
    )
    cuts = [0, *(np.flatnonzero(np.abs(turns) > math.radians(_CORNER_DEG)) + 1).tolist(), len(kerb) - 1]
    return [kerb[a : b + 1] for a, b in itertools.pairwise(cuts)]


def frame_along(chain: Floats, zone: Floats) -> tuple[Frame, float]:
    """The frame for a chain, and how far in radians the chain's direction can differ from the lines'."""
    steps = np.diff(chain, axis=0)
    directions = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    if len(chain) > 2 and abs(directions[-1] - directions[0]) > math.radians(_ARC_TURN_DEG):
        arc = _arc(chain, zone, directions)
        if arc is not None:
            return arc
    whole = chain[-1] - chain[0]
    if np.hypot(*whole) < 1e-9:
        whole = steps[0]
    ahead = whole / np.hypot(*whole)
    across = steps @ np.array([-ahead[1], ahead[0]])
    off = float(np.abs(np.arctan2(across, steps @ ahead)).max())
    return Frame(chain[0], ahead, 0.0, 1.0), off if off > 1e-9 else 0.0


def _arc(chain: Floats, zone: Floats, directions: Floats) -> tuple[Frame, float] | None:
    """An arc along a chain that is nearly one."""
    mean = chain.mean(axis=0)
    near = chain - mean
    system = np.column_stack([2 * near, np.ones(len(near))])
    (x, y, c), *_ = np.linalg.lstsq(system, (near**2).sum(axis=1), rcond=None)
    centre = mean + np.array([x, y])
    radius = math.sqrt(max(0.0, c + x * x + y * y))
    middles = np.concatenate([chain, (chain[1:] + chain[:-1]) / 2])
    error = float(np.abs(np.hypot(*(middles - centre).T) - radius).max())
    if error > _ARC_ERROR_M or not 3.0 < radius < 1e4:
        return None
    left = 1.0 if directions[-1] > directions[0] else -1.0
    middle = chain[len(chain) // 2] - centre
    frame = Frame(centre, middle / np.hypot(*middle), radius, left)
    away = np.hypot(*(zone - centre).T)
    kerb_s, zone_s = frame.into(chain)[:, 0], frame.into(zone)[:, 0]
    # An edge of the zone may come closer to the centre than its ends.
    if away.min() < max(3.0, 0.25 * radius) or np.abs(zone_s).max() > 2.6 * radius:
        return None
    # Segments against the tangents at their two ends, the nearest kerb point's shift, and what lies past the ends.
    ends = np.array([frame.into(chain[:-1])[:, 0], frame.into(chain[1:])[:, 0]]) * left / radius
    base = math.atan2(*frame.ahead[::-1]) + left * math.pi / 2
    off = float(np.abs((directions - (base + ends) + math.pi) % math.tau - math.pi).max())
    depth = float(np.abs(away - radius).max())
    shift = math.sqrt(4 * max(depth, 1.0) * error / (away.min() * radius))
    past = max(0.0, kerb_s.min() - zone_s.min(), zone_s.max() - kerb_s.max()) / radius
    return frame, off + shift + past
