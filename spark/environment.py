# SPDX-License-Identifier: AGPL-3.0-or-later
"""Settings from the environment, typed, and remembered by name.

`Environment` is django-environ's `Env` with two additions: it remembers which variables the settings asked for, so
that a system check can reject unknown `SPARK_*` names and a test can hold the documentation to the code; and a value
that cannot be read says which variable it came from.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

PREFIX = "SPARK_"
#: Names that start with the prefix but are read before or beside the settings.
BESIDE_SETTINGS = frozenset({"SPARK_ENV_FILE", "SPARK_SHARED"})


class Environment(environ.Env):
    """An `Env` that knows what it was asked for (`declared`: variable name → default)."""

    def __init__(self) -> None:
        super().__init__()
        self.declared: dict[str, Any] = {}

    def get_value(
        self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, parse_default: bool = False
    ) -> Any:
        self.declared[var] = default
        try:
            return super().get_value(var, cast=cast, default=default, parse_default=parse_default)
        except (ValueError, TypeError) as error:
            raise ImproperlyConfigured(f"{var}={os.environ.get(var)!r} cannot be read: {error}") from error

    def folder_or_file(self, var: str, default: Path) -> Path:
        """A path; relative ones are taken from the current directory."""
        text = self.str(var, default=str(default))
        return Path(text).expanduser().absolute()


def read_env_files(repository: Path) -> None:
    """Fill the environment from settings files; what is already set always wins.

    `SPARK_ENV_FILE` names the one file to read (empty: none). Without it these are read when they exist: `.env` in the
    repository (the operator's), then `services.env` in SPARK_VAR, which the private services write, so that `manage.py`
    works in a second terminal beside `make demo`.
    """
    chosen = os.environ.get("SPARK_ENV_FILE")
    if chosen is not None:
        files = [Path(chosen)] if chosen else []
    else:
        var = Path(os.environ.get("SPARK_VAR") or repository / "var").expanduser()
        files = [path for path in (repository / ".env", var / "services.env") if path.is_file()]
    for path in files:
        if not path.is_file():
            raise ImproperlyConfigured(f"SPARK_ENV_FILE names {path}, which is not a file.")
        environ.Env.read_env(path, overwrite=False)


def unknown_names(present: Mapping[str, str], declared: Mapping[str, Any]) -> list[str]:
    """`SPARK_*` names in `present` that no setting reads, sorted."""
    known = BESIDE_SETTINGS | declared.keys()
    return sorted(name for name in present if name.startswith(PREFIX) and name not in known)
