# SPDX-License-Identifier: AGPL-3.0-or-later
"""Solve a file of placement instances.

python -m workers.placement INSTANCES.json -o OUT.json [--mode paper] [--seed N]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from workers.placement import (
    AS_PUBLISHED_FULL,
    AS_PUBLISHED_X,
    PACKED,
    STREET,
    PlacementError,
    place,
    warm_up,
)
from workers.placement.instances import read_instances, result, write_results

SETTINGS = {
    "street": STREET,
    "packed": PACKED,
    "published-x": AS_PUBLISHED_X,
    "published-full": AS_PUBLISHED_FULL,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 2, with a line that says why, for a file or mode that cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m workers.placement", description="Solve placement instances."
    )
    parser.add_argument("instances", type=Path, metavar="INSTANCES.json")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.json")
    parser.add_argument("--mode", choices=("paper", "production"), default="paper")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--settings",
        choices=tuple(SETTINGS),
        default="street",
        help="the paper's search with or without additions",
    )
    options = parser.parse_args(arguments)
    if options.mode == "production":
        parser.error("mode production does not exist yet; use --mode paper")
    try:
        instances = read_instances(options.instances)
    except (OSError, PlacementError) as error:
        parser.error(str(error))
    warm_up()
    results = []
    for instance in instances:
        placement = place(
            instance.problem, mode=options.mode, seed=options.seed, parameters=SETTINGS[options.settings]
        )
        results.append(result(instance, placement))
    write_results(options.output, results)
    found, cpu = sum(len(entry["slots"]) for entry in results), sum(entry["cpu_ms"] for entry in results)
    print(f"{found} slots in {len(results)} zones, {cpu:.0f} ms of processor time")
    return 0


if __name__ == "__main__":
    sys.exit(main())
