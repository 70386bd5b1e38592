# SPDX-License-Identifier: AGPL-3.0-or-later
"""The commands that the README promises exist, and `make help` shows them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PROMISED = ("setup", "demo", "test", "lint", "bench", "stop", "help")


def make(*arguments: str) -> str:
    done = subprocess.run(
        ["make", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


@pytest.mark.parametrize("target", PROMISED)
def test_help_shows_each_promised_target(target: str) -> None:
    assert f"make {target} " in make("help")


def test_plain_make_shows_the_help() -> None:
    assert make() == make("help")


def test_every_target_is_explained() -> None:
    text = (REPOSITORY / "Makefile").read_text()
    declared = set(re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE).group(1).split())  # type: ignore[union-attr]
    explained = set(re.findall(r"^([a-z-]+):.*##", text, re.MULTILINE))
    assert declared == explained


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/index.md", "docs/admins.md"])
def test_documents_name_only_targets_that_exist(page: str) -> None:
    text = (REPOSITORY / page).read_text()
    targets = set(re.findall(r"^([a-z-]+):.*##", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets


def test_options_reach_the_demo() -> None:
    assert "--speed 10 --every 5" in make("--dry-run", "demo", "SPEED=10", "EVERY=5")
