# SPDX-License-Identifier: AGPL-3.0-or-later
"""The compiled part of the placement: overlap areas, the paper's cost, and the bees themselves.

Everything that numba compiles lives in this one file, because numba's on-disk cache looks only at the file of the
function it stores: with kernels spread over several files an upgrade could run stale machine code.

Conventions, for all functions here:

* the *aligned frame*: true metres, the zone's mean position at the origin, its base line along +x;
* a *pose* is ``(x, y, theta)``: a slot's centre and the direction of its length axis, radians;
* *edges* are an ``(E, 4)`` array ``x1, y1, x2, y2`` of closed rings, exteriors counter-clockwise, holes clockwise;
* a *line table* is a ``(K, 3)`` array ``x, y, tangent`` of points at equal arc length steps along the base line,
  its tangent continuous (not wrapped); a food source says where a slot is as ``(s, d, beta)``: arc length, distance
  to the left of the line, angle against the local tangent.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

# A vertical rise below this (metres) is integrated by its midpoint: dividing by it would lose more than it wins.
_FLAT_M = 1e-6
# A change of cost below this is rounding (penalties are in the hundreds per percent).
_COST_NOISE = 1e-9


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
def rectangle_overlap(a, a_half_length, a_half_width, b, b_half_length, b_half_width):  # type: ignore[no-untyped-def]
    """Area (m²) shared by two rectangles at poses ``a`` and ``b``."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    reach = math.hypot(a_half_length, a_half_width) + math.hypot(b_half_length, b_half_width)
    if dx * dx + dy * dy >= reach * reach:
        return 0.0
    edges = np.empty((4, 4))
    cos, sin = math.cos(b[2]), math.sin(b[2])
    for k in range(4):
        u = b_half_length if (k == 0 or k == 3) else -b_half_length
        v = b_half_width if k < 2 else -b_half_width
        edges[k, 0] = b[0] + u * cos - v * sin
        edges[k, 1] = b[1] + u * sin + v * cos
    for k in range(4):
        edges[k, 2] = edges[(k + 1) % 4, 0]
        edges[k, 3] = edges[(k + 1) % 4, 1]
    area = box_overlap(edges, 0, 4, a[0], a[1], math.cos(a[2]), math.sin(a[2]), a_half_length, a_half_width)
    return max(area, 0.0)


@njit(cache=True)
def slot_cost(pose, zone, occupied, starts, boxes, size, rules):  # type: ignore[no-untyped-def]
    """The paper's first two terms for one slot: outside the zone, and percent of overlap with occupied ground.

    ``starts`` (P+1,) cuts ``occupied`` into pieces, ``boxes`` (P, 4) are their bounds. ``size`` is half length, half
    width, and both again with the spacing. ``rules`` is P_out, P_occupied, P_new, and the tolerances in m² for what
    may lie outside and what may overlap.
    """
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
            if covered > rules[4]:
                cost += rules[1] * 100.0 * covered / slot_area
    return cost


@njit(cache=True)
def pair_cost(pose_a, pose_b, size, rules):  # type: ignore[no-untyped-def]
    """The paper's third term for two new slots; each carries half of the spacing on either side."""
    covered = rectangle_overlap(pose_a, size[2], size[3], pose_b, size[2], size[3])
    if covered <= rules[4]:
        return 0.0
    return rules[2] * 100.0 * covered / (4.0 * size[2] * size[3])


@njit(cache=True)
def layout_cost(poses, zone, occupied, starts, boxes, size, rules):  # type: ignore[no-untyped-def]
    """The paper's cost C of a whole layout, ``poses`` (N, 3)."""
    cost = 0.0
    for i in range(poses.shape[0]):
        cost += slot_cost(poses[i], zone, occupied, starts, boxes, size, rules)
        for j in range(i):
            cost += pair_cost(poses[i], poses[j], size, rules)
    return cost


@njit(cache=True)
def pose_on_line(table, start, step, s, d, beta, pose):  # type: ignore[no-untyped-def]
    """Write into ``pose`` the slot at arc length ``s``, ``d`` metres left of the line, turned by ``beta``."""
    position = (s - start) / step
    k = min(max(int(position), 0), table.shape[0] - 2)
    t = position - k
    angle = table[k, 2] + t * (table[k + 1, 2] - table[k, 2])
    pose[0] = table[k, 0] + t * (table[k + 1, 0] - table[k, 0]) - d * math.sin(angle)
    pose[1] = table[k, 1] + t * (table[k + 1, 1] - table[k, 1]) + d * math.cos(angle)
    pose[2] = angle + beta


@njit(cache=True)
def _in_the_way(pose, zone, occupied, starts, boxes, size, tolerance_m2):  # type: ignore[no-untyped-def]
    """Area (m²) of one slot that lies on occupied ground or, when that is nothing, outside the zone; 0 when free."""
    half_length, half_width = size[0], size[1]
    cos, sin = math.cos(pose[2]), math.sin(pose[2])
    covered = 0.0
    across_x = half_length * abs(cos) + half_width * abs(sin)
    across_y = half_length * abs(sin) + half_width * abs(cos)
    for p in range(boxes.shape[0]):
        if (
            boxes[p, 0] < pose[0] + across_x
            and boxes[p, 2] > pose[0] - across_x
            and boxes[p, 1] < pose[1] + across_y
            and boxes[p, 3] > pose[1] - across_y
        ):
            area = box_overlap(
                occupied, starts[p], starts[p + 1], pose[0], pose[1], cos, sin, half_length, half_width
            )
            if area > tolerance_m2:
                covered += area
    if covered > 0.0:
        return covered
    inside = box_overlap(zone, 0, zone.shape[0], pose[0], pose[1], cos, sin, half_length, half_width)
    outside = 4.0 * half_length * half_width - inside
    return outside if outside > tolerance_m2 else 0.0


@njit(cache=True)
def free_stretches(d, beta, line, zone, occupied, starts, boxes, size, rules, steps):  # type: ignore[no-untyped-def]
    """(M, 2) arc lengths from and to between which the centre of a single slot on a row is free.

    ``steps`` is the stride over free ground, the least stride over taken ground, and the precision of the ends. Where
    a slot is in the way of A m², it stays so for A / (its extent across the line) metres: that far is leapt.
    """
    table, start, step = line
    stop = start + step * (table.shape[0] - 1)
    across = 2.0 * (size[0] * abs(math.sin(beta)) + size[1] * abs(math.cos(beta)))
    pose = np.empty(3)
    found = np.empty((int((stop - start) / steps[1]) + 2, 2))
    count = 0
    last_taken, last_free = -np.inf, -np.inf
    inside = False
    s = start
    while s <= stop:
        pose_on_line(table, start, step, s, d, beta, pose)
        area = _in_the_way(pose, zone, occupied, starts, boxes, size, rules[3])
        if (area == 0.0) != inside:
            taken, free = (last_taken, s) if not inside else (s, last_free)
            while abs(taken - free) > steps[2] and taken != -np.inf:
                middle = 0.5 * (taken + free)
                pose_on_line(table, start, step, middle, d, beta, pose)
                if _in_the_way(pose, zone, occupied, starts, boxes, size, rules[3]) == 0.0:
                    free = middle
                else:
                    taken = middle
            if inside:
                found[count, 1] = free
                count += 1
            else:
                found[count, 0] = free
            inside = not inside
        if area == 0.0:
            last_free = s
            s = stop if s < stop < s + steps[0] else s + steps[0]
        else:
            last_taken = s
            s += max(steps[1], 0.8 * area / across)
    if inside:
        found[count, 1] = last_free
        count += 1
    return found[:count]


@njit(cache=True)
def conflicts(poses, halves, tolerance_m2):  # type: ignore[no-untyped-def]
    """(N, N) bool: which pairs of slots overlap by more than the tolerance.

    ``halves`` (N, 2): each slot's half length and half width, its spacing included.
    """
    n = poses.shape[0]
    clash = np.zeros((n, n), dtype=np.bool_)
    for i in range(n):
        for j in range(i):
            area = rectangle_overlap(
                poses[i], halves[i, 0], halves[i, 1], poses[j], halves[j, 0], halves[j, 1]
            )
            if area > tolerance_m2:
                clash[i, j] = True
                clash[j, i] = True
    return clash


@njit(cache=True)
def tight_pitch(s, d, beta, line, size, low, high):  # type: ignore[no-untyped-def]
    """Smallest distance along a bent line, between ``low`` and ``high``, at which two slots around ``s`` are apart."""
    table, start, step = line
    a, b = np.empty(3), np.empty(3)
    for _ in range(14):
        middle = 0.5 * (low + high)
        pose_on_line(table, start, step, s - 0.5 * middle, d, beta, a)
        pose_on_line(table, start, step, s + 0.5 * middle, d, beta, b)
        if rectangle_overlap(a, size[2], size[3], b, size[2], size[3]) > 0.0:
            low = middle
        else:
            high = middle
    return high


# --- chance ---------------------------------------------------------------------------------------------------------


@njit(cache=True)
def _uniform(state):  # type: ignore[no-untyped-def]
    """Next number in [0, 1) of SplitMix64 (Steele, Lea and Flood 2014); ``state`` is a (1,) uint64 array.

    A generator of our own: the layout for a seed then depends on no library's version.
    """
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) / 9007199254740992.0


@njit(cache=True)
def _below_integer(state, n):  # type: ignore[no-untyped-def]
    return min(int(_uniform(state) * n), n - 1)


@njit(cache=True)
def random_source(source, low, high, pitch, state):  # type: ignore[no-untyped-def]
    """Fill one food source (N, D): positions along the line in order, other variables uniform.

    Positions are uniform over all ordered layouts whose neighbours keep ``pitch`` metres; with pitch 0 that is plain
    uniform, the paper's random configuration. When N slots at that pitch cannot fit, the pitch shrinks to what does.
    """
    n = source.shape[0]
    span = high[0] - low[0]
    if n > 1:
        pitch = min(pitch, span / (n - 1))
    slack = span - (n - 1) * pitch
    for i in range(n):
        source[i, 0] = _uniform(state) * slack
        for j in range(1, source.shape[1]):
            source[i, j] = low[j] + _uniform(state) * (high[j] - low[j])
    # By insertion: n is small, and numba takes seconds to compile numpy's sort.
    for i in range(1, n):
        value = source[i, 0]
        j = i
        while j > 0 and source[j - 1, 0] > value:
            source[j, 0] = source[j - 1, 0]
            j -= 1
        source[j, 0] = value
    for i in range(n):
        source[i, 0] += low[0] + i * pitch


@njit(cache=True)
def even_source(source, low, high, pitch):  # type: ignore[no-untyped-def]
    """Fill one food source with evenly spread positions and the middle of every other variable's range."""
    n = source.shape[0]
    share = (high[0] - low[0] + pitch) / n
    for i in range(n):
        middle = low[0] - 0.5 * pitch + (i + 0.5) * share
        source[i, 0] = min(max(middle, low[0]), high[0])
        for j in range(1, source.shape[1]):
            source[i, j] = 0.5 * (low[j] + high[j])


# --- the colony -----------------------------------------------------------------------------------------------------
#
# A *world* is (low, high, pitch, line, row, scene, size, rules); a *swarm* is (sources (F, N, D), poses (F, N, 3),
# terms (F, N), costs (F,), trials (F,)), where terms holds each slot's own ``slot_cost``.


@njit(cache=True)
def _settle(k, swarm, world):  # type: ignore[no-untyped-def]
    """Work out poses and costs of food source ``k`` from scratch."""
    sources, poses, terms, costs, trials = swarm
    _, _, _, line, row, scene, size, rules = world
    zone, occupied, starts, boxes = scene
    table, start, step = line
    wide = sources.shape[2] == 3
    total = 0.0
    for i in range(sources.shape[1]):
        d = sources[k, i, 1] if wide else row[0]
        beta = sources[k, i, 2] if wide else row[1]
        pose_on_line(table, start, step, sources[k, i, 0], d, beta, poses[k, i])
        terms[k, i] = slot_cost(poses[k, i], zone, occupied, starts, boxes, size, rules)
        total += terms[k, i]
        for j in range(i):
            total += pair_cost(poses[k, i], poses[k, j], size, rules)
    costs[k] = total
    trials[k] = 0


@njit(cache=True)
def _visit(k, swarm, world, state):  # type: ignore[no-untyped-def]
    """One bee looks at a neighbour of food source ``k``: one variable, moved relative to a random other source.

    v_kj = x_kj + phi (x_kj - x_mj), phi uniform in [-1, 1] (Karaboga 2005). An equal cost is accepted too, without
    resetting the source's trials: in a tight row pushing a slot sideways trades one overlap for another at the same
    cost, and a colony that refuses such moves stands still.
    """
    sources, poses, terms, costs, trials = swarm
    low, high, _, line, row, scene, size, rules = world
    zone, occupied, starts, boxes = scene
    table, start, step = line
    f, n, dimensions = sources.shape
    i = _below_integer(state, n)
    j = _below_integer(state, dimensions)
    m = _below_integer(state, f - 1)
    if m >= k:
        m += 1
    phi = 2.0 * _uniform(state) - 1.0
    old = sources[k, i, j]
    sources[k, i, j] = min(max(old + phi * (old - sources[m, i, j]), low[j]), high[j])
    pose = np.empty(3)
    d = sources[k, i, 1] if dimensions == 3 else row[0]
    beta = sources[k, i, 2] if dimensions == 3 else row[1]
    pose_on_line(table, start, step, sources[k, i, 0], d, beta, pose)
    term = slot_cost(pose, zone, occupied, starts, boxes, size, rules)
    change = term - terms[k, i]
    for other in range(n):
        if other != i:
            change += pair_cost(pose, poses[k, other], size, rules)
            change -= pair_cost(poses[k, i], poses[k, other], size, rules)
    if change < -_COST_NOISE:
        trials[k] = 0
    else:
        trials[k] += 1
    if change <= _COST_NOISE:
        for c in range(3):
            poses[k, i, c] = pose[c]
        terms[k, i] = term
        costs[k] += change
        # Near zero the sum is taken afresh, so that rounding can neither fake nor hide an optimum.
        if costs[k] < 1.0:
            costs[k] = layout_cost(poses[k], zone, occupied, starts, boxes, size, rules)
    else:
        sources[k, i, j] = old


@njit(cache=True)
def _onlookers(swarm, world, state):  # type: ignore[no-untyped-def]
    """As many onlookers as food sources, each drawn to one by roulette on the fitness 1 / (1 + cost)."""
    costs = swarm[3]
    f = costs.shape[0]
    fitness = np.empty(f)
    total = 0.0
    for k in range(f):
        fitness[k] = 1.0 / (1.0 + costs[k])
        total += fitness[k]
    for _ in range(f):
        wheel = _uniform(state) * total
        k = 0
        while k < f - 1 and wheel >= fitness[k]:
            wheel -= fitness[k]
            k += 1
        _visit(k, swarm, world, state)


@njit(cache=True)
def _scout(limit, swarm, world, state):  # type: ignore[no-untyped-def]
    """Give up the most visited source once it passed the limit, and fly to a random one. Returns layouts costed."""
    sources, trials = swarm[0], swarm[4]
    tired = 0
    for k in range(trials.shape[0]):
        if trials[k] > trials[tired]:
            tired = k
    if trials[tired] <= limit:
        return 0
    random_source(sources[tired], world[0], world[1], world[2], state)
    _settle(tired, swarm, world)
    return 1


@njit(cache=True)
def _remember(swarm, best, best_cost):  # type: ignore[no-untyped-def]
    """Copy the cheapest layout into ``best`` when it beats the memory; returns the best cost."""
    poses, costs = swarm[1], swarm[3]
    for k in range(costs.shape[0]):
        if costs[k] < best_cost:
            best_cost = costs[k]
            for i in range(best.shape[0]):
                for j in range(3):
                    best[i, j] = poses[k, i, j]
    return best_cost


@njit(cache=True)
def run_colony(n, low, high, pitch, even, line, row, scene, size, rules, colony, seed):  # type: ignore[no-untyped-def]
    """Search positions for ``n`` slots with an Artificial Bee Colony (Karaboga 2005; Karaboga and Basturk 2007).

    ``low``, ``high`` (D,) bound each slot's variables: D = 1 searches along the line only, with ``row`` = (d, beta)
    fixed; D = 3 searches s, d and beta. ``even`` makes the first source an even spread. ``colony`` is (food sources,
    abandonment limit, iterations). One employed and one onlooker bee per food source, at most one scout an iteration.
    Stops at cost zero.

    Returns the best layout's poses (n, 3), its cost, the best cost after each iteration (first entry: the random
    start), and the number of layouts costed.
    """
    f, limit, iterations = colony
    world = (low, high, pitch, line, row, scene, size, rules)
    swarm = (
        np.empty((f, n, low.shape[0])),
        np.empty((f, n, 3)),
        np.empty((f, n)),
        np.full(f, np.inf),
        np.zeros(f, dtype=np.int64),
    )
    state = np.empty(1, dtype=np.uint64)
    state[0] = seed
    best = np.empty((n, 3))
    best_cost = np.inf
    evaluations = 0
    for k in range(f):
        if even and k == 0:
            even_source(swarm[0][k], low, high, pitch)
        else:
            random_source(swarm[0][k], low, high, pitch, state)
        _settle(k, swarm, world)
        evaluations += 1
        best_cost = _remember(swarm, best, best_cost)
        if best_cost <= 0.0:
            break
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
