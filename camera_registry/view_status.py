# SPDX-License-Identifier: AGPL-3.0-or-later
"""The words for where a camera looks. Apart, so that the database's models need no image library for them."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ViewStatus"]


class ViewStatus(StrEnum):
    """What is known of where a camera looks."""

    UNCHECKED = "unchecked"  # no reference yet
    STEADY = "steady"
    CORRECTED = "corrected"  # has moved a little; taken out on the fly
    MOVED = "moved"  # has moved far; silent
    UNRECOGNISED = "unrecognised"  # turned away, covered, dark, fogged; silent

    @property
    def suspended(self) -> bool:
        """Whether the camera's ground is unknown for now."""
        return self in (ViewStatus.MOVED, ViewStatus.UNRECOGNISED)
