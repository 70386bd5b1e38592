# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs several programs side by side: one prefix per program, restarts, and one way out that leaves nothing behind.

Each program has a process group of its own. Ctrl-C, SIGTERM and SIGHUP stop them all, last started first; a second
Ctrl-C does not wait. A program that ends by itself is shown and started again; one that keeps ending stops the rest.
Should the supervisor itself be killed, the kernel ends its programs (Linux).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

POLL_S = 0.2
#: A program may end by itself this often within the window before everything is stopped.
RESTARTS = 3
WINDOW_S = 120.0
#: How long programs have to end after they were asked to.
GRACE_S = 10.0
COLOURS = (36, 33, 32, 35, 34, 31)
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Program:
    """A name and its command; one that may end well (`until_done`) is not started again when it does.

    `after` names such a program; this one is started when that one is done.
    """

    name: str
    command: Sequence[str]
    until_done: bool = False
    after: str | None = None


@dataclass
class _Running:
    program: Program
    colour: int
    process: subprocess.Popen[bytes] | None = None
    deaths: list[float] = field(default_factory=list)
    done: bool = False


class Supervisor:
    """Runs programs until a signal or a hopeless one ends them all; `run` returns the exit status."""

    def __init__(self, programs: Sequence[Program], environment: dict[str, str], folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self._width = max(len(program.name) for program in programs)
        self._all = [_Running(program, COLOURS[i % len(COLOURS)]) for i, program in enumerate(programs)]
        self._signals = 0
        self._print_lock = threading.Lock()
        self._coloured = sys.stdout.isatty()

    def run(self, each_tick: Callable[[], None] = lambda: None) -> int:
        """Start everything; call `each_tick` a few times a second until the end."""
        previous = {number: signal.signal(number, self._on_signal) for number in STOP_SIGNALS}
        try:
            while not self._signals:
                self._start_due()
                each_tick()
                if not self._look_after():
                    return 1
                time.sleep(POLL_S)
            return 0
        finally:
            self._stop()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def say(self, text: str) -> None:
        """A line of the supervisor's own."""
        self._print("spark", text, 1)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _on_signal(self, number: int, _frame: object) -> None:
        self._signals += 1

    def _start_due(self) -> None:
        """Start what was not started yet and waits for nobody."""
        done = {running.program.name for running in self._all if running.done}
        for running in self._all:
            after = running.program.after
            if running.process is None and (after is None or after in done):
                self._start(running)

    def _start(self, running: _Running) -> None:
        running.process = subprocess.Popen(
            list(running.program.command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment,
            cwd=self._folder,
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
        threading.Thread(target=self._relay, args=(running, running.process), daemon=True).start()

    def _relay(self, running: _Running, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._print(running.program.name, line.decode(errors="replace").rstrip(), running.colour)

    def _print(self, name: str, text: str, colour: int) -> None:
        label = f"{name:<{self._width}} |"
        if self._coloured:
            label = f"\033[{colour}m{label}\033[0m"
        with self._print_lock, contextlib.suppress(BrokenPipeError, OSError):
            print(label, text, flush=True)

    def _look_after(self) -> bool:
        """Start again what ended; False when a program keeps ending."""
        for running in self._all:
            process = running.process
            if running.done or process is None or process.poll() is None:
                continue
            if running.program.until_done and process.returncode == 0:
                running.done = True
                continue
            now = time.monotonic()
            running.deaths = [moment for moment in running.deaths if now - moment < WINDOW_S] + [now]
            if len(running.deaths) > RESTARTS:
                self.say(f"{running.program.name} ended {len(running.deaths)} times; stopping everything.")
                return False
            self.say(f"{running.program.name} ended ({_how(process.returncode)}); starting it again.")
            _signal_group(process, signal.SIGKILL)  # what it may have left behind
            self._start(running)
        return True

    def _stop(self) -> None:
        alive = [running for running in self._all if running.process is not None]
        for running in reversed(alive):
            _signal_group(running.process, signal.SIGTERM)
        seen = self._signals
        deadline = time.monotonic() + GRACE_S
        while any(running.process.poll() is None for running in alive):  # type: ignore[union-attr]
            if time.monotonic() > deadline or self._signals > seen:
                break
            time.sleep(0.05)
        for running in alive:
            if running.process.poll() is None:  # type: ignore[union-attr]
                self.say(f"{running.program.name} did not stop when asked; killing it.")
            _signal_group(running.process, signal.SIGKILL)
            running.process.wait()  # type: ignore[union-attr]


def _signal_group(process: subprocess.Popen[bytes] | None, number: signal.Signals) -> None:
    """Signal a program's whole group; its leader may be gone already."""
    if process is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _how(status: int | None) -> str:
    if status is not None and status < 0:
        return signal.Signals(-status).name
    return f"status {status}"
