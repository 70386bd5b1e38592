# SPDX-License-Identifier: AGPL-3.0-or-later
"""`--test`: every step once, in order, with what to do about the first that fails."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from spark_relay.camera import CameraError, Picture, fetch
from spark_relay.clock import SKEW_S, ClockWatch
from spark_relay.config import ConfigError, Settings, read_settings
from spark_relay.door import Door, DoorAway, DoorRefuses
from spark_relay.jpeg import NotAFrame
from spark_relay.relay import SET_THE_CLOCK, frame_name

__all__ = ["run_trial"]

Say = Callable[[str], None]
#: SPARK places cars with pictures of this width or more.
SMALL_PX = 1280


async def run_trial(path: Path, say: Say) -> bool:
    """Try everything that the settings in `path` name. Returns whether a picture arrived."""
    try:
        settings = read_settings(path, needs_host_key=False)
    except ConfigError as error:
        return _failed(say, "settings", str(error))
    _worked(say, "settings", f"{path} is readable by its owner only")
    # The door first: its fingerprint is wanted even while the camera is not ready.
    door = Door(settings.door)
    try:
        opened = await _try_door(settings, door, say)
        picture = await _try_camera(settings, say)
        return opened and picture is not None and await _try_upload(door, picture, say)
    finally:
        await door.close()


async def _try_camera(settings: Settings, say: Say) -> Picture | None:
    camera = settings.camera
    if camera.rtsp:
        program = shutil.which("ffmpeg")
        if not program:
            _failed(say, "ffmpeg", "not installed. Cure: sudo apt install ffmpeg")
            return None
        _worked(say, "ffmpeg", program)
    began = time.monotonic()
    try:
        picture = await fetch(camera)
    except (CameraError, NotAFrame) as error:
        _failed(say, "camera", f"{camera.place}: {error}")
        return None
    took = time.monotonic() - began
    width, height = picture.size
    login = "" if camera.rtsp else f", login: {picture.login}"
    _worked(
        say,
        "camera",
        f"{camera.place}: {width} × {height} px, {len(picture.data) >> 10} kB in {took:.1f} s{login}",
    )
    if width < SMALL_PX:
        _note(say, "picture", f"only {width} pixels wide; ask the camera for its full picture if it has one")
    if took > camera.every_s:
        _note(say, "speed", f"a picture takes longer than [camera] every_s = {camera.every_s:g}")
    if picture.camera_time is not None:
        _clock(say, "camera's clock", picture.camera_time, "Set a time server in the camera's settings.")
    return picture


async def _try_door(settings: Settings, door: Door, say: Say) -> bool:
    host = settings.door.host
    try:
        socket.getaddrinfo(host, settings.door.port, type=socket.SOCK_STREAM)
    except OSError:
        return _failed(
            say, "server", f"the name {host} is not known. Cure: check [spark] host, and this network's DNS"
        )
    try:
        await door.open()
    except DoorAway as error:
        return _failed(
            say, "server", f"{error}. Cure: check [spark] host and port, and the router's firewall"
        )
    except DoorRefuses as error:
        if door.shown and door.shown in settings.door.host_keys:
            _worked(say, "server", f"{door.place} shows the pinned key {door.shown}")
            return _failed(say, "login", str(error))
        return _failed(say, "server", str(error))
    _worked(say, "server", f"{door.place} shows the pinned key {door.shown}")
    _worked(say, "login", f"as {settings.door.account}")
    return True


async def _try_upload(door: Door, picture: Picture, say: Say) -> bool:
    name = frame_name(datetime.now(UTC))
    try:
        server_time = await door.put(name, picture.data)
    except (DoorAway, DoorRefuses) as error:
        return _failed(say, "upload", str(error))
    _worked(say, "upload", f"{name}, {len(picture.data) >> 10} kB")
    if server_time is not None:
        _clock(say, "server's clock", server_time, SET_THE_CLOCK)
    return True


def _clock(say: Say, what: str, other: datetime | float, cure: str) -> None:
    skew = ClockWatch().skew_s(other)
    if abs(skew) <= SKEW_S:
        _worked(say, what, f"agrees with this computer's, to {abs(skew):.0f} s")
    else:
        _note(
            say, what, f"this computer is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} it. {cure}"
        )


def _worked(say: Say, step: str, words: str) -> None:
    say(f"ok      {step:<15} {words}")


def _note(say: Say, step: str, words: str) -> None:
    say(f"note    {step:<15} {words}")


def _failed(say: Say, step: str, words: str) -> bool:
    say(f"FAILED  {step:<15} {words}")
    return False
