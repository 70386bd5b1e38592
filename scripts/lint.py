#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""`make lint`: every static check, all of them even when one fails; the failures' output and a table at the end."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

CHECKS: dict[str, list[str]] = {
    "ruff check": [str(BIN / "ruff"), "check", "."],
    "ruff format": [str(BIN / "ruff"), "format", "--check", "."],
    "mypy": [str(BIN / "mypy")],
    "import rules": [str(BIN / "lint-imports")],
    "django check": [sys.executable, "manage.py", "check", "--fail-level", "WARNING"],
    "migrations": [sys.executable, "-W", "ignore", "manage.py", "makemigrations", "--check", "--dry-run"],
    "settings' names": [sys.executable, "-m", "scripts.check_settings"],
    "page's types": [sys.executable, "-m", "scripts.check_types"],
    "files": [sys.executable, "-m", "scripts.check_files"],
}


def main() -> int:
    failed = []
    rows = []
    with tempfile.TemporaryDirectory() as var:
        # Static checks read no operator's settings and reach no service.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SPARK_")}
        environment |= {"SPARK_ENV_FILE": "", "SPARK_VAR": var, "SECRET_KEY": "for-static-checks-only"}
        environment |= {
            "DATABASE_URL": "postgis://nobody@127.0.0.1:1/none",
            "REDIS_URL": "redis://127.0.0.1:1/0",
        }
        for name, command in CHECKS.items():
            began = time.monotonic()
            done = subprocess.run(
                command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
            )
            rows.append(
                f"  {'ok    ' if done.returncode == 0 else 'FAILED'}  {name:<16} {time.monotonic() - began:5.1f} s"
            )
            if done.returncode != 0:
                failed.append(name)
                print(f"--- {name} ---\n{done.stdout}{done.stderr}")
    print("\n".join(rows))
    if failed:
        print(f"lint: {len(failed)} of {len(CHECKS)} checks failed: {', '.join(failed)}")
        return 1
    print(f"lint: all {len(CHECKS)} checks passed")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
