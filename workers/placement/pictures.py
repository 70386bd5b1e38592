# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures of layouts and cost curves as SVG, written by hand: the paper's Figures 7 and 9 for any instance.

    python -m workers.placement.pictures INSTANCES.json -o FOLDER [--id ID …] [--seed N] [options of the paper's mode]

writes ``<id>-layouts.svg`` (what the bees propose after 5 and after all iterations) and ``<id>-cost.svg`` (the best cost
after each iteration). A dashed slot is one that the exact check drops.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from workers.placement.feasible import feasible_slots
from workers.placement.geometry import polygonal
from workers.placement.instances import read_instances
from workers.placement.paper import align_longest_edge, lay_as_published
from workers.placement.paper_options import add_paper_options, paper_parameters
from workers.placement.parameters import PaperParameters
from workers.placement.problem import PlacementError, PlacementProblem, Slot

# The paper's Figure 7 shows a layout after so many iterations beside the last one.
EARLY_ITERATIONS = 5
_WIDTH, _MARGIN, _LINE = 860.0, 10.0, 20.0
_STYLE = (
    "<style>text{font:13px sans-serif;fill:#222}.zone{fill:#f1efe9;stroke:#8a8577}.kerb{fill:none;stroke:#222;"
    "stroke-width:3}.car{fill:#6b6f76;stroke:#45484d}.slot{fill:#2a8f5b66;stroke:#1c6b43;stroke-width:1.5}"
    ".dropped{fill:#c8383822;stroke:#a12626;stroke-width:1.5;stroke-dasharray:5 3}.axis{stroke:#8a8577;fill:none}"
    ".curve{stroke:#1f5fa8;fill:none;stroke-width:2}</style>"
)


def layout_svg(
    problem: PlacementProblem, slots: Sequence[Slot], caption: str, dropped: Sequence[Slot] = ()
) -> str:
    """One zone with its longest edge level: ground, kerb, what is occupied, slots, and dashed the dropped ones."""
    panel, height = _panel(problem, slots, caption, dropped, 0.0)
    return _svg(panel, height)


def layouts_svg(problem: PlacementProblem, parameters: PaperParameters, seed: int) -> str:
    """As the paper's Figure 7: what the bees propose early, and at the end."""
    panels, top = [], 0.0
    for iterations in sorted({min(EARLY_ITERATIONS, parameters.iterations), parameters.iterations}):
        found = lay_as_published(problem, replace(parameters, iterations=iterations), seed)
        proposed = [Slot(*pose) for pose in found.poses.tolist()]
        kept = feasible_slots(problem, proposed)
        dropped = [slot for slot in proposed if slot not in kept]
        flown = max(0, len(found.history) - 1)
        caption = (
            f"after {flown} iterations: {len(proposed)} slots, cost {found.cost:,.0f}, "
            f"of which {len(kept)} can be offered"
        )
        panel, height = _panel(problem, kept, caption, dropped, top)
        panels.append(panel)
        top += height
    return _svg("".join(panels), top)


def cost_svg(history: Sequence[float], cpu_ms: float, caption: str) -> str:
    """As the paper's Figure 9: the best cost after each iteration; the time is spread evenly over them."""
    left, top, width, height = 80.0, 2 * _LINE, _WIDTH - 130.0, 240.0
    count, highest = max(1, len(history) - 1), max([1.0, *history])
    points = " ".join(
        f"{left + width * k / count:.1f},{top + height * (1 - cost / highest):.1f}"
        for k, cost in enumerate(history)
    )
    marks = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y, x = top + height * (1 - share), left + width * share
        marks.append(f'<path class="axis" d="M{left - 4} {y}h{width + 4}" opacity="0.5"/>')
        marks.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{share * highest:,.0f}</text>')
        label = f"{share * count:.0f} · {share * cpu_ms:.1f} ms"
        marks.append(f'<text x="{x}" y="{top + height + 18}" text-anchor="middle">{label}</text>')
    foot = f'<text x="{left + width / 2}" y="{top + height + 38}" text-anchor="middle">iterations · processor time</text>'
    body = f'<text x="{_MARGIN}" y="{_LINE}">{escape(caption)}</text>{"".join(marks)}{foot}'
    return _svg(body + f'<polyline class="curve" points="{points}"/>', top + height + 50)


def _panel(
    problem: PlacementProblem, slots: Sequence[Slot], caption: str, dropped: Sequence[Slot], top: float
) -> tuple[str, float]:
    frame = align_longest_edge(problem.zone)
    size = problem.slot_length_m, problem.slot_width_m
    outlines = [slot.polygon(*size) for slot in (*slots, *dropped)]
    west, south, east, north = frame.into(shapely.GeometryCollection([problem.zone, *outlines])).bounds
    scale = (_WIDTH - 2 * _MARGIN) / max(east - west, 1e-6)
    scale = min(scale, 40.0)

    def path(geometry: BaseGeometry, name: str) -> str:
        pieces = []
        for ring in shapely.get_parts(shapely.boundary(geometry) if geometry.area else geometry):
            xy = shapely.get_coordinates(frame.into(ring))
            xs = _MARGIN + (xy[:, 0] - west) * scale
            ys = top + _LINE + _MARGIN + (north - xy[:, 1]) * scale
            pieces.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in np.column_stack([xs, ys]).tolist()))
        return f'<path class="{name}" fill-rule="evenodd" d="{"".join(pieces)}"/>' if pieces else ""

    near = problem.zone.envelope.buffer(max(size))
    drawn = [path(problem.zone, "zone")]
    drawn += [
        path(part, "car") for part in shapely.get_parts(polygonal(problem.blocked)) if near.intersects(part)
    ]
    drawn += [path(outline, "slot" if k < len(slots) else "dropped") for k, outline in enumerate(outlines)]
    if problem.kerb is not None:
        drawn.append(path(problem.kerb, "kerb"))
    text = f'<text x="{_MARGIN}" y="{top + _LINE - 4}">{escape(caption)}</text>'
    return text + "".join(drawn), (north - south) * scale + _LINE + 3 * _MARGIN


def _svg(body: str, height: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {math.ceil(height)}" '
        f'width="{_WIDTH:.0f}">{_STYLE}{body}</svg>\n'
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 2, with a line that says why, for a file or an id that cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m workers.placement.pictures", description=__doc__.split("\n")[0]
    )
    parser.add_argument("instances", type=Path, metavar="INSTANCES.json")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--id", action="append", default=[], help="only this instance; may be repeated")
    parser.add_argument("--seed", type=int, default=0)
    add_paper_options(parser)
    options = parser.parse_args(arguments)
    try:
        parameters = paper_parameters(options)
        instances = {instance.id: instance.problem for instance in read_instances(options.instances)}
    except (OSError, PlacementError) as error:
        parser.error(str(error))
    unknown = [name for name in options.id if name not in instances]
    if unknown:
        parser.error(f"no instance called {', '.join(unknown)} in {options.instances}")
    options.output.mkdir(parents=True, exist_ok=True)
    for name in options.id or instances:
        problem = instances[name]
        lay_as_published(
            problem, replace(parameters, iterations=1), options.seed
        )  # kernels ready before the clock
        began = time.thread_time()
        found = lay_as_published(problem, parameters, options.seed)
        cpu_ms = (time.thread_time() - began) * 1e3
        caption = f"{name}: cost {found.cost:,.0f} after {max(0, len(found.history) - 1)} iterations"
        file = options.output / name.replace("/", "_")
        file.with_name(f"{file.name}-layouts.svg").write_text(
            layouts_svg(problem, parameters, options.seed), encoding="utf-8"
        )
        file.with_name(f"{file.name}-cost.svg").write_text(
            cost_svg(found.history, cpu_ms, caption), encoding="utf-8"
        )
        sys.stdout.write(caption + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
