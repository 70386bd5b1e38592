# SPDX-License-Identifier: AGPL-3.0-or-later
"""How long the stages of a frame take, as histograms in Redis: workers add, /metrics reads.

In Redis because any number of workers share one count, and because a count that begins anew with it is all that a
monitoring system needs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import redis

__all__ = ["BOUNDS_S", "StageTimes", "add_stage_times", "read_stage_times"]

KEY = "spark:stages"
#: Upper bounds of the histograms' buckets, seconds; what takes longer falls into the last one, without a bound.
BOUNDS_S = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
_REST = "more"
_SUM = "sum"


@dataclass
class StageTimes:
    """One stage: how many took up to each bound but longer than the one before, how many longer, and all together."""

    counts: list[int] = field(default_factory=lambda: [0] * len(BOUNDS_S))
    longer: int = 0
    sum_s: float = 0.0


def add_stage_times(client: redis.Redis, frames: Iterable[Mapping[str, float]]) -> None:
    """Count the stages of some frames (stage → milliseconds), in one round trip. Raises redis.RedisError."""
    buckets: Counter[str] = Counter()
    sums_s: Counter[str] = Counter()
    for timings_ms in frames:
        for stage, took_ms in timings_ms.items():
            took_s = took_ms / 1e3
            bound = next((str(bound) for bound in BOUNDS_S if took_s <= bound), _REST)
            buckets[f"{stage}|{bound}"] += 1
            sums_s[f"{stage}|{_SUM}"] += took_s  # type: ignore[assignment]
    if not buckets:
        return
    with client.pipeline(transaction=False) as pipeline:
        for name, count in buckets.items():
            pipeline.hincrby(KEY, name, count)
        for name, took_s in sums_s.items():
            pipeline.hincrbyfloat(KEY, name, float(took_s))
        pipeline.execute()


def read_stage_times(client: redis.Redis) -> dict[str, StageTimes]:
    """Every stage that was ever counted, by name. Raises redis.RedisError."""
    places = {str(bound): index for index, bound in enumerate(BOUNDS_S)}
    found: dict[str, StageTimes] = {}
    for name, value in sorted(client.hgetall(KEY).items()):
        stage, _, what = name.decode().rpartition("|")
        times = found.setdefault(stage, StageTimes())
        if what == _SUM:
            times.sum_s = float(value)
        elif what == _REST:
            times.longer = int(value)
        elif what in places:
            times.counts[places[what]] = int(value)
    return found
