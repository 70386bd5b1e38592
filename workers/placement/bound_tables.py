# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a slot surely covers of a level line when only a range of its angle and depth is known.

A slot is a rectangle with half length a and half width b, its length axis turned by theta, 0 to pi, against the x
axis. On the level line at height v above its centre it covers the chord from ``left`` to ``right``, x against the
centre:

    left  = max((-a - v sin) / cos, (v cos - b) / sin),   right(v) = -left(-v)          for theta <= pi / 2,

and mirrored beyond. Over a cell of angles and heights the largest ``left`` and smallest ``right`` bound what every slot
of the cell covers; each term is linear in v, and in theta it has its only inner maximum where the chord ends in a
corner, so both are exact. The shortest chord of a cell is longer than what is common to all of it, and is kept too.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

# Chords that may be shorter than this are not counted on: a line that touches only a slot's corner says little.
TINY_M = 0.3
_FLAT = 1e-9
_CHORD_PIECES = 4
# Chords on neighbouring lines that count have at least so much of x in common: the slot joins them without a detour.
_OVERLAP_M = 0.02


@njit(cache=True, error_model="numpy")
def _directions(theta):  # type: ignore[no-untyped-def]
    """Cosine and sine (5, 2) of a range of angles within 0 to pi / 2: its two ends and three between."""
    found = np.empty((_CHORD_PIECES + 1, 2))
    for k in range(_CHORD_PIECES + 1):
        angle = theta[0] + (theta[1] - theta[0]) * k / _CHORD_PIECES
        found[k, 0], found[k, 1] = math.cos(angle), math.sin(angle)
    return found


@njit(cache=True, error_model="numpy")
def _largest_left(a, b, turns, height):  # type: ignore[no-untyped-def]
    """Largest left chord end over the angles of ``turns`` and heights (low, high)."""
    cos0, sin0, cos1, sin1 = turns[0, 0], turns[0, 1], turns[-1, 0], turns[-1, 1]
    best = -np.inf
    for v in height:
        if cos0 > _FLAT:
            best = max(best, (-a - v * sin0) / cos0)
        if cos1 > _FLAT:
            best = max(best, (-a - v * sin1) / cos1)
        if sin0 > _FLAT:
            best = max(best, (v * cos0 - b) / sin0)
        if sin1 > _FLAT:
            best = max(best, (v * cos1 - b) / sin1)
        # Where a corner lies on the line; only these angles can beat the range's two ends.
        if sin0 < -v / a < sin1:
            best = max(best, -math.sqrt(a * a - v * v))
        if cos1 < v / b < cos0:
            best = max(best, -math.sqrt(b * b - v * v))
    return best


@njit(cache=True, error_model="numpy")
def _shortest_chord(a, b, turns, far, sag):  # type: ignore[no-untyped-def]
    """A lower bound of the chord's length on a line at most ``far`` above or below the centre.

    On a straight line it is min(2a / cos, 2b / sin, (a sin + b cos - |v|) / (sin cos)). The ends of a chord of a
    curved line lie at heights that differ by up to ``sag``, which costs the first two what the sides' slant says.
    """
    shortest = np.inf
    for piece in range(_CHORD_PIECES):
        cos, sin = turns[piece, 0], turns[piece + 1, 1]
        cos_high, sin_low = turns[piece + 1, 0], turns[piece, 1]
        if cos > _FLAT:
            shortest = min(shortest, (2 * a - sag * sin) / cos)
        if sin > _FLAT:
            shortest = min(shortest, (2 * b - sag * cos) / sin)
        # Concave in theta, so smallest at an end.
        over = min(a * sin_low + b * cos, a * sin + b * cos_high) - far
        product = max(sin_low * cos, sin * cos_high)
        if sin_low < cos and sin > cos_high:
            product = 0.5  # 45 degrees lie between
        if product > _FLAT:
            shortest = min(shortest, over / product)
    return shortest


@njit(cache=True, error_model="numpy")
def _reach(a, b, turns, far):  # type: ignore[no-untyped-def]
    """How far from the centre, along a line at most ``far`` above or below it, a slot of the angles can reach."""
    cos0, sin0, cos1, sin1 = turns[0, 0], turns[0, 1], turns[-1, 0], turns[-1, 1]
    reach = a * cos0 + b * sin1
    if sin0 > _FLAT:
        reach = min(reach, (b + far * cos0) / sin0)
    if cos1 > _FLAT:
        reach = min(reach, (a + far * sin1) / cos1)
    return reach


@njit(cache=True, error_model="numpy")
def _known(a, b, turns, low, high, bend):  # type: ignore[no-untyped-def]
    """(largest left end, smallest right end, shortest chord) on a line ``low`` to ``high`` above the centre."""
    if bend == 0.0:
        return _known_within(a, b, turns, low, high, 0.0, np.inf)
    far = max(abs(low), abs(high))
    reach = _reach(a, b, turns, far + bend * bend)
    for _ in range(2):
        reach = _reach(a, b, turns, far + abs(bend) * reach * reach)
    # A line that bends away from a long side may still run inside the slot near its middle.
    for share in (1.0, 0.5, 0.25):
        known = _known_within(a, b, turns, low, high, bend, share * reach)
        if known[1] - known[0] >= TINY_M:
            return known
    return 0.0, 0.0, 0.0


@njit(cache=True, error_model="numpy")
def _known_within(a, b, turns, low, high, bend, reach):  # type: ignore[no-untyped-def]
    """As ``_known``, of the line's part within ``reach`` of the centre."""
    sag, near = 0.0, 1.0
    if bend != 0.0:
        radius = 1.0 / abs(bend)
        if reach > radius / 2:
            return 0.0, 0.0, 0.0
        sag = radius - math.sqrt(radius * radius - reach * reach)
        near = 1.0 + (reach / radius) ** 2 / 4  # over asin(z) / z while z < 1 / 2
        if bend > 0.0:
            high += sag
        else:
            low -= sag
    far = max(abs(low), abs(high))
    if far >= min(a * turns[0, 1] + b * turns[0, 0], a * turns[-1, 1] + b * turns[-1, 0]):
        return 0.0, 0.0, 0.0
    left = _largest_left(a, b, turns, (low, high))
    right = -_largest_left(a, b, turns, (-high, -low))
    shortest = _shortest_chord(a, b, turns, far, sag)
    if left < -reach or right > reach:
        left, right = max(left, -reach), min(right, reach)
        shortest = 0.0
    shortest = max(right - left, shortest)
    return left * near if left > 0.0 else left, right * near if right < 0.0 else right, shortest


@njit(cache=True, error_model="numpy")
def _spaced(half, spacing, theta, off):  # type: ignore[no-untyped-def]
    """Half length and width with the spacing, the least over angles against the kerb, as ``feasible.spaced_size``."""
    a, b = half
    low, high = max(0.0, theta[0] - off), min(math.pi / 2, theta[1] + off)
    if a * math.sin(high) <= b * math.cos(high):
        return a + spacing / 2 * math.cos(high), b
    if a * math.sin(low) > b * math.cos(low):
        return a, b + spacing / 2 * math.sin(low)
    return a, b


@njit(cache=True, error_model="numpy")
def _write(at, known, mirrored):  # type: ignore[no-untyped-def]
    """Write what is known of a line to ``at`` (3,): ends change sides and signs where the cell is mirrored."""
    at[0], at[1], at[2] = known
    if mirrored:
        at[0], at[1] = -known[1], -known[0]


@njit(cache=True, error_model="numpy")
def cell_chords(shape, theta, depth, chords):  # type: ignore[no-untyped-def]
    """What slots of one cell cover on the lines around them, written to ``chords`` (2 R + 1, 3 or 6).

    ``shape`` is a slot's half length and half width, the spacing between two along the kerb, the lines' pitch, their
    curvature, 1 / m, positive upwards, and by how much angles against the kerb may differ from angles against the
    lines. ``theta`` is the cell's range of angles, not across pi / 2; ``depth`` how far above line m its centres lie.
    At index r + R for line m + r come the largest left end, smallest right end, shortest chord, and, where there is a
    spacing, the same three with it. Returns the first and last r of the lines that are surely covered, first > last when
    there is none.
    """
    half, spacing, pitch, bend, off = (shape[0], shape[1]), shape[2], shape[3], shape[4], shape[5]
    farthest = chords.shape[0] // 2
    mirrored = theta[0] >= math.pi / 2 - 1e-9
    low_angle, high_angle = theta
    if mirrored:
        low_angle, high_angle = math.pi - theta[1], math.pi - theta[0]
    turned = (max(0.0, low_angle), min(high_angle, math.pi / 2))
    wide = _spaced(half, spacing, turned, off)
    turns = _directions(turned)
    first, last = farthest + 1, -farthest - 1
    before = (0.0, 0.0, 0.0)
    for r in range(-farthest, farthest + 1):
        low, high = r * pitch - depth[1], r * pitch - depth[0]
        plain = _known(half[0], half[1], turns, low, high, bend)
        if plain[1] - plain[0] < TINY_M:
            if first <= last:
                break
            continue
        if first <= last and (plain[0] > before[1] - _OVERLAP_M or plain[1] < before[0] + _OVERLAP_M):
            break
        before = plain
        at = chords[r + farthest]
        _write(at[:3], plain, mirrored)
        if spacing > 0.0:
            _write(at[3:], _known(wide[0], wide[1], turns, low, high, bend), mirrored)
        first, last = min(first, r), max(last, r)
    return first, last


@njit(cache=True, error_model="numpy")
def chord_tables(shape, cells, parts):  # type: ignore[no-untyped-def]
    """``cell_chords`` of every cell: ``cells`` (T, 2) are ranges of angles, each line's ground is cut into ``parts``.

    Returns ``chords`` (T, parts, 2 R + 1, 3 or 6); ``lines`` (T, parts, 2), the first and last r of the lines that are surely
    covered; and ``reaches`` (T,), how far along x any slot of a cell reaches.
    """
    pitch = shape[3]
    farthest = int((math.hypot(shape[0], shape[1]) + shape[2]) / pitch) + 2
    chords = np.zeros((cells.shape[0], parts, 2 * farthest + 1, 6 if shape[2] > 0.0 else 3))
    lines = np.empty((cells.shape[0], parts, 2), dtype=np.int64)
    reaches = np.empty(cells.shape[0])
    for i in range(cells.shape[0]):
        theta = (cells[i, 0], cells[i, 1])
        for part in range(parts):
            depth = (part * pitch / parts, (part + 1) * pitch / parts)
            lines[i, part, 0], lines[i, part, 1] = cell_chords(shape, theta, depth, chords[i, part])
        # Angles may lie a little beyond 0 or pi; an arc is longer than its chord.
        flat = max(abs(math.cos(theta[0])), abs(math.cos(theta[1])), theta[0] <= 0.0, theta[1] >= math.pi)
        tall = max(math.sin(theta[0]), math.sin(theta[1]))
        reaches[i] = (shape[0] * flat + shape[1] * tall) * (1.05 if shape[4] != 0.0 else 1.0)
    return chords, lines, reaches
