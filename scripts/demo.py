#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""`make demo`: the whole system on a simulated street, on this machine alone.

Private PostgreSQL and Redis, then the SFTP door, the inbox watcher, the worker, the web server and the demo's cameras,
which upload through the door as real ones would. Ctrl-C stops all of it.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.private_account import ServiceError, free_port
from scripts.services import REPOSITORY, Services, var_folder
from scripts.supervisor import Program, Supervisor

PYTHON = sys.executable
WEB_PORT = 8000
SFTP_PORT = 2222
WEB_WORKERS = 2
WEB_THREADS = 4
#: After this long without a live map the demo says where to look, and goes on.
PATIENCE_S = 180.0
ASK_EVERY_S = 0.5


def main(arguments: list[str] | None = None) -> int:
    options = _parse(arguments)
    began = time.monotonic()
    services = Services("demo")
    if options.new_password:
        return _new_password(services)
    services.base.mkdir(parents=True, exist_ok=True)
    with (services.base / "demo.running").open("a+") as only_one:
        try:
            fcntl.flock(only_one, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            only_one.seek(0)
            print(
                f"A demo is running already: {only_one.read().strip() or 'it is just starting'}",
                file=sys.stderr,
            )
            return 1
        try:
            return _run(options, services, only_one, began)
        except ServiceError as error:
            print(f"The demo cannot start: {error}", file=sys.stderr)
            return 1
        except subprocess.CalledProcessError as error:
            print(
                f"The demo cannot start: preparing it ended with status {error.returncode}.", file=sys.stderr
            )
            return 1
        except KeyboardInterrupt:
            return 130
        finally:
            only_one.truncate(0)
            services.stop()
            print("Stopped, with PostgreSQL and Redis.")


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--speed", type=float, default=1.0, help="how much faster than life (default 1)")
    parser.add_argument("--every", type=float, help="seconds between a camera's frames")
    parser.add_argument(
        "--port", type=int, default=0, help=f"the map's port (default {WEB_PORT}, or a free one)"
    )
    parser.add_argument("--sftp-port", type=int, default=0, help=f"default {SFTP_PORT}, or a free one")
    parser.add_argument(
        "--until-live", action="store_true", help="stop as soon as the map is live (for measuring)"
    )
    parser.add_argument(
        "--new-password", action="store_true", help="only give the admin account a new password"
    )
    return parser.parse_args(arguments)


def _new_password(services: Services) -> int:
    was_running = services.running()
    environment = os.environ | services.start().as_environment()
    try:
        command = [PYTHON, "manage.py", "admin_password", "--reset"]
        return subprocess.run(command, env=environment, cwd=REPOSITORY, check=False).returncode
    finally:
        if not was_running:
            services.stop()


def _run(options: argparse.Namespace, services: Services, only_one: object, began: float) -> int:
    addresses = services.start()
    web_port = options.port or free_port(WEB_PORT)
    sftp_port = options.sftp_port or free_port(SFTP_PORT)
    own = addresses.as_environment() | {"SPARK_SFTP_PORT": str(sftp_port)}
    services.write_env_file(own)
    environment = os.environ | own | {"PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "spark.settings"}
    subprocess.run(
        [PYTHON, "-m", "scripts.demo_prepare", "database"], env=environment, cwd=REPOSITORY, check=True
    )
    web = f"http://127.0.0.1:{web_port}"
    print(f"{web}/", file=only_one, flush=True)  # type: ignore[call-overload]

    supervisor = Supervisor(_programs(options, web_port), environment, REPOSITORY)
    watch = _Watch(supervisor, web, sftp_port, began, options.until_live)
    return supervisor.run(watch.tick)


def _programs(options: argparse.Namespace, web_port: int) -> list[Program]:
    manage = [PYTHON, "manage.py"]
    cameras = [*manage, "demo_cameras", "--speed", str(options.speed)]
    if options.every:
        cameras += ["--every", str(options.every)]
    gunicorn = [
        PYTHON,
        "-m",
        "gunicorn",
        "spark.wsgi",
        "--bind",
        f"127.0.0.1:{web_port}",
        "--log-level",
        "warning",
    ]
    gunicorn += [
        "--workers",
        str(WEB_WORKERS),
        "--threads",
        str(WEB_THREADS),
        "--no-control-socket",
        "--preload",
    ]
    # The web comes first, so that somebody who starts the demo again soon sees the page.
    return [
        Program("web", gunicorn),
        Program("street", [PYTHON, "-m", "scripts.demo_prepare", "street"], until_done=True),
        Program("worker", [*manage, "run_worker"], after="street"),
        Program("sftp", [*manage, "sftp_server"], after="street"),
        Program("intake", [*manage, "watch_inbox"], after="street"),
        Program("alerts", [*manage, "camera_alerts"], after="street"),
        Program("cameras", cameras, after="street"),
    ]


class _Watch:
    """Says when the web answers and when the map has live data."""

    def __init__(
        self, supervisor: Supervisor, web: str, sftp_port: int, began: float, until_live: bool
    ) -> None:
        self._supervisor = supervisor
        self._web = web
        self._sftp_port = sftp_port
        self._began = began
        self._since = datetime.now(UTC).isoformat().removesuffix("+00:00")
        self._until_live = until_live
        self._answers = False
        self._finished = False
        self._next = 0.0

    def tick(self) -> None:
        now = time.monotonic()
        if self._finished or now < self._next:
            return
        self._next = now + ASK_EVERY_S
        if not self._answers:
            if self._get("/healthz") is not None:
                self._answers = True
                self._supervisor.say(f"The web answers at {self._web}/ after {now - self._began:.1f} s.")
            return
        known = self._zones_known()
        if known:
            self._finished = True
            self._announce(known, now - self._began)
        elif now - self._began > PATIENCE_S:
            self._finished = True
            self._supervisor.say(
                f"No live data after {PATIENCE_S:.0f} s: see the lines above, and {self._web}/readyz."
            )

    def _zones_known(self) -> int:
        """How many zones have a count that this run has found."""
        try:
            box = json.loads((var_folder() / "demo" / "bbox.json").read_text())
        except (OSError, ValueError):
            return 0
        answer = self._get("/api/v1/zones/?bbox=" + ",".join(f"{number:.6f}" for number in box))
        if answer is None:
            return 0
        zones = [zone["properties"] for zone in json.loads(answer)["features"]]
        # What an earlier run saw may still be valid; live is what was seen since this one began.
        return sum(
            1 for zone in zones if zone["free_count"] is not None and zone["observed_at"] > self._since
        )

    def _get(self, path: str) -> bytes | None:
        try:
            with urllib.request.urlopen(self._web + path, timeout=2) as answer:
                return bytes(answer.read())
        except (urllib.error.URLError, OSError):
            return None

    def _announce(self, known: int, seconds: float) -> None:
        lines = (
            "",
            f"The map is live after {seconds:.1f} s: {known} zones with counts.",
            f"  map     {self._web}/",
            f"  API     {self._web}/api/v1/",
            f"  admin   {self._web}/admin/   (account admin; `make demo-password` gives a new password)",
            f"  SFTP    127.0.0.1 port {self._sftp_port}, keys in {var_folder() / 'demo' / 'keys'}",
            "Ctrl-C stops everything.",
            "",
        )
        for line in lines:
            self._supervisor.say(line)
        if self._until_live:
            os.kill(os.getpid(), 2)


if __name__ == "__main__":
    raise SystemExit(main())
