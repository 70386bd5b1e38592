# SPDX-License-Identifier: AGPL-3.0-or-later
"""The bees of the production mode, compiled: a colony for one gap.

A food source is a layout of one gap. A bee visits its neighbour: it takes away the slots around a random one and packs
the hole again with ways of standing of its own choice, so what is good elsewhere in the gap is kept. Sources that no
visit improved for a while are given up, and a scout decodes a random plan instead (Karaboga 2005).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from workers.placement.chance import uniform
from workers.placement.production_check import MULTISTART, SEARCH, checked
from workers.placement.production_free import ALL, free_intervals
from workers.placement.production_ground import ZONE
from workers.placement.production_lines import EDGE, KERB, kerb_place
from workers.placement.production_plans import STACKS, add_way, base_angle, fill, ways

_SOURCES = 5
_LIMIT = 8


@njit(cache=True, error_model="numpy")
def gap_seed(seed, slots, gap, state):  # type: ignore[no-untyped-def]
    """A gap's own chance: by its place, not by its number, so that other gaps do not change it."""
    state[0] = np.uint64(seed) ^ (np.uint64(round(gap[0] * 8.0) + 1000003) * np.uint64(0xD1B54A32D192ED03))
    uniform(state)


@njit(cache=True, error_model="numpy")
def _random_ways(ground, size, depth, gap, state, cfgs):  # type: ignore[no-untyped-def]
    """Ways of standing by chance: the usual angle, others, and those of edges nearby; several offsets each."""
    edges, kinds, lines, ranges = ground[0], ground[1], ground[3], ground[6]
    free = ranges[0, 1] - ranges[0, 0] >= math.pi - 1e-9
    bent = lines[0, 10] > 0.0
    x0 = lines[0, 0] - lines[0, 4]
    n = np.int64(0)
    for k in range(6):
        r = min(int(uniform(state) * ranges.shape[0]), ranges.shape[0] - 1)
        beta = ranges[r, 0] + (ranges[r, 1] - ranges[r, 0]) * uniform(state)
        if k == 0:
            beta = 0.5 * math.pi if free else base_angle(ranges, r)
        elif k == 1 and free:
            beta = 0.0
        elif k >= 4 and not bent:
            i = min(int(uniform(state) * edges.shape[0]), edges.shape[0] - 1)
            x = 0.5 * (edges[i, 0] + edges[i, 2]) - x0
            if gap[0] - 1.0 < x < gap[1] + 1.0 and kinds[i] != ZONE:
                side = math.atan2(edges[i, 3] - edges[i, 1], edges[i, 2] - edges[i, 0])
                side += 0.5 * math.pi * (uniform(state) < 0.5)
                if free:
                    beta = side
                else:
                    over = (side - ranges[r, 0]) % math.pi
                    if over <= ranges[r, 1] - ranges[r, 0]:
                        beta = ranges[r, 0] + over
        across = size[0] * abs(math.sin(beta)) + size[1] * abs(math.cos(beta))
        if across > depth + 0.35:
            continue
        n = add_way(cfgs, n, size, KERB, beta, 0.0, 0.0, 1.0, 0.0)
        n = add_way(cfgs, n, size, EDGE, beta, 0.0, 0.0, 1.0, 0.0)
        if bent:
            n = add_way(cfgs, n, size, KERB, beta, 1.0, 0.0, 1.0, 0.0)
        if depth - across > 0.05:
            n = add_way(cfgs, n, size, KERB, beta, 2.0, uniform(state), 1.0, 0.0)
    return n


@njit(cache=True, error_model="numpy")
def _pack_by_chance(ground, size, depth, gap, state, cfgs, slots, n):  # type: ignore[no-untyped-def]
    """Add slots to ``slots[:n]`` in one draw of ways after another, until a draw adds none; returns how many stand."""
    before = np.int64(-1)
    while n < slots.shape[0] and n != before:
        before = n
        count = _random_ways(ground, size, depth, gap, state, cfgs)
        free = free_intervals(ground, cfgs, count, size, 0.0, gap[0], gap[1])
        n = fill(ground, size, gap, cfgs, count, free, ALL, slots, n)
    return n


@njit(cache=True, error_model="numpy")
def _scout(ground, size, depth, gap, state, cfgs, slots):  # type: ignore[no-untyped-def]
    """A random plan decoded from nothing; returns how many slots stand."""
    n = np.int64(0)
    if uniform(state) < 0.5:
        stacks = STACKS if uniform(state) < 0.5 else 0
        count = ways(ground[6], size, depth, 0, stacks, cfgs)
        for _ in range(3):
            drop = int(uniform(state) * count)
            if count > 2:
                cfgs[drop] = cfgs[count - 1]
                count -= 1
        free = free_intervals(ground, cfgs, count, size, 0.0, gap[0], gap[1])
        n = fill(ground, size, gap, cfgs, count, free, ALL, slots, n)
    return _pack_by_chance(ground, size, depth, gap, state, cfgs, slots, n)


@njit(cache=True, error_model="numpy")
def _neighbour(ground, size, depth, gap, state, cfgs, source, n, slots):  # type: ignore[no-untyped-def]
    """A source's layout with the slots around a random one packed anew; returns how many slots stand."""
    lines = ground[3]
    me = min(int(uniform(state) * n), n - 1)
    x, y = source[me, 0], source[me, 1]
    radius = size[0] * (0.3 + 1.5 * uniform(state))
    kept = np.int64(0)
    for i in range(n):
        if math.hypot(source[i, 0] - x, source[i, 1] - y) > radius:
            slots[kept] = source[i]
            kept += 1
    s = kerb_place(lines, ground[4], x, y)
    hole = np.array([max(gap[0], s - radius - size[0]), min(gap[1], s + radius + size[0])])
    return _pack_by_chance(ground, size, depth, hole, state, cfgs, slots, kept)


@njit(cache=True, error_model="numpy")
def search_gap(world, depth, gap, most, budget, state, cfgs, best, n):  # type: ignore[no-untyped-def]
    """Bees, or multi-start of the same decoder, from the layout ``best[:n]``: (slots, layouts decoded)."""
    ground, _, size, options, _ = world
    room = best.shape[0]
    used = np.int64(0)
    if options[SEARCH] == MULTISTART:
        trial = np.empty((room, 8))
        while used < budget and n < most:
            m = _scout(ground, size, depth, gap, state, cfgs, trial)
            used += 1
            if m > n:
                m = checked(world, trial, m)
                if m > n:
                    best[:m] = trial[:m]
                    n = m
        return n, used
    sources = np.empty((_SOURCES, room, 8))
    counts = np.zeros(_SOURCES, dtype=np.int64)
    trials = np.zeros(_SOURCES, dtype=np.int64)
    trial = np.empty((room, 8))
    sources[0, :n] = best[:n]
    counts[0] = n
    filled = 1
    while used < budget and n < most:
        for visit in range(2 * _SOURCES):
            if used >= budget or n >= most:
                break
            k = visit % _SOURCES
            if visit >= _SOURCES:
                # Onlookers: roulette on how far a source is ahead of the poorest.
                least = counts[0]
                for i in range(filled):
                    least = min(least, counts[i])
                wheel = 0.0
                for i in range(filled):
                    wheel += (1.0 + counts[i] - least) ** 2
                wheel *= uniform(state)
                k = 0
                while k < filled - 1 and wheel >= (1.0 + counts[k] - least) ** 2:
                    wheel -= (1.0 + counts[k] - least) ** 2
                    k += 1
            scouting = k >= filled or counts[k] == 0 or trials[k] > _LIMIT
            if scouting:
                m = _scout(ground, size, depth, gap, state, cfgs, trial)
            else:
                m = _neighbour(ground, size, depth, gap, state, cfgs, sources[k], counts[k], trial)
            used += 1
            if scouting or m >= counts[k]:
                m = checked(world, trial, m)
            if scouting or m >= counts[k]:
                trials[k] = 0 if scouting or m > counts[k] else trials[k] + 1
                counts[k] = m
                sources[k, :m] = trial[:m]
                filled = max(filled, k + 1)
                if m > n:
                    best[:m] = trial[:m]
                    n = m
            else:
                trials[k] += 1
    return n, used
