# SPDX-License-Identifier: AGPL-3.0-or-later
"""A page of pictures to look at: every zone as production lays it out, and as the paper's search does."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from workers.placement import Slot
from workers.placement.instances import Instance
from workers.placement.paper import lay_as_published
from workers.placement.parameters import AS_PUBLISHED_X
from workers.placement.pictures import cost_svg, layout_svg

_HEAD = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>SPARK: placement</title><style>body{font:15px sans-serif;"
    "max-width:1780px;margin:1em auto;padding:0 1em}section{display:flex;flex-wrap:wrap;gap:1em;border-top:1px solid "
    "#ccc;padding:.6em 0}h2{font-size:1em;flex-basis:100%;margin:0}svg{max-width:100%;height:auto}</style>"
)


def write_page(
    path: Path,
    instances: Sequence[Instance],
    layouts: dict[str, dict[str, Sequence[Slot]]],
    known: dict[str, int],
    judged: dict[str, dict[str, Any]],
) -> None:
    """``layouts`` and ``judged`` by method, then by instance; and the paper's cost curves of a few at the end."""
    parts = [
        _HEAD,
        "<h1>Placement, zone by zone</h1><p>Dark: cars. Green: spaces offered. Thick line: kerb.</p>",
    ]
    for instance in instances:
        best = known.get(instance.id)
        title = escape(instance.id) + ("" if best is None else f": best known {best}")
        parts.append(f"<section><h2>{title}</h2>")
        for method, found in layouts.items():
            slots = found[instance.id]
            score = judged[method][instance.id]
            caption = f"{method}: {score.counted} placed, {sum(score.reachable)} of them can be driven into"
            parts.append(layout_svg(instance.problem, slots, caption))
        parts.append("</section>")
    parts.append("<h1>The paper's cost over its iterations</h1><section>")
    for instance in instances[:: max(1, len(instances) // 8)]:
        found = lay_as_published(instance.problem, AS_PUBLISHED_X, 0)
        if found.history:
            parts.append(cost_svg(found.history, 0.0, instance.id))
    parts.append("</section></html>\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(parts), encoding="utf-8")
