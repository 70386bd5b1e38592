# SPDX-License-Identifier: AGPL-3.0-or-later
"""Holds the names of settings together: settings.py, docs/settings.md, docker-compose.yml and deploy/*.env."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
#: Variables of the images that compose runs beside ours, and the one read before the settings.
FOREIGN = frozenset(
    {"POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD", "SPARK_ENV_FILE", "WEB_CONCURRENCY"}
)


def declared() -> set[str]:
    """Every variable that the settings read."""
    os.environ.setdefault("SECRET_KEY", "for-static-checks-only")
    from spark.settings import ENVIRONMENT

    return set(ENVIRONMENT)


def documented(text: str) -> set[str]:
    """The variables that docs/settings.md explains: the first cell of its tables' rows."""
    return set(re.findall(r"^\| `([A-Z][A-Z0-9_]*)` \|", text, flags=re.MULTILINE))


def in_env_file(text: str) -> set[str]:
    """Names set, or shown commented out, in an env file."""
    return set(re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=", text, flags=re.MULTILINE))


def in_compose(compose: dict[str, Any]) -> set[str]:
    """Names given to the services of a compose file."""
    names: set[str] = set()
    for service in compose.get("services", {}).values():
        environment = service.get("environment") or {}
        names |= (
            {item.split("=", 1)[0] for item in environment}
            if isinstance(environment, list)
            else set(environment)
        )
    return names


def problems() -> list[str]:
    """What does not fit together, one sentence each; empty when all is well."""
    import yaml

    known = declared()
    found: list[str] = []
    explained = documented((REPOSITORY / "docs" / "settings.md").read_text())
    found += [f"docs/settings.md does not explain {name}." for name in sorted(known - explained)]
    found += [
        f"docs/settings.md explains {name}, which no setting reads." for name in sorted(explained - known)
    ]
    used = {"docker-compose.yml": in_compose(yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text()))}
    for path in sorted((REPOSITORY / "deploy").glob("*.env*")):
        used[f"deploy/{path.name}"] = in_env_file(path.read_text())
    for place, names in used.items():
        found += [f"{place} sets {name}, which no setting reads." for name in sorted(names - known - FOREIGN)]
    return found


def main() -> int:
    found = problems()
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
