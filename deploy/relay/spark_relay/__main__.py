# SPDX-License-Identifier: AGPL-3.0-or-later
"""The relay's command.

python -m spark_relay relay.toml           fetch and upload, for ever
python -m spark_relay relay.toml --test    try every step once and say what works
python -m spark_relay --new-key FILE       make a key pair, and show the half that the admin needs
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

import asyncssh

from spark_relay.config import ConfigError, read_settings
from spark_relay.relay import Relay
from spark_relay.trial import run_trial

#: What systemd calls a service whose settings are wrong; the unit does not start it again for that.
EXIT_CONFIG = 78


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m spark_relay",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("settings", nargs="?", type=Path, help="the file of settings, mode 0600")
    parser.add_argument("--test", action="store_true", help="try every step once")
    parser.add_argument("--new-key", type=Path, metavar="FILE", help="make a key pair")
    options = parser.parse_args(arguments)
    if options.new_key:
        return _new_key(options.new_key)
    if options.settings is None:
        parser.error("which file of settings?")
    # asyncssh's own lines name files and accounts at every step; its failures come back as exceptions.
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logging.getLogger("asyncssh").setLevel(logging.CRITICAL)
    if options.test:
        worked = asyncio.run(run_trial(options.settings, lambda words: print(words, flush=True)))
        print("\nThe picture has arrived." if worked else "\nNo picture has arrived yet.")
        return 0 if worked else 1
    try:
        settings = read_settings(options.settings)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIG
    asyncio.run(_serve(Relay(settings)))
    return 0


async def _serve(relay: Relay) -> None:
    """Run until systemd or the keyboard says stop."""
    running = asyncio.ensure_future(relay.run())
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        logging.getLogger("spark_relay").info("stopped after %d pictures", relay.sent)


def _new_key(path: Path) -> int:
    key = asyncssh.generate_private_key("ssh-ed25519", comment="spark-relay")
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key.export_private_key("openssh"))
    except FileExistsError:
        print(f"{path} is there already, and stays.", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{path} cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    print(f"Made {path}. Give the admin this line:\n{key.export_public_key().decode().strip()}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
