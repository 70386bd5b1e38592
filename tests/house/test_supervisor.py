# SPDX-License-Identifier: AGPL-3.0-or-later
"""The supervisor: one prefix per program, restarts, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE_S = 15


def start(tmp_path: Path, programs: str) -> subprocess.Popen[str]:
    """A supervisor in a process of its own; `programs` is the text of a list of Program(...)."""
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom scripts.supervisor import Program, Supervisor\n"
        f"sh = lambda text: ['sh', '-c', text]\nraise SystemExit(Supervisor({programs}, dict(os.environ), Path({str(tmp_path)!r})).run())"
    )
    return subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)


def wait_for(path: Path) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if path.exists() and path.read_text().endswith("\n"):
            return path.read_text()
        time.sleep(0.05)
    pytest.fail(f"{path.name} did not appear")


def gone(process: int) -> bool:
    """Ended, or ended and not yet reaped by whoever adopted it."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def wait_until_gone(process: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not gone(process):
        assert time.monotonic() < deadline, f"process {process} is still there"
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_programs_and_their_children(tmp_path: Path, number: signal.Signals) -> None:
    supervisor = start(
        tmp_path,
        "[Program('a', sh('sleep 600 & echo $! > child; wait')), Program('b', sh('exec sleep 600'))]",
    )
    child = int(wait_for(tmp_path / "child"))
    supervisor.send_signal(number)
    supervisor.communicate(timeout=PATIENCE_S)
    assert supervisor.returncode == 0
    wait_until_gone(child)


def test_a_program_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    supervisor = start(
        tmp_path, "[Program('deaf', sh(\"trap '' TERM; echo $$ > deaf; while :; do sleep 0.2; done\"))]"
    )
    deaf = int(wait_for(tmp_path / "deaf"))
    supervisor.send_signal(signal.SIGINT)
    time.sleep(0.5)
    supervisor.send_signal(signal.SIGINT)  # the second Ctrl-C does not wait
    out, _ = supervisor.communicate(timeout=PATIENCE_S)
    assert "killing it" in out
    wait_until_gone(deaf)


def test_a_program_that_ends_is_shown_and_started_again(tmp_path: Path) -> None:
    supervisor = start(
        tmp_path,
        "[Program('once', sh('echo hello; test -e second && { echo up > third; exec sleep 600; }; touch second; exit 3'))]",
    )
    wait_for(tmp_path / "third")
    supervisor.send_signal(signal.SIGTERM)
    out, _ = supervisor.communicate(timeout=PATIENCE_S)
    assert "once  | hello" in out or "once | hello" in out
    assert "once ended (status 3); starting it again" in out


def test_a_program_waits_for_the_one_it_comes_after(tmp_path: Path) -> None:
    supervisor = start(
        tmp_path,
        "[Program('second', sh('test -e first && echo well > second; exec sleep 600'), after='first'),"
        " Program('first', sh('sleep 0.5; touch first'), until_done=True)]",
    )
    assert wait_for(tmp_path / "second") == "well\n"
    supervisor.send_signal(signal.SIGTERM)
    out, _ = supervisor.communicate(timeout=PATIENCE_S)
    assert "again" not in out


def test_a_hopeless_program_stops_the_rest(tmp_path: Path) -> None:
    supervisor = start(
        tmp_path, "[Program('well', sh('echo $$ > well; exec sleep 600')), Program('ill', sh('exit 1'))]"
    )
    out, _ = supervisor.communicate(timeout=PATIENCE_S)
    assert supervisor.returncode == 1
    assert "ill ended 4 times; stopping everything" in out
    wait_until_gone(int((tmp_path / "well").read_text()))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_a_killed_supervisor_takes_its_programs_along(tmp_path: Path) -> None:
    supervisor = start(tmp_path, "[Program('a', sh('echo $$ > a; exec sleep 600'))]")
    program = int(wait_for(tmp_path / "a"))
    os.kill(supervisor.pid, signal.SIGKILL)
    supervisor.communicate(timeout=PATIENCE_S)
    wait_until_gone(program)
