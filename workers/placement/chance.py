# SPDX-License-Identifier: AGPL-3.0-or-later
"""Chance for the bees of both modes, compiled. Of our own: the layout for a seed then depends on no library's version."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def uniform(state):  # type: ignore[no-untyped-def]
    """Next number in [0, 1) of SplitMix64 (Steele, Lea and Flood 2014); ``state`` is a (1,) uint64 array."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) / 9007199254740992.0
