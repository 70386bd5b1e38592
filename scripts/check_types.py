# SPDX-License-Identifier: AGPL-3.0-or-later
"""Types of the driver's page: TypeScript's compiler over the plain JavaScript and its JSDoc; nothing is built."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = "apps/webmap/static/webmap"
#: One project for the page and one for its service worker, whose globals differ.
PROJECTS = ("tsconfig.json", "tsconfig.worker.json")
#: Modules whose JSDoc is still to be written. Their faults are not counted; a module without faults must leave the list.
UNTYPED: frozenset[str] = frozenset()


def compiler(repository: Path = REPOSITORY) -> list[str] | None:
    """The command that runs the pinned TypeScript, or None where it is not installed."""
    script = repository / "node_modules" / "typescript" / "bin" / "tsc"
    node = shutil.which("node") or shutil.which("nodejs")
    return [node, str(script)] if node and script.exists() else None


def problems(repository: Path = REPOSITORY, untyped: frozenset[str] = UNTYPED) -> list[str]:
    """What the compiler finds, one line each, and the modules that no longer need their exception."""
    command = compiler(repository)
    if command is None:
        return ["TypeScript is not installed: `make setup` does it (Debian packages nodejs and npm)."]
    found: list[str] = []
    faulty: set[str] = set()
    for project in PROJECTS:
        done = subprocess.run(
            [*command, "--project", project, "--pretty", "false"],
            cwd=repository,
            capture_output=True,
            text=True,
            check=False,
        )
        counted = False
        for line in done.stdout.splitlines():
            if line.startswith(" "):  # explains the line before
                if counted:
                    found.append(line)
                continue
            name = line.split("(", 1)[0]
            counted = name not in untyped
            faulty.add(name)
            if counted:
                found.append(line)
        if done.returncode != 0 and not done.stdout:
            found.append(f"the compiler failed on {project}: {done.stderr.strip()}")
    found += [
        f"{name} has no faults left: take it off scripts/check_types.py's list."
        for name in sorted(untyped - faulty)
        if (repository / name).exists()
    ]
    return found


def main() -> int:
    found = problems()
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
