# SPDX-License-Identifier: AGPL-3.0-or-later
"""Numbers and patterns of the camera registry, each with what it means."""

from __future__ import annotations

from typing import Final

CAMERA_NAME_PATTERN: Final = r"^[a-z0-9][a-z0-9-]{1,39}$"
"""A camera's name is its SFTP account and its folder: nothing in it may mean anything to a shell or a path."""

DEFAULT_INTERVAL_S: Final = 30
"""How often a camera is expected to send a frame when its owner has not said otherwise, seconds."""

DEFAULT_MAX_RANGE_M: Final = 120.0
"""Ground farther from the camera than this is not believed, true metres."""

LATE_AFTER_INTERVALS: Final = 3
"""A camera is late when this many expected intervals have passed without a frame."""

LATE_GRACE_S: Final = 5
"""Added to that, seconds, so that a camera with a short interval does not flicker between live and late."""

MAX_UNKNOWN_ACCOUNTS: Final = 100
"""Names that belong to no camera get a row of their own only up to this many; anyone can invent names at the door."""

OTHER_ACCOUNTS: Final = "(other names)"
"""Where names beyond MAX_UNKNOWN_ACCOUNTS, and names that no camera could have, are counted."""

MAX_DETAIL_CHARS: Final = 300
"""Length to which the detail of a rejection is cut."""

GENERATED_PASSWORD_BYTES: Final = 24
"""Entropy of a generated password: 24 bytes are 32 characters of URL-safe text."""

ARRIVALS_KEPT: Final = 21
"""Arrivals remembered of each camera: twenty intervals, whose median one late frame does not move."""
