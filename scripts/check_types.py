# SPDX-License-Identifier: AGPL-3.0-or-later
"""Types of the driver's page: TypeScript's compiler over the plain JavaScript and its JSDoc; nothing is built."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
#: One project for the page and one for its service worker, whose globals differ.
PROJECTS = ("tsconfig.json", "tsconfig.worker.json")


def compiler(repository: Path = REPOSITORY) -> list[str] | None:
    """The command that runs the pinned TypeScript, or None where it is not installed."""
    script = repository / "node_modules" / "typescript" / "bin" / "tsc"
    node = shutil.which("node") or shutil.which("nodejs")
    return [node, str(script)] if node and script.exists() else None


def problems(repository: Path = REPOSITORY) -> list[str]:
    """What the compiler finds, as it says it."""
    command = compiler(repository)
    if command is None:
        return ["TypeScript is not installed: `make setup` does it (Debian packages nodejs and npm)."]
    found: list[str] = []
    for project in PROJECTS:
        done = subprocess.run(
            [*command, "--project", project, "--pretty", "false"],
            cwd=repository,
            capture_output=True,
            text=True,
            check=False,
        )
        found += done.stdout.splitlines()
        if done.returncode != 0 and not done.stdout:
            found.append(f"the compiler failed on {project}: {done.stderr.strip()}")
    return found


def main() -> int:
    found = problems()
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
