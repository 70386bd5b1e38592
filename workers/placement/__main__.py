# SPDX-License-Identifier: AGPL-3.0-or-later
"""Solve a file of placement instances.

python -m workers.placement INSTANCES.json -o OUT.json [--mode production|paper] [--seed N] [--reachable]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from workers.placement import PlacementError, place, prepare, warm_up
from workers.placement.instances import read_instances, result, write_results
from workers.placement.paper_options import add_paper_options, paper_parameters


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 2, with a line that says why, for a file or mode that cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m workers.placement", description="Solve placement instances."
    )
    parser.add_argument("instances", type=Path, metavar="INSTANCES.json")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.json")
    parser.add_argument("--mode", choices=("production", "paper"), default="production")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--reachable",
        action="store_true",
        help="mode production: only spaces that a car can drive into, as the worker offers them",
    )
    add_paper_options(parser)
    options = parser.parse_args(arguments)
    try:
        parameters = paper_parameters(options) if options.mode == "paper" else None
        instances = read_instances(options.instances)
    except (OSError, PlacementError) as error:
        parser.error(str(error))
    warm_up()
    # All zones first: frames come later, from one zone after another.
    production = options.mode == "production"
    prepared = [prepare(instance.problem) if production else 0.0 for instance in instances]
    results = []
    for instance, prepared_ms in zip(instances, prepared, strict=True):
        placement = place(
            replace(instance.problem, reachable_only=options.reachable),
            mode=options.mode,
            seed=options.seed,
            parameters=parameters,
        )
        results.append(result(instance, placement, prepared_ms))
    write_results(options.output, results)
    found, cpu = sum(len(entry["slots"]) for entry in results), sum(entry["cpu_ms"] for entry in results)
    print(f"{found} slots in {len(results)} zones, {cpu:.0f} ms of processor time")
    return 0


if __name__ == "__main__":
    sys.exit(main())
