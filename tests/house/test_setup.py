# SPDX-License-Identifier: AGPL-3.0-or-later
"""scripts/setup on machines that lack something: it says what, why, and the exact cure."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
TOOLS = "bash env sed grep cut head tail cat mkdir sha256sum rm tee dirname python3 python3.11 python3.12 python3.13 ldconfig"


def machine(
    tmp_path: Path, *, without: set[str], user: int, extra: dict[str, str] | None = None
) -> dict[str, str]:
    """A PATH that holds only some tools, and an `id` that says who we are."""
    folder = tmp_path / "bin"
    folder.mkdir()
    names = [*TOOLS.split(), "apt-get", "apt-cache", "dpkg", "redis-server", "chromium", "node", "npm"]
    for name in names:
        found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if found and name not in without:
            (folder / name).symlink_to(found)
    for name, text in {"id": f"echo {user}", **(extra or {})}.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    # The Python of these tests stands for the machine's (a version manager's stand-ins need more of the machine).
    python = getattr(sys, "_base_executable", sys.executable)
    return {"PATH": str(folder), "HOME": str(tmp_path), "PYTHON": python}


def setup(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shutil.which("bash") or "bash", str(REPOSITORY / "scripts" / "setup"), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


needs_apt = pytest.mark.skipif(shutil.which("apt-get") is None, reason="not a Debian or Ubuntu machine")


def test_the_script_is_sound_bash() -> None:
    subprocess.run(["bash", "-n", str(REPOSITORY / "scripts" / "setup")], check=True)


@needs_apt
def test_without_root_the_exact_command_is_printed(tmp_path: Path) -> None:
    done = setup(machine(tmp_path, without={"redis-server"}, user=1000))
    assert done.returncode == 1
    assert "redis-server: frames wait in it" in done.stderr
    assert "apt-get install -y --no-install-recommends redis-server" in done.stderr


def test_elsewhere_it_says_what_to_install_by_hand(tmp_path: Path) -> None:
    done = setup(machine(tmp_path, without={"apt-get", "redis-server"}, user=1000))
    assert done.returncode == 1
    assert "not Debian or Ubuntu" in done.stderr
    assert "Redis or Valkey" in done.stderr


@needs_apt
@pytest.mark.parametrize("missing", ["node", "npm"])
def test_the_checks_of_the_page_need_node_and_the_demo_does_not(tmp_path: Path, missing: str) -> None:
    # The virtual environment fails, so that nothing is installed here.
    tools = machine(
        tmp_path, without={missing, "nodejs", "sha256sum"}, user=1000, extra={"sha256sum": "exit 3"}
    )
    package = {"node": "nodejs", "npm": "npm"}[missing]
    assert f"  {package}: " in setup(tools, "--tests").stderr
    assert "packages are missing" not in setup(tools).stderr


@needs_apt
def test_a_failed_installation_shows_apts_words(tmp_path: Path) -> None:
    apt = 'case "$*" in *install*) echo "E: Unable to locate package redis-server"; exit 100;; esac'
    # `env` as a stand-in: everything that would write to the machine is only pretended.
    pretended = {"apt-get": apt, "tee": "cat > /dev/null", "chmod": ":", "rm": ":", "mkdir": ":"}
    tools = machine(tmp_path, without={"redis-server", *pretended}, user=0, extra=pretended)
    done = setup(tools)
    assert done.returncode == 1
    assert "Unable to locate package redis-server" in done.stderr
    assert "apt-get could not install: redis-server" in done.stderr


@needs_apt
def test_where_apt_has_no_chromium_the_browser_tests_are_left_out(tmp_path: Path) -> None:
    # As on Ubuntu, whose Chromium is a snap. The virtual environment fails, so that nothing is installed here.
    shows = {"apt-cache": '[ "$2" != chromium ]', "sha256sum": "exit 3"}
    done = setup(machine(tmp_path, without={"chromium", *shows}, user=1000, extra=shows), "--tests")
    assert "snap install chromium" in done.stdout
    assert "packages are missing" not in done.stderr


def test_an_unknown_option_is_refused() -> None:
    assert setup({"PATH": os.environ["PATH"]}, "--everything").returncode == 2
