# SPDX-License-Identifier: AGPL-3.0-or-later
"""The tables of an evaluation: what was counted, as rows with named columns, and how they are printed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from workers.training.counts import Summary
from workers.training.judge_spaces import FoundSpaces, total
from workers.training.judge_stalls import Stall, count_stalls
from workers.training.stall_pose import StallPose

Rows = list[dict[str, Any]]

DISTANCE_BINS_M = ((0, 10), (10, 20), (20, 30), (30, 45), (45, 120))
HIDDEN_BINS = ((0.0, 0.1), (0.1, 0.4), (0.4, 1.01))


def pose_rows(poses: Sequence[StallPose]) -> Rows:
    """How well the stalls of all photos are explained by their poses; the last column counts photos not believed."""
    measures: dict[str, Callable[[StallPose], float]] = {
        "height, m": lambda p: p.height_m,
        "pitch, degrees": lambda p: p.pitch_deg,
        "gap of a stall's sides": lambda p: p.gap,
        "areas' spread (90 % by 10 %)": lambda p: p.spread,
    }
    dropped = sum(not p.believed for p in poses)
    return [
        {"measure": name, **dict(zip(("5 %", "median", "95 %"), np.percentile([f(p) for p in poses], (5, 50, 95)).tolist(), strict=True)), "photos": len(poses), "dropped": dropped}
        for name, f in measures.items()
    ]  # fmt: skip


def stall_row(threshold: float, stalls: Sequence[Stall], raw: bool = False) -> dict[str, Any]:
    """Accuracy, recall of occupied, share of empty ones called occupied."""
    counts = count_stalls(stalls, raw=raw)
    empty = counts.false_positives + (counts.true_negatives or 0)
    return {
        "threshold": threshold,
        "stalls": len(stalls),
        "accuracy": counts.accuracy,
        "precision": counts.precision,
        "recall": counts.recall,
        "false_occupied": counts.false_positives / max(empty, 1),
        "accuracy_without_tn": counts.accuracy_without_tn,
    }


def stall_splits(stalls: Sequence[Stall], night: dict[str, bool]) -> Rows:
    """By distance, by how much of the stall is hidden behind a car's upper body, by day and night, without a pose."""
    kinds: list[tuple[str, Callable[[Stall], bool]]] = []

    def between(low: float, high: float, value: Callable[[Stall], float | None]) -> Callable[[Stall], bool]:
        return lambda s: (v := value(s)) is not None and low <= v < high

    for low, high in DISTANCE_BINS_M:
        kinds.append((f"{low}-{high} m", between(low, high, lambda s: s.distance_m)))
    for least, most in HIDDEN_BINS:
        kinds.append(
            (
                f"hidden {100 * least:.0f}-{100 * min(most, 1):.0f} %",
                between(least, most, lambda s: s.hidden_share),
            )
        )
    kinds.append(("by day", lambda s: not night[s.photo]))
    kinds.append(("by night", lambda s: night[s.photo]))
    kinds.append(("without a pose", lambda s: s.distance_m is None))
    rows = []
    for name, belongs in kinds:
        chosen = [s for s in stalls if belongs(s)]
        if chosen:
            row = stall_row(0.0, chosen)
            del row["threshold"]
            rows.append({"where": name, **row})
    return rows


def stall_reliability(stalls: Sequence[Stall]) -> Rows:
    """Of the stalls called occupied, by the best score above them: the share that are."""
    called = [s for s in stalls if s.ground_says]
    edges = np.linspace(0, 1, 11)
    rows = []
    for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        inside = [s for s in called if low <= s.score < high or s.score == high == 1.0]
        if inside:
            rows.append(
                {
                    "low": low,
                    "high": high,
                    "count": len(inside),
                    "mean_score": float(np.mean([s.score for s in inside])),
                    "right": float(np.mean([s.occupied for s in inside])),
                }
            )
    return rows


def space_row(kind: str, found: Sequence[FoundSpaces]) -> dict[str, Any]:
    score = total(found)
    return {
        "where": kind,
        "zones": len(found),
        "true": score.true_positives + score.false_negatives,
        "found": score.true_positives + score.false_positives,
        "precision": score.precision,
        "recall": score.recall,
        "accuracy": score.accuracy,
        "accuracy_without_tn": score.accuracy_without_tn,
        "counts that agree": float(np.mean([f.score.count_error == 0 for f in found])),
    }


def summary_rows(summaries: Sequence[Summary]) -> Rows:
    """As a table."""
    return [
        {
            "measure": s.measure,
            "images": s.images,
            "least": s.least,
            "most": s.most,
            "mean": s.mean,
            "deviation": s.deviation,
            "mean, 2.5 %": s.low,
            "mean, 97.5 %": s.high,
        }
        for s in summaries
    ]


def print_table(title: str, rows: Rows) -> None:
    """Aligned columns; floats to three places."""
    if not rows:
        return
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[cell(row.get(name)) for name in columns] for row in rows]
    widths = [max(len(name), *(len(line[i]) for line in cells)) for i, name in enumerate(columns)]
    print(f"\n{title}\n" + "  ".join(name.rjust(width) for name, width in zip(columns, widths, strict=True)))
    for line in cells:
        print("  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)))


def cell(value: Any) -> str:
    """As printed: None is a dash."""
    return "–" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
