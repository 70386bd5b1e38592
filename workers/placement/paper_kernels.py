# SPDX-License-Identifier: AGPL-3.0-or-later
"""The compiled part of the paper's mode: overlap areas, its cost, and its bees.

All of it is in this one file, because numba's on-disk cache looks only at the file of the function it stores.

Conventions, for all functions here:

* the *aligned frame*: true metres, the zone's mean position at the origin, its longest edge along +x;
* a *pose* is ``(x, y, theta)``: a slot's centre and the direction of its length axis, radians;
* *edges* are an ``(E, 4)`` array ``x1, y1, x2, y2`` of closed rings, exteriors counter-clockwise, holes clockwise.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from workers.placement.chance import uniform

# A vertical rise below this (metres) is integrated by its midpoint: dividing by it would lose more than it wins.
_FLAT_M = 1e-6
# A change of cost below this is rounding (penalties are in the hundreds per percent).
_COST_NOISE = 1e-9
# Below this sum a source's cost is taken afresh, so that rounding can neither fake nor hide an optimum.
_NEAR_ZERO = 1.0


@njit(cache=True, inline="never")
def _below(v: float, half_width: float) -> float:
    """Antiderivative of ``clamp(v, -w, w) + w``."""
    if v <= -half_width:
        return 0.0
    if v < half_width:
        return 0.5 * (v + half_width) * (v + half_width)
    return 2.0 * half_width * half_width + 2.0 * half_width * (v - half_width)


@njit(cache=True)
def box_overlap(edges, first, last, x, y, cos, sin, half_length, half_width):  # type: ignore[no-untyped-def]
    """Area (m²) of an oriented rectangle covered by the rings ``edges[first:last]``.

    Green's theorem in the rectangle's own frame: each directed edge adds the signed area between itself, cut to the
    rectangle's length and clamped to its width, and the rectangle's lower side. Exact for any simple rings, holes and
    concave corners included; nothing is triangulated and nothing allocated.
    """
    area = 0.0
    for e in range(first, last):
        ax, ay = edges[e, 0] - x, edges[e, 1] - y
        bx, by = edges[e, 2] - x, edges[e, 3] - y
        u1, u2 = ax * cos + ay * sin, bx * cos + by * sin
        low, high = (u1, u2) if u1 < u2 else (u2, u1)
        if high <= -half_length or low >= half_length or low == high:
            continue
        v1, v2 = ay * cos - ax * sin, by * cos - bx * sin
        slope = (v2 - v1) / (u2 - u1)
        a, b = max(low, -half_length), min(high, half_length)
        va, vb = v1 + slope * (a - u1), v1 + slope * (b - u1)
        rise = vb - va
        if abs(rise) < _FLAT_M:
            height = min(max(0.5 * (va + vb), -half_width), half_width) + half_width
        else:
            height = (_below(vb, half_width) - _below(va, half_width)) / rise
        area += (b - a) * height if u1 > u2 else -(b - a) * height
    return area


@njit(cache=True)
def rectangle_overlap(a, b, half_length, half_width):  # type: ignore[no-untyped-def]
    """Area (m²) shared by two rectangles of one size at poses ``a`` and ``b``."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    if dx * dx + dy * dy >= 4.0 * (half_length * half_length + half_width * half_width):
        return 0.0
    edges = np.empty((4, 4))
    cos, sin = math.cos(b[2]), math.sin(b[2])
    for k in range(4):
        u = half_length if (k == 0 or k == 3) else -half_length
        v = half_width if k < 2 else -half_width
        edges[k, 0] = b[0] + u * cos - v * sin
        edges[k, 1] = b[1] + u * sin + v * cos
    for k in range(4):
        edges[k, 2] = edges[(k + 1) % 4, 0]
        edges[k, 3] = edges[(k + 1) % 4, 1]
    area = box_overlap(edges, 0, 4, a[0], a[1], math.cos(a[2]), math.sin(a[2]), half_length, half_width)
    return max(area, 0.0)


@njit(cache=True)
def slot_cost(pose, scene, size, rules):  # type: ignore[no-untyped-def]
    """The paper's first two terms for one slot: outside the zone, and percent of overlap with occupied ground.

    ``scene`` is (zone edges, occupied edges, starts, boxes): ``starts`` (P+1,) cuts the occupied edges into pieces,
    ``boxes`` (P, 4) are their bounds. ``size`` is half length, half width, and both again with the spacing.
    ``rules`` is P_out, P_occupied, P_new, and the area in m² below which nothing counts.
    """
    zone, occupied, starts, boxes = scene
    half_length, half_width = size[0], size[1]
    slot_area = 4.0 * half_length * half_width
    cos, sin = math.cos(pose[2]), math.sin(pose[2])
    cost = 0.0
    inside = box_overlap(zone, 0, zone.shape[0], pose[0], pose[1], cos, sin, half_length, half_width)
    if slot_area - inside > rules[3]:
        cost += rules[0]
    across_x = half_length * abs(cos) + half_width * abs(sin)
    across_y = half_length * abs(sin) + half_width * abs(cos)
    for p in range(boxes.shape[0]):
        if (
            boxes[p, 0] < pose[0] + across_x
            and boxes[p, 2] > pose[0] - across_x
            and boxes[p, 1] < pose[1] + across_y
            and boxes[p, 3] > pose[1] - across_y
        ):
            covered = box_overlap(
                occupied, starts[p], starts[p + 1], pose[0], pose[1], cos, sin, half_length, half_width
            )
            if covered > rules[3]:
                cost += rules[1] * 100.0 * covered / slot_area
    return cost


@njit(cache=True)
def pair_cost(pose_a, pose_b, size, rules):  # type: ignore[no-untyped-def]
    """The paper's third term for two new slots; each carries half of the spacing on either side."""
    covered = rectangle_overlap(pose_a, pose_b, size[2], size[3])
    if covered <= rules[3]:
        return 0.0
    return rules[2] * 100.0 * covered / (4.0 * size[2] * size[3])


@njit(cache=True)
def layout_cost(poses, scene, size, rules):  # type: ignore[no-untyped-def]
    """The paper's cost C of a whole layout, ``poses`` (N, 3)."""
    cost = 0.0
    for i in range(poses.shape[0]):
        cost += slot_cost(poses[i], scene, size, rules)
        for j in range(i):
            cost += pair_cost(poses[i], poses[j], size, rules)
    return cost


# --- chance ---------------------------------------------------------------------------------------------------------


@njit(cache=True)
def _below_integer(state, n):  # type: ignore[no-untyped-def]
    return min(int(uniform(state) * n), n - 1)


# --- the colony -----------------------------------------------------------------------------------------------------
#
# A food source is a layout: (N, 3) poses, of which the first D variables move (1: x only; 3: x, y and angle) and the
# others keep what ``low`` says. A *world* is (low (3,), high (3,), D, accept_equal, scene, size, rules); a *swarm* is
# (poses (F, N, 3), terms (F, N), costs (F,), trials (F,)), where terms holds each slot's own ``slot_cost``.


@njit(cache=True)
def _settle(k, swarm, world, state):  # type: ignore[no-untyped-def]
    """Food source ``k`` becomes a random layout: every moving variable uniform between its bounds."""
    poses, terms, costs, trials = swarm
    low, high, moving, _, scene, size, rules = world
    total = 0.0
    for i in range(poses.shape[1]):
        for j in range(3):
            poses[k, i, j] = low[j]
            if j < moving:
                poses[k, i, j] += uniform(state) * (high[j] - low[j])
        terms[k, i] = slot_cost(poses[k, i], scene, size, rules)
        total += terms[k, i]
        for j in range(i):
            total += pair_cost(poses[k, i], poses[k, j], size, rules)
    costs[k] = total
    trials[k] = 0


@njit(cache=True)
def _visit(k, swarm, world, state):  # type: ignore[no-untyped-def]
    """One bee looks at a neighbour of food source ``k``: one variable, moved relative to a random other source.

    v_kj = x_kj + phi (x_kj - x_mj), phi uniform in [-1, 1], and greedy choice (Karaboga 2005).
    """
    poses, terms, costs, trials = swarm
    low, high, moving, accept_equal, scene, size, rules = world
    f, n = terms.shape
    i = _below_integer(state, n)
    j = _below_integer(state, moving)
    m = _below_integer(state, f - 1)
    if m >= k:
        m += 1
    phi = 2.0 * uniform(state) - 1.0
    pose = poses[k, i].copy()
    pose[j] = min(max(pose[j] + phi * (pose[j] - poses[m, i, j]), low[j]), high[j])
    term = slot_cost(pose, scene, size, rules)
    change = term - terms[k, i]
    for other in range(n):
        if other != i:
            change += pair_cost(pose, poses[k, other], size, rules)
            change -= pair_cost(poses[k, i], poses[k, other], size, rules)
    better = change < -_COST_NOISE
    trials[k] = 0 if better else trials[k] + 1
    if better or (accept_equal and change <= _COST_NOISE):
        poses[k, i] = pose
        terms[k, i] = term
        costs[k] += change
        if costs[k] < _NEAR_ZERO:
            costs[k] = layout_cost(poses[k], scene, size, rules)


@njit(cache=True)
def _onlookers(swarm, world, state):  # type: ignore[no-untyped-def]
    """As many onlookers as food sources, each drawn to one by roulette on the fitness 1 / (1 + cost)."""
    costs = swarm[2]
    f = costs.shape[0]
    fitness = 1.0 / (1.0 + costs)
    total = fitness.sum()
    for _ in range(f):
        wheel = uniform(state) * total
        k = 0
        while k < f - 1 and wheel >= fitness[k]:
            wheel -= fitness[k]
            k += 1
        _visit(k, swarm, world, state)


@njit(cache=True)
def _scout(limit, swarm, world, state):  # type: ignore[no-untyped-def]
    """Give up the most visited source once it passed the limit, and fly to a random one. Returns layouts costed."""
    trials = swarm[3]
    tired = 0
    for k in range(trials.shape[0]):
        if trials[k] > trials[tired]:
            tired = k
    if trials[tired] <= limit:
        return 0
    _settle(tired, swarm, world, state)
    return 1


@njit(cache=True)
def _remember(swarm, best, best_cost):  # type: ignore[no-untyped-def]
    """Copy the cheapest layout into ``best`` when it beats the memory; returns the best cost."""
    poses, _, costs, _ = swarm
    for k in range(costs.shape[0]):
        if costs[k] < best_cost:
            best_cost = costs[k]
            best[:] = poses[k]
    return best_cost


@njit(cache=True)
def run_colony(n, low, high, moving, accept_equal, scene, size, rules, colony, seed):  # type: ignore[no-untyped-def]
    """Search poses for ``n`` slots with an Artificial Bee Colony (Karaboga 2005; Karaboga and Basturk 2007).

    ``low``, ``high`` (3,) bound x, y and angle; ``moving`` is how many of them move (1 or 3). ``colony`` is (food
    sources, abandonment limit, iterations). One employed and one onlooker bee per food source, at most one scout an
    iteration. Stops at cost zero.

    Returns the best layout's poses (n, 3), its cost, the best cost after each iteration (first entry: the random
    start), and the number of layouts costed.
    """
    f, limit, iterations = colony
    world = (low, high, moving, accept_equal, scene, size, rules)
    swarm = (np.empty((f, n, 3)), np.empty((f, n)), np.full(f, np.inf), np.zeros(f, dtype=np.int64))
    state = np.empty(1, dtype=np.uint64)
    state[0] = seed
    best = np.empty((n, 3))
    best_cost = np.inf
    for k in range(f):
        _settle(k, swarm, world, state)
    best_cost = _remember(swarm, best, best_cost)
    evaluations = f
    history = np.empty(iterations + 1)
    history[0] = best_cost
    done = 1
    while best_cost > 0.0 and done <= iterations:
        for k in range(f):
            _visit(k, swarm, world, state)
        best_cost = _remember(swarm, best, best_cost)
        _onlookers(swarm, world, state)
        best_cost = _remember(swarm, best, best_cost)
        evaluations += 2 * f + _scout(limit, swarm, world, state)
        best_cost = _remember(swarm, best, best_cost)
        history[done] = best_cost
        done += 1
    return best, best_cost, history[:done], evaluations
