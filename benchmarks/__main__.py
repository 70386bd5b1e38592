# SPDX-License-Identifier: AGPL-3.0-or-later
"""Run benchmarks, print their tables, keep them as JSON under var/bench.

python -m benchmarks [--quick] [NAME …]
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
OUTPUT = FOLDER.parent / "var" / "bench"

Rows = list[dict[str, Any]]


def names() -> list[str]:
    """Every benchmark there is, sorted: the files here that define `run`."""
    files = (path for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))
    return sorted(path.stem for path in files if "\ndef run(" in path.read_text())


def tables_of(result: Any) -> dict[str, Rows]:
    """What a `run` returned, as titled tables."""
    return result if isinstance(result, dict) else {"": list(result)}


def format_table(rows: Rows) -> str:
    """Rows as aligned columns; numbers to the right, floats to four figures, None as a dash."""
    if not rows:
        return "(nothing)"
    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [[_text(row.get(column)) for column in columns] for row in rows]
    widths = [max(len(column), *(len(line[i]) for line in cells)) for i, column in enumerate(columns)]
    to_right = [all(not isinstance(row.get(column), str) for row in rows) for column in columns]

    def line(texts: Sequence[str]) -> str:
        aligned = zip(texts, widths, to_right, strict=True)
        return "  ".join(t.rjust(w) if right else t.ljust(w) for t, w, right in aligned).rstrip()

    return "\n".join([line(columns), line(["-" * width for width in widths]), *map(line, cells)])


def _text(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def run_one(name: str, quick: bool, output: Path = OUTPUT) -> None:
    """Run one benchmark, print its tables, write `<output>/<name>.json`."""
    print(f"\n== {name} ==", flush=True)
    began = time.monotonic()
    tables = tables_of(importlib.import_module(f"benchmarks.{name}").run(quick))
    seconds = time.monotonic() - began
    for title, rows in tables.items():
        print(f"\n{title}" if title else "")
        print(format_table(rows))
    print(f"\n({seconds:.1f} s)")
    machine = {"cores": os.cpu_count(), "processor": platform.processor() or platform.machine()}
    record = {
        "name": name,
        "quick": quick,
        "seconds": round(seconds, 2),
        "machine": machine,
        "tables": tables,
    }
    output.mkdir(parents=True, exist_ok=True)
    (output / f"{name}.json").write_text(json.dumps(record, indent=1, default=str) + "\n")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="which (default: all)", metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="the same on less, in seconds")
    options = parser.parse_args(arguments)
    known = names()
    unknown = sorted(set(options.names) - set(known))
    if unknown:
        parser.error(f"no benchmark called {', '.join(unknown)}; there are: {', '.join(known) or 'none'}")
    failed = []
    for name in options.names or known:
        try:
            run_one(name, options.quick)
        except Exception:
            traceback.print_exc()
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
