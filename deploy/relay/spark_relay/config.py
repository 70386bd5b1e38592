# SPDX-License-Identifier: AGPL-3.0-or-later
"""The relay's one file of settings: what may stand in it, and what is said of what may not.

It holds passwords, so nobody but its owner may read it, and nothing of it is ever logged but hosts and the account.
"""

from __future__ import annotations

import math
import re
import stat
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

__all__ = ["CameraSettings", "ConfigError", "DoorSettings", "Settings", "read_settings"]

DEFAULT_PORT = 2222
DEFAULT_EVERY_S = 15.0
EVERY_S = (1.0, 3600.0)
DEFAULT_TIMEOUT_S = 20.0
TIMEOUT_S = (1.0, 120.0)
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class ConfigError(Exception):
    """A setting that cannot be; the text names its key and the cure."""


@dataclass(frozen=True)
class CameraSettings:
    """Where pictures come from: exactly one of `snapshot` (HTTP) and `rtsp`."""

    snapshot: str | None
    rtsp: str | None
    user: str
    password: str
    verify_certificate: bool
    every_s: float
    timeout_s: float

    @property
    def place(self) -> str:
        """Scheme, host and port: the part of the address that may be logged. Queries often hold passwords."""
        parts = urlsplit(self.snapshot or self.rtsp or "")
        return f"{parts.scheme}://{_host(parts)}{f':{parts.port}' if parts.port else ''}"


@dataclass(frozen=True)
class DoorSettings:
    """SPARK's SFTP door and the account there. host_keys: fingerprints, of which the door must show one."""

    host: str
    port: int
    account: str
    key: Path | None
    password: str | None
    host_keys: tuple[str, ...]


@dataclass(frozen=True)
class Settings:
    """Everything that the file says."""

    camera: CameraSettings
    door: DoorSettings


def read_settings(path: Path, *, needs_host_key: bool = True) -> Settings:
    """Read the file. Raises ConfigError with a sentence for whoever wrote it."""
    _refuse_open_file(path, "it holds passwords")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path}: {error}. Text stands in double quotes; a backslash or quote inside it, in single quotes."
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text. Save it as UTF-8.") from None
    _refuse_unknown("", data, ("camera", "spark"))
    return Settings(
        _camera(_table(data, "camera")), _door(_table(data, "spark"), path.parent, needs_host_key)
    )


def _refuse_open_file(path: Path, why: str) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}. Is the path right, and the user?"
        ) from None
    if not stat.S_ISREG(mode):
        raise ConfigError(f"{path} is not a file.")
    if mode & _OTHERS:
        raise ConfigError(f"{path} can be read by others, and {why}. Cure: chmod 600 {path}")
    try:
        path.open("rb").close()
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}. It must belong to the user that runs the relay: chown it."
        ) from None


def _table(data: dict[str, Any], name: str) -> dict[str, Any]:
    found = data.get(name)
    if not isinstance(found, dict):
        raise ConfigError(f"The section [{name}] is missing. Copy it from relay.example.toml.")
    return found


def _refuse_unknown(section: str, data: dict[str, Any], known: Collection[str]) -> None:
    for key in data:
        if key not in known:
            where = f"[{section}] {key}" if section else f"[{key}]"
            raise ConfigError(f"{where} is not a setting of the relay. There are: {', '.join(known)}.")


def _camera(data: dict[str, Any]) -> CameraSettings:
    known = ("snapshot", "rtsp", "user", "password", "verify_certificate", "every_s", "timeout_s")
    _refuse_unknown("camera", data, known)
    snapshot = _address(data, "snapshot", ("http", "https"))
    rtsp = _address(data, "rtsp", ("rtsp", "rtsps"))
    if (snapshot is None) == (rtsp is None):
        raise ConfigError(
            "[camera] needs snapshot or rtsp, one of the two. A snapshot address is the better one: it costs the"
            " camera and this computer less."
        )
    verify = data.get("verify_certificate", True)
    if not isinstance(verify, bool):
        raise ConfigError("[camera] verify_certificate is true or false, without quotes.")
    return CameraSettings(
        snapshot,
        rtsp,
        _text(data, "camera", "user") or "",
        _text(data, "camera", "password") or "",
        verify,
        _number(data, "every_s", DEFAULT_EVERY_S, EVERY_S),
        _number(data, "timeout_s", DEFAULT_TIMEOUT_S, TIMEOUT_S),
    )


def _text(data: dict[str, Any], section: str, key: str) -> str | None:
    value = data.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise ConfigError(f'[{section}] {key} must be text in quotes: {key} = "…"')
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise ConfigError(f"[{section}] {key} holds a line break or another control character. Remove it.")
    return value


def _number(data: dict[str, Any], key: str, default: float, limits: tuple[float, float]) -> float:
    value = data.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConfigError(f"[camera] {key} must be a number of seconds without quotes: {key} = {default:g}")
    if not limits[0] <= value <= limits[1]:
        raise ConfigError(
            f"[camera] {key} lies between {limits[0]:g} and {limits[1]:g} seconds, not {value:g}."
        )
    return float(value)


def _address(data: dict[str, Any], key: str, schemes: tuple[str, ...]) -> str | None:
    text = _text(data, "camera", key)
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in schemes or not host:
        example = (
            "http://192.168.1.20/snapshot.jpg" if key == "snapshot" else "rtsp://192.168.1.20:554/stream1"
        )
        raise ConfigError(f"[camera] {key} is an address such as {example}")
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            f"[camera] {key} holds a user or password before the @. Move them to the lines user and password, so"
            " that the address can be shown."
        )
    if not text.isascii() or any(character in text for character in " '\"\\"):
        raise ConfigError(
            f"[camera] {key} holds a space, a quote or a letter that must be written as %20 or the like."
        )
    return text


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return f"[{host}]" if ":" in host else host


def _door(data: dict[str, Any], folder: Path, needs_host_key: bool) -> DoorSettings:
    _refuse_unknown("spark", data, ("host", "port", "account", "key", "password", "host_key"))
    host = _text(data, "spark", "host")
    if not host or "/" in host or (":" in host.strip("[]") and not host.startswith("[")):
        raise ConfigError(
            '[spark] host is the server\'s name alone: host = "parking.example.org"; the port is a line of its own.'
        )
    port = data.get("port", DEFAULT_PORT)
    if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65536:
        raise ConfigError(f"[spark] port is a number without quotes: port = {DEFAULT_PORT}")
    account = _text(data, "spark", "account")
    if not account or not _ACCOUNT.fullmatch(account):
        raise ConfigError(
            "[spark] account is the camera's name as the admin gave it: small letters, digits and hyphens."
        )
    key_name, password = _text(data, "spark", "key"), _text(data, "spark", "password")
    if bool(key_name) == bool(password):
        raise ConfigError("[spark] needs key (the path of a private key) or password, one of the two.")
    key = folder / key_name if key_name else None
    if key is not None:
        _refuse_open_file(key, "it is a private key")
    return DoorSettings(host.strip("[]"), port, account, key, password, _host_keys(data, needs_host_key))


def _host_keys(data: dict[str, Any], needed: bool) -> tuple[str, ...]:
    found = data.get("host_key", [])
    found = [found] if isinstance(found, str) else found
    if not found:
        if needed:
            raise ConfigError(
                "[spark] host_key is missing: the fingerprint by which the relay knows the server. --test shows the"
                " server's; compare it with the one the admin gave you."
            )
        return ()
    if not isinstance(found, list) or not all(
        isinstance(one, str) and _FINGERPRINT.fullmatch(one) for one in found
    ):
        raise ConfigError(
            '[spark] host_key is a fingerprint, or a list of them: host_key = "SHA256:" and 43 letters and digits.'
        )
    return tuple(found)
