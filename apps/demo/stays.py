# SPDX-License-Identifier: AGPL-3.0-or-later
"""One car's visit to the street: where it is from its arrival to its departure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.demo import paths
from apps.demo.cars import CarLook


@dataclass(frozen=True)
class Stay:
    """One car's visit: from `begins` on it is in the street, parked between `parked` and `leaves`, gone at `ends`."""

    id: int
    look: CarLook
    zone: str | None
    pose: tuple[float, float, float]
    """Parked pose: s, t, heading in the street frame."""
    nose_in: bool
    begins: float
    parked: float
    leaves: float
    ends: float
    arrival: paths.Path | None
    departure: paths.Path | None
    extent: tuple[float, float] = (0.0, 0.0)
    """Stretch of the zone's kerb that the parked car takes, metres."""

    def pose_at(self, t: float) -> tuple[float, float, float]:
        """s, t, heading at a moment of the stay."""
        if t < self.parked and self.arrival is not None:
            return self.arrival.at(t - self.begins)
        if t >= self.leaves and self.departure is not None:
            return self.departure.at(t - self.leaves)
        return self.pose

    def is_parked(self, t: float) -> bool:
        return self.parked <= t < self.leaves


def poses_of(stay: Stay, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Poses (N, 3) of a stay at several moments."""
    out = np.tile(np.array(stay.pose), (len(times), 1))
    for path, start, mask in (
        (stay.arrival, stay.begins, times < stay.parked),
        (stay.departure, stay.leaves, times >= stay.leaves),
    ):
        if path is not None and mask.any():
            for k in range(3):
                out[mask, k] = np.interp(times[mask] - start, path.times, path.poses[:, k])
    return out
