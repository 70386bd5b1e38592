# SPDX-License-Identifier: AGPL-3.0-or-later
"""System checks: mistakes of an installation, found before they cost a frame. Run by `manage.py check` and `migrate`.

Checks of outside parts (Redis) only warn, and only when the part answers: a service that is away is no reason to
refuse `manage.py`, and /readyz tells about it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from apps.parking.vehicles import parse_classes
from spark.environment import unknown_names

REDIS_TIMEOUT_S = 0.5
ENGINES = ("openvino", "ultralytics")
#: A shorter token can be guessed.
LEAST_TOKEN_CHARS = 24

#: Settings and the closed interval each must lie in.
RANGES: dict[str, tuple[float, float]] = {
    "SPARK_SFTP_PORT": (1, 65535),
    "SPARK_SFTP_PUBLIC_PORT": (0, 65535),
    "SPARK_CAMERAS_PER_OWNER": (0, 10_000),
    "SPARK_MAX_UPLOAD_BYTES": (1024, 1 << 30),
    "SPARK_UPLOADS_PER_MINUTE": (1, 100_000),
    "SPARK_FRAME_TTL_S": (1, 3600),
    "SPARK_INBOX_MAX_AGE_S": (1, 86_400),
    "SPARK_MAX_PIXELS": (10_000, 1_000_000_000),
    "SPARK_QUIET_S": (0.0, 60.0),
    "SPARK_RESCAN_S": (0.1, 3600.0),
    "SPARK_ALERTS_EVERY_S": (0.1, 3600.0),
    "SPARK_THRESHOLD": (0.0, 1.0),
    "SPARK_DOUBT_THRESHOLD": (0.0, 1.0),
    "SPARK_LONG_SIDE": (32, 4096),
    "SPARK_BATCH": (1, 256),
    "SPARK_LEASE_S": (1, 3600),
    "SPARK_WORKER_MAX_JOBS": (1, 10_000_000),
    "SPARK_VALIDITY_S": (1, 86_400),
    "SPARK_FREE_AFTER": (1, 1000),
    "SPARK_HIDDEN_SHARE": (0.0, 1.0),
    "SPARK_SNAPSHOTS_KEPT": (1, 10_000_000),
    "SPARK_POLL_S": (0.5, 3600.0),
}


@register()
def unknown_environment(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A misspelt setting is an error, not a silent default."""
    return [
        Error(
            f"{name} is set, but SPARK has no such setting.",
            hint="docs/settings.md lists them all.",
            id="spark.E001",
        )
        for name in unknown_names(os.environ, settings.ENVIRONMENT)
    ]


@register()
def values_in_range(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Numbers that make no sense are refused by name."""
    messages: list[CheckMessage] = []
    for name, (low, high) in RANGES.items():
        value = getattr(settings, name)
        if value is not None and not low <= value <= high:
            messages.append(
                Error(f"{name} is {value}; it must lie between {low} and {high}.", id="spark.E002")
            )
    if settings.SPARK_ENGINE not in ENGINES:
        messages.append(
            Error(
                f"SPARK_ENGINE is {settings.SPARK_ENGINE!r}; it must be one of {', '.join(ENGINES)}.",
                id="spark.E003",
            )
        )
    if settings.SPARK_WEIGHTS and not Path(settings.SPARK_WEIGHTS).is_file():
        messages.append(
            Error(f"SPARK_WEIGHTS names {settings.SPARK_WEIGHTS}, which is not a file.", id="spark.E004")
        )
    try:
        parse_classes(tuple(settings.SPARK_VEHICLE_CLASSES))
    except ValueError as error:
        messages.append(Error(f"SPARK_VEHICLE_CLASSES: {error}", id="spark.E006"))
    if 0 < len(settings.SPARK_MONITOR_TOKEN) < LEAST_TOKEN_CHARS:
        messages.append(
            Error(
                f"SPARK_MONITOR_TOKEN has {len(settings.SPARK_MONITOR_TOKEN)} characters; at least {LEAST_TOKEN_CHARS}.",
                hint="python3 -c 'import secrets; print(secrets.token_urlsafe(32))'",
                id="spark.E007",
            )
        )
    if settings.SPARK_TILE_URL and not settings.SPARK_TILE_ATTRIBUTION:
        messages.append(
            Warning(
                "SPARK_TILE_URL is set without SPARK_TILE_ATTRIBUTION.",
                hint="Map tile providers require their credit to be shown.",
                id="spark.W001",
            )
        )
    return messages


@register()
def folders_writable(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The inbox and the state folder must take a file: proved by writing one."""
    messages: list[CheckMessage] = []
    for name in ("SPARK_VAR", "SPARK_INBOX"):
        folder: Path = getattr(settings, name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".write-test-"):
                pass
        except OSError as error:
            messages.append(
                Error(f"{name} ({folder}) cannot be written: {error.strerror or error}.", id="spark.E005")
            )
    return messages


@register()
def redis_keeps_nothing(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Frames pass through Redis; a Redis that saves to disk would keep people's images."""
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=REDIS_TIMEOUT_S, socket_timeout=REDIS_TIMEOUT_S
    )
    try:
        saves = client.config_get("save").get("save", "")
        appends = client.config_get("appendonly").get("appendonly", "no")
    except redis.RedisError:
        return []
    finally:
        client.close()
    if saves or appends == "yes":
        return [
            Warning(
                "This Redis writes its contents to disk, and with them frames that should exist only in memory.",
                hint='Start Redis with --save "" --appendonly no.',
                id="spark.W002",
            )
        ]
    return []
