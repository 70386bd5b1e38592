# SPDX-License-Identifier: AGPL-3.0-or-later
"""Looks at the tracked files themselves: licence lines, YAML that parses, no machine's own paths, no huge file."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SPDX = "SPDX-License-Identifier: AGPL-3.0-or-later"
LARGEST_BYTES = 15_000_000
TEXT = {
    ".py",
    ".md",
    ".toml",
    ".yml",
    ".yaml",
    ".txt",
    ".in",
    ".js",
    ".css",
    ".html",
    ".conf",
    ".sh",
    ".env",
    "",
}
#: Folders of one machine; written in two pieces so that this file passes its own check.
MACHINE_PATHS = re.compile(
    "|".join(("/wor" + "k/", "/tm" + "p/build", "/hom" + "e/[a-z]", "/roo" + "t/", "/op" + "t/pypi"))
)


def tracked() -> list[Path]:
    """Every file of the repository that exists in the working tree."""
    command = ["git", "-C", str(REPOSITORY), "ls-files", "-z"]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    return [REPOSITORY / name for name in names if name and (REPOSITORY / name).is_file()]


def problems(paths: list[Path]) -> list[str]:
    """What is wrong, one sentence per file and fault."""
    import yaml

    found: list[str] = []
    for path in paths:
        name = path.relative_to(REPOSITORY)
        if path.stat().st_size > LARGEST_BYTES:
            found.append(f"{name} is larger than {LARGEST_BYTES} bytes.")
        if path.suffix not in TEXT:
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            found.append(f"{name} is not UTF-8 text.")
            continue
        if path.suffix == ".py" and text.strip() and SPDX not in "\n".join(text.splitlines()[:2]):
            found.append(f"{name} lacks the licence line: # {SPDX}")
        if path.suffix in {".yml", ".yaml"}:
            try:
                list(yaml.safe_load_all(text))
            except yaml.YAMLError as error:
                found.append(f"{name} is not valid YAML: {error}")
        found += [
            f"{name}:{number} names a path of one machine."
            for number, line in enumerate(text.splitlines(), 1)
            if MACHINE_PATHS.search(line)
        ]
    return found


def main() -> int:
    found = problems(tracked())
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
